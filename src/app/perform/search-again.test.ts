/** Certificates with a proven key that were issued, or came into the inventory, after the first lookup. */
import { expect, test } from 'vitest';
import {
  aMatter,
  anItem,
  aPolicy,
  apply,
  aReceive,
  caseId,
  decided,
  received,
} from '../../../test/support/desk-builders.ts';
import type { Case } from '../../desk/case.ts';
import type { Event, InventoryReach } from '../../desk/events.ts';
import type { CertificateFacts } from '../../desk/facts.ts';
import { plan } from '../../desk/plan.ts';
import type { Fingerprint, Serial, SpkiHash } from '../../foundation/brand.ts';
import { hours, type Instant, minutes } from '../../foundation/time/time.ts';
import { searchAgain } from './search-again.ts';

const key = 'aa' as SpkiHash;
const unknown: InventoryReach = { indexed: 10, issued: null, untilAt: null };
const behind: InventoryReach = { indexed: 9, issued: 10, untilAt: received.add(hours(2)) };
const complete: InventoryReach = { indexed: 10, issued: 10, untilAt: received.add(minutes(1)) };

function aCertificate(fingerprint: string): CertificateFacts {
  return {
    ...{ fingerprint: fingerprint as Fingerprint, serial: '4b' as Serial, issuerHash: 'i', issuer: 'CN=CA' },
    ...{ names: ['shop.customer.example'], notBefore: received, notAfter: received.add(hours(2_000)), spkiHash: key },
    ...{ precertificate: false, profile: 'tls', shortLived: false, subscriber: 'SUB-1', status: { state: 'good' } },
    ...{ crlUrls: [], ocspUrls: [] },
  } as unknown as CertificateFacts;
}

/** A desk whose inventory holds `inventory`; `f1` is in the case already. */
async function search(current: Case, now: Instant, inventory: readonly string[], reach: InventoryReach) {
  let after = current;
  const sets: string[][] = [];
  const parts = {
    inventoryReach: async () => reach,
    finder: { byKeys: async (keys: readonly string[]) => (keys.includes(key) ? inventory.map(aCertificate) : []) },
    policy: { chooseRule: () => ({ rule: aMatter().rule, reason: 'keyCompromise' }) },
    sets: {
      places: async (asked: readonly string[]) =>
        asked.flatMap((f) => (f === 'f1' ? [{ fingerprint: f, setId: 's1', caseId }] : [])),
      create: async (_: string, __: string, which: readonly CertificateFacts[]) => {
        sets.push(which.map((c) => c.fingerprint));
      },
    },
    cases: { load: async () => null },
  };
  const events: Event[] = [];
  const append = async (...more: readonly Event[]) => {
    events.push(...more);
    after = apply(after, more);
    return after;
  };
  await searchAgain(parts as never, { case: current, now, append }, current.reports[0] as Case['reports'][number]);
  return { after, events, sets };
}

const proven = () => decided(null, aReceive());
const asked = (current: Case, now: Instant) => plan(current, aPolicy, now).actions.some((a) => a.do === 'search-again');

test('a certificate that was issued between the lookup and the block gets a matter of its own, on the same clock', async () => {
  const { after, sets, events } = await search(proven(), received.add(minutes(1)), ['f1', 'f2'], complete);
  expect(sets).toEqual([['f2']]);
  expect(after.matters.map((m) => [m.basis, m.set.count, m.startAt.toString()])).toEqual([
    ['proof', 4, received.toString()],
    ['proof', 1, received.toString()],
  ]);
  expect(events.at(-1)).toMatchObject({ type: 'CertificatesSearched', keys: 1, found: 1, reach: complete });
});

test('nothing new makes no matter, and a search that reaches past the block is the last', async () => {
  const { after, sets } = await search(proven(), received.add(minutes(1)), ['f1'], complete);
  expect(sets).toEqual([]);
  expect(after.matters).toHaveLength(1);
  expect(after.reports[0]).toMatchObject({ searches: 1, searchAgainAt: null });
  expect(asked(after, received.add(hours(100)))).toBe(false);
});

test('while the inventory lags behind or says nothing, it is searched for a day', async () => {
  for (const reach of [unknown, behind]) {
    let current = proven();
    const times: number[] = [];
    for (let at: Instant | null = received.add(minutes(1)); at !== null; ) {
      expect(asked(current, at.subtract({ seconds: 1 }))).toBe(false);
      expect(asked(current, at)).toBe(true);
      times.push(at.since(received).total('minutes'));
      current = (await search(current, at, ['f1'], reach)).after;
      at = current.reports[0]?.searchAgainAt ?? null;
    }
    expect(times).toEqual([1, 10, 60, 360, 1_440]);
  }
});

test('a closed case is searched for as well, and is opened again by what is found', async () => {
  const closed = apply(proven(), [{ type: 'CaseClosed', at: received, by: 'desk', because: 'done' }]);
  expect(asked(closed, received.add(minutes(1)))).toBe(true);
  const { after } = await search(closed, received.add(minutes(1)), ['f2'], complete);
  expect(after.closedAt).toBeNull();
});

test('a report that proves no key is not searched for', () => {
  for (const verdict of ['claim-only', 'refuted', 'possession-only'] as const) {
    const current = decided(null, aReceive({ evidence: [anItem({ verdict, matches: [] })], matters: [] }));
    expect(asked(current, received.add(hours(1)))).toBe(false);
  }
});
