/**
 * Appending to PostgreSQL. The log has one order and one chain, so appends take turns at the row that holds its head;
 * what would make that slow is waiting for the disk once per turn. Therefore whoever comes while an append is under way
 * is taken along by the next one: under load one fsync pays for many appends, and alone it costs nothing.
 *
 * A process that made the last append knows the head, and makes the next one in a single statement that changes nothing
 * unless the head and the cases are still as it knows them. Otherwise, and at first, it locks the head and looks.
 */
import assert from 'node:assert';
import type pg from 'pg';
import { gathering } from '../../foundation/gathering.ts';
import { canonicalJson, type Json } from '../../foundation/log/canonical.ts';
import { emptyLog, extend, type LogState } from '../../foundation/log/chain.ts';
import { hashBytes } from '../../foundation/log/merkle.ts';
import { type AppendOptions, eventBody, eventFrom, type NewEvent, type StoredEvent } from './case-store.ts';
import { caseChanged, checkAppend } from './common.ts';
import type { NewDuty } from './duties.ts';
import { databaseFault } from './faults.ts';
import { insertDuties } from './postgres-duties.ts';
import { inTransaction, run, sqlInstant } from './statements.ts';

interface Append {
  readonly caseId: string;
  readonly expectedSeq: number;
  readonly events: readonly NewEvent[];
  readonly options: AppendOptions;
}

type Outcome = { readonly stored: readonly StoredEvent[] } | { readonly refused: Error };

/** Appends taken along in one transaction: enough to make the disk's share small, few enough to stay quick. */
const batchMax = 64;

export function appender(pool: pg.Pool) {
  /** The head as this process left it; null when that is not known. */
  let known: LogState | null = null;

  async function appendAll(batch: readonly Append[]): Promise<readonly Outcome[]> {
    const from = known;
    known = null;
    const guess = from === null ? null : written(batch, from, expectedSeqs(batch));
    if (from !== null && guess !== null && (await appendAtHead(pool, from, guess))) {
      known = guess.state;
      return guess.outcomes;
    }
    const done = await inTransaction(pool, (client) => appendUnderLock(client, batch));
    known = done.state;
    return done.outcomes;
  }

  const together = gathering<Append, Outcome>(appendAll, {
    most: batchMax,
    // One of them is unacceptable to the database; the others must not fail for it.
    onesOwnFault: (error) => databaseFault(error)?.code === 'database_error',
  });
  return async function append(
    caseId: string,
    expectedSeq: number,
    events: readonly NewEvent[],
    options: AppendOptions,
  ): Promise<readonly StoredEvent[]> {
    checkAppend(caseId, events, options);
    const outcome = await together({ caseId, expectedSeq, events, options });
    if ('refused' in outcome) throw outcome.refused;
    return outcome.stored;
  };
}

/** What a batch makes of the log and of its cases, and what each append is told. */
interface Written {
  readonly state: LogState;
  readonly rows: readonly EventRow[];
  readonly states: readonly StateRow[];
  readonly summaries: readonly SummaryRow[];
  readonly duties: readonly NewDuty[];
  readonly outcomes: readonly Outcome[];
}

/** `seqs`: how many events each case has before. */
function written(batch: readonly Append[], from: LogState, seqs: ReadonlyMap<string, number>): Written {
  let state = from;
  const seen = new Map(seqs);
  const rows: EventRow[] = [];
  const states = new Map<string, StateRow>();
  const summaries = new Map<string, SummaryRow>();
  const duties: NewDuty[] = [];
  const outcomes = batch.map(({ caseId, expectedSeq, events, options }): Outcome => {
    if ((seen.get(caseId) ?? 0) !== expectedSeq) return { refused: caseChanged(caseId) };
    const stored = events.map((event, i) => {
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
    const before = summaries.get(caseId);
    const data = summary ? canonicalJson(summary.data) : (before?.data ?? null);
    const dueAt = summary ? sqlInstant(summary.dueAt) : (before?.dueAt ?? null);
    const globalSeq = summary ? state.frontier.size : (before?.globalSeq ?? 0);
    summaries.set(caseId, { caseId, open, dueAt, data, globalSeq });
    duties.push(...(options.duties ?? []));
    return { stored };
  });
  return { state, rows, states: [...states.values()], summaries: [...summaries.values()], duties, outcomes };
}

/** What the appends of a batch believe of their cases; the first append of a case speaks for it. */
function expectedSeqs(batch: readonly Append[]): Map<string, number> {
  const seqs = new Map<string, number>();
  for (const { caseId, expectedSeq } of batch) if (!seqs.has(caseId)) seqs.set(caseId, expectedSeq);
  return seqs;
}

async function appendUnderLock(
  client: pg.ClientBase,
  batch: readonly Append[],
): Promise<Pick<Written, 'state' | 'outcomes'>> {
  // From here to COMMIT this is the only append in the whole database.
  const from = await lockHead(client);
  const done = written(batch, from, await readSeqs(client, [...new Set(batch.map((one) => one.caseId))]));
  if (done.rows.length === 0) return done;
  await insertEvents(client, done.rows);
  await writeHead(client, done.state);
  await writeStates(client, done.states);
  await writeSummaries(client, done.summaries);
  if (done.duties.length > 0) await insertDuties(client, done.duties);
  return done;
}

/**
 * The whole append in one statement; false when it did nothing, because the head has moved or a case is not as far as
 * the append says. Every append moves the head: whoever had to wait for its row compares again what is there by then.
 */
async function appendAtHead(pool: pg.Pool, from: LogState, to: Written): Promise<boolean> {
  // Rarer kinds of append are left to the long way.
  if (to.rows.length === 0 || to.duties.length > 0 || to.summaries.some((row) => row.data === null)) return false;
  const seqs = new Map<string, number>();
  for (const { event } of to.rows) if (!seqs.has(event.caseId)) seqs.set(event.caseId, event.seq - 1);
  const result = await run<{ moved: number }>(
    pool,
    `WITH head AS (
       UPDATE store.event_head SET size = $1, chain = $2, peaks = $3
        WHERE size = $4 AND chain = $5 AND NOT EXISTS (
          SELECT FROM unnest($6::text[], $7::integer[]) AS t (case_id, seq)
            LEFT JOIN store.case_state AS s ON s.case_id = t.case_id
           WHERE coalesce(s.seq, 0) <> t.seq)
       RETURNING 1
     ), events AS (
       INSERT INTO store.event (global_seq, case_id, seq, at, type, body, chain)
       SELECT t.* FROM head,
         unnest($8::bigint[], $9::text[], $10::integer[], $11::timestamptz[], $12::text[], $13::text[], $14::bytea[]) AS t
     ), states AS (
       INSERT INTO store.case_state (case_id, seq, open, wake_at)
       SELECT t.* FROM head, unnest($15::text[], $16::integer[], $17::boolean[], $18::timestamptz[]) AS t
       ON CONFLICT (case_id) DO UPDATE SET seq = excluded.seq, open = excluded.open, wake_at = excluded.wake_at
     ), summaries AS (
       INSERT INTO store.case_summary (case_id, open, due_at, data, global_seq)
       SELECT id, open, due_at, data::json, global_seq
         FROM head, unnest($19::text[], $20::boolean[], $21::timestamptz[], $22::text[], $23::bigint[]) AS t (id, open, due_at, data, global_seq)
       ON CONFLICT (case_id) DO UPDATE
         SET open = excluded.open, due_at = excluded.due_at, data = excluded.data, global_seq = excluded.global_seq
     )
     SELECT count(*)::integer AS moved FROM head`,
    [
      ...headValues(to.state),
      from.frontier.size,
      from.chain,
      [...seqs.keys()],
      [...seqs.values()],
      ...eventValues(to.rows),
      ...stateValues(to.states),
      ...summaryValues(to.summaries),
    ],
    true,
  );
  return result[0]?.moved === 1;
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
    eventValues(rows),
  );
}

function eventValues(rows: readonly EventRow[]): unknown[] {
  return [
    rows.map((row) => row.globalSeq),
    rows.map((row) => row.event.caseId),
    rows.map((row) => row.event.seq),
    rows.map((row) => sqlInstant(row.event.at)),
    rows.map((row) => row.event.type),
    rows.map((row) => row.text),
    rows.map((row) => row.chain),
  ];
}

async function writeHead(client: pg.ClientBase, state: LogState): Promise<void> {
  await client.query('UPDATE store.event_head SET size = $1, chain = $2, peaks = $3', headValues(state));
}

function headValues({ chain, frontier }: LogState): unknown[] {
  return [frontier.size, chain, Buffer.concat(frontier.peaks)];
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
    stateValues(rows),
  );
}

function stateValues(rows: readonly StateRow[]): unknown[] {
  return [rows.map((r) => r.caseId), rows.map((r) => r.seq), rows.map((r) => r.open), rows.map((r) => r.wakeAt)];
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
      summaryValues(fresh),
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

function summaryValues(rows: readonly SummaryRow[]): unknown[] {
  return [
    rows.map((r) => r.caseId),
    rows.map((r) => r.open),
    rows.map((r) => r.dueAt),
    rows.map((r) => r.data),
    rows.map((r) => r.globalSeq),
  ];
}
