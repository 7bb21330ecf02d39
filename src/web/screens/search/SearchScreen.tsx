import { useQuery } from '@tanstack/react-query';
import { Link, useNavigate, useSearch } from '@tanstack/react-router';
import { useDeferredValue, useEffect, useRef, useState } from 'react';
import { Moment } from '../../instrument/Moment.tsx';
import { Mark } from '../../instrument/Verdict.tsx';
import { call } from '../../link/api.ts';

/** Every certificate ever issued, by serial, SHA-256, key, name or crt.sh id. */
export function SearchScreen() {
  const navigate = useNavigate({ from: '/search' });
  const { q } = useSearch({ from: '/search' });
  const [text, setText] = useState(q ?? '');
  const wanted = useDeferredValue(text.trim());
  const field = useRef<HTMLInputElement>(null);
  useEffect(() => field.current?.focus(), []);
  useEffect(() => {
    void navigate({ search: wanted === '' ? {} : { q: wanted }, replace: true });
  }, [wanted, navigate]);
  const found = useQuery({
    queryKey: ['search', wanted],
    queryFn: ({ signal }) => call('search', { query: { q: wanted, limit: 100 }, signal }),
    enabled: wanted.length > 1,
    placeholderData: (before) => before,
  });
  const answer = wanted.length > 1 ? found.data : undefined;
  return (
    <div className="page">
      <h1>Certificates</h1>
      <input
        ref={field}
        className="big-field"
        type="search"
        aria-label="Serial, SHA-256, key hash, name or crt.sh id"
        placeholder="Serial, SHA-256, key hash, name or crt.sh id"
        value={text}
        onChange={(event) => setText(event.currentTarget.value)}
      />
      {found.isError && <p>{found.error.message}</p>}
      {wanted.length < 2 && (
        <p className="soft">
          Serials in hex or decimal, with or without colons. A name finds its wildcards as well. A key hash finds every
          certificate with that key.
        </p>
      )}
      {answer !== undefined && (
        <>
          <p className="soft" role="status">
            Read as {answer.readAs}:{' '}
            {answer.certificates.length === 0
              ? 'no certificate of ours'
              : `${answer.certificates.length}${answer.next === null ? '' : ' or more'} found`}
          </p>
          {answer.cases.length > 0 && (
            <p style={{ marginTop: 8 }}>
              {answer.cases.map((c) => (
                <span key={c.caseId} style={{ display: 'block' }}>
                  <Link to="/cases/$caseId" params={{ caseId: c.caseId }}>
                    {c.title}
                  </Link>{' '}
                  <span className="faint mono small">{c.caseId}</span>
                </span>
              ))}
            </p>
          )}
          {answer.certificates.length > 0 && (
            <div className="scroll-x">
              <table className="plain">
                <thead>
                  <tr>
                    <th scope="col">Names</th>
                    <th scope="col">Serial</th>
                    <th scope="col">Issuer</th>
                    <th scope="col">Valid until</th>
                    <th scope="col">Status</th>
                    <th scope="col">Key</th>
                    <th scope="col">Case</th>
                  </tr>
                </thead>
                <tbody>
                  {answer.certificates.map((c) => (
                    <tr key={c.fingerprint}>
                      <td>
                        {c.names.slice(0, 3).join(', ')}
                        {c.namesTotal > 3 && <span className="faint"> +{c.namesTotal - 3}</span>}
                        <span className="small faint" style={{ display: 'block' }}>
                          {c.subscriber ?? 'subscriber unknown'}
                        </span>
                      </td>
                      <td className="mono small">
                        {c.serial}
                        <span className="faint" style={{ display: 'block' }} title={c.fingerprint}>
                          {c.fingerprint.slice(0, 16)}…
                        </span>
                      </td>
                      <td>{c.issuer}</td>
                      <td>
                        <Moment at={c.notAfter} />
                      </td>
                      <td>{c.status === 'revoked' ? <Mark kind="seen">revoked</Mark> : c.status}</td>
                      <td className="small">
                        {c.blocked ? <Mark kind="bad">blocked</Mark> : <span className="faint">not blocked</span>}
                        <Link
                          to="/search"
                          search={{ q: c.spkiSha256 }}
                          className="mono faint"
                          style={{ display: 'block' }}
                          title="Every certificate with this key"
                        >
                          {c.spkiSha256.slice(0, 16)}…
                        </Link>
                      </td>
                      <td>
                        {c.cases.map((id) => (
                          <Link key={id} to="/cases/$caseId" params={{ caseId: id }} className="mono small">
                            {id}
                          </Link>
                        ))}
                      </td>
                    </tr>
                  ))}
                </tbody>
              </table>
            </div>
          )}
        </>
      )}
    </div>
  );
}
