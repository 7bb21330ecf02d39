/**
 * What renewal-info keeps: advices, the lists behind them, replacements, and who was told when.
 *
 * The promise: `raise`, `prepare`, `replaced` and `told` are durable when they resolve and harmless when repeated.
 * `changes` gives every reader the same picture: a node that has seen version v knows everything up to v.
 */
import type { Fingerprint } from '../../foundation/brand.ts';
import type { Instant } from '../../foundation/time/time.ts';
import type { Advice } from './advice.ts';
import type { ReplacedBy } from './replacement.ts';

/** Certificates per call of `prepare`, `replaced` and `told`. */
export const storeBatchMax = 50_000;

export interface Replacement {
  readonly fingerprint: Fingerprint;
  readonly replacement: Fingerprint | null;
  readonly by: ReplacedBy;
  readonly seenAt: Instant;
}

/** Polls of one certificate under one advice (or under none), as counted since they were last stored. */
export interface Told {
  readonly fingerprint: Fingerprint;
  readonly adviceId: string | null;
  readonly polls: number;
  readonly firstAt: Instant;
  readonly lastAt: Instant;
}

export interface Changes {
  /** Hand it in as `since` next time. */
  readonly version: number;
  readonly raised: readonly Advice[];
  readonly withdrawn: readonly string[];
  /** In pages of at most `storeBatchMax`; `more` asks to call again with `version`. */
  readonly replaced: readonly Fingerprint[];
  readonly more: boolean;
}

export interface ToldSummary {
  /** Certificates whose agent was told at least once. */
  readonly certificates: number;
  readonly polls: number;
  readonly firstAt: Instant | null;
  readonly lastAt: Instant | null;
}

export interface RenewalStore {
  /** One row: from here on every node tells its certificates' clients to renew. */
  raise(advice: Advice): Promise<void>;
  /** The matter is over without revocation, or everything is replaced. */
  withdraw(adviceId: string, at: Instant): Promise<void>;
  /** Adds certificates to a list before it is used in an advice. */
  prepare(listId: string, fingerprints: readonly Fingerprint[]): Promise<void>;
  /** A list in pages, ordered. */
  listed(listId: string, after: Fingerprint | null, limit: number): Promise<readonly Fingerprint[]>;
  /** Records replacements; returns how many were new. The first one of a certificate stays. */
  replaced(replacements: readonly Replacement[]): Promise<number>;
  replacementOf(fingerprint: Fingerprint): Promise<Replacement | null>;
  changes(since: number): Promise<Changes>;
  told(entries: readonly Told[]): Promise<void>;
  /** The evidence "the subscriber's agent was told at T" for one certificate, earliest first. */
  toldOf(fingerprint: Fingerprint): Promise<readonly Told[]>;
  toldUnder(adviceId: string): Promise<ToldSummary>;
  /** How many certificates were asked about at all since then: the polling share of an adoption report. */
  pollingSince(since: Instant): Promise<number>;
}
