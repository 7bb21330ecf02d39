/**
 * The inventory: every certificate the CA issued, found by anything a reporter may name.
 *
 * The promise of this port:
 *  - `add` is durable when it resolves, and adding the same certificate again changes nothing.
 *  - A precertificate and its certificate are one entry. Root programs treat a logged precertificate as if the final
 *    certificate exists (MRSP 5.4), so an entry known only from its precertificate is found and revoked like any other.
 *    Two *different* certificates under one issuer and serial (a CA's fault, but it happens) stay two entries.
 *  - `find` tries the index asked for; `findByKeys` tries all three key hashes. Each match says which index matched, because
 *    a hit by key material alone (same modulus, other exponent) is a lead to be proven and not yet a match.
 *  - Every answer carries the watermark, also and above all an empty one: "no certificate matches" may be said to a
 *    reporter only when the inventory is complete up to the report (a CA answered 2021 from an index that was not).
 *  - Expired and revoked certificates are answers as well: the first for the record, the second because the reason may
 *    have to be raised to keyCompromise.
 *
 * A caller must not assume that an answer is complete when `more` is set.
 */

import type { CertificateFacts, Profile, Reason } from '../../desk/facts.ts';
import type { Fingerprint, Serial, SpkiHash } from '../../foundation/brand.ts';
import type { Instant } from '../../foundation/time/time.ts';
import type { Watermark } from './watermark.ts';

/** Rows per call of `add`. A source splits its input; the bound keeps one statement's memory small. */
export const batchMax = 20_000;
/** Matches per answer. Larger sets are walked in pages. */
export const matchesMax = 10_000;
/** Key hashes per call of `findByKeys`; a bulk submission of more is split by its caller. */
export const keyHashesMax = 10_000;

/** Values per call of `findMany`. */
export const manyMax = 10_000;

/** One certificate as an importer hands it in. Digests are lower-case hex. */
export interface IssuedCertificate {
  readonly fingerprint: Fingerprint;
  readonly sha1: string | null;
  readonly precertificate: boolean;
  readonly serial: Serial;
  readonly issuerHash: string;
  readonly issuer: string;
  /** keyIdentifier of the authorityKeyIdentifier extension; ARI names certificates by it. */
  readonly authorityKeyId: string | null;
  /** dNSName, iPAddress and rfc822Name of subjectAltName, else the subject's common name; normalised. */
  readonly names: readonly string[];
  readonly notBefore: Instant;
  readonly notAfter: Instant;
  /** SHA-256 of the canonical SubjectPublicKeyInfo. */
  readonly spkiHash: SpkiHash;
  /** SHA-256 of the SubjectPublicKeyInfo as it stands. */
  readonly spkiExact: string;
  /** SHA-256 of the bare key (modulus, x coordinate, raw key). */
  readonly keyMaterial: string;
  /** SHA-1 of the SubjectPublicKeyInfo as it stands: crt.sh and secret scanners use it. */
  readonly spkiSha1: string | null;
  readonly subjectKeyId: string | null;
  readonly profile: Profile;
  readonly shortLived: boolean;
  readonly crlUrls: readonly string[];
  readonly ocspUrls: readonly string[];
  readonly subscriber: string | null;
  /** Account that ordered it (ACME account id or the like). */
  readonly account: string | null;
  readonly tags: readonly string[];
  readonly revoked: Revoked | null;
  /** Null when only a listing is known. */
  readonly der: Uint8Array | null;
}

export interface Revoked {
  readonly at: Instant;
  /** Null: the CA's list gives none. */
  readonly reason: Reason | null;
}

/** What an answer says of one certificate: the facts stages share, and what only an inventory knows. */
export interface InventoryCertificate extends CertificateFacts {
  readonly authorityKeyId: string | null;
  readonly spkiExact: string;
  readonly keyMaterial: string;
  readonly precertificateFingerprint: Fingerprint | null;
  readonly account: string | null;
  readonly tags: readonly string[];
  readonly revoked: Revoked | null;
}

export const indexes = [
  'fingerprint',
  'precertificate',
  'sha1',
  'serial',
  'spki',
  'spki-exact',
  'key-material',
  'spki-sha1',
  'subject-key-id',
  'name',
  'wildcard',
  'subdomain',
  'crtsh',
  'cert-id',
  'subscriber',
  'account',
  'tag',
] as const;
/** The index that found a certificate. */
export type Index = (typeof indexes)[number];

export type Query =
  | {
      readonly by:
        | 'fingerprint'
        | 'precertificate'
        | 'sha1'
        | 'serial'
        | 'spki'
        | 'spki-exact'
        | 'key-material'
        | 'spki-sha1'
        | 'subject-key-id'
        | 'crtsh'
        | 'subscriber'
        | 'account'
        | 'tag';
      readonly value: string;
    }
  /** Exactly this name. */
  | { readonly by: 'name'; readonly value: string }
  /** This domain, the wildcards that cover it, and everything below it. */
  | { readonly by: 'domain'; readonly value: string }
  /** RFC 9773 section 4.1: key identifier of the issuer and serial. */
  | { readonly by: 'cert-id'; readonly authorityKeyId: string; readonly serial: Serial };

export interface Match {
  readonly certificate: InventoryCertificate;
  /** Every index that matched, strongest first (order of `indexes`). */
  readonly by: readonly Index[];
}

export interface Answer {
  readonly matches: readonly Match[];
  /** There are more than the limit. */
  readonly more: boolean;
  readonly watermark: Watermark;
}

export interface KeyPage {
  /** Certificates in the order in which the inventory learnt of them; `by` has only the three key indexes. */
  readonly matches: readonly Match[];
  /** Hand it in as `after` for the next page; null on the last. */
  readonly next: string | null;
  /** Position of the last match, also on the last page: whoever follows the inventory asks on from here later. */
  readonly last: string | null;
  readonly watermark: Watermark;
}

export interface Added {
  readonly stored: number;
  /** Completed an entry: the certificate of a known precertificate, or the other way round. */
  readonly unified: number;
  /** Already there, byte for byte. */
  readonly known: number;
}

export interface Stats {
  /** Entries, precertificate-only ones included: what may have to be revoked. */
  readonly certificates: number;
  /** Known only from the precertificate. */
  readonly precertificates: number;
  readonly revoked: number;
  /** Past notAfter, revoked or not. */
  readonly expired: number;
  readonly watermark: Watermark;
}

/** What a source last reported, and where it resumes. */
export interface Progress {
  readonly source: string;
  /** `ca` says how many exist and is therefore what completeness is measured against; the others only add. */
  readonly kind: 'ca' | 'ct' | 'files';
  /** Opaque to everyone but the source. */
  readonly position: string | null;
  /** Certificates issued so far, as the CA itself counts them; null when it does not say. */
  readonly issuedCount: number | null;
  /** Every certificate issued until then has been handed in. */
  readonly upTo: Instant | null;
}

export interface StatusMark {
  readonly fingerprint: Fingerprint;
  readonly revoked: Revoked;
}

export interface Inventory {
  /** At most `batchMax`. Annotations (subscriber, account, tags) of a known entry are filled in, never erased. */
  add(batch: readonly IssuedCertificate[]): Promise<Added>;
  /** Default limit 1,000, at most `matchesMax`. */
  find(query: Query, options?: { readonly limit?: number }): Promise<Answer>;
  /**
   * Every certificate with one of these key hashes (canonical, exact or material; lower-case hex SHA-256), in pages.
   * At most `keyHashesMax` hashes; page size at most `matchesMax`.
   */
  findByKeys(
    hashes: readonly string[],
    page?: { readonly after?: string | null; readonly limit?: number },
  ): Promise<KeyPage>;
  /**
   * Every certificate with one of these, in one question: by fingerprint (of the certificate or its precertificate), by
   * serial of whatever issuer, by crt.sh id, or with exactly one of these names. Values that nothing carries are absent,
   * no value is a pattern, and order is not kept. At most `manyMax` values.
   */
  findMany(
    by: 'fingerprint' | 'serial' | 'name' | 'crtsh',
    values: readonly string[],
  ): Promise<readonly InventoryCertificate[]>;
  /** Which of these names stand in a certificate, as they were given. At most `manyMax`. */
  namesAmong(names: readonly string[]): Promise<ReadonlySet<string>>;
  /** How many entries carry one of these hashes; the size of a case before its certificates are listed. */
  countByKeys(hashes: readonly string[]): Promise<number>;
  /** DER by fingerprint of a certificate or precertificate; fingerprints without bytes are absent from the map. */
  bytesOf(fingerprints: readonly Fingerprint[]): Promise<ReadonlyMap<Fingerprint, Uint8Array>>;
  /**
   * Everything, in the order in which it was learnt or last changed (its certificate came, it was revoked): nightly checks,
   * exports, a book kept in memory. Following from `last` misses nothing; an entry that changes meanwhile comes again.
   */
  walk(page: { readonly after: string | null; readonly limit: number }): Promise<KeyPage>;
  /**
   * Records what a probe or the CA said. Only ever adds or upgrades: an earlier revocation instant is kept, and a reason
   * changes only to keyCompromise (RFC 5280 has no way back, and a second call must never downgrade a reason).
   * Unknown fingerprints are ignored; returns how many entries changed.
   */
  markStatus(marks: readonly StatusMark[]): Promise<number>;
  /** crt.sh ids seen together with a fingerprint, so that an id alone finds its certificate. */
  learnCrtshIds(pairs: readonly { readonly id: string; readonly fingerprint: Fingerprint }[]): Promise<void>;
  stats(): Promise<Stats>;
  /** How far answers may be trusted at the moment; cheaper than `stats`. */
  watermark(): Promise<Watermark>;
  progress(source: string): Promise<Progress | null>;
  /** Only call it when everything before `position` has been added. */
  record(progress: Progress): Promise<void>;
}
