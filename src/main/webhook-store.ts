/** Outgoing webhooks and how far each has got. */
import type { Pool } from 'pg';
import type { Instant } from '../foundation/time/time.ts';

export const webhookMigrations = [
  {
    id: '001-webhooks',
    sql: `create schema if not exists webhooks;
create table webhooks.webhook (
  webhook_id text primary key,
  url text not null,
  types text[] not null,
  by text not null,
  added_at timestamptz not null,
  sent_seq bigint not null,
  delivered_at timestamptz,
  problem text,
  failures integer not null default 0,
  next_attempt_at timestamptz,
  leased_until timestamptz
);`,
  },
] as const;

export interface StoredWebhook {
  readonly webhookId: string;
  readonly url: string;
  readonly types: readonly string[];
  readonly by: string;
  readonly addedAt: Instant;
  readonly sentSeq: number;
  readonly deliveredAt: Instant | null;
  readonly problem: string | null;
  readonly failures: number;
  readonly nextAttemptAt: Instant | null;
}

export interface WebhookStore {
  all(): Promise<readonly StoredWebhook[]>;
  /** False when there are as many as there may be. */
  add(webhook: Pick<StoredWebhook, 'webhookId' | 'url' | 'types' | 'by' | 'addedAt' | 'sentSeq'>): Promise<boolean>;
  remove(webhookId: string): Promise<boolean>;
  /** Claims those whose attempt is due, so that two nodes do not send the same. */
  claimDue(now: Instant, until: Instant): Promise<readonly StoredWebhook[]>;
  delivered(webhookId: string, seq: number, at: Instant | null): Promise<void>;
  failed(webhookId: string, problem: string, nextAttemptAt: Instant): Promise<void>;
  release(webhookId: string): Promise<void>;
}

const webhooksMax = 20;
const columns = `webhook_id as "webhookId", url, types, by, added_at as "addedAt", sent_seq::float8 as "sentSeq",
  delivered_at as "deliveredAt", problem, failures, next_attempt_at as "nextAttemptAt"`;

export function postgresWebhooks(pool: Pool): WebhookStore {
  const rows = async (sql: string, values: unknown[] = []): Promise<readonly StoredWebhook[]> =>
    (await pool.query<StoredWebhook>(sql, values)).rows;
  return {
    all: () => rows(`select ${columns} from webhooks.webhook order by added_at, webhook_id`),
    async add({ webhookId, url, types, by, addedAt, sentSeq }) {
      const { rowCount } = await pool.query(
        `insert into webhooks.webhook (webhook_id, url, types, by, added_at, sent_seq)
         select $1, $2, $3, $4, $5, $6 where (select count(*) from webhooks.webhook) < $7`,
        [webhookId, url, [...types], by, addedAt.toString(), sentSeq, webhooksMax],
      );
      return rowCount === 1;
    },
    async remove(webhookId) {
      return (await pool.query('delete from webhooks.webhook where webhook_id = $1', [webhookId])).rowCount === 1;
    },
    claimDue: (now, until) =>
      rows(
        `update webhooks.webhook set leased_until = $2
         where webhook_id in (
           select webhook_id from webhooks.webhook
           where (next_attempt_at is null or next_attempt_at <= $1) and (leased_until is null or leased_until <= $1)
           for update skip locked)
         returning ${columns}`,
        [now.toString(), until.toString()],
      ),
    async delivered(webhookId, seq, at) {
      await pool.query(
        `update webhooks.webhook set sent_seq = $2, delivered_at = coalesce($3, delivered_at), problem = null,
           failures = 0, next_attempt_at = null where webhook_id = $1 and sent_seq <= $2`,
        [webhookId, seq, at?.toString() ?? null],
      );
    },
    async failed(webhookId, problem, nextAttemptAt) {
      await pool.query(
        `update webhooks.webhook set problem = $2, failures = failures + 1, next_attempt_at = $3, leased_until = null
         where webhook_id = $1`,
        [webhookId, problem, nextAttemptAt.toString()],
      );
    },
    async release(webhookId) {
      await pool.query('update webhooks.webhook set leased_until = null where webhook_id = $1', [webhookId]);
    },
  };
}
