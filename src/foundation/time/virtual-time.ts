import { hasCome, type Instant, isBefore, type Time } from './time.ts';

interface Waiter {
  readonly until: Instant;
  readonly wake: () => void;
}

/**
 * A clock that moves only when told. Replays and tests own it: they advance it to the next thing that is due and
 * let everything that waited run.
 */
export class VirtualTime implements Time {
  #now: Instant;
  #waiters: Waiter[] = [];

  constructor(start: Instant) {
    this.#now = start;
  }

  now(): Instant {
    return this.#now;
  }

  waitUntil(until: Instant, signal?: AbortSignal): Promise<void> {
    if (hasCome(until, this.#now) || signal?.aborted) return Promise.resolve();
    return new Promise((resolve) => {
      const waiter: Waiter = { until, wake: resolve };
      this.#waiters.push(waiter);
      signal?.addEventListener('abort', () => {
        this.#waiters = this.#waiters.filter((w) => w !== waiter);
        resolve();
      });
    });
  }

  /** The earliest instant anybody waits for, or null. */
  next(): Instant | null {
    return this.#waiters.reduce<Instant | null>(
      (min, w) => (min === null || isBefore(w.until, min) ? w.until : min),
      null,
    );
  }

  /** Moves to `to` (never backwards) and wakes whoever was due, in order of their instants. */
  advanceTo(to: Instant): void {
    if (isBefore(to, this.#now)) return;
    this.#now = to;
    const due = this.#waiters.filter((w) => hasCome(w.until, to));
    this.#waiters = this.#waiters.filter((w) => !hasCome(w.until, to));
    due.sort((a, b) => Temporal.Instant.compare(a.until, b.until));
    for (const waiter of due) waiter.wake();
  }
}
