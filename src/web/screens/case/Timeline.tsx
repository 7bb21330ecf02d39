import { Link } from '@tanstack/react-router';
import type { CaseView, TimelineEntry } from '../../../api/contract/index.ts';
import { people } from '../../instrument/words.ts';
import { Section } from './Section.tsx';

const days = new Intl.DateTimeFormat('en-GB', {
  weekday: 'long',
  day: 'numeric',
  month: 'long',
  year: 'numeric',
  timeZone: 'UTC',
});

/** Everything that happened, newest first. The same events are the audit log and the incident report. */
export function Timeline({ shown }: { shown: CaseView }) {
  const entries = [...shown.timeline].sort((a, b) => b.seq - a.seq);
  let day = '';
  return (
    <Section
      id="timeline"
      title="Timeline"
      aside={
        <span className="faint">
          {shown.timelineTotal} events, newest first, UTC ·{' '}
          <Link to="/log" search={{ caseId: shown.caseId }}>
            in the log
          </Link>
        </span>
      }
    >
      <ol className="timeline">
        {entries.map((e) => {
          const first = e.at.slice(0, 10) !== day;
          day = e.at.slice(0, 10);
          return <Entry key={e.seq} entry={e} dayName={first ? days.format(new Date(e.at)) : null} />;
        })}
      </ol>
    </Section>
  );
}

function Entry({ entry, dayName }: { entry: TimelineEntry; dayName: string | null }) {
  return (
    <>
      {dayName !== null && (
        <li className="day" style={{ display: 'block' }}>
          {dayName}
        </li>
      )}
      <li>
        <time
          dateTime={entry.at}
          title={`${entry.at}\n#${entry.seq} ${entry.type}`}
          className="mono small soft"
          style={{ paddingTop: 2 }}
        >
          {entry.at.slice(11, 19)}
        </time>
        <span className="dot">
          <KindMark kind={entry.kind} />
        </span>
        <span>
          {entry.text}
          {entry.by.startsWith('person:') && <span className="faint small"> {people(entry.by)}</span>}
        </span>
      </li>
    </>
  );
}

function KindMark({ kind }: { kind: TimelineEntry['kind'] }) {
  const stroke = { stroke: 'currentColor', strokeWidth: 1.8 };
  const shape = {
    received: <path d="M8 1v10M3.5 7L8 11.5 12.5 7M2 14.5h12" fill="none" {...stroke} />,
    decided: <circle cx="8" cy="8" r="4" fill="currentColor" />,
    sent: <path d="M2 3.5h12v9H2zM2 4l6 5 6-5" fill="none" {...stroke} />,
    ca: <rect x="3" y="3" width="10" height="10" fill="currentColor" />,
    seen: <path d="M1.5 8.5l4.2 4.3L14.5 3.4" fill="none" stroke="currentColor" strokeWidth="2.4" />,
    person: <path d="M8 2a3 3 0 1 1 0 6 3 3 0 0 1 0-6zM2.5 15c0-7 11-7 11 0z" fill="currentColor" />,
    alarm: <path d="M8 1l7.5 14h-15z" fill="currentColor" />,
  }[kind];
  return (
    <svg viewBox="0 0 16 16" role="img" aria-label={kind}>
      {shape}
    </svg>
  );
}
