import { setImmediate as tick } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { at, hours, type Instant, minutes, rfc3339, seconds } from '../../foundation/time/time.ts';
import { VirtualTime } from '../../foundation/time/virtual-time.ts';
import { failingStore } from '../store/failing.ts';
import { memoryStore } from '../store/memory.ts';
import type { Store } from '../store/store.ts';
import { silentLog } from './log.ts';
import { type Advanced, wakeUps } from './wake-ups.ts';

const start = at('2024-08-30T17:49:00Z');

async function aCase(store: Store, caseId: string, wakeAt: Instant | null): Promise<void> {
  await store.cases.append(caseId, 0, [{ at: start, type: 'ReportReceived', by: 'desk', data: {} }], { wakeAt });
}

/** A desk that notes when it looked at what, and wants to be woken again as `next` says. */
function aDesk(store: Store, next: (caseId: string, now: Instant) => Instant | null | Error = () => null) {
  const looked: string[] = [];
  const loops = wakeUps({
    cases: store.cases,
    heartbeats: store.heartbeats,
    log: silentLog,
    advance: async (caseId, now): Promise<Advanced> => {
      looked.push(`${caseId} ${rfc3339(now)}`);
      const wakeAt = next(caseId, now);
      if (wakeAt instanceof Error) throw wakeAt;
      return { seq: 1, wakeAt };
    },
  });
  return { looked, loops };
}

/** Moves a virtual clock to `until` as a replay does, from one thing that is due to the next. */
async function pass(time: VirtualTime, until: Instant): Promise<void> {
  for (;;) {
    for (let i = 0; i < 50; i++) await tick();
    const next = time.next();
    if (next === null || Temporal.Instant.compare(next, until) > 0) break;
    time.advanceTo(next);
  }
  time.advanceTo(until);
}

describe('wake-ups', () => {
  it('look at each case at the instant it asked for, and no earlier', async () => {
    const store = memoryStore();
    await aCase(store, 'one', start.add(hours(1)));
    await aCase(store, 'two', start.add(hours(2)));
    const { looked, loops } = aDesk(store);
    expect(await loops.runDue(start)).toBe(0);
    expect(await loops.runDue(start.add(hours(1)))).toBe(1);
    expect(await loops.runDue(start.add(hours(2)))).toBe(1);
    expect(looked).toEqual(['one 2024-08-30T18:49:00Z', 'two 2024-08-30T19:49:00Z']);
  });

  it('also do what becomes due by doing what was due', async () => {
    const store = memoryStore();
    await aCase(store, 'one', start);
    let rounds = 0;
    const { loops } = aDesk(store, (_id, now) => (++rounds < 5 ? now : null));
    expect(await loops.runDue(start)).toBe(5);
  });

  it('do not let a case that never comes to rest keep the others waiting', async () => {
    const store = memoryStore();
    await aCase(store, 'a-restless', start.subtract(hours(1)));
    await aCase(store, 'quiet', start);
    const { looked, loops } = aDesk(store, (id, now) => (id === 'quiet' ? null : now));
    await loops.runDue(start);
    expect(looked.filter((l) => l.startsWith('quiet'))).toHaveLength(1);
    expect((await store.cases.nextWakeAt())?.equals(start.add(seconds(30)))).toBe(true);
  });

  it('try a case again whose advance failed, and do the others meanwhile', async () => {
    const store = memoryStore();
    await aCase(store, 'broken', start);
    await aCase(store, 'sound', start);
    let broken = true;
    const { looked, loops } = aDesk(store, (id) => (id === 'broken' && broken ? new Error('no such letter') : null));
    expect(await loops.runDue(start)).toBe(2);
    expect(await loops.runDue(start.add(seconds(29)))).toBe(0);
    broken = false;
    expect(await loops.runDue(start.add(seconds(30)))).toBe(1);
    expect(looked.at(-1)).toBe('broken 2024-08-30T17:49:30Z');
    expect(await store.cases.nextWakeAt()).toBeNull();
  });

  it('do not take a CA that refuses connections for the database being away', async () => {
    const store = memoryStore();
    await aCase(store, 'a-refused', start);
    await aCase(store, 'sound', start);
    const refused = Object.assign(new Error('connect ECONNREFUSED'), { code: 'ECONNREFUSED' });
    const { looked, loops } = aDesk(store, (id) => (id === 'a-refused' ? refused : null));
    expect(await loops.runDue(start)).toBe(2);
    expect(looked).toHaveLength(2);
  });

  it('sweep every open case, also one whose wake-up was lost', async () => {
    const store = memoryStore();
    await aCase(store, 'forgotten', null);
    await aCase(store, 'asleep', start.add(hours(9)));
    await store.cases.append('closed', 0, [{ at: start, type: 'CaseClosed', by: 'desk', data: {} }], {
      wakeAt: null,
      open: false,
    });
    const { looked, loops } = aDesk(store, () => start.add(hours(1)));
    expect(await loops.sweep(start)).toEqual({ cases: 2, failed: 0, busy: 0 });
    expect(looked.map((l) => l.split(' ')[0])).toEqual(['asleep', 'forgotten']);
    expect((await store.cases.nextWakeAt())?.equals(start.add(hours(1)))).toBe(true);
    expect(await store.heartbeats.all()).toMatchObject([{ name: 'sweep', detail: '2 cases, 0 failed' }]);
  });

  it('leave to another worker the case that it holds', async () => {
    const store = memoryStore();
    await aCase(store, 'one', start);
    await store.cases.claimDue(start, 1, start.add(minutes(5)));
    const { looked, loops } = aDesk(store);
    expect(await loops.runDue(start)).toBe(0);
    expect(await loops.sweep(start)).toEqual({ cases: 0, failed: 0, busy: 1 });
    expect(looked).toEqual([]);
  });

  it('run by themselves on a clock, each case on its second and a sweep each minute', async () => {
    const store = memoryStore();
    await aCase(store, 'one', start.add(seconds(90)));
    const { looked, loops } = aDesk(store);
    const time = new VirtualTime(start);
    const ending = new AbortController();
    const ended = loops.start(time, ending.signal);
    await pass(time, start.add(seconds(125)));
    ending.abort();
    await ended;
    expect(looked).toEqual([
      'one 2024-08-30T17:49:00Z',
      // The first sweep settled it with "no wake-up" because this desk wants none; the sweeps keep looking.
      'one 2024-08-30T17:50:00Z',
      'one 2024-08-30T17:51:00Z',
    ]);
  });

  it('notice at once what was appended beside them when they are nudged', async () => {
    const store = memoryStore();
    const { looked, loops } = aDesk(store);
    const time = new VirtualTime(start);
    const ending = new AbortController();
    const ended = loops.start(time, ending.signal);
    await pass(time, start);
    await aCase(store, 'fresh', start);
    expect(looked).toEqual([]);
    loops.nudge();
    for (let i = 0; i < 50; i++) await tick();
    expect(looked).toEqual(['fresh 2024-08-30T17:49:00Z']);
    ending.abort();
    await ended;
  });

  it.each(['disconnect', 'disk-full'] as const)(
    'survive a database that has a %s, and go on where they were',
    async (kind) => {
      const { store, control } = failingStore(memoryStore());
      await aCase(store, 'one', start.add(minutes(2)));
      const { looked, loops } = aDesk(store, () => start.add(hours(5)));
      const time = new VirtualTime(start);
      const ending = new AbortController();
      const ended = loops.start(time, ending.signal);
      control.fail({ kind, calls: Number.POSITIVE_INFINITY });
      await pass(time, start.add(minutes(10)));
      expect(control.failed).toBeGreaterThan(10);
      const before = looked.length;
      control.heal();
      await pass(time, start.add(minutes(11)));
      expect(looked.length).toBeGreaterThan(before);
      expect((await store.cases.nextWakeAt())?.equals(start.add(hours(5)))).toBe(true);
      ending.abort();
      await ended;
    },
  );

  it('look again after a settle that happened although the database said otherwise', async () => {
    const { store, control } = failingStore(memoryStore());
    await aCase(store, 'one', start);
    const { looked, loops } = aDesk(store, (_id, now) => (now.equals(start) ? start.add(hours(1)) : null));
    control.fail({ kind: 'disconnect', calls: 1, when: 'after', only: (call) => call === 'cases.settle' });
    await expect(loops.runDue(start)).rejects.toMatchObject({ code: 'database_unavailable', outcome: 'unknown' });
    expect(await loops.runDue(start.add(hours(1)))).toBe(1);
    expect(looked).toHaveLength(2);
  });
});
