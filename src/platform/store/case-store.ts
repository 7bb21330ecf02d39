/**
 * Where cases live: a log of events per case, and when each case wants to be looked at next.
 *
 * Promise. When `append` resolves, its events are durable, stand in the global hash-chained log, and the case's
 * wake-up, summary and new duties were written in the same transaction: there is no moment at which a case owes
 * something and nothing will wake it. When it throws a `Fault` with outcome `did_not_happen`, none of it happened;
 * with `unknown`, load the case and look. Nothing is ever changed or removed once appended.
 *
 * A caller must not assume that a claim protects it for ever: after `leaseUntil` another worker may claim the same
 * case. Two workers then meet in `append`, where the second gets `case_changed`.
 */
import type { Json } from '../../foundation/log/canonical.ts';
import type { Instant } from '../../foundation/time/time.ts';
import type { NewDuty } from './duties.ts';

export interface NewEvent {
  /** When it happened, to the microsecond. */
  readonly at: Instant;
  readonly type: string;
  /** Who did it: a person's name, or `desk`. */
  readonly by: string;
  /** Never key material or a message body. Instants are written as text. */
  readonly data: Json;
}

export interface StoredEvent extends NewEvent {
  readonly caseId: string;
  /** From 1, without gaps within the case. */
  readonly seq: number;
  /** From 1, without gaps over all cases, in the order of commitment. */
  readonly globalSeq: number;
}

/** What lists of cases show. Derived from the events by whoever appends. */
export interface CaseSummary {
  readonly caseId: string;
  readonly open: boolean;
  /** The earliest deadline still running. */
  readonly dueAt: Instant | null;
  readonly data: Json;
  /** `globalSeq` of the append that wrote it. */
  readonly globalSeq: number;
}

export interface AppendOptions {
  /** When the case wants to be looked at next; null when nothing is planned (the sweep looks all the same). */
  readonly wakeAt: Instant | null;
  /** False closes the case: it is no longer claimed nor swept. Default true. */
  readonly open?: boolean;
  readonly summary?: { readonly dueAt: Instant | null; readonly data: Json };
  /** Written in the same transaction; one whose idempotency key is known already is left as it is. */
  readonly duties?: readonly NewDuty[];
}

export interface Claim {
  readonly caseId: string;
  readonly seq: number;
  readonly wakeAt: Instant | null;
  /** Names this claim; whoever claims after it expired gets another. */
  readonly lease: string;
}

export interface OpenCase {
  readonly caseId: string;
  readonly seq: number;
  readonly wakeAt: Instant | null;
}

export interface CaseStore {
  /**
   * Appends `events` (at least one) to a case of which the caller has seen `expectedSeq` events (0: a new case).
   * Throws `Fault` `case_changed` when somebody else was faster: load, decide again.
   */
  append(
    caseId: string,
    expectedSeq: number,
    events: readonly NewEvent[],
    options: AppendOptions,
  ): Promise<readonly StoredEvent[]>;
  /** All events of a case in order; empty when there is no such case. */
  load(caseId: string): Promise<readonly StoredEvent[]>;
  loadMany(caseIds: readonly string[]): Promise<ReadonlyMap<string, readonly StoredEvent[]>>;

  /** Claims up to `limit` open cases whose wake-up has come and that nobody holds, longest due first. */
  claimDue(now: Instant, limit: number, leaseUntil: Instant): Promise<readonly Claim[]>;
  /** The same for named open cases, due or not: how the sweep gets hold of them. */
  claim(caseIds: readonly string[], now: Instant, leaseUntil: Instant): Promise<readonly Claim[]>;
  /**
   * Ends a claim. The wake-up becomes `wakeAt` unless events were appended since `seq` (the append knew better).
   * False when the claim had expired and somebody else holds the case: nothing was changed.
   */
  settle(claim: Claim, wakeUp: { readonly seq: number; readonly wakeAt: Instant | null }): Promise<boolean>;
  /** Keeps a claim until `until` instead of ending it: after a failure, so that nobody tries again before. */
  postpone(claim: Claim, until: Instant): Promise<boolean>;
  /** The earliest instant at which `claimDue` would find something; null when no open case waits. */
  nextWakeAt(): Promise<Instant | null>;
  /** Every open case, in pages of `pageSize`. Cases opened meanwhile may or may not be among them. */
  openCases(pageSize?: number): AsyncIterable<readonly OpenCase[]>;

  /** Events after `globalSeq`, in order: for live updates and projections. None is ever skipped or comes late. */
  eventsSince(globalSeq: number, limit: number): Promise<readonly StoredEvent[]>;
  summary(caseId: string): Promise<CaseSummary | null>;
  /** Sorted by deadline, those without one last. `after` is the last one of the page before. */
  summaries(page: {
    readonly open?: boolean;
    readonly limit: number;
    readonly after?: CaseSummary;
  }): Promise<readonly CaseSummary[]>;
}

/** The bytes of one event that are hashed and stored (as canonical JSON). */
export function eventBody(event: NewEvent & { readonly caseId: string; readonly seq: number }): {
  readonly [key: string]: Json;
} {
  const { at, by, caseId, data, seq, type } = event;
  // Microseconds are what the database's own columns keep.
  const instant = at.round({ smallestUnit: 'microsecond', roundingMode: 'halfExpand' });
  return { at: instant.toString(), by, caseId, data, seq, type };
}

/** The reverse of `eventBody`. */
export function eventFrom(body: Json, globalSeq: number): StoredEvent {
  const { at, by, caseId, data, seq, type } = body as { [key: string]: Json } & { data: Json };
  return {
    at: Temporal.Instant.from(at as string),
    by: by as string,
    caseId: caseId as string,
    data,
    seq: seq as number,
    type: type as string,
    globalSeq,
  };
}
