/**
 * Certificates, read in one walk over the bytes. It is lenient about what a certificate says and strict about how it
 * is encoded: a misissued certificate must be readable, for it is exactly what a report is about.
 */
import { hash } from 'node:crypto';
import { isIP } from 'node:net';
import type { Fingerprint, Serial } from '../brand.ts';
import { DerError, DerReader, der, type Element, hex, latin1, tag } from './der.ts';
import { attributeValues, nameText } from './name.ts';
import { oid } from './oids.ts';
import { verifySignature } from './signature.ts';

export interface Certificate {
  readonly der: Uint8Array;
  readonly fingerprint: Fingerprint;
  readonly serial: Serial;
  /** Content octets of the serial's INTEGER, a leading 00 kept: what ARI and "byte-identical" checks need. */
  readonly serialBytes: Uint8Array;
  readonly issuerDer: Uint8Array;
  readonly subjectDer: Uint8Array;
  /** Lower-case hex SHA-256 of `issuerDer`. */
  readonly issuerHash: string;
  /** RFC 4514 text. */
  readonly issuer: string;
  readonly subject: string;
  readonly commonName: string | null;
  /** dNSName (lower case), then IP address, then rfc822Name of the subjectAltName. */
  readonly names: readonly string[];
  readonly notBefore: Temporal.Instant;
  readonly notAfter: Temporal.Instant;
  /** SubjectPublicKeyInfo as it stands. */
  readonly spki: Uint8Array;
  /** Lower-case hex keyIdentifier, or null. */
  readonly aki: string | null;
  readonly ski: string | null;
  readonly crlUrls: readonly string[];
  readonly ocspUrls: readonly string[];
  readonly caIssuersUrls: readonly string[];
  readonly policyOids: readonly string[];
  readonly ekus: readonly string[];
  readonly isCa: boolean;
  /** Carries the poison extension of RFC 6962 section 3.1. */
  readonly isPrecertificate: boolean;
  readonly hasOcspNoCheck: boolean;
  readonly tbs: Uint8Array;
  readonly signatureAlgorithm: Uint8Array;
  readonly signature: Uint8Array;
}

/** A certificate is a few kilobytes; some with thousands of names reach a few hundred. */
export const certificateBytesMax = 2 * 1024 * 1024;
export const certificateExtensionsMax = 200;
export const certificateNamesMax = 20_000;

/** Throws DerError. */
export function parseCertificate(bytes: Uint8Array): Certificate {
  if (bytes.length > certificateBytesMax) throw new DerError(`a certificate of more than ${certificateBytesMax} bytes`);
  const outer = new DerReader(bytes);
  const certificate = outer.enter(tag.sequence, 'Certificate');
  outer.done('the certificate');
  const tbsElement = certificate.expect(tag.sequence, 'TBSCertificate');
  const signatureAlgorithm = certificate.whole(certificate.expect(tag.sequence, 'signatureAlgorithm'));
  const signature = certificate.bits('signatureValue');
  certificate.done('the certificate');

  const tbs = certificate.inside(tbsElement);
  tbs.optional(0xa0);
  const serialBytes = tbs.content(tbs.expect(tag.integer, 'serialNumber'));
  tbs.expect(tag.sequence, 'signature');
  const issuerDer = tbs.whole(tbs.expect(tag.sequence, 'issuer'));
  const validity = tbs.enter(tag.sequence, 'validity');
  const notBefore = validity.time('notBefore');
  const notAfter = validity.time('notAfter');
  const subjectDer = tbs.whole(tbs.expect(tag.sequence, 'subject'));
  const spki = tbs.whole(tbs.expect(tag.sequence, 'subjectPublicKeyInfo'));
  tbs.optional(0x81);
  tbs.optional(0x82);
  const extensions = readExtensions(tbs);
  return {
    der: bytes,
    fingerprint: hash('sha256', bytes, 'hex') as Fingerprint,
    serial: serialText(serialBytes),
    serialBytes,
    issuerDer,
    subjectDer,
    issuerHash: hash('sha256', issuerDer, 'hex'),
    issuer: nameText(issuerDer),
    subject: nameText(subjectDer),
    commonName: attributeValues(subjectDer, oid.commonName).at(-1) ?? null,
    notBefore,
    notAfter,
    spki,
    ...extensions,
    tbs: certificate.whole(tbsElement),
    signatureAlgorithm,
    signature,
  };
}

/** The SubjectPublicKeyInfo only, without reading the rest: for indexing by key. Throws DerError. */
export function spkiOf(bytes: Uint8Array): Uint8Array {
  const tbs = new DerReader(bytes).enter(tag.sequence, 'Certificate').enter(tag.sequence, 'TBSCertificate');
  tbs.optional(0xa0);
  tbs.expect(tag.integer, 'serialNumber');
  tbs.expect(tag.sequence, 'signature');
  tbs.expect(tag.sequence, 'issuer');
  tbs.expect(tag.sequence, 'validity');
  tbs.expect(tag.sequence, 'subject');
  return tbs.whole(tbs.expect(tag.sequence, 'subjectPublicKeyInfo'));
}

/** One extension by its OID, or null. Throws DerError. */
export function extensionValue(bytes: Uint8Array, id: string): { critical: boolean; value: Uint8Array } | null {
  const tbs = new DerReader(bytes).enter(tag.sequence, 'Certificate').enter(tag.sequence, 'TBSCertificate');
  while (tbs.more && tbs.peek() !== 0xa3) tbs.read();
  if (!tbs.more) return null;
  const list = tbs.enter(0xa3, 'extensions').enter(tag.sequence, 'Extensions');
  for (let count = 0; list.more && count < certificateExtensionsMax; count++) {
    const extension = list.enter(tag.sequence, 'Extension');
    const name = extension.oid('extnID');
    const critical = extension.peek() === tag.boolean && extension.boolean('critical');
    const value = extension.content(extension.expect(tag.octetString, 'extnValue'));
    if (name === id) return { critical, value };
  }
  return null;
}

/** Whether `issuer` signed `certificate`: name and signature, nothing about trust or dates. */
export function isIssuedBy(certificate: Certificate, issuer: Pick<Certificate, 'subjectDer' | 'spki'>): boolean {
  return (
    Buffer.compare(certificate.issuerDer, issuer.subjectDer) === 0 &&
    verifySignature({
      data: certificate.tbs,
      algorithm: certificate.signatureAlgorithm,
      signature: certificate.signature,
      spki: issuer.spki,
    })
  );
}

/** Lower-case hex without leading zeros; `0` for zero. */
export function serialText(content: Uint8Array): Serial {
  const text = hex(content).replace(/^0+/, '');
  return (text === '' ? '0' : text) as Serial;
}

/** Content octets of the DER INTEGER of a positive serial. */
export function serialBytes(serial: Serial | string): Uint8Array {
  const even = serial.length % 2 ? `0${serial}` : serial;
  return new Uint8Array(Buffer.from(Number.parseInt(even.slice(0, 2), 16) >= 0x80 ? `00${even}` : even, 'hex'));
}

export function serialDecimal(serial: Serial | string): string {
  return BigInt(`0x${serial}`).toString(10);
}

/** Reads a serial as people write it: hex with or without separators, `0x`, or a long decimal. Null when it is none. */
export function serialFrom(text: string): Serial | null {
  const bare = text
    .trim()
    .replace(/^0x/i, '')
    .replace(/[\s:-]/g, '')
    .toLowerCase();
  if (!/^[0-9a-f]{1,64}$/.test(bare)) return null;
  const stripped = bare.replace(/^0+/, '');
  return (stripped === '' ? '0' : stripped) as Serial;
}

/** Which rulebook governs the certificate: its BR policy OID decides, then its extended key usage. */
export function profileOf(
  certificate: Pick<Certificate, 'isCa' | 'policyOids' | 'ekus'>,
): 'tls' | 'smime' | 'code-signing' | 'sub-ca' {
  if (certificate.isCa) return 'sub-ca';
  const has = (policy: string) => certificate.policyOids.includes(policy);
  if (has(oid.policyDv) || has(oid.policyOv) || has(oid.policyIv) || has(oid.policyEv)) return 'tls';
  if (certificate.policyOids.some((policy) => policy.startsWith(`${oid.policySmimeArc}.`))) return 'smime';
  if (has(oid.policyCodeSigning) || has(oid.policyEvCodeSigning)) return 'code-signing';
  if (certificate.ekus.includes(oid.serverAuth)) return 'tls';
  if (certificate.ekus.includes(oid.emailProtection)) return 'smime';
  if (certificate.ekus.includes(oid.codeSigning)) return 'code-signing';
  return 'tls';
}

const tenDaysFrom = Temporal.Instant.from('2024-03-15T00:00:00Z');
const sevenDaysFrom = Temporal.Instant.from('2026-03-15T00:00:00Z');

/**
 * TLS BR 1.6.1 "Short-lived Subscriber Certificate": validity of at most 10 days (864,000 s) when issued from
 * 2024-03-15, of at most 7 days (604,800 s) when issued from 2026-03-15. The period includes both ends. Only the
 * TLS BR know the exemption.
 */
export function isShortLived(
  certificate: Pick<Certificate, 'isCa' | 'policyOids' | 'ekus' | 'notBefore' | 'notAfter'>,
): boolean {
  if (profileOf(certificate) !== 'tls') return false;
  const from = certificate.notBefore.epochMilliseconds;
  if (from < tenDaysFrom.epochMilliseconds) return false;
  const secondsMax = from < sevenDaysFrom.epochMilliseconds ? 864_000 : 604_800;
  return (certificate.notAfter.epochMilliseconds - from) / 1000 + 1 <= secondsMax;
}

/* ---- extensions ---- */

type Extensions = Pick<
  Certificate,
  | 'names'
  | 'aki'
  | 'ski'
  | 'crlUrls'
  | 'ocspUrls'
  | 'caIssuersUrls'
  | 'policyOids'
  | 'ekus'
  | 'isCa'
  | 'isPrecertificate'
  | 'hasOcspNoCheck'
>;

function readExtensions(tbs: DerReader): Extensions {
  let names: readonly string[] = [];
  let aki: string | null = null;
  let ski: string | null = null;
  let crlUrls: readonly string[] = [];
  let access: { ocsp: string[]; caIssuers: string[] } = { ocsp: [], caIssuers: [] };
  let policyOids: readonly string[] = [];
  let ekus: readonly string[] = [];
  let isCa = false;
  let isPrecertificate = false;
  let hasOcspNoCheck = false;
  if (tbs.peek() === 0xa3) {
    const list = tbs.enter(0xa3, 'extensions').enter(tag.sequence, 'Extensions');
    for (let count = 0; list.more; count++) {
      if (count >= certificateExtensionsMax) throw new DerError('too many extensions');
      const extension = list.enter(tag.sequence, 'Extension');
      const name = extension.oid('extnID');
      extension.optional(tag.boolean);
      const value = extension.content(extension.expect(tag.octetString, 'extnValue'));
      switch (name) {
        case oid.subjectAltName:
          names = readAlternativeNames(value);
          break;
        case oid.authorityKeyIdentifier: {
          const part = new DerReader(value).enter(tag.sequence, 'AuthorityKeyIdentifier');
          const identifier = part.optional(0x80);
          aki = identifier === null ? null : hex(part.content(identifier));
          break;
        }
        case oid.subjectKeyIdentifier: {
          const part = new DerReader(value);
          ski = hex(part.content(part.expect(tag.octetString, 'SubjectKeyIdentifier')));
          break;
        }
        case oid.crlDistributionPoints:
          crlUrls = readDistributionPoints(value);
          break;
        case oid.authorityInfoAccess:
          access = readAccess(value);
          break;
        case oid.certificatePolicies:
          policyOids = readPolicies(value);
          break;
        case oid.extKeyUsage: {
          const part = new DerReader(value).enter(tag.sequence, 'ExtKeyUsage');
          const found: string[] = [];
          while (part.more && found.length < certificateExtensionsMax) found.push(part.oid('KeyPurposeId'));
          ekus = found;
          break;
        }
        case oid.basicConstraints: {
          const part = new DerReader(value).enter(tag.sequence, 'BasicConstraints');
          isCa = part.peek() === tag.boolean && part.boolean('cA');
          break;
        }
        case oid.precertificatePoison:
          isPrecertificate = true;
          break;
        case oid.ocspNoCheck:
          hasOcspNoCheck = true;
          break;
      }
    }
  }
  return {
    names,
    aki,
    ski,
    crlUrls,
    ocspUrls: access.ocsp,
    caIssuersUrls: access.caIssuers,
    policyOids,
    ekus,
    isCa,
    isPrecertificate,
    hasOcspNoCheck,
  };
}

/** Names of a SubjectAltName value: dNSName lower case, then IP addresses as text, then rfc822Name. */
export function readAlternativeNames(value: Uint8Array): string[] {
  const list = new DerReader(value).enter(tag.sequence, 'GeneralNames');
  const dns: string[] = [];
  const addresses: string[] = [];
  const mail: string[] = [];
  for (let count = 0; list.more; count++) {
    if (count >= certificateNamesMax) throw new DerError('too many names');
    const name = list.read();
    const content = list.content(name);
    if (name.tag === 0x82) dns.push(latin1(content).toLowerCase());
    else if (name.tag === 0x87) addresses.push(addressText(content));
    else if (name.tag === 0x81) mail.push(latin1(content));
    else if (name.tag === 0xa0) mail.push(...smtpUtf8Mailbox(list, name));
  }
  return [...dns, ...addresses, ...mail];
}

/** The GeneralNames value for names as people write them: IP addresses and mail addresses are told by their form. */
export function writeAlternativeNames(names: readonly string[]): Uint8Array {
  return der.sequence(
    ...names.map((name) => {
      if (name.includes('@')) return der.implicit(1, Buffer.from(name, 'latin1'));
      if (isIP(name)) return der.implicit(7, addressBytes(name));
      return der.implicit(2, Buffer.from(name, 'latin1'));
    }),
  );
}

function addressBytes(text: string): Uint8Array {
  if (isIP(text) === 4) return Uint8Array.from(text.split('.').map(Number));
  // The URL parser writes any IPv6 form in hexadecimal groups, shortened once.
  const [head = '', tail] = new URL(`http://[${text}]`).hostname.slice(1, -1).split('::');
  const groups = (part: string) => (part === '' ? [] : part.split(':').map((group) => Number.parseInt(group, 16)));
  const left = groups(head);
  const right = tail === undefined ? [] : groups(tail);
  const all = [...left, ...new Array<number>(8 - left.length - right.length).fill(0), ...right];
  return Uint8Array.from(all.flatMap((group) => [group >> 8, group & 0xff]));
}

/** RFC 9598: otherName SmtpUTF8Mailbox. */
function smtpUtf8Mailbox(list: DerReader, name: Element): string[] {
  const inside = list.inside(name);
  if (inside.oid('type-id') !== '1.3.6.1.5.5.7.8.9' || inside.peek() !== 0xa0) return [];
  const value = inside.enter(0xa0, 'value');
  const text = value.optional(tag.utf8String);
  return text === null ? [] : [Buffer.from(value.content(text)).toString('utf8')];
}

function addressText(content: Uint8Array): string {
  if (content.length === 4) return content.join('.');
  if (content.length !== 16) return `#${hex(content)}`;
  const groups: string[] = [];
  for (let i = 0; i < 16; i += 2) groups.push(((content[i]! << 8) | content[i + 1]!).toString(16));
  // RFC 5952: the first longest run of two or more zero groups is shortened.
  let best = { from: 0, length: 0 };
  for (let from = 0; from < 8; from++) {
    let length = 0;
    while (from + length < 8 && groups[from + length] === '0') length++;
    if (length > best.length) best = { from, length };
  }
  if (best.length < 2) return groups.join(':');
  return `${groups.slice(0, best.from).join(':')}::${groups.slice(best.from + best.length).join(':')}`;
}

/** URIs of distributionPoint.fullName, in order. */
function readDistributionPoints(value: Uint8Array): string[] {
  const urls: string[] = [];
  const list = new DerReader(value).enter(tag.sequence, 'CRLDistributionPoints');
  while (list.more && urls.length < certificateExtensionsMax) {
    const point = list.enter(tag.sequence, 'DistributionPoint');
    if (point.peek() === 0xa0) urls.push(...distributionPointUrls(point.enter(0xa0, 'distributionPoint')));
  }
  return urls;
}

/** URIs of a DistributionPointName; also used for the CRL's issuingDistributionPoint. */
export function distributionPointUrls(name: DerReader): string[] {
  const urls: string[] = [];
  if (name.peek() !== 0xa0) return urls;
  const full = name.enter(0xa0, 'fullName');
  while (full.more && urls.length < certificateExtensionsMax) {
    const general = full.read();
    if (general.tag === 0x86) urls.push(latin1(full.content(general)));
  }
  return urls;
}

function readAccess(value: Uint8Array): { ocsp: string[]; caIssuers: string[] } {
  const found = { ocsp: [] as string[], caIssuers: [] as string[] };
  const list = new DerReader(value).enter(tag.sequence, 'AuthorityInfoAccess');
  for (let count = 0; list.more && count < certificateExtensionsMax; count++) {
    const description = list.enter(tag.sequence, 'AccessDescription');
    const method = description.oid('accessMethod');
    const location = description.read();
    if (location.tag !== 0x86) continue;
    const url = latin1(description.content(location));
    if (method === oid.aiaOcsp) found.ocsp.push(url);
    else if (method === oid.aiaCaIssuers) found.caIssuers.push(url);
  }
  return found;
}

function readPolicies(value: Uint8Array): string[] {
  const policies: string[] = [];
  const list = new DerReader(value).enter(tag.sequence, 'CertificatePolicies');
  while (list.more && policies.length < certificateExtensionsMax) {
    policies.push(list.enter(tag.sequence, 'PolicyInformation').oid('policyIdentifier'));
  }
  return policies;
}
