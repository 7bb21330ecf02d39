/**
 * The contract that every connector passes, against the real peer where it runs here and against a cited fake where it
 * does not. A deviation is a named skip with a reason; it shows in the test report and in the documentation.
 */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Reason } from '../../desk/facts.ts';
import type { Serial } from '../../foundation/brand.ts';
import type { CrlReasonName } from '../../foundation/pki/reasons.ts';
import type { OrderedCertificate, RevocationConnector, RevocationOrder } from './connector.ts';
import type { CaAnswer, CaRequest, CaResult, CaTransport } from './transport.ts';

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

/**
 * What every HTTP connector says when the CA misbehaves at the revoking call. `prepare` answers the calls that come
 * before it (nonces, directories) and returns null for the call itself.
 */
export function connectorFaults(
  name: string,
  open: (transport: CaTransport) => Promise<RevocationConnector>,
  certificate: () => OrderedCertificate | Promise<OrderedCertificate>,
  prepare: (request: CaRequest) => CaAnswer | null = () => null,
): void {
  const status = (code: number, body = '', headers: Record<string, string> = {}): CaResult => ({
    ok: true,
    answer: { status: code, headers, body: Buffer.from(body) },
  });
  const rows: readonly [string, CaResult, readonly string[]][] = [
    ['it cannot be reached', { ok: false, code: 'unreachable', reached: false }, ['retry']],
    ['TLS fails', { ok: false, code: 'tls', reached: false }, ['retry']],
    ['it does not answer in time', { ok: false, code: 'timeout', reached: true }, ['unknown']],
    ['the connection breaks', { ok: false, code: 'connection-lost', reached: true }, ['unknown']],
    ['it answers 401', status(401), ['refused']],
    ['it answers 403', status(403), ['refused']],
    ['it answers 404', status(404), ['refused']],
    ['it answers 429 with Retry-After', status(429, '', { 'retry-after': '120' }), ['retry']],
    ['it answers 500', status(500, 'oops'), ['unknown']],
    ['it answers 502 with a page', status(502, '<html>'), ['unknown']],
    ['it answers 200 with rubbish', status(200, '<html>maintenance</html>'), ['unknown']],
    ['it answers 204 without a word', status(204), ['unknown']],
    ['it redirects to a login page', status(302, '', { location: '/login' }), ['unknown', 'refused']],
  ];
  describe(`the ${name} connector names a failure truthfully`, () => {
    for (const [what, result, allowed] of rows) {
      test(`when ${what}: ${allowed.join(' or ')}`, async () => {
        const transport: CaTransport = {
          call: async (request) => {
            const answer = prepare(request);
            return answer === null ? result : { ok: true, answer };
          },
          close: async () => {},
        };
        const connector = await open(transport);
        const order = orderFor(await certificate(), 'keyCompromise');
        const outcomes = await connector.revoke([order, order]);
        expect(outcomes).toHaveLength(2);
        for (const outcome of outcomes) expect(allowed, JSON.stringify(outcome)).toContain(outcome.outcome);
        if (what.includes('Retry-After')) {
          expect(outcomes[0]).toMatchObject({ code: 'busy' });
          expect((outcomes[0] as { after: Temporal.Duration | null }).after?.total('seconds')).toBe(120);
        }
        await connector.close();
      });
    }
  });
}
