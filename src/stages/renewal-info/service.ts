/**
 * ARI (RFC 9773) for one CA: answers clients from the book and the board, counts them, and follows the store. It signals
 * and never revokes; no deadline moves because a client was told or did not ask.
 */
import assert from 'node:assert/strict';
import type { Fingerprint, Serial } from '../../foundation/brand.ts';
import { hasCome, type Instant, latest, type Time } from '../../foundation/time/time.ts';
import { type Advice, adviceKeysMax } from './advice.ts';
import { Board } from './board.ts';
import { Book, type BookEntry, type Found } from './book.ts';
import { decodeCertId } from './cert-id.ts';
import { PollLedger } from './ledger.ts';
import { defaultWindowPolicy, type WindowPolicy } from './policy.ts';
import type { RenewalStore } from './store.ts';
import { advisedWindow, normalWindow, retryAfterSeconds, revokedWindow, type Window } from './windows.ts';

/** Where certificates come from: the inventory, seen as far as ARI needs it. */
export interface CertificateSource {
  /** Everything in the order in which it was learnt or changed, on from `after`. */
  walk(page: { readonly after: string | null; readonly limit: number }): Promise<{
    readonly matches: readonly { readonly certificate: BookEntry }[];
    readonly next: string | null;
    readonly last: string | null;
  }>;
  find(query: { readonly by: 'cert-id'; readonly authorityKeyId: string; readonly serial: Serial }): Promise<{
    readonly matches: readonly { readonly certificate: BookEntry }[];
  }>;
}

export type RenewalAnswer =
  | {
      readonly answer: 'window';
      readonly window: Window;
      readonly explanationUrl: string | null;
      readonly retryAfterSeconds: number;
      readonly advice: Advice | null;
    }
  | { readonly answer: 'malformed' | 'unknown' };

export interface RenewalInfoParts {
  readonly store: RenewalStore;
  readonly source: CertificateSource;
  readonly time: Time;
  readonly policy?: WindowPolicy;
  readonly onFault?: (cause: unknown) => void;
}

/** An advice decided on another node is told here at most this much later. */
export const followEvery = Temporal.Duration.from({ milliseconds: 250 });
export const flushEvery = Temporal.Duration.from({ seconds: 1 });
const learnEvery = Temporal.Duration.from({ seconds: 5 });
const walkPage = 10_000;
/** Questions to the inventory about names the book does not hold, at the same time; more are answered "unknown". */
const lookupsMax = 16;

export class RenewalInfo {
  readonly book = new Book();
  readonly board: Board;
  readonly ledger: PollLedger;
  readonly #parts: RenewalInfoParts;
  readonly #policy: WindowPolicy;
  readonly #windows = new WeakMap<Advice, Window>();
  #walkedTo: string | null = null;
  #lookups = 0;

  constructor(parts: RenewalInfoParts) {
    this.#parts = parts;
    this.#policy = parts.policy ?? defaultWindowPolicy;
    this.board = new Board(this.book, parts.store);
    this.ledger = new PollLedger(this.book, parts.store);
  }

  /** Reads the whole inventory and every advice in force. Until then a node is not ready to answer. */
  async load(): Promise<void> {
    await this.learn();
    await this.board.follow();
  }

  /** Takes over what the inventory has learnt since the last call. */
  async learn(): Promise<void> {
    for (;;) {
      const page = await this.#parts.source.walk({ after: this.#walkedTo, limit: walkPage });
      for (const { certificate } of page.matches) this.book.learn(certificate);
      this.#walkedTo = page.last;
      if (page.next === null) break;
    }
    this.board.settleReplaced();
  }

  /**
   * Tells the clients of these certificates to renew. One row; clients of this node see it as soon as this resolves,
   * those of others within `followEvery`.
   */
  async advise(advice: Advice): Promise<Window> {
    assert(advice.keys.length <= adviceKeysMax, `an advice names at most ${adviceKeysMax} keys; split the matter`);
    await this.#parts.store.raise(advice);
    await this.board.follow();
    const { decidedAt, endBy } = advice;
    return { start: decidedAt.subtract(this.#policy.urgentReachesBack), end: latest(decidedAt, endBy) };
  }

  async withdraw(adviceId: string): Promise<void> {
    await this.#parts.store.withdraw(adviceId, this.#parts.time.now());
    await this.board.follow();
  }

  /** From here on their clients see the everyday window again: one told "now" after it has replaced would loop. */
  async replaced(replacements: Parameters<RenewalStore['replaced']>[0]): Promise<number> {
    const fresh = await this.#parts.store.replaced(replacements);
    for (const { fingerprint } of replacements) this.board.noteReplaced(fingerprint);
    return fresh;
  }

  /** The answer to one poll, which it counts. */
  answer(certIdText: string, now: Instant): RenewalAnswer | Promise<RenewalAnswer> {
    const certId = decodeCertId(certIdText);
    if (certId === null) return { answer: 'malformed' };
    const found = this.book.find(certId);
    if (found !== null) return this.#answerFor(found, now);
    return this.#lookUp(certId, now);
  }

  /** Issued since the last look at the inventory, perhaps: only a certificate nobody knows is answered 404. */
  async #lookUp(certId: { authorityKeyId: string; serial: Serial }, now: Instant): Promise<RenewalAnswer> {
    if (this.#lookups >= lookupsMax) return { answer: 'unknown' };
    this.#lookups++;
    try {
      const { matches } = await this.#parts.source.find({ by: 'cert-id', ...certId });
      for (const { certificate } of matches) this.book.learn(certificate);
    } finally {
      this.#lookups--;
    }
    const found = this.book.find(certId);
    return found === null ? { answer: 'unknown' } : this.#answerFor(found, now);
  }

  #answerFor(found: Found, now: Instant): RenewalAnswer {
    const advice = this.board.adviceFor(found.ordinal);
    this.ledger.note(found.ordinal, advice, now);
    const revoked = found.revokedAt !== null && !this.book.isReplaced(found.ordinal);
    const window =
      advice !== null
        ? this.#advisedWindow(found, advice)
        : revoked
          ? revokedWindow(found.revokedAt!, this.#policy)
          : normalWindow(found, this.#policy);
    return {
      answer: 'window',
      window,
      explanationUrl: advice?.explanationUrl ?? null,
      retryAfterSeconds: retryAfterSeconds(found.fingerprint as Fingerprint, advice !== null || revoked, this.#policy),
      advice,
    };
  }

  #advisedWindow(found: Found, advice: Advice): Window {
    if (advice.pace === 'spread') return advisedWindow(found, advice, this.#policy);
    // The same for every certificate of the case: worked out once, told a million times.
    let window = this.#windows.get(advice);
    if (window === undefined) {
      window = advisedWindow(found, advice, this.#policy);
      this.#windows.set(advice, window);
    }
    return window;
  }

  /** Follows store and inventory and writes the counts until `signal` aborts; then writes once more. */
  async run(signal: AbortSignal): Promise<void> {
    await Promise.all([
      this.#every(followEvery, signal, async () => void (await this.board.follow())),
      this.#every(learnEvery, signal, () => this.learn()),
      this.#every(flushEvery, signal, () => this.ledger.flush()),
    ]);
    await this.ledger.flush();
  }

  async #every(pause: Temporal.Duration, signal: AbortSignal, work: () => Promise<void>): Promise<void> {
    const { time, onFault } = this.#parts;
    let next = time.now();
    while (!signal.aborted) {
      try {
        await work();
      } catch (cause) {
        // The store may be away for a while; what is known keeps being told meanwhile.
        onFault?.(cause);
      }
      next = next.add(pause);
      if (hasCome(next, time.now())) next = time.now().add(pause);
      await time.waitUntil(next, signal);
    }
  }
}
