import { type FormEvent, useState } from 'react';
import type { ReporterExport } from '../../../api/contract/index.ts';
import { Moment } from '../../instrument/Moment.tsx';
import { call } from '../../link/api.ts';
import { tell } from '../../shell/acts.tsx';

/** What is kept about one address that wrote to us: they may ask for it, and the answer is one file. */
export function Exports() {
  const [found, setFound] = useState<ReporterExport | null>(null);
  const submit = async (event: FormEvent<HTMLFormElement>): Promise<void> => {
    event.preventDefault();
    const data = new FormData(event.currentTarget);
    try {
      setFound(
        await call('exportReporter', {
          body: { address: String(data.get('address')), because: String(data.get('because')) },
        }),
      );
    } catch (error) {
      tell(error instanceof Error ? error.message : 'It did not work.', 'problem');
    }
  };
  return (
    <section className="section" aria-labelledby="exports-title">
      <header>
        <h2 id="exports-title">What is kept about an address</h2>
        <span className="soft">asking is noted in the event log, without the address</span>
      </header>
      <form className="form row" onSubmit={(event) => void submit(event)}>
        <label>
          <span>Address that wrote to us</span>
          <input name="address" type="email" required maxLength={320} />
        </label>
        <label className="wide">
          <span>Why</span>
          <input name="because" required minLength={3} maxLength={2000} />
        </label>
        <button type="submit" className="button main">
          Look
        </button>
      </form>
      {found !== null && (
        <div role="status">
          <p style={{ margin: '12px 0 6px' }}>
            {found.reports.length} reports and {found.letters.length} letters. {found.kept}{' '}
            <a
              href={`data:application/json;charset=utf-8,${encodeURIComponent(JSON.stringify(found, null, 2))}`}
              download="kept.json"
            >
              Save as a file
            </a>
          </p>
          <ul className="kept small">
            {found.reports.map((r) => (
              <li key={r.reportId}>
                <Moment at={r.receivedAt} zone /> {r.caseId}: {r.subject}
              </li>
            ))}
            {found.letters.map((l) => (
              <li key={l.letterId}>
                <Moment at={l.at} zone /> {l.caseId}: our letter “{l.subject}”
              </li>
            ))}
          </ul>
        </div>
      )}
    </section>
  );
}
