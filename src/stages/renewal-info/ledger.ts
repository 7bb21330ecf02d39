/**
 * Counts every poll and writes them in batches. What it keeps is evidence: "the subscriber's agent was told to renew at T".
 * A crash loses at most what came since the last flush (a second or so), so the record may understate, never overstate.
 */
import type { Instant } from '../../foundation/time/time.ts';
import type { Advice } from './advice.ts';
import type { Book } from './book.ts';
import type { RenewalStore, Told } from './store.ts';

interface Count {
  readonly ordinal: number;
  readonly adviceId: string | null;
  polls: number;
  readonly firstMs: number;
  lastMs: number;
}

/** Distinct certificates between two flushes; beyond it a poll is answered all the same and counted as `dropped`. */
export const countsMax = 500_000;
const batchSize = 20_000;

export class PollLedger {
  readonly #book: Book;
  readonly #store: RenewalStore;
  #counts = new Map<number, Count>();
  /** Advices by number, so that a poll is counted under one number and not under a text made for it. */
  readonly #adviceNumbers = new Map<string, number>();
  /** Polls since the start, and how many of them found the ledger full. */
  polls = 0;
  dropped = 0;

  constructor(book: Book, store: RenewalStore) {
    this.#book = book;
    this.#store = store;
  }

  get waiting(): number {
    return this.#counts.size;
  }

  note(ordinal: number, advice: Advice | null, now: Instant): void {
    this.polls++;
    const key = ordinal + (advice === null ? 0 : this.#numberOf(advice.id)) * 2 ** 32;
    const nowMs = now.epochMilliseconds;
    const count = this.#counts.get(key);
    if (count !== undefined) {
      count.polls++;
      count.lastMs = nowMs;
    } else if (this.#counts.size >= countsMax) this.dropped++;
    else this.#counts.set(key, { ordinal, adviceId: advice?.id ?? null, polls: 1, firstMs: nowMs, lastMs: nowMs });
  }

  /** Writes what has been counted. What could not be written is counted on, and the next flush tries again. */
  async flush(): Promise<void> {
    const counts = [...this.#counts];
    this.#counts = new Map();
    for (let from = 0; from < counts.length; from += batchSize) {
      const batch = counts.slice(from, from + batchSize);
      try {
        await this.#store.told(batch.map(([, count]) => this.#told(count)));
      } catch (cause) {
        for (const [key, count] of counts.slice(from)) this.#merge(key, count);
        throw cause;
      }
    }
  }

  #numberOf(adviceId: string): number {
    const known = this.#adviceNumbers.get(adviceId);
    if (known !== undefined) return known;
    const number = this.#adviceNumbers.size + 1;
    this.#adviceNumbers.set(adviceId, number);
    return number;
  }

  #merge(key: number, count: Count): void {
    const since = this.#counts.get(key);
    if (since === undefined) this.#counts.set(key, count);
    else this.#counts.set(key, { ...count, polls: count.polls + since.polls, lastMs: since.lastMs });
  }

  #told(count: Count): Told {
    return {
      fingerprint: this.#book.fingerprintOf(count.ordinal),
      adviceId: count.adviceId,
      polls: count.polls,
      firstAt: Temporal.Instant.fromEpochMilliseconds(count.firstMs),
      lastAt: Temporal.Instant.fromEpochMilliseconds(count.lastMs),
    };
  }
}
