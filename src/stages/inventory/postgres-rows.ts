import type { CertificateFacts, Profile, Reason } from '../../desk/facts.ts';
import type { Fingerprint, Serial, SpkiHash } from '../../foundation/brand.ts';
import type { InventoryCertificate } from './inventory.ts';

/** One row as `columns` selects it; digests come as hex text, instants as seconds since 1970. */
export interface Row {
  /** A bigint: text or number, as the pool reads it. */
  readonly id: string | number;
  readonly seq: string | number;
  readonly fingerprint: string;
  readonly pre: string | null;
  readonly precertificate: boolean;
  readonly serial: string;
  readonly issuer_hash: string;
  readonly issuer: string;
  readonly aki: string;
  readonly names: readonly string[];
  readonly not_before: number;
  readonly not_after: number;
  /** Null when equal to `h2`. */
  readonly h1: string | null;
  readonly h2: string;
  readonly h3: string;
  readonly profile: Profile;
  readonly short_lived: boolean;
  readonly subscriber: string | null;
  readonly account: string | null;
  readonly tags: readonly string[];
  readonly crl_urls: readonly string[];
  readonly ocsp_urls: readonly string[];
  readonly revoked_at: number | null;
  readonly revoked_reason: Reason | null;
  readonly status: CertificateFacts['status'];
}

/** $2 is the instant of the question, in seconds since 1970: `expired` is a matter of now, not of the row. */
export const columns = `c.id, c.seq, encode(c.fingerprint, 'hex') as fingerprint,
  encode(c.precertificate_fingerprint, 'hex') as pre, c.precertificate, encode(c.serial, 'hex') as serial,
  encode(i.hash, 'hex') as issuer_hash, i.name as issuer, encode(i.authority_key_id, 'hex') as aki, c.names,
  extract(epoch from c.not_before)::float8 as not_before, extract(epoch from c.not_after)::float8 as not_after,
  encode(c.h1, 'hex') as h1, encode(c.h2, 'hex') as h2, encode(c.h3, 'hex') as h3, c.profile, c.short_lived,
  c.subscriber, c.account, c.tags, c.crl_urls, c.ocsp_urls,
  extract(epoch from c.revoked_at)::float8 as revoked_at, c.revoked_reason,
  case when c.revoked_at is not null then 'revoked'
       when c.not_after < to_timestamp($2::float8) then 'expired' else 'good' end as status`;

export function certificateOf(row: Row): InventoryCertificate {
  return {
    fingerprint: row.fingerprint as Fingerprint,
    serial: row.serial.replace(/^0+(?=.)/, '') as Serial,
    issuerHash: row.issuer_hash,
    issuer: row.issuer,
    names: row.names,
    notBefore: instant(row.not_before),
    notAfter: instant(row.not_after),
    spkiHash: row.h2 as SpkiHash,
    precertificate: row.precertificate,
    profile: row.profile,
    shortLived: row.short_lived,
    subscriber: row.subscriber,
    status: row.status,
    crlUrls: row.crl_urls,
    ocspUrls: row.ocsp_urls,
    authorityKeyId: row.aki === '' ? null : row.aki,
    spkiExact: row.h1 ?? row.h2,
    keyMaterial: row.h3,
    precertificateFingerprint: row.pre as Fingerprint | null,
    account: row.account,
    tags: row.tags,
    revoked: row.revoked_at === null ? null : { at: instant(row.revoked_at), reason: row.revoked_reason },
  };
}

function instant(epochSeconds: number) {
  return Temporal.Instant.fromEpochMilliseconds(Math.round(epochSeconds * 1000));
}
