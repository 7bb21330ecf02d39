/**
 * What was tried to reach somebody, and what came of it: pages, test pages, calls, answers and letters that came back.
 * From it follows who could be reached tonight (`readiness.ts`), and which case a reply to a page is about.
 *
 * Promise: `note` is durable when it resolves; noting the same letter twice keeps both. `since` and `ofCase` answer
 * oldest first and at most `attemptsMax`, the newest ones.
 */
import type { Instant } from '../../../foundation/time/time.ts';
import type { ContactAttempt } from './readiness.ts';

export const attemptsMax = 20_000;

export interface NotedAttempt extends ContactAttempt {
  /** A person on call, or a subscriber's id. */
  readonly who: string;
  readonly kind: 'staff' | 'subscriber';
  readonly caseId: string | null;
  /** Message-ID of the letter, by which an answer or a bounce is known again; null for anything but mail. */
  readonly messageId: string | null;
  readonly remark: string;
}

export interface ContactLog {
  note(attempts: readonly NotedAttempt[]): Promise<void>;
  since(from: Instant, kind: NotedAttempt['kind']): Promise<readonly NotedAttempt[]>;
  ofCase(caseId: string): Promise<readonly NotedAttempt[]>;
  /** The newest attempt made with one of these letters. */
  byMessageId(messageIds: readonly string[]): Promise<NotedAttempt | null>;
}
