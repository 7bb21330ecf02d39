import { useState } from 'react';
import type { PolicyStep, PolicyView } from '../../../api/contract/index.ts';
import { type Draft, type LadderName, hours } from './draft.ts';
import { HoursField } from './HoursField.tsx';

export const ladderWords: Record<LadderName, string> = {
  'proven-compromise': 'Key compromise, proven',
  'subscriber-request': 'The subscriber asks',
  '24-hours': 'Other reasons with 24 hours',
  '5-days': 'Reasons with 5 days',
  '7-days': 'Sub-CA, 7 days',
  unproven: 'Compromise claimed, not proven',
  'no-limit': 'No revocation limit',
};

const audiences = ['subscriber', 'reporter', 'on-call', 'executive', 'compliance', 'desk'] as const;
const ownActions = ['page', 'notice', 'reminder', 'call', 'executive-page'] as const;

/** A step may come earlier and further steps may be added; none of the shipped ones can be put off or taken out. */
export function LadderEditor(props: { policy: PolicyView; draft: Draft; change: (draft: Draft) => void }) {
  const { policy, draft, change } = props;
  const [name, setName] = useState<LadderName>('proven-compromise');
  const ladder = policy.ladders.find((l) => l.name === name) ?? policy.ladders[0];
  if (ladder === undefined) return null;
  const steps = draft.ladders[ladder.name] ?? ladder.steps;
  const set = (next: readonly PolicyStep[]): void =>
    change({ ...draft, ladders: { ...draft.ladders, [ladder.name]: next } });
  const replace = (step: PolicyStep): void => set(steps.map((s) => (s.id === step.id ? step : s)));
  return (
    <section className="section" aria-labelledby="ladder-title">
      <header>
        <h2 id="ladder-title">Escalation</h2>
        <span className="soft">a step may come earlier, never later</span>
      </header>
      <fieldset className="filters wrap" aria-label="Ladder">
        {policy.ladders.map((l) => (
          <button key={l.name} type="button" aria-pressed={l.name === ladder.name} onClick={() => setName(l.name)}>
            {ladderWords[l.name]}
            {JSON.stringify(draft.ladders[l.name] ?? l.steps) !== JSON.stringify(l.steps) && ' ·'}
          </button>
        ))}
      </fieldset>
      <div className="scroll-x">
        <table className="plain steps">
          <thead>
            <tr>
              <th scope="col">When</th>
              <th scope="col">Who</th>
              <th scope="col">What</th>
              <th scope="col">
                <span className="visually-hidden">Remove</span>
              </th>
            </tr>
          </thead>
          <tbody>
            {steps.map((step) => {
              const shipped = ladder.shipped.find((s) => s.id === step.id);
              const before = ladder.steps.find((s) => s.id === step.id);
              const early = step.anchor === 'start';
              return (
                <tr key={step.id} className={JSON.stringify(step) === JSON.stringify(before) ? '' : 'changed'}>
                  <td className="nowrap">
                    <span className="mono faint sign">{early ? '+' : 'T−'}</span>
                    <HoursField
                      bare
                      words={`${early ? 'After receipt' : 'Before the limit'}: ${step.says}`}
                      seconds={step.offsetSeconds}
                      before={before?.offsetSeconds ?? step.offsetSeconds}
                      min={early || shipped === undefined ? 0 : shipped.offsetSeconds}
                      max={early && shipped !== undefined ? shipped.offsetSeconds : 31_622_400}
                      change={(offsetSeconds) => replace({ ...step, offsetSeconds })}
                    />
                  </td>
                  <td>{step.audience}</td>
                  <td>
                    {step.says}
                    {shipped !== undefined && shipped.offsetSeconds !== step.offsetSeconds && (
                      <span className="small faint"> (as shipped {hours(shipped.offsetSeconds)})</span>
                    )}
                  </td>
                  <td>
                    {shipped === undefined && (
                      <button
                        type="button"
                        className="button bare"
                        onClick={() => set(steps.filter((s) => s.id !== step.id))}
                      >
                        Remove
                      </button>
                    )}
                  </td>
                </tr>
              );
            })}
          </tbody>
        </table>
      </div>
      <AddStep add={(step) => set([...steps, step])} taken={steps.map((s) => s.id)} />
    </section>
  );
}

function AddStep({ add, taken }: { add: (step: PolicyStep) => void; taken: readonly string[] }) {
  const [open, setOpen] = useState(false);
  if (!open)
    return (
      <button type="button" className="button" onClick={() => setOpen(true)}>
        Add a step …
      </button>
    );
  return (
    <form
      className="form row"
      onSubmit={(event) => {
        event.preventDefault();
        const form = new FormData(event.currentTarget);
        const [h = '0', m = '0'] = String(form.get('offset')).split(':');
        let number = 1;
        while (taken.includes(`own-${number}`)) number++;
        add({
          id: `own-${number}`,
          action: form.get('action') as PolicyStep['action'],
          anchor: form.get('anchor') as PolicyStep['anchor'],
          offsetSeconds: Number(h) * 3600 + Number(m) * 60,
          audience: form.get('audience') as PolicyStep['audience'],
          skipWhen: ['published'],
          says: String(form.get('says')),
        });
        setOpen(false);
      }}
    >
      <label>
        <span>When</span>
        <select name="anchor">
          <option value="start">after receipt</option>
          <option value="due">before the limit</option>
        </select>
      </label>
      <label>
        <span>Hours:minutes</span>
        <input name="offset" required pattern="\d{1,4}(:[0-5]\d)?" defaultValue="2:00" size={6} />
      </label>
      <label>
        <span>Does</span>
        <select name="action">
          {ownActions.map((action) => (
            <option key={action}>{action}</option>
          ))}
        </select>
      </label>
      <label>
        <span>To</span>
        <select name="audience" defaultValue="on-call">
          {audiences.map((audience) => (
            <option key={audience}>{audience}</option>
          ))}
        </select>
      </label>
      <label className="wide">
        <span>In words</span>
        <input name="says" required maxLength={500} />
      </label>
      <button type="submit" className="button main">
        Add
      </button>
      <button type="button" className="button" onClick={() => setOpen(false)}>
        Leave it
      </button>
    </form>
  );
}
