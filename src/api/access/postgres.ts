import type { Pool } from 'pg';
import type { Instant } from '../../foundation/time/time.ts';
import { postgresCredentials } from './postgres-credentials.ts';
import { statements, text } from './postgres-rows.ts';
import type { AccessStore } from './store.ts';

export const migrations: readonly { readonly id: string; readonly sql: string }[] = [
  {
    id: 'access-1',
    sql: `
      CREATE SCHEMA IF NOT EXISTS access;
      CREATE TABLE access.people (
        person_id text PRIMARY KEY,
        name text NOT NULL,
        email text NOT NULL,
        roles text[] NOT NULL,
        added_at timestamptz NOT NULL,
        seen_at timestamptz
      );
      CREATE TABLE access.links (
        hash text PRIMARY KEY,
        person_id text NOT NULL REFERENCES access.people ON DELETE CASCADE,
        lapses_at timestamptz NOT NULL
      );
      CREATE TABLE access.sessions (
        hash text PRIMARY KEY,
        person_id text NOT NULL REFERENCES access.people ON DELETE CASCADE,
        csrf text NOT NULL,
        lapses_at timestamptz NOT NULL
      );
      CREATE TABLE access.tokens (
        token_id text PRIMARY KEY,
        hash text NOT NULL UNIQUE,
        name text NOT NULL,
        scopes text[] NOT NULL,
        by text NOT NULL,
        added_at timestamptz NOT NULL,
        lapses_at timestamptz NOT NULL,
        used_at timestamptz
      );`,
  },
  {
    // Sessions from before have no id and no device: whoever has one signs in again.
    id: 'access-2',
    sql: `
      ALTER TABLE access.people ADD COLUMN removed_at timestamptz;
      DROP TABLE access.sessions;
      CREATE TABLE access.sessions (
        session_id text PRIMARY KEY,
        hash text NOT NULL UNIQUE,
        old_hash text UNIQUE,
        old_until timestamptz,
        person_id text NOT NULL REFERENCES access.people ON DELETE CASCADE,
        csrf text NOT NULL,
        how text NOT NULL,
        device text NOT NULL,
        since timestamptz NOT NULL,
        seen_at timestamptz NOT NULL,
        rotated_at timestamptz NOT NULL,
        lapses_at timestamptz NOT NULL
      );
      CREATE TABLE access.passkeys (
        credential_id text PRIMARY KEY,
        person_id text NOT NULL REFERENCES access.people ON DELETE CASCADE,
        public_key bytea NOT NULL,
        counter bigint NOT NULL,
        transports text[] NOT NULL,
        synced boolean NOT NULL,
        name text NOT NULL,
        added_at timestamptz NOT NULL,
        used_at timestamptz
      );
      CREATE TABLE access.challenges (
        hash text PRIMARY KEY,
        purpose text NOT NULL,
        person_id text,
        data text NOT NULL,
        lapses_at timestamptz NOT NULL
      );
      CREATE INDEX challenges_lapsed ON access.challenges (lapses_at);
      CREATE TABLE access.identities (
        issuer text NOT NULL,
        subject text NOT NULL,
        person_id text NOT NULL REFERENCES access.people ON DELETE CASCADE,
        PRIMARY KEY (issuer, subject)
      );`,
  },
];

/** The store of record. One statement each, `now` always a parameter. The house's pools read timestamps as `Instant`. */
export function postgresAccessStore(pool: Pool): AccessStore {
  const { many, one, run } = statements(pool);
  const people =
    'person_id as "personId", name, email, roles, added_at as "addedAt", seen_at as "seenAt", removed_at as "removedAt"';
  const session =
    'hash, session_id as "sessionId", person_id as "personId", csrf, how, device, since, seen_at as "seenAt", rotated_at as "rotatedAt", lapses_at as "lapsesAt"';
  return {
    ...postgresCredentials(pool),
    people: () => many(`SELECT ${people} FROM access.people ORDER BY added_at, person_id`, []),
    person: (personId) => one(`SELECT ${people} FROM access.people WHERE person_id = $1`, [personId]),
    putPerson: async (p) => {
      await run(
        `INSERT INTO access.people (person_id, name, email, roles, added_at, seen_at) VALUES ($1, $2, $3, $4, $5, $6)
         ON CONFLICT (person_id) DO UPDATE SET name = $2, email = $3, roles = $4`,
        [p.personId, p.name, p.email, p.roles, text(p.addedAt), text(p.seenAt)],
      );
    },
    personSeen: async (personId, at) => {
      await run('UPDATE access.people SET seen_at = $2 WHERE person_id = $1', [personId, text(at)]);
    },
    removePerson: async (personId, at) =>
      (await run(
        `WITH gone AS (
           UPDATE access.people SET removed_at = $2 WHERE person_id = $1 AND removed_at IS NULL RETURNING person_id
         ), links AS (DELETE FROM access.links WHERE person_id IN (SELECT person_id FROM gone)),
         sessions AS (DELETE FROM access.sessions WHERE person_id IN (SELECT person_id FROM gone)),
         passkeys AS (DELETE FROM access.passkeys WHERE person_id IN (SELECT person_id FROM gone)),
         identities AS (DELETE FROM access.identities WHERE person_id IN (SELECT person_id FROM gone))
         SELECT person_id FROM gone`,
        [personId, text(at)],
      )) > 0,
    putLink: async (hash, personId, lapsesAt) => {
      await run('INSERT INTO access.links (hash, person_id, lapses_at) VALUES ($1, $2, $3)', [
        hash,
        personId,
        text(lapsesAt),
      ]);
    },
    linkOwner: async (hash, now) => {
      const sql = 'SELECT person_id as "personId" FROM access.links WHERE hash = $1 AND lapses_at > $2';
      return (await one<{ personId: string }>(sql, [hash, text(now)]))?.personId ?? null;
    },
    takeLink: async (hash, now) => {
      const sql = 'DELETE FROM access.links WHERE hash = $1 AND lapses_at > $2 RETURNING person_id as "personId"';
      return (await one<{ personId: string }>(sql, [hash, text(now)]))?.personId ?? null;
    },
    putSession: async (s) => {
      await run(
        `INSERT INTO access.sessions (session_id, hash, person_id, csrf, how, device, since, seen_at, rotated_at, lapses_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)`,
        [
          ...[s.sessionId, s.hash, s.personId, s.csrf, s.how, s.device],
          ...[text(s.since), text(s.seenAt), text(s.rotatedAt), text(s.lapsesAt)],
        ],
      );
    },
    session: (hash, { now, idleSince }) =>
      one(
        `SELECT ${session}, hash <> $1 as stale FROM access.sessions
         WHERE (hash = $1 OR (old_hash = $1 AND old_until > $2)) AND lapses_at > $2 AND seen_at >= $3`,
        [hash, text(now), text(idleSince)],
      ),
    sessionSeen: async (sessionId, at) => {
      await run('UPDATE access.sessions SET seen_at = $2 WHERE session_id = $1 AND seen_at < $2', [
        sessionId,
        text(at),
      ]);
    },
    sessionProven: async (sessionId, how) => {
      await run('UPDATE access.sessions SET how = $2 WHERE session_id = $1', [sessionId, how]);
    },
    rotateSession: async ({ sessionId, from, to, old, at, oldUntil }) =>
      (await run(
        `UPDATE access.sessions SET hash = $3, old_hash = $4, old_until = $6, rotated_at = $5
         WHERE session_id = $1 AND hash = $2`,
        [sessionId, from, to, old, text(at), text(oldUntil)],
      )) > 0,
    sessions: ({ personId, now }) =>
      many(
        `SELECT ${session} FROM access.sessions WHERE lapses_at > $2 AND ($1::text IS NULL OR person_id = $1)
         ORDER BY seen_at DESC LIMIT 1000`,
        [personId, text(now)],
      ),
    endSession: async (sessionId) => (await run('DELETE FROM access.sessions WHERE session_id = $1', [sessionId])) > 0,
    endSessionsBut: (personId, sessionId) =>
      run('DELETE FROM access.sessions WHERE person_id = $1 AND session_id <> $2', [personId, sessionId]),
  };
}

/** Sessions and one-time links that open nothing any more; says how many there were. */
export async function forgetLapsedAccess(pool: Pool, now: Instant): Promise<number> {
  const { rows } = await pool.query<{ n: number }>(
    `WITH sessions AS (DELETE FROM access.sessions WHERE lapses_at <= $1 RETURNING 1),
       links AS (DELETE FROM access.links WHERE lapses_at <= $1 RETURNING 1)
     SELECT ((SELECT count(*) FROM sessions) + (SELECT count(*) FROM links))::integer AS n`,
    [text(now)],
  );
  return rows[0]?.n ?? 0;
}
