/**
 * Dogtag PKI (Red Hat Certificate System, FreeIPA): POST /ca/rest/agent/certs/{id}/revoke as an agent with a client
 * certificate. The nonce comes from reading the certificate as that agent and belongs to the session, so the session
 * cookie goes along.
 */
import { z } from 'zod';
import type { Reason } from '../../../desk/facts.ts';
import type { CrlReasonName } from '../../../foundation/pki/reasons.ts';
import {
  type CaRecord,
  defineConnector,
  type OrderedCertificate,
  type RevocationOrder,
  type RevocationOutcome,
} from '../connector.ts';
import { already, badAnswer, conflict, done, failed, fromStatus, nameOf } from '../outcomes.ts';
import { inParallel } from '../parallel.ts';
import { readTls, tlsSettings } from '../secret.ts';
import { serialForms } from '../serial.ts';
import { type CaAnswer, jsonOf, networkTransport } from '../transport.ts';

const toDogtag: Readonly<Record<Reason, string>> = {
  unspecified: 'Unspecified',
  keyCompromise: 'Key_Compromise',
  affiliationChanged: 'Affiliation_Changed',
  superseded: 'Superseded',
  cessationOfOperation: 'Cessation_of_Operation',
  privilegeWithdrawn: 'Privilege_Withdrawn',
};

export const dogtagConnector = defineConnector({
  name: 'dogtag',
  summary: 'Dogtag PKI REST agent interface with a client certificate.',
  settings: z.strictObject({
    /** `https://host:8443/ca/rest`, or `/ca/v2` for newer releases. */
    url: z.url(),
    tls: tlsSettings,
    parallel: z.int().min(1).max(16).default(4),
  }),
  async open(settings, parts) {
    const transport = parts.transport ?? networkTransport(await readTls(settings.tls));
    const base = settings.url.replace(/\/$/, '');
    const headers = { accept: 'application/json', 'content-type': 'application/json' };
    const address = (certificate: OrderedCertificate) =>
      `${base}/agent/certs/${serialForms.prefixed(certificate.serial)}`;

    const record = async (certificate: OrderedCertificate): Promise<CaRecord> => {
      const read = await transport.call({ method: 'GET', url: address(certificate), headers });
      if (!read.ok) return { state: 'unknown', message: `No answer: ${read.code}.` };
      if (read.answer.status !== 200) return { state: 'unknown', message: `The CA answered ${read.answer.status}.` };
      return recordOf(read.answer);
    };

    const revokeOne = async (order: RevocationOrder): Promise<RevocationOutcome> => {
      const read = await transport.call({ method: 'GET', url: address(order.certificate), headers });
      // Nothing is ordered yet: whatever goes wrong here, nothing has happened.
      if (!read.ok) return failed({ ...read, reached: false });
      if (read.answer.status !== 200) return notYet(fromStatus(read.answer));
      const before = recordOf(read.answer);
      if (before.state === 'revoked') return already(before.reason, before.revokedAt);
      const nonce = field(read.answer, 'Nonce');
      const call = await transport.call({
        method: 'POST',
        url: `${address(order.certificate)}/revoke`,
        headers: { ...headers, ...cookieOf(read.answer) },
        body: JSON.stringify({
          Reason: toDogtag[order.reason],
          Comments: `case ${order.caseId}`,
          ...(nonce === undefined ? {} : { Nonce: nonce }),
          ...(order.invalidityAt === null ? {} : { InvalidityDate: order.invalidityAt.epochMilliseconds }),
        }),
      });
      if (!call.ok) return failed(call);
      const { answer } = call;
      if (answer.status === 409) return conflict(await record(order.certificate));
      if (answer.status !== 200) return fromStatus(answer);
      if (field(answer, 'operationResult') === 'success') return done(null, null);
      if (field(answer, 'requestStatus') === 'pending') {
        return {
          outcome: 'pending-approval',
          reference: String(field(answer, 'requestURL') ?? '') || null,
          message: 'Dogtag waits for an agent to approve.',
        };
      }
      return badAnswer();
    };

    return {
      name: 'dogtag',
      abilities: {
        reasons: Object.keys(toDogtag) as Reason[],
        batchMax: 1,
        forcesCrl: false,
        // A revoked certificate is not revoked again; only a hold can be changed.
        raisesReason: false,
        reads: true,
        needsCertificate: true,
      },
      revoke: (orders) => inParallel(orders, settings.parallel, revokeOne),
      async publish() {
        return { outcome: 'unsupported' };
      },
      record,
      close: () => transport.close(),
    };
  },
});

/** A failure of the read before the order: an "unknown" outcome is a "retry" here. */
function notYet(outcome: RevocationOutcome): RevocationOutcome {
  if (outcome.outcome !== 'unknown') return outcome;
  return {
    outcome: 'retry',
    code: outcome.code,
    message: 'The certificate could not be read at the CA; nothing was ordered.',
    after: null,
  };
}

/** CertData: Status VALID | INVALID | REVOKED | EXPIRED | REVOKED_EXPIRED; RevokedOn, RevocationReason (a number). */
function recordOf(answer: CaAnswer): CaRecord {
  const status = field(answer, 'Status');
  if (status === 'REVOKED' || status === 'REVOKED_EXPIRED') {
    const on = field(answer, 'RevokedOn');
    return {
      state: 'revoked',
      reason: reasonOf(field(answer, 'RevocationReason')),
      revokedAt: typeof on === 'number' ? Temporal.Instant.fromEpochMilliseconds(on) : null,
    };
  }
  if (status === 'VALID' || status === 'INVALID' || status === 'EXPIRED') return { state: 'good' };
  return { state: 'unknown', message: 'The CA does not say what the status is.' };
}

function reasonOf(value: unknown): CrlReasonName | null {
  const numbers: Readonly<Record<number, CrlReasonName>> = {
    1: 'keyCompromise',
    2: 'cACompromise',
    3: 'affiliationChanged',
    4: 'superseded',
    5: 'cessationOfOperation',
    6: 'certificateHold',
    9: 'privilegeWithdrawn',
  };
  if (typeof value === 'number') return numbers[value] ?? null;
  const named = Object.entries(toDogtag).find(([, name]) => name === value)?.[0] as Reason | undefined;
  return named === undefined ? null : nameOf(named);
}

/** Releases differ in the first letter of their keys (`Nonce` and `nonce`). */
function field(answer: CaAnswer, name: string): unknown {
  const body = jsonOf(answer);
  if (body === null) return undefined;
  return body[name] ?? body[name[0]!.toLowerCase() + name.slice(1)] ?? body[name[0]!.toUpperCase() + name.slice(1)];
}

function cookieOf(answer: CaAnswer): Record<string, string> {
  const cookie = answer.headers['set-cookie']?.split(';')[0];
  return cookie === undefined ? {} : { cookie };
}
