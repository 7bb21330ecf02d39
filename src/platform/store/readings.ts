/**
 * What was read of each message: the redacted text that people may see, what triage said, and which case it went to.
 * Filed messages are here as well, so that somebody can look and sample. Keys and originals never are.
 */
import type { Pool } from 'pg';
import type { CaseId } from '../../foundation/brand.ts';
import type { Json } from '../../foundation/log/canonical.ts';
import type { Instant } from '../../foundation/time/time.ts';
import { run } from './statements.ts';

export const readingMigrations = [
  {
    id: '001-readings',
    sql: `create schema if not exists reading;
create table reading.message (
  report_id text primary key,
  case_id text,
  action text not null,
  message json not null,
  triage json not null,
  read_at timestamptz not null
);
create index message_case on reading.message (case_id) where case_id is not null;
create index message_filed on reading.message (read_at) where case_id is null;
create table reading.probe (
  fingerprint bytea primary key,
  at timestamptz not null,
  crl text not null,
  ocsp text not null,
  reason text,
  record json not null
) with (fillfactor = 70);`,
  },
  {
    id: '002-refuted',
    sql: `create table reading.refuted (
  fingerprint bytea not null,
  case_id text not null,
  primary key (fingerprint, case_id)
);`,
  },
] as const;

export interface StoredReading {
  readonly reportId: string;
  readonly caseId: CaseId | null;
  readonly action: string;
  readonly message: Json;
  readonly triage: Json;
  readonly at: Instant;
}

/** What relying parties saw of one certificate when the desk last looked. */
export interface StoredProbe {
  readonly fingerprint: string;
  readonly at: Instant;
  readonly crl: string;
  readonly ocsp: string;
  readonly reason: string | null;
  readonly record: Json;
}

/**
 * Promise: `keepProbes` is durable when it resolves; `put` before everything that is recorded later: a power cut that takes
 * it takes what followed as well, and the message is read again. Putting the same again changes nothing.
 */
export interface Readings {
  put(reading: StoredReading): Promise<void>;
  get(reportId: string): Promise<StoredReading | null>;
  caseOf(reportIds: readonly string[]): Promise<CaseId | null>;
  filed(page: { readonly before: Instant; readonly limit: number }): Promise<readonly StoredReading[]>;
  /** Certificates for which a case holds evidence that was tested and failed. */
  noteRefuted(caseId: CaseId, fingerprints: readonly string[]): Promise<void>;
  refuted(
    fingerprints: readonly string[],
  ): Promise<readonly { readonly fingerprint: string; readonly caseId: CaseId }[]>;
  keepProbes(probes: readonly StoredProbe[]): Promise<void>;
  probes(fingerprints: readonly string[]): Promise<readonly StoredProbe[]>;
}

const chunk = 5_000;

export function postgresReadings(pool: Pool): Readings {
  const columns = `report_id as "reportId", case_id as "caseId", action, message, triage, read_at as at`;
  return {
    async put({ reportId, caseId, action, message, triage, at }) {
      await run(
        pool,
        `with in_order as materialized (select set_config('synchronous_commit', 'off', true))
         insert into reading.message (report_id, case_id, action, message, triage, read_at)
         select $1, $2, $3, $4::json, $5::json, $6::timestamptz from in_order on conflict (report_id) do nothing`,
        // Into columns of type json, which keep the NUL characters of hostile mail; jsonb would refuse them.
        [reportId, caseId, action, JSON.stringify(message), JSON.stringify(triage), at.toString()],
        true,
      );
    },
    async get(reportId) {
      const rows = await run<StoredReading>(pool, `select ${columns} from reading.message where report_id = $1`, [
        reportId,
      ]);
      return rows[0] ?? null;
    },
    async caseOf(reportIds) {
      if (reportIds.length === 0) return null;
      const rows = await run<{ case_id: string }>(
        pool,
        'select case_id from reading.message where report_id = any($1) and case_id is not null order by read_at limit 1',
        [[...reportIds]],
      );
      return (rows[0]?.case_id ?? null) as CaseId | null;
    },
    async filed({ before, limit }) {
      const rows = await run<StoredReading>(
        pool,
        `select ${columns} from reading.message where case_id is null and read_at < $1 order by read_at desc limit $2`,
        [before.toString(), limit],
      );
      return rows;
    },
    async noteRefuted(caseId, fingerprints) {
      if (fingerprints.length === 0) return;
      await pool.query(
        `insert into reading.refuted (fingerprint, case_id) select f, $2 from unnest($1::bytea[]) as f on conflict do nothing`,
        [fingerprints.map((f) => Buffer.from(f, 'hex')), caseId],
      );
    },
    async refuted(fingerprints) {
      const { rows } = await pool.query<{ fingerprint: string; caseId: CaseId }>(
        `select encode(fingerprint, 'hex') as fingerprint, case_id as "caseId" from reading.refuted where fingerprint = any($1::bytea[])`,
        [fingerprints.map((f) => Buffer.from(f, 'hex'))],
      );
      return rows;
    },
    async keepProbes(probes) {
      // One row per certificate: a statement may not write the same one twice.
      const last = [...new Map(probes.map((p) => [p.fingerprint, p])).values()];
      for (let i = 0; i < last.length; i += chunk) {
        const slice = last.slice(i, i + chunk);
        await run(
          pool,
          `insert into reading.probe (fingerprint, at, crl, ocsp, reason, record)
           select decode(f, 'hex'), a::timestamptz, c, o, nullif(r, ''), j::json
           from unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::text[], $6::text[]) as t(f, a, c, o, r, j)
           on conflict (fingerprint) do update set at = excluded.at, crl = excluded.crl, ocsp = excluded.ocsp, reason = excluded.reason, record = excluded.record
             where excluded.at >= reading.probe.at`,
          [
            slice.map((p) => p.fingerprint),
            slice.map((p) => p.at.toString()),
            slice.map((p) => p.crl),
            slice.map((p) => p.ocsp),
            slice.map((p) => p.reason ?? ''),
            slice.map((p) => JSON.stringify(p.record)),
          ],
        );
      }
    },
    async probes(fingerprints) {
      const rows = await run<StoredProbe>(
        pool,
        `select encode(fingerprint, 'hex') as fingerprint, at, crl, ocsp, reason, record from reading.probe where fingerprint = any($1::bytea[])`,
        [fingerprints.map((f) => Buffer.from(f, 'hex'))],
      );
      return rows;
    },
  };
}
