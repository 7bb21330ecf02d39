/**
 * ARI (RFC 9773) for one CA: answers clients from the book and the board, counts them, and follows the store. It signals
 * and never revokes; no deadline moves because a client was told or did not ask.
 */
import assert from 'node:assert/strict';
import type { Fingerprint, Serial } from '../../foundation/brand.ts';
import { hasCome, type Instant, isBefore, latest, type Time } from '../../foundation/time/time.ts';
import { type Advice, adviceKeysMax } from './advice.ts';
import { Board } from './board.ts';
import { Book, type BookEntry, type Found } from './book.ts';
import { type CertId, decodeCertId, encodeCertId } from './cert-id.ts';
import { PollLedger } from './ledger.ts';
import { defaultWindowPolicy, type WindowPolicy } from './policy.ts';
import type { Candidate, ReplacementSeen } from './replacement.ts';
import { replacedBy, replacementsAmong } from './replacement-search.ts';
import type { RenewalStore } from './store.ts';
import { advisedWindow, normalWindow, retryAfterSeconds, revokedWindow, type Window } from './windows.ts';

/** What ARI needs to know of a certificate; an inventory's entry has all of it. */
export type RenewalCertificate = BookEntry & Candidate;

/** Where certificates come from: the inventory, seen as far as ARI needs it. */
export interface CertificateSource {
  /** Everything in the order in which it was learnt or changed, on from `after`. */
  walk(page: { readonly after: string | null; readonly limit: number }): Promise<{
    readonly matches: readonly { readonly certificate: RenewalCertificate }[];
    readonly next: string | null;
    readonly last: string | null;
  }>;
  find(query: { readonly by: 'cert-id'; readonly authorityKeyId: string; readonly serial: Serial }): Promise<{
    readonly matches: readonly { readonly certificate: RenewalCertificate }[];
  }>;
  findMany(by: 'fingerprint' | 'name', values: readonly string[]): Promise<readonly Candidate[]>;
  findByKeys(
    hashes: readonly string[],
    page: { readonly after: string | null; readonly limit: number },
  ): Promise<{
    readonly matches: readonly { readonly certificate: RenewalCertificate }[];
    readonly next: string | null;
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
  /** `busy`: it could not be found out now. Never said as `unknown`, for a client takes that as final. */
  | { readonly answer: 'malformed' | 'unknown' | 'busy' };

export interface RenewalInfoParts {
  readonly store: RenewalStore;
  readonly source: CertificateSource;
  readonly time: Time;
  readonly policy?: WindowPolicy;
  readonly onFault?: (cause: unknown) => void;
  /** Replacements that this node has seen in the inventory; recorded already. */
  readonly onReplaced?: (seen: readonly ReplacementSeen[]) => void;
}

/** How far a matter's certificates are replaced. */
export interface Progress {
  readonly certificates: number;
  readonly replaced: number;
}

/** An advice decided on another node is told here at most this much later. */
export const followEvery = Temporal.Duration.from({ milliseconds: 250 });
export const flushEvery = Temporal.Duration.from({ seconds: 1 });
const learnEvery = Temporal.Duration.from({ seconds: 5 });
const walkPage = 10_000;
const sweepPage = 2_000;
/** Questions to the inventory about names the book does not hold, at the same time; more are answered `busy`. */
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

  /**
   * Takes over what the inventory has learnt since the last call, and notes which advised certificates that replaces.
   * The first call reads everything; replacements older than it are found by `sweep`.
   */
  async learn(): Promise<void> {
    const first = this.#walkedTo === null;
    for (;;) {
      const page = await this.#parts.source.walk({ after: this.#walkedTo, limit: walkPage });
      for (const { certificate } of page.matches) this.book.learn(certificate);
      if (!first && page.matches.length > 0) await this.#seeReplaced(page.matches.map((match) => match.certificate));
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

  /**
   * Looks through every certificate of an advice for a replacement, records what it finds, and says how far things are.
   * For the moment an advice is raised (many have renewed already and need not be told) and as a check from time to time.
   */
  async sweep(advice: Advice): Promise<Progress> {
    const done = { certificates: 0, replaced: 0 };
    for await (const live of this.#certificatesOf(advice)) {
      const seen = await replacementsAmong(live, this.#parts.source, { keyMustChange: mustChange([advice]) });
      await this.#record(seen);
      done.certificates += live.length;
      done.replaced += seen.length;
    }
    return done;
  }

  /**
   * Asks `look` about every certificate of an advice that nobody has seen replaced, `atOnce` at a time and at most `max`
   * of them, and records what it saw. Says how many were asked about.
   */
  async sweepBy(
    advice: Advice,
    look: (old: Candidate, keyMustChange: boolean) => Promise<ReplacementSeen | null>,
    { atOnce, max, signal }: { readonly atOnce: number; readonly max: number; readonly signal: AbortSignal },
  ): Promise<Progress> {
    const done = { certificates: 0, replaced: 0 };
    const keyMustChange = mustChange([advice]);
    for await (const live of this.#certificatesOf(advice)) {
      const waiting = live.filter((one) => !this.#isReplaced(one.fingerprint));
      for (let from = 0; from < waiting.length && done.certificates < max && !signal.aborted; from += atOnce) {
        const some = waiting.slice(from, Math.min(from + atOnce, from + max - done.certificates));
        const seen = (await Promise.all(some.map((old) => look(old, keyMustChange(old))))).filter(
          (one) => one !== null,
        );
        await this.#record(seen);
        done.certificates += some.length;
        done.replaced += seen.length;
      }
      if (done.certificates >= max || signal.aborted) break;
    }
    return done;
  }

  #isReplaced(fingerprint: Fingerprint): boolean {
    const ordinal = this.book.ordinalOf(fingerprint);
    return ordinal !== null && this.book.isReplaced(ordinal);
  }

  /** The certificates of an advice that have not expired, page by page. */
  async *#certificatesOf(advice: Advice): AsyncGenerator<readonly Candidate[]> {
    const now = this.#parts.time.now();
    const live = (page: readonly Candidate[]) => page.filter(({ notAfter }) => !isBefore(notAfter, now));
    for (let after: string | null = null; advice.keys.length > 0; ) {
      const page = await this.#parts.source.findByKeys(advice.keys, { after, limit: sweepPage });
      yield live(page.matches.map((match) => match.certificate).filter((one) => advice.keys.includes(one.spkiHash)));
      after = page.next;
      if (after === null) break;
    }
    for (let after: Fingerprint | null = null; advice.listId !== null; ) {
      const listed: readonly Fingerprint[] = await this.#parts.store.listed(advice.listId, after, sweepPage);
      const page = await this.#parts.source.findMany('fingerprint', listed);
      yield live(page.filter((one) => !advice.keys.includes(one.spkiHash)));
      if (listed.length < sweepPage) break;
      after = listed.at(-1)!;
    }
  }

  /** Which advised certificates do these new ones replace? */
  async #seeReplaced(fresh: readonly Candidate[]): Promise<void> {
    const advices = this.board.advices;
    if (advices.length === 0) return;
    const isWanted = (old: Candidate) => {
      const ordinal = this.book.ordinalOf(old.fingerprint);
      return ordinal !== null && this.board.adviceFor(ordinal) !== null;
    };
    await this.#record(await replacedBy(fresh, this.#parts.source, { isWanted, keyMustChange: mustChange(advices) }));
  }

  async #record(seen: readonly ReplacementSeen[]): Promise<void> {
    if (seen.length === 0) return;
    const seenAt = this.#parts.time.now();
    const fresh = await this.replaced(seen.map((one) => ({ ...one, seenAt })));
    if (fresh > 0) this.#parts.onReplaced?.(seen);
  }

  /** The answer to one poll, which it counts. */
  answer(certIdText: string, now: Instant): RenewalAnswer | Promise<RenewalAnswer> {
    const certId = decodeCertId(certIdText);
    if (certId === null) return { answer: 'malformed' };
    const found = this.book.find(certId);
    if (found !== null) return this.#answerFor(found, certId, now);
    return this.#lookUp(certId, now);
  }

  /** What a client of this certificate is told, for a page that explains it: not a poll, and not counted as one. */
  explain(
    certIdText: string,
  ): { readonly fingerprint: Fingerprint; readonly window: Window; readonly advice: Advice | null } | null {
    const certId = decodeCertId(certIdText);
    const found = certId === null ? null : this.book.find(certId);
    return found === null ? null : { fingerprint: found.fingerprint, ...this.#toldOf(found) };
  }

  /** Issued since the last look at the inventory, perhaps: only a certificate nobody knows is answered 404. */
  async #lookUp(certId: { authorityKeyId: string; serial: Serial }, now: Instant): Promise<RenewalAnswer> {
    if (this.#lookups >= lookupsMax) return { answer: 'busy' };
    this.#lookups++;
    try {
      const { matches } = await this.#parts.source.find({ by: 'cert-id', ...certId });
      for (const { certificate } of matches) this.book.learn(certificate);
    } catch (cause) {
      this.#parts.onFault?.(cause);
      return { answer: 'busy' };
    } finally {
      this.#lookups--;
    }
    const found = this.book.find(certId);
    return found === null ? { answer: 'unknown' } : this.#answerFor(found, certId, now);
  }

  #answerFor(found: Found, certId: CertId, now: Instant): RenewalAnswer {
    const { window, advice, urgent } = this.#toldOf(found);
    this.ledger.note(found.ordinal, advice, now);
    return {
      answer: 'window',
      window,
      explanationUrl: advice?.explanationUrl?.replace('{certID}', () => encodeCertId(certId)) ?? null,
      retryAfterSeconds: retryAfterSeconds(found.fingerprint, urgent, this.#policy),
      advice,
    };
  }

  #toldOf(found: Found): { readonly window: Window; readonly advice: Advice | null; readonly urgent: boolean } {
    const advice = this.board.adviceFor(found.ordinal);
    if (advice !== null) return { window: this.#advisedWindow(found, advice), advice, urgent: true };
    if (found.revokedAt !== null && !this.book.isReplaced(found.ordinal)) {
      return { window: revokedWindow(found.revokedAt, this.#policy), advice, urgent: true };
    }
    return { window: normalWindow(found, this.#policy), advice, urgent: false };
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

/** A key that an advice names is compromised or weak: a new certificate with it replaces nothing. */
function mustChange(advices: readonly Advice[]): (old: Candidate) => boolean {
  const keys = new Set(advices.flatMap((advice) => advice.keys));
  return (old) => keys.has(old.spkiHash);
}
