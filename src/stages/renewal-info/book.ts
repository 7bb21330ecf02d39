/**
 * Every certificate a client may ask about, packed: about 130 bytes each, no object per certificate, found in one probe by
 * ARI's name and by fingerprint. A million fit in one process, and a poll costs no question to the database.
 */
import type { Fingerprint, Serial, SpkiHash } from '../../foundation/brand.ts';
import { serialBytes } from '../../foundation/pki/x509.ts';
import type { Instant } from '../../foundation/time/time.ts';
import type { CertId } from './cert-id.ts';

/** What the book keeps of a certificate; an inventory's entry has all of it. */
export interface BookEntry {
  readonly fingerprint: Fingerprint;
  readonly authorityKeyId: string | null;
  readonly serial: Serial;
  readonly spkiHash: SpkiHash;
  readonly notBefore: Instant;
  readonly notAfter: Instant;
  readonly revoked: { readonly at: Instant } | null;
}

export interface Found {
  readonly ordinal: number;
  readonly fingerprint: Fingerprint;
  readonly notBefore: Instant;
  readonly notAfter: Instant;
  readonly revokedAt: Instant | null;
}

const digestBytes = 32;
/** One octet of length and 21 of serial. */
const serialSlot = 22;
const empty = -1;

export class Book {
  readonly #issuers = new Map<string, number>();
  #count = 0;
  #room = 1024;
  #fingerprints = Buffer.alloc(this.#room * digestBytes);
  #keys = Buffer.alloc(this.#room * digestBytes);
  #serials = Buffer.alloc(this.#room * serialSlot);
  #issuerOf = new Uint16Array(this.#room);
  #notBefore = new Float64Array(this.#room);
  #notAfter = new Float64Array(this.#room);
  /** NaN: not revoked. */
  #revokedAt = new Float64Array(this.#room);
  #replaced = new Uint8Array(this.#room);
  #byName = new Int32Array(this.#room * 4).fill(empty);
  #byFingerprint = new Int32Array(this.#room * 4).fill(empty);

  get count(): number {
    return this.#count;
  }

  /** Adds or updates. Certificates without an authorityKeyIdentifier have no name in ARI and are passed over. */
  learn(entry: BookEntry): void {
    if (entry.authorityKeyId === null) return;
    const serial = serialBytes(entry.serial);
    if (serial.length > serialSlot - 1) return;
    const issuer = this.#issuerOrdinal(entry.authorityKeyId);
    const known = this.#findByName(issuer, serial);
    if (known !== empty) {
      // The certificate of a precertificate has another fingerprint under the same name.
      this.#write(known, entry, issuer, serial);
      this.#place(this.#byFingerprint, hash(this.#fingerprints, known * digestBytes, digestBytes, 0), known);
      return;
    }
    if (this.#count === this.#room) this.#grow();
    const ordinal = this.#count++;
    this.#write(ordinal, entry, issuer, serial);
    this.#index(ordinal);
  }

  find(certId: CertId): Found | null {
    const issuer = this.#issuers.get(certId.authorityKeyId);
    if (issuer === undefined) return null;
    const ordinal = this.#findByName(issuer, serialBytes(certId.serial));
    if (ordinal === empty) return null;
    const revokedAt = this.#revokedAt[ordinal]!;
    return {
      ordinal,
      fingerprint: this.fingerprintOf(ordinal),
      notBefore: Temporal.Instant.fromEpochMilliseconds(this.#notBefore[ordinal]!),
      notAfter: Temporal.Instant.fromEpochMilliseconds(this.#notAfter[ordinal]!),
      revokedAt: Number.isNaN(revokedAt) ? null : Temporal.Instant.fromEpochMilliseconds(revokedAt),
    };
  }

  fingerprintOf(ordinal: number): Fingerprint {
    return this.#fingerprints.toString('hex', ordinal * digestBytes, (ordinal + 1) * digestBytes) as Fingerprint;
  }

  keyOf(ordinal: number): SpkiHash {
    return this.#keys.toString('hex', ordinal * digestBytes, (ordinal + 1) * digestBytes) as SpkiHash;
  }

  isReplaced(ordinal: number): boolean {
    return this.#replaced[ordinal] === 1;
  }

  /** False when the book does not hold the certificate. */
  markReplaced(fingerprint: Fingerprint): boolean {
    const ordinal = this.ordinalOf(fingerprint);
    if (ordinal === null) return false;
    this.#replaced[ordinal] = 1;
    return true;
  }

  ordinalOf(fingerprint: Fingerprint): number | null {
    const wanted = Buffer.from(fingerprint, 'hex');
    const table = this.#byFingerprint;
    for (let at = hash(wanted, 0, digestBytes, 0) & (table.length - 1); ; at = (at + 1) & (table.length - 1)) {
      const ordinal = table[at]!;
      if (ordinal === empty) return null;
      const from = ordinal * digestBytes;
      if (wanted.compare(this.#fingerprints, from, from + digestBytes) === 0) return ordinal;
    }
  }

  #issuerOrdinal(authorityKeyId: string): number {
    const known = this.#issuers.get(authorityKeyId);
    if (known !== undefined) return known;
    const ordinal = this.#issuers.size;
    // A CA has tens of issuing keys; a book that meets more than 65,535 is fed from somewhere else than a CA.
    if (ordinal > 0xffff) throw new RangeError('too many issuers in one renewal book');
    this.#issuers.set(authorityKeyId, ordinal);
    return ordinal;
  }

  #write(ordinal: number, entry: BookEntry, issuer: number, serial: Uint8Array): void {
    this.#fingerprints.write(entry.fingerprint, ordinal * digestBytes, digestBytes, 'hex');
    this.#keys.write(entry.spkiHash, ordinal * digestBytes, digestBytes, 'hex');
    this.#serials[ordinal * serialSlot] = serial.length;
    this.#serials.set(serial, ordinal * serialSlot + 1);
    this.#issuerOf[ordinal] = issuer;
    this.#notBefore[ordinal] = entry.notBefore.epochMilliseconds;
    this.#notAfter[ordinal] = entry.notAfter.epochMilliseconds;
    this.#revokedAt[ordinal] = entry.revoked?.at.epochMilliseconds ?? Number.NaN;
  }

  #findByName(issuer: number, serial: Uint8Array): number {
    const table = this.#byName;
    for (let at = hash(serial, 0, serial.length, issuer) & (table.length - 1); ; at = (at + 1) & (table.length - 1)) {
      const ordinal = table[at]!;
      if (ordinal === empty) return empty;
      if (this.#issuerOf[ordinal] === issuer && this.#sameSerial(ordinal, serial)) return ordinal;
    }
  }

  #sameSerial(ordinal: number, serial: Uint8Array): boolean {
    const from = ordinal * serialSlot;
    if (this.#serials[from] !== serial.length) return false;
    for (let i = 0; i < serial.length; i++) if (this.#serials[from + 1 + i] !== serial[i]) return false;
    return true;
  }

  #index(ordinal: number): void {
    const from = ordinal * serialSlot;
    const length = this.#serials[from]!;
    this.#place(this.#byName, hash(this.#serials, from + 1, length, this.#issuerOf[ordinal]!), ordinal);
    this.#place(this.#byFingerprint, hash(this.#fingerprints, ordinal * digestBytes, digestBytes, 0), ordinal);
  }

  #place(table: Int32Array, hashed: number, ordinal: number): void {
    let at = hashed & (table.length - 1);
    while (table[at] !== empty && table[at] !== ordinal) at = (at + 1) & (table.length - 1);
    table[at] = ordinal;
  }

  #grow(): void {
    this.#room *= 2;
    const bytes = (old: Buffer) => {
      const bigger = Buffer.alloc(old.length * 2);
      old.copy(bigger);
      return bigger;
    };
    this.#fingerprints = bytes(this.#fingerprints);
    this.#keys = bytes(this.#keys);
    this.#serials = bytes(this.#serials);
    this.#issuerOf = copied(new Uint16Array(this.#room), this.#issuerOf);
    this.#notBefore = copied(new Float64Array(this.#room), this.#notBefore);
    this.#notAfter = copied(new Float64Array(this.#room), this.#notAfter);
    this.#revokedAt = copied(new Float64Array(this.#room), this.#revokedAt);
    this.#replaced = copied(new Uint8Array(this.#room), this.#replaced);
    this.#byName = new Int32Array(this.#room * 4).fill(empty);
    this.#byFingerprint = new Int32Array(this.#room * 4).fill(empty);
    for (let ordinal = 0; ordinal < this.#count; ordinal++) this.#index(ordinal);
  }
}

function copied<T extends { set(from: T): void }>(to: T, from: T): T {
  to.set(from);
  return to;
}

/** FNV-1a, 32 bits. Serials carry 64 bits from a CSPRNG (TLS BR 7.1), so nobody outside can pile them onto one slot. */
function hash(bytes: Uint8Array, from: number, length: number, seed: number): number {
  let value = (0x811c9dc5 ^ seed) >>> 0;
  for (let i = from; i < from + length; i++) value = Math.imul(value ^ bytes[i]!, 0x01000193);
  return (value ^ (value >>> 15)) >>> 0;
}
