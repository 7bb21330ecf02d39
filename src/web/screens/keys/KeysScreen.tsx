import { useQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { useDeferredValue, useState } from 'react';
import { Moment } from '../../instrument/Moment.tsx';
import { number } from '../../instrument/time.ts';
import { Mark } from '../../instrument/Verdict.tsx';
import { call } from '../../link/api.ts';

/** Keys that must never be certified again. Append-only; the CA asks before it issues. */
export function KeysScreen() {
  const [text, setText] = useState('');
  const q = useDeferredValue(text.trim());
  const keys = useQuery({
    queryKey: ['keys', q],
    queryFn: ({ signal }) => call('getBlockedKeys', { query: { limit: 200, ...(q === '' ? {} : { q }) }, signal }),
    placeholderData: (before) => before,
  });
  if (keys.isPending) return <p className="page faint">Reading …</p>;
  if (keys.isError) return <p className="page">{keys.error.message}</p>;
  return (
    <div className="page">
      <h1>Blocked keys</h1>
      <p className="soft">
        {number(keys.data.total)} keys. The CA asks <code>/blocked-keys/SHA-256</code> before it issues; a key never
        leaves this list.
      </p>
      <input
        className="big-field"
        type="search"
        aria-label="Key hash"
        placeholder="SHA-256 of the key"
        value={text}
        onChange={(e) => setText(e.currentTarget.value)}
      />
      {keys.data.rows.length === 0 ? (
        <p className="soft">No key is blocked{q === '' ? ' yet' : ' under this hash'}.</p>
      ) : (
        <div className="scroll-x">
          <table className="plain stack">
            <thead>
              <tr>
                <th scope="col">SHA-256 of the key</th>
                <th scope="col">Blocked</th>
                <th scope="col">Why</th>
                <th scope="col">Proof</th>
                <th scope="col">Certificates</th>
                <th scope="col">Case</th>
              </tr>
            </thead>
            <tbody>
              {keys.data.rows.map((k) => (
                <tr key={k.spkiSha256}>
                  <td className="mono small">
                    <Link to="/search" search={{ q: k.spkiSha256 }}>
                      {k.spkiSha256}
                    </Link>
                  </td>
                  <td>
                    <Moment at={k.blockedAt} zone />
                  </td>
                  <td>{k.because}</td>
                  <td>{k.proof ? <Mark kind="proven">signed proof</Mark> : <span className="faint">none</span>}</td>
                  <td className="mono">{number(k.certificates)}</td>
                  <td>
                    {k.caseId !== null && (
                      <Link to="/cases/$caseId" params={{ caseId: k.caseId }} className="mono small">
                        {k.caseId}
                      </Link>
                    )}
                  </td>
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      )}
    </div>
  );
}
