/** The lab CA, over HTTP like any CA: `src/lab-ca/http.ts`. */
import { z } from 'zod';
import { crlReasonName } from '../../../foundation/pki/reasons.ts';
import {
  defineConnector,
  type OrderedCertificate,
  type RevocationConnector,
  type RevocationOrder,
  type RevocationOutcome,
} from '../connector.ts';
import { already, badAnswer, codeOf, done, failed, fromStatus, nameOfCode, refused } from '../outcomes.ts';
import { readSecret, secretRef } from '../secret.ts';
import { type CaAnswer, jsonOf, networkTransport } from '../transport.ts';

const batchMax = 5000;

export const labConnector = defineConnector({
  name: 'lab',
  summary: 'The lab CA that comes with the desk: evaluation, drills, tests.',
  settings: z.strictObject({ url: z.url(), token: secretRef }),
  async open(settings, parts): Promise<RevocationConnector> {
    const transport = parts.transport ?? networkTransport();
    const headers = { authorization: `Bearer ${await readSecret(settings.token)}`, 'content-type': 'application/json' };
    const base = settings.url.replace(/\/$/, '');

    const revokeBatch = async (orders: readonly RevocationOrder[]): Promise<RevocationOutcome[]> => {
      const call = await transport.call({
        method: 'POST',
        url: `${base}/api/revoke-many`,
        headers,
        body: JSON.stringify({ orders: orders.map(orderJson) }),
      });
      if (!call.ok) return orders.map(() => failed(call));
      if (call.answer.status !== 200) return orders.map(() => fromStatus(call.answer));
      const results = jsonOf(call.answer)?.results;
      if (!Array.isArray(results) || results.length !== orders.length) return orders.map(() => badAnswer());
      return results.map(outcomeOf);
    };

    return {
      name: 'lab',
      abilities: {
        reasons: [
          'unspecified',
          'keyCompromise',
          'affiliationChanged',
          'superseded',
          'cessationOfOperation',
          'privilegeWithdrawn',
        ],
        batchMax,
        forcesCrl: true,
        raisesReason: true,
        reads: true,
        needsCertificate: false,
      },
      async revoke(orders) {
        const outcomes: RevocationOutcome[] = [];
        for (let from = 0; from < orders.length; from += batchMax) {
          outcomes.push(...(await revokeBatch(orders.slice(from, from + batchMax))));
        }
        return outcomes;
      },
      async publish() {
        const call = await transport.call({ method: 'POST', url: `${base}/api/publish`, headers, body: '{}' });
        if (!call.ok) return { outcome: call.reached ? 'unknown' : 'retry', message: `No answer: ${call.code}.` };
        return call.answer.status === 200 ? { outcome: 'done' } : publishFailure(call.answer);
      },
      async record(certificate: OrderedCertificate) {
        const url = `${base}/api/certificates/${certificate.serial}`;
        const call = await transport.call({ method: 'GET', url, headers });
        const body = call.ok && call.answer.status === 200 ? jsonOf(call.answer) : null;
        if (body?.status === 'good') return { state: 'good' };
        if (body?.status !== 'revoked') {
          return {
            state: 'unknown',
            message: call.ok ? `The CA answered ${call.answer.status}.` : `No answer: ${call.code}.`,
          };
        }
        return {
          state: 'revoked',
          reason: typeof body.reason === 'number' ? crlReasonName(body.reason) : null,
          revokedAt: instantOf(body.revokedAt),
        };
      },
      close: () => transport.close(),
    };
  },
});

function orderJson(order: RevocationOrder) {
  return {
    serial: order.certificate.serial,
    issuerHash: order.certificate.issuerHash,
    reason: codeOf(order.reason),
    invalidityAt: order.invalidityAt?.toString() ?? null,
  };
}

/** Read by hand: a mass revocation brings a hundred thousand of them. */
function outcomeOf(value: unknown): RevocationOutcome {
  if (typeof value !== 'object' || value === null) return badAnswer();
  const { outcome, reason, revokedAt, code } = value as Record<string, unknown>;
  if (outcome === 'refused') {
    return code === 'unknown-serial'
      ? refused('unknown-certificate', 'The CA has not issued this serial.')
      : refused('reason-not-supported', 'The CA does not take this reason.');
  }
  const at = instantOf(revokedAt);
  if (outcome === 'done') return done(nameOfCode(reason), at);
  return outcome === 'already' ? already(nameOfCode(reason), at) : badAnswer();
}

function instantOf(text: unknown): Temporal.Instant | null {
  try {
    return typeof text === 'string' ? Temporal.Instant.from(text) : null;
  } catch {
    return null;
  }
}

function publishFailure(answer: CaAnswer) {
  const message = `The CA did not publish (${answer.status}).`;
  return { outcome: answer.status >= 500 ? ('retry' as const) : ('refused' as const), message };
}
