import './policy.css';
import { useQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { useState } from 'react';
import type { PolicyView } from '../../../api/contract/index.ts';
import { Moment } from '../../instrument/Moment.tsx';
import { people } from '../../instrument/words.ts';
import { call, meQuery } from '../../link/api.ts';
import { type Draft, draftOf, hours, isSame } from './draft.ts';
import { HoursField } from './HoursField.tsx';
import { LadderEditor } from './LadderEditor.tsx';
import { Preview } from './Preview.tsx';
import { Waiting } from './Waiting.tsx';

export const policyKey = ['policy'];

/** The operator's policy: it may only be stricter than the rulebooks, and is tried on the open cases before it holds. */
export function PolicyScreen() {
  const policy = useQuery({ queryKey: policyKey, queryFn: ({ signal }) => call('getPolicy', { signal }) });
  if (policy.isPending) return <p className="page faint">Reading the policy …</p>;
  if (policy.isError) return <p className="page">{policy.error.message}</p>;
  // A new version in force starts a new draft; nothing of an old one is carried over silently.
  return <Editor key={policy.data.version} policy={policy.data} />;
}

function Editor({ policy }: { policy: PolicyView }) {
  const me = useQuery(meQuery);
  const [draft, setDraft] = useState<Draft>(() => draftOf(policy));
  const newest = policy.history.find((v) => v.version === policy.version);
  const same = isSame(policy, draft);
  const may = me.data?.may.policy === true;
  return (
    <div className="page policy">
      <div>
        <h1>Policy</h1>
        <p className="soft">
          {policy.document}, version {policy.version}
          {newest !== undefined && (
            <>
              , by {people(newest.by)} since <Moment at={newest.at} zone />
            </>
          )}
          . It may only be stricter than the rulebooks, and is tried on the open cases before it holds.
        </p>
        {policy.waiting !== null && <Waiting version={policy.waiting} may={may} />}
        <section className="section" aria-labelledby="times-title">
          <header>
            <h2 id="times-title">Times</h2>
            <span className="soft">hours:minutes</span>
          </header>
          <div className="times">
            <HoursField
              words="Silence before a proven compromise is revoked"
              says={`at most ${hours(policy.bounds.silenceMaxSeconds)}`}
              seconds={draft.silenceSeconds}
              before={policy.silenceSeconds}
              max={policy.bounds.silenceMaxSeconds}
              change={(silenceSeconds) => setDraft({ ...draft, silenceSeconds })}
            />
            <HoursField
              words="Kept for publication before each limit"
              says={`${hours(policy.bounds.publishMarginMinSeconds)} to ${hours(policy.bounds.publishMarginMaxSeconds)}`}
              seconds={draft.publishMarginSeconds}
              before={policy.publishMarginSeconds}
              min={policy.bounds.publishMarginMinSeconds}
              max={policy.bounds.publishMarginMaxSeconds}
              change={(publishMarginSeconds) => setDraft({ ...draft, publishMarginSeconds })}
            />
          </div>
        </section>
        <LadderEditor policy={policy} draft={draft} change={setDraft} />
        <Approvals policy={policy} draft={draft} change={setDraft} />
        <Limits policy={policy} draft={draft} change={setDraft} />
        <History policy={policy} />
      </div>
      <Preview policy={policy} draft={draft} same={same} may={may} discard={() => setDraft(draftOf(policy))} />
    </div>
  );
}

interface Part {
  readonly policy: PolicyView;
  readonly draft: Draft;
  readonly change: (draft: Draft) => void;
}

function Approvals({ policy, draft, change }: Part) {
  return (
    <section className="section" aria-labelledby="who-title">
      <header>
        <h2 id="who-title">Who has to agree</h2>
        <span className="soft">more people are stricter</span>
      </header>
      <table className="plain narrow">
        <tbody>
          {policy.approvals.map(({ act, people: inForce, least }) => {
            const now = draft.approvals[act] ?? inForce;
            return (
              <tr key={act} className={now === inForce ? '' : 'changed'}>
                <th scope="row">{act.replaceAll('-', ' ')}</th>
                <td>
                  <input
                    type="number"
                    min={least}
                    max={5}
                    value={now}
                    aria-label={`People for ${act.replaceAll('-', ' ')}`}
                    onChange={(event) =>
                      change({
                        ...draft,
                        approvals: { ...draft.approvals, [act]: Math.max(least, Number(event.currentTarget.value) || 0) },
                      })
                    }
                  />
                </td>
                <td className="soft small">
                  {now === 0 ? 'policy is the authority' : now === 1 ? 'one named person' : `${now} named people`}
                  {least > 0 && `, at least ${least}`}
                </td>
              </tr>
            );
          })}
        </tbody>
      </table>
    </section>
  );
}

/** A limit is shortened by the rule it comes from; a row shows the book's limit and ours. */
function Limits({ policy, draft, change }: Part) {
  const [q, setQ] = useState('');
  const wanted = q.trim().toLowerCase();
  const rows = policy.limits.filter((l) => `${l.id} ${l.document} ${l.section} ${l.says}`.toLowerCase().includes(wanted));
  return (
    <section className="section" aria-labelledby="limits-title">
      <header>
        <h2 id="limits-title">Limits</h2>
        <span className="soft">{policy.limits.length} rules</span>
        <span className="grow" />
        <input
          className="find"
          type="search"
          placeholder="Narrow by section or words"
          aria-label="Narrow the rules"
          value={q}
          onChange={(event) => setQ(event.currentTarget.value)}
        />
      </header>
      <div className="scroll-x limits">
        <table className="plain">
          <thead>
            <tr>
              <th scope="col">Rule</th>
              <th scope="col">What happened</th>
              <th scope="col">Book</th>
              <th scope="col">Ours</th>
            </tr>
          </thead>
          <tbody>
            {rows.map((l) => {
              const seconds = draft.limits[l.id] ?? l.seconds;
              return (
                <tr key={l.id} className={seconds === l.seconds ? '' : 'changed'}>
                  <td className="nowrap">
                    {l.document} <span className="mono">{l.section}</span>
                  </td>
                  <td className="soft">{l.says}</td>
                  <td className="mono">{hours(l.bookSeconds)}</td>
                  <td>
                    <HoursField
                      words={`Limit of ${l.document} ${l.section}`}
                      bare
                      seconds={seconds}
                      before={l.seconds}
                      max={l.bookSeconds}
                      change={(value) => change({ ...draft, limits: { ...draft.limits, [l.id]: value } })}
                    />
                  </td>
                </tr>
              );
            })}
          </tbody>
        </table>
      </div>
    </section>
  );
}

const stateWords = {
  'in-force': 'in force',
  'waits-for-second-person': 'waits for a second person',
  declined: 'declined',
  replaced: 'replaced',
} as const;

function History({ policy }: { policy: PolicyView }) {
  return (
    <section className="section" aria-labelledby="history-title">
      <header>
        <h2 id="history-title">Versions</h2>
        <Link to="/log">in the event log</Link>
      </header>
      {policy.history.length === 0 && <p className="soft">Only the configuration file has spoken so far.</p>}
      <table className="plain">
        <tbody>
          {policy.history.map((v) => (
            <tr key={v.version}>
              <td className="mono">{v.version}</td>
              <td className="nowrap">
                {stateWords[v.state]}
                <span className="small faint block">
                  <Moment at={v.at} zone />
                </span>
              </td>
              <td>
                {people(v.by)}
                {v.agreedBy !== null && <span className="soft">, agreed by {people(v.agreedBy)}</span>}
                {v.because !== '' && <span className="soft">: {v.because}</span>}
                {v.changes.map((change) => (
                  <span key={change} className="small soft block">
                    {change}
                  </span>
                ))}
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </section>
  );
}
