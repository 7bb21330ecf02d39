/**
 * The ledger in PostgreSQL, schema `intake`. Every statement takes its instants as parameters; one round trip makes a
 * message durable.
 */
import { randomUUID } from 'node:crypto';
import type pg from 'pg';
import type { ReceiptMark } from '../../desk/clock/receipt-mark.ts';
import type { ReceiptId } from '../../foundation/brand.ts';
import { Fault } from '../../foundation/fault.ts';
import type { Instant } from '../../foundation/time/time.ts';
import type { Ledger } from './ledger.ts';
import { claimLost } from './memory.ts';
import { gatewayMigrations } from './postgres-gateway.ts';
import {
  instantFrom,
  instantText,
  marksJson,
  type ReceiptRow,
  receiptColumns,
  receiptFrom,
  storable,
} from './postgres-rows.ts';
import type { ReceiptFacts, ReceiptState, Related } from './receipt.ts';

/**
 * What reading notes down is not waited for on the disk: a power cut that takes it also takes everything later, and the
 * receipt, which was durable before, is read again. What must survive (receipts, events of cases, the end of sealed
 * bytes) is committed with a wait, and everything before it with it.
 */
const inOrder = `in_order AS MATERIALIZED (SELECT set_config('synchronous_commit', 'off', true))`;

export const migrations: readonly { id: string; sql: string }[] = [
  {
    id: 'intake-001-receipts',
    sql: `
      CREATE SCHEMA IF NOT EXISTS intake;
      CREATE TABLE intake.receipt (
        id uuid PRIMARY KEY,
        channel text NOT NULL,
        source text NOT NULL,
        folder text NOT NULL,
        source_key text NOT NULL,
        sha256 bytea NOT NULL CHECK (length(sha256) = 32),
        size bigint NOT NULL,
        key_id text NOT NULL,
        sealed bytea,
        sealed_forgotten_at timestamptz,
        mailbox text,
        envelope_from text,
        envelope_to text[] NOT NULL,
        accepted_at timestamptz NOT NULL,
        marks jsonb NOT NULL,
        state text NOT NULL DEFAULT 'new' CHECK (state IN ('new', 'reading', 'read', 'failed')),
        not_before timestamptz NOT NULL,
        attempts integer NOT NULL DEFAULT 0,
        reader text,
        leased_until timestamptz,
        deliveries integer NOT NULL DEFAULT 1,
        problem text,
        finished_at timestamptz,
        message_id text,
        message_id_synthetic boolean,
        content_hash bytea,
        thread_keys text[],
        automatic text,
        redacted bytea,
        UNIQUE (source, source_key, sha256),
        CHECK ((state = 'reading') = (leased_until IS NOT NULL))
      );
      -- Sealed bytes do not compress; trying would cost a core.
      ALTER TABLE intake.receipt ALTER COLUMN sealed SET STORAGE EXTERNAL;
      CREATE INDEX receipt_unread ON intake.receipt (accepted_at) WHERE state IN ('new', 'reading');
      CREATE INDEX receipt_failed ON intake.receipt (accepted_at) WHERE state = 'failed';
      CREATE INDEX receipt_accepted ON intake.receipt (accepted_at);
      CREATE INDEX receipt_content ON intake.receipt (content_hash);
      CREATE INDEX receipt_message ON intake.receipt (message_id) WHERE NOT message_id_synthetic;
      CREATE INDEX receipt_thread ON intake.receipt USING gin (thread_keys);
      CREATE INDEX receipt_kept ON intake.receipt (key_id) WHERE sealed IS NOT NULL;
      -- Where a source showed it: what is counted against what the source says it holds.
      CREATE TABLE intake.sighting (
        source text NOT NULL,
        folder text NOT NULL,
        place text NOT NULL,
        receipt_id uuid NOT NULL REFERENCES intake.receipt,
        PRIMARY KEY (source, folder, place, receipt_id)
      );
      CREATE INDEX sighting_receipt ON intake.sighting (receipt_id);
      CREATE TABLE intake.source_count (
        source text NOT NULL,
        folder text NOT NULL,
        epoch text NOT NULL,
        seen bigint NOT NULL,
        counted_at timestamptz NOT NULL,
        PRIMARY KEY (source, folder, epoch)
      );
      CREATE TABLE intake.source_cursor (
        source text NOT NULL,
        folder text NOT NULL,
        epoch text NOT NULL,
        next bigint NOT NULL,
        modseq numeric,
        moved_at timestamptz NOT NULL,
        PRIMARY KEY (source, folder)
      );
    `,
  },
  ...gatewayMigrations,
  {
    // New entries of a GIN index wait in a list that every search has to read through; looking for a thread is done for
    // every message, so they are filed at once.
    id: 'intake-003-threads-filed-at-once',
    sql: `
      ALTER INDEX intake.receipt_thread SET (fastupdate = off);
      SELECT gin_clean_pending_list('intake.receipt_thread');
    `,
  },
];

/** NOTIFY channel on which new receipts are announced. */
const announced = 'rescind_intake';

export function postgresLedger(pool: pg.Pool): Ledger {
  const announce = announcer(pool);
  return {
    async record({ arrival, sealed }) {
      const id = randomUUID();
      const result = await durably(() =>
        pool.query<{ id: string; fresh: boolean; accepted_us: string; reused: boolean }>(
          // The first line refuses to be faster than true: a server set to acknowledge before it has written is
          // made to wait for this one transaction. Stronger settings (replicas) are left as they are.
          `WITH durable AS MATERIALIZED (
             SELECT CASE WHEN current_setting('synchronous_commit') IN ('off', 'local')
                         THEN set_config('synchronous_commit', 'on', true) END AS setting
           ), inserted AS (
             INSERT INTO intake.receipt
               (id, channel, source, folder, source_key, sha256, size, key_id, sealed, mailbox, envelope_from,
                envelope_to, accepted_at, not_before, marks)
             SELECT $1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13::timestamptz, $13::timestamptz, $14::jsonb
             FROM durable
             ON CONFLICT (source, source_key, sha256) DO UPDATE SET deliveries = receipt.deliveries + 1
             RETURNING id, accepted_at
           ), sighted AS (
             INSERT INTO intake.sighting (source, folder, place, receipt_id)
             SELECT $3, $4, $15, id FROM inserted ON CONFLICT DO NOTHING
           )
           SELECT inserted.id, inserted.id = $1 AS fresh, (extract(epoch FROM inserted.accepted_at) * 1000000)::bigint AS accepted_us,
             EXISTS (SELECT FROM intake.receipt other
                     WHERE other.source = $3 AND other.source_key = $5 AND other.sha256 <> $6) AS reused
           FROM inserted`,
          [
            id,
            arrival.channel,
            storable(arrival.source),
            storable(arrival.folder ?? ''),
            storable(arrival.sourceKey ?? sealed.sha256),
            Buffer.from(sealed.sha256, 'hex'),
            sealed.size,
            sealed.keyId,
            Buffer.from(sealed.sealed.buffer, sealed.sealed.byteOffset, sealed.sealed.byteLength),
            arrival.mailbox === null ? null : storable(arrival.mailbox),
            arrival.envelopeFrom === null ? null : storable(arrival.envelopeFrom),
            arrival.envelopeTo.map(storable),
            instantText(arrival.acceptedAt),
            marksJson(arrival.marks),
            storable(arrival.sightedAs ?? arrival.sourceKey ?? sealed.sha256),
          ],
        ),
      );
      const row = result.rows[0];
      if (row === undefined) throw new Fault('ledger_refused', 'The ledger took a receipt and did not say which.');
      if (row.fresh) announce();
      return {
        id: row.id as ReceiptId,
        fresh: row.fresh,
        acceptedAt: instantFrom(row.accepted_us),
        keyReused: row.reused,
      };
    },

    async claim({ reader, now, lease, limit }) {
      const result = await pool.query<ReceiptRow & { sealed: Buffer | null }>(
        `WITH ${inOrder}, free AS (
           SELECT id FROM intake.receipt
           WHERE (state = 'new' AND not_before <= $1::timestamptz) OR (state = 'reading' AND leased_until <= $1::timestamptz)
           ORDER BY accepted_at LIMIT $2 FOR UPDATE SKIP LOCKED
         )
         UPDATE intake.receipt AS receipt
         SET state = 'reading', reader = $3, leased_until = $4::timestamptz, attempts = receipt.attempts + 1
         FROM free, in_order WHERE receipt.id = free.id
         RETURNING ${receiptColumns}, receipt.sealed`,
        [instantText(now), limit, reader, instantText(now.add(lease))],
      );
      return result.rows
        .map((row) => ({ receipt: receiptFrom(row), sealed: row.sealed ?? new Uint8Array(0) }))
        .toSorted((a, b) => Temporal.Instant.compare(a.receipt.acceptedAt, b.receipt.acceptedAt));
    },

    async markRead(id, reader, outcome) {
      const { facts } = outcome;
      const result = await pool.query(
        `WITH ${inOrder}
         UPDATE intake.receipt
         SET state = 'read', reader = NULL, leased_until = NULL, finished_at = $3::timestamptz, problem = $4,
             marks = marks || $5::jsonb, redacted = $6, message_id = $7, message_id_synthetic = $8,
             content_hash = $9, thread_keys = $10, automatic = $11
         FROM in_order
         WHERE id = $1 AND state = 'reading' AND reader = $2`,
        [
          id,
          reader,
          instantText(outcome.at),
          outcome.problem,
          marksJson(outcome.marks),
          outcome.redacted === null ? null : Buffer.from(outcome.redacted),
          storable(facts.messageId),
          facts.messageIdSynthetic,
          Buffer.from(facts.contentHash, 'hex'),
          facts.threadKeys.map(storable),
          facts.automatic,
        ],
      );
      if (result.rowCount !== 1) throw claimLost(id);
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

    async get(id) {
      const result = await pool.query<ReceiptRow>(
        `SELECT ${receiptColumns} FROM intake.receipt AS receipt WHERE id = $1`,
        [id],
      );
      return result.rows[0] === undefined ? null : receiptFrom(result.rows[0]);
    },

    async list({ state, source, limit }) {
      const result = await pool.query<ReceiptRow>(
        `SELECT ${receiptColumns} FROM intake.receipt AS receipt
         WHERE ($1::text IS NULL OR state = $1) AND ($2::text IS NULL OR source = $2)
         ORDER BY accepted_at, id LIMIT $3`,
        [state ?? null, source ?? null, limit],
      );
      return result.rows.map(receiptFrom);
    },

    async sentBy({ sender, messageId, since, limit }) {
      const result = await pool.query<ReceiptRow>(
        `SELECT ${receiptColumns} FROM intake.receipt AS receipt
         WHERE accepted_at >= $3::timestamptz
           AND (lower(envelope_from) = $1 OR envelope_from IS NULL OR (message_id = $2 AND message_id <> ''))
         ORDER BY accepted_at, id LIMIT $4`,
        [storable(sender.toLowerCase()), storable(messageId ?? ''), instantText(since), limit],
      );
      return result.rows.map(receiptFrom);
    },

    async sealed(id) {
      const result = await pool.query<{ sealed: Buffer | null }>('SELECT sealed FROM intake.receipt WHERE id = $1', [
        id,
      ]);
      return result.rows[0]?.sealed ?? null;
    },

    async redacted(id) {
      const result = await pool.query<{ redacted: Buffer | null }>(
        'SELECT redacted FROM intake.receipt WHERE id = $1',
        [id],
      );
      return result.rows[0]?.redacted ?? null;
    },

    async addMarks(id, marks: readonly ReceiptMark[]) {
      await pool.query('UPDATE intake.receipt SET marks = marks || $2::jsonb WHERE id = $1', [id, marksJson(marks)]);
    },

    async forgetSealed(id, at: Instant) {
      const result = await pool.query(
        `UPDATE intake.receipt SET sealed = NULL, sealed_forgotten_at = $2::timestamptz
         WHERE id = $1 AND sealed IS NOT NULL`,
        [id, instantText(at)],
      );
      return result.rowCount === 1;
    },

    async keyIdsInUse() {
      const result = await pool.query<{ key_id: string }>(
        'SELECT DISTINCT key_id FROM intake.receipt WHERE sealed IS NOT NULL ORDER BY key_id',
      );
      return result.rows.map((row) => row.key_id);
    },

    async related(facts, except) {
      return await findRelated(pool, facts, except);
    },

    async unrecorded(source, folder, keys) {
      const result = await pool.query<{ key: string }>(
        `SELECT asked.key FROM unnest($3::text[]) WITH ORDINALITY AS asked (key, place)
         WHERE NOT EXISTS (SELECT FROM intake.sighting
                           WHERE source = $1 AND folder = $2 AND place = asked.key)
         ORDER BY asked.place`,
        [storable(source), storable(folder), keys.map(storable)],
      );
      return result.rows.map((row) => row.key);
    },

    async reportSeen(count) {
      await pool.query(
        `INSERT INTO intake.source_count (source, folder, epoch, seen, counted_at) VALUES ($1, $2, $3, $4, $5::timestamptz)
         ON CONFLICT (source, folder, epoch) DO UPDATE SET seen = excluded.seen, counted_at = excluded.counted_at`,
        [storable(count.source), storable(count.folder), storable(count.epoch), count.seen, instantText(count.at)],
      );
    },

    async differences() {
      const result = await pool.query<{
        source: string;
        folder: string;
        epoch: string;
        seen: string;
        counted_us: string;
        recorded: string;
      }>(
        `SELECT counted.source, counted.folder, counted.epoch, counted.seen,
                (extract(epoch FROM counted.counted_at) * 1000000)::bigint AS counted_us, held.recorded
         FROM intake.source_count AS counted
         CROSS JOIN LATERAL (
           SELECT count(DISTINCT place) AS recorded FROM intake.sighting AS sighting
           WHERE sighting.source = counted.source AND sighting.folder = counted.folder
             AND (counted.epoch = '' OR starts_with(sighting.place, counted.epoch || '/'))
         ) AS held
         WHERE held.recorded < counted.seen ORDER BY 1, 2, 3`,
      );
      return result.rows.map((row) => ({
        source: row.source,
        folder: row.folder,
        epoch: row.epoch,
        seen: Number(row.seen),
        at: instantFrom(row.counted_us),
        recorded: Number(row.recorded),
      }));
    },

    async cursor(source, folder) {
      const result = await pool.query<{ epoch: string; next: string; modseq: string | null }>(
        'SELECT epoch, next, modseq::text AS modseq FROM intake.source_cursor WHERE source = $1 AND folder = $2',
        [storable(source), storable(folder)],
      );
      const row = result.rows[0];
      if (row === undefined) return null;
      return { epoch: row.epoch, next: Number(row.next), modseq: row.modseq === null ? null : BigInt(row.modseq) };
    },

    async moveCursor(source, folder, cursor, at) {
      await pool.query(
        `INSERT INTO intake.source_cursor (source, folder, epoch, next, modseq, moved_at)
         VALUES ($1, $2, $3, $4, $5::numeric, $6::timestamptz)
         ON CONFLICT (source, folder) DO UPDATE
         SET epoch = excluded.epoch, next = excluded.next, modseq = excluded.modseq, moved_at = excluded.moved_at`,
        [
          storable(source),
          storable(folder),
          cursor.epoch,
          cursor.next,
          cursor.modseq === null ? null : cursor.modseq.toString(),
          instantText(at),
        ],
      );
    },

    async stats() {
      const result = await pool.query<{ state: ReceiptState; count: string; oldest_us: string | null }>(
        `SELECT state, count(*) AS count, (extract(epoch FROM min(accepted_at)) * 1000000)::bigint AS oldest_us
         FROM intake.receipt GROUP BY state`,
      );
      const counts: Record<ReceiptState, number> = { new: 0, reading: 0, read: 0, failed: 0 };
      let oldest: bigint | null = null;
      for (const row of result.rows) {
        counts[row.state] = Number(row.count);
        if ((row.state === 'new' || row.state === 'reading') && row.oldest_us !== null) {
          const at = BigInt(row.oldest_us);
          if (oldest === null || at < oldest) oldest = at;
        }
      }
      return { counts, oldestUnreadAt: oldest === null ? null : instantFrom(oldest.toString()) };
    },

    async onRecorded(listener) {
      const client = await pool.connect();
      const heard = (): void => listener();
      client.on('notification', heard);
      // A lost connection is found by the reader's next poll; the listener itself must not bring the process down.
      const broken = (): void => undefined;
      client.on('error', broken);
      await client.query(`LISTEN ${announced}`);
      return async () => {
        client.off('notification', heard);
        await client.query(`UNLISTEN ${announced}`).catch(() => undefined);
        client.off('error', broken);
        client.release();
      };
    },
  };
}

/**
 * Tells readers everywhere that there is something new, one NOTIFY at a time however many arrive: inside the recording
 * transaction it would take a lock over the whole server and end group commit.
 */
function announcer(pool: pg.Pool): () => void {
  let running = false;
  let again = false;
  const run = async (): Promise<void> => {
    running = true;
    do {
      again = false;
      // Readers also poll: a lost announcement costs a moment, never a message.
      await pool
        .query(`SELECT set_config('synchronous_commit', 'off', true), pg_notify('${announced}', '')`)
        .catch(() => undefined);
    } while (again);
    running = false;
  };
  return () => {
    again = true;
    if (!running) void run();
  };
}

/** Receipts looked at per relation; a thread of thousands is one case anyway. */
const RELATED_MAX = 1_000;

async function findRelated(pool: pg.Pool, facts: ReceiptFacts, except: ReceiptId | null): Promise<Related> {
  const result = await pool.query<{ id: string; relation: keyof Related }>(
    `SELECT id, relation FROM (
       SELECT id, accepted_at, CASE
         WHEN content_hash = $1 THEN 'sameContent'
         WHEN message_id = $2 AND NOT message_id_synthetic AND NOT $3 THEN 'reusedMessageId'
         END AS relation
       FROM intake.receipt
       WHERE content_hash = $1 OR (message_id = $2 AND NOT message_id_synthetic AND NOT $3)
       UNION ALL
       SELECT id, accepted_at, 'sameThread' FROM intake.receipt
       WHERE thread_keys && $4::text[] AND content_hash <> $1
     ) AS found
     WHERE relation IS NOT NULL AND ($5::uuid IS NULL OR id <> $5)
     ORDER BY accepted_at, id LIMIT $6`,
    [
      Buffer.from(facts.contentHash, 'hex'),
      storable(facts.messageId),
      facts.messageIdSynthetic,
      facts.threadKeys.map(storable),
      except,
      RELATED_MAX,
    ],
  );
  const of = (relation: keyof Related): ReceiptId[] =>
    result.rows.filter((row) => row.relation === relation).map((row) => row.id as ReceiptId);
  return { sameContent: of('sameContent'), reusedMessageId: of('reusedMessageId'), sameThread: of('sameThread') };
}

/** SQLSTATEs after which nothing was written: no space (53100), out of memory, too many connections, read-only. */
const notWritten = new Set(['53100', '53200', '53300', '57P03', '25006']);

/** Says whether a failed write may have happened: a lost connection may have lost only the answer. */
async function durably<T>(write: () => Promise<T>): Promise<T> {
  try {
    return await write();
  } catch (cause) {
    const code = (cause as { code?: string }).code ?? '';
    if (code === '53100') {
      throw new Fault('ledger_full', 'The database has no space left; nothing was recorded. Free space, then retry.', {
        cause,
      });
    }
    const certain = notWritten.has(code) || /^(?:22|23|42)/.test(code) || code === 'ECONNREFUSED' || code === 'ENOENT';
    throw new Fault(
      'ledger_unavailable',
      certain
        ? 'The ledger did not take the message. Deliver it again.'
        : 'The ledger did not answer; the message may have been recorded. Deliver the same again: it will be recognised.',
      { cause, outcome: certain ? 'did_not_happen' : 'unknown' },
    );
  }
}
