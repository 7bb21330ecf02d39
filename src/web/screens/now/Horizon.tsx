import { useNavigate } from '@tanstack/react-router';
import type { BoardRow } from '../../../api/contract/index.ts';
import { urgencyOf } from '../../instrument/time.ts';
import { useNow } from '../../link/server-time.ts';

const behindHours = 2;
const aheadHours = 24;
/** Marks drawn at most; beyond that single marks could not be told apart. */
const marksMax = 400;

/** The deadlines of the next day on one line. The table below says the same in words, so this is hidden from speech. */
export function Horizon({ rows }: { rows: readonly BoardRow[] }) {
  const now = useNow();
  const navigate = useNavigate();
  if (now === 0) return <div className="horizon" />;
  const from = now - behindHours * 3_600_000;
  const whole = (behindHours + aheadHours) * 3_600_000;
  const place = (ms: number): number => ((ms - from) / whole) * 100;
  const firstHour = Math.ceil(from / 3_600_000) * 3_600_000;
  const hours = Array.from({ length: behindHours + aheadHours }, (_, n) => firstHour + n * 3_600_000);
  const marks = rows
    .flatMap((row) => {
      const clock = row.clocks[0];
      return clock?.dueAt == null ? [] : [{ row, clock, due: Date.parse(clock.dueAt) }];
    })
    .slice(0, marksMax);
  const beyond = marks.filter((m) => m.due > now + aheadHours * 3_600_000).length;
  const before = marks.filter((m) => m.due < from);
  return (
    <div className="horizon" aria-hidden="true">
      {hours.map((h) => {
        const hour = new Date(h).getUTCHours();
        return (
          <i key={h} className={hour % 3 === 0 ? 'hour named' : 'hour'} style={{ left: `${place(h)}%` }}>
            {hour % 3 === 0 && Math.abs(h - now) > 4_800_000 && place(h) < 88 && <span>{String(hour).padStart(2, '0')}</span>}
          </i>
        );
      })}
      <i className="nowline" style={{ left: `${place(now)}%` }}>
        <span>now</span>
      </i>
      {marks
        .filter((m) => m.due <= now + aheadHours * 3_600_000)
        .map((m) => (
          <button
            key={m.row.caseId}
            type="button"
            tabIndex={-1}
            title={`${m.row.title}, due ${m.clock.dueAt}`}
            className={`due tone-${urgencyOf(m.clock.startAt, m.clock.dueAt, now)} ${m.due < now ? 'missed' : ''}`}
            style={{ left: `${Math.max(0, place(m.due))}%` }}
            onClick={() => void navigate({ to: '/cases/$caseId', params: { caseId: m.row.caseId } })}
          />
        ))}
      {(beyond > 0 || before.length > 0) && (
        <span className="beyond">
          {before.length > 0 && `${before.length} earlier `}
          {beyond > 0 && `${beyond} later ▸`}
        </span>
      )}
    </div>
  );
}
