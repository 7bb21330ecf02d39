import type { Pool } from 'pg';
import { type Instant, rfc3339 } from '../../foundation/time/time.ts';
import type { Role, Scope } from '../contract/index.ts';
import type { AccessStore, PersonRecord, SessionRecord, TokenRecord } from './store.ts';

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
];

interface PersonRow {
  person_id: string;
  name: string;
  email: string;
  roles: Role[];
  added_at: Instant;
  seen_at: Instant | null;
}
interface TokenRow {
  token_id: string;
  hash: string;
  name: string;
  scopes: Scope[];
  by: string;
  added_at: Instant;
  lapses_at: Instant;
  used_at: Instant | null;
}

/** The store of record. One statement each, `now` always a parameter. The house's pools read timestamps as `Instant`. */
export function postgresAccessStore(pool: Pool): AccessStore {
  const one = async <Row extends object>(sql: string, values: readonly unknown[]): Promise<Row | null> =>
    (await pool.query<Row>(sql, [...values])).rows[0] ?? null;
  const run = async (sql: string, values: readonly unknown[]): Promise<number> =>
    (await pool.query(sql, [...values])).rowCount ?? 0;
  return {
    people: async () =>
      (await pool.query<PersonRow>('SELECT * FROM access.people ORDER BY added_at, person_id')).rows.map(personOf),
    person: async (personId) => {
      const row = await one<PersonRow>('SELECT * FROM access.people WHERE person_id = $1', [personId]);
      return row === null ? null : personOf(row);
    },
    putPerson: async (p) => {
      await run(
        `INSERT INTO access.people (person_id, name, email, roles, added_at, seen_at) VALUES ($1, $2, $3, $4, $5, $6)
         ON CONFLICT (person_id) DO UPDATE SET name = $2, email = $3, roles = $4`,
        [p.personId, p.name, p.email, p.roles, text(p.addedAt), p.seenAt === null ? null : text(p.seenAt)],
      );
    },
    personSeen: async (personId, at) => {
      await run('UPDATE access.people SET seen_at = $2 WHERE person_id = $1', [personId, text(at)]);
    },
    putLink: async (hash, personId, lapsesAt) => {
      await run('INSERT INTO access.links (hash, person_id, lapses_at) VALUES ($1, $2, $3)', [
        hash,
        personId,
        text(lapsesAt),
      ]);
    },
    linkOwner: async (hash, now) =>
      (
        await one<{ person_id: string }>('SELECT person_id FROM access.links WHERE hash = $1 AND lapses_at > $2', [
          hash,
          text(now),
        ])
      )?.person_id ?? null,
    takeLink: async (hash, now) =>
      (
        await one<{ person_id: string }>(
          'DELETE FROM access.links WHERE hash = $1 AND lapses_at > $2 RETURNING person_id',
          [hash, text(now)],
        )
      )?.person_id ?? null,
    putSession: async (s) => {
      await run('INSERT INTO access.sessions (hash, person_id, csrf, lapses_at) VALUES ($1, $2, $3, $4)', [
        s.hash,
        s.personId,
        s.csrf,
        text(s.lapsesAt),
      ]);
    },
    session: async (hash, now) => {
      const row = await one<{ hash: string; person_id: string; csrf: string; lapses_at: Instant }>(
        'SELECT * FROM access.sessions WHERE hash = $1 AND lapses_at > $2',
        [hash, text(now)],
      );
      if (row === null) return null;
      const found: SessionRecord = {
        hash: row.hash,
        personId: row.person_id,
        csrf: row.csrf,
        lapsesAt: row.lapses_at,
      };
      return found;
    },
    endSession: async (hash) => {
      await run('DELETE FROM access.sessions WHERE hash = $1', [hash]);
    },
    tokens: async () =>
      (await pool.query<TokenRow>('SELECT * FROM access.tokens ORDER BY added_at, token_id')).rows.map(tokenOf),
    putToken: async (t) => {
      await run(
        `INSERT INTO access.tokens (token_id, hash, name, scopes, by, added_at, lapses_at, used_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8)`,
        [
          t.tokenId,
          t.hash,
          t.name,
          t.scopes,
          t.by,
          text(t.addedAt),
          text(t.lapsesAt),
          t.usedAt === null ? null : text(t.usedAt),
        ],
      );
    },
    tokenByHash: async (hash, now) => {
      const row = await one<TokenRow>('SELECT * FROM access.tokens WHERE hash = $1 AND lapses_at > $2', [
        hash,
        text(now),
      ]);
      return row === null ? null : tokenOf(row);
    },
    tokenUsed: async (tokenId, at) => {
      await run('UPDATE access.tokens SET used_at = $2 WHERE token_id = $1', [tokenId, text(at)]);
    },
    removeToken: async (tokenId) => (await run('DELETE FROM access.tokens WHERE token_id = $1', [tokenId])) > 0,
  };
}

function personOf(row: PersonRow): PersonRecord {
  return {
    personId: row.person_id,
    name: row.name,
    email: row.email,
    roles: row.roles,
    addedAt: row.added_at,
    seenAt: row.seen_at,
  };
}

function tokenOf(row: TokenRow): TokenRecord {
  return {
    tokenId: row.token_id,
    hash: row.hash,
    name: row.name,
    scopes: row.scopes,
    by: row.by,
    addedAt: row.added_at,
    lapsesAt: row.lapses_at,
    usedAt: row.used_at,
  };
}

function text(at: Instant): string {
  return rfc3339(at);
}
