/** Duties on PostgreSQL. */
import { randomUUID } from 'node:crypto';
import type pg from 'pg';
import { canonicalJson, type Json } from '../../foundation/log/canonical.ts';
import type { Instant } from '../../foundation/time/time.ts';
import type { ClaimedDuty, Duties, Duty, DutyState, NewDuty } from './duties.ts';
import { inTransaction, run, sqlInstant } from './statements.ts';

interface DutyRow {
  readonly id: number;
  readonly idempotency_key: string;
  readonly case_id: string | null;
  readonly kind: string;
  readonly due_at: Instant;
  readonly state: DutyState;
  readonly attempts: number;
  readonly payload: Json;
  readonly outcome: Json;
  readonly ended_at: Instant | null;
}

const columns = 'id, idempotency_key, case_id, kind, due_at, state, attempts, payload, outcome, ended_at';

export function postgresDuties(pool: pg.Pool): Duties {
  return {
    add: (duties) =>
      duties.length === 0 ? Promise.resolve(0) : inTransaction(pool, (client) => insertDuties(client, duties)),
    claimDue: (now, limit, leaseUntil, kinds) => claimDue(pool, now, limit, leaseUntil, kinds),
    complete: (claimed, now, outcome) => end(pool, claimed, { state: 'done', endedAt: now, dueAt: null, outcome }),
    fail: (claimed, now, outcome) => end(pool, claimed, { state: 'failed', endedAt: now, dueAt: null, outcome }),
    retry: (claimed, dueAt, outcome) => end(pool, claimed, { state: 'waiting', endedAt: null, dueAt, outcome }),
    cancel: (caseId, now, kinds) => cancel(pool, caseId, now, kinds),
    ofCase: async (caseId) => {
      const rows = await run<DutyRow>(pool, `SELECT ${columns} FROM store.duty WHERE case_id = $1 ORDER BY id`, [
        caseId,
      ]);
      return rows.map(toDuty);
    },
    nextDueAt: () => nextDueAt(pool),
  };
}

/** Inside the caller's transaction: this is how an append and what it makes due become one thing. */
export async function insertDuties(client: pg.ClientBase, duties: readonly NewDuty[]): Promise<number> {
  const { rowCount } = await client.query(
    `INSERT INTO store.duty (idempotency_key, case_id, kind, due_at, payload)
     SELECT key, case_id, kind, due_at, payload::json
       FROM unnest($1::text[], $2::text[], $3::text[], $4::timestamptz[], $5::text[]) WITH ORDINALITY AS t (key, case_id, kind, due_at, payload, n)
      ORDER BY n
     ON CONFLICT (idempotency_key) DO NOTHING`,
    [
      duties.map((duty) => duty.idempotencyKey),
      duties.map((duty) => duty.caseId),
      duties.map((duty) => duty.kind),
      duties.map((duty) => sqlInstant(duty.dueAt)),
      duties.map((duty) => canonicalJson(duty.payload)),
    ],
  );
  return rowCount ?? 0;
}

function toDuty(row: DutyRow): Duty {
  return {
    id: row.id,
    idempotencyKey: row.idempotency_key,
    caseId: row.case_id,
    kind: row.kind,
    dueAt: row.due_at,
    state: row.state,
    attempts: row.attempts,
    payload: row.payload,
    outcome: row.outcome,
    endedAt: row.ended_at,
  };
}

async function claimDue(
  pool: pg.Pool,
  now: Instant,
  limit: number,
  leaseUntil: Instant,
  kinds: readonly string[] | undefined,
): Promise<ClaimedDuty[]> {
  const lease = randomUUID();
  const rows = await run<DutyRow>(
    pool,
    `WITH due AS (
       SELECT id AS due_id FROM store.duty
        WHERE state = 'waiting' AND due_at <= $1 AND (leased_until IS NULL OR leased_until <= $1)
          AND ($5::text[] IS NULL OR kind = ANY ($5))
        ORDER BY due_at, id
        LIMIT $2
          FOR UPDATE SKIP LOCKED)
     UPDATE store.duty SET lease = $3, leased_until = $4, attempts = attempts + 1
       FROM due WHERE id = due_id
     RETURNING ${columns}`,
    [sqlInstant(now), limit, lease, sqlInstant(leaseUntil), kinds ?? null],
    true,
  );
  return rows
    .map((row) => ({ ...toDuty(row), lease }))
    .sort((a, b) => Temporal.Instant.compare(a.dueAt, b.dueAt) || a.id - b.id);
}

interface End {
  readonly state: DutyState;
  readonly endedAt: Instant | null;
  /** Null leaves it as it is. */
  readonly dueAt: Instant | null;
  readonly outcome: Json;
}

async function end(pool: pg.Pool, claimed: ClaimedDuty, how: End): Promise<boolean> {
  const rows = await run(
    pool,
    `UPDATE store.duty
        SET state = $3, ended_at = $4, due_at = coalesce($5, due_at), outcome = $6::json, lease = NULL, leased_until = NULL
      WHERE id = $1 AND lease = $2 AND state = 'waiting'
     RETURNING id`,
    [claimed.id, claimed.lease, how.state, sqlInstant(how.endedAt), sqlInstant(how.dueAt), canonicalJson(how.outcome)],
    true,
  );
  return rows.length > 0;
}

async function cancel(
  pool: pg.Pool,
  caseId: string,
  now: Instant,
  kinds: readonly string[] | undefined,
): Promise<number> {
  const rows = await run(
    pool,
    `UPDATE store.duty SET state = 'cancelled', ended_at = $2
      WHERE case_id = $1 AND state = 'waiting' AND (leased_until IS NULL OR leased_until <= $2)
        AND ($3::text[] IS NULL OR kind = ANY ($3))
     RETURNING id`,
    [caseId, sqlInstant(now), kinds ?? null],
    true,
  );
  return rows.length;
}

async function nextDueAt(pool: pg.Pool): Promise<Instant | null> {
  const rows = await run<{ next: Instant | null }>(
    pool,
    `SELECT least(
       (SELECT due_at FROM store.duty WHERE state = 'waiting' AND leased_until IS NULL ORDER BY due_at LIMIT 1),
       (SELECT min(greatest(due_at, leased_until)) FROM store.duty WHERE state = 'waiting' AND leased_until IS NOT NULL)) AS next`,
  );
  return rows[0]?.next ?? null;
}
