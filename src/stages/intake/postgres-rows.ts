/** Between rows of `intake.receipt` and receipts. Instants cross as microseconds, whatever parsers the pool has. */
import type { ReceiptMark } from '../../desk/clock/receipt-mark.ts';
import type { ReceiptId } from '../../foundation/brand.ts';
import type { AutomaticKind } from '../../foundation/mail/message.ts';
import type { Instant } from '../../foundation/time/time.ts';
import type { ChannelName, Receipt, ReceiptFacts, ReceiptState } from './receipt.ts';

export interface ReceiptRow {
  readonly id: string;
  readonly channel: string;
  readonly source: string;
  readonly folder: string;
  readonly source_key: string;
  readonly sha256: Buffer;
  readonly size: string;
  readonly key_id: string;
  readonly may_hold_key: boolean;
  readonly sealed_kept: boolean;
  readonly mailbox: string | null;
  readonly envelope_from: string | null;
  readonly envelope_to: readonly string[];
  readonly accepted_us: string;
  readonly marks: readonly { source: ReceiptMark['source']; at: string; trusted: boolean; detail: string }[];
  readonly state: ReceiptState;
  readonly attempts: number;
  readonly deliveries: number;
  readonly problem: string | null;
  readonly message_id: string | null;
  readonly message_id_synthetic: boolean | null;
  readonly content_hash: Buffer | null;
  readonly thread_keys: readonly string[] | null;
  readonly automatic: string | null;
}

export const receiptColumns = [
  ...'id channel source folder source_key sha256 size key_id may_hold_key mailbox envelope_from envelope_to marks state attempts'.split(
    ' ',
  ),
  ...'deliveries problem message_id message_id_synthetic content_hash thread_keys automatic'.split(' '),
]
  .map((column) => `receipt.${column}`)
  .concat(
    'receipt.sealed IS NOT NULL AS sealed_kept',
    '(extract(epoch FROM receipt.accepted_at) * 1000000)::bigint AS accepted_us',
  )
  .join(', ');

export function receiptFrom(row: ReceiptRow): Receipt {
  return {
    id: row.id as ReceiptId,
    channel: row.channel as ChannelName,
    source: row.source,
    folder: row.folder === '' ? null : row.folder,
    sourceKey: row.source_key,
    sha256: row.sha256.toString('hex'),
    size: Number(row.size),
    keyId: row.key_id,
    mayHoldKey: row.may_hold_key,
    sealedKept: row.sealed_kept,
    mailbox: row.mailbox,
    envelopeFrom: row.envelope_from,
    envelopeTo: row.envelope_to,
    acceptedAt: instantFrom(row.accepted_us),
    marks: row.marks.map((mark) => ({ ...mark, at: Temporal.Instant.from(mark.at) })),
    state: row.state,
    attempts: row.attempts,
    deliveries: row.deliveries,
    problem: row.problem,
    facts: factsFrom(row),
  };
}

export function factsFrom(row: ReceiptRow): ReceiptFacts | null {
  if (row.content_hash === null || row.message_id === null) return null;
  return {
    messageId: row.message_id,
    messageIdSynthetic: row.message_id_synthetic ?? true,
    contentHash: row.content_hash.toString('hex'),
    threadKeys: row.thread_keys ?? [],
    automatic: (row.automatic ?? 'no') as AutomaticKind,
  };
}

export function instantFrom(microseconds: string): Instant {
  return Temporal.Instant.fromEpochNanoseconds(BigInt(microseconds) * 1000n);
}

export const instantText = (at: Instant): string => at.toString();

export function marksJson(marks: readonly ReceiptMark[]): string {
  return storable(
    JSON.stringify(
      marks.map((mark) => ({
        source: mark.source,
        at: mark.at.toString(),
        trusted: mark.trusted,
        detail: mark.detail,
      })),
    ).replaceAll('\\u0000', ''),
  );
}

/** PostgreSQL text holds no NUL and no half of a surrogate pair. */
export function storable(text: string): string {
  return text.replaceAll('\0', '').toWellFormed();
}
