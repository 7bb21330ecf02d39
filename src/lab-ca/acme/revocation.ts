/**
 * revokeCert (RFC 8555 section 7.6) and what each of its three authorisations means:
 * - the certificate's own key proves the compromise: keyCompromise, whatever was asked, also for a certificate revoked
 *   before with another reason; the desk is told, so that it blocks the key and finds the other certificates;
 * - the issuing account revokes its own certificate with a reason a subscriber may choose;
 * - another account that controls all names revokes with cessationOfOperation, whatever it asks: it proves nothing
 *   about the key.
 */
import type { SpkiHash } from '../../foundation/brand.ts';
import { keyHashes } from '../../foundation/pki/spki.ts';
import { type Certificate, parseCertificate } from '../../foundation/pki/x509.ts';
import type { IssuerId } from '../certificate.ts';
import type { LabCa } from '../lab-ca.ts';
import type { PublicJwk } from './jws.ts';
import { AcmeProblem } from './problem.ts';
import type { Account, AcmeState } from './state.ts';

/** Subscribers choose from these (TLS BR 7.2.2: privilegeWithdrawn is the CA's). 0 is said by leaving it out. */
const reasonsAllowed = [0, 1, 3, 4, 5];
const keyCompromise = 1;
const cessationOfOperation = 5;

/** A request that somebody with authority made: its instant of acceptance is a receipt. */
export interface AcmeRevocation {
  readonly certificate: Uint8Array;
  readonly by: 'certificate-key' | 'account' | 'authorisations';
  readonly reason: number | null;
  /** Only for `certificate-key`: the key is proven compromised. */
  readonly provenKey: SpkiHash | null;
  /** `mailto:` addresses of the account that asked; none when the certificate's key did. */
  readonly contact: readonly string[];
}

export async function revokeCert(
  ca: LabCa,
  state: AcmeState,
  request: { readonly payload: Record<string, unknown>; readonly signer: { account: Account } | { jwk: PublicJwk } },
): Promise<AcmeRevocation> {
  const certificate = readCertificate(request.payload.certificate);
  const issuer = ca.revocations.issuerByHash(certificate.issuerHash);
  const entry = issuer === null ? null : await ca.revocations.look(certificate.serial, issuer);
  const own = issuer === null ? null : await ca.options.storage.certificate(issuer, certificate.serial);
  if (issuer === null || entry === null || own === null || Buffer.compare(own, certificate.der) !== 0) {
    throw new AcmeProblem('malformed', 'This CA has not issued that certificate.', { status: 404 });
  }
  const asked = readReason(request.payload.reason);
  const { by, reason } = authorise(
    ca,
    state,
    request.signer,
    { certificate, issuer, subscriber: entry.subscriber },
    asked,
  );
  const [outcome] = await ca.revocations.revoke([{ serial: certificate.serial, issuer, reason }]);
  if (outcome!.outcome === 'already') throw new AcmeProblem('alreadyRevoked', 'That certificate is revoked already.');
  if (outcome!.outcome === 'refused') throw new AcmeProblem('serverInternal', 'The CA did not take the order.');
  const provenKey = by === 'certificate-key' ? keyHashes(certificate.spki).canonical : null;
  const contact = 'account' in request.signer ? request.signer.account.contact : [];
  return { certificate: certificate.der, by, reason, provenKey, contact };
}

function authorise(
  ca: LabCa,
  state: AcmeState,
  signer: { account: Account } | { jwk: PublicJwk },
  { certificate, issuer, subscriber }: { certificate: Certificate; issuer: IssuerId; subscriber: string | null },
  asked: number | null,
): { by: AcmeRevocation['by']; reason: number | null } {
  if ('jwk' in signer) {
    // The key of the certificate, however either of them is spelled.
    if (keyHashes(signer.jwk.spki).canonical !== keyHashes(certificate.spki).canonical) {
      throw new AcmeProblem('unauthorized', 'The request is not signed by the key of that certificate.');
    }
    return { by: 'certificate-key', reason: keyCompromise };
  }
  const { account } = signer;
  const ordered = state.orderOf({ issuer, serial: certificate.serial })?.account === account.id;
  // Issued before ACME, or by another way of ordering: the external account says whose it is.
  const sameSubscriber = account.externalAccount !== null && account.externalAccount === subscriber;
  if (ordered || sameSubscriber) return { by: 'account', reason: asked };
  const now = ca.options.time.now();
  const controlsAll = certificate.names.every((name) => {
    const wildcard = name.startsWith('*.');
    return state.validAuthorization(account.id, wildcard ? name.slice(2) : name, wildcard, now) !== null;
  });
  if (!controlsAll || certificate.names.length === 0) {
    throw new AcmeProblem(
      'unauthorized',
      'This account neither ordered that certificate nor controls all of its names.',
    );
  }
  return { by: 'authorisations', reason: cessationOfOperation };
}

function readCertificate(value: unknown): Certificate {
  if (typeof value !== 'string' || !/^[A-Za-z0-9_-]+$/.test(value)) {
    throw new AcmeProblem('malformed', 'The certificate is not base64url of DER.');
  }
  try {
    return parseCertificate(new Uint8Array(Buffer.from(value, 'base64url')));
  } catch {
    throw new AcmeProblem('malformed', 'The certificate cannot be read.');
  }
}

function readReason(value: unknown): number | null {
  if (value === undefined || value === null) return null;
  if (typeof value === 'number' && reasonsAllowed.includes(value)) return value === 0 ? null : value;
  throw new AcmeProblem('badRevocationReason', `Reasons accepted here: ${reasonsAllowed.join(', ')}.`);
}
