import { useQuery, useQueryClient } from '@tanstack/react-query';
import { Moment } from '../../instrument/Moment.tsx';
import { call } from '../../link/api.ts';
import { tell } from '../../shell/acts.tsx';

const howWords = { link: 'one-time link', passkey: 'passkey', oidc: 'identity provider' } as const;

/** Every browser in which somebody is signed in; a lost telephone is signed out here. */
export function Sessions({ administer }: { administer: boolean }) {
  const client = useQueryClient();
  const list = useQuery({
    queryKey: ['sessions', 'everybody'],
    queryFn: ({ signal }) => call('getSessions', { query: { of: 'everybody' }, signal }),
  });
  const end = async (sessionId: string): Promise<void> => {
    await call('endSession', { path: { sessionId } }).catch((error: Error) => tell(error.message, 'problem'));
    await client.invalidateQueries({ queryKey: ['sessions'] });
  };
  const rows = list.data?.rows ?? [];
  return (
    <section className="section" aria-labelledby="sessions-title">
      <header>
        <h2 id="sessions-title">Signed in</h2>
        <span className="soft">{rows.length === 1 ? 'one browser' : `${rows.length} browsers`}</span>
      </header>
      <div className="scroll-x">
        <table className="plain stack">
          <thead>
            <tr>
              <th scope="col">Person</th>
              <th scope="col">Browser</th>
              <th scope="col">By</th>
              <th scope="col">Since</th>
              <th scope="col">Last seen</th>
              <th scope="col">
                <span className="visually-hidden">End</span>
              </th>
            </tr>
          </thead>
          <tbody>
            {rows.map((s) => (
              <tr key={s.sessionId}>
                <td>
                  {s.name}
                  {s.current && <span className="faint"> this browser</span>}
                </td>
                <td className="soft">{s.device}</td>
                <td className="soft">{howWords[s.how]}</td>
                <td>
                  <Moment at={s.since} zone />
                </td>
                <td>
                  <Moment at={s.seenAt} far />
                </td>
                <td>
                  {administer && !s.current && (
                    <button type="button" className="button" onClick={() => void end(s.sessionId)}>
                      End
                    </button>
                  )}
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </section>
  );
}
