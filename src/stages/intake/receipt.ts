/**
 * One arrival of one message at one place. The same mail in three mailboxes is three receipts of one content; a
 * receipt is never joined away, only joined to a case.
 */
import type { ReceiptMark } from '../../desk/clock/receipt-mark.ts';
import type { ReceiptId } from '../../foundation/brand.ts';
import type { AutomaticKind } from '../../foundation/mail/message.ts';
import type { Instant } from '../../foundation/time/time.ts';
import type { Sealed } from './seal.ts';

/** Every way in. */
export const channelNames = [
  'smtp',
  'imap',
  'mbox',
  'api',
  'webhook',
  'manual',
  'web-form',
  'acme',
  'subscriber-api',
] as const;
export type ChannelName = (typeof channelNames)[number];

/** What the channel knows at the moment of arrival. */
export interface Arrival {
  readonly channel: ChannelName;
  /** The configured source: a listener, a mailbox account, an import. Counts are reconciled per source and folder. */
  readonly source: string;
  /**
   * What names this message at its source for good (an idempotency key, a ticket number, a path in an archive), so that a second delivery of it is recognised. Null: its content and envelope name it.
   */
  readonly sourceKey: string | null;
  /**
   * The place at the source where it was seen (IMAP `UIDVALIDITY/UID` in `folder`). A mail that somebody moves is
   * seen at two places and is one receipt. Null: the same as `sourceKey`. Counted only where there is a folder.
   */
  readonly sightedAs: string | null;
  readonly folder: string | null;
  /** The queue it arrived in, if the channel knows. */
  readonly mailbox: string | null;
  /** Null when there was no envelope; empty for the null sender. */
  readonly envelopeFrom: string | null;
  readonly envelopeTo: readonly string[];
  /** Our own acceptance first. */
  readonly marks: readonly ReceiptMark[];
  readonly acceptedAt: Instant;
}

/**
 * `new`: durable and unread. `reading`: claimed under a lease. `read`: its facts are recorded. `failed`: given up by
 * machines, visible to people, its clock running all the same.
 */
export type ReceiptState = 'new' | 'reading' | 'read' | 'failed';

export interface Receipt extends Omit<Arrival, 'sourceKey' | 'sightedAs'> {
  readonly id: ReceiptId;
  readonly sourceKey: string;
  readonly sha256: string;
  readonly size: number;
  readonly keyId: string;
  /** A hint from the bytes as they came; true when in doubt. */
  readonly mayHoldKey: boolean;
  /** Sealed bytes are still there (they are deleted once a message that carried a key has been dealt with). */
  readonly sealedKept: boolean;
  readonly state: ReceiptState;
  readonly attempts: number;
  /** How often the source delivered exactly this; 1 the first time. */
  readonly deliveries: number;
  readonly problem: string | null;
  readonly facts: ReceiptFacts | null;
}

/** What reading found out, as far as the ledger needs it to tell duplicates and threads. */
export interface ReceiptFacts {
  readonly messageId: string;
  readonly messageIdSynthetic: boolean;
  /** Lower-case hex SHA-256 of what the message says, whatever path it took (`content-hash.ts`). */
  readonly contentHash: string;
  /** Ids that this message answers, and its own. */
  readonly threadKeys: readonly string[];
  readonly automatic: AutomaticKind;
}

export interface NewReceipt {
  readonly arrival: Arrival;
  readonly sealed: Sealed;
}

/** Receipts that have to do with one that was just read. */
export interface Related {
  /** Same content: further receipts of one report. Earliest first. */
  readonly sameContent: readonly ReceiptId[];
  /** Same Message-ID, other content: two different messages, whatever the header says. */
  readonly reusedMessageId: readonly ReceiptId[];
  /** Share a thread key. */
  readonly sameThread: readonly ReceiptId[];
}
