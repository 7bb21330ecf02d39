import { describe, expect, it } from 'vitest';
import { at, minutes, seconds } from '../../foundation/time/time.ts';
import { memoryStore } from '../store/memory.ts';
import { type DutyParts, dutyRounds } from './duty-rounds.ts';
import { silentLog } from './log.ts';

const start = at('2024-08-30T17:49:00Z');

function rounds(act: DutyParts['act']) {
  const store = memoryStore();
  const { duties, heartbeats } = store;
  return { store, rounds: dutyRounds({ duties, heartbeats, act, log: silentLog }) };
}

const aLetter = { idempotencyKey: 'ack:case-1', caseId: 'case-1', kind: 'letter', dueAt: start, payload: null };

describe('duty rounds', () => {
  it('do what is due once, and leave other kinds to others', async () => {
    const sent: number[] = [];
    const { store, rounds: desk } = rounds({
      letter: async (duty) => {
        sent.push(duty.attempts);
        return { result: 'done', outcome: '250 OK' };
      },
    });
    await store.duties.add([aLetter, { ...aLetter, idempotencyKey: 'probe', kind: 'probe' }]);
    expect(await desk.runDue(start)).toBe(1);
    expect(await desk.runDue(start)).toBe(0);
    expect(sent).toEqual([1]);
    expect((await store.duties.ofCase('case-1')).map((d) => [d.state, d.outcome])).toEqual([
      ['done', '250 OK'],
      ['waiting', null],
    ]);
  });

  it('try again when asked, never in the same instant, and stop when it is for good', async () => {
    const { store, rounds: desk } = rounds({
      letter: async (duty, now) =>
        duty.attempts < 3
          ? { result: 'retry', at: now, outcome: '450 busy' }
          : { result: 'failed', outcome: '550 unknown' },
    });
    await store.duties.add([aLetter]);
    expect(await desk.runDue(start)).toBe(1);
    expect(await desk.runDue(start)).toBe(0);
    expect(await desk.runDue(start.add(seconds(1)))).toBe(1);
    expect(await desk.runDue(start.add(seconds(2)))).toBe(1);
    expect(await store.duties.ofCase('case-1')).toMatchObject([
      { state: 'failed', attempts: 3, outcome: '550 unknown' },
    ]);
  });

  it('try again with growing pauses after a failure nobody planned for', async () => {
    const { store, rounds: desk } = rounds({
      letter: async () => {
        throw new Error('relay exploded');
      },
    });
    await store.duties.add([aLetter]);
    const waits: number[] = [];
    for (let now = start; waits.length < 9; ) {
      await desk.runDue(now);
      const next = await store.duties.nextDueAt();
      waits.push(next!.since(now).total('seconds'));
      now = next!;
    }
    expect(waits).toEqual([5, 10, 20, 40, 80, 160, 320, 600, 600]);
  });

  it('show the next worker that a dead one had tried', async () => {
    const seen: number[] = [];
    const { store, rounds: desk } = rounds({
      letter: async (duty) => {
        seen.push(duty.attempts);
        return { result: 'done', outcome: null };
      },
    });
    await store.duties.add([aLetter]);
    await store.duties.claimDue(start, 1, start.add(minutes(2)));
    expect(await desk.runDue(start.add(minutes(1)))).toBe(0);
    expect(await desk.runDue(start.add(minutes(2)))).toBe(1);
    expect(seen).toEqual([2]);
  });
});
