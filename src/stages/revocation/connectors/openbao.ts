/**
 * OpenBao and Vault, PKI secrets engine. Traps: there is no reason code at all; a repeated call answers success with
 * the original time; an expired certificate answers 200 with a warning and no revocation_time, and is not revoked; a
 * failed CRL build answers an error after the revocation is stored; with auto_rebuild the CRL does not change until
 * somebody rotates it.
 */
import { z } from 'zod';
import { writePem } from '../../../foundation/pki/pem.ts';
import type { Instant } from '../../../foundation/time/time.ts';
import {
  type CaRecord,
  defineConnector,
  type OrderedCertificate,
  type RevocationOrder,
  type RevocationOutcome,
} from '../connector.ts';
import { already, badAnswer, done, failed, fromStatus, refused } from '../outcomes.ts';
import { inParallel } from '../parallel.ts';
import { readSecret, readTls, secretRef, tlsSettings } from '../secret.ts';
import { serialForms } from '../serial.ts';
import { type CaAnswer, jsonOf, networkTransport } from '../transport.ts';

export const openbaoConnector = defineConnector({
  name: 'openbao',
  summary: 'OpenBao or Vault PKI: POST /v1/{mount}/revoke, then crl/rotate. Records no reason code.',
  settings: z.strictObject({
    url: z.url(),
    mount: z
      .string()
      .regex(/^[A-Za-z0-9_/-]+$/)
      .default('pki'),
    token: secretRef,
    namespace: z.string().optional(),
    tls: tlsSettings,
    parallel: z.int().min(1).max(64).default(8),
  }),
  async open(settings, parts) {
    const transport = parts.transport ?? networkTransport(await readTls(settings.tls));
    const base = `${settings.url.replace(/\/$/, '')}/v1/${settings.mount}`;
    const headers = {
      'x-vault-token': await readSecret(settings.token),
      'content-type': 'application/json',
      ...(settings.namespace === undefined ? {} : { 'x-vault-namespace': settings.namespace }),
    };

    const read = async (certificate: OrderedCertificate): Promise<CaRecord | 'not-found'> => {
      const url = `${base}/cert/${serialForms.colon(certificate.serial)}`;
      const call = await transport.call({ method: 'GET', url, headers });
      if (!call.ok) return { state: 'unknown', message: `No answer: ${call.code}.` };
      if (call.answer.status === 404 || saysNotFound(call.answer)) return 'not-found';
      const time = revocationTime(call.answer);
      if (call.answer.status !== 200 || time === undefined) {
        return { state: 'unknown', message: `The CA answered ${call.answer.status}.` };
      }
      return time === 0 ? { state: 'good' } : { state: 'revoked', reason: null, revokedAt: instant(time) };
    };

    const revokeOne = async (order: RevocationOrder): Promise<RevocationOutcome> => {
      // The answer to a first and to a repeated order is the same: only the record before tells them apart.
      const before = await read(order.certificate);
      if (before !== 'not-found' && before.state === 'revoked') return already(null, before.revokedAt);
      const { der } = order.certificate;
      // A mount with no_store keeps no certificate: it takes the PEM instead of the serial.
      if (before === 'not-found' && der === null) {
        return refused(
          'certificate-needed',
          'The CA does not keep this certificate; revoking needs the certificate itself.',
        );
      }
      const body =
        before === 'not-found'
          ? { certificate: writePem('CERTIFICATE', der!) }
          : { serial_number: serialForms.colon(order.certificate.serial) };
      const call = await transport.call({ method: 'POST', url: `${base}/revoke`, headers, body: JSON.stringify(body) });
      if (!call.ok) return failed(call);
      const { answer } = call;
      if (answer.status === 200) {
        const time = revocationTime(answer);
        if (time !== undefined && time > 0) return done(null, instant(time));
        return jsonOf(answer)?.warnings
          ? refused('expired', 'The CA does not revoke an expired certificate.')
          : badAnswer();
      }
      if (answer.status === 400 && saysNotFound(answer)) {
        return refused('unknown-certificate', 'The CA did not issue this certificate.');
      }
      if (answer.status >= 500) {
        // Stored although the CRL could not be built: the record decides.
        const after = await read(order.certificate);
        if (after !== 'not-found' && after.state === 'revoked') return done(null, after.revokedAt);
      }
      return fromStatus(answer);
    };

    return {
      name: 'openbao',
      abilities: {
        reasons: ['unspecified'],
        batchMax: 1,
        forcesCrl: true,
        raisesReason: false,
        reads: true,
        needsCertificate: true,
      },
      revoke: (orders) => inParallel(orders, settings.parallel, revokeOne),
      async publish() {
        const call = await transport.call({ method: 'GET', url: `${base}/crl/rotate`, headers });
        if (!call.ok) return { outcome: call.reached ? 'unknown' : 'retry', message: `No answer: ${call.code}.` };
        const data = jsonOf(call.answer)?.data as { success?: unknown } | undefined;
        if (call.answer.status === 200 && data?.success === true) return { outcome: 'done' };
        const message = `The CA did not rotate its CRL (${call.answer.status}).`;
        return { outcome: call.answer.status >= 500 ? 'retry' : 'refused', message };
      },
      async record(certificate) {
        const found = await read(certificate);
        return found === 'not-found' ? { state: 'unknown', message: 'The CA does not keep this certificate.' } : found;
      },
      close: () => transport.close(),
    };
  },
});

/** Seconds; 0 for "not revoked"; undefined when the answer does not say. */
function revocationTime(answer: CaAnswer): number | undefined {
  const data = jsonOf(answer)?.data;
  const time = (data as { revocation_time?: unknown } | null | undefined)?.revocation_time;
  return typeof time === 'number' ? time : undefined;
}

function saysNotFound(answer: CaAnswer): boolean {
  const errors = jsonOf(answer)?.errors;
  return Array.isArray(errors) && errors.some((error) => /not found/i.test(String(error)));
}

function instant(seconds: number): Instant {
  return Temporal.Instant.fromEpochMilliseconds(seconds * 1000);
}
