/**
 * What was read of each message: the redacted text that people may see, what triage said, and which case it went to.
 * Filed messages are here as well, so that somebody can look and sample. Keys and originals never are.
 */
import type { Pool } from 'pg';
import type { CaseId } from '../../foundation/brand.ts';
import { Fault } from '../../foundation/fault.ts';
import { gathering } from '../../foundation/gathering.ts';
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
/** Messages of one statement: those that are read side by side are put and asked about together. */
const togetherMax = 100;
const togetherCharactersMax = 4_000_000;
const lingerMilliseconds = 10;

interface Row {
  readonly reading: StoredReading;
  readonly message: string;
  readonly triage: string;
}

function rowOf(reading: StoredReading): Row {
  return { reading, message: JSON.stringify(reading.message), triage: JSON.stringify(reading.triage) };
}

async function putAll(pool: Pool, rows: readonly Row[]): Promise<readonly null[]> {
  await run(
    pool,
    // As text into columns of type json, which keep the NUL characters of hostile mail; jsonb, and whatever takes JSON
    // apart in SQL, would refuse them.
    `with in_order as materialized (select set_config('synchronous_commit', 'off', true))
     insert into reading.message (report_id, case_id, action, message, triage, read_at)
     select report_id, case_id, action, message::json, triage::json, read_at
     from in_order, unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::text[], $6::timestamptz[])
       as given (report_id, case_id, action, message, triage, read_at)
     on conflict (report_id) do nothing`,
    [
      rows.map(({ reading }) => reading.reportId),
      rows.map(({ reading }) => reading.caseId),
      rows.map(({ reading }) => reading.action),
      rows.map(({ message }) => message),
      rows.map(({ triage }) => triage),
      rows.map(({ reading }) => reading.at.toString()),
    ],
    true,
  );
  return rows.map(() => null);
}

/** For each list of reports the case of the one that was read first. */
async function casesOf(pool: Pool, asked: readonly (readonly string[])[]): Promise<readonly (CaseId | null)[]> {
  const pairs = asked.flatMap((reportIds, place) => reportIds.map((reportId) => ({ place, reportId })));
  const rows = await run<{ place: number; case_id: string }>(
    pool,
    `select distinct on (place) place, case_id
     from unnest($1::integer[], $2::text[]) as asked (place, report_id)
     join reading.message as m on m.report_id = asked.report_id
     where case_id is not null order by place, read_at`,
    [pairs.map((pair) => pair.place), pairs.map((pair) => pair.reportId)],
  );
  const found = new Map(rows.map((row) => [row.place, row.case_id as CaseId]));
  return asked.map((_, place) => found.get(place) ?? null);
}

export function postgresReadings(pool: Pool): Readings {
  const put = gathering((rows: readonly Row[]) => putAll(pool, rows), {
    most: togetherMax,
    lingerMilliseconds,
    weightOf: (row) => row.message.length,
    weightMost: togetherCharactersMax,
    onesOwnFault: (error) => error instanceof Fault && error.code === 'database_error',
  });
  const caseOf = gathering((asked: readonly (readonly string[])[]) => casesOf(pool, asked), {
    most: togetherMax,
    lingerMilliseconds,
  });
  const columns = `report_id as "reportId", case_id as "caseId", action, message, triage, read_at as at`;
  return {
    async put(reading) {
      await put(rowOf(reading));
    },
    async get(reportId) {
      const rows = await run<StoredReading>(pool, `select ${columns} from reading.message where report_id = $1`, [
        reportId,
      ]);
      return rows[0] ?? null;
    },
    caseOf: async (reportIds) => (reportIds.length === 0 ? null : await caseOf(reportIds)),
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
