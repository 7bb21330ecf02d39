/** Cases on PostgreSQL: everything but the append, which has a file of its own. */
import { randomUUID } from 'node:crypto';
import type pg from 'pg';
import { gathering } from '../../foundation/gathering.ts';
import type { Json } from '../../foundation/log/canonical.ts';
import type { Instant } from '../../foundation/time/time.ts';
import {
  type CaseStore,
  type CaseSummary,
  type Claim,
  eventFrom,
  type OpenCase,
  type StoredEvent,
} from './case-store.ts';
import { appender } from './postgres-append.ts';
import { run, sqlInstant } from './statements.ts';

/** Cases whose events are read in one statement, when several are asked for at one moment. */
const loadedTogetherMax = 50;

interface EventRow {
  readonly global_seq: number;
  readonly case_id: string;
  readonly body: string;
}

interface StateRow {
  readonly case_id: string;
  readonly seq: number;
  readonly wake_at: Instant | null;
}

interface SummaryRow {
  readonly case_id: string;
  readonly open: boolean;
  readonly due_at: Instant | null;
  readonly data: Json;
  readonly global_seq: number;
}

export function postgresCases(pool: pg.Pool): CaseStore {
  const loadMany = async (caseIds: readonly string[]): Promise<Map<string, StoredEvent[]>> => {
    const rows = await run<EventRow>(
      pool,
      'SELECT global_seq, case_id, body FROM store.event WHERE case_id = ANY ($1) ORDER BY case_id, seq',
      [caseIds],
    );
    return Map.groupBy(rows.map(toEvent), (event) => event.caseId);
  };
  return {
    append: appender(pool),
    load: gathering(
      async (caseIds: readonly string[]) => {
        const found = await loadMany([...new Set(caseIds)]);
        return caseIds.map((caseId) => found.get(caseId) ?? []);
      },
      { most: loadedTogetherMax },
    ),
    loadMany,
    claimDue: (now, limit, leaseUntil) => claimDue(pool, now, limit, leaseUntil),
    claim: (caseIds, now, leaseUntil) => claimNamed(pool, caseIds, now, leaseUntil),
    settle: (claim, wakeUp) => settle(pool, claim, wakeUp),
    postpone: async (claim, until) => {
      const rows = await run(
        pool,
        'UPDATE store.case_state SET leased_until = $3 WHERE case_id = $1 AND lease = $2 RETURNING case_id',
        [claim.caseId, claim.lease, sqlInstant(until)],
        true,
      );
      return rows.length > 0;
    },
    nextWakeAt: () => nextWakeAt(pool),
    openCases: (pageSize = 500) => openCases(pool, pageSize),
    eventsSince: async (globalSeq, limit) => {
      const rows = await run<EventRow>(
        pool,
        'SELECT global_seq, case_id, body FROM store.event WHERE global_seq > $1 ORDER BY global_seq LIMIT $2',
        [globalSeq, limit],
      );
      return rows.map(toEvent);
    },
    summary: async (caseId) => {
      const [row] = await run<SummaryRow>(pool, 'SELECT * FROM store.case_summary WHERE case_id = $1', [caseId]);
      return row ? toSummary(row) : null;
    },
    summaries: (page) => summaries(pool, page),
  };
}

function toEvent(row: EventRow): StoredEvent {
  return eventFrom(JSON.parse(row.body) as Json, row.global_seq);
}

function toSummary(row: SummaryRow): CaseSummary {
  return { caseId: row.case_id, open: row.open, dueAt: row.due_at, data: row.data, globalSeq: row.global_seq };
}

async function claimDue(pool: pg.Pool, now: Instant, limit: number, leaseUntil: Instant): Promise<Claim[]> {
  const lease = randomUUID();
  const rows = await run<StateRow>(
    pool,
    `WITH due AS (
       SELECT case_id FROM store.case_state
        WHERE open AND wake_at <= $1 AND (leased_until IS NULL OR leased_until <= $1)
        ORDER BY wake_at, case_id
        LIMIT $2
          FOR UPDATE SKIP LOCKED)
     UPDATE store.case_state AS c SET lease = $3, leased_until = $4
       FROM due WHERE c.case_id = due.case_id
     RETURNING c.case_id, c.seq, c.wake_at`,
    [sqlInstant(now), limit, lease, sqlInstant(leaseUntil)],
    true,
  );
  // UPDATE gives rows back in no order.
  return rows
    .map((row) => ({ caseId: row.case_id, seq: row.seq, wakeAt: row.wake_at, lease }))
    .sort((a, b) => Temporal.Instant.compare(a.wakeAt!, b.wakeAt!) || (a.caseId < b.caseId ? -1 : 1));
}

async function claimNamed(
  pool: pg.Pool,
  caseIds: readonly string[],
  now: Instant,
  leaseUntil: Instant,
): Promise<Claim[]> {
  const lease = randomUUID();
  const rows = await run<StateRow>(
    pool,
    `WITH free AS (
       SELECT case_id FROM store.case_state
        WHERE case_id = ANY ($1) AND open AND (leased_until IS NULL OR leased_until <= $2)
        ORDER BY case_id
          FOR UPDATE SKIP LOCKED)
     UPDATE store.case_state AS c SET lease = $3, leased_until = $4
       FROM free WHERE c.case_id = free.case_id
     RETURNING c.case_id, c.seq, c.wake_at`,
    [caseIds, sqlInstant(now), lease, sqlInstant(leaseUntil)],
    true,
  );
  return rows
    .map((row) => ({ caseId: row.case_id, seq: row.seq, wakeAt: row.wake_at, lease }))
    .sort((a, b) => (a.caseId < b.caseId ? -1 : 1));
}

async function settle(
  pool: pg.Pool,
  claim: Claim,
  wakeUp: { readonly seq: number; readonly wakeAt: Instant | null },
): Promise<boolean> {
  const rows = await run(
    pool,
    `UPDATE store.case_state
        SET lease = NULL, leased_until = NULL, wake_at = CASE WHEN seq = $3 THEN $4::timestamptz ELSE wake_at END
      WHERE case_id = $1 AND lease = $2
     RETURNING case_id`,
    [claim.caseId, claim.lease, wakeUp.seq, sqlInstant(wakeUp.wakeAt)],
    true,
  );
  return rows.length > 0;
}

async function nextWakeAt(pool: pg.Pool): Promise<Instant | null> {
  const rows = await run<{ next: Instant | null }>(
    pool,
    // Two index-friendly halves: the first free one, and the leased ones, of which there are few.
    `SELECT least(
       (SELECT wake_at FROM store.case_state
         WHERE open AND wake_at IS NOT NULL AND leased_until IS NULL ORDER BY wake_at LIMIT 1),
       (SELECT min(greatest(wake_at, leased_until)) FROM store.case_state
         WHERE open AND wake_at IS NOT NULL AND leased_until IS NOT NULL)) AS next`,
  );
  return rows[0]?.next ?? null;
}

async function* openCases(pool: pg.Pool, pageSize: number): AsyncGenerator<readonly OpenCase[]> {
  for (let after = ''; ; ) {
    const rows = await run<StateRow>(
      pool,
      'SELECT case_id, seq, wake_at FROM store.case_state WHERE open AND case_id > $1 ORDER BY case_id LIMIT $2',
      [after, pageSize],
    );
    if (rows.length > 0) yield rows.map((row) => ({ caseId: row.case_id, seq: row.seq, wakeAt: row.wake_at }));
    if (rows.length < pageSize) return;
    after = rows.at(-1)?.case_id ?? after;
  }
}

async function summaries(
  pool: pg.Pool,
  page: { readonly open?: boolean; readonly limit: number; readonly after?: CaseSummary },
): Promise<CaseSummary[]> {
  // Cases without a deadline sort last: infinity stands for "none" in the comparison.
  const rows = await run<SummaryRow>(
    pool,
    `SELECT * FROM store.case_summary
      WHERE ($1::boolean IS NULL OR open = $1)
        AND ($2::text IS NULL OR (coalesce(due_at, 'infinity'), case_id) > (coalesce($3::timestamptz, 'infinity'), $2))
      ORDER BY due_at NULLS LAST, case_id
      LIMIT $4`,
    [page.open ?? null, page.after?.caseId ?? null, sqlInstant(page.after?.dueAt), page.limit],
  );
  return rows.map(toSummary);
}
