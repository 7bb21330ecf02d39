/** Tokens of subscribers in PostgreSQL: only hashes are kept, and an end is for good. */
import type { Pool } from 'pg';
import { type Instant, rfc3339 } from '../../foundation/time/time.ts';
import type { SubscriberScope, SubscriberToken } from './subscriber-access.ts';

export const subscriberTokenMigrations = [
  {
    id: '001-tokens',
    sql: `
      CREATE SCHEMA subscriber;
      CREATE TABLE subscriber.token (
        id text PRIMARY KEY,
        subscriber text NOT NULL,
        scopes text[] NOT NULL,
        -- SHA-256 of the secret; the secret itself is shown once and kept nowhere.
        secret_hash text NOT NULL,
        made_at timestamptz NOT NULL,
        expires_at timestamptz NOT NULL,
        ended_at timestamptz
      );
      CREATE INDEX token_subscriber ON subscriber.token (subscriber);
    `,
  },
] as const;

export interface SubscriberTokens {
  put(token: SubscriberToken, now: Instant): Promise<void>;
  /** One that has ended is not found. */
  byId(id: string): Promise<SubscriberToken | null>;
  /** Says whether there was one to end. */
  end(id: string, now: Instant): Promise<boolean>;
}

interface TokenRow {
  readonly id: string;
  readonly subscriber: string;
  readonly scopes: readonly SubscriberScope[];
  readonly secret_hash: string;
  readonly expires: number;
}

export function postgresSubscriberTokens(pool: Pool): SubscriberTokens {
  return {
    async put({ id, subscriber, scopes, secretHash, expiresAt }, now) {
      await pool.query(
        `INSERT INTO subscriber.token (id, subscriber, scopes, secret_hash, made_at, expires_at)
         VALUES ($1, $2, $3, $4, $5, $6)`,
        [id, subscriber, scopes, secretHash, rfc3339(now), rfc3339(expiresAt)],
      );
    },
    async byId(id) {
      const { rows } = await pool.query<TokenRow>(
        `SELECT id, subscriber, scopes, secret_hash, extract(epoch from expires_at)::float8 AS expires
         FROM subscriber.token WHERE id = $1 AND ended_at IS NULL`,
        [id],
      );
      const [row] = rows;
      if (row === undefined) return null;
      const expiresAt = Temporal.Instant.fromEpochMilliseconds(Math.floor(row.expires * 1000));
      return {
        id: row.id,
        subscriber: row.subscriber,
        scopes: row.scopes,
        secretHash: row.secret_hash,
        expiresAt,
      };
    },
    async end(id, now) {
      const { rowCount } = await pool.query(
        'UPDATE subscriber.token SET ended_at = $2 WHERE id = $1 AND ended_at IS NULL',
        [id, rfc3339(now)],
      );
      return (rowCount ?? 0) > 0;
    },
  };
}
