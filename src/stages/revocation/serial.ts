/** A serial in the spellings that CAs want, and an issuer in the names they use. Bytes in, text out. */
import type { Serial } from '../../foundation/brand.ts';
import { keyIdentifier } from '../../foundation/pki/spki.ts';
import { type Certificate, parseCertificate, serialDecimal } from '../../foundation/pki/x509.ts';

export const serialForms = {
  /** Lower-case hex, whole bytes: `0a1b`. */
  hex: (serial: Serial) => (serial.length % 2 ? `0${serial}` : serial),
  upper: (serial: Serial) => serialForms.hex(serial).toUpperCase(),
  /** `0a:1b` */
  colon: (serial: Serial) => serialForms.hex(serial).replace(/..(?=.)/g, '$&:'),
  prefixed: (serial: Serial) => `0x${serial}`,
  decimal: (serial: Serial) => serialDecimal(serial),
} as const;

/** The issuing CA's certificate, or null when it was not given or cannot be read. */
export function issuerOf(certificate: { readonly issuer: Uint8Array | null }): Certificate | null {
  if (certificate.issuer === null) return null;
  try {
    return parseCertificate(certificate.issuer);
  } catch {
    return null;
  }
}

/** subjectKeyIdentifier of the issuer, computed by RFC 5280 method 1 where its certificate carries none. */
export function issuerKeyIdentifier(issuer: Certificate): string {
  return issuer.ski ?? Buffer.from(keyIdentifier(issuer.spki)).toString('hex');
}
