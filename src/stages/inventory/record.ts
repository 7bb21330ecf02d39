/** From a certificate's bytes to what the inventory keeps of it. */
import { hash } from 'node:crypto';
import type { SpkiHash } from '../../foundation/brand.ts';
import { DerError } from '../../foundation/pki/der.ts';
import { type KeyHashes, keyHashes } from '../../foundation/pki/spki.ts';
import { type Certificate, isShortLived, parseCertificate, profileOf } from '../../foundation/pki/x509.ts';
import type { IssuedCertificate, Revoked } from './inventory.ts';
import { normalizeName } from './names.ts';

/** What the bytes do not say: who it belongs to and what became of it. */
export interface Annotations {
  readonly subscriber?: string | null;
  readonly account?: string | null;
  readonly tags?: readonly string[];
  readonly revoked?: Revoked | null;
}

/** Throws DerError when the bytes are no certificate. */
export function recordOf(der: Uint8Array, annotations: Annotations = {}): IssuedCertificate {
  return recordOfParsed(parseCertificate(der), annotations);
}

export function recordOfParsed(certificate: Certificate, annotations: Annotations = {}): IssuedCertificate {
  const keys = hashesOf(certificate.spki);
  const names = certificate.names.length > 0 ? certificate.names : [certificate.commonName ?? ''];
  return {
    fingerprint: certificate.fingerprint,
    sha1: hash('sha1', certificate.der, 'hex'),
    precertificate: certificate.isPrecertificate,
    serial: certificate.serial,
    issuerHash: certificate.issuerHash,
    issuer: printable(certificate.issuer),
    authorityKeyId: certificate.aki,
    names: [...new Set(names.map((name) => normalizeName(printable(name))).filter((name) => name !== ''))],
    notBefore: certificate.notBefore,
    notAfter: certificate.notAfter,
    spkiHash: keys.canonical,
    spkiExact: keys.exact,
    keyMaterial: keys.material,
    spkiSha1: hash('sha1', certificate.spki, 'hex'),
    subjectKeyId: certificate.ski,
    profile: profileOf(certificate),
    shortLived: isShortLived(certificate),
    crlUrls: certificate.crlUrls.map(printable),
    ocspUrls: certificate.ocspUrls.map(printable),
    subscriber: annotations.subscriber ?? null,
    account: annotations.account ?? null,
    tags: annotations.tags ?? [],
    revoked: annotations.revoked ?? null,
    der: certificate.der,
  };
}

/**
 * A key that cannot be read (a point off its curve, say) is misissuance, and its certificate must be found all the more:
 * it is indexed by the bytes as they stand.
 */
function hashesOf(spki: Uint8Array): KeyHashes {
  try {
    return keyHashes(spki);
  } catch (cause) {
    if (!(cause instanceof DerError)) throw cause;
    const exact = hash('sha256', spki, 'hex');
    return { exact, canonical: exact as SpkiHash, material: exact };
  }
}

/** NUL and other control characters have been put into certificates on purpose (null-prefix attack, 2009). */
function printable(text: string): string {
  return text.replace(/\p{Cc}/gu, (character) => `\\x${character.charCodeAt(0).toString(16).padStart(2, '0')}`);
}
