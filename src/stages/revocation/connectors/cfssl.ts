/**
 * cfssl: POST /api/v1/cfssl/revoke. Traps: a second call silently overwrites reason and date, so anything but
 * keyCompromise is only ordered when the CA's CRL shows that the serial is not on it; CRL entries carry no reason
 * (OCSP does, after `cfssl ocsprefresh`); there is no authentication on this call, so the API belongs on loopback or
 * behind mutual TLS.
 */
import { z } from 'zod';
import { isCrlSignedBy, parseCrl } from '../../../foundation/pki/crl.ts';
import {
  type CaRecord,
  defineConnector,
  type OrderedCertificate,
  type RevocationOrder,
  type RevocationOutcome,
} from '../connector.ts';
import { already, badAnswer, done, failed, fromStatus, refused } from '../outcomes.ts';
import { inParallel } from '../parallel.ts';
import { readTls, tlsSettings } from '../secret.ts';
import { issuerKeyIdentifier, issuerOf, serialForms } from '../serial.ts';
import { type CaAnswer, jsonOf, networkTransport } from '../transport.ts';

export const cfsslConnector = defineConnector({
  name: 'cfssl',
  summary: 'cfssl serve with a database: POST /api/v1/cfssl/revoke.',
  settings: z.strictObject({
    url: z.url(),
    tls: tlsSettings,
    /** Some databases hold an empty authority key identifier: CAs made by `genkey -initca`. */
    authorityKeyId: z
      .string()
      .regex(/^[0-9a-f]*$/)
      .optional(),
    parallel: z.int().min(1).max(64).default(4),
  }),
  async open(settings, parts) {
    const transport = parts.transport ?? networkTransport(await readTls(settings.tls));
    const base = `${settings.url.replace(/\/$/, '')}/api/v1/cfssl`;

    const record = async (certificate: OrderedCertificate): Promise<CaRecord> => {
      const call = await transport.call({ method: 'GET', url: `${base}/crl` });
      const result = call.ok && call.answer.status === 200 ? jsonOf(call.answer)?.result : null;
      if (typeof result !== 'string') return { state: 'unknown', message: 'The CA does not show its CRL.' };
      try {
        const crl = parseCrl(new Uint8Array(Buffer.from(result, 'base64')));
        const issuer = issuerOf(certificate);
        if (issuer !== null && !isCrlSignedBy(crl, issuer))
          return { state: 'unknown', message: 'Another CA signs the CRL.' };
        const entry = crl.find(certificate.serial);
        return entry === null ? { state: 'good' } : { state: 'revoked', reason: null, revokedAt: entry.revokedAt };
      } catch {
        return { state: 'unknown', message: 'The CRL is malformed.' };
      }
    };

    const revokeOne = async (order: RevocationOrder): Promise<RevocationOutcome> => {
      const issuer = issuerOf(order.certificate);
      const authorityKeyId = settings.authorityKeyId ?? (issuer === null ? null : issuerKeyIdentifier(issuer));
      if (authorityKeyId === null)
        return refused('issuer-needed', "The CA is asked by its key identifier; the issuer's certificate is missing.");
      if (order.reason !== 'keyCompromise') {
        const before = await record(order.certificate);
        if (before.state === 'revoked') return already(null, before.revokedAt);
        if (before.state === 'unknown') {
          const message = `${before.message} Without it this order could lower a recorded reason; nothing was ordered.`;
          return { outcome: 'retry', code: 'bad-answer', message, after: null };
        }
      }
      const call = await transport.call({
        method: 'POST',
        url: `${base}/revoke`,
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({
          serial: serialForms.decimal(order.certificate.serial),
          authority_key_id: authorityKeyId,
          reason: order.reason,
        }),
      });
      if (!call.ok) return failed(call);
      const { answer } = call;
      const body = jsonOf(answer);
      if (answer.status === 200) return body?.success === true ? done(null, null) : badAnswer();
      if (saysNoRow(answer))
        return refused('unknown-certificate', 'The CA has no such serial under this key identifier.');
      return fromStatus(answer);
    };

    return {
      name: 'cfssl',
      abilities: {
        reasons: [
          'unspecified',
          'keyCompromise',
          'affiliationChanged',
          'superseded',
          'cessationOfOperation',
          'privilegeWithdrawn',
        ],
        batchMax: 1,
        // The CRL is made when it is asked for; where it is published is the operator's doing.
        forcesCrl: false,
        raisesReason: true,
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

/** certdb: "failed to revoke the certificate: certificate not found" and the like: no row was changed. */
function saysNoRow(answer: CaAnswer): boolean {
  const errors = jsonOf(answer)?.errors;
  return (
    Array.isArray(errors) &&
    errors.some((error) =>
      /not found|RecordNotFound|no rows|failed to revoke/i.test(String((error as { message?: unknown })?.message)),
    )
  );
}
