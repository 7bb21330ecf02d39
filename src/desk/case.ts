/**
 * A case: why, who, by when. Its state is nothing but its events folded together (`evolve`), so the screen, the plan
 * and the incident report can never disagree. Stage is derived and never stored as truth.
 */
import type { CaseId, SpkiHash } from '../foundation/brand.ts';
import type { Instant } from '../foundation/time/time.ts';
import type { ReceiptMark } from './clock/receipt-mark.ts';
import type { Basis, Capture, CertificateSet, Reporter, ReporterLetter, RuleRef } from './events.ts';
import type { EvidenceItem, Label, Profile, Reason, Team, Triage, Verdict } from './facts.ts';

export interface Report {
  readonly reportId: string;
  readonly channel: string;
  readonly source: string;
  readonly subject: string;
  readonly messageId: string | null;
  readonly contentSha256: string;
  readonly reporter: Reporter;
  readonly marks: readonly ReceiptMark[];
  /** Minimum over trusted marks: when the CA received this report. Only ever moves earlier. */
  readonly startAt: Instant;
  readonly asksFor: string | null;
  readonly triage: Triage | null;
  readonly label: Label | null;
  readonly confirmed: boolean;
  readonly dismissed: string | null;
  readonly evidence: readonly EvidenceItem[];
  /** Why the verdict is not complete yet (a reported URL still to be fetched), or null. */
  readonly awaiting: string | null;
  /** When to look again where the report points; null: at once if something is awaited. */
  readonly lookAgainAt: Instant | null;
  readonly looks: number;
  /** What the addresses it names answered last. */
  readonly captures: readonly Capture[];
  /** How often its proven keys were looked up again after they were blocked, and when next. */
  readonly searches: number;
  readonly searchAgainAt: Instant | null;
  readonly verdictAt: Instant | null;
  readonly acknowledgedAt: Instant | null;
  readonly preliminaryAt: Instant | null;
  readonly finalAt: Instant | null;
  readonly declined: boolean;
  readonly refusedLetters: ReadonlySet<ReporterLetter>;
  readonly preliminaryMissed: boolean;
}

export interface Hold {
  readonly holdId: string;
  readonly count: number;
  readonly untilAt: Instant;
  readonly basis: string;
  readonly people: readonly string[];
  readonly releasedAt: Instant | null;
}

/** One thing alleged about one set of certificates, under one rule, with one clock. */
export interface Matter {
  readonly matterId: string;
  readonly reportId: string;
  readonly label: Label;
  readonly basis: Basis;
  readonly verdict: Verdict | null;
  readonly rule: RuleRef;
  readonly profile: Profile;
  readonly reason: Reason;
  readonly startAt: Instant;
  readonly dueAt: Instant | null;
  readonly keys: readonly SpkiHash[];
  readonly set: CertificateSet;
  readonly identifiedAt: Instant;
  readonly keysBlockedAt: Instant | null;
  readonly renewalAdvisedAt: Instant | null;
  readonly replaced: number;
  /** Ladder steps done, by name: when. */
  readonly steps: ReadonlyMap<string, Instant>;
  readonly contactFailures: number;
  readonly subscriberToldAt: Instant | null;
  readonly subscriberPreliminaryAt: Instant | null;
  readonly subscriberFinalAt: Instant | null;
  readonly subscriberAgreedAt: Instant | null;
  readonly approvals: readonly string[];
  readonly authorizedAt: Instant | null;
  readonly holds: readonly Hold[];
  /** The latest instant before which part of the set must not be revoked; null when none is scheduled. */
  readonly notBefores: readonly { readonly at: Instant; readonly count: number }[];
  readonly attemptedAt: Instant | null;
  readonly accepted: number;
  readonly acceptedAt: Instant | null;
  readonly published: number;
  readonly publishedAt: Instant | null;
  readonly expired: number;
  readonly retryAt: Instant | null;
  readonly failures: number;
  readonly lookAgainAt: Instant | null;
  readonly alarmed: ReadonlySet<string>;
  readonly missed: boolean;
  readonly closed: string | null;
}

export interface Case {
  readonly caseId: CaseId;
  readonly seq: number;
  readonly receivedAt: Instant;
  readonly lastAt: Instant;
  readonly reports: readonly Report[];
  readonly matters: readonly Matter[];
  readonly team: Team | null;
  readonly routedAt: Instant | null;
  readonly takenAt: Instant | null;
  readonly pages: ReadonlyMap<string, Instant>;
  readonly incidentAt: Instant | null;
  readonly incidentBecause: string | null;
  readonly closedAt: Instant | null;
}

export type Stage = 'review' | 'open' | 'published' | 'closed' | 'dismissed';

/** Where a case stands, in one word, derived from what happened. */
export function stageOf(current: Case): Stage {
  if (current.reports.every((r) => r.dismissed !== null)) return 'dismissed';
  if (current.closedAt !== null) return 'closed';
  if (!isOpened(current)) return 'review';
  const live = current.matters.filter((m) => m.closed === null);
  return live.length > 0 && live.every((m) => outstanding(m) === 0) ? 'published' : 'open';
}

/** A case is opened when somebody or something entitled to it has said that it is a report. */
export function isOpened(current: Case): boolean {
  return current.reports.some((r) => r.confirmed && r.dismissed === null);
}

/** Certificates of a matter that relying parties still see as good. */
export function outstanding(matter: Matter): number {
  return Math.max(0, matter.set.count - matter.published - matter.expired);
}

/** Certificates under a recorded, unreleased hold. A hold moves no deadline (promise 4). */
export function heldCount(matter: Matter): number {
  return matter.holds.reduce((sum, hold) => sum + (hold.releasedAt === null ? hold.count : 0), 0);
}

export function matterOf(current: Case, matterId: string): Matter | undefined {
  return current.matters.find((m) => m.matterId === matterId);
}

export function reportOf(current: Case, reportId: string): Report | undefined {
  return current.reports.find((r) => r.reportId === reportId);
}
