/**
 * The one operation behind every channel: make it durable, sealed, with its hash, and only then say "received".
 */
import { createHash } from 'node:crypto';
import type { ReceiptId } from '../../foundation/brand.ts';
import type { Time } from '../../foundation/time/time.ts';
import type { SealingKeys } from './identities.ts';
import type { Ledger } from './ledger.ts';
import type { Arrival } from './receipt.ts';
import { seal } from './seal.ts';

/** What a channel says about an arrival; the instant of acceptance is ours to take. */
export type ArrivalContext = Omit<Arrival, 'acceptedAt' | 'marks'> & {
  /** What our own acceptance mark says on a screen, e.g. `SMTP from mail.reporter.example [203.0.113.9]`. */
  readonly detail: string;
  /** Which kind of mark our own acceptance is on this channel. */
  readonly markSource: Arrival['marks'][number]['source'];
  /** Earlier marks the channel vouches for (IMAP INTERNALDATE, a gateway's log, "first heard at"). */
  readonly furtherMarks?: Arrival['marks'];
};

export interface Received {
  readonly receiptId: ReceiptId;
  /** False when this very arrival had been recorded before. */
  readonly fresh: boolean;
  readonly keyReused: boolean;
  readonly sha256: string;
  readonly size: number;
  /** When it was first accepted: a repeated delivery moves nothing. */
  readonly acceptedAt: Arrival['acceptedAt'];
}

/** Durable before it resolves. Rejects with a `Fault`; after outcome `unknown` deliver the same again. */
export type ReceiveReport = (raw: AsyncIterable<Uint8Array> | Uint8Array, context: ArrivalContext) => Promise<Received>;

export function receiveReport(parts: {
  readonly ledger: Pick<Ledger, 'record'>;
  readonly keys: SealingKeys;
  readonly time: Time;
}): ReceiveReport {
  return async (raw, context) => {
    const acceptedAt = parts.time.now().round({ smallestUnit: 'millisecond', roundingMode: 'floor' });
    const key = await parts.keys.current(acceptedAt);
    const sealed = await seal(raw, key);
    const { detail, markSource, furtherMarks, ...arrival } = context;
    const recorded = await parts.ledger.record({
      sealed,
      arrival: {
        ...arrival,
        sourceKey: arrival.sourceKey ?? envelopeKey(arrival, sealed.sha256),
        acceptedAt,
        marks: [{ source: markSource, at: acceptedAt, trusted: true, detail }, ...(furtherMarks ?? [])],
      },
    });
    return {
      receiptId: recorded.id,
      fresh: recorded.fresh,
      keyReused: recorded.keyReused,
      sha256: sealed.sha256,
      size: sealed.size,
      acceptedAt: recorded.acceptedAt,
    };
  };
}

/**
 * A sender that did not hear our "250" sends the same bytes with the same envelope again: one receipt. The same mail
 * to another mailbox has another envelope: a second receipt.
 */
function envelopeKey(arrival: Pick<Arrival, 'envelopeFrom' | 'envelopeTo' | 'mailbox'>, sha256: string): string {
  const envelope = [arrival.envelopeFrom ?? '', arrival.mailbox ?? '', ...arrival.envelopeTo.toSorted()].join('\n');
  return createHash('sha256').update(`${envelope}\n${sha256}`).digest('hex');
}
