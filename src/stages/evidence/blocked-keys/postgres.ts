/**
 * Blocked keys, append-only: every key that was ever shown to be compromised, ours or not. Asked before issuance and
 * after every block (a certificate may have been on its way). Beside them stand the lists of weak-key classes that an
 * operator enters by hash. Schema `evidence`.
 */
import { hash } from 'node:crypto';
import type { Pool } from 'pg';
import type { ProofRecord, Verdict } from '../../../desk/facts.ts';
import type { CaseId, SpkiHash } from '../../../foundation/brand.ts';
import { parseCsr } from '../../../foundation/pki/csr.ts';
import { DerError } from '../../../foundation/pki/der.ts';
import type { Instant } from '../../../foundation/time/time.ts';
import { hashList, type KeyList } from '../weak/lists.ts';

/** Forward-only; `platform/store` runs them in order. */
export const migrations: readonly { readonly id: string; readonly sql: string }[] = [
  {
    id: 'evidence-001-blocked-keys',
    sql: `
      create schema if not exists evidence;

      create table evidence.blocked_key (
        seq bigint generated always as identity unique,
        -- Canonical SPKI, SHA-256: the same key in every encoding.
        spki_sha256 bytea primary key check (length(spki_sha256) = 32),
        -- Bare key (modulus, x-coordinate): the same modulus with another exponent is as good as this key.
        material_sha256 bytea check (length(material_sha256) = 32),
        blocked_at timestamptz not null,
        case_id text,
        because text not null,
        proof jsonb
      );
      create index blocked_key_material on evidence.blocked_key (material_sha256) where material_sha256 is not null;

      create table evidence.listed_key (
        hash bytea not null check (length(hash) in (15, 32)),
        class text not null,
        list text not null,
        added_at timestamptz not null,
        primary key (hash, class)
      );

      create function evidence.no_change() returns trigger language plpgsql as $$
      begin
        raise exception 'evidence.% is append-only', tg_table_name;
      end $$;
      create trigger blocked_key_append_only before update or delete or truncate on evidence.blocked_key
        for each statement execute function evidence.no_change();
    `,
  },
  {
    id: 'evidence-002-enrolments',
    sql: `
      -- SHA-256 of each request on which a certificate was issued, whole and without its signature. Whoever sends such
      -- a request back has shown nothing: it has been in other hands before.
      create table evidence.enrolment (
        request_sha256 bytea primary key check (length(request_sha256) = 32),
        seen_at timestamptz not null
      );
      create trigger enrolment_append_only before update or delete or truncate on evidence.enrolment
        for each statement execute function evidence.no_change();
    `,
  },
];

export interface BlockedKeyRow {
  readonly seq: number;
  readonly spkiSha256: SpkiHash;
  readonly blockedAt: Instant;
  readonly caseId: CaseId | null;
  readonly because: string;
  readonly proof: ProofRecord | null;
}

export interface BlockedKeyDetails {
  readonly materialSha256?: string;
  readonly proof?: ProofRecord | null;
}

export interface BlockedKeyStore {
  /** Durable when it resolves. Blocking twice is harmless and keeps the first entry. */
  block(
    keys: readonly SpkiHash[],
    because: { readonly caseId: CaseId | null; readonly verdict: Verdict | string },
    now: Instant,
    details?: ReadonlyMap<SpkiHash, BlockedKeyDetails>,
  ): Promise<void>;
  isBlocked(hash: string): Promise<boolean>;
  /** Canonical or material hashes to the entry that blocks them; those not blocked are absent. */
  lookup(hashes: readonly string[]): Promise<ReadonlyMap<string, BlockedKeyRow>>;
  /** In the order of blocking, after `seq`. */
  page(
    after: number,
    limit: number,
  ): Promise<{ readonly rows: readonly BlockedKeyRow[]; readonly next: number | null }>;
  /** Changes whenever the list does: the ETag of every export. */
  watermark(): Promise<{ readonly seq: number; readonly count: number; readonly etag: string }>;
  /** `spki_sha256,blocked_at,because` lines with a header, oldest first, in pieces. */
  exportCsv(): AsyncGenerator<string>;
  exportBloom(): Promise<Uint8Array>;
  /** Enters keys into the operator's list of one weak-key class (`debian`, `roca`, …). Hashes: SPKI, material, BKHASH120. */
  enlist(listed: string, hashes: readonly string[], list: string, now: Instant): Promise<void>;
  /** Remembers requests (DER) on which certificates were issued. What is no request is passed over. */
  noteEnrolled(requests: readonly Uint8Array[], now: Instant): Promise<void>;
  /** Which of these SHA-256 (lower-case hex; of whole requests or of their unsigned part) were enrolment requests. */
  enrolledAmong(hashes: readonly string[]): Promise<readonly string[]>;
  /** The operator's lists as one list, for `checkKey`. */
  lists(): Promise<readonly KeyList[]>;
}

const LOOKUP_CHUNK = 10_000;
const EXPORT_CHUNK = 10_000;
/** Entered by hand or by script; leaked-key collections belong into a file. */
const LISTED_MAX = 1_000_000;

export function postgresBlockedKeys(pool: Pool): BlockedKeyStore {
  const store: BlockedKeyStore = {
    async block(keys, because, now, details) {
      if (keys.length === 0) return;
      await pool.query(
        `insert into evidence.blocked_key (spki_sha256, material_sha256, blocked_at, case_id, because, proof)
         select decode(k.spki, 'hex'), decode(k.material, 'hex'), $1::timestamptz, $2, $3, k.proof
         from jsonb_to_recordset($4::jsonb) as k(spki text, material text, proof jsonb)
         on conflict (spki_sha256) do nothing`,
        [
          now.toString(),
          because.caseId,
          because.verdict,
          JSON.stringify(
            keys.map((spki) => ({
              spki,
              material: details?.get(spki)?.materialSha256 ?? null,
              proof: details?.get(spki)?.proof ?? null,
            })),
          ),
        ],
      );
    },

    async isBlocked(hash) {
      return (await store.lookup([hash])).size > 0;
    },

    async lookup(hashes) {
      const found = new Map<string, BlockedKeyRow>();
      const wanted = [...new Set(hashes.map((hash) => hash.toLowerCase()))].filter((hash) =>
        /^[0-9a-f]{64}$/.test(hash),
      );
      for (let at = 0; at < wanted.length; at += LOOKUP_CHUNK) {
        const chunk = wanted.slice(at, at + LOOKUP_CHUNK).map((hash) => Buffer.from(hash, 'hex'));
        const { rows } = await pool.query<Row & { material: string | null }>(
          `select ${columns}, encode(material_sha256, 'hex') as material from evidence.blocked_key
           where spki_sha256 = any($1) or material_sha256 = any($1)`,
          [chunk],
        );
        const asked = new Set(chunk.map((hash) => hash.toString('hex')));
        for (const row of rows) {
          const read = readRow(row);
          if (asked.has(read.spkiSha256)) found.set(read.spkiSha256, read);
          if (row.material !== null && asked.has(row.material)) found.set(row.material, read);
        }
      }
      return found;
    },

    async page(after, limit) {
      const { rows } = await pool.query<Row>(
        `select ${columns} from evidence.blocked_key where seq > $1 order by seq limit $2`,
        [after, limit],
      );
      const read = rows.map(readRow);
      return { rows: read, next: read.length < limit ? null : (read.at(-1)?.seq ?? null) };
    },

    async watermark() {
      const { rows } = await pool.query<{ seq: string | null; count: string }>(
        'select max(seq) as seq, count(*) as count from evidence.blocked_key',
      );
      const seq = Number(rows[0]?.seq ?? 0);
      const count = Number(rows[0]?.count ?? 0);
      return { seq, count, etag: `"blocked-${seq}-${count}"` };
    },

    async *exportCsv() {
      yield 'spki_sha256,blocked_at,because\n';
      for (let after = 0; ; ) {
        const { rows, next } = await store.page(after, EXPORT_CHUNK);
        yield rows
          .map((row) => `${row.spkiSha256},${row.blockedAt.toString()},${row.because.replace(/[",\r\n]/g, ' ')}\n`)
          .join('');
        if (next === null) return;
        after = next;
      }
    },

    async exportBloom() {
      const hashes: string[] = [];
      for (let after = 0; ; ) {
        const { rows, next } = await store.page(after, EXPORT_CHUNK);
        for (const row of rows) hashes.push(row.spkiSha256);
        if (next === null) return bloomFilter(hashes);
        after = next;
      }
    },

    async enlist(listed, hashes, list, now) {
      await pool.query(
        `insert into evidence.listed_key (hash, class, list, added_at)
         select decode(h, 'hex'), $2, $3, $4::timestamptz from unnest($1::text[]) as h
         on conflict do nothing`,
        [hashes.map((hash) => hash.toLowerCase()), listed, list, now.toString()],
      );
    },

    async noteEnrolled(requests, now) {
      const hashes = requests.flatMap(requestHashes);
      await pool.query(
        `insert into evidence.enrolment (request_sha256, seen_at)
         select decode(h, 'hex'), $2::timestamptz from unnest($1::text[]) as h
         on conflict do nothing`,
        [hashes, now.toString()],
      );
    },

    async enrolledAmong(hashes) {
      const wanted = hashes.filter((one) => /^[0-9a-f]{64}$/.test(one));
      const found: string[] = [];
      for (let at = 0; at < wanted.length; at += LOOKUP_CHUNK) {
        const { rows } = await pool.query<{ request: string }>(
          `select encode(request_sha256, 'hex') as request from evidence.enrolment where request_sha256 = any($1)`,
          [wanted.slice(at, at + LOOKUP_CHUNK).map((one) => Buffer.from(one, 'hex'))],
        );
        found.push(...rows.map((row) => row.request));
      }
      return found;
    },

    async lists() {
      const { rows } = await pool.query<{ hash: string; class: string; list: string }>(
        `select encode(hash, 'hex') as hash, class, list from evidence.listed_key limit ${LISTED_MAX}`,
      );
      const byList = new Map<string, Map<string, string>>();
      for (const row of rows) {
        const classes = byList.get(row.list) ?? new Map<string, string>();
        classes.set(row.hash, row.class);
        byList.set(row.list, classes);
      }
      return [...byList].map(([name, classes]) => hashList(classes, name));
    },
  };
  return store;
}

function requestHashes(request: Uint8Array): string[] {
  try {
    return [request, parseCsr(request).tbs].map((bytes) => hash('sha256', bytes, 'hex'));
  } catch (cause) {
    if (cause instanceof DerError) return [];
    throw cause;
  }
}

interface Row {
  readonly seq: string;
  readonly spki: string;
  readonly blocked_at: string;
  readonly case_id: string | null;
  readonly because: string;
  readonly proof: ProofRecord | null;
}

/** The time as text in UTC, because `pg` would make a Date of it and lose what Date cannot hold. */
const columns = `seq, encode(spki_sha256, 'hex') as spki,
  to_char(blocked_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') as blocked_at, case_id, because, proof`;

function readRow(row: Row): BlockedKeyRow {
  return {
    seq: Number(row.seq),
    spkiSha256: row.spki as SpkiHash,
    blockedAt: Temporal.Instant.from(row.blocked_at),
    caseId: row.case_id as CaseId | null,
    because: row.because,
    proof: row.proof,
  };
}

/** One false "perhaps" in a million; never a false "no". */
const BLOOM_HASHES = 20;
const BLOOM_BITS_PER_KEY = 29;

/**
 * A Bloom filter over SPKI hashes for issuance systems that must not depend on a call: `RSBF`, version 1, number of
 * hash functions, two zero bytes, number of bits (u64 big-endian), then the bits, lowest bit of each byte first. Index i of a
 * hash h is (a + i·b) mod bits with a and b the first and second 48 bits of h.
 */
export function bloomFilter(hashes: readonly string[]): Uint8Array {
  const bits = Math.max(64, hashes.length * BLOOM_BITS_PER_KEY);
  const filter = Buffer.alloc(16 + Math.ceil(bits / 8));
  filter.write('RSBF', 0, 'latin1');
  filter[4] = 1;
  filter[5] = BLOOM_HASHES;
  filter.writeBigUInt64BE(BigInt(bits), 8);
  for (const hash of hashes) {
    for (const index of bloomIndexes(hash, bits)) {
      const at = 16 + Math.floor(index / 8);
      filter[at] = (filter[at] as number) | (1 << (index & 7));
    }
  }
  return filter;
}

export function bloomHas(filter: Uint8Array, hash: string): boolean {
  const bits = Number(Buffer.from(filter.buffer, filter.byteOffset, filter.length).readBigUInt64BE(8));
  return bloomIndexes(hash, bits).every(
    (index) => ((filter[16 + Math.floor(index / 8)] as number) & (1 << (index & 7))) !== 0,
  );
}

function bloomIndexes(hash: string, bits: number): number[] {
  const a = Number.parseInt(hash.slice(0, 12), 16);
  const b = Number.parseInt(hash.slice(12, 24), 16);
  return Array.from({ length: BLOOM_HASHES }, (_, i) => (a + i * (b % bits)) % bits);
}
