/**
 * RFC 9773 section 4.1: a certificate's name in ARI is `base64url(AKI keyIdentifier) "." base64url(serial)`, both without
 * padding. The serial is the content of its DER INTEGER, so a leading 00 belongs to it; dropping it is the classic mistake.
 */
import type { Serial } from '../../foundation/brand.ts';
import { serialBytes } from '../../foundation/pki/x509.ts';

export interface CertId {
  /** Lower-case hex keyIdentifier of the authorityKeyIdentifier extension. */
  readonly authorityKeyId: string;
  readonly serial: Serial;
}

/** RFC 5280 allows 20 octets and no sign; some CAs need the 21st for the 00. */
const serialOctetsMax = 21;
const keyIdOctetsMax = 64;
export const certIdCharactersMax = 128;

export function encodeCertId(certId: CertId): string {
  const aki = Buffer.from(certId.authorityKeyId, 'hex').toString('base64url');
  return `${aki}.${Buffer.from(serialBytes(certId.serial)).toString('base64url')}`;
}

/** Null when the text is not exactly what `encodeCertId` would write for some certificate with a positive serial. */
export function decodeCertId(text: string): CertId | null {
  if (text.length > certIdCharactersMax) return null;
  const dot = text.indexOf('.');
  if (dot <= 0) return null;
  const aki = octets(text.slice(0, dot));
  const serial = octets(text.slice(dot + 1));
  if (aki === null || serial === null) return null;
  if (aki.length > keyIdOctetsMax || serial.length > serialOctetsMax) return null;
  // DER: positive, and no 00 that is not needed. `0` itself is one octet.
  const first = serial[0]!;
  if (first & 0x80 || (first === 0 && serial.length > 1 && !(serial[1]! & 0x80))) return null;
  const digits = serial.toString('hex').replace(/^0+(?=.)/, '');
  return { authorityKeyId: aki.toString('hex'), serial: digits as Serial };
}

/** Canonical base64url only: two spellings of one name would be two names to a cache. */
function octets(text: string): Buffer | null {
  const bytes = Buffer.from(text, 'base64url');
  return bytes.length > 0 && bytes.toString('base64url') === text ? bytes : null;
}
