/**
 * The contract that every connector passes, against the real peer where it runs here and against a cited fake where it
 * does not. A deviation is a named skip with a reason; it shows in the test report and in the documentation.
 */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Reason } from '../../desk/facts.ts';
import type { Serial } from '../../foundation/brand.ts';
import type { CrlReasonName } from '../../foundation/pki/reasons.ts';
import type { OrderedCertificate, RevocationConnector, RevocationOrder } from './connector.ts';

export interface ConnectorUnderTest {
  readonly connector: RevocationConnector;
  /** A fresh good certificate of the CA. */
  issue(): Promise<OrderedCertificate>;
  /** What the CA itself, not the connector, says: the oracle of these tests. */
  recorded(certificate: OrderedCertificate): Promise<{ revoked: boolean; reason: CrlReasonName | null }>;
  close(): Promise<void>;
}

export type ContractRule = 'unknown-certificate' | 'second-order' | 'unspecified' | 'lower-reason' | 'many';

export function orderFor(certificate: OrderedCertificate, reason: Reason): RevocationOrder {
  return {
    certificate,
    reason,
    invalidityAt: null,
    caseId: 'case-1',
    dueAt: null,
    idempotencyKey: `case-1/${certificate.serial}`,
  };
}

export function connectorContract(
  name: string,
  open: () => Promise<ConnectorUnderTest>,
  skips: Partial<Record<ContractRule, string>> = {},
): void {
  const rule = (id: ContractRule) => (skips[id] === undefined ? test : test.skip);
  const because = (id: ContractRule) => (skips[id] === undefined ? '' : ` (not here: ${skips[id]})`);

  describe(`the ${name} connector keeps the promise of a connector`, () => {
    let under: ConnectorUnderTest;
    beforeAll(async () => {
      under = await open();
    });
    afterAll(async () => {
      await under.connector.close();
      await under.close();
    });
    const revoke = async (certificate: OrderedCertificate, reason: Reason) =>
      (await under.connector.revoke([orderFor(certificate, reason)]))[0]!;

    test('every reason it names is recorded as ordered', async () => {
      for (const reason of under.connector.abilities.reasons) {
        const certificate = await under.issue();
        expect((await under.recorded(certificate)).revoked).toBe(false);
        const outcome = await revoke(certificate, reason);
        expect(outcome.outcome, JSON.stringify(outcome)).toBe('done');
        expect(await under.recorded(certificate)).toEqual({
          revoked: true,
          reason: reason === 'unspecified' ? null : reason,
        });
      }
    });

    test('a reason it does not name is refused, or recorded without a code, never as another one', async () => {
      const all = ['keyCompromise', 'superseded', 'cessationOfOperation', 'privilegeWithdrawn'] as const;
      for (const reason of all.filter((one) => !under.connector.abilities.reasons.includes(one))) {
        const certificate = await under.issue();
        const outcome = await revoke(certificate, reason);
        const after = await under.recorded(certificate);
        if (outcome.outcome === 'refused') {
          expect(outcome.code).toBe('reason-not-supported');
          expect(after.revoked).toBe(false);
        } else {
          expect(outcome).toMatchObject({ outcome: 'done', reason: null });
          expect(after).toEqual({ revoked: true, reason: null });
        }
      }
    });

    rule('second-order')(`a second order is harmless and says "already"${because('second-order')}`, async () => {
      const certificate = await under.issue();
      const reason = under.connector.abilities.reasons.find((one) => one !== 'unspecified') ?? 'unspecified';
      await revoke(certificate, reason);
      const before = await under.recorded(certificate);
      expect((await revoke(certificate, reason)).outcome).toBe('already');
      expect(await under.recorded(certificate)).toEqual(before);
    });

    rule('lower-reason')(`a later order never lowers keyCompromise${because('lower-reason')}`, async () => {
      const certificate = await under.issue();
      await revoke(certificate, 'keyCompromise');
      expect((await revoke(certificate, 'superseded')).outcome).toBe('already');
      expect(await under.recorded(certificate)).toEqual({ revoked: true, reason: 'keyCompromise' });
    });

    test('keyCompromise raises an earlier reason where the CA can, and says "already" where it cannot', async () => {
      const { raisesReason, reasons } = under.connector.abilities;
      const first = reasons.includes('superseded') ? 'superseded' : 'unspecified';
      const certificate = await under.issue();
      await revoke(certificate, first);
      const outcome = await revoke(certificate, 'keyCompromise');
      if (raisesReason) {
        expect(outcome.outcome).toBe('done');
        expect((await under.recorded(certificate)).reason).toBe('keyCompromise');
      } else {
        expect(outcome.outcome).toBe('already');
        expect((await under.recorded(certificate)).reason).toBe(first === 'unspecified' ? null : first);
      }
    });

    rule('unknown-certificate')(
      `a certificate that the CA never issued is refused${because('unknown-certificate')}`,
      async () => {
        const certificate = { ...(await under.issue()), serial: '7eadbeef0badcafe' as Serial, der: null };
        expect((await revoke(certificate, 'keyCompromise')).outcome).toBe('refused');
      },
    );

    rule('many')(`many orders are answered one by one and in order${because('many')}`, async () => {
      const certificates = [];
      for (let i = 0; i < 7; i++) certificates.push(await under.issue());
      await revoke(certificates[3]!, 'keyCompromise');
      const outcomes = await under.connector.revoke(certificates.map((one) => orderFor(one, 'keyCompromise')));
      expect(outcomes.map((one) => one.outcome)).toEqual(certificates.map((_, i) => (i === 3 ? 'already' : 'done')));
      for (const certificate of certificates) expect((await under.recorded(certificate)).revoked).toBe(true);
    });

    test('a forced CRL and the record are there where it says so', async () => {
      const certificate = await under.issue();
      const published = await under.connector.publish(certificate);
      expect(published.outcome).toBe(under.connector.abilities.forcesCrl ? 'done' : 'unsupported');
      const record = await under.connector.record(certificate);
      expect(record.state).toBe(under.connector.abilities.reads ? 'good' : 'unknown');
      if (!under.connector.abilities.reads) return;
      await revoke(certificate, 'keyCompromise');
      expect((await under.connector.record(certificate)).state).toBe('revoked');
    });

    test('no order means no call and no outcome', async () => {
      expect(await under.connector.revoke([])).toEqual([]);
    });
  });
}
