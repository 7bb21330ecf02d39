/**
 * What every connector says when the CA misbehaves, one fault at a time. The three sentences behind the table: an answer
 * is never a revocation unless the CA says so; what may have happened is never called "did not happen"; and the next
 * order, whatever became of the first, lowers no reason.
 */
import { describe, expect, test } from 'vitest';
import { type ConnectorUnderTest, orderFor } from './connector.contract.ts';
import type { OrderedCertificate, RevocationConnector, RevocationOutcome } from './connector.ts';
import type { CaAnswer, CaRequest, CaResult, CaTransport } from './transport.ts';

const status = (code: number, body = '', headers: Record<string, string> = {}): CaResult => ({
  ok: true,
  answer: { status: code, headers, body: Buffer.from(body) },
});
const date = 'Sat, 31 Aug 2024 18:00:00 GMT';

type Word = RevocationOutcome['outcome'];
interface Fault {
  readonly when: string;
  readonly result: CaResult;
  readonly says: readonly Word[];
  /** Seconds after which the CA wants to be asked again; null when it must not be believed. */
  readonly after?: number | null;
}

const faults: readonly Fault[] = [
  { when: 'it cannot be reached', result: { ok: false, code: 'unreachable', reached: false }, says: ['retry'] },
  { when: 'TLS fails', result: { ok: false, code: 'tls', reached: false }, says: ['retry'] },
  { when: 'it does not answer in time', result: { ok: false, code: 'timeout', reached: true }, says: ['unknown'] },
  { when: 'the connection breaks', result: { ok: false, code: 'connection-lost', reached: true }, says: ['unknown'] },
  { when: 'it answers 400 with a page', result: status(400, '<html>'), says: ['refused'] },
  { when: 'it answers 401', result: status(401), says: ['refused'] },
  { when: 'it answers 403', result: status(403), says: ['refused'] },
  { when: 'it answers 404', result: status(404), says: ['refused'] },
  // A conflict that no record bears out is no revocation.
  { when: 'it answers 409 and nothing else', result: status(409), says: ['refused', 'unknown'] },
  { when: 'it answers 429', result: status(429), says: ['retry'], after: null },
  {
    when: 'it answers 429 with Retry-After in seconds',
    result: status(429, '', { 'retry-after': '120' }),
    says: ['retry'],
    after: 120,
  },
  {
    when: 'it answers 429 with Retry-After as a date',
    result: status(429, '', { date, 'retry-after': 'Sat, 31 Aug 2024 18:05:00 GMT' }),
    says: ['retry'],
    after: 300,
  },
  {
    when: 'it answers 429 with a Retry-After of yesterday',
    result: status(429, '', { date, 'retry-after': 'Fri, 30 Aug 2024 18:00:00 GMT' }),
    says: ['retry'],
    after: 0,
  },
  {
    when: 'it answers 429 with a Retry-After of next month',
    result: status(429, '', { date, 'retry-after': 'Mon, 30 Sep 2024 18:00:00 GMT' }),
    says: ['retry'],
    after: 3600,
  },
  {
    when: 'it answers 429 with a Retry-After that is neither',
    result: status(429, '', { date, 'retry-after': 'soon' }),
    says: ['retry'],
    after: null,
  },
  {
    when: 'it answers 503 with Retry-After',
    result: status(503, '', { 'retry-after': '30' }),
    says: ['retry'],
    after: 30,
  },
  { when: 'a gateway in front of it answers 503', result: status(503, 'upstream connect error'), says: ['unknown'] },
  { when: 'it answers 500', result: status(500, 'oops'), says: ['unknown'] },
  { when: 'it answers 502 with a page', result: status(502, '<html>'), says: ['unknown'] },
  { when: 'it answers 504', result: status(504), says: ['unknown'] },
  { when: 'it answers 200 with rubbish', result: status(200, '<html>maintenance</html>'), says: ['unknown'] },
  { when: 'it answers 204 without a word', result: status(204), says: ['unknown'] },
  {
    when: 'it redirects to a login page',
    result: status(302, '', { location: '/login' }),
    says: ['unknown', 'refused'],
  },
];

/** `prepare` answers the calls before the revoking one (nonces, directories) and returns null for the call itself. */
export function connectorFaults(
  name: string,
  open: (transport: CaTransport) => Promise<RevocationConnector>,
  certificate: () => OrderedCertificate | Promise<OrderedCertificate>,
  prepare: (request: CaRequest) => CaAnswer | null = () => null,
): void {
  describe(`the ${name} connector names a failure truthfully`, () => {
    test.each(faults.map((fault) => [fault.when, fault.says.join(' or '), fault] as const))(
      'when %s: %s',
      async (_, __, { result, says, after }) => {
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
        for (const outcome of outcomes) expect(says, JSON.stringify(outcome)).toContain(outcome.outcome);
        if (after !== undefined) {
          expect(outcomes[0]).toMatchObject({ code: 'busy' });
          expect((outcomes[0] as { after: Temporal.Duration | null }).after?.total('seconds') ?? null).toBe(after);
        }
        await connector.close();
      },
    );
  });
}

/** A CA with a memory, whose network and whose honesty can be broken. */
export interface FallibleCa extends Omit<ConnectorUnderTest, 'connector'> {
  readonly transport: CaTransport;
  /** From now on it stores `superseded`, whatever it is told, and answers as if it had not; null where it has no reasons. */
  readonly storeWrongReason: (() => void) | null;
}

/** What a connector says of a CA that does something else than it answers, or nothing is heard of what it did. */
export function connectorSurprises(
  name: string,
  openCa: () => Promise<FallibleCa>,
  open: (transport: CaTransport) => Promise<RevocationConnector>,
  isOrder: (request: CaRequest) => boolean,
): void {
  describe(`the ${name} connector claims nothing that it was not told`, () => {
    test('revoked, and the answer was lost: unknown, and the next order says "already" and changes nothing', async () => {
      const ca = await openCa();
      let lost = true;
      const transport: CaTransport = {
        call: async (request) => {
          const result = await ca.transport.call(request);
          return lost && isOrder(request) ? { ok: false, code: 'timeout', reached: true } : result;
        },
        close: async () => {},
      };
      const connector = await open(transport);
      const certificate = await ca.issue();
      const [first] = await connector.revoke([orderFor(certificate, 'keyCompromise')]);
      expect(first!.outcome).toBe('unknown');
      const stored = await ca.recorded(certificate);
      expect(stored.revoked).toBe(true);
      lost = false;
      for (const reason of ['keyCompromise', 'unspecified'] as const) {
        expect(await connector.revoke([orderFor(certificate, reason)])).toMatchObject([{ outcome: 'already' }]);
        expect(await ca.recorded(certificate)).toEqual(stored);
      }
      await ca.close();
    });

    test('a lost answer to an order that never arrived is unknown too, and the next order revokes', async () => {
      const ca = await openCa();
      let lost = true;
      const connector = await open({
        call: async (request) =>
          lost && isOrder(request) ? { ok: false, code: 'connection-lost', reached: true } : ca.transport.call(request),
        close: async () => {},
      });
      const certificate = await ca.issue();
      expect(await connector.revoke([orderFor(certificate, 'keyCompromise')])).toMatchObject([{ outcome: 'unknown' }]);
      expect((await ca.recorded(certificate)).revoked).toBe(false);
      lost = false;
      expect(await connector.revoke([orderFor(certificate, 'keyCompromise')])).toMatchObject([{ outcome: 'done' }]);
      expect((await ca.recorded(certificate)).revoked).toBe(true);
      await ca.close();
    });

    test('a wrong reason that the CA stores in silence is never reported as the one that was ordered', async () => {
      const ca = await openCa();
      if (ca.storeWrongReason === null) {
        // A CA without reasons has none to get wrong, and the connector must not make one up.
        const connector = await open(ca.transport);
        const outcomes = await connector.revoke([orderFor(await ca.issue(), 'keyCompromise')]);
        expect(outcomes).toMatchObject([{ outcome: 'done', reason: null }]);
        return;
      }
      ca.storeWrongReason();
      const connector = await open(ca.transport);
      const certificate = await ca.issue();
      const [outcome] = await connector.revoke([orderFor(certificate, 'keyCompromise')]);
      expect(outcome!.outcome).toBe('done');
      expect([null, 'superseded']).toContain((outcome as { reason: string | null }).reason);
      if (!connector.abilities.reads) return;
      expect(await connector.record(certificate)).toMatchObject({ state: 'revoked', reason: 'superseded' });
    });
  });
}
