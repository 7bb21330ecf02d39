import type { Instant } from '../../../foundation/time/time.ts';

/**
 * Every letter the desk has sent or tried to send. The id is derived from what the letter is for (case, audience, step,
 * addressee), and the mail's Message-ID from the id: sending it twice after a crash gives the reader one letter.
 */
export interface Letter {
  readonly letterId: string;
  readonly caseId: string;
  readonly matterId: string | null;
  readonly reportId: string | null;
  readonly kind: string;
  readonly audience: 'reporter' | 'subscriber' | 'staff';
  readonly to: string;
  readonly language: string;
  readonly subject: string;
  readonly text: string;
  readonly messageId: string;
  readonly state: 'sent' | 'failed';
  readonly at: Instant;
  readonly problem: string | null;
}

/** Promise: `record` is durable when it resolves; recording the same id again keeps a `sent` over a `failed`. */
export interface Outbox {
  record(letters: readonly Letter[]): Promise<void>;
  /** Which of these ids have been sent already. */
  sent(letterIds: readonly string[]): Promise<ReadonlySet<string>>;
  ofCase(caseId: string, limit: number): Promise<readonly Letter[]>;
  byMessageId(messageId: string): Promise<Letter | null>;
  /** A letter that was sent has come back: it reached nobody. */
  cameBack(letterId: string, problem: string): Promise<void>;
  /** Acknowledgements sent since then, to this address, in all, and ever in a case: what the caps of RFC 3834 count. */
  acknowledged(
    address: string,
    since: { readonly day: Instant; readonly hour: Instant },
    caseId: string | null,
  ): Promise<{ readonly toAddressToday: number; readonly thisHour: number; readonly inThread: number }>;
}
