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

/** RFC 5280 says 20 octets; what is longer is misissued and still found, up to a length no index takes. */
export const serialOctetsMax = 1_000;
/** A key identifier of more is left out; SHA-1 has 20 octets, SHA-512 64. */
const keyIdOctetsMax = 64;

/** Throws DerError when the bytes are no certificate. */
export function recordOf(der: Uint8Array, annotations: Annotations = {}): IssuedCertificate {
  return recordOfParsed(parseCertificate(der), annotations);
}

export function recordOfParsed(certificate: Certificate, annotations: Annotations = {}): IssuedCertificate {
  if (certificate.serial.length > serialOctetsMax * 2) {
    throw new DerError(`a serial number of more than ${serialOctetsMax} octets`);
  }
  const keys = hashesOf(certificate.spki);
  const names = certificate.names.length > 0 ? certificate.names : [certificate.commonName ?? ''];
  return {
    fingerprint: certificate.fingerprint,
    sha1: hash('sha1', certificate.der, 'hex'),
    precertificate: certificate.isPrecertificate,
    serial: certificate.serial,
    issuerHash: certificate.issuerHash,
    issuer: printable(certificate.issuer),
    authorityKeyId: keyId(certificate.aki),
    names: [...new Set(names.map((name) => normalizeName(printable(name))).filter((name) => name !== ''))],
    notBefore: certificate.notBefore,
    notAfter: certificate.notAfter,
    spkiHash: keys.canonical,
    spkiExact: keys.exact,
    keyMaterial: keys.material,
    spkiSha1: hash('sha1', certificate.spki, 'hex'),
    subjectKeyId: keyId(certificate.ski),
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

function keyId(hexDigits: string | null): string | null {
  return hexDigits === null || hexDigits === '' || hexDigits.length > keyIdOctetsMax * 2 ? null : hexDigits;
}

/**
 * NUL and other control characters have been put into certificates on purpose (null-prefix attack, 2009), and a BMPString
 * may hold half a surrogate pair: neither is text to a database.
 */
function printable(text: string): string {
  return text
    .toWellFormed()
    .replace(/\p{Cc}/gu, (character) => `\\x${character.charCodeAt(0).toString(16).padStart(2, '0')}`);
}
