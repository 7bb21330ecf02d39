import './connectors.css';
import { useQuery } from '@tanstack/react-query';
import type { Connector } from '../../../api/contract/index.ts';
import { Moment } from '../../instrument/Moment.tsx';
import { number } from '../../instrument/time.ts';
import { Mark } from '../../instrument/Verdict.tsx';
import { call } from '../../link/api.ts';
import { AdoptionSection } from './AdoptionSection.tsx';

/** The CA's own systems: what they were asked, what they answered, what relying parties can see, who has renewed. */
export function ConnectorsScreen() {
  const connectors = useQuery({ queryKey: ['connectors'], queryFn: ({ signal }) => call('getConnectors', { signal }) });
  if (connectors.isPending) return <p className="page faint">Asking the CA systems …</p>;
  if (connectors.isError) return <p className="page">{connectors.error.message}</p>;
  const { rows } = connectors.data;
  return (
    <div className="page">
      <h1>CA systems and renewal</h1>
      <p className="soft">
        {rows.every((r) => r.state === 'ok')
          ? 'Every CA system answers.'
          : 'Not every CA system answers. Orders are repeated; nothing is taken for done until it is seen.'}
      </p>
      {rows.length === 0 && <p>No connector is configured: nothing can be revoked from here.</p>}
      <div className="scroll-x">
        <table className="plain stack">
          <thead>
            <tr>
              <th scope="col">Issuer</th>
              <th scope="col">State</th>
              <th scope="col">Last answer</th>
              <th scope="col">Orders accepted</th>
              <th scope="col">Newest CRL seen</th>
              <th scope="col" style={{ width: 320 }}>
                Renewal (ARI): advised, polled, replaced
              </th>
            </tr>
          </thead>
          <tbody>
            {rows.map((r) => (
              <tr key={r.connectorId}>
                <td>
                  <strong>{r.issuer}</strong>
                  <span className="small faint" style={{ display: 'block' }}>
                    {r.kind} · {r.connectorId}
                  </span>
                </td>
                <td style={{ maxWidth: 320 }}>
                  {r.state === 'ok' ? (
                    <Mark kind="seen">answers</Mark>
                  ) : r.state === 'failing' ? (
                    <Mark kind="bad">no answer</Mark>
                  ) : (
                    <Mark kind="open">not asked yet</Mark>
                  )}
                  {r.problem !== null && (
                    <span className="small" style={{ display: 'block' }}>
                      {r.problem}
                    </span>
                  )}
                </td>
                <td>
                  {r.lastAnswerAt === null ? (
                    <span className="faint">never</span>
                  ) : (
                    <Moment at={r.lastAnswerAt} far zone />
                  )}
                </td>
                <td>
                  <span className="mono">{number(r.accepted)}</span>{' '}
                  <span className="faint">of {number(r.ordered)}</span>
                  {r.waiting > 0 && (
                    <span className="small soft" style={{ display: 'block' }}>
                      {number(r.waiting)} waiting
                    </span>
                  )}
                </td>
                <td>
                  {r.crlAt === null ? <span className="faint">none</span> : <Moment at={r.crlAt} zone />}
                  {r.crlNextAt !== null && (
                    <span className="small faint" style={{ display: 'block' }}>
                      next by <Moment at={r.crlNextAt} zone />
                    </span>
                  )}
                </td>
                <td>
                  <Adoption ari={r.ari} />
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
      <AdoptionSection />
    </div>
  );
}

/** Three bars against the same whole; the figures stand beside them. */
function Adoption({ ari }: { ari: Connector['ari'] }) {
  const whole = Math.max(1, ari.advised);
  return (
    <div
      style={{ display: 'grid', gridTemplateColumns: '64px 1fr 72px', gap: '3px 10px', alignItems: 'center' }}
      className="small"
    >
      {(['advised', 'polled', 'replaced'] as const).map((k) => [
        <span key={`${k}-w`} className="faint">
          {k}
        </span>,
        <span key={`${k}-m`} className="meter">
          <i className={k === 'replaced' ? 'seen' : ''} style={{ width: `${(ari[k] / whole) * 100}%` }} />
        </span>,
        <span key={`${k}-n`} className="mono" style={{ textAlign: 'right' }}>
          {number(ari[k])}
        </span>,
      ])}
    </div>
  );
}
