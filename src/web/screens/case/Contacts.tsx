import { useQuery } from '@tanstack/react-query';
import type { CaseContacts, CaseView } from '../../../api/contract/index.ts';
import { Moment } from '../../instrument/Moment.tsx';
import { number } from '../../instrument/time.ts';
import { Mark } from '../../instrument/Verdict.tsx';
import { callWords, people } from '../../instrument/words.ts';
import { call } from '../../link/api.ts';
import type { Asked } from './ActDialog.tsx';
import { Section } from './Section.tsx';

type Row = CaseContacts['rows'][number];

/** Whom this case has to reach, and what came of every try. Calls are made by people and noted here. */
export function Contacts({ shown, ask }: { shown: CaseView; ask: (asked: Asked) => void }) {
  const contacts = useQuery({
    queryKey: ['contacts', shown.caseId],
    queryFn: ({ signal }) => call('getContacts', { path: { caseId: shown.caseId }, signal }),
  });
  const rows = contacts.data?.rows ?? [];
  if (rows.length === 0) return null;
  const total = contacts.data?.total ?? rows.length;
  return (
    <Section
      id="contacts"
      title="Contacts"
      aside={
        <span className="faint">
          {total > rows.length ? `the first ${rows.length} of ${number(total)} subscribers` : null}
        </span>
      }
    >
      <table className="plain stack">
        <thead>
          <tr>
            <th scope="col">Subscriber</th>
            <th scope="col">Letters</th>
            <th scope="col">Calls</th>
            <th scope="col">
              <span className="visually-hidden">Acts</span>
            </th>
          </tr>
        </thead>
        <tbody>
          {rows.map((row) => (
            <tr key={row.subscriber}>
              <td>
                {row.name}
                <span className="small faint block">
                  {row.subscriber} · {row.language}
                </span>
              </td>
              <td className="small">
                {row.addresses.length === 0 && <Mark kind="bad">no address known</Mark>}
                {row.addresses.map((address) => (
                  <span key={address.to} className="block">
                    {address.state === 'failed' ? (
                      <Mark kind="bad">{address.to}, came back</Mark>
                    ) : (
                      <span className={address.state === 'accepted' ? '' : 'faint'}>
                        {address.to}
                        {address.state === 'untried' && ', not written to'}
                      </span>
                    )}
                  </span>
                ))}
              </td>
              <td className="small">
                <Calls row={row} />
              </td>
              <td>
                <button
                  type="button"
                  className="button"
                  onClick={() => ask({ what: 'called', subscriber: row.subscriber, phone: row.phone })}
                >
                  Note a call …
                </button>
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </Section>
  );
}

function Calls({ row }: { row: Row }) {
  return (
    <>
      {row.phone !== null && <span className="mono block">{row.phone}</span>}
      {row.calls.map((one) => (
        <span key={`${one.at} ${one.to}`} className="block">
          <Moment at={one.at} zone /> {callWords[one.result] ?? one.result}, {people(one.by)}
          {one.remark !== '' && <span className="soft block">{one.remark}</span>}
        </span>
      ))}
      {row.callAgainAt !== null && (
        <span className="strong block">
          call again <Moment at={row.callAgainAt} far />
        </span>
      )}
      {row.calls.length === 0 && row.phone === null && <span className="faint">no number known</span>}
    </>
  );
}
