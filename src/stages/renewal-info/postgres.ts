/** The store in PostgreSQL, schema `renewal_info`. */
import type { Pool } from 'pg';
import type { Fingerprint, SpkiHash } from '../../foundation/brand.ts';
import type { Instant } from '../../foundation/time/time.ts';
import type { Advice } from './advice.ts';
import type { ReplacedBy } from './replacement.ts';
import { type RenewalStore, type Replacement, storeBatchMax, type Told } from './store.ts';

export { migrations } from './postgres-migrations.ts';

/**
 * Every change takes the next version under a lock on the one row that counts them, so that versions become visible in their
 * order: a reader that has seen 7 will never find a 6 appearing behind it.
 */
const nextVersion = `with next as (update renewal_info.version set at = at + 1 returning at)`;

export function postgresRenewalStore(pool: Pool): RenewalStore {
  return {
    async raise(advice) {
      await pool.query(
        `${nextVersion}
         insert into renewal_info.advice
           (id, case_id, keys, list_id, decided_at, end_by, pace, explanation_url, raised_version)
         select $1, $2, $3, $4, to_timestamp($5), to_timestamp($6), $7, $8, next.at from next
         on conflict (id) do nothing`,
        [
          advice.id,
          advice.caseId,
          advice.keys,
          advice.listId,
          seconds(advice.decidedAt),
          seconds(advice.endBy),
          advice.pace,
          advice.explanationUrl,
        ],
      );
    },
    async withdraw(adviceId, at) {
      await pool.query(
        `${nextVersion}
         update renewal_info.advice set withdrawn_at = to_timestamp($2), withdrawn_version = next.at
           from next where id = $1 and withdrawn_at is null`,
        [adviceId, seconds(at)],
      );
    },
    async prepare(listId, fingerprints) {
      // One packed value instead of an array of a hundred thousand: the driver has nothing to escape.
      await pool.query(
        `insert into renewal_info.listed (list_id, fingerprint)
         select $1, substring($2::bytea from n * 32 + 1 for 32) from generate_series(0, length($2::bytea) / 32 - 1) as n
         on conflict do nothing`,
        [listId, packed(fingerprints)],
      );
    },
    async listed(listId, after, limit) {
      const rows = await pool.query<{ packed: Buffer | null }>(
        `select string_agg(fingerprint, ''::bytea order by fingerprint) as packed
           from (select fingerprint from renewal_info.listed
                  where list_id = $1 and fingerprint > $2 order by fingerprint limit $3) as page`,
        [listId, Buffer.from(after ?? '', 'hex'), limit],
      );
      return unpacked(rows.rows[0]?.packed ?? null);
    },
    async replaced(replacements) {
      if (replacements.length === 0) return 0;
      const stored = await pool.query(
        `${nextVersion}
         insert into renewal_info.replacement (fingerprint, replacement, seen_by, seen_at, version)
         select g.fingerprint, g.replacement, g.seen_by, to_timestamp(g.seen_at), next.at
           from unnest($1::bytea[], $2::bytea[], $3::text[], $4::float8[]) as g(fingerprint, replacement, seen_by, seen_at),
                next
         on conflict (fingerprint) do nothing`,
        [
          replacements.map((entry) => Buffer.from(entry.fingerprint, 'hex')),
          replacements.map((entry) => (entry.replacement === null ? null : Buffer.from(entry.replacement, 'hex'))),
          replacements.map((entry) => entry.by),
          replacements.map((entry) => seconds(entry.seenAt)),
        ],
      );
      return stored.rowCount ?? 0;
    },
    async replacementOf(fingerprint) {
      const rows = await pool.query<ReplacementRow>(
        `select encode(fingerprint, 'hex') as fingerprint, encode(replacement, 'hex') as replacement, seen_by,
                extract(epoch from seen_at)::float8 as seen_at
           from renewal_info.replacement where fingerprint = $1`,
        [Buffer.from(fingerprint, 'hex')],
      );
      return rows.rows[0] === undefined ? null : replacementOf(rows.rows[0]);
    },
    async changes(since) {
      const version = await pool.query<{ at: Whole }>('select at from renewal_info.version');
      const upTo = Number(version.rows[0]!.at);
      if (upTo === since) return { version: since, raised: [], withdrawn: [], replaced: [], more: false };
      // A version's replacements are at most one batch, so a page of whole versions never grows beyond two.
      const page = await pool.query<{ packed: Buffer | null; last: Whole | null }>(
        `select string_agg(fingerprint, ''::bytea) as packed, max(version) as last
           from (select fingerprint, version from renewal_info.replacement
                  where version > $1 and version <= $2
                  order by version fetch first $3 rows with ties) as page`,
        [since, upTo, storeBatchMax],
      );
      const replaced = unpacked(page.rows[0]?.packed ?? null);
      const to = replaced.length >= storeBatchMax ? Number(page.rows[0]!.last) : upTo;
      const advices = await pool.query<AdviceRow>(
        `select id, case_id, keys, list_id, extract(epoch from decided_at)::float8 as decided_at,
                extract(epoch from end_by)::float8 as end_by, pace, explanation_url,
                withdrawn_version is not null as is_withdrawn
           from renewal_info.advice
          where (raised_version > $1 and raised_version <= $2) or (withdrawn_version > $1 and withdrawn_version <= $2)
          order by raised_version`,
        [since, to],
      );
      return {
        version: to,
        raised: advices.rows.filter((row) => !row.is_withdrawn).map(adviceOf),
        withdrawn: advices.rows.filter((row) => row.is_withdrawn).map((row) => row.id),
        replaced,
        more: to < upTo,
      };
    },
    async told(entries) {
      if (entries.length === 0) return;
      // Sorted, so that two nodes that write the same certificates wait for each other instead of deadlocking.
      const sorted = [...entries].sort((a, b) => (a.fingerprint < b.fingerprint ? -1 : 1));
      await pool.query(
        `insert into renewal_info.told as t (fingerprint, advice_id, polls, first_at, last_at)
         select substring($1::bytea from (n::int - 1) * 32 + 1 for 32), g.advice_id, g.polls, to_timestamp(g.first_at),
                to_timestamp(g.last_at)
           from unnest($2::text[], $3::int[], $4::float8[], $5::float8[]) with ordinality
                as g(advice_id, polls, first_at, last_at, n)
         on conflict (fingerprint, advice_id) do update
            set polls = t.polls + excluded.polls, first_at = least(t.first_at, excluded.first_at),
                last_at = greatest(t.last_at, excluded.last_at)`,
        [
          packed(sorted.map((entry) => entry.fingerprint)),
          sorted.map((entry) => entry.adviceId ?? ''),
          sorted.map((entry) => entry.polls),
          sorted.map((entry) => seconds(entry.firstAt)),
          sorted.map((entry) => seconds(entry.lastAt)),
        ],
      );
    },
    async toldOf(fingerprint) {
      const rows = await pool.query<ToldRow>(
        `select advice_id, polls, extract(epoch from first_at)::float8 as first_at,
                extract(epoch from last_at)::float8 as last_at
           from renewal_info.told where fingerprint = $1 order by first_at`,
        [Buffer.from(fingerprint, 'hex')],
      );
      return rows.rows.map((row) => toldOf(fingerprint, row));
    },
    async toldUnder(adviceId) {
      const rows = await pool.query<{
        certificates: Whole;
        polls: Whole;
        first_at: number | null;
        last_at: number | null;
      }>(
        `select count(*) as certificates, coalesce(sum(polls), 0)::bigint as polls,
                extract(epoch from min(first_at))::float8 as first_at, extract(epoch from max(last_at))::float8 as last_at
           from renewal_info.told where advice_id = $1`,
        [adviceId],
      );
      const row = rows.rows[0]!;
      return {
        certificates: Number(row.certificates),
        polls: Number(row.polls),
        firstAt: row.first_at === null ? null : instant(row.first_at),
        lastAt: row.last_at === null ? null : instant(row.last_at),
      };
    },
    async pollingSince(since) {
      const rows = await pool.query<{ n: Whole }>(
        'select count(distinct fingerprint) as n from renewal_info.told where last_at >= to_timestamp($1)',
        [seconds(since)],
      );
      return Number(rows.rows[0]!.n);
    },
  };
}

/** A bigint, which a pool may hand out as text or as a number. */
type Whole = string | number;

interface AdviceRow {
  readonly id: string;
  readonly case_id: string;
  readonly keys: readonly SpkiHash[];
  readonly list_id: string | null;
  readonly decided_at: number;
  readonly end_by: number;
  readonly pace: Advice['pace'];
  readonly explanation_url: string | null;
  readonly is_withdrawn: boolean;
}

interface ReplacementRow {
  readonly fingerprint: string;
  readonly replacement: string | null;
  readonly seen_by: ReplacedBy;
  readonly seen_at: number;
}

interface ToldRow {
  readonly advice_id: string;
  readonly polls: Whole;
  readonly first_at: number;
  readonly last_at: number;
}

function adviceOf(row: AdviceRow): Advice {
  return {
    id: row.id,
    caseId: row.case_id,
    keys: row.keys,
    listId: row.list_id,
    decidedAt: instant(row.decided_at),
    endBy: instant(row.end_by),
    pace: row.pace,
    explanationUrl: row.explanation_url,
  };
}

function replacementOf(row: ReplacementRow): Replacement {
  return {
    fingerprint: row.fingerprint as Fingerprint,
    replacement: row.replacement as Fingerprint | null,
    by: row.seen_by,
    seenAt: instant(row.seen_at),
  };
}

function toldOf(fingerprint: Fingerprint, row: ToldRow): Told {
  return {
    fingerprint,
    adviceId: row.advice_id === '' ? null : row.advice_id,
    polls: Number(row.polls),
    firstAt: instant(row.first_at),
    lastAt: instant(row.last_at),
  };
}

function packed(fingerprints: readonly Fingerprint[]): Buffer {
  return Buffer.from(fingerprints.join(''), 'hex');
}

function unpacked(bytes: Buffer | null): Fingerprint[] {
  const fingerprints: Fingerprint[] = [];
  for (let from = 0; bytes !== null && from < bytes.length; from += 32) {
    fingerprints.push(bytes.toString('hex', from, from + 32) as Fingerprint);
  }
  return fingerprints;
}

function seconds(at: Instant): number {
  return at.epochMilliseconds / 1000;
}

function instant(epochSeconds: number): Instant {
  return Temporal.Instant.fromEpochMilliseconds(Math.round(epochSeconds * 1000));
}
