/**
 * The inventory in PostgreSQL, schema `inventory`. One narrow row per certificate with a B-tree per index, the names apart
 * (one row each, labels reversed), the DER apart, so that a search by key reads a few pages whatever the table weighs.
 *
 * Writers take one advisory lock per batch: placing a precertificate beside its certificate is a read followed by a
 * write, and two importers must not both decide "new". Readers never wait.
 */
import type { Pool, PoolClient } from 'pg';
import type { Fingerprint } from '../../foundation/brand.ts';
import type { Instant, Time } from '../../foundation/time/time.ts';
import { assertBatch, assertHashes, assertMany, pageLimit } from './bounds.ts';
import {
  type Added,
  type Answer,
  type Index,
  type Inventory,
  type IssuedCertificate,
  indexes,
  type KeyPage,
  type Match,
  type Progress,
  type Query,
  type Stats,
  type StatusMark,
} from './inventory.ts';
import { belowRange, nameKey, normalizeName, wildcardKeys } from './names.ts';
import { certificateOf, columns, type Row } from './postgres-rows.ts';
import { identityOf, type Slot, unify } from './unify.ts';
import { type Watermark, watermarkOf } from './watermark.ts';

export { migrations } from './postgres-migrations.ts';

/** Names the lock under which entries are placed; any constant that nothing else in the database uses. */
const placingLock = 7_390_114_501;

type Db = Pick<Pool | PoolClient, 'query'>;
/** A bigint, which a pool may hand out as text or as a number. */
type Whole = string | number;

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

/* ---- reading ---- */

const select = `select ${columns} from inventory.certificate c join inventory.issuer i on i.id = c.issuer`;

/** $1 is a list of hashes. A row whose exact hash is the canonical one leaves `h1` null and its index empty. */
const byAnyKey = 'c.h2 = any($1::bytea[]) or c.h1 = any($1::bytea[]) or c.h3 = any($1::bytea[])';

const digits = (values: readonly string[]) =>
  values.filter((value) => /^[0-9a-f]+$/.test(value)).map((v) => bytea(even(v)));

/** $1 is a list of what is wanted, $2 the instant of the question. */
const many = {
  fingerprint: {
    where: 'c.fingerprint = any($1::bytea[]) or c.precertificate_fingerprint = any($1::bytea[])',
    values: digits,
  },
  serial: { where: 'c.serial = any($1::bytea[])', values: digits },
  name: {
    where: 'c.id in (select certificate from inventory.name where key = any($1::text[]))',
    values: (values: readonly string[]) =>
      values.filter((value) => !value.includes('\0')).map((value) => nameKey(normalizeName(value))),
  },
} as const;

interface Statement {
  readonly index: Index;
  readonly sql: string;
  readonly values: readonly unknown[];
}

const equals = (index: Index, condition: Whole, value: unknown): Statement => ({
  index,
  sql: `select id from inventory.certificate where ${condition} order by id`,
  values: [value],
});

/** The searches that one query stands for. */
function statements(query: Query): Statement[] {
  // PostgreSQL refuses NUL in text, and nothing is stored with one.
  if (query.by !== 'cert-id' && query.value.includes('\0')) return [];
  switch (query.by) {
    case 'fingerprint':
      return digest(query.value, (value) => equals('fingerprint', 'fingerprint = $1 and not precertificate', value));
    case 'precertificate':
      return digest(query.value, (value) => equals('precertificate', 'precertificate_fingerprint = $1', value));
    case 'sha1':
      return digest(query.value, (value) => equals('sha1', 'sha1 = $1', value));
    case 'serial':
      return digest(even(query.value), (value) => equals('serial', 'serial = $1', value));
    case 'spki':
      return digest(query.value, (value) => equals('spki', 'h2 = $1', value));
    case 'spki-exact':
      return digest(query.value, (value) => equals('spki-exact', '(h1 = $1 or (h2 = $1 and h1 is null))', value));
    case 'key-material':
      return digest(query.value, (value) => equals('key-material', 'h3 = $1', value));
    case 'spki-sha1':
      return digest(query.value, (value) => equals('spki-sha1', 'spki_sha1 = $1', value));
    case 'subject-key-id':
      return digest(query.value, (value) => equals('subject-key-id', 'subject_key_id = $1', value));
    case 'subscriber':
      return [equals('subscriber', 'subscriber = $1', query.value)];
    case 'account':
      return [equals('account', 'account = $1', query.value)];
    case 'tag':
      return [equals('tag', "tags @> array[$1::text] and tags <> '{}'", query.value)];
    case 'crtsh':
      return [
        {
          index: 'crtsh',
          sql: `select c.id from inventory.crtsh k
                  join inventory.certificate c
                    on c.fingerprint = k.fingerprint or c.precertificate_fingerprint = k.fingerprint
                 where k.id = $1 order by c.id`,
          values: [query.value],
        },
      ];
    case 'cert-id':
      return [
        {
          index: 'cert-id',
          sql: `select c.id from inventory.certificate c join inventory.issuer i on i.id = c.issuer
                 where c.serial = $1 and i.authority_key_id = $2 order by c.id`,
          values: [bytea(even(query.serial)), bytea(query.authorityKeyId)],
        },
      ];
    case 'name':
      return [named('name', nameKey(normalizeName(query.value)))];
    case 'domain': {
      const name = normalizeName(query.value);
      const below = belowRange(name);
      return [
        named('name', nameKey(name)),
        ...wildcardKeys(name).map((key) => named('wildcard', key)),
        ...(below === null
          ? []
          : [
              {
                index: 'subdomain' as const,
                sql: 'select distinct certificate as id from inventory.name where key > $1 and key < $2 order by certificate',
                values: [below.from, below.to],
              },
            ]),
      ];
    }
  }
}

function named(index: Index, key: string): Statement {
  return {
    index,
    sql: 'select certificate as id from inventory.name where key = $1 order by certificate',
    values: [key],
  };
}

/** Text that is no hex names nothing: no statement rather than an error of the database. */
function digest(value: string, statement: (value: Buffer) => Statement): Statement[] {
  return /^([0-9a-f]{2})+$/.test(value) ? [statement(bytea(value))] : [];
}

function match(row: Row, by: readonly Index[]): Match {
  return {
    certificate: certificateOf(row),
    by: [...new Set(by)].sort((a, b) => indexes.indexOf(a) - indexes.indexOf(b)),
  };
}

/* ---- writing ---- */

interface Placed {
  readonly id: number;
  readonly seq: number;
  readonly certificate: IssuedCertificate;
}

type IssuerIds = ReadonlyMap<string, number>;

const issuerKey = (certificate: IssuedCertificate) => `${certificate.issuerHash}:${certificate.authorityKeyId ?? ''}`;

async function issuerIds(db: Db, batch: readonly IssuedCertificate[]): Promise<IssuerIds> {
  const distinct = [...new Map(batch.map((certificate) => [issuerKey(certificate), certificate])).values()];
  const rows = await db.query<{ id: number; hash: string; aki: string }>(
    `with given as (
       select * from unnest($1::bytea[], $2::bytea[], $3::text[]) as g(hash, authority_key_id, name)
     ), added as (
       insert into inventory.issuer (hash, authority_key_id, name) select hash, authority_key_id, name from given
       on conflict (hash, authority_key_id) do nothing
       returning id, hash, authority_key_id
     )
     select id, encode(hash, 'hex') as hash, encode(authority_key_id, 'hex') as aki from added
     union
     select i.id, encode(i.hash, 'hex'), encode(i.authority_key_id, 'hex')
       from inventory.issuer i join given g on g.hash = i.hash and g.authority_key_id = i.authority_key_id`,
    [
      distinct.map((certificate) => bytea(certificate.issuerHash)),
      distinct.map((certificate) => bytea(certificate.authorityKeyId ?? '')),
      distinct.map((certificate) => certificate.issuer),
    ],
  );
  return new Map(rows.rows.map((row) => [`${row.hash}:${row.aki}`, row.id]));
}

async function slotsOf(
  db: Db,
  batch: readonly IssuedCertificate[],
  issuers: IssuerIds,
): Promise<ReadonlyMap<string, readonly Slot[]>> {
  // The issuer of a batch is nearly always one; asking by serial and comparing the rest here keeps the plan simple.
  const rows = await db.query<{
    id: Whole;
    serial: string;
    hash: string;
    fingerprint: string;
    pre: string | null;
    precertificate: boolean;
    h2: string;
  }>(
    `select c.id, encode(c.serial, 'hex') as serial, encode(i.hash, 'hex') as hash,
            encode(c.fingerprint, 'hex') as fingerprint, encode(c.precertificate_fingerprint, 'hex') as pre,
            c.precertificate, encode(c.h2, 'hex') as h2
       from unnest($1::bytea[]) as g(serial)
       join inventory.certificate c on c.serial = g.serial
       join inventory.issuer i on i.id = c.issuer
      where c.issuer = any($2::int[]) or i.hash = any($3::bytea[])
      order by c.id`,
    [
      [...new Set(batch.map((certificate) => certificate.serial))].map((serial) => bytea(even(serial))),
      [...issuers.values()],
      [...new Set(batch.map((certificate) => certificate.issuerHash))].map(bytea),
    ],
  );
  const slots = new Map<string, Slot[]>();
  for (const row of rows.rows) {
    const identity = identityOf({ issuerHash: row.hash, serial: row.serial.replace(/^0+(?=.)/, '') });
    const slot: Slot = {
      id: Number(row.id),
      final: row.precertificate ? null : (row.fingerprint as Fingerprint),
      precertificate: row.pre as Fingerprint | null,
      spkiHash: row.h2,
    };
    slots.set(identity, [...(slots.get(identity) ?? []), slot]);
  }
  return slots;
}

/**
 * One JSON document per batch: PostgreSQL turns it into rows faster than the driver could encode twenty arrays, and the
 * statement reads like the table.
 */
function json(placed: readonly Placed[], issuers: IssuerIds): string {
  return JSON.stringify(
    placed.map(({ id, seq, certificate: c }) => ({
      id,
      seq,
      issuer: issuers.get(issuerKey(c)),
      fingerprint: c.fingerprint,
      precertificate: c.precertificate,
      serial: even(c.serial),
      names: c.names,
      not_before: seconds(c.notBefore),
      not_after: seconds(c.notAfter),
      h1: c.spkiExact === c.spkiHash ? null : c.spkiExact,
      h2: c.spkiHash,
      h3: c.keyMaterial,
      sha1: c.sha1,
      spki_sha1: c.spkiSha1,
      ski: c.subjectKeyId,
      profile: c.profile,
      short_lived: c.shortLived,
      crl_urls: c.crlUrls,
      ocsp_urls: c.ocspUrls,
      subscriber: c.subscriber,
      account: c.account,
      tags: c.tags,
      revoked_at: c.revoked === null ? null : seconds(c.revoked.at),
      revoked_reason: c.revoked?.reason ?? null,
    })),
  );
}

const given = `json_to_recordset($1::json) as g(
  id bigint, seq bigint, issuer int, fingerprint text, precertificate boolean, serial text, names text[], not_before float8,
  not_after float8, h1 text, h2 text, h3 text, sha1 text, spki_sha1 text, ski text, profile text, short_lived boolean,
  crl_urls text[], ocsp_urls text[], subscriber text, account text, tags text[], revoked_at float8, revoked_reason text)`;

async function insertEntries(db: Db, placed: readonly Placed[], issuers: IssuerIds): Promise<void> {
  if (placed.length === 0) return;
  await db.query(
    `insert into inventory.certificate (
       id, seq, issuer, fingerprint, precertificate_fingerprint, precertificate, serial, names, not_before, not_after,
       h1, h2, h3, sha1, spki_sha1, subject_key_id, profile, short_lived, crl_urls, ocsp_urls, subscriber, account, tags,
       revoked_at, revoked_reason)
     select id, seq, issuer, decode(fingerprint, 'hex'), case when precertificate then decode(fingerprint, 'hex') end,
            precertificate, decode(serial, 'hex'), names, to_timestamp(not_before), to_timestamp(not_after),
            decode(h1, 'hex'), decode(h2, 'hex'), decode(h3, 'hex'), decode(sha1, 'hex'), decode(spki_sha1, 'hex'),
            decode(ski, 'hex'), profile, short_lived, crl_urls, ocsp_urls, subscriber, account, tags,
            to_timestamp(revoked_at), revoked_reason
       from ${given}`,
    [json(placed, issuers)],
  );
}

/** The other half of an entry has come. The final certificate is what the entry shows from then on. */
async function complete(db: Db, placed: readonly Placed[], issuers: IssuerIds): Promise<void> {
  const finals = placed.filter(({ certificate }) => !certificate.precertificate);
  const precertificates = placed.filter(({ certificate }) => certificate.precertificate);
  if (precertificates.length > 0) {
    await db.query(
      `update inventory.certificate c set precertificate_fingerprint = decode(g.fingerprint, 'hex'), seq = g.seq
         from ${given} where c.id = g.id`,
      [json(precertificates, issuers)],
    );
  }
  if (finals.length > 0) {
    await db.query(
      `update inventory.certificate c
          set seq = g.seq, fingerprint = decode(g.fingerprint, 'hex'), precertificate = false, issuer = g.issuer, names = g.names,
              not_before = to_timestamp(g.not_before), not_after = to_timestamp(g.not_after), h1 = decode(g.h1, 'hex'),
              sha1 = decode(g.sha1, 'hex'), spki_sha1 = decode(g.spki_sha1, 'hex'),
              subject_key_id = decode(g.ski, 'hex'), profile = g.profile, short_lived = g.short_lived,
              crl_urls = g.crl_urls, ocsp_urls = g.ocsp_urls
         from ${given} where c.id = g.id`,
      [json(finals, issuers)],
    );
  }
}

async function insertNames(db: Db, placed: readonly Placed[]): Promise<void> {
  const ids: number[] = [];
  const keys: string[] = [];
  for (const { id, certificate } of placed) {
    for (const name of certificate.names) {
      ids.push(id);
      keys.push(nameKey(name));
    }
  }
  if (ids.length === 0) return;
  await db.query(
    `insert into inventory.name (key, certificate)
     select key, certificate from unnest($1::text[], $2::bigint[]) as g(key, certificate)
     on conflict do nothing`,
    [keys, ids],
  );
}

/** All DER of the batch travels as one value; the database cuts it up. */
async function insertBytes(db: Db, placed: readonly Placed[]): Promise<void> {
  const held = placed.filter(({ certificate }) => certificate.der !== null);
  if (held.length === 0) return;
  const lengths = held.map(({ certificate }) => certificate.der!.length);
  let at = 1;
  const starts = lengths.map((length) => {
    const start = at;
    at += length;
    return start;
  });
  await db.query(
    `insert into inventory.der (certificate, fingerprint, der)
     select certificate, decode(fingerprint, 'hex'), substring($1::bytea from start for length)
       from unnest($2::bigint[], $3::text[], $4::int[], $5::int[]) as g(certificate, fingerprint, start, length)
     on conflict do nothing`,
    [
      Buffer.concat(held.map(({ certificate }) => certificate.der!)),
      held.map(({ id }) => id),
      held.map(({ certificate }) => certificate.fingerprint),
      starts,
      lengths,
    ],
  );
}

/** Fills in what a later import knows of an entry; never erases. */
async function annotate(db: Db, placed: readonly Placed[]): Promise<void> {
  const telling = placed.filter(
    ({ certificate: c }) => c.subscriber !== null || c.account !== null || c.tags.length > 0 || c.revoked !== null,
  );
  if (telling.length === 0) return;
  // Several mentions of one entry in a batch are told one after the other by the order of the list.
  await db.query(
    `update inventory.certificate c
        set subscriber = coalesce(c.subscriber, g.subscriber), account = coalesce(c.account, g.account),
            tags = (select coalesce(array_agg(t order by n), '{}') from (
                      select t, min(n) as n from unnest(c.tags || g.tags) with ordinality as u(t, n) group by t) s)
       from (
         select certificate, (array_agg(subscriber order by n) filter (where subscriber is not null))[1] as subscriber,
                (array_agg(account order by n) filter (where account is not null))[1] as account,
                coalesce((select array_agg(x.tag) from json_to_recordset($1::json) as x(certificate bigint, tag text)
                           where x.certificate = m.certificate), '{}') as tags
           from json_to_recordset($2::json) as m(certificate bigint, n int, subscriber text, account text)
          group by certificate) g
      where c.id = g.certificate`,
    [
      JSON.stringify(
        telling.flatMap(({ id, certificate }) => certificate.tags.map((tag) => ({ certificate: id, tag }))),
      ),
      JSON.stringify(
        telling.map(({ id, certificate: { subscriber, account } }, n) => ({ certificate: id, n, subscriber, account })),
      ),
    ],
  );
  const marks = telling.flatMap(({ certificate }) =>
    certificate.revoked === null ? [] : [{ fingerprint: certificate.fingerprint, revoked: certificate.revoked }],
  );
  if (marks.length > 0) await markSome(db, marks);
}

const markBatch = 10_000;

/** The rule of `status.ts` in SQL: the earliest instant stays, a reason only rises to keyCompromise. Holds the lock. */
async function markSome(db: Db, marks: readonly StatusMark[]): Promise<number> {
  const counter = await db.query<{ base: Whole }>(
    'update inventory.tally set last_seq = last_seq + $1 returning last_seq - $1 as base',
    [marks.length],
  );
  const changed = await db.query(
    `with said as (
       select fingerprint, to_timestamp(epoch) as at, reason
         from unnest($1::bytea[], $2::float8[], $3::text[]) as m(fingerprint, epoch, reason)
     ), meant as (
       select c.id, s.at, s.reason from said s join inventory.certificate c on c.fingerprint = s.fingerprint
       union all
       select c.id, s.at, s.reason from said s
         join inventory.certificate c on c.precertificate_fingerprint = s.fingerprint
     ), told as (
       select id, min(at) as at, row_number() over (order by id) as n,
              case when bool_or(reason = 'keyCompromise') then 'keyCompromise' else min(reason) end as reason
         from meant group by id
     )
     update inventory.certificate c
        set seq = $4::bigint + g.n, revoked_at = least(c.revoked_at, g.at),
            revoked_reason = case when c.revoked_reason is null or g.reason = 'keyCompromise' then g.reason
                                  else c.revoked_reason end
       from told g
      where c.id = g.id
        and (c.revoked_at is null or g.at < c.revoked_at
             or (c.revoked_reason is null and g.reason is not null)
             or (g.reason = 'keyCompromise' and c.revoked_reason is distinct from 'keyCompromise'))`,
    [
      marks.map((mark) => bytea(mark.fingerprint)),
      marks.map((mark) => seconds(mark.revoked.at)),
      marks.map((mark) => mark.revoked.reason),
      Number(counter.rows[0]!.base),
    ],
  );
  return changed.rowCount ?? 0;
}

/* ---- sources ---- */

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

/* ---- small things ---- */

function bytea(hexDigits: string): Buffer {
  return Buffer.from(hexDigits, 'hex');
}

function even(hexDigits: string): string {
  return hexDigits.length % 2 ? `0${hexDigits}` : hexDigits;
}

function seconds(instant: Instant): number {
  return instant.epochMilliseconds / 1000;
}

async function transaction<T>(pool: Pool, work: (db: PoolClient) => Promise<T>): Promise<T> {
  const client = await pool.connect();
  try {
    await client.query('begin');
    const result = await work(client);
    await client.query('commit');
    client.release();
    return result;
  } catch (cause) {
    // A connection that fails to roll back is destroyed, and the database rolls back with it.
    await client.query('rollback').then(
      () => client.release(),
      (broken: unknown) => client.release(broken instanceof Error ? broken : true),
    );
    throw cause;
  }
}
