/** What readers do with receipts in PostgreSQL: claim them, note what they found, give them back. */
import type pg from 'pg';
import type { ReceiptId } from '../../foundation/brand.ts';
import { gathering } from '../../foundation/gathering.ts';
import type { Ledger, ReadOutcome } from './ledger.ts';
import { claimLost } from './memory.ts';
import { instantText, marksJson, type ReceiptRow, receiptColumns, receiptFrom, storable } from './postgres-rows.ts';

/**
 * What reading notes down is not waited for on the disk: a power cut that takes it also takes everything later, and the
 * receipt, which was durable before, is read again. What must survive (receipts, events of cases, the end of sealed
 * bytes) is committed with a wait, and everything before it with it.
 */
const inOrder = `in_order AS MATERIALIZED (SELECT set_config('synchronous_commit', 'off', true))`;

/** Receipts whose reading is noted in one statement. */
const TOGETHER_MAX = 100;
/** Nobody waits for the note: the case is on the board by then. */
const LINGER_MILLISECONDS = 25;

interface Read {
  readonly id: ReceiptId;
  readonly reader: string;
  readonly outcome: ReadOutcome;
}

export function readingOf(pool: pg.Pool): Pick<Ledger, 'claim' | 'renew' | 'markRead' | 'markFailed'> {
  const note = gathering((reads: readonly Read[]) => noteAll(pool, reads), {
    most: TOGETHER_MAX,
    lingerMilliseconds: LINGER_MILLISECONDS,
    onesOwnFault: (error) => /^2[23]/.test((error as { code?: string }).code ?? ''),
  });
  return {
    async claim({ reader, now, lease, limit }) {
      const result = await pool.query<ReceiptRow & { sealed: Buffer | null }>({
        name: 'intake-claim',
        text: `WITH ${inOrder}, free AS (
           SELECT id FROM intake.receipt
           WHERE finished_at IS NULL AND
             ((state = 'new' AND not_before <= $1::timestamptz) OR (state = 'reading' AND leased_until <= $1::timestamptz))
           ORDER BY accepted_at LIMIT $2 FOR UPDATE SKIP LOCKED
         )
         UPDATE intake.receipt AS receipt
         SET state = 'reading', reader = $3, leased_until = $4::timestamptz, attempts = receipt.attempts + 1
         FROM free, in_order WHERE receipt.id = free.id
         RETURNING ${receiptColumns}, receipt.sealed`,
        values: [instantText(now), limit, reader, instantText(now.add(lease))],
      });
      return result.rows
        .map((row) => ({ receipt: receiptFrom(row), sealed: row.sealed ?? new Uint8Array(0) }))
        .toSorted((a, b) => Temporal.Instant.compare(a.receipt.acceptedAt, b.receipt.acceptedAt));
    },

    async renew({ reader, ids, until }) {
      await pool.query(
        `UPDATE intake.receipt SET leased_until = $3::timestamptz
         WHERE id = ANY($1::uuid[]) AND state = 'reading' AND reader = $2`,
        [ids, reader, instantText(until)],
      );
    },

    async markRead(id, reader, outcome) {
      if (!(await note({ id, reader, outcome }))) throw claimLost(id);
    },

    async markFailed(id, reader, failure) {
      const result = await pool.query(
        `UPDATE intake.receipt
         SET state = CASE WHEN $5::timestamptz IS NULL THEN 'failed' ELSE 'new' END, reader = NULL, leased_until = NULL,
             problem = $3, finished_at = CASE WHEN $5::timestamptz IS NULL THEN $4::timestamptz END,
             not_before = coalesce($5::timestamptz, not_before)
         WHERE id = $1 AND state = 'reading' AND reader = $2`,
        [
          id,
          reader,
          failure.problem,
          instantText(failure.at),
          failure.retryAt === null ? null : instantText(failure.retryAt),
        ],
      );
      if (result.rowCount !== 1) throw claimLost(id);
    },
  };
}

/** False for those that have gone to another reader. */
async function noteAll(pool: pg.Pool, reads: readonly Read[]): Promise<readonly boolean[]> {
  const result = await pool.query<{ id: string }>({
    name: 'intake-read',
    text: `WITH ${inOrder}
       UPDATE intake.receipt AS receipt
       SET state = 'read', reader = NULL, leased_until = NULL, finished_at = given.at, problem = given.problem,
           marks = receipt.marks || given.marks, message_id = given.message_id,
           message_id_synthetic = given.synthetic, content_hash = decode(given.content_hash, 'hex'),
           thread_keys = given.thread_keys, automatic = given.automatic
       FROM in_order, json_to_recordset($1::json) AS given (
         id uuid, reader text, at timestamptz, problem text, marks jsonb, message_id text, synthetic boolean,
         content_hash text, thread_keys text[], automatic text)
       WHERE receipt.id = given.id AND receipt.state = 'reading' AND receipt.reader = given.reader
       RETURNING receipt.id`,
    values: [JSON.stringify(reads.map(rowOf))],
  });
  const noted = new Set(result.rows.map((row) => row.id));
  return reads.map((read) => noted.has(read.id));
}

function rowOf({ id, reader, outcome: { facts, marks, problem, at } }: Read) {
  return {
    id,
    reader,
    at: instantText(at),
    problem: problem === null ? null : storable(problem),
    marks: JSON.parse(marksJson(marks)) as unknown,
    message_id: storable(facts.messageId),
    synthetic: facts.messageIdSynthetic,
    content_hash: facts.contentHash,
    thread_keys: facts.threadKeys.map(storable),
    automatic: facts.automatic,
  };
}
