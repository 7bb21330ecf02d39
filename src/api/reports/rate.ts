/**
 * Bounds a flood of the public form without locking anybody out: a report that carries evidence is always taken, and a
 * stranger who is turned away is told the mail address, which takes everything.
 */
import { type Instant, isBefore } from '../../foundation/time/time.ts';
import type { WrittenReport } from './compose.ts';

const perAddress = 20;
const overall = 600;
const windowLength = Temporal.Duration.from({ minutes: 10 });
const addressesMax = 20_000;

export class ReportRate {
  #endsAt: Instant | null = null;
  #overall = 0;
  readonly #byAddress = new Map<string, number>();

  /** Counts the report; false when this visitor has written enough for now. */
  admits(remoteAddress: string | null, now: Instant): boolean {
    if (this.#endsAt === null || !isBefore(now, this.#endsAt)) {
      this.#endsAt = now.add(windowLength);
      this.#overall = 0;
      this.#byAddress.clear();
    }
    const from = remoteAddress ?? 'unknown';
    const count = (this.#byAddress.get(from) ?? 0) + 1;
    if (this.#byAddress.size < addressesMax || this.#byAddress.has(from)) this.#byAddress.set(from, count);
    this.#overall += 1;
    return count <= perAddress && this.#overall <= overall;
  }
}

const identifiers = /-----BEGIN |crt\.sh|\b[0-9a-f]{64}\b|\b(?:[0-9a-f]{2}[: ]?){8,20}\b/i;

/** A key, a certificate, a file, a serial or a fingerprint: something the desk can check by itself. */
export function carriesEvidence(report: WrittenReport): boolean {
  return report.attachments.length > 0 || report.certificates.length > 0 || identifiers.test(report.text);
}
