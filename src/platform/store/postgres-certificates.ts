/** Certificate sets on PostgreSQL. Bulk statements over arrays: 83,267 members are one change, not 83,267. */
import { createHash } from 'node:crypto';
import type pg from 'pg';
import type { CaseId, Fingerprint, Serial } from '../../foundation/brand.ts';
import type { Instant } from '../../foundation/time/time.ts';
import {
  type CertificateSets,
  type CertificateState,
  type Change,
  certificateStates,
  type Member,
  mayFollow,
  type NewMember,
  type Place,
  type SetDigest,
  type StateCounts,
} from './certificate-sets.ts';
import { checkChange, serialBytes } from './common.ts';
import { inTransaction, run, sqlInstant } from './statements.ts';

interface MemberRow {
  readonly set_id: string;
  readonly case_id: string;
  readonly fingerprint: string;
  readonly serial: string;
  readonly issuer_hash: string;
  readonly subscriber: string | null;
  readonly priority: number;
  readonly state: CertificateState;
  readonly reason: string | null;
  readonly not_before: Instant | null;
  readonly hold_id: string | null;
  readonly attempted_at: Instant | null;
  readonly accepted_at: Instant | null;
  readonly published_at: Instant | null;
  readonly outcome: string | null;
}

const columns = `set_id, case_id, encode(fingerprint, 'hex') AS fingerprint, encode(serial, 'hex') AS serial,
  encode(issuer_hash, 'hex') AS issuer_hash, subscriber, priority, state, reason, not_before, hold_id,
  attempted_at, accepted_at, published_at, outcome`;

/** Rows per statement: large enough to be quick, small enough for one message to the server. */
const arrayMax = 10_000;
const digestPageSize = 20_000;

export function postgresCertificates(pool: pg.Pool): CertificateSets {
  return {
    add: (set, members) => add(pool, set, members),
    digest: (setId) => digest(pool, setId),
    counts: (setId) => counts(pool, setId),
    nextRevocable: (setId, now, limit) =>
      select(
        pool,
        `WHERE set_id = $1 AND state = 'identified' AND (not_before IS NULL OR not_before <= $2)
         ORDER BY priority, affected_certificate.fingerprint LIMIT $3`,
        [setId, sqlInstant(now), limit],
      ),
    page: (setId, { limit, after = '', states }) =>
      select(
        pool,
        `WHERE set_id = $1 AND affected_certificate.fingerprint > decode($2, 'hex') AND ($3::text[] IS NULL OR state = ANY ($3))
         ORDER BY affected_certificate.fingerprint LIMIT $4`,
        [setId, after, states ?? null, limit],
      ),
    find: async (setId, fingerprint) => {
      const found = await select(pool, `WHERE set_id = $1 AND fingerprint = decode($2, 'hex')`, [setId, fingerprint]);
      return found[0] ?? null;
    },
    setsWith: (fingerprint) => select(pool, `WHERE fingerprint = decode($1, 'hex') ORDER BY set_id`, [fingerprint]),
    places: (fingerprints) => places(pool, fingerprints),
    bySubscriber: (setId) => bySubscriber(pool, setId),
    change: (change) => changeState(pool, change),
    amend: (setId, fingerprints, what) => amend(pool, setId, fingerprints, what),
  };
}

async function select(pool: pg.Pool, where: string, values: unknown[]): Promise<Member[]> {
  const rows = await run<MemberRow>(pool, `SELECT ${columns} FROM store.affected_certificate ${where}`, values);
  return rows.map(toMember);
}

function toMember(row: MemberRow): Member {
  return {
    setId: row.set_id,
    caseId: row.case_id,
    fingerprint: row.fingerprint as Fingerprint,
    serial: (row.serial.replace(/^0+/, '') || '0') as Serial,
    issuerHash: row.issuer_hash,
    subscriber: row.subscriber,
    priority: row.priority,
    state: row.state,
    reason: row.reason,
    notBefore: row.not_before,
    holdId: row.hold_id,
    attemptedAt: row.attempted_at,
    acceptedAt: row.accepted_at,
    publishedAt: row.published_at,
    outcome: row.outcome,
  };
}

async function add(
  pool: pg.Pool,
  set: { setId: string; caseId: string },
  members: readonly NewMember[],
): Promise<number> {
  return inTransaction(pool, async (client) => {
    let added = 0;
    for (let i = 0; i < members.length; i += arrayMax) {
      added += await insertMembers(client, set, members.slice(i, i + arrayMax));
    }
    return added;
  });
}

async function insertMembers(
  client: pg.ClientBase,
  { setId, caseId }: { setId: string; caseId: string },
  members: readonly NewMember[],
): Promise<number> {
  const { rowCount } = await client.query(
    `INSERT INTO store.affected_certificate
       (set_id, case_id, fingerprint, serial, issuer_hash, subscriber, priority, reason, not_before, state)
     SELECT $1, $2, decode(fingerprint, 'hex'), decode(serial, 'hex'), decode(issuer, 'hex'), subscriber, priority, reason, not_before, 'identified'
       FROM unnest($3::text[], $4::text[], $5::text[], $6::text[], $7::integer[], $8::text[], $9::timestamptz[])
         AS t (fingerprint, serial, issuer, subscriber, priority, reason, not_before)
     ON CONFLICT (set_id, fingerprint) DO NOTHING`,
    [
      setId,
      caseId,
      members.map((m) => m.fingerprint),
      members.map((m) => serialBytes(m.serial)),
      members.map((m) => m.issuerHash),
      members.map((m) => m.subscriber),
      members.map((m) => m.priority ?? 0),
      members.map((m) => m.reason ?? null),
      members.map((m) => sqlInstant(m.notBefore)),
    ],
  );
  return rowCount ?? 0;
}

async function digest(pool: pg.Pool, setId: string): Promise<SetDigest> {
  const hash = createHash('sha256');
  let count = 0;
  for (let after = Buffer.alloc(0); ; ) {
    const rows = await run<{ fingerprint: Buffer<ArrayBuffer> }>(
      pool,
      'SELECT fingerprint FROM store.affected_certificate WHERE set_id = $1 AND fingerprint > $2 ORDER BY fingerprint LIMIT $3',
      [setId, after, digestPageSize],
    );
    for (const { fingerprint } of rows) hash.update(fingerprint);
    count += rows.length;
    if (rows.length < digestPageSize) return { count, digest: hash.digest('hex') };
    after = rows.at(-1)?.fingerprint ?? after;
  }
}

async function counts(pool: pg.Pool, setId: string): Promise<StateCounts> {
  const rows = await run<{ state: CertificateState; count: number }>(
    pool,
    'SELECT state, count(*) AS count FROM store.affected_certificate WHERE set_id = $1 GROUP BY state',
    [setId],
  );
  const known = new Map(rows.map((row) => [row.state, row.count]));
  return Object.fromEntries(certificateStates.map((state) => [state, known.get(state) ?? 0])) as StateCounts;
}

async function places(pool: pg.Pool, fingerprints: readonly Fingerprint[]): Promise<Place[]> {
  const found: Place[] = [];
  for (let i = 0; i < fingerprints.length; i += arrayMax) {
    const rows = await run<{ fingerprint: Fingerprint; set_id: string; case_id: CaseId }>(
      pool,
      `SELECT encode(fingerprint, 'hex') AS fingerprint, set_id, case_id FROM store.affected_certificate
        WHERE fingerprint = ANY (SELECT decode(f, 'hex') FROM unnest($1::text[]) AS f)`,
      [fingerprints.slice(i, i + arrayMax)],
    );
    for (const row of rows) found.push({ fingerprint: row.fingerprint, setId: row.set_id, caseId: row.case_id });
  }
  return found;
}

async function bySubscriber(pool: pg.Pool, setId: string): Promise<Map<string, readonly Fingerprint[]>> {
  const rows = await run<{ subscriber: string; fingerprints: Fingerprint[] }>(
    pool,
    `SELECT subscriber, array_agg(encode(fingerprint, 'hex') ORDER BY fingerprint) AS fingerprints
       FROM store.affected_certificate WHERE set_id = $1 AND subscriber IS NOT NULL
      GROUP BY subscriber ORDER BY subscriber`,
    [setId],
  );
  return new Map(rows.map((row) => [row.subscriber, row.fingerprints]));
}

/**
 * Which members of the set: as a condition over parameter 5, and its value. A condition each, because with all of them in
 * one statement every batch of a large set would read the whole set.
 */
function chosenBy(which: Change['which']): readonly [string, unknown] {
  if (which === 'all') return ['$5::text IS NULL', null];
  if ('fingerprints' in which)
    return [`fingerprint = ANY (ARRAY (SELECT decode(f, 'hex') FROM unnest($5::text[]) AS f))`, which.fingerprints];
  return 'subscriber' in which ? ['subscriber = $5::text', which.subscriber] : ['hold_id = $5::text', which.holdId];
}

async function changeState(pool: pg.Pool, change: Change): Promise<number> {
  checkChange(change);
  const { which, to, now } = change;
  const [condition, value] = chosenBy(which);
  const rows = await run<{ moved: number }>(
    pool,
    `WITH moved AS (
       UPDATE store.affected_certificate
          SET state = $3::text,
              hold_id = CASE WHEN $3 = 'held' THEN $6::text END,
              attempted_at = CASE WHEN $3 = 'attempted' THEN $4::timestamptz ELSE attempted_at END,
              accepted_at = CASE WHEN $3 = 'accepted' THEN $4 ELSE accepted_at END,
              published_at = CASE WHEN $3 = 'published' THEN $4 ELSE published_at END,
              reason = coalesce($7, reason),
              outcome = CASE WHEN $8::boolean THEN $9 ELSE outcome END,
              not_before = CASE WHEN $10::boolean THEN $11::timestamptz ELSE not_before END
        WHERE set_id = $1 AND state = ANY ($2)
          AND ${condition}
       RETURNING 1)
     SELECT count(*) AS moved FROM moved`,
    [
      change.setId,
      change.from ?? mayFollow[to],
      to,
      sqlInstant(now),
      value,
      change.holdId ?? null,
      change.reason ?? null,
      change.outcome !== undefined,
      change.outcome ?? null,
      change.notBefore !== undefined,
      sqlInstant(change.notBefore),
    ],
    true,
  );
  return rows[0]?.moved ?? 0;
}

async function amend(
  pool: pg.Pool,
  setId: string,
  fingerprints: readonly Fingerprint[],
  what: { readonly priority?: number; readonly reason?: string; readonly notBefore?: Instant | null },
): Promise<number> {
  const rows = await run<{ changed: number }>(
    pool,
    `WITH changed AS (
       UPDATE store.affected_certificate
          SET priority = coalesce($3, priority),
              reason = coalesce($4, reason),
              not_before = CASE WHEN $5::boolean THEN $6::timestamptz ELSE not_before END
        WHERE set_id = $1 AND fingerprint = ANY (SELECT decode(f, 'hex') FROM unnest($2::text[]) AS f)
       RETURNING 1)
     SELECT count(*) AS changed FROM changed`,
    [
      setId,
      fingerprints,
      what.priority ?? null,
      what.reason ?? null,
      what.notBefore !== undefined,
      sqlInstant(what.notBefore),
    ],
    true,
  );
  return rows[0]?.changed ?? 0;
}
