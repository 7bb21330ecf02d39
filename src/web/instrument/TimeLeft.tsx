import { useNow } from '../link/server-time.ts';
import { relative, shareLeft, span, type Urgency, urgencyOf, urgencyWords } from './time.ts';

/** The countdown: a dial, a figure and (for those who do not see them) words. Counts on the server's clock. */
export function TimeLeft(props: { startAt: string; dueAt: string | null; big?: boolean }) {
  const now = useNow();
  const { startAt, dueAt } = props;
  const urgency = urgencyOf(startAt, dueAt, now);
  const className = `left ${urgency}${props.big === true ? ' big' : ''}`;
  if (dueAt === null) return <span className={className}>no limit</span>;
  const left = Date.parse(dueAt) - now;
  return (
    <span className={className} title={`${urgencyWords[urgency]}; due ${dueAt}`}>
      <Dial share={shareLeft(startAt, dueAt, now)} urgency={urgency} />
      <span className="figure">{span(left)}</span>
      <span className="visually-hidden">
        {left < 0 ? 'limit passed ' : 'left, '}
        {relative(left)}
      </span>
    </span>
  );
}

/** What is left of the limit as a sector; past the limit a square with a stroke, so that shape alone tells. */
export function Dial({ share, urgency }: { share: number; urgency: Urgency }) {
  if (urgency === 'missed')
    return (
      <svg className="dial" viewBox="0 0 16 16" aria-hidden="true">
        <rect x="1" y="1" width="14" height="14" fill="currentColor" />
        <path d="M8 3.5v6M8 11.2v1.6" stroke="var(--missed-ink)" strokeWidth="2.2" />
      </svg>
    );
  const angle = Math.min(0.9999, Math.max(0.0001, share)) * 2 * Math.PI;
  const x = 8 - 5 * Math.sin(angle);
  const y = 8 - 5 * Math.cos(angle);
  return (
    <svg className="dial" viewBox="0 0 16 16" aria-hidden="true">
      <circle cx="8" cy="8" r="7" fill="none" stroke="currentColor" strokeWidth={urgency === 'last' ? 2 : 1.4} />
      <path d={`M8 8V3A5 5 0 ${share > 0.5 ? 1 : 0} 0 ${x} ${y}z`} fill="currentColor" />
    </svg>
  );
}
