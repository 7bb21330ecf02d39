import './readiness.css';
import { useInfiniteQuery, useQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { useDeferredValue, useState } from 'react';
import type { Readiness, Unreachable } from '../../../api/contract/index.ts';
import { Moment } from '../../instrument/Moment.tsx';
import { number } from '../../instrument/time.ts';
import { Mark } from '../../instrument/Verdict.tsx';
import { call } from '../../link/api.ts';

type Contact = Readiness['onCall']['people'][number]['contacts'][number];

/** Asked in peace time, so that it need not be asked at night: who is on call, and does anything reach them? */
export function ReadinessScreen() {
  const readiness = useQuery({ queryKey: ['readiness'], queryFn: ({ signal }) => call('getReadiness', { signal }) });
  if (readiness.isPending) return <p className="page faint">Looking at rota, channels and contacts …</p>;
  if (readiness.isError) return <p className="page">{readiness.error.message}</p>;
  const { ready, problems, onCall, channels, contacts } = readiness.data;
  return (
    <div className="page">
      <h1>Readiness</h1>
      {ready ? (
        <p className="soft">Somebody is on call for the next seven days, and every way in was tested.</p>
      ) : (
        <>
          <p className="soft">
            {problems.length === 1 ? 'One thing is' : `${problems.length} things are`} not ready for tonight:
          </p>
          <ul className="not-ready">
            {problems.map((problem) => (
              <li key={problem}>
                <Mark kind="bad">{problem}</Mark>
              </li>
            ))}
          </ul>
        </>
      )}
      <section className="section" aria-labelledby="rota-title">
        <header>
          <h2 id="rota-title">On call</h2>
          <span className="soft">{tonight(onCall)}</span>
        </header>
        {onCall.configured ? <Rota readiness={readiness.data} /> : null}
        {onCall.people.length > 0 && <People people={onCall.people} tonight={onCall.now} />}
      </section>
      <section className="section" aria-labelledby="ways-title">
        <header>
          <h2 id="ways-title">Published addresses</h2>
          <span className="soft">a test report goes through each, from outside</span>
        </header>
        {channels.length === 0 ? (
          <p className="soft">No published address gets test reports: nobody knows whether mail arrives. Set canaries.</p>
        ) : (
          <table className="plain stack">
            <tbody>
              {channels.map((ch) => (
                <tr key={ch.address}>
                  <td>{ch.address}</td>
                  <td>
                    {ch.state === 'ok' ? (
                      <Mark kind="seen">came through</Mark>
                    ) : ch.state === 'failing' ? (
                      <Mark kind="bad">{ch.problem ?? 'did not come through'}</Mark>
                    ) : (
                      <Mark kind="open">on its way</Mark>
                    )}
                  </td>
                  <td className="soft">
                    {ch.seenAt === null ? 'never seen' : <Moment at={ch.seenAt} far zone />}
                  </td>
                </tr>
              ))}
            </tbody>
          </table>
        )}
      </section>
      <Subscribers contacts={contacts} />
    </div>
  );
}

function tonight({ configured, now }: Readiness['onCall']): string {
  if (!configured) return 'Nobody is configured to be on call. Set onCall.';
  if (now.length === 0) return 'Nobody is on call at this moment.';
  return now.map((o) => `${levelName(o.level)} ${o.person}${o.because === 'override' ? ' (stands in)' : ''}`).join(', then ');
}

function levelName(level: number): string {
  return ['first', 'second', 'third'][level] ?? `level ${level + 1}`;
}

/** The next seven days, one lane a level; hatched where nobody is. The table of people below needs no picture. */
function Rota({ readiness }: { readiness: Readiness }) {
  const from = Date.parse(readiness.now);
  const whole = Date.parse(readiness.until) - from;
  const place = (iso: string): number => Math.min(100, Math.max(0, ((Date.parse(iso) - from) / whole) * 100));
  const { shifts, gaps } = readiness.onCall;
  const levels = [...new Set([...shifts, ...gaps].map((s) => s.level))].sort((a, b) => a - b);
  const firstDay = Math.ceil(from / 86_400_000) * 86_400_000;
  const days = Array.from({ length: 7 }, (_, n) => firstDay + n * 86_400_000).filter((day) => day < from + whole);
  return (
    <div className="rota">
      {levels.map((level) => (
        <div key={level} className="rota-lane">
          <span className="soft">{levelName(level)}</span>
          <div>
            {shifts
              .filter((s) => s.level === level)
              .map((s) => (
                <span
                  key={s.from}
                  className={s.because === 'override' ? 'shift stands-in' : 'shift'}
                  style={{ left: `${place(s.from)}%`, width: `${place(s.until) - place(s.from)}%` }}
                  title={`${s.person}, ${s.from} to ${s.until}`}
                >
                  {s.person}
                </span>
              ))}
            {gaps
              .filter((g) => g.level === level)
              .map((g) => (
                <span
                  key={g.from}
                  className="shift gap"
                  style={{ left: `${place(g.from)}%`, width: `${place(g.until) - place(g.from)}%` }}
                >
                  nobody
                </span>
              ))}
          </div>
        </div>
      ))}
      <div className="rota-lane days small faint" aria-hidden="true">
        <span />
        <div>
          {days.map((day) => (
            <span key={day} style={{ left: `${((day - from) / whole) * 100}%` }}>
              {new Intl.DateTimeFormat('en-GB', { weekday: 'short', day: 'numeric', timeZone: 'UTC' }).format(day)}
            </span>
          ))}
        </div>
      </div>
    </div>
  );
}

const stateWords: Record<Contact['state'], string> = {
  good: 'confirmed',
  failed: 'failed',
  stale: 'not confirmed for a year',
  unproven: 'never confirmed',
};

function ContactMark({ contact }: { contact: Contact }) {
  const kind = contact.state === 'good' ? 'seen' : contact.state === 'failed' ? 'bad' : 'open';
  return (
    <>
      <Mark kind={kind}>{stateWords[contact.state]}</Mark>
      {contact.at !== null && (
        <span className="faint small">
          {' '}
          <Moment at={contact.at} zone />
        </span>
      )}
    </>
  );
}

function People(props: { people: Readiness['onCall']['people']; tonight: Readiness['onCall']['now'] }) {
  return (
    <table className="plain stack">
      <thead>
        <tr>
          <th scope="col">Person</th>
          <th scope="col">By</th>
          <th scope="col">Contact</th>
          <th scope="col">Reached</th>
        </tr>
      </thead>
      <tbody>
        {props.people.flatMap(({ person, contacts }) =>
          contacts.map((contact, n) => (
            <tr key={`${person} ${contact.channel} ${contact.to}`}>
              <td>
                {n === 0 && <strong>{person}</strong>}
                {n === 0 && props.tonight.some((o) => o.person === person) && <span className="faint"> on call now</span>}
              </td>
              <td className="soft">{contact.channel}</td>
              <td className="mono small">{contact.to}</td>
              <td>
                <ContactMark contact={contact} />
              </td>
            </tr>
          )),
        )}
      </tbody>
    </table>
  );
}

const problemWords: Record<Unreachable['rows'][number]['problem'], string> = {
  'nobody-home': 'nothing works',
  'one-way': 'one way only',
  reverify: 'to be confirmed again',
};

/** Who could not be reached tonight is a list, worst first. */
function Subscribers({ contacts }: { contacts: Readiness['contacts'] }) {
  const [q, setQ] = useState('');
  const wanted = useDeferredValue(q.trim());
  const list = useInfiniteQuery({
    queryKey: ['unreachable', wanted],
    queryFn: ({ signal, pageParam }) =>
      call('getUnreachable', {
        query: { limit: 100, ...(wanted === '' ? {} : { q: wanted }), ...(pageParam === null ? {} : { cursor: pageParam }) },
        signal,
      }),
    initialPageParam: null as string | null,
    getNextPageParam: (page) => page.next,
    placeholderData: (before) => before,
  });
  const rows = list.data?.pages.flatMap((page) => page.rows) ?? [];
  return (
    <section className="section" aria-labelledby="reach-title">
      <header>
        <h2 id="reach-title">Who could not be reached tonight</h2>
        <span className="soft">
          {contacts.subscribers === 0
            ? 'The desk knows no subscriber yet: rescind subscribers import FILE.'
            : `${number(contacts.unreachable)} of ${number(contacts.subscribers)} subscribers; ${number(contacts.oneWay)} by one way only, ${number(contacts.unverified)} to be confirmed again`}
        </span>
        <span className="grow" />
        <input
          className="find"
          type="search"
          placeholder="Narrow by name"
          aria-label="Narrow by name"
          value={q}
          onChange={(event) => setQ(event.currentTarget.value)}
        />
      </header>
      {rows.length === 0 && contacts.subscribers > 0 && <p className="soft">Everybody can be reached.</p>}
      {rows.length > 0 && (
        <div className="scroll-x">
          <table className="plain stack">
            <thead>
              <tr>
                <th scope="col">Subscriber</th>
                <th scope="col">Problem</th>
                <th scope="col">Contacts</th>
                <th scope="col">Open cases</th>
              </tr>
            </thead>
            <tbody>
              {rows.map((row) => (
                <tr key={row.subscriber}>
                  <td>
                    {row.name}
                    {row.name !== row.subscriber && <span className="small faint block">{row.subscriber}</span>}
                  </td>
                  <td>
                    <Mark kind={row.problem === 'nobody-home' ? 'bad' : 'open'}>{problemWords[row.problem]}</Mark>
                  </td>
                  <td className="small">
                    {row.contacts.map((contact) => (
                      <span key={`${contact.channel} ${contact.to}`} className="contact-line">
                        <span className="mono clip" title={contact.to}>
                          {contact.to}
                        </span>
                        <span>
                          <ContactMark contact={contact} />
                        </span>
                      </span>
                    ))}
                  </td>
                  <td>
                    {row.caseIds.map((caseId) => (
                      <Link key={caseId} to="/cases/$caseId" params={{ caseId }} className="block">
                        {caseId}
                      </Link>
                    ))}
                  </td>
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      )}
      {list.hasNextPage && (
        <button type="button" className="button" onClick={() => void list.fetchNextPage()}>
          Show more
        </button>
      )}
    </section>
  );
}
