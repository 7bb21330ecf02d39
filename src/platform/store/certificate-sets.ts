/**
 * The certificates of a case, kept outside it: a case carries a set id, a count and a digest, because a set may hold
 * 83,267 of them. Each member goes its own way from `identified` to `published`.
 *
 * Promise. `add` is all or nothing and adding twice changes nothing. A change of state happens only from the states it
 * may follow, so a late answer never takes back a publication; every change says how many members it moved.
 */
import type { CaseId, Fingerprint, Serial } from '../../foundation/brand.ts';
import type { Instant } from '../../foundation/time/time.ts';

export const certificateStates = ['identified', 'held', 'attempted', 'accepted', 'published', 'failed'] as const;
export type CertificateState = (typeof certificateStates)[number];

/** Which states may come before. `published` is an end: what relying parties have seen cannot be unseen. */
export const mayFollow: Readonly<Record<CertificateState, readonly CertificateState[]>> = {
  // Back from an attempt that surely did not happen, from a hold that was lifted, from a failure a person resolved.
  identified: ['attempted', 'held', 'failed'],
  // Also an attempted one: a court order arrives when it arrives.
  held: ['identified', 'attempted', 'failed'],
  attempted: ['identified', 'failed'],
  accepted: ['identified', 'held', 'attempted', 'failed'],
  // The probe has the last word, whatever we thought we had done.
  published: ['identified', 'held', 'attempted', 'accepted', 'failed'],
  failed: ['identified', 'attempted', 'accepted'],
};

export interface NewMember {
  readonly fingerprint: Fingerprint;
  readonly serial: Serial;
  /** Lower-case hex SHA-256 of the issuer's name. */
  readonly issuerHash: string;
  readonly subscriber: string | null;
  /** Lower goes first. */
  readonly priority?: number;
  /** RFC 5280 name of the reason to revoke with. */
  readonly reason?: string | null;
  /** Not to be tried before. */
  readonly notBefore?: Instant | null;
}

export interface Member {
  readonly setId: string;
  readonly caseId: string;
  readonly fingerprint: Fingerprint;
  readonly serial: Serial;
  readonly issuerHash: string;
  readonly subscriber: string | null;
  readonly priority: number;
  readonly state: CertificateState;
  readonly reason: string | null;
  readonly notBefore: Instant | null;
  readonly holdId: string | null;
  readonly attemptedAt: Instant | null;
  readonly acceptedAt: Instant | null;
  readonly publishedAt: Instant | null;
  /** What the connector or the probe said last, in one line. */
  readonly outcome: string | null;
}

export interface Change {
  readonly setId: string;
  /** Which members: by fingerprint, of one subscriber, under one hold, or the whole set. */
  readonly which:
    | { readonly fingerprints: readonly Fingerprint[] }
    | { readonly subscriber: string }
    | { readonly holdId: string }
    | 'all';
  /** Only members in one of these states; default all from which `to` may follow. */
  readonly from?: readonly CertificateState[];
  readonly to: CertificateState;
  readonly now: Instant;
  /** Left as they are when absent. */
  readonly reason?: string;
  readonly outcome?: string | null;
  readonly notBefore?: Instant | null;
  /** Needed when `to` is `held`; cleared when a member leaves `held`. */
  readonly holdId?: string;
}

export interface Place {
  readonly fingerprint: Fingerprint;
  readonly setId: string;
  readonly caseId: CaseId;
}

export interface SetDigest {
  readonly count: number;
  /** Lower-case hex SHA-256 over the fingerprints in ascending order. */
  readonly digest: string;
}

export type StateCounts = Readonly<Record<CertificateState, number>>;

export interface CertificateSets {
  /** Adds members in state `identified`; those already in the set stay as they are. Says how many were new. */
  add(set: { readonly setId: string; readonly caseId: string }, members: readonly NewMember[]): Promise<number>;
  digest(setId: string): Promise<SetDigest>;
  counts(setId: string): Promise<StateCounts>;
  /** The next members to revoke: identified, not held, `notBefore` has come; by priority, then fingerprint. */
  nextRevocable(setId: string, now: Instant, limit: number): Promise<readonly Member[]>;
  /** Members in ascending order of fingerprint, after `after`. */
  page(
    setId: string,
    page: { readonly limit: number; readonly after?: Fingerprint; readonly states?: readonly CertificateState[] },
  ): Promise<readonly Member[]>;
  find(setId: string, fingerprint: Fingerprint): Promise<Member | null>;
  /** Every set that has this certificate, for a second report about the same one. */
  setsWith(fingerprint: Fingerprint): Promise<readonly Member[]>;
  /** In which sets these certificates already are, whatever became of them. */
  places(fingerprints: readonly Fingerprint[]): Promise<readonly Place[]>;
  /** Subscribers in order, each with the fingerprints that are theirs; members without one are left out. */
  bySubscriber(setId: string): Promise<ReadonlyMap<string, readonly Fingerprint[]>>;
  /** Moves members to another state and says how many moved. */
  change(change: Change): Promise<number>;
  /** Sets how members are to be revoked, without moving them: priority, reason, earliest instant. */
  amend(
    setId: string,
    fingerprints: readonly Fingerprint[],
    what: { readonly priority?: number; readonly reason?: string; readonly notBefore?: Instant | null },
  ): Promise<number>;
}
