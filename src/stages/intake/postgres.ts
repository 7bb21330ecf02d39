/**
 * The ledger in PostgreSQL, schema `intake`. Every statement takes its instants as parameters; one round trip makes a
 * message durable.
 */
import type pg from 'pg';
import type { ReceiptMark } from '../../desk/clock/receipt-mark.ts';
import type { Instant } from '../../foundation/time/time.ts';
import type { Ledger } from './ledger.ts';
import { readingOf } from './postgres-reading.ts';
import { recorder } from './postgres-record.ts';
import { relatedOf } from './postgres-related.ts';
import {
  instantFrom,
  instantText,
  marksJson,
  type ReceiptRow,
  receiptColumns,
  receiptFrom,
  storable,
} from './postgres-rows.ts';
import type { ReceiptState } from './receipt.ts';

export { migrations } from './postgres-migrations.ts';

/** NOTIFY channel on which new receipts are announced. */
const announced = 'rescind_intake';

export function postgresLedger(pool: pg.Pool): Ledger {
  return {
    record: recorder(pool, announcer(pool)),
    ...readingOf(pool),
    related: relatedOf(pool),

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

/** Announcements follow each other no faster than this. */
const ANNOUNCE_EVERY_MILLISECONDS = 50;

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
      await new Promise<void>((resolve) => setTimeout(resolve, ANNOUNCE_EVERY_MILLISECONDS).unref());
    } while (again);
    running = false;
  };
  return () => {
    again = true;
    if (!running) void run();
  };
}
