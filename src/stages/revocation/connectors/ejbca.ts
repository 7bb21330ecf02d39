/**
 * EJBCA REST: PUT /v1/certificate/{issuer_dn}/{serial}/revoke, as an administrator with a client certificate. Traps:
 * 202 means that an approval is waiting and nothing is revoked; revoking issues no CRL unless the CA is set so, hence
 * createcrl; the reason is called PRIVILEGES_WITHDRAWN; a revoked certificate can only be raised to KEY_COMPROMISE.
 */
import { z } from 'zod';
import type { Reason } from '../../../desk/facts.ts';
import type { CrlReasonName } from '../../../foundation/pki/reasons.ts';
import { rfc3339 } from '../../../foundation/time/time.ts';
import {
  type CaRecord,
  defineConnector,
  type OrderedCertificate,
  type RevocationOrder,
  type RevocationOutcome,
} from '../connector.ts';
import { badAnswer, conflict, done, failed, fromStatus, refused } from '../outcomes.ts';
import { inParallel } from '../parallel.ts';
import { readTls, tlsSettings } from '../secret.ts';
import { issuerOf, serialForms } from '../serial.ts';
import { type CaAnswer, jsonOf, networkTransport } from '../transport.ts';

const toEjbca: Readonly<Record<Reason, string>> = {
  unspecified: 'UNSPECIFIED',
  keyCompromise: 'KEY_COMPROMISE',
  affiliationChanged: 'AFFILIATION_CHANGED',
  superseded: 'SUPERSEDED',
  cessationOfOperation: 'CESSATION_OF_OPERATION',
  privilegeWithdrawn: 'PRIVILEGES_WITHDRAWN',
};
const fromEjbca: Readonly<Record<string, CrlReasonName>> = {
  KEY_COMPROMISE: 'keyCompromise',
  CA_COMPROMISE: 'cACompromise',
  AFFILIATION_CHANGED: 'affiliationChanged',
  SUPERSEDED: 'superseded',
  CESSATION_OF_OPERATION: 'cessationOfOperation',
  CERTIFICATE_HOLD: 'certificateHold',
  REMOVE_FROM_CRL: 'removeFromCRL',
  PRIVILEGES_WITHDRAWN: 'privilegeWithdrawn',
  AA_COMPROMISE: 'aACompromise',
};

export const ejbcaConnector = defineConnector({
  name: 'ejbca',
  summary: 'EJBCA REST API v1 with an administrator client certificate.',
  settings: z.strictObject({
    /** `https://host:8443/ejbca/ejbca-rest-api` */
    url: z.url(),
    tls: tlsSettings,
    /** The CA's DN as EJBCA writes it, when it differs from RFC 4514 order; otherwise taken from the issuer. */
    issuerDn: z.string().optional(),
    parallel: z.int().min(1).max(64).default(8),
  }),
  async open(settings, parts) {
    const transport = parts.transport ?? networkTransport(await readTls(settings.tls));
    const base = settings.url.replace(/\/$/, '');
    const issuerDn = (of: { readonly issuer: Uint8Array | null }): string | null =>
      settings.issuerDn ?? issuerOf(of)?.subject ?? null;
    const address = (dn: string, certificate: OrderedCertificate) =>
      `${base}/v1/certificate/${encodeURIComponent(dn)}/${serialForms.upper(certificate.serial)}`;

    const record = async (certificate: OrderedCertificate): Promise<CaRecord> => {
      const dn = issuerDn(certificate);
      if (dn === null) return { state: 'unknown', message: 'The issuer is not known.' };
      const call = await transport.call({ method: 'GET', url: `${address(dn, certificate)}/revocationstatus` });
      const read = call.ok && call.answer.status === 200 ? statusOf(call.answer) : null;
      return (
        read ?? {
          state: 'unknown',
          message: call.ok ? `The CA answered ${call.answer.status}.` : `No answer: ${call.code}.`,
        }
      );
    };

    const revokeOne = async (order: RevocationOrder): Promise<RevocationOutcome> => {
      const dn = issuerDn(order.certificate);
      if (dn === null)
        return refused('issuer-needed', "EJBCA is asked by the issuer's name; the issuer's certificate is missing.");
      const query = new URLSearchParams({ reason: toEjbca[order.reason] });
      if (order.invalidityAt !== null) query.set('invalidity_date', rfc3339(order.invalidityAt));
      const call = await transport.call({ method: 'PUT', url: `${address(dn, order.certificate)}/revoke?${query}` });
      if (!call.ok) return failed(call);
      const { answer } = call;
      switch (answer.status) {
        case 200: {
          const status = statusOf(answer);
          return status?.state === 'revoked' ? done(status.reason, status.revokedAt) : badAnswer();
        }
        case 202:
          return {
            outcome: 'pending-approval',
            reference: null,
            message: 'EJBCA waits for an approval by another administrator; nothing is revoked yet.',
          };
        case 409:
          return conflict(await record(order.certificate));
        default:
          return fromStatus(answer);
      }
    };

    return {
      name: 'ejbca',
      abilities: {
        reasons: Object.keys(toEjbca) as Reason[],
        batchMax: 1,
        forcesCrl: true,
        raisesReason: true,
        reads: true,
        needsCertificate: true,
      },
      revoke: (orders) => inParallel(orders, settings.parallel, revokeOne),
      async publish(issuer) {
        const dn = issuerDn(issuer);
        if (dn === null) return { outcome: 'refused', message: 'The issuer is not known.' };
        const url = `${base}/v1/ca/${encodeURIComponent(dn)}/createcrl?deltacrl=false`;
        const call = await transport.call({ method: 'POST', url });
        if (!call.ok) return { outcome: call.reached ? 'unknown' : 'retry', message: `No answer: ${call.code}.` };
        if (call.answer.status === 200 && jsonOf(call.answer)?.all_success !== false) return { outcome: 'done' };
        const message = `EJBCA did not issue the CRL (${call.answer.status}).`;
        return { outcome: call.answer.status >= 500 ? 'retry' : 'refused', message };
      },
      record,
      close: () => transport.close(),
    };
  },
});

/** RevokeStatusRestResponse: issuer_dn, serial_number, revoked, revocation_reason, revocation_date, … */
function statusOf(answer: CaAnswer): Exclude<CaRecord, { state: 'unknown' }> | null {
  const body = jsonOf(answer);
  if (body?.revoked === false) return { state: 'good' };
  if (body?.revoked !== true) return null;
  return {
    state: 'revoked',
    reason: fromEjbca[String(body.revocation_reason)] ?? null,
    revokedAt: readInstant(body.revocation_date),
  };
}

function readInstant(value: unknown): Temporal.Instant | null {
  try {
    return typeof value === 'string' ? Temporal.Instant.from(value) : null;
  } catch {
    return null;
  }
}
