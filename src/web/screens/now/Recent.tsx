import { Link } from '@tanstack/react-router';
import type { RecentCase } from '../../../api/contract/index.ts';
import { Moment } from '../../instrument/Moment.tsx';
import { number, span } from '../../instrument/time.ts';
import { Mark } from '../../instrument/Verdict.tsx';
import { labelWords } from '../../instrument/words.ts';

/** What ended lately, and how much of the limit was left: the measure this desk is judged by. */
export function Recent({ rows }: { rows: readonly RecentCase[] }) {
  if (rows.length === 0) return null;
  return (
    <section className="recent" aria-labelledby="recent-title">
      <h2 id="recent-title">Ended lately</h2>
      <div className="scroll-x">
        <table className="plain">
          <thead className="visually-hidden">
            <tr>
              <th scope="col">Case</th>
              <th scope="col">Outcome</th>
              <th scope="col">Margin</th>
              <th scope="col">Ended</th>
            </tr>
          </thead>
          <tbody>
            {rows.map((r) => (
              <tr key={r.caseId}>
                <td>
                  <Link to="/cases/$caseId" params={{ caseId: r.caseId }}>
                    {r.title}
                  </Link>
                  <span className="small faint" style={{ display: 'block' }}>
                    {r.label === null ? '' : labelWords[r.label]}
                  </span>
                </td>
                <td>
                  {r.total > 0 && r.published >= r.total ? (
                    <Mark kind="seen">{r.total === 1 ? 'seen as revoked' : `all ${number(r.total)} seen as revoked`}</Mark>
                  ) : (
                    <span className="soft">{r.because}</span>
                  )}
                </td>
                <td>
                  {r.missed ? (
                    <Mark kind="bad">late</Mark>
                  ) : r.marginSeconds === null ? null : (
                    <>
                      <span className="mono">{span(r.marginSeconds * 1000)}</span>{' '}
                      <span className="faint">before the limit</span>
                    </>
                  )}
                </td>
                <td className="soft">
                  <Moment at={r.endedAt} zone />
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </section>
  );
}
