/** Placing certificates: everything here runs in a transaction that holds `placingLock`. */
import type { Fingerprint } from '../../foundation/brand.ts';
import type { IssuedCertificate, StatusMark } from './inventory.ts';
import { nameKey } from './names.ts';
import { bytea, type Db, even, seconds, type Whole } from './postgres-db.ts';
import { identityOf, type Slot } from './unify.ts';

export interface Placed {
  readonly id: number;
  readonly seq: number;
  readonly certificate: IssuedCertificate;
}

type IssuerIds = ReadonlyMap<string, number>;

const issuerKey = (certificate: IssuedCertificate) => `${certificate.issuerHash}:${certificate.authorityKeyId ?? ''}`;

export async function issuerIds(db: Db, batch: readonly IssuedCertificate[]): Promise<IssuerIds> {
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

export async function slotsOf(
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

export async function insertEntries(db: Db, placed: readonly Placed[], issuers: IssuerIds): Promise<void> {
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
export async function complete(db: Db, placed: readonly Placed[], issuers: IssuerIds): Promise<void> {
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

export async function insertNames(db: Db, placed: readonly Placed[]): Promise<void> {
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
export async function insertBytes(db: Db, placed: readonly Placed[]): Promise<void> {
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
export async function annotate(db: Db, placed: readonly Placed[]): Promise<void> {
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

export const markBatch = 10_000;

/** The rule of `status.ts` in SQL: the earliest instant stays, a reason only rises to keyCompromise. Holds the lock. */
export async function markSome(db: Db, marks: readonly StatusMark[]): Promise<number> {
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
