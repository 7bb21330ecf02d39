/** A round of orders over more certificates than one call takes, at a CA that does not carry out all of them. */
import { expect, test } from 'vitest';
import {
  aMatter,
  aPolicy,
  apply,
  aReceive,
  caseId,
  decided,
  firstMatter,
  received,
} from '../../../test/support/desk-builders.ts';
import type { Case } from '../../desk/case.ts';
import type { Event } from '../../desk/events.ts';
import { plan } from '../../desk/plan.ts';
import type { Fingerprint, Serial } from '../../foundation/brand.ts';
import { hours, isBefore, seconds } from '../../foundation/time/time.ts';
import type { AffectedCertificate, AffectedState, RevokeOutcome } from '../ports.ts';
import type { Ground } from './perform.ts';
import { revoke } from './revoke.ts';

const now = received.add(hours(7));
const count = 5_000;

/** A set of `count` certificates and a CA that answers for each by `say`. */
function aSet(say: (n: number) => RevokeOutcome, state: AffectedState = 'identified') {
  const states = new Map<string, AffectedState>();
  for (let n = 0; n < count; n++) states.set(fingerprint(n), state);
  const rows = (wanted: (s: AffectedState) => boolean, limit: number) =>
    [...states]
      .filter(([, s]) => wanted(s))
      .slice(0, limit)
      .map(([f, s]) => row(f, s));
  const calls: number[][] = [];
  const told = new Set<string>();
  const parts = {
    sets: {
      inState: async (_: string, wanted: AffectedState, limit: number) => rows((s) => s === wanted, limit),
      revocable: async (_: string, __: unknown, limit: number) => rows((s) => s === 'identified', limit),
      mark: async (_: string, which: readonly string[], to: AffectedState) => {
        for (const one of which) states.set(one, to);
        return which.length;
      },
    },
    book: { byFingerprints: async () => [] },
    revoker: {
      async revoke(orders: readonly { certificate: AffectedCertificate; caseId: string }[]) {
        calls.push(orders.map((o) => Number(o.certificate.serial)));
        for (const o of orders) told.add(o.caseId);
        return orders.map((o) => say(Number(o.certificate.serial)));
      },
    },
  };
  return { parts: parts as never, states, calls, told };
}

function fingerprint(n: number): string {
  return `f${String(n).padStart(6, '0')}`;
}

function row(f: string, state: AffectedState): AffectedCertificate {
  return {
    ...{
      fingerprint: f as Fingerprint,
      serial: String(Number(f.slice(1))) as Serial,
      issuerHash: '',
      subscriber: null,
    },
    ...{ state, notBefore: null, holdId: null, acceptedAt: null, publishedAt: null, problem: null },
  };
}

function authorized(): Case {
  return apply(decided(null, aReceive({ matters: [aMatter({ set: { ...aMatter().set, count } })] })), [
    { type: 'RevocationAuthorized', at: now, by: 'desk', matterId: 'm1', because: 'The cut-off has come.' },
  ]);
}

async function round(parts: never, again = false, before = authorized(), at = now): Promise<readonly Event[]> {
  const events: Event[] = [];
  let current = before;
  const ground: Ground = {
    case: current,
    now: at,
    append: async (...more) => {
      events.push(...more);
      current = apply(current, more);
      return current;
    },
  };
  await revoke(parts, ground, firstMatter(current), again);
  return events;
}

const done = { outcome: 'done' } as const;

test('one certificate that the CA refuses and one it is silent about hold up none of the others', async () => {
  const { parts, states, calls, told } = aSet((n) => {
    if (n === 3) return { outcome: 'refused', problem: 'unknown-certificate: never heard of it' };
    if (n === 7) return { outcome: 'unknown', problem: 'server-error: nobody knows' };
    return done;
  });
  const events = await round(parts);
  expect([...states.values()].filter((s) => s === 'accepted')).toHaveLength(count - 2);
  expect([states.get(fingerprint(3)), states.get(fingerprint(7))]).toEqual(['identified', 'attempted']);
  // Each is asked for once in a round.
  expect(calls.flat()).toHaveLength(count);
  expect([...told]).toEqual([caseId]);
  const failed = events.filter((e) => e.type === 'RevocationFailed');
  expect(failed).toMatchObject([{ count: 2, outcome: 'unknown' }]);
});

test('a CA that is away is asked once and then left alone for a while', async () => {
  const { parts, states, calls } = aSet(() => ({ outcome: 'retry', problem: 'unreachable: no answer', after: null }));
  const events = await round(parts);
  expect(calls).toHaveLength(1);
  expect([...states.values()].filter((s) => s === 'identified')).toHaveLength(count);
  expect(events.at(-1)).toMatchObject({ type: 'RevocationFailed', outcome: 'retry', retryAt: now.add(seconds(60)) });
});

test('a CA that asks for patience is given as much as it asks, and never more than half an hour', async () => {
  for (const [asked, given] of [
    [seconds(5), seconds(5)],
    [hours(6), seconds(1800)],
  ] as const) {
    const { parts } = aSet((n) => (n < 100 ? done : { outcome: 'retry', problem: 'busy: too many', after: asked }));
    const events = await round(parts);
    expect(events.at(-1)).toMatchObject({ type: 'RevocationFailed', retryAt: now.add(given) });
    expect(events).toContainEqual(expect.objectContaining({ type: 'RevocationAccepted', count: 100 }));
  }
});

test('accepted and never seen: every one of them is ordered again, not only as many as one call takes', async () => {
  const { parts, calls } = aSet(() => ({ outcome: 'already' }), 'accepted');
  await round(parts, true);
  expect(new Set(calls.flat()).size).toBe(count);
});

test.each([
  ['pending-approval', 'Waits for an approval by another administrator.'],
  ['unknown', 'server-error: nobody knows'],
  ['refused', 'not-authenticated: the CA does not accept the credentials (401).'],
] as const)(
  '%s for a day: asked again all day, people alarmed, nothing called revoked until it is',
  async (outcome, problem) => {
    const approvedAt = now.add(hours(24));
    let at = now;
    const { parts, states } = aSet(() => (isBefore(at, approvedAt) ? { outcome, problem } : done));
    let current = authorized();
    let asked = 0;
    let alarmedAfter: number | null = null;
    while (isBefore(at, approvedAt)) {
      current = apply(current, await round(parts, false, current, at));
      asked++;
      const alarm = plan(current, aPolicy, at).actions.find((a) => a.do === 'alarm');
      if (alarm !== undefined && alarmedAfter === null) {
        alarmedAfter = asked;
        expect(alarm).toMatchObject({ component: 'revocation' });
      }
      expect(firstMatter(current)).toMatchObject({ accepted: 0, published: 0 });
      expect([...states.values()].some((s) => s === 'accepted' || s === 'published')).toBe(false);
      at = firstMatter(current).retryAt!;
    }
    expect(alarmedAfter).toBe(2);
    expect(asked).toBeGreaterThanOrEqual(24);
    current = apply(current, await round(parts, false, current, at));
    expect(firstMatter(current)).toMatchObject({ accepted: count, published: 0 });
  },
);
