import { useInfiniteQuery } from '@tanstack/react-query';
import { Link, useSearch } from '@tanstack/react-router';
import { Moment } from '../../instrument/Moment.tsx';
import { number } from '../../instrument/time.ts';
import { Mark } from '../../instrument/Verdict.tsx';
import { people } from '../../instrument/words.ts';
import { call } from '../../link/api.ts';

/** Everything that ever happened, by global sequence, and whether the chain still holds. */
export function LogScreen() {
  const { caseId } = useSearch({ from: '/log' });
  const log = useInfiniteQuery({
    queryKey: ['log', caseId],
    queryFn: ({ pageParam, signal }) =>
      call('getLog', {
        query: {
          limit: 100,
          ...(caseId === undefined ? {} : { caseId }),
          ...(pageParam === null ? {} : { before: pageParam }),
        },
        signal,
      }),
    initialPageParam: null as number | null,
    getNextPageParam: (page) => (page.next === null ? undefined : (page.rows.at(-1)?.seq ?? undefined)),
  });
  if (log.isPending) return <p className="page faint">Reading the log …</p>;
  if (log.isError) return <p className="page">{log.error.message}</p>;
  const first = log.data.pages[0];
  const rows = log.data.pages.flatMap((p) => p.rows);
  return (
    <div className="page">
      <h1>Event log{caseId === undefined ? '' : ` of ${caseId}`}</h1>
      {first !== undefined && (
        <p className="soft">
          {number(first.log.size)} entries.{' '}
          {first.log.ok === true ? (
            <Mark kind="seen">
              chain verified {first.log.verifiedAt !== null && <Moment at={first.log.verifiedAt} zone far />}
            </Mark>
          ) : first.log.ok === false ? (
            <Mark kind="bad">chain broken: {first.log.problem}</Mark>
          ) : (
            'Not verified yet.'
          )}{' '}
          {first.log.root !== null && <span className="mono small faint">root {first.log.root.slice(0, 32)}…</span>}{' '}
          {caseId !== undefined && <Link to="/log">All cases</Link>}
        </p>
      )}
      <div className="scroll-x">
        <table className="plain">
          <thead>
            <tr>
              <th scope="col">No.</th>
              <th scope="col">When, UTC</th>
              <th scope="col">Case</th>
              <th scope="col">What</th>
              <th scope="col">By</th>
              <th scope="col">Event</th>
            </tr>
          </thead>
          <tbody>
            {rows.map((e) => (
              <tr key={e.seq}>
                <td className="mono small faint">{e.seq}</td>
                <td className="small">
                  <Moment at={e.at} seconds />
                </td>
                <td className="mono small">
                  {e.caseId !== null && (
                    <Link to="/cases/$caseId" params={{ caseId: e.caseId }}>
                      {e.caseId}
                    </Link>
                  )}
                </td>
                <td>{e.text}</td>
                <td className="small soft">{people(e.by)}</td>
                <td className="small faint" title={e.leaf ?? undefined}>
                  {e.type}
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
      {rows.length === 0 && <p className="soft">Nothing has happened yet.</p>}
      {log.hasNextPage && (
        <button
          type="button"
          className="button"
          onClick={() => void log.fetchNextPage()}
          disabled={log.isFetchingNextPage}
        >
          Earlier
        </button>
      )}
    </div>
  );
}
