/** What the desk makes of what it sees from outside, and how often it looks when it sees nothing. */
import { expect, test } from 'vitest';
import { aMatter, apply, aReceive, decided, firstMatter, received } from '../../../test/support/desk-builders.ts';
import type { Case } from '../../desk/case.ts';
import type { Event } from '../../desk/events.ts';
import { orderPause } from '../../desk/publication-rounds.ts';
import type { Fingerprint } from '../../foundation/brand.ts';
import { hours, type Instant, isBefore, minutes } from '../../foundation/time/time.ts';
import type { Seen } from '../ports.ts';
import { probe } from './probe.ts';

const acceptedAt = received.add(hours(6));

/** A case with one certificate that the CA says it has revoked, and somebody who looks. */
function accepted(look: (now: Instant) => Partial<Seen>) {
  let current: Case = apply(decided(null, aReceive({ matters: [aMatter({ set: { ...aMatter().set, count: 1 } })] })), [
    { type: 'RevocationAuthorized', at: acceptedAt, by: 'desk', matterId: 'm1', because: 'The cut-off has come.' },
    { type: 'RevocationAccepted', at: acceptedAt, by: 'ca', matterId: 'm1', batchId: 'b', count: 1, already: 0 },
  ]);
  let state = 'accepted';
  const events: Event[] = [];
  const told: string[] = [];
  const unseen = { fingerprint: 'f1' as Fingerprint, published: false, seen: '', wrongReason: null, problem: 'good' };
  const parts = {
    sets: {
      inState: async (_: string, wanted: string) => (wanted === state ? [{ fingerprint: 'f1' }] : []),
      mark: async (_: string, __: unknown, to: string) => {
        state = to;
        return 1;
      },
    },
    looker: { look: async (_: unknown, __: unknown, now: Instant): Promise<Seen[]> => [{ ...unseen, ...look(now) }] },
    alarmPeople: async (_: string, component: string) => void told.push(component),
  };
  const round = async (now: Instant): Promise<Instant | null> => {
    const append = async (...more: readonly Event[]) => {
      events.push(...more);
      current = apply(current, more);
      return current;
    };
    await probe(parts as never, { case: current, now, append }, firstMatter(current));
    return firstMatter(current).lookAgainAt;
  };
  return { round, events, told, matter: () => firstMatter(current) };
}

test('what cannot be seen is looked for closely at first and ever less, and is never called published', async () => {
  const { round, events, matter } = accepted(() => ({}));
  const end = acceptedAt.add(hours(24 * 30));
  const looks: Instant[] = [];
  for (let now: Instant | null = acceptedAt; now !== null && isBefore(now, end); now = await round(now))
    looks.push(now);

  const between = (from: Temporal.Duration, to: Temporal.Duration) =>
    looks.filter((at) => !isBefore(at, acceptedAt.add(from)) && isBefore(at, acceptedAt.add(to)));
  const longest = (some: readonly Instant[]) =>
    Math.max(...some.slice(1).map((at, i) => at.since(some[i]!).total('minutes')));
  expect(looks[1]!.since(acceptedAt).total('minutes')).toBe(1);
  expect(longest(between(hours(0), hours(6)))).toBe(5);
  expect(longest(between(hours(6), hours(48)))).toBe(15);
  expect(longest(between(hours(48), hours(24 * 7)))).toBe(60);
  expect(longest(between(hours(24 * 7), hours(24 * 30)))).toBe(360);
  // Few enough that the story of the case can still be read.
  expect(looks.length).toBeLessThan(500);
  expect(matter().published).toBe(0);
  expect(events.every((e) => e.type === 'PublicationAwaited')).toBe(true);
});

test('the same certificate is published as soon as one look sees it', async () => {
  const visibleAt = acceptedAt.add(hours(3));
  const { round, matter } = accepted((now) => (isBefore(now, visibleAt) ? {} : { published: true, problem: null }));
  let now = acceptedAt;
  while (matter().published === 0) now = (await round(now)) ?? now;
  expect(isBefore(matter().publishedAt!, visibleAt)).toBe(false);
  expect(matter().publishedAt!.since(visibleAt).total('minutes')).toBeLessThanOrEqual(5);
});

test('it is ordered again as often as may help, and never more often than somebody looks', () => {
  const pauses = [hours(0), hours(7), hours(49), hours(24 * 8)].map((after) =>
    orderPause(acceptedAt, acceptedAt.add(after)).total('minutes'),
  );
  expect(pauses).toEqual([30, 30, 60, 360]);
});

test('a wrong reason in the list stops the clock and alarms people, once for a matter', async () => {
  const wrongReason = 'ordered with reason keyCompromise, shown with reason superseded';
  const { round, events, told, matter } = accepted(() => ({ published: true, problem: null, wrongReason }));
  await round(acceptedAt.add(minutes(1)));
  await round(acceptedAt.add(minutes(2)));
  expect(matter().published).toBe(1);
  expect(told).toEqual(['reason']);
  expect(events.filter((e) => e.type === 'AlarmRaised')).toMatchObject([
    { component: 'reason', because: expect.stringContaining(wrongReason) },
  ]);
});

test('the right reason alarms nobody', async () => {
  const { round, told } = accepted(() => ({ published: true, problem: null }));
  await round(acceptedAt.add(minutes(1)));
  expect(told).toEqual([]);
});
