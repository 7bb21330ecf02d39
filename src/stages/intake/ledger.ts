/**
 * The ledger of everything received: promise 1 of the house, "nothing received is ever lost".
 *
 * Promises of every adapter (`contract` in test/intake):
 * - `record` resolves only when the receipt would survive a power cut; when it rejects with outcome `unknown` it may
 *   have been recorded, and recording the same arrival again gives the same receipt, not a second one.
 * - Same source, same key, same bytes: one receipt with one more delivery, wherever it was seen. Same key, *other*
 *   bytes: two receipts.
 * - A claimed receipt belongs to one reader until its lease ends; then, and only then, somebody else gets it.
 * - Marks are only ever added. Nothing removes a receipt.
 */
import type { ReceiptMark } from '../../desk/clock/receipt-mark.ts';
import type { ReceiptId } from '../../foundation/brand.ts';
import type { Duration, Instant } from '../../foundation/time/time.ts';
import type { NewReceipt, Receipt, ReceiptFacts, ReceiptState, Related } from './receipt.ts';

export interface Recorded {
  readonly id: ReceiptId;
  /** False when this very arrival had been recorded before. */
  readonly fresh: boolean;
  /** When it was *first* accepted. */
  readonly acceptedAt: Instant;
  /** Another receipt of this source has the same key and other bytes. */
  readonly keyReused: boolean;
}

export interface Claim {
  readonly receipt: Receipt;
  readonly sealed: Uint8Array;
}

export interface ReadOutcome {
  readonly facts: ReceiptFacts;
  /** Further marks found inside the message. */
  readonly marks: readonly ReceiptMark[];
  /** A code of `Message.problems` that a person must look at, or null. */
  readonly problem: string | null;
  readonly at: Instant;
}

export interface LedgerQuery {
  readonly state?: ReceiptState;
  readonly source?: string;
  readonly limit: number;
}

/** How far intake is behind. */
export interface LedgerStats {
  readonly counts: Readonly<Record<ReceiptState, number>>;
  readonly oldestUnreadAt: Instant | null;
}

/** How many messages a source says it has handed out or holds, per folder and epoch (IMAP: UIDVALIDITY). */
export interface SourceCount {
  readonly source: string;
  readonly folder: string;
  readonly epoch: string;
  readonly seen: number;
  readonly at: Instant;
}

/** A source that shows more messages than the ledger has ever recorded from it: somebody has to look. */
export interface Difference extends SourceCount {
  readonly recorded: number;
}

/** Where reading of a folder goes on. */
export interface Cursor {
  readonly epoch: string;
  readonly next: number;
  /** IMAP MODSEQ; null where the server has none. */
  readonly modseq: bigint | null;
}

export interface Ledger {
  record(fresh: NewReceipt): Promise<Recorded>;
  /** Takes up to `limit` unread receipts, oldest first, and those whose reader died. */
  claim(input: {
    readonly reader: string;
    readonly now: Instant;
    readonly lease: Duration;
    readonly limit: number;
  }): Promise<readonly Claim[]>;
  /** A reader that is still at it keeps its claims longer; those that have gone to another stay gone. */
  renew(input: { readonly reader: string; readonly ids: readonly ReceiptId[]; readonly until: Instant }): Promise<void>;
  /**
   * Records what reading found, before everything that is recorded later and not necessarily on the disk yet: what a
   * power cut takes is read again. Fault `claim_lost` when the lease went to another reader meanwhile.
   */
  markRead(id: ReceiptId, reader: string, outcome: ReadOutcome): Promise<void>;
  /** Gives a claimed receipt back until `retryAt`, or for good (null): then it is `failed` and a person's. */
  markFailed(
    id: ReceiptId,
    reader: string,
    failure: { readonly problem: string; readonly at: Instant; readonly retryAt: Instant | null },
  ): Promise<void>;
  get(id: ReceiptId): Promise<Receipt | null>;
  list(query: LedgerQuery): Promise<readonly Receipt[]>;
  /** Receipts since then that may be of this sender: by envelope, by Message-ID, or without an envelope. Earliest first. */
  sentBy(query: {
    readonly sender: string;
    readonly messageId: string | null;
    readonly since: Instant;
    readonly limit: number;
  }): Promise<readonly Receipt[]>;
  sealed(id: ReceiptId): Promise<Uint8Array | null>;
  addMarks(id: ReceiptId, marks: readonly ReceiptMark[]): Promise<void>;
  /** Deletes the sealed bytes (promise 7); hash, marks and facts stay. True when there were any. */
  forgetSealed(id: ReceiptId, at: Instant): Promise<boolean>;
  /** Sealing identities that some kept receipt still needs. */
  keyIdsInUse(): Promise<readonly string[]>;
  related(facts: ReceiptFacts, except: ReceiptId | null): Promise<Related>;
  /** Of `keys`, those that have never been recorded as seen in this folder of this source. */
  unrecorded(source: string, folder: string, keys: readonly string[]): Promise<readonly string[]>;
  reportSeen(count: SourceCount): Promise<void>;
  /** Every source and folder whose last count is more than what is recorded. */
  differences(): Promise<readonly Difference[]>;
  cursor(source: string, folder: string): Promise<Cursor | null>;
  moveCursor(source: string, folder: string, cursor: Cursor, at: Instant): Promise<void>;
  stats(): Promise<LedgerStats>;
  /** Calls `listener` soon after something was recorded anywhere; a missed call costs a poll, nothing else. */
  onRecorded(listener: () => void): Promise<() => Promise<void>>;
}

/** After so many attempts a receipt is a person's. */
export const READ_ATTEMPTS_MAX = 5;
