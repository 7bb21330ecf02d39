import { type Instant, isBefore } from '../../foundation/time/time.ts';

/**
 * Where a candidate for the clock's start comes from, strongest trust first (docs/architecture.md, "Receipt marks").
 * TLS BR 4.9.5 counts from *receipt*: the first arrival anywhere at the CA, whatever happened to the message next.
 */
export const markSources = [
  'own-acceptance',
  'trusted-received',
  'gateway-log',
  'internal-date',
  'webhook',
  'web-form',
  'forwarded-original',
  'staff-first-heard',
  'date-header',
] as const;
export type MarkSource = (typeof markSources)[number];

/** One candidate instant. Untrusted marks stay visible but move nothing until a person confirms them. */
export interface ReceiptMark {
  readonly source: MarkSource;
  readonly at: Instant;
  readonly trusted: boolean;
  /** What the mark was read from, in words fit for a screen: host, header, log line. */
  readonly detail: string;
}

/**
 * The clock's start: the minimum over trusted marks. Only ever moves earlier as marks are added. Null when no mark
 * is trusted yet, which intake never lets happen (its own acceptance is always one).
 */
export function clockStart(marks: readonly ReceiptMark[]): ReceiptMark | null {
  return marks.reduce<ReceiptMark | null>((best, mark) => {
    if (!mark.trusted) return best;
    return best === null || isBefore(mark.at, best.at) ? mark : best;
  }, null);
}
