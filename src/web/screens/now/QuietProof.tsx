import type { Quiet } from '../../../api/contract/index.ts';
import { Moment } from '../../instrument/Moment.tsx';
import { number } from '../../instrument/time.ts';
import { Mark } from '../../instrument/Verdict.tsx';

/** An empty board must show why it is empty: every way in was heard from, and the desk itself is awake. */
export function QuietProof({ quiet }: { quiet: Quiet }) {
  // Without a single test report nobody knows whether mail arrives: then silence proves nothing.
  const proven = quiet.canaries.length > 0 && quiet.canaries.every((c) => c.ok) && quiet.sweptAt !== null;
  return (
    <div className="quiet">
      <h2>
        {proven ? 'All quiet, and proven so.' : 'Empty, but not proven quiet.'}
      </h2>
      <p className="soft">
        {proven
          ? 'No case is open. This is why we believe that nothing was missed:'
          : 'No case is open. What is missing below is what would prove that nothing was missed:'}
      </p>
      <table>
        <tbody>
          {quiet.canaries.map((c) => (
            <tr key={c.address}>
              <td>{c.address}</td>
              <td>
                {c.ok ? <Mark kind="seen">test report came through</Mark> : <Mark kind="bad">test report missing</Mark>}
              </td>
              <td>{c.seenAt === null ? 'never' : <Moment at={c.seenAt} far zone />}</td>
            </tr>
          ))}
          {quiet.canaries.length === 0 && (
            <tr>
              <td colSpan={3} className="soft">
                No test reports are set up: nobody checks from outside whether mail arrives.
              </td>
            </tr>
          )}
          <tr>
            <td>Every open case planned anew</td>
            <td />
            <td>{quiet.sweptAt === null ? 'never' : <Moment at={quiet.sweptAt} far zone />}</td>
          </tr>
          <tr>
            <td>Last report received</td>
            <td />
            <td>{quiet.lastReportAt === null ? 'never' : <Moment at={quiet.lastReportAt} far zone />}</td>
          </tr>
          <tr>
            <td>Event log, {number(quiet.eventLog.size)} entries</td>
            <td>{quiet.eventLog.verifiedAt === null ? 'not verified yet' : 'chain verified'}</td>
            <td>{quiet.eventLog.verifiedAt === null ? '' : <Moment at={quiet.eventLog.verifiedAt} far zone />}</td>
          </tr>
        </tbody>
      </table>
    </div>
  );
}
