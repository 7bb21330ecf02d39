/** What the linter says and what it may know beside the text. */
import type { Instant } from '../../../foundation/time/time.ts';
import type { ReadReport } from '../read-report.ts';
import type { ReadTimeline } from '../read-timeline.ts';

export interface Finding {
  /** `IR07`: the rule's number, stable. */
  readonly rule: string;
  readonly severity: 'error' | 'warning';
  /** From 1. */
  readonly line: number;
  readonly message: string;
}

/** Everything optional is inferred from the text where that is possible; what cannot be inferred is then not judged. */
export interface LintContext {
  readonly now: Instant;
  readonly templateVersion?: string;
  /** The attached certificate list. Without it a ```csv block of the Appendix is taken, if there is one. */
  readonly appendixCsv?: string;
  /** The bug's whiteboard has a revocation-delay marker. */
  readonly revocationDelay?: boolean;
  /** The case has a missed 4.9.1.1 deadline, and whether a separate delay report is linked. */
  readonly missedDeadline?: { readonly delayReportLinked: boolean };
  readonly caOwnerName?: string;
  readonly bugTitle?: string;
  readonly reporters?: readonly { readonly name: string; readonly consents: boolean }[];
  /** The case's own figures. */
  readonly snapshot?: { readonly certificatesTotal: number; readonly certificatesRemainingValid: number };
  /** Set when closure is asked for. */
  readonly closing?: { readonly needinfoSet: boolean; readonly unansweredComments: number };
}

export interface Doc {
  readonly report: ReadReport;
  readonly timeline: ReadTimeline;
  readonly context: LintContext;
  /** The report speaks of a revocation that came or will come too late. */
  readonly delayed: boolean;
}

export const error = (rule: string, line: number, message: string): Finding => ({
  rule,
  severity: 'error',
  line,
  message,
});

export const warning = (rule: string, line: number, message: string): Finding => ({
  rule,
  severity: 'warning',
  line,
  message,
});
