import './rules.css';
import { useMutation } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { useEffect, useState } from 'react';
import type { RulesLab } from '../../../api/contract/index.ts';
import { number } from '../../instrument/time.ts';
import { labelWords } from '../../instrument/words.ts';
import { call } from '../../link/api.ts';

type Thresholds = RulesLab['inForce'];

const fields: readonly { readonly name: keyof Thresholds; readonly words: string; readonly says: string }[] = [
  { name: 'openFrom', words: 'Opens a case from', says: 'At and above, a case opens without a person.' },
  {
    name: 'fileBelow',
    words: 'Filed below',
    says: 'When nothing in the message is evidence and its language is known.',
  },
  {
    name: 'fileStrangersBelow',
    words: 'Strangers filed below',
    says: 'The same for a message without a word about certificates, keys or fraud.',
  },
];

/** What other thresholds would have done with the mail of the last weeks. Nothing here changes the desk. */
export function RulesScreen() {
  const [wanted, setWanted] = useState<Thresholds | null>(null);
  const [weakerOnly, setWeakerOnly] = useState(false);
  const lab = useMutation({
    mutationFn: (thresholds: Thresholds) => call('tryRules', { body: { thresholds, most: 5000 } }),
  });
  const { mutate } = lab;
  // The first look compares what is in force with itself: it says where the desk stands, and what the thresholds are.
  useEffect(() => mutate({ openFrom: 0.5, fileBelow: 0.1, fileStrangersBelow: 0.1 }), [mutate]);
  const inForce = lab.data?.inForce;
  const shown = wanted ?? inForce ?? null;
  if (lab.data === undefined)
    return <p className="page">{lab.isError ? lab.error.message : <span className="faint">Judging the mail again …</span>}</p>;
  const { counts, read, moved, movedTotal, weaker } = lab.data;
  const list = weakerOnly ? moved.filter((m) => m.weaker) : moved;
  return (
    <div className="page">
      <h1>Rules lab</h1>
      <p className="soft">
        The newest {number(read)} messages, judged again under other thresholds. Trying changes nothing: no case opens, no
        letter leaves, and the thresholds in force stay.
      </p>
      {shown !== null && inForce !== undefined && (
        <form
          className="thresholds"
          onSubmit={(event) => {
            event.preventDefault();
            mutate(shown);
          }}
        >
          {fields.map(({ name, words, says }) => (
            <label key={name}>
              <span className="strong">{words}</span>
              <span className="both">
                <input
                  type="range"
                  min={0}
                  max={1}
                  step={0.01}
                  value={shown[name]}
                  aria-label={words}
                  onChange={(event) => setWanted({ ...shown, [name]: Number(event.currentTarget.value) })}
                />
                <output className="mono">{shown[name].toFixed(2)}</output>
              </span>
              <span className="small faint">
                {says} In force: <span className="mono">{inForce[name].toFixed(2)}</span>
              </span>
            </label>
          ))}
          <div className="acts">
            <button type="submit" className="button main" disabled={lab.isPending}>
              {lab.isPending ? 'Judging …' : 'Judge the mail again'}
            </button>
            <button type="button" className="button" onClick={() => setWanted(inForce)}>
              As in force
            </button>
          </div>
        </form>
      )}
      <section className="section" aria-labelledby="lab-counts">
        <header>
          <h2 id="lab-counts">What would become of it</h2>
          <span className="soft">
            {movedTotal === 0 ? 'nothing moves' : `${number(movedTotal)} move`}
            {weaker > 0 && <strong>, {number(weaker)} to a weaker treatment</strong>}
          </span>
        </header>
        <table className="plain counts">
          <thead>
            <tr>
              <th scope="col" />
              <th scope="col">Opens a case</th>
              <th scope="col">A person reads it</th>
              <th scope="col">Filed</th>
              <th scope="col">Share</th>
            </tr>
          </thead>
          <tbody>
            {(['before', 'after'] as const).map((when) => (
              <tr key={when}>
                <th scope="row">{when === 'before' ? 'as it was judged' : 'as tried'}</th>
                <td className="mono">{number(counts[when].open)}</td>
                <td className="mono">{number(counts[when].review)}</td>
                <td className="mono">{number(counts[when].filed)}</td>
                <td>
                  <Shares {...counts[when]} />
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      </section>
      {moved.length > 0 && (
        <section className="section" aria-labelledby="lab-moved">
          <header>
            <h2 id="lab-moved">What moves</h2>
            <fieldset className="filters" aria-label="Which">
              <button type="button" aria-pressed={!weakerOnly} onClick={() => setWeakerOnly(false)}>
                all {number(movedTotal)}
              </button>
              <button type="button" aria-pressed={weakerOnly} onClick={() => setWeakerOnly(true)}>
                weaker {number(weaker)}
              </button>
            </fieldset>
          </header>
          <div className="scroll-x">
            <table className="plain stack">
              <thead>
                <tr>
                  <th scope="col">Message</th>
                  <th scope="col">Score</th>
                  <th scope="col">Was</th>
                  <th scope="col">Would be</th>
                </tr>
              </thead>
              <tbody>
                {list.map((m) => (
                  <tr key={m.reportId}>
                    <td>
                      {m.caseId === null ? (
                        m.subject
                      ) : (
                        <Link to="/cases/$caseId" params={{ caseId: m.caseId }}>
                          {m.subject}
                        </Link>
                      )}
                    </td>
                    <td className="mono">{m.after.score.toFixed(2)}</td>
                    <td className="soft">{treatment(m.before)}</td>
                    <td className={m.weaker ? 'strong' : ''}>
                      {m.weaker && '▾ '}
                      {treatment(m.after)}
                    </td>
                  </tr>
                ))}
              </tbody>
            </table>
          </div>
        </section>
      )}
    </div>
  );
}

const actionWords = { 'open-case': 'opens a case', 'human-review': 'a person reads it', file: 'filed' } as const;

function treatment({ action, label, deadlineHours }: RulesLab['moved'][number]['before']): string {
  const limit = deadlineHours === null ? '' : `, ${deadlineHours === 120 ? '5 days' : `${deadlineHours} h`}`;
  return action === 'file' ? actionWords.file : `${actionWords[action]}: ${labelWords[label]}${limit}`;
}

/** Three shares of one bar: full ink opens, half ink is read, paper is filed. The figures stand beside it. */
function Shares({ open, review, filed }: { open: number; review: number; filed: number }) {
  const whole = Math.max(1, open + review + filed);
  return (
    <span className="shares" aria-hidden="true">
      <i className="open" style={{ width: `${(open / whole) * 100}%` }} />
      <i className="review" style={{ width: `${(review / whole) * 100}%` }} />
    </span>
  );
}
