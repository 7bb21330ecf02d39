/** What goes along with an order. */
import { expect, test } from 'vitest';
import { received } from '../../test/support/desk-builders.ts';
import type { Fingerprint, Serial } from '../foundation/brand.ts';
import type { RevocationOrder } from '../stages/revocation/connector.ts';
import { revoker } from './ca-parts.ts';

const orders = (count: number) =>
  Array.from({ length: count }, (_, n) => ({
    certificate: { fingerprint: `f${n}` as Fingerprint, serial: '4b' as Serial, issuerHash: 'i', subscriber: null },
    ...{ reason: 'keyCompromise', caseId: 'case-1', dueAt: null },
  }));

async function told(count: number, needsCertificate: boolean): Promise<readonly RevocationOrder[]> {
  let seen: readonly RevocationOrder[] = [];
  const connector = {
    abilities: { reasons: [], batchMax: 1, forcesCrl: false, raisesReason: false, reads: false, needsCertificate },
    revoke: async (given: readonly RevocationOrder[]) => {
      seen = given;
      return given.map(() => ({ outcome: 'done', reason: null, revokedAt: null }) as const);
    },
  };
  const bytesOf = async (which: readonly Fingerprint[]) => new Map(which.map((f) => [f, Buffer.from([0x30, 0])]));
  await revoker({ connector, issuers: () => null, bytesOf }).revoke(orders(count) as never, received);
  return seen;
}

test('a CA that revokes by the certificate itself gets it, however many there are', async () => {
  const given = await told(2_000, true);
  expect(given).toHaveLength(2_000);
  expect(given.every((order) => order.certificate.der !== null)).toBe(true);
});

test('one that goes by serial numbers is not sent a mass of certificates', async () => {
  expect((await told(2_000, false)).every((order) => order.certificate.der === null)).toBe(true);
  expect((await told(2, false)).every((order) => order.certificate.der !== null)).toBe(true);
});
