import { useNow } from '../link/server-time.ts';
import { shareLeft, urgencyOf } from './time.ts';

/** From receipt to limit, with the cut-off as a notch. Says nothing that the figures beside it do not say in words. */
export function Scale(props: { startAt: string; dueAt: string | null; cutOffAt: string | null }) {
  const now = useNow();
  const { startAt, dueAt, cutOffAt } = props;
  if (dueAt === null) return null;
  const gone = Math.min(1, Math.max(0, 1 - shareLeft(startAt, dueAt, now)));
  const cut = cutOffAt === null ? null : 1 - shareLeft(startAt, dueAt, Date.parse(cutOffAt));
  return (
    <div className={`scale ${urgencyOf(startAt, dueAt, now)}`} aria-hidden="true">
      <div className="track" />
      <div className="gone" style={{ width: `${gone * 100}%` }} />
      {cut !== null && cut > 0 && cut < 1 && <div className="cut" style={{ left: `${cut * 100}%` }} />}
      <div className="end" />
    </div>
  );
}
