import { useQuery } from '@tanstack/react-query';
import { Moment } from '../../instrument/Moment.tsx';
import { number } from '../../instrument/time.ts';
import { Mark } from '../../instrument/Verdict.tsx';
import { call } from '../../link/api.ts';

/** Every way in, and when a test report last came through it from outside. Deaf is worse than busy. */
export function ChannelsScreen() {
  const channels = useQuery({ queryKey: ['channels'], queryFn: ({ signal }) => call('getChannels', { signal }) });
  if (channels.isPending) return <p className="page faint">Asking the channels …</p>;
  if (channels.isError) return <p className="page">{channels.error.message}</p>;
  const { rows } = channels.data;
  const bad = rows.filter((r) => r.state === 'failing' || r.state === 'late').length;
  return (
    <div className="page">
      <h1>Channels</h1>
      <p className="soft">
        {bad === 0 ? 'Every way in was heard from.' : `${bad} of ${rows.length} ways in cannot be relied on now.`}
      </p>
      <div className="scroll-x">
        <table className="plain stack">
          <thead>
            <tr>
              <th scope="col">Address</th>
              <th scope="col">State</th>
              <th scope="col">Test report from outside</th>
              <th scope="col">Last message</th>
              <th scope="col">Delay p50, p99</th>
              <th scope="col">Today</th>
              <th scope="col">Unreadable</th>
              <th scope="col">In quarantine</th>
              <th scope="col">Published in</th>
            </tr>
          </thead>
          <tbody>
            {rows.map((r) => (
              <tr key={r.channelId}>
                <td>
                  <strong>{r.address}</strong>
                  <span className="small faint" style={{ display: 'block' }}>
                    {r.kind}
                  </span>
                </td>
                <td style={{ maxWidth: 340 }}>
                  {r.state === 'ok' ? (
                    <Mark kind="seen">heard from</Mark>
                  ) : r.state === 'unknown' ? (
                    <Mark kind="open">not known</Mark>
                  ) : (
                    <Mark kind="bad">{r.state}</Mark>
                  )}
                  {r.problem !== null && (
                    <span className="small" style={{ display: 'block' }}>
                      {r.problem}
                    </span>
                  )}
                </td>
                <td>
                  {r.canary.seenAt !== null ? (
                    <Moment at={r.canary.seenAt} far zone />
                  ) : r.canary.sentAt !== null ? (
                    <strong>
                      sent <Moment at={r.canary.sentAt} zone />, not seen
                    </strong>
                  ) : (
                    <span className="faint">not set up</span>
                  )}
                </td>
                <td>
                  {r.lastMessageAt === null ? (
                    <span className="faint">never</span>
                  ) : (
                    <Moment at={r.lastMessageAt} zone />
                  )}
                </td>
                <td className="mono small">
                  {r.lagSecondsP50 === null ? '–' : `${r.lagSecondsP50} s, ${r.lagSecondsP99 ?? '–'} s`}
                </td>
                <td className="mono">{number(r.receivedToday)}</td>
                <td className="mono">{r.unreadable === 0 ? <span className="faint">0</span> : number(r.unreadable)}</td>
                <td className="mono">{r.quarantine === 0 ? <span className="faint">0</span> : number(r.quarantine)}</td>
                <td className="small soft">{r.published ?? 'nowhere'}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </div>
  );
}
