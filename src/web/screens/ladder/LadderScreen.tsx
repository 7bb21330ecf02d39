import './ladder.css';
import { useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import type { Ladders } from '../../../api/contract/index.ts';
import { relative, span, utc } from '../../instrument/time.ts';
import { call } from '../../link/api.ts';
import { nowMs, useNow } from '../../link/server-time.ts';

const ladderWords: Record<string, string> = {
  'proven-compromise': 'Key compromise, proven',
  'subscriber-request': 'The subscriber asks',
  '24-hours': 'Other reasons with 24 hours',
  '5-days': 'Reasons with 5 days',
  '7-days': 'Sub-CA, 7 days',
  unproven: 'Compromise claimed, not proven',
  'no-limit': 'No revocation limit',
};

/** Who is told what and when, drawn against the deadline; tried out for any start. Trying changes nothing. */
export function LadderScreen() {
  const [start, setStart] = useState('');
  const [name, setName] = useState('proven-compromise');
  const startAt = /^\d{4}-\d\d-\d\dT\d\d:\d\d$/.test(start) ? `${start}:00Z` : undefined;
  const ladders = useQuery({
    queryKey: ['ladders', startAt],
    queryFn: ({ signal }) => call('getLadders', { query: startAt === undefined ? {} : { startAt }, signal }),
    placeholderData: (before) => before,
  });
  if (ladders.isPending) return <p className="page faint">Reading the policy …</p>;
  if (ladders.isError) return <p className="page">{ladders.error.message}</p>;
  const { rows, document, version, silenceSeconds, publishMarginSeconds, approvals } = ladders.data;
  const shown = rows.find((r) => r.name === name) ?? rows[0];
  return (
    <div className="page">
      <h1>Escalation ladder</h1>
      <p className="soft">
        {document}, version {version}. Without an answer, proven compromise is revoked {span(silenceSeconds * 1000)}{' '}
        after receipt; {span(publishMarginSeconds * 1000)} before each limit are kept for publication. No answer stops
        or delays a revocation.
      </p>
      <div className="ladder-pick">
        <fieldset className="filters" aria-label="Ladder">
          {rows.map((r) => (
            <button key={r.name} type="button" aria-pressed={r.name === shown?.name} onClick={() => setName(r.name)}>
              {ladderWords[r.name] ?? r.name}
            </button>
          ))}
        </fieldset>
        <label>
          <span className="soft">If received at (UTC) </span>
          <input
            type="datetime-local"
            value={start === '' ? new Date(nowMs()).toISOString().slice(0, 16) : start}
            onChange={(e) => setStart(e.currentTarget.value)}
          />
        </label>
      </div>
      {shown !== undefined && <Drawn startAt={ladders.data.startAt} ladder={shown} />}
      <section className="section" aria-labelledby="approvals-title" style={{ maxWidth: 640, marginTop: 24 }}>
        <header>
          <h2 id="approvals-title">Who has to agree</h2>
        </header>
        <table className="plain">
          <tbody>
            {approvals.map((a) => (
              <tr key={a.act}>
                <td>{a.act.replaceAll('-', ' ')}</td>
                <td className="soft">
                  {a.people === 0
                    ? 'policy is the authority'
                    : a.people === 1
                      ? 'one named person'
                      : `${a.people} named people`}
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      </section>
    </div>
  );
}

const lanes = ['subscriber', 'reporter', 'on-call', 'compliance', 'executive', 'desk'] as const;

function Drawn({ startAt, ladder }: { startAt: string; ladder: Ladders['rows'][number] }) {
  const now = useNow();
  const start = Date.parse(startAt);
  const last = Math.max(start + 3_600_000, ...ladder.steps.map((s) => Date.parse(s.at)));
  const due = ladder.dueAt === null ? last : Date.parse(ladder.dueAt);
  const place = (iso: string): number => Math.min(100, ((Date.parse(iso) - start) / Math.max(1, due - start)) * 100);
  const used = lanes.filter((lane) => ladder.steps.some((s) => s.audience === lane));
  return (
    <>
      <div className="lanes" aria-hidden="true">
        {used.map((lane) => (
          <div key={lane} className="lane">
            <span className="soft">{lane}</span>
            <div>
              {ladder.revokeBy !== null && <i className="margin" style={{ left: `${place(ladder.revokeBy)}%` }} />}
              {ladder.steps
                .filter((s) => s.audience === lane)
                .map((s) => (
                  <i
                    key={s.id}
                    className={
                      s.action === 'revoke' || s.action === 'authorise' || s.action === 'breach'
                        ? 'rung strong'
                        : 'rung'
                    }
                    style={{ left: `${place(s.at)}%` }}
                    title={s.says}
                  />
                ))}
            </div>
          </div>
        ))}
        <div className="lane scale-words small faint">
          <span />
          <div>
            <span>receipt</span>
            <span>{ladder.dueAt === null ? '' : `limit, ${utc(ladder.dueAt, now)} UTC`}</span>
          </div>
        </div>
      </div>
      <div className="scroll-x">
        <table className="plain">
          <thead>
            <tr>
              <th scope="col">When, UTC</th>
              <th scope="col">After receipt</th>
              <th scope="col">Before the limit</th>
              <th scope="col">Who</th>
              <th scope="col">What</th>
              <th scope="col">Not needed when</th>
            </tr>
          </thead>
          <tbody>
            {ladder.steps.map((s) => (
              <tr key={s.id}>
                <td title={relative(Date.parse(s.at) - now)}>{utc(s.at, now, true)}</td>
                <td className="mono small">+{span(Date.parse(s.at) - start)}</td>
                <td className="mono small">{ladder.dueAt === null ? '' : `T−${span(due - Date.parse(s.at))}`}</td>
                <td>{s.audience}</td>
                <td>{s.says}</td>
                <td className="small faint">{s.skipWhen.join(', ')}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </>
  );
}
