/**
 * Recording receipts in PostgreSQL. Messages that arrive while a write is under way are written together by the next
 * one: one round trip and one wait for the disk make all of them durable, and each sender is told when its own is.
 */
import { randomUUID } from 'node:crypto';
import type pg from 'pg';
import type { ReceiptId } from '../../foundation/brand.ts';
import { Fault } from '../../foundation/fault.ts';
import { gathering } from '../../foundation/gathering.ts';
import type { Ledger, Recorded } from './ledger.ts';
import { instantFrom, instantText, marksJson, storable } from './postgres-rows.ts';
import type { NewReceipt } from './receipt.ts';

/** Receipts of one statement. */
const TOGETHER_MAX = 64;
const TOGETHER_BYTES_MAX = 4 * 1024 * 1024;
/** A large message is written on a connection of its own, so that the others do not wait for it. */
const LARGE_BYTES = 512 * 1024;

/** `announce` is called once something new is durable. */
export function recorder(pool: pg.Pool, announce: () => void): Ledger['record'] {
  const write = (receipts: readonly NewReceipt[]) => writeAll(pool, receipts, announce);
  const together = gathering(write, {
    most: TOGETHER_MAX,
    weightOf: ({ sealed }) => sealed.sealed.byteLength,
    weightMost: TOGETHER_BYTES_MAX,
    // What one sender wrote and the database refuses must not cost the others their "250".
    onesOwnFault: (error) => error instanceof Fault && /^2[23]/.test((error.cause as { code?: string }).code ?? ''),
  });
  return async (receipt) =>
    receipt.sealed.sealed.byteLength > LARGE_BYTES
      ? ((await write([receipt]))[0] as Recorded)
      : await together(receipt);
}

async function writeAll(
  pool: pg.Pool,
  receipts: readonly NewReceipt[],
  announce: () => void,
): Promise<readonly Recorded[]> {
  const results: Recorded[] = new Array(receipts.length);
  let rest = receipts.map((receipt, place) => ({ receipt, place }));
  while (rest.length > 0) {
    // The same message delivered twice at the same moment: a statement may not write one row twice.
    const keys = new Set<string>();
    const repeated: typeof rest = [];
    const once = rest.filter((one) => {
      const key = JSON.stringify([one.receipt.arrival.source, keyOf(one.receipt), one.receipt.sealed.sha256]);
      if (!keys.has(key)) return keys.add(key);
      repeated.push(one);
      return false;
    });
    const written = await durably(() =>
      writeOnce(
        pool,
        once.map((one) => one.receipt),
      ),
    );
    for (const [n, { place }] of once.entries()) results[place] = written[n] as Recorded;
    rest = repeated;
  }
  if (results.some((one) => one.fresh)) announce();
  return results;
}

const keyOf = ({ arrival, sealed }: NewReceipt): string => storable(arrival.sourceKey ?? sealed.sha256);

interface Row {
  readonly place: number;
  readonly id: string;
  readonly fresh: boolean;
  readonly accepted_us: string;
  readonly reused: boolean;
}

async function writeOnce(pool: pg.Pool, receipts: readonly NewReceipt[]): Promise<readonly Recorded[]> {
  const bodies = receipts.map(({ sealed: { sealed } }) =>
    Buffer.from(sealed.buffer, sealed.byteOffset, sealed.byteLength),
  );
  let offset = 1;
  const rows = receipts.map((receipt, place) => {
    const from = offset;
    offset += (bodies[place] as Buffer).length;
    return rowOf(receipt, place, from, (bodies[place] as Buffer).length);
  });
  const result = await pool.query<Row>({
    name: 'intake-record',
    // The first line refuses to be faster than true: a server set to acknowledge before it has written is made to wait
    // for this one transaction. Stronger settings (replicas) are left as they are. The bodies come as one value, in
    // binary form, and are cut apart here.
    text: `WITH durable AS MATERIALIZED (
         SELECT CASE WHEN current_setting('synchronous_commit') IN ('off', 'local')
                     THEN set_config('synchronous_commit', 'on', true) END AS setting
       ), given AS MATERIALIZED (
         SELECT * FROM durable, json_to_recordset($2::json) AS given (
           place integer, id uuid, channel text, source text, folder text, source_key text, sha256 text, size bigint,
           key_id text, may_hold_key boolean, first integer, length integer, mailbox text, envelope_from text, envelope_to text[],
           accepted_at timestamptz, marks jsonb, sighted text)
       ), inserted AS (
         INSERT INTO intake.receipt
           (id, channel, source, folder, source_key, sha256, size, key_id, may_hold_key, sealed, mailbox, envelope_from,
            envelope_to, accepted_at, not_before, marks)
         SELECT id, channel, source, folder, source_key, decode(sha256, 'hex'), size, key_id, may_hold_key,
           substring($1::bytea FROM first FOR length), mailbox, envelope_from, envelope_to, accepted_at, accepted_at, marks
         FROM given ORDER BY source, source_key, sha256
         ON CONFLICT (source, source_key, sha256) DO UPDATE SET deliveries = receipt.deliveries + 1
         RETURNING id, accepted_at, source, source_key, sha256
       ), done AS (
         SELECT given.place, given.folder, given.sighted, inserted.*, inserted.id = given.id AS fresh
         FROM inserted JOIN given ON given.source = inserted.source AND given.source_key = inserted.source_key
           AND decode(given.sha256, 'hex') = inserted.sha256
       ), sighted AS (
         INSERT INTO intake.sighting (source, folder, place, receipt_id)
         SELECT source, folder, sighted, id FROM done WHERE sighted IS NOT NULL ON CONFLICT DO NOTHING
       )
       SELECT place, id, fresh, (extract(epoch FROM accepted_at) * 1000000)::bigint AS accepted_us,
         EXISTS (SELECT FROM intake.receipt other
                 WHERE other.source = done.source AND other.source_key = done.source_key AND other.sha256 <> done.sha256)
         OR EXISTS (SELECT FROM given other
                    WHERE other.source = done.source AND other.source_key = done.source_key AND other.place < done.place)
           AS reused
       FROM done ORDER BY place`,
    values: [Buffer.concat(bodies), JSON.stringify(rows)],
  });
  if (result.rows.length !== receipts.length)
    throw new Fault('ledger_refused', 'The ledger took receipts and did not say which.', { outcome: 'unknown' });
  return result.rows.map((row) => ({
    id: row.id as ReceiptId,
    fresh: row.fresh,
    acceptedAt: instantFrom(row.accepted_us),
    keyReused: row.reused,
  }));
}

function rowOf(receipt: NewReceipt, place: number, first: number, length: number) {
  const { arrival, sealed } = receipt;
  const sourceKey = keyOf(receipt);
  const text = (value: string | null): string | null => (value === null ? null : storable(value));
  return {
    place,
    id: randomUUID(),
    channel: arrival.channel,
    source: storable(arrival.source),
    folder: storable(arrival.folder ?? ''),
    source_key: sourceKey,
    sha256: sealed.sha256,
    size: sealed.size,
    key_id: sealed.keyId,
    may_hold_key: sealed.mayHoldKey,
    first,
    length,
    mailbox: text(arrival.mailbox),
    envelope_from: text(arrival.envelopeFrom),
    envelope_to: arrival.envelopeTo.map(storable),
    accepted_at: instantText(arrival.acceptedAt),
    marks: JSON.parse(marksJson(arrival.marks)) as unknown,
    // Only what lies in folders is counted against them.
    sighted: arrival.folder === null ? null : storable(arrival.sightedAs ?? sourceKey),
  };
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
