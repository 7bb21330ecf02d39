/** A desk may die between marking rows and saying so. Whoever comes next says it, once. */
import { expect, test } from 'vitest';
import { aPolicy, apply, aReceive, decided, firstMatter, received } from '../../../test/support/desk-builders.ts';
import type { Case } from '../../desk/case.ts';
import type { Event } from '../../desk/events.ts';
import { plan } from '../../desk/plan.ts';
import type { Fingerprint, Serial } from '../../foundation/brand.ts';
import { hours } from '../../foundation/time/time.ts';
import type { AffectedCertificate, AffectedState } from '../ports.ts';
import type { Ground } from './perform.ts';
import { probe } from './probe.ts';
import { revoke } from './revoke.ts';

const later = received.add(hours(7));

/** Four rows, all in one state, as the dead desk left them. */
function left(state: AffectedState) {
  const rows = ['f1', 'f2', 'f3', 'f4'].map(
    (fingerprint): AffectedCertificate => ({
      fingerprint: fingerprint as Fingerprint,
      serial: '4a' as Serial,
      issuerHash: '',
      subscriber: 'SUB-1',
      state,
      notBefore: null,
      holdId: null,
      acceptedAt: later,
      publishedAt: null,
      problem: null,
    }),
  );
  return {
    sets: {
      inState: async (_: string, wanted: AffectedState) => (wanted === state ? rows : []),
      revocable: async () => [],
    },
    book: { byFingerprints: async () => [] },
    looker: { look: async () => [] },
    revoker: { revoke: async () => [] },
  };
}

function standing(...events: Event[]): { ground: Ground; now(): Case } {
  const base = { at: later, by: 'desk', matterId: 'm1' } as const;
  let current = apply(decided(null, aReceive()), [
    { type: 'RevocationAuthorized', ...base, because: 'The cut-off has come.' },
    { type: 'RevocationAttempted', ...base, batchId: 'b', count: 4, digest: 'd' },
    ...events,
  ]);
  const ground: Ground = {
    case: current,
    now: later,
    append: async (...more) => {
      current = apply(current, more);
      return current;
    },
  };
  return { ground, now: () => current };
}

function next(current: Case): string[] {
  return plan(current, aPolicy, later).actions.map((a) => a.do);
}

test('rows that the CA had accepted are said to be accepted, and then somebody looks from outside', async () => {
  const { ground, now } = standing();
  expect(next(now())).not.toContain('probe');
  await revoke(left('accepted') as never, ground, firstMatter(now()), false);
  expect(firstMatter(now()).accepted).toBe(4);
  expect(next(now())).toContain('probe');
  await revoke(left('accepted') as never, ground, firstMatter(now()), false);
  expect(firstMatter(now()).accepted).toBe(4);
});

test('rows that a probe had seen are said to be published, once', async () => {
  const accepted = { type: 'RevocationAccepted', at: later, by: 'ca', matterId: 'm1' } as const;
  const { ground, now } = standing({ ...accepted, batchId: 'b', count: 4, already: 0 });
  await probe(left('published') as never, ground, firstMatter(now()));
  expect(firstMatter(now()).published).toBe(4);
  await probe(left('published') as never, ground, firstMatter(now()));
  expect(firstMatter(now()).published).toBe(4);
});
