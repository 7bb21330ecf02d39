/**
 * ACME revokeCert (RFC 8555 section 7.6), signed by an account key: for CAs whose only interface is ACME, and for an
 * operator's account at a CA that lets it revoke. The certificate's own key signs in `revokeWithCertificateKey`, which
 * proves the compromise as it revokes; the desk itself never holds such a key.
 */
import { createPrivateKey, type KeyObject } from 'node:crypto';
import { z } from 'zod';
import { readPem } from '../../../foundation/pki/pem.ts';
import type { OrderedCertificate, RevocationConnector, RevocationOrder, RevocationOutcome } from '../connector.ts';
import { defineConnector } from '../connector.ts';
import { already, badAnswer, codeOf, done, failed, fromStatus, refused } from '../outcomes.ts';
import { inParallel } from '../parallel.ts';
import { readSecret, readTls, secretRef, tlsSettings } from '../secret.ts';
import { type CaTransport, jsonOf, networkTransport } from '../transport.ts';
import { AcmeSession, type AcmeSigner, accountUrl } from './acme-session.ts';

const settingsSchema = z.strictObject({
  directory: z.url(),
  /** The account's private key, PEM or JWK. */
  accountKey: secretRef,
  /** The account's URL; asked from the CA by the key when left out. */
  accountUrl: z.url().optional(),
  tls: tlsSettings,
  /** What this CA takes from accounts; Let's Encrypt takes these. */
  reasons: z
    .array(
      z.enum([
        'unspecified',
        'keyCompromise',
        'affiliationChanged',
        'superseded',
        'cessationOfOperation',
        'privilegeWithdrawn',
      ]),
    )
    .default(['unspecified', 'keyCompromise', 'superseded', 'cessationOfOperation']),
  parallel: z.int().min(1).max(64).default(8),
});

export const acmeConnector = defineConnector({
  name: 'acme',
  summary: 'ACME revokeCert by an account key (RFC 8555 section 7.6).',
  settings: settingsSchema,
  async open(settings, parts): Promise<RevocationConnector> {
    const transport = parts.transport ?? networkTransport(await readTls(settings.tls));
    const session = new AcmeSession(transport, settings.directory);
    const key = readAccountKey(await readSecret(settings.accountKey));
    let signer: AcmeSigner | null = settings.accountUrl === undefined ? null : { key, kid: settings.accountUrl };

    return {
      name: 'acme',
      abilities: {
        reasons: settings.reasons,
        batchMax: 1,
        forcesCrl: false,
        raisesReason: false,
        reads: false,
        needsCertificate: true,
      },
      async revoke(orders) {
        if (orders.length === 0) return [];
        if (signer === null) {
          const found = await accountUrl(session, key);
          if (typeof found !== 'string') return orders.map(() => found);
          signer = { key, kid: found };
        }
        const account = signer;
        return inParallel(orders, settings.parallel, async (order) => {
          if (!settings.reasons.includes(order.reason)) {
            return refused('reason-not-supported', `This CA does not take ${order.reason} over ACME.`);
          }
          return revokeCert(session, account, order.certificate, codeOf(order.reason));
        });
      },
      async publish() {
        return { outcome: 'unsupported' };
      },
      async record() {
        return { state: 'unknown', message: 'ACME does not tell; the probe looks.' };
      },
      close: () => transport.close(),
    };
  },
});

/**
 * Revokes with the certificate's private key. A CA of Boulder's kind records keyCompromise whatever is asked, blocks
 * the key and revokes its other certificates. The key stays with the caller and is not kept.
 */
export async function revokeWithCertificateKey(
  transport: CaTransport,
  directory: string,
  order: Pick<RevocationOrder, 'certificate' | 'reason'>,
  key: KeyObject,
): Promise<RevocationOutcome> {
  return revokeCert(new AcmeSession(transport, directory), { key, kid: null }, order.certificate, codeOf(order.reason));
}

async function revokeCert(
  session: AcmeSession,
  signer: AcmeSigner,
  certificate: OrderedCertificate,
  reason: number | null,
): Promise<RevocationOutcome> {
  if (certificate.der === null)
    return refused('certificate-needed', 'ACME revokes by the certificate itself; only its serial is known.');
  const url = await session.resource('revokeCert');
  if (typeof url !== 'string') return url;
  const payload = {
    certificate: Buffer.from(certificate.der).toString('base64url'),
    ...(reason === null ? {} : { reason }),
  };
  const answer = await session.post(url, signer, payload);
  if ('outcome' in answer) return answer;
  if (!answer.ok) return failed(answer);
  const { status } = answer.answer;
  // RFC 8555: 200 with an empty body. A page in its place comes from something that is not the CA.
  if (status === 200) return answer.answer.body.length === 0 ? done(null, null) : badAnswer();
  const problem = jsonOf(answer.answer);
  switch (String(problem?.type ?? '').replace('urn:ietf:params:acme:error:', '')) {
    case 'alreadyRevoked':
      return already(null, null);
    case 'badRevocationReason':
      return refused('reason-not-supported', 'The CA does not take this reason.');
    case 'unauthorized':
      return refused('not-authorised', 'The CA does not allow this account to revoke this certificate.');
    case 'accountDoesNotExist':
      return refused('not-authenticated', 'The CA does not know this account.');
    case 'rateLimited':
      return fromStatus({ ...answer.answer, status: 429 });
    case 'malformed':
      return refused(status === 404 ? 'unknown-certificate' : 'rejected', `The CA rejected the order (${status}).`);
    default:
      return fromStatus(answer.answer);
  }
}

function readAccountKey(text: string): KeyObject {
  if (text.trimStart().startsWith('{')) return createPrivateKey({ key: JSON.parse(text), format: 'jwk' });
  const block = readPem(text)[0];
  return createPrivateKey(block === undefined ? text : text.slice(block.from, block.to));
}
