/**
 * Certificate revocation lists (RFC 5280 section 5; profile TLS BR 7.2). Written in one buffer and read in one pass,
 * because the day of a mass revocation is the day they are large: 83,267 entries are ordinary here.
 */
import type { KeyObject } from 'node:crypto';
import type { Serial } from '../brand.ts';
import { context, DerError, DerReader, der, equalBytes, header, hex, readTime, tag } from './der.ts';
import { oid } from './oids.ts';
import { signatureAlgorithmFor, verifySignature } from './signature.ts';
import { type Certificate, distributionPointUrls, serialBytes, serialText } from './x509.ts';

export interface RevokedEntry {
  readonly serial: Serial;
  readonly revokedAt: Temporal.Instant;
  /** RFC 5280 code, null when the entry carries no reason. */
  readonly reason: number | null;
  readonly invalidityAt: Temporal.Instant | null;
}

/* ---- writing ---- */

export interface CrlContent {
  readonly issuerDer: Uint8Array;
  /** keyIdentifier of the issuer's key. */
  readonly aki: Uint8Array;
  /** Strictly greater than in every CRL before, below 2^159 (TLS BR 7.2). */
  readonly number: bigint;
  readonly thisUpdate: Temporal.Instant;
  readonly nextUpdate: Temporal.Instant;
  /**
   * URLs of this CRL, one of them byte-identical to the URI in each certificate's CRLDP. A critical
   * issuingDistributionPoint names them; an empty list writes a full CRL without one.
   */
  readonly urls: readonly string[];
  readonly only: 'user' | 'ca' | null;
  /** Concatenated entries as `encodeRevokedEntry` writes them. */
  readonly entries: readonly Uint8Array[];
}

export function signCrl(content: CrlContent, key: KeyObject): Uint8Array {
  const algorithm = signatureAlgorithmFor(key);
  const head = Buffer.concat([
    der.integer(1),
    algorithm.identifier,
    content.issuerDer,
    der.time(content.thisUpdate),
    der.time(content.nextUpdate),
  ]);
  const length = content.entries.reduce((sum, entry) => sum + entry.length, 0);
  const extensions = der.explicit(0, der.sequence(...crlExtensions(content)));
  const listHeader = header(tag.sequence, length);
  // An empty revokedCertificates is forbidden by RFC 5280 section 5.1.2.6: it is left out.
  const listLength = length === 0 ? 0 : listHeader.length + length;
  const tbsHeader = header(tag.sequence, head.length + listLength + extensions.length);
  const tbs = Buffer.allocUnsafe(tbsHeader.length + head.length + listLength + extensions.length);
  let at = 0;
  const put = (bytes: Uint8Array) => {
    tbs.set(bytes, at);
    at += bytes.length;
  };
  put(tbsHeader);
  put(head);
  if (length > 0) {
    put(listHeader);
    for (const entry of content.entries) put(entry);
  }
  put(extensions);
  return der.sequence(tbs, algorithm.identifier, der.bits(algorithm.sign(tbs)));
}

/** Reason extensions, encoded once each. */
const entryReasons = new Map<number, Uint8Array>();
/** A mass revocation records thousands of entries in the same second. */
let lastTime: { readonly ms: number; readonly bytes: Uint8Array } = { ms: Number.NaN, bytes: new Uint8Array() };
const noExtensions = new Uint8Array();

/** One revokedCertificates entry. Reason 0 is refused: TLS BR 7.2.2 has it said by leaving the extension out. */
export function encodeRevokedEntry(entry: RevokedEntry): Uint8Array {
  if (entry.reason === 0) throw new RangeError('reason 0 is never encoded');
  const serial = serialBytes(entry.serial);
  const date = timeBytes(entry.revokedAt);
  const extensions = entryExtensions(entry);
  const length = 2 + serial.length + date.length + extensions.length;
  if (length >= 0x80 || serial.length >= 0x80) return der.sequence(der.integer(serial), date, extensions);
  const bytes = new Uint8Array(2 + length);
  bytes[0] = tag.sequence;
  bytes[1] = length;
  bytes[2] = tag.integer;
  bytes[3] = serial.length;
  bytes.set(serial, 4);
  bytes.set(date, 4 + serial.length);
  bytes.set(extensions, 4 + serial.length + date.length);
  return bytes;
}

function timeBytes(instant: Temporal.Instant): Uint8Array {
  const ms = instant.epochMilliseconds;
  if (lastTime.ms !== ms) lastTime = { ms, bytes: der.time(instant) };
  return lastTime.bytes;
}

function entryExtensions(entry: RevokedEntry): Uint8Array {
  if (entry.reason === null && entry.invalidityAt === null) return noExtensions;
  if (entry.invalidityAt === null) {
    let known = entryReasons.get(entry.reason!);
    if (known === undefined) {
      known = der.sequence(reasonExtension(entry.reason!));
      entryReasons.set(entry.reason!, known);
    }
    return known;
  }
  const invalidity = der.octets(der.generalizedTime(entry.invalidityAt));
  return der.sequence(
    ...(entry.reason === null ? [] : [reasonExtension(entry.reason)]),
    der.sequence(der.oid(oid.invalidityDate), invalidity),
  );
}

function reasonExtension(reason: number): Uint8Array {
  return der.sequence(der.oid(oid.reasonCode), der.octets(der.enumerated(reason)));
}

function crlExtensions(content: CrlContent): Uint8Array[] {
  const list = [
    der.sequence(der.oid(oid.authorityKeyIdentifier), der.octets(der.sequence(der.implicit(0, content.aki)))),
    der.sequence(der.oid(oid.crlNumber), der.octets(der.integer(content.number))),
  ];
  if (content.urls.length > 0) {
    const uris = content.urls.map((url) => der.implicit(6, Buffer.from(url, 'latin1')));
    const parts = [der.explicit(0, der.explicit(0, ...uris))];
    if (content.only === 'user') parts.push(der.implicit(1, Uint8Array.of(0xff)));
    if (content.only === 'ca') parts.push(der.implicit(2, Uint8Array.of(0xff)));
    list.push(
      der.sequence(der.oid(oid.issuingDistributionPoint), der.boolean(true), der.octets(der.sequence(...parts))),
    );
  }
  return list;
}

/* ---- reading ---- */

export interface IssuingDistributionPoint {
  readonly urls: readonly string[];
  readonly onlyUserCertificates: boolean;
  readonly onlyCaCertificates: boolean;
  readonly onlyAttributeCertificates: boolean;
  readonly onlySomeReasons: boolean;
  readonly indirect: boolean;
  readonly critical: boolean;
}

export interface Crl {
  readonly der: Uint8Array;
  readonly issuerDer: Uint8Array;
  readonly thisUpdate: Temporal.Instant;
  readonly nextUpdate: Temporal.Instant | null;
  readonly number: bigint | null;
  readonly aki: string | null;
  readonly idp: IssuingDistributionPoint | null;
  readonly isDelta: boolean;
  /** Critical extensions that this reader does not process. */
  readonly unknownCritical: readonly string[];
  readonly entryCount: number;
  readonly tbs: Uint8Array;
  readonly signatureAlgorithm: Uint8Array;
  readonly signature: Uint8Array;
  /** Null when the serial is not on the list. Throws DerError when its entry is malformed. */
  find(serial: Serial): RevokedEntry | null;
  entries(): Generator<RevokedEntry>;
  /** How many serials stand on the list more than once: 0 in a sound CRL. */
  duplicates(): number;
}

/** Throws DerError. Reads about two million entries per second; entries are decoded when asked for. */
export function parseCrl(bytes: Uint8Array): Crl {
  const outer = new DerReader(bytes);
  const list = outer.enter(tag.sequence, 'CertificateList');
  outer.done('the CRL');
  const tbsElement = list.expect(tag.sequence, 'TBSCertList');
  const signatureAlgorithm = list.whole(list.expect(tag.sequence, 'signatureAlgorithm'));
  const signature = list.bits('signatureValue');
  list.done('the CRL');

  const tbs = list.inside(tbsElement);
  tbs.optional(tag.integer);
  const innerAlgorithm = tbs.whole(tbs.expect(tag.sequence, 'signature'));
  // RFC 5280 section 5.1.1.2: the two algorithm identifiers are the same.
  if (!equalBytes(innerAlgorithm, signatureAlgorithm)) throw new DerError('the signature algorithms of the CRL differ');
  const issuerDer = tbs.whole(tbs.expect(tag.sequence, 'issuer'));
  const thisUpdate = tbs.time('thisUpdate');
  const nextUpdate = tbs.peek() === tag.utcTime || tbs.peek() === tag.generalizedTime ? tbs.time('nextUpdate') : null;
  const revoked = tbs.optional(tag.sequence);
  const offsets = revoked === null ? new Uint32Array(0) : walkEntries(bytes, revoked.contentFrom, revoked.to);
  const extensions = readCrlExtensions(tbs);
  tbs.done('TBSCertList');

  let table: { slots: Int32Array; duplicates: number } | null = null;
  const index = () => {
    table ??= buildTable(bytes, offsets);
    return table;
  };
  return {
    der: bytes,
    issuerDer,
    thisUpdate,
    nextUpdate,
    ...extensions,
    entryCount: offsets.length,
    tbs: list.whole(tbsElement),
    signatureAlgorithm,
    signature,
    find: (serial) => findEntry(bytes, offsets, index().slots, serialBytes(serial)),
    *entries() {
      for (const offset of offsets) yield readEntry(bytes, offset);
    },
    duplicates: () => index().duplicates,
  };
}

export function isCrlSignedBy(crl: Crl, issuer: Pick<Certificate, 'spki'>): boolean {
  return verifySignature({
    data: crl.tbs,
    algorithm: crl.signatureAlgorithm,
    signature: crl.signature,
    spki: issuer.spki,
  });
}

export type CrlProblem =
  | 'crl-wrong-issuer'
  | 'crl-bad-signature'
  | 'crl-not-yet-valid'
  | 'crl-expired'
  | 'crl-no-next-update'
  | 'crl-idp-mismatch'
  | 'crl-wrong-scope'
  | 'crl-indirect'
  | 'crl-delta'
  | 'crl-unknown-critical-extension'
  | 'crl-number-missing'
  | 'crl-number-went-back';

/** How far the CA's clock may be ahead of ours before its CRL counts as dated in the future. */
export const crlClockSkew = Temporal.Duration.from({ minutes: 5 });

/**
 * Whether a relying party may believe this CRL about this certificate, and which rule says no: RFC 5280 section
 * 6.3.3, TLS BR 7.2. `signatureChecked` skips the signature when the same bytes were verified before.
 */
export function crlProblem(
  crl: Crl,
  about: {
    readonly issuer: Pick<Certificate, 'subjectDer' | 'spki'>;
    /** CRLDP of the certificate. */
    readonly crlUrls: readonly string[];
    readonly isCa: boolean;
    readonly now: Temporal.Instant;
    /** Number of the newest CRL seen before for this issuer and URL. */
    readonly numberLast?: bigint | null;
    readonly signatureChecked?: boolean;
  },
): CrlProblem | null {
  if (!equalBytes(crl.issuerDer, about.issuer.subjectDer)) return 'crl-wrong-issuer';
  if (!about.signatureChecked && !isCrlSignedBy(crl, about.issuer)) return 'crl-bad-signature';
  if (crl.isDelta) return 'crl-delta';
  if (crl.unknownCritical.length > 0) return 'crl-unknown-critical-extension';
  const { idp } = crl;
  if (idp !== null) {
    if (idp.indirect) return 'crl-indirect';
    if (idp.onlyAttributeCertificates || idp.onlySomeReasons) return 'crl-wrong-scope';
    if (about.isCa ? idp.onlyUserCertificates : idp.onlyCaCertificates) return 'crl-wrong-scope';
    // TLS BR 7.2.2.1: one URI byte-identical to the one in the certificate. Otherwise it may be another shard.
    if (idp.urls.length > 0 && !idp.urls.some((url) => about.crlUrls.includes(url))) return 'crl-idp-mismatch';
  }
  if (crl.number === null) return 'crl-number-missing';
  if (about.numberLast != null && crl.number < about.numberLast) return 'crl-number-went-back';
  if (Temporal.Instant.compare(crl.thisUpdate, about.now.add(crlClockSkew)) > 0) return 'crl-not-yet-valid';
  if (crl.nextUpdate === null) return 'crl-no-next-update';
  if (Temporal.Instant.compare(crl.nextUpdate, about.now) <= 0) return 'crl-expired';
  return null;
}

function readCrlExtensions(tbs: DerReader): Pick<Crl, 'number' | 'aki' | 'idp' | 'isDelta' | 'unknownCritical'> {
  let number: bigint | null = null;
  let aki: string | null = null;
  let idp: IssuingDistributionPoint | null = null;
  let isDelta = false;
  const unknownCritical: string[] = [];
  if (tbs.peek() === context(0)) {
    const list = tbs.enter(context(0), 'crlExtensions').enter(tag.sequence, 'Extensions');
    for (let count = 0; list.more; count++) {
      if (count >= 100) throw new DerError('too many extensions');
      const extension = list.enter(tag.sequence, 'Extension');
      const name = extension.oid('extnID');
      const critical = extension.peek() === tag.boolean && extension.boolean('critical');
      const value = new DerReader(extension.content(extension.expect(tag.octetString, 'extnValue')));
      switch (name) {
        case oid.crlNumber: {
          const content = value.content(value.expect(tag.integer, 'cRLNumber'));
          if (content.length === 0 || content.length > 21 || content[0]! & 0x80)
            throw new DerError('cRLNumber is out of range');
          number = BigInt(`0x${hex(content)}`);
          break;
        }
        case oid.authorityKeyIdentifier: {
          const part = value.enter(tag.sequence, 'AuthorityKeyIdentifier');
          const identifier = part.optional(0x80);
          aki = identifier === null ? null : hex(part.content(identifier));
          break;
        }
        case oid.issuingDistributionPoint:
          idp = readIdp(value.enter(tag.sequence, 'IssuingDistributionPoint'), critical);
          break;
        case oid.deltaCrlIndicator:
          isDelta = true;
          break;
        default:
          if (critical) unknownCritical.push(name);
      }
    }
  }
  return { number, aki, idp, isDelta, unknownCritical };
}

function readIdp(body: DerReader, critical: boolean): IssuingDistributionPoint {
  let urls: string[] = [];
  const flags = new Set<number>();
  while (body.more) {
    const part = body.read();
    if (part.tag === context(0)) urls = distributionPointUrls(body.inside(part));
    else if (part.tag === 0x83) flags.add(3);
    else if (body.content(part)[0]) flags.add(part.tag & 0x1f);
  }
  return {
    urls,
    onlyUserCertificates: flags.has(1),
    onlyCaCertificates: flags.has(2),
    onlySomeReasons: flags.has(3),
    indirect: flags.has(4),
    onlyAttributeCertificates: flags.has(5),
    critical,
  };
}

/* ---- the list itself: offsets of the entries and a hash table over them, no object per entry ---- */

/** Offset of each entry. Every entry is checked to be a SEQUENCE that starts with a short INTEGER. */
function walkEntries(bytes: Uint8Array, from: number, to: number): Uint32Array {
  let offsets = new Uint32Array(Math.max(16, Math.ceil((to - from) / 48)));
  let count = 0;
  let at = from;
  while (at < to) {
    if (bytes[at] !== tag.sequence) throw new DerError('a CRL entry is not a sequence');
    let length = bytes[at + 1]!;
    let content = at + 2;
    if (length === 0x81 && bytes[at + 2]! >= 0x80) {
      length = bytes[at + 2]!;
      content = at + 3;
    } else if (length === 0x82 && bytes[at + 2]! > 0) {
      length = bytes[at + 2]! * 256 + bytes[at + 3]!;
      content = at + 4;
    } else if (length >= 0x80) {
      throw new DerError('a CRL entry has an unusual length');
    }
    const end = content + length;
    const serialLength = bytes[content + 1]!;
    if (
      end > to ||
      bytes[content] !== tag.integer ||
      serialLength === 0 ||
      serialLength > 40 ||
      content + 2 + serialLength > end
    ) {
      throw new DerError('a CRL entry is malformed');
    }
    if (count === offsets.length) {
      const larger = new Uint32Array(offsets.length * 2);
      larger.set(offsets);
      offsets = larger;
    }
    offsets[count++] = at;
    at = end;
  }
  return offsets.subarray(0, count);
}

/** FNV-1a over the serial without leading zero octets, so that a missing sign octet still finds its entry. */
function serialHash(bytes: Uint8Array, from: number, to: number): number {
  let h = 0x811c9dc5;
  for (let i = from; i < to; i++) h = Math.imul(h ^ bytes[i]!, 0x01000193);
  return h ^ (h >>> 15);
}

function serialSpan(bytes: Uint8Array, offset: number): [from: number, to: number] {
  const lengthOctet = bytes[offset + 1]!;
  const content = offset + 2 + (lengthOctet & 0x80 ? lengthOctet & 0x7f : 0);
  let from = content + 2;
  const to = from + bytes[content + 1]!;
  while (from < to - 1 && bytes[from] === 0) from++;
  return [from, to];
}

function sameSpan(a: Uint8Array, aFrom: number, aTo: number, b: Uint8Array, bFrom: number, bTo: number): boolean {
  if (aTo - aFrom !== bTo - bFrom) return false;
  for (let i = aFrom, j = bFrom; i < aTo; i++, j++) if (a[i] !== b[j]) return false;
  return true;
}

function buildTable(bytes: Uint8Array, offsets: Uint32Array): { slots: Int32Array; duplicates: number } {
  let size = 16;
  while (size < offsets.length * 2) size *= 2;
  const slots = new Int32Array(size).fill(-1);
  let duplicates = 0;
  for (let i = 0; i < offsets.length; i++) {
    const [from, to] = serialSpan(bytes, offsets[i]!);
    let slot = serialHash(bytes, from, to) & (size - 1);
    for (; slots[slot] !== -1; slot = (slot + 1) & (size - 1)) {
      const [otherFrom, otherTo] = serialSpan(bytes, offsets[slots[slot]!]!);
      if (sameSpan(bytes, from, to, bytes, otherFrom, otherTo)) break;
    }
    if (slots[slot] === -1) slots[slot] = i;
    else duplicates++;
  }
  return { slots, duplicates };
}

function findEntry(
  bytes: Uint8Array,
  offsets: Uint32Array,
  slots: Int32Array,
  serial: Uint8Array,
): RevokedEntry | null {
  let start = 0;
  while (start < serial.length - 1 && serial[start] === 0) start++;
  const mask = slots.length - 1;
  for (let slot = serialHash(serial, start, serial.length) & mask; slots[slot] !== -1; slot = (slot + 1) & mask) {
    const offset = offsets[slots[slot]!]!;
    const [from, to] = serialSpan(bytes, offset);
    if (sameSpan(serial, start, serial.length, bytes, from, to)) return readEntry(bytes, offset);
  }
  return null;
}

function readEntry(bytes: Uint8Array, offset: number): RevokedEntry {
  const entry = new DerReader(bytes, offset, bytes.length).enter(tag.sequence, 'the CRL entry');
  const serial = serialText(entry.content(entry.expect(tag.integer, 'userCertificate')));
  const date = entry.read();
  const revokedAt = readTime(date.tag, entry.content(date), 'revocationDate');
  let reason: number | null = null;
  let invalidityAt: Temporal.Instant | null = null;
  if (entry.peek() === tag.sequence) {
    const list = entry.enter(tag.sequence, 'crlEntryExtensions');
    while (list.more) {
      const extension = list.enter(tag.sequence, 'Extension');
      const name = extension.oid('extnID');
      extension.optional(tag.boolean);
      const value = new DerReader(extension.content(extension.expect(tag.octetString, 'extnValue')));
      if (name === oid.reasonCode) reason = value.content(value.expect(tag.enumerated, 'CRLReason'))[0] ?? null;
      else if (name === oid.invalidityDate) invalidityAt = value.time('invalidityDate');
    }
  }
  entry.done('the CRL entry');
  return { serial, revokedAt, reason, invalidityAt };
}
