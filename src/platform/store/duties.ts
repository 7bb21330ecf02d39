/**
 * Things to do outside the desk at some instant: a letter, a probe, an attempt at a connector. Kept as rows so that a
 * crash forgets none, and claimed under a lease so that two workers do not send one letter twice at once.
 *
 * Promise. A claim counts the attempt *before* the caller acts. A duty ends only through `complete`, `fail` or
 * `cancel`; a worker that dies leaves it claimed, and after the lease somebody else gets it with `attempts` one higher:
 * whoever sees `attempts > 1` looks whether it happened before doing it again.
 */
import type { Json } from '../../foundation/log/canonical.ts';
import type { Instant } from '../../foundation/time/time.ts';

export type DutyState = 'waiting' | 'done' | 'failed' | 'cancelled';

export interface NewDuty {
  /** Two duties with the same key are one: the second is not stored. */
  readonly idempotencyKey: string;
  readonly caseId: string | null;
  /** `letter`, `probe`, `attempt`, … */
  readonly kind: string;
  readonly dueAt: Instant;
  readonly payload: Json;
}

export interface Duty extends NewDuty {
  readonly id: number;
  readonly state: DutyState;
  /** How often it was claimed. */
  readonly attempts: number;
  /** What came of the last attempt; null before the first ended. */
  readonly outcome: Json;
  readonly endedAt: Instant | null;
}

export interface ClaimedDuty extends Duty {
  readonly lease: string;
}

export interface Duties {
  /** Stores what is new and says how many that were. */
  add(duties: readonly NewDuty[]): Promise<number>;
  /** Claims up to `limit` waiting duties that are due and that nobody holds, longest due first. */
  claimDue(
    now: Instant,
    limit: number,
    leaseUntil: Instant,
    kinds?: readonly string[],
  ): Promise<readonly ClaimedDuty[]>;
  /** The three ends of a claim. False when it had expired and somebody else holds the duty: nothing was changed. */
  complete(claimed: ClaimedDuty, now: Instant, outcome: Json): Promise<boolean>;
  fail(claimed: ClaimedDuty, now: Instant, outcome: Json): Promise<boolean>;
  retry(claimed: ClaimedDuty, dueAt: Instant, outcome: Json): Promise<boolean>;
  /** Cancels the waiting duties of a case (of `kinds`, or all) and says how many. One that is being done goes on. */
  cancel(caseId: string, now: Instant, kinds?: readonly string[]): Promise<number>;
  ofCase(caseId: string): Promise<readonly Duty[]>;
  /** The earliest instant at which `claimDue` would find something. */
  nextDueAt(): Promise<Instant | null>;
}
