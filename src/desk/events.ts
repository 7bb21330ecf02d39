/**
 * Everything that can have happened to a case. Events are the timeline, the audit log and the incident report at once,
 * so each is past tense and could be read out aloud. They carry data only: instants, ids, counts, digests; never a
 * mail body, a token or key material.
 *
 * A case never carries its certificates: a mass revocation is the normal hard case. Events name a set (id, count,
 * digest) and list at most `listedMax` certificates for the reader; the rows live beside the case.
 */
import type { Fingerprint, Serial, SpkiHash } from '../foundation/brand.ts';
import type { Instant } from '../foundation/time/time.ts';
import type { ReceiptMark } from './clock/receipt-mark.ts';
import type { EvidenceItem, Label, Profile, Reason, Team, Triage, Verdict } from './facts.ts';

/** Certificates that an event spells out; larger sets are named by id, count and digest only. */
export const listedMax = 50;

/** `desk`, `person:<id>`, `subscriber:<id>`, `reporter` or `ca`. */
export type Actor = string;

/** Who wrote, what they may decide, and whether and how we may answer. */
export interface Reporter {
  readonly address: string | null;
  readonly name: string;
  readonly kind: 'third-party' | 'subscriber' | 'staff' | 'root-program';
  /** The authenticated subscriber account, null for everyone else. A From line alone never sets it. */
  readonly subscriber: string | null;
  readonly language: string;
  /** RFC 3834: false suppresses our automatic acknowledgement, never the case and never the preliminary report. */
  readonly mayAutoReply: boolean;
}

export interface ReportFacts {
  readonly reportId: string;
  readonly channel: string;
  /** Mailbox and folder, form, or queue where it was found. */
  readonly source: string;
  readonly marks: readonly ReceiptMark[];
  readonly reporter: Reporter;
  readonly subject: string;
  readonly messageId: string | null;
  /** SHA-256 of the plain bytes as received. */
  readonly contentSha256: string;
  readonly asksFor: string | null;
}

export interface ListedCertificate {
  readonly fingerprint: Fingerprint;
  readonly serial: Serial;
  readonly name: string;
  readonly subscriber: string | null;
  readonly notAfter: Instant;
}

/** A frozen set of certificates: what was decided about is what is revoked, provably (digest over sorted fingerprints). */
export interface CertificateSet {
  readonly setId: string;
  readonly count: number;
  readonly digest: string;
  readonly listed: readonly ListedCertificate[];
  readonly subscriberCount: number;
  /** The first `listedMax` subscriber ids. */
  readonly subscribers: readonly string[];
}

/** The rule that governs a matter, frozen as it was when the matter arose: a closed case keeps the rule it ran under. */
export interface RuleRef {
  readonly id: string;
  readonly document: string;
  readonly version: string;
  readonly section: string;
  /** Null: no revocation duty (short-lived exemption, no subscriber certificate concerned). */
  readonly limitSeconds: number | null;
  readonly softLimitSeconds: number | null;
}

/**
 * What gives the desk the right to revoke (promise 6). `proof`: verified under the certificate's own key. `subscriber`:
 * the authenticated holder asked. `records`: the CA's own records can show it; a named person confirms. `claim`: a bare
 * word; nothing happens to the certificate on it. `root-program`: a notice that binds by contract (MS TRP 2.1.13).
 */
export type Basis = 'proof' | 'subscriber' | 'records' | 'claim' | 'root-program';

export interface MatterFacts {
  readonly matterId: string;
  readonly reportId: string;
  readonly label: Label;
  readonly basis: Basis;
  readonly verdict: Verdict | null;
  readonly rule: RuleRef;
  readonly profile: Profile;
  readonly reason: Reason;
  readonly startAt: Instant;
  /** The last compliant instant; null without a limit. */
  readonly dueAt: Instant | null;
  readonly keys: readonly SpkiHash[];
  readonly set: CertificateSet;
}

/** How far the inventory could be trusted to be complete when it was asked; without it "no match" says nothing. */
export interface InventoryReach {
  /** Certificates indexed. */
  readonly indexed: number;
  /** How many the CA says it issued; null when it does not say. */
  readonly issued: number | null;
  /** Complete up to here; null when no source says how far it reaches. */
  readonly untilAt: Instant | null;
}

/** One answer of a reported address: what an incident report cites to show how long a key was public. No content. */
export interface Capture {
  readonly url: string;
  /** `fetched`, or why it was not: `http_status`, `timeout`, `address_not_public` and the like. */
  readonly outcome: string;
  /** After redirects; null when nothing came. */
  readonly finalUrl: string | null;
  /** The addresses that were connected to, one for each redirect. */
  readonly addresses: readonly string[];
  readonly status: number | null;
  /** Bytes after decompression. */
  readonly length: number | null;
  readonly sha256: string | null;
  /** SHA-256 of the server's certificate; null without TLS. */
  readonly tlsLeafSha256: string | null;
}

export type ReporterLetter = 'acknowledgement' | 'preliminary-report' | 'final-report' | 'refusal';

export type Clock = 'preliminary-report' | 'revocation';

interface Happened<Type extends string> {
  readonly type: Type;
  readonly at: Instant;
  readonly by: Actor;
}

export type Event =
  | (Happened<'ReportReceived'> & { readonly report: ReportFacts })
  | (Happened<'ReportJoined'> & { readonly report: ReportFacts; readonly because: string })
  | (Happened<'ReceiptMarkAdded'> & { readonly reportId: string; readonly mark: ReceiptMark; readonly because: string })
  | (Happened<'TriageProposed'> & { readonly reportId: string; readonly triage: Triage })
  | (Happened<'TriageConfirmed'> & { readonly reportId: string; readonly label: Label; readonly because: string })
  | (Happened<'ReportDismissed'> & { readonly reportId: string; readonly because: string })
  | (Happened<'CaseRouted'> & { readonly team: Team; readonly because: string })
  | (Happened<'HandedOff'> & { readonly from: Team; readonly to: Team; readonly because: string })
  | (Happened<'HandOffTaken'> & { readonly team: Team })
  | (Happened<'StaffPaged'> & { readonly step: string; readonly team: Team; readonly accepted: boolean })
  | (Happened<'ReporterAcknowledged'> & {
      readonly reportId: string;
      readonly letterId: string;
      readonly language: string;
    })
  /** The addressee's server said no for good: another way has to be found; writing again would say nothing new. */
  | (Happened<'LetterRefused'> & {
      readonly reportId: string;
      readonly letter: ReporterLetter;
      readonly problem: string;
    })
  | (Happened<'EvidenceVerified'> & { readonly reportId: string; readonly item: EvidenceItem })
  | (Happened<'EvidenceRejected'> & { readonly reportId: string; readonly item: EvidenceItem })
  | (Happened<'EvidenceAwaited'> & { readonly reportId: string; readonly what: string })
  /** Somebody looked where the report points. `lookAgainAt` null: no further look is planned. */
  | (Happened<'EvidenceLooked'> & {
      readonly reportId: string;
      readonly found: boolean;
      readonly seen: string;
      readonly captures: readonly Capture[];
      readonly lookAgainAt: Instant | null;
    })
  /** The proven keys of a report were looked up once more after they were blocked: what was issued meanwhile is found. */
  | (Happened<'CertificatesSearched'> & {
      readonly reportId: string;
      readonly keys: number;
      readonly found: number;
      readonly reach: InventoryReach;
      /** Null: this search was conclusive, or the last. */
      readonly searchAgainAt: Instant | null;
    })
  | (Happened<'CertificatesIdentified'> & { readonly matter: MatterFacts })
  | (Happened<'MatterReclassified'> & {
      readonly matterId: string;
      readonly label: Label;
      readonly basis: Basis;
      readonly rule: RuleRef;
      readonly reason: Reason;
      readonly dueAt: Instant | null;
      readonly verdict: Verdict | null;
      readonly because: string;
    })
  | (Happened<'ClockMovedEarlier'> & {
      readonly matterId: string;
      readonly startAt: Instant;
      readonly dueAt: Instant | null;
      readonly because: string;
    })
  | (Happened<'MatterClosed'> & { readonly matterId: string; readonly because: string })
  | (Happened<'KeyBlocked'> & { readonly matterId: string; readonly keys: readonly SpkiHash[] })
  | (Happened<'RenewalAdvised'> & { readonly matterId: string; readonly windowEndAt: Instant })
  | (Happened<'ReplacementSeen'> & { readonly matterId: string; readonly count: number })
  | (Happened<'SubscriberContacted'> & {
      readonly matterId: string;
      readonly step: string;
      readonly sent: number;
      readonly failed: number;
    })
  | (Happened<'ContactFailed'> & {
      readonly matterId: string;
      readonly step: string;
      readonly subscriber: string | null;
      readonly problem: string;
    })
  | (Happened<'SubscriberAnswered'> & {
      readonly matterId: string;
      readonly reportId: string | null;
      readonly subscriber: string;
      readonly answer: Answer;
    })
  | (Happened<'RequestDeclined'> & { readonly reportId: string; readonly asked: string; readonly because: string })
  | (Happened<'PreliminaryReportSent'> & {
      readonly to: 'reporter';
      readonly reportId: string;
      readonly letterId: string;
    })
  | (Happened<'PreliminaryReportSent'> & {
      readonly to: 'subscriber';
      readonly matterId: string;
      readonly sent: number;
      readonly failed: number;
    })
  | (Happened<'FinalReportSent'> & { readonly to: 'reporter'; readonly reportId: string; readonly letterId: string })
  | (Happened<'FinalReportSent'> & {
      readonly to: 'subscriber';
      readonly matterId: string;
      readonly sent: number;
      readonly failed: number;
    })
  | (Happened<'ApprovalGiven'> & { readonly matterId: string; readonly person: string; readonly because: string })
  | (Happened<'RevocationScheduled'> & {
      readonly matterId: string;
      readonly count: number;
      readonly digest: string;
      readonly notBeforeAt: Instant;
      readonly people: readonly string[];
      readonly because: string;
    })
  | (Happened<'HoldPlaced'> & {
      readonly matterId: string;
      readonly holdId: string;
      readonly count: number;
      readonly digest: string;
      readonly untilAt: Instant;
      readonly basis: string;
      readonly people: readonly string[];
      readonly because: string;
    })
  | (Happened<'HoldReleased'> & {
      readonly matterId: string;
      readonly holdId: string;
      readonly count: number;
      readonly people: readonly string[];
      readonly because: string;
    })
  | (Happened<'RevocationAuthorized'> & { readonly matterId: string; readonly because: string })
  | (Happened<'RevocationAttempted'> & {
      readonly matterId: string;
      readonly batchId: string;
      readonly count: number;
      readonly digest: string;
    })
  | (Happened<'RevocationAccepted'> & {
      readonly matterId: string;
      readonly batchId: string;
      readonly count: number;
      readonly already: number;
    })
  | (Happened<'RevocationFailed'> & {
      readonly matterId: string;
      readonly batchId: string;
      readonly count: number;
      readonly outcome: 'refused' | 'retry' | 'unknown' | 'pending-approval';
      readonly problem: string;
      readonly retryAt: Instant;
    })
  | (Happened<'RevocationPublished'> & {
      readonly matterId: string;
      readonly count: number;
      readonly digest: string;
      readonly seen: string;
    })
  | (Happened<'PublicationAwaited'> & {
      readonly matterId: string;
      readonly missing: number;
      readonly problem: string;
      readonly lookAgainAt: Instant;
    })
  | (Happened<'CertificatesExpired'> & { readonly matterId: string; readonly count: number })
  | (Happened<'AlarmRaised'> & {
      readonly matterId: string | null;
      readonly component: string;
      readonly because: string;
    })
  | (Happened<'DeadlineMissed'> & {
      readonly clock: Clock;
      readonly matterId: string | null;
      readonly reportId: string | null;
      readonly dueAt: Instant;
      readonly missing: number;
    })
  | (Happened<'IncidentOpened'> & { readonly because: string })
  | (Happened<'NoteWritten'> & { readonly text: string })
  | (Happened<'CaseClosed'> & { readonly because: string });

export type EventType = Event['type'];

export type Answer = 'acknowledged' | 'agrees' | 'replaced' | 'disputes' | 'asks-more-time' | 'question';
