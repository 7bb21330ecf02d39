/** What a report is written from. Counts, instants and citations come from the case's events; nothing is retyped. */
import type { Instant } from '../../foundation/time/time.ts';
import type { Kind, RevokedValue, Source, Status } from './template.ts';

export type TimelineKind =
  | 'change'
  | 'began'
  | 'received'
  | 'aware'
  | 'preliminary-to-reporter'
  | 'preliminary-to-subscriber'
  | 'scope'
  | 'revocation-expected'
  | 'revocation-completed'
  | 'ended'
  | 'issuance-stopped'
  | 'issuance-resumed'
  | 'other';

export interface TimelineEntry {
  readonly at: Instant;
  readonly kind: TimelineKind;
  readonly text: string;
}

export interface CaOwner {
  /** Exactly as in the CCADB: the bug's title begins with it. */
  readonly name: string;
  /** `A` and six digits; null when the configuration does not hold it. */
  readonly ccadbId: string | null;
}

export interface ContributingFactor {
  readonly title: string;
  readonly description: string;
  readonly timeline: string;
  readonly detection: string;
  readonly interaction: string | null;
  readonly methodology: string | null;
}

export interface ActionItem {
  readonly item: string;
  readonly kind: Kind;
  /** Numbers of the contributing factors, from 1. */
  readonly factors: readonly number[];
  readonly evaluation: string;
  /** `YYYY-MM-DD` */
  readonly dueOn: string;
  readonly status: Status;
}

/** A lesson, and the numbers of the action items that answer it, from 1. */
export interface Lesson {
  readonly text: string;
  readonly actions: readonly number[];
}

export interface AppendixCertificate {
  readonly precertificateSha256: string | null;
  readonly certificateSha256: string | null;
  readonly subject: string;
  readonly issuer: string;
  readonly notBefore: Instant;
  readonly notAfter: Instant;
  readonly serial: string;
  readonly names: readonly string[];
  readonly revoked: RevokedValue;
  /** Actual or planned; null: N/A. */
  readonly revokedAt: Instant | null;
  readonly reason: string | null;
}

export interface RelatedIncident {
  readonly bug: number;
  /** `YYYY-MM-DD` on which it was opened. */
  readonly openedOn: string;
  readonly description: string;
}

export interface Policy {
  readonly document: string;
  readonly version: string;
  readonly section: string;
}

export interface IncidentFacts {
  readonly caOwner: CaOwner;
  /** Of the bug, without the owner's name. */
  readonly title: string;
  readonly description: string;
  readonly startAt: Instant | null;
  readonly identifiedAt: Instant | null;
  readonly endAt: Instant | null;
  /** When the end is expected, while it has not come. */
  readonly endExpectedAt: Instant | null;
  readonly policies: readonly Policy[];
  readonly source: Source;
  readonly certificatesTotal: number;
  readonly certificatesRemainingValid: number;
  readonly certificateTypes: readonly string[];
  readonly heuristic: string | null;
  readonly issuanceStopped: { readonly answer: 'Yes' | 'No'; readonly because: string } | null;
  /** A deadline of 4.9.1.1 was or will be missed: Analysis becomes mandatory (IRG 3.2). */
  readonly revocationDelay: boolean;
  readonly analysis: string | null;
  readonly considerations: string | null;
  readonly timeline: readonly TimelineEntry[];
  readonly related: readonly RelatedIncident[];
  readonly factors: readonly ContributingFactor[];
  readonly lessons: {
    readonly well: readonly Lesson[];
    readonly notWell: readonly Lesson[];
    readonly lucky: readonly Lesson[];
    readonly additional: readonly Lesson[];
  };
  readonly actions: readonly ActionItem[];
  readonly certificates: readonly AppendixCertificate[];
}
