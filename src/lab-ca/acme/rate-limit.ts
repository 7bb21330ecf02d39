/** So many in a span, per key, on the CA's own time. */
import type { Duration, Instant } from '../../foundation/time/time.ts';

export interface RateLimit {
  readonly max: number;
  readonly per: Duration;
}

const keysMax = 100_000;

export class RateLimiter {
  readonly #limit: RateLimit;
  readonly #spans = new Map<string, { from: Instant; count: number }>();

  constructor(limit: RateLimit) {
    this.#limit = limit;
  }

  /** Whether the limit has been reached, without counting: the instant from which it is open again, or null. */
  reached(key: string, now: Instant): Instant | null {
    const span = this.#spans.get(key);
    const until = span?.from.add(this.#limit.per);
    if (span === undefined || until === undefined || Temporal.Instant.compare(until, now) <= 0) return null;
    return span.count >= this.#limit.max ? until : null;
  }

  /** Counts one; null when it is allowed, else the instant from which it will be. */
  count(key: string, now: Instant): Instant | null {
    const span = this.#spans.get(key);
    const until = span?.from.add(this.#limit.per);
    if (span === undefined || until === undefined || Temporal.Instant.compare(until, now) <= 0) {
      if (this.#spans.size >= keysMax) this.#spans.clear();
      this.#spans.set(key, { from: now, count: 1 });
      return null;
    }
    if (span.count >= this.#limit.max) return until;
    span.count++;
    return null;
  }
}
