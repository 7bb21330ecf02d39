import type { ReportView } from '../../../api/contract/index.ts';
import { Moment } from '../../instrument/Moment.tsx';
import { markWords } from '../../instrument/words.ts';
import { Section } from './Section.tsx';

/** Every candidate for the start of the clock, the chosen one and why. The start only ever moves earlier. */
export function ReceiptLadder({ report, of }: { report: ReportView; of: string | null }) {
  return (
    <Section
      id={`marks-${report.reportId}`}
      title={of === null ? 'When the clock started' : `When the clock started, ${of}`}
    >
      <ol className="marks">
        {[...report.marks]
          .sort((a, b) => (a.at < b.at ? -1 : 1))
          .map((m) => (
            <li key={`${m.source} ${m.at} ${m.detail}`} className={m.chosen ? 'chosen' : m.trusted ? '' : 'untrusted'}>
              <svg viewBox="0 0 16 16" aria-hidden="true">
                {m.chosen ? (
                  <path d="M1 8h9M7 3l6 5-6 5z" stroke="currentColor" strokeWidth="2" fill="currentColor" />
                ) : (
                  <circle
                    cx="8"
                    cy="8"
                    r="4"
                    fill="none"
                    stroke="currentColor"
                    strokeWidth="1.6"
                    strokeDasharray={m.trusted ? undefined : '2 2'}
                  />
                )}
              </svg>
              <span>
                <Moment at={m.at} seconds />
              </span>
              <span className="what">
                {markWords[m.source] ?? m.source}
                {!m.trusted && ' (not trusted)'}
                {m.chosen && <span className="visually-hidden"> (the clock starts here)</span>}
                <span className="small faint why" style={{ display: 'block', overflowWrap: 'anywhere' }}>
                  {m.detail}
                </span>
              </span>
            </li>
          ))}
      </ol>
      <p className="small faint">
        The clock starts at the earliest trusted mark. It can only ever move earlier. Times in UTC.
      </p>
    </Section>
  );
}
