/**
 * Appending to PostgreSQL. The log has one order and one chain, so appends take turns at the row that holds its head;
 * what would make that slow is waiting for the disk once per turn. Therefore whoever comes while a transaction is
 * under way is taken along by the next one: under load one fsync pays for many appends, and alone it costs nothing.
 */
import assert from 'node:assert';
import type pg from 'pg';
import { canonicalJson, type Json } from '../../foundation/log/canonical.ts';
import { emptyLog, extend, type LogState } from '../../foundation/log/chain.ts';
import { hashBytes } from '../../foundation/log/merkle.ts';
import { type AppendOptions, eventBody, eventFrom, type NewEvent, type StoredEvent } from './case-store.ts';
import { caseChanged, checkAppend } from './common.ts';
import type { NewDuty } from './duties.ts';
import { databaseFault } from './faults.ts';
import { insertDuties } from './postgres-duties.ts';
import { inTransaction, sqlInstant } from './statements.ts';

interface Waiting {
  readonly caseId: string;
  readonly expectedSeq: number;
  readonly events: readonly NewEvent[];
  readonly options: AppendOptions;
  readonly resolve: (stored: readonly StoredEvent[]) => void;
  readonly reject: (error: unknown) => void;
}

type Outcome = { readonly stored: readonly StoredEvent[] } | { readonly refused: Error };

/** Appends taken along in one transaction: enough to make the disk's share small, few enough to stay quick. */
const batchMax = 64;

export function appender(pool: pg.Pool) {
  let queue: Waiting[] = [];
  let draining = false;

  async function drain(): Promise<void> {
    draining = true;
    while (queue.length > 0) {
      const batch = queue.slice(0, batchMax);
      queue = queue.slice(batchMax);
      await settle(pool, batch);
    }
    draining = false;
  }

  return async function append(
    caseId: string,
    expectedSeq: number,
    events: readonly NewEvent[],
    options: AppendOptions,
  ): Promise<readonly StoredEvent[]> {
    checkAppend(caseId, events, options);
    return new Promise((resolve, reject) => {
      queue.push({ caseId, expectedSeq, events, options, resolve, reject });
      if (!draining) void drain();
    });
  };
}

async function settle(pool: pg.Pool, batch: readonly Waiting[]): Promise<void> {
  try {
    const outcomes = await inTransaction(pool, (client) => appendBatch(client, batch));
    for (const [i, waiting] of batch.entries()) {
      const outcome = outcomes[i];
      assert(outcome, 'one outcome per append');
      if ('stored' in outcome) waiting.resolve(outcome.stored);
      else waiting.reject(outcome.refused);
    }
  } catch (error) {
    if (batch.length > 1 && databaseFault(error)?.code === 'database_error') {
      // One of them is unacceptable to the database; the others must not fail for it.
      for (const waiting of batch) await settle(pool, [waiting]);
      return;
    }
    for (const waiting of batch) waiting.reject(error);
  }
}

async function appendBatch(client: pg.ClientBase, batch: readonly Waiting[]): Promise<Outcome[]> {
  // From here to COMMIT this is the only append in the whole database.
  let state = await lockHead(client);
  const seen = await readSeqs(client, [...new Set(batch.map((waiting) => waiting.caseId))]);
  const rows: EventRow[] = [];
  const states = new Map<string, StateRow>();
  const summaries = new Map<string, SummaryRow>();
  const duties: NewDuty[] = [];
  const outcomes = batch.map((waiting): Outcome => {
    const { caseId, expectedSeq, options } = waiting;
    if ((seen.get(caseId) ?? 0) !== expectedSeq) return { refused: caseChanged(caseId) };
    const stored = waiting.events.map((event, i) => {
      const seq = expectedSeq + i + 1;
      const text = canonicalJson(eventBody({ ...event, caseId, seq }));
      state = extend(state, Buffer.from(text));
      const row = { globalSeq: state.frontier.size, text, chain: state.chain };
      const kept = eventFrom(JSON.parse(text) as Json, row.globalSeq);
      rows.push({ ...row, event: kept });
      return kept;
    });
    const open = options.open ?? true;
    const seq = expectedSeq + stored.length;
    seen.set(caseId, seq);
    states.set(caseId, { caseId, seq, open, wakeAt: sqlInstant(options.wakeAt) });
    const { summary } = options;
    const known = summaries.get(caseId);
    const data = summary ? canonicalJson(summary.data) : (known?.data ?? null);
    const dueAt = summary ? sqlInstant(summary.dueAt) : (known?.dueAt ?? null);
    const globalSeq = summary ? state.frontier.size : (known?.globalSeq ?? 0);
    summaries.set(caseId, { caseId, open, dueAt, data, globalSeq });
    duties.push(...(options.duties ?? []));
    return { stored };
  });
  if (rows.length === 0) return outcomes;
  await insertEvents(client, rows);
  await writeHead(client, state);
  await writeStates(client, [...states.values()]);
  await writeSummaries(client, [...summaries.values()]);
  if (duties.length > 0) await insertDuties(client, duties);
  return outcomes;
}

async function lockHead(client: pg.ClientBase): Promise<LogState> {
  const text = 'SELECT size, chain, peaks FROM store.event_head FOR UPDATE';
  type Row = { size: number; chain: Buffer; peaks: Buffer };
  let { rows } = await client.query<Row>(text);
  if (rows.length === 0) {
    const { chain } = emptyLog;
    await client.query('INSERT INTO store.event_head (size, chain, peaks) VALUES (0, $1, $2) ON CONFLICT DO NOTHING', [
      chain,
      Buffer.alloc(0),
    ]);
    ({ rows } = await client.query<Row>(text));
  }
  const head = rows[0];
  assert(head, 'the head was inserted when it was missing');
  return { chain: head.chain, frontier: { size: head.size, peaks: splitPeaks(head.peaks) } };
}

export function splitPeaks(peaks: Buffer): Buffer[] {
  return Array.from({ length: peaks.length / hashBytes }, (_, i) => peaks.subarray(i * hashBytes, (i + 1) * hashBytes));
}

async function readSeqs(client: pg.ClientBase, caseIds: readonly string[]): Promise<Map<string, number>> {
  const { rows } = await client.query<{ case_id: string; seq: number }>(
    'SELECT case_id, seq FROM store.case_state WHERE case_id = ANY ($1)',
    [caseIds],
  );
  return new Map(rows.map((row) => [row.case_id, row.seq]));
}

interface EventRow {
  readonly globalSeq: number;
  readonly event: StoredEvent;
  readonly text: string;
  readonly chain: Buffer;
}

async function insertEvents(client: pg.ClientBase, rows: readonly EventRow[]): Promise<void> {
  await client.query(
    `INSERT INTO store.event (global_seq, case_id, seq, at, type, body, chain)
     SELECT * FROM unnest($1::bigint[], $2::text[], $3::integer[], $4::timestamptz[], $5::text[], $6::text[], $7::bytea[])`,
    [
      rows.map((row) => row.globalSeq),
      rows.map((row) => row.event.caseId),
      rows.map((row) => row.event.seq),
      rows.map((row) => sqlInstant(row.event.at)),
      rows.map((row) => row.event.type),
      rows.map((row) => row.text),
      rows.map((row) => row.chain),
    ],
  );
}

async function writeHead(client: pg.ClientBase, state: LogState): Promise<void> {
  await client.query('UPDATE store.event_head SET size = $1, chain = $2, peaks = $3', [
    state.frontier.size,
    state.chain,
    Buffer.concat(state.frontier.peaks),
  ]);
}

interface StateRow {
  readonly caseId: string;
  readonly seq: number;
  readonly open: boolean;
  readonly wakeAt: string | null;
}

/** A lease stays: who holds the case goes on holding it until it settles or the lease runs out. */
async function writeStates(client: pg.ClientBase, rows: readonly StateRow[]): Promise<void> {
  await client.query(
    `INSERT INTO store.case_state (case_id, seq, open, wake_at)
     SELECT * FROM unnest($1::text[], $2::integer[], $3::boolean[], $4::timestamptz[])
     ON CONFLICT (case_id) DO UPDATE
       SET seq = excluded.seq, open = excluded.open, wake_at = excluded.wake_at`,
    [rows.map((r) => r.caseId), rows.map((r) => r.seq), rows.map((r) => r.open), rows.map((r) => r.wakeAt)],
  );
}

interface SummaryRow {
  readonly caseId: string;
  readonly open: boolean;
  readonly dueAt: string | null;
  /** Null when the append brought no summary: the old one stays, only `open` follows. */
  readonly data: string | null;
  readonly globalSeq: number;
}

async function writeSummaries(client: pg.ClientBase, rows: readonly SummaryRow[]): Promise<void> {
  const fresh = rows.filter((row) => row.data !== null);
  const kept = rows.filter((row) => row.data === null);
  if (fresh.length > 0) {
    await client.query(
      `INSERT INTO store.case_summary (case_id, open, due_at, data, global_seq)
       SELECT id, open, due_at, data::json, global_seq
         FROM unnest($1::text[], $2::boolean[], $3::timestamptz[], $4::text[], $5::bigint[]) AS t (id, open, due_at, data, global_seq)
       ON CONFLICT (case_id) DO UPDATE
         SET open = excluded.open, due_at = excluded.due_at, data = excluded.data, global_seq = excluded.global_seq`,
      [
        fresh.map((r) => r.caseId),
        fresh.map((r) => r.open),
        fresh.map((r) => r.dueAt),
        fresh.map((r) => r.data),
        fresh.map((r) => r.globalSeq),
      ],
    );
  }
  if (kept.length > 0) {
    await client.query(
      `UPDATE store.case_summary AS s SET open = t.open
         FROM unnest($1::text[], $2::boolean[]) AS t (case_id, open)
        WHERE s.case_id = t.case_id AND s.open <> t.open`,
      [kept.map((r) => r.caseId), kept.map((r) => r.open)],
    );
  }
}
