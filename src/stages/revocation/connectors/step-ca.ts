/**
 * step-ca (smallstep certificates): POST /1.0/revoke with a one-time token of a JWK provisioner, which may revoke any
 * certificate. Traps: only `passive: true` is implemented; the token's subject must be the very serial string of the
 * body; with `generateOnRevoke` a failed CRL build answers 500 although the revocation is stored; the API takes reason
 * codes that the BRs forbid; there is no check that the serial was ever issued.
 */
import { createPrivateKey, randomBytes, sign } from 'node:crypto';
import { z } from 'zod';
import { isCrlSignedBy, parseCrl } from '../../../foundation/pki/crl.ts';
import { crlReasonName } from '../../../foundation/pki/reasons.ts';
import type { Instant } from '../../../foundation/time/time.ts';
import {
  type CaRecord,
  defineConnector,
  type OrderedCertificate,
  type RevocationOrder,
  type RevocationOutcome,
} from '../connector.ts';
import { already, badAnswer, codeOf, done, failed, fromStatus } from '../outcomes.ts';
import { inParallel } from '../parallel.ts';
import { readSecret, readTls, secretRef, tlsSettings } from '../secret.ts';
import { issuerOf, serialForms } from '../serial.ts';
import { jsonOf, networkTransport, textOf } from '../transport.ts';

/** How long a token is good for, and how far back it is dated for a CA whose clock is behind. */
const tokenSeconds = 300;
const tokenBackSeconds = 30;

export const stepCaConnector = defineConnector({
  name: 'step-ca',
  summary: 'step-ca: POST /1.0/revoke with a token of a JWK provisioner.',
  settings: z.strictObject({
    url: z.url(),
    provisioner: z.strictObject({
      name: z.string().min(1),
      /** `kid` of the provisioner's key, as in ca.json. */
      keyId: z.string().min(1),
      /** The private key, PEM or JWK: EC P-256. */
      key: secretRef,
    }),
    tls: tlsSettings,
    /** The CA serves /1.0/crl. */
    crl: z.boolean().default(true),
    parallel: z.int().min(1).max(64).default(8),
  }),
  async open(settings, parts) {
    const transport = parts.transport ?? networkTransport(await readTls(settings.tls));
    const key = readKey(await readSecret(settings.provisioner.key));
    const base = settings.url.replace(/\/$/, '');
    const audience = `${base}/1.0/revoke`;

    const token = (serial: string, now: Instant): string => {
      const seconds = Math.floor(now.epochMilliseconds / 1000);
      const header = { alg: 'ES256', kid: settings.provisioner.keyId, typ: 'JWT' };
      const claims = {
        sub: serial,
        aud: audience,
        iss: settings.provisioner.name,
        iat: seconds,
        nbf: seconds - tokenBackSeconds,
        exp: seconds + tokenSeconds,
        jti: randomBytes(32).toString('hex'),
      };
      const body = [header, claims].map((part) => Buffer.from(JSON.stringify(part)).toString('base64url')).join('.');
      const signature = sign('sha256', Buffer.from(body), { key, dsaEncoding: 'ieee-p1363' });
      return `${body}.${signature.toString('base64url')}`;
    };

    const record = async (certificate: OrderedCertificate): Promise<CaRecord> => {
      if (!settings.crl) return { state: 'unknown', message: 'The CA serves no CRL.' };
      const call = await transport.call({ method: 'GET', url: `${base}/1.0/crl` });
      if (!call.ok || call.answer.status !== 200) return { state: 'unknown', message: 'The CRL could not be read.' };
      try {
        const crl = parseCrl(call.answer.body);
        const issuer = issuerOf(certificate);
        if (issuer !== null && !isCrlSignedBy(crl, issuer))
          return { state: 'unknown', message: 'Another CA signs the CRL.' };
        const entry = crl.find(certificate.serial);
        if (entry === null) return { state: 'good' };
        return { state: 'revoked', reason: crlReasonName(entry.reason), revokedAt: entry.revokedAt };
      } catch {
        return { state: 'unknown', message: 'The CRL is malformed.' };
      }
    };

    const revokeOne = async (order: RevocationOrder): Promise<RevocationOutcome> => {
      const serial = serialForms.decimal(order.certificate.serial);
      const call = await transport.call({
        method: 'POST',
        url: audience,
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({
          serial,
          reasonCode: codeOf(order.reason) ?? 0,
          reason: `case ${order.caseId}`,
          passive: true,
          ott: token(serial, parts.time.now()),
        }),
      });
      if (!call.ok) return failed(call);
      const { answer } = call;
      if (answer.status === 200) return jsonOf(answer)?.status === 'ok' ? done(null, null) : badAnswer();
      if (answer.status === 400 && /already revoked/.test(textOf(answer))) {
        const seen = await record(order.certificate);
        return seen.state === 'revoked' ? already(seen.reason, seen.revokedAt) : already(null, null);
      }
      return fromStatus(answer);
    };

    return {
      name: 'step-ca',
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
        // `generateOnRevoke` is the CA's own setting; there is no call for it.
        forcesCrl: false,
        raisesReason: false,
        reads: settings.crl,
        needsCertificate: false,
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

function readKey(text: string) {
  if (text.trimStart().startsWith('{')) return createPrivateKey({ key: JSON.parse(text), format: 'jwk' });
  return createPrivateKey(text);
}
