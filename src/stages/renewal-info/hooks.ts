/**
 * "Renew now" to subscribers without ACME: where to, and what still has to be delivered. A message is durable before the
 * advice that it tells of is reported as given; it is tried until it is taken or the revocation has come, for after that it
 * would only mislead. Whether anybody listens moves no deadline.
 */
import { randomBytes } from 'node:crypto';
import type { Pool } from 'pg';
import { type Instant, minutes, rfc3339, seconds } from '../../foundation/time/time.ts';
import { type RenewNow, type SignedWebhook, signRenewNow } from './renew-now.ts';

export const hookMigrations = [
  {
    id: '001-hooks',
    sql: `
      CREATE SCHEMA renew_now;
      CREATE TABLE renew_now.hook (
        subscriber text PRIMARY KEY,
        url text NOT NULL,
        -- Signs what we send, so it has to be readable here; it opens nothing.
        secret text NOT NULL,
        set_at timestamptz NOT NULL
      );
      CREATE TABLE renew_now.message (
        id text PRIMARY KEY,
        subscriber text NOT NULL,
        message jsonb NOT NULL,
        due_at timestamptz NOT NULL,
        end_at timestamptz NOT NULL,
        attempts integer NOT NULL DEFAULT 0,
        delivered_at timestamptz,
        problem text
      );
      CREATE INDEX message_due ON renew_now.message (due_at) WHERE delivered_at IS NULL;
    `,
  },
] as const;

export interface Hook {
  readonly subscriber: string;
  readonly url: string;
  readonly secret: string;
}

export interface RenewNowHooks {
  /** Makes a new secret, which is shown to the subscriber once more by nobody. */
  set(subscriber: string, url: string, now: Instant): Promise<Hook>;
  remove(subscriber: string): Promise<boolean>;
  of(subscribers: readonly string[]): Promise<readonly Hook[]>;
  /** Durable when it resolves. The same id again changes nothing. */
  enqueue(messages: readonly RenewNow[], now: Instant): Promise<void>;
  /** Sends what is due; says how many were taken. */
  deliver(post: Post, now: Instant): Promise<number>;
}

/** Null when it was taken, else the reason in one word. Never throws for what the network does. */
export type Post = (url: string, webhook: SignedWebhook) => Promise<string | null>;

const duePage = 100;
const firstPause = seconds(10);
const longestPause = minutes(30);

interface MessageRow {
  readonly id: string;
  readonly message: RenewNowJson;
  readonly attempts: number;
  readonly url: string;
  readonly secret: string;
}

export function postgresRenewNowHooks(pool: Pool): RenewNowHooks {
  return {
    async set(subscriber, url, now) {
      const secret = `whsec_${randomBytes(32).toString('base64')}`;
      await pool.query(
        `INSERT INTO renew_now.hook (subscriber, url, secret, set_at) VALUES ($1, $2, $3, $4)
         ON CONFLICT (subscriber) DO UPDATE SET url = excluded.url, secret = excluded.secret, set_at = excluded.set_at`,
        [subscriber, url, secret, rfc3339(now)],
      );
      return { subscriber, url, secret };
    },
    async remove(subscriber) {
      const { rowCount } = await pool.query('DELETE FROM renew_now.hook WHERE subscriber = $1', [subscriber]);
      return (rowCount ?? 0) > 0;
    },
    async of(subscribers) {
      const { rows } = await pool.query<Hook>(
        'SELECT subscriber, url, secret FROM renew_now.hook WHERE subscriber = ANY ($1)',
        [[...subscribers]],
      );
      return rows;
    },
    async enqueue(messages, now) {
      for (const message of messages) {
        await pool.query(
          `INSERT INTO renew_now.message (id, subscriber, message, due_at, end_at) VALUES ($1, $2, $3, $4, $5)
           ON CONFLICT (id) DO NOTHING`,
          [message.id, message.subscriber, JSON.stringify(toJson(message)), rfc3339(now), rfc3339(message.revokedBy)],
        );
      }
    },
    async deliver(post, now) {
      const { rows } = await pool.query<MessageRow>(
        `SELECT m.id, m.message, m.attempts, h.url, h.secret
         FROM renew_now.message m JOIN renew_now.hook h ON h.subscriber = m.subscriber
         WHERE m.delivered_at IS NULL AND m.due_at <= $1 AND m.end_at > $1 ORDER BY m.due_at LIMIT $2`,
        [rfc3339(now), duePage],
      );
      let taken = 0;
      for (const row of rows) {
        const key = Buffer.from(row.secret.slice('whsec_'.length), 'base64');
        const problem = await post(row.url, signRenewNow(fromJson(row.message), key, now));
        const pause = Math.min(
          firstPause.total('seconds') * 2 ** Math.min(row.attempts, 10),
          longestPause.total('seconds'),
        );
        await pool.query(
          `UPDATE renew_now.message SET attempts = attempts + 1, problem = $2, delivered_at = $3, due_at = $4 WHERE id = $1`,
          [row.id, problem, problem === null ? rfc3339(now) : null, rfc3339(now.add({ seconds: Math.round(pause) }))],
        );
        if (problem === null) taken++;
      }
      return taken;
    },
  };
}

/** Messages that were delivered or came to their end before then; says how many. */
export async function forgetRenewNowMessages(pool: Pool, before: Instant): Promise<number> {
  const sql = 'DELETE FROM renew_now.message WHERE coalesce(delivered_at, end_at) < $1';
  return (await pool.query(sql, [rfc3339(before)])).rowCount ?? 0;
}

/** Answers within this or counts as not taken. */
const postWithinMs = 10_000;

/** Over the network, to an address that the CA's own staff entered. A redirect is not followed: it would go unsigned. */
export function networkPost(fetch: typeof globalThis.fetch): Post {
  return async (url, { body, headers }) => {
    try {
      const signal = AbortSignal.timeout(postWithinMs);
      const answer = await fetch(url, { method: 'POST', headers, body, redirect: 'manual', signal });
      await answer.body?.cancel();
      return answer.status >= 200 && answer.status < 300 ? null : `http-${answer.status}`;
    } catch (error) {
      return error instanceof Error && error.name === 'TimeoutError' ? 'timeout' : 'unreachable';
    }
  };
}

type RenewNowJson = Omit<RenewNow, 'at' | 'window' | 'revokedBy'> & {
  readonly at: string;
  readonly window: { readonly start: string; readonly end: string };
  readonly revokedBy: string;
};

function toJson({ at, window, revokedBy, ...rest }: RenewNow): RenewNowJson {
  const { start, end } = window;
  return {
    ...rest,
    at: rfc3339(at),
    window: { start: rfc3339(start), end: rfc3339(end) },
    revokedBy: rfc3339(revokedBy),
  };
}

function fromJson({ at, window, revokedBy, ...rest }: RenewNowJson): RenewNow {
  const instant = (text: string) => Temporal.Instant.from(text);
  return {
    ...rest,
    at: instant(at),
    window: { start: instant(window.start), end: instant(window.end) },
    revokedBy: instant(revokedBy),
  };
}
