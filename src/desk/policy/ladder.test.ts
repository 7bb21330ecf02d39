import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { at, isBefore } from '../../foundation/time/time.ts';
import { ladderNameFor, ladderNames, nextStep, stepsFor } from './ladder.ts';
import { ladders } from './ladders.ts';

const start = at('2024-08-31T17:49:00Z');
const due = at('2024-09-01T17:49:00Z');

describe('the ladder', () => {
  it('of a proven compromise writes to the subscriber at once and goes ahead after six hours of silence', () => {
    const steps = stepsFor(ladders['proven-compromise'], start, due);
    const when = (id: string) => steps.find((s) => s.step.id === id)?.at.toString();
    expect(when('notice')).toBe('2024-08-31T18:04:00Z');
    expect(when('authorise')).toBe('2024-08-31T23:49:00Z');
    expect(when('revoke')).toBe('2024-09-01T01:49:00Z');
    expect(when('hard-trigger')).toBe('2024-09-01T05:49:00Z');
    expect(when('executive-page')).toBe('2024-09-01T13:49:00Z');
    expect(when('force')).toBe('2024-09-01T16:49:00Z');
    expect(when('breach')).toBe('2024-09-01T17:49:00Z');
  });

  it('of the five-day class has its hard trigger a day before the limit', () => {
    const steps = stepsFor(ladders['5-days'], start, start.add({ hours: 120 }));
    expect(steps.find((s) => s.step.id === 'hard-trigger')?.at.toString()).toBe('2024-09-04T17:49:00Z');
  });

  it('never has a step before the start or after the deadline, in order, whatever the limit', () => {
    fc.assert(
      fc.property(fc.constantFrom(...ladderNames), fc.integer({ min: 1, max: 1_000_000 }), (name, limit) => {
        const end = start.add({ seconds: limit });
        const steps = stepsFor(ladders[name], start, end);
        expect(steps).toHaveLength(ladders[name].length);
        steps.forEach(({ at: when }, index) => {
          expect(isBefore(when, start) || isBefore(end, when)).toBe(false);
          const before = steps[index - 1];
          if (before !== undefined) expect(isBefore(when, before.at)).toBe(false);
        });
      }),
    );
  });

  it('without a deadline keeps the steps that hang on the start only', () => {
    for (const { step } of stepsFor(ladders['no-limit'], start, null)) expect(step.anchor).toBe('start');
    expect(stepsFor(ladders['24-hours'], start, null).some((s) => s.step.anchor === 'due')).toBe(false);
  });

  it('goes on when the subscriber has answered: only letters that ask for an answer fall away', () => {
    const steps = stepsFor(ladders['proven-compromise'], start, due);
    const done = new Set(['acknowledge', 'page', 'notice', 'advise-renewal']);
    expect(nextStep(steps, done, new Set())?.step.id).toBe('second-channel');
    expect(nextStep(steps, done, new Set(['answered']))?.step.id).toBe('authorise');
    expect(nextStep(steps, done, new Set(['answered', 'authorised', 'accepted', 'published']))).toBeNull();
  });

  it('is chosen by what is proven and how long there is, not by who is loud', () => {
    const base = { reason: null, limitSeconds: 86_400, proven: false, bySubscriber: false } as const;
    expect(ladderNameFor({ ...base, reason: 'keyCompromise', proven: true })).toBe('proven-compromise');
    expect(ladderNameFor({ ...base, reason: 'keyCompromise' })).toBe('unproven');
    expect(ladderNameFor({ ...base, reason: 'superseded' })).toBe('24-hours');
    expect(ladderNameFor({ ...base, limitSeconds: 432_000 })).toBe('5-days');
    expect(ladderNameFor({ ...base, limitSeconds: 604_800 })).toBe('7-days');
    expect(ladderNameFor({ ...base, bySubscriber: true })).toBe('subscriber-request');
    expect(ladderNameFor({ ...base, limitSeconds: null })).toBe('no-limit');
  });

  it('revokes nothing on a bare claim', () => {
    const revoking = ['authorise', 'revoke', 'hard-trigger', 'force'];
    expect(ladders.unproven.some((s) => revoking.includes(s.action))).toBe(false);
    expect(ladders['proven-compromise'].some((s) => revoking.includes(s.action))).toBe(true);
  });
});
