/**
 * The inventory in PostgreSQL, schema `inventory`. One narrow row per certificate with a B-tree per index, the names apart
 * (one row each, labels reversed), the DER apart, so that a search by key reads a few pages whatever the table weighs.
 *
 * Writers take one advisory lock per batch: placing a precertificate beside its certificate is a read followed by a
 * write, and two importers must not both decide "new". Readers never wait.
 */
import type { Pool } from 'pg';
import type { Fingerprint } from '../../foundation/brand.ts';
import type { Time } from '../../foundation/time/time.ts';
import { assertBatch, assertHashes, assertMany, pageLimit } from './bounds.ts';
import type {
  Added,
  Answer,
  Index,
  Inventory,
  IssuedCertificate,
  KeyPage,
  Progress,
  Query,
  Stats,
  StatusMark,
} from './inventory.ts';
import { bytea, placingLock, seconds, transaction, type Whole } from './postgres-db.ts';
import {
  annotate,
  complete,
  insertBytes,
  insertEntries,
  insertNames,
  issuerIds,
  markBatch,
  markSome,
  slotsOf,
} from './postgres-place.ts';
import { byAnyKey, keyOfName, many, match, select, statements } from './postgres-query.ts';
import { certificateOf, type Row } from './postgres-rows.ts';
import { unify } from './unify.ts';
import { type Watermark, watermarkOf } from './watermark.ts';

export { migrations } from './postgres-migrations.ts';

export function postgresInventory(pool: Pool, time: Time): Inventory {
  const now = () => seconds(time.now());

  async function watermark(): Promise<Watermark> {
    const [tally, sources] = await Promise.all([
      pool.query<{ certificates: Whole }>('select certificates from inventory.tally'),
      pool.query<SourceRow>(`select ${sourceColumns} from inventory.source`),
    ]);
    return watermarkOf(Number(tally.rows[0]?.certificates ?? 0), sources.rows.map(progressOf));
  }

  async function add(batch: readonly IssuedCertificate[]): Promise<Added> {
    assertBatch(batch.length);
    if (batch.length === 0) return { stored: 0, unified: 0, known: 0 };
    return transaction(pool, async (db) => {
      await db.query('select pg_advisory_xact_lock($1)', [placingLock]);
      const issuers = await issuerIds(db, batch);
      const tally = await db.query<{ last_seq: Whole }>('select last_seq from inventory.tally');
      // One counter numbers entries and their changes: the id of an entry is its first position.
      let seq = Number(tally.rows[0]!.last_seq);
      const placed = unify(await slotsOf(db, batch, issuers), batch, () => ++seq).map(({ id, placement }) => ({
        id,
        as: placement.as,
        certificate: placement.certificate,
        seq: placement.as === 'new' ? id : placement.as === 'known' ? 0 : ++seq,
      }));
      const fresh = placed.filter(({ as }) => as === 'new');
      const completing = placed.filter(({ as }) => as === 'final-of' || as === 'precertificate-of');
      await db.query('update inventory.tally set certificates = certificates + $1, last_seq = $2', [fresh.length, seq]);
      await insertEntries(db, fresh, issuers);
      await complete(db, completing, issuers);
      await insertNames(db, [...fresh, ...completing]);
      await insertBytes(db, [...fresh, ...completing]);
      await annotate(
        db,
        placed.filter(({ as }) => as !== 'new'),
      );
      return {
        stored: fresh.length,
        unified: completing.length,
        known: placed.length - fresh.length - completing.length,
      };
    });
  }

  async function find(query: Query, options: { readonly limit?: number } = {}): Promise<Answer> {
    const limit = pageLimit(options.limit ?? 1_000);
    const found = await hits(query, limit + 1);
    const ids = [...found.keys()].slice(0, limit);
    const rows = await pool.query<Row>(`${select} where c.id = any($1::bigint[]) order by c.id`, [ids, now()]);
    return {
      matches: rows.rows.map((row) => match(row, found.get(Number(row.id)) ?? [])),
      more: found.size > limit,
      watermark: await watermark(),
    };
  }

  /** Ids in order with the indexes that found them, at most `limit`. */
  async function hits(query: Query, limit: number): Promise<Map<number, Index[]>> {
    const found = new Map<number, Index[]>();
    for (const { index, sql, values } of statements(query)) {
      const rows = await pool.query<{ id: Whole }>(`${sql} limit ${limit}`, [...values]);
      for (const { id } of rows.rows) found.set(Number(id), [...(found.get(Number(id)) ?? []), index]);
    }
    return new Map([...found].sort(([a], [b]) => a - b).slice(0, limit));
  }

  async function findByKeys(
    hashes: readonly string[],
    page: { readonly after?: string | null; readonly limit?: number } = {},
  ): Promise<KeyPage> {
    assertHashes(hashes.length);
    const limit = pageLimit(page.limit ?? 1_000);
    const rows = await pool.query<Row>(`${select} where c.id > $3 and (${byAnyKey}) order by c.id limit $4`, [
      hashes.map(bytea),
      now(),
      page.after ?? '0',
      limit + 1,
    ]);
    const wanted = new Set(hashes);
    return pageOf(rows.rows, limit, 'id', page.after ?? null, (row) => {
      const by: Index[] = [];
      if (wanted.has(row.h2)) by.push('spki');
      if (wanted.has(row.h1 ?? row.h2)) by.push('spki-exact');
      if (wanted.has(row.h3)) by.push('key-material');
      return by;
    });
  }

  async function pageOf(
    rows: readonly Row[],
    limit: number,
    position: 'id' | 'seq',
    after: string | null,
    by: (row: Row) => readonly Index[],
  ): Promise<KeyPage> {
    const shown = rows.slice(0, limit);
    const last = shown.length === 0 ? after : String(shown.at(-1)![position]);
    return {
      matches: shown.map((row) => match(row, by(row))),
      next: rows.length > limit ? last : null,
      last,
      watermark: await watermark(),
    };
  }

  async function stats(): Promise<Stats> {
    const counts = await pool.query<{
      certificates: Whole;
      precertificates: Whole;
      revoked: Whole;
      expired: Whole;
    }>(
      `select (select certificates from inventory.tally) as certificates,
              (select count(*) from inventory.certificate where precertificate) as precertificates,
              (select count(*) from inventory.certificate where revoked_at is not null) as revoked,
              (select count(*) from inventory.certificate where not_after < to_timestamp($1)) as expired`,
      [now()],
    );
    const row = counts.rows[0]!;
    return {
      certificates: Number(row.certificates),
      precertificates: Number(row.precertificates),
      revoked: Number(row.revoked),
      expired: Number(row.expired),
      watermark: await watermark(),
    };
  }

  return {
    add,
    find,
    findByKeys,
    async findMany(by, values) {
      assertMany(values.length);
      const rows = await pool.query<Row>(`${select} where ${many[by].where}`, [many[by].values(values), now()]);
      return rows.rows.map(certificateOf);
    },
    async namesAmong(names) {
      assertMany(names.length);
      const keys = new Map(names.map((name) => [name, keyOfName(name)]));
      const rows = await pool.query<{ key: string }>({
        name: 'inventory-names-among',
        text: 'select distinct key from inventory.name where key = any($1::text[])',
        values: [[...new Set(keys.values())].filter((key) => key !== null)],
      });
      const known = new Set<string | null>(rows.rows.map((row) => row.key));
      return new Set(names.filter((name) => known.has(keys.get(name) ?? null)));
    },
    async countByKeys(hashes) {
      assertHashes(hashes.length);
      const count = await pool.query<{ n: Whole }>(
        `select count(*) as n from inventory.certificate c where ${byAnyKey}`,
        [hashes.map(bytea)],
      );
      return Number(count.rows[0]!.n);
    },
    async bytesOf(fingerprints) {
      const rows = await pool.query<{ fingerprint: string; der: Buffer }>(
        `select encode(f.wanted, 'hex') as fingerprint, d.der
           from unnest($1::bytea[]) as f(wanted)
           join inventory.certificate c on c.fingerprint = f.wanted or c.precertificate_fingerprint = f.wanted
           join inventory.der d on d.certificate = c.id and d.fingerprint = f.wanted`,
        [fingerprints.map(bytea)],
      );
      return new Map(rows.rows.map((row) => [row.fingerprint as Fingerprint, new Uint8Array(row.der)]));
    },
    async walk({ after, limit }) {
      const size = pageLimit(limit);
      const rows = await pool.query<Row>(`${select} where c.seq > $1 order by c.seq limit $3`, [
        after ?? '0',
        now(),
        size + 1,
      ]);
      return pageOf(rows.rows, size, 'seq', after, () => []);
    },
    async markStatus(marks: readonly StatusMark[]) {
      let changed = 0;
      for (let from = 0; from < marks.length; from += markBatch) {
        changed += await transaction(pool, async (db) => {
          await db.query('select pg_advisory_xact_lock($1)', [placingLock]);
          return markSome(db, marks.slice(from, from + markBatch));
        });
      }
      return changed;
    },
    async learnCrtshIds(pairs) {
      await pool.query(
        `insert into inventory.crtsh (id, fingerprint)
         select id, fingerprint from unnest($1::bigint[], $2::bytea[]) as given(id, fingerprint)
         on conflict (id) do nothing`,
        [pairs.map((pair) => pair.id), pairs.map((pair) => bytea(pair.fingerprint))],
      );
    },
    stats,
    watermark,
    async progress(source) {
      const rows = await pool.query<SourceRow>(`select ${sourceColumns} from inventory.source where source = $1`, [
        source,
      ]);
      return rows.rows[0] === undefined ? null : progressOf(rows.rows[0]);
    },
    async record(progress: Progress) {
      await pool.query(
        `insert into inventory.source (source, kind, position, issued_count, up_to, recorded_at)
         values ($1, $2, $3, $4, to_timestamp($5), to_timestamp($6))
         on conflict (source) do update
            set kind = excluded.kind, position = excluded.position, issued_count = excluded.issued_count,
                up_to = excluded.up_to, recorded_at = excluded.recorded_at`,
        [
          progress.source,
          progress.kind,
          progress.position,
          progress.issuedCount,
          progress.upTo === null ? null : seconds(progress.upTo),
          now(),
        ],
      );
    },
  };
}

interface SourceRow {
  readonly source: string;
  readonly kind: Progress['kind'];
  readonly position: string | null;
  readonly issued_count: Whole | null;
  readonly up_to: number | null;
}

const sourceColumns = 'source, kind, position, issued_count, extract(epoch from up_to)::float8 as up_to';

function progressOf(row: SourceRow): Progress {
  return {
    source: row.source,
    kind: row.kind,
    position: row.position,
    issuedCount: row.issued_count === null ? null : Number(row.issued_count),
    upTo: row.up_to === null ? null : Temporal.Instant.fromEpochMilliseconds(Math.round(row.up_to * 1000)),
  };
}
