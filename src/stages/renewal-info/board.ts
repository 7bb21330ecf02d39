/**
 * The advices in force, as one node knows them. Follows the store by version; an advice decided on this node is on the
 * board at once, one decided elsewhere after the next look (`followEvery` in `service.ts`).
 */
import type { Fingerprint } from '../../foundation/brand.ts';
import type { Advice } from './advice.ts';
import type { Book } from './book.ts';
import { DigestSet } from './digest-set.ts';
import type { RenewalStore } from './store.ts';
import { governing } from './windows.ts';

/** Fingerprints per page when a list is loaded. */
const listPage = 50_000;

export class Board {
  readonly #book: Book;
  readonly #store: RenewalStore;
  #version = 0;
  #looking: Promise<boolean> = Promise.resolve(false);
  readonly #advices = new Map<string, Advice>();
  readonly #byKey = new Map<string, Advice[]>();
  readonly #lists: { readonly advice: Advice; readonly members: DigestSet }[] = [];
  /** Replaced certificates that the book does not hold yet. */
  readonly #replacedAhead = new Set<Fingerprint>();

  constructor(book: Book, store: RenewalStore) {
    this.#book = book;
    this.#store = store;
  }

  get advices(): readonly Advice[] {
    return [...this.#advices.values()];
  }

  /**
   * Reads what has changed in the store since the last look. Returns whether anything had. One look at a time: whoever
   * asks during another's look gets one of its own after it, and so sees what it has just written.
   */
  follow(): Promise<boolean> {
    const mine = this.#looking.then(() => this.#look());
    this.#looking = mine.catch(() => false);
    return mine;
  }

  async #look(): Promise<boolean> {
    let changed = false;
    for (;;) {
      const changes = await this.#store.changes(this.#version);
      changed ||= changes.version !== this.#version;
      for (const advice of changes.raised) await this.#put(advice);
      for (const id of changes.withdrawn) this.#drop(id);
      for (const fingerprint of changes.replaced) this.noteReplaced(fingerprint);
      this.#version = changes.version;
      if (!changes.more) return changed;
    }
  }

  noteReplaced(fingerprint: Fingerprint): void {
    if (!this.#book.markReplaced(fingerprint)) this.#replacedAhead.add(fingerprint);
  }

  /** Call it after the book has learnt more. */
  settleReplaced(): void {
    for (const fingerprint of this.#replacedAhead) {
      if (this.#book.markReplaced(fingerprint)) this.#replacedAhead.delete(fingerprint);
    }
  }

  /** The advice that governs a certificate of the book; null for one that is replaced or that none concerns. */
  adviceFor(ordinal: number): Advice | null {
    if (this.#advices.size === 0 || this.#book.isReplaced(ordinal)) return null;
    const byKey = this.#byKey.size === 0 ? undefined : this.#byKey.get(this.#book.keyOf(ordinal));
    if (this.#lists.length === 0) return byKey === undefined ? null : governing(byKey);
    const fingerprint = this.#book.fingerprintOf(ordinal);
    const listed = this.#lists.filter(({ members }) => members.has(fingerprint)).map(({ advice }) => advice);
    return governing([...(byKey ?? []), ...listed]);
  }

  async #put(advice: Advice): Promise<void> {
    if (this.#advices.has(advice.id)) return;
    if (advice.listId !== null) this.#lists.push({ advice, members: await this.#load(advice.listId) });
    for (const key of advice.keys) {
      const here = this.#byKey.get(key);
      if (here === undefined) this.#byKey.set(key, [advice]);
      else here.push(advice);
    }
    this.#advices.set(advice.id, advice);
  }

  async #load(listId: string): Promise<DigestSet> {
    const members = new DigestSet();
    let after: Fingerprint | null = null;
    for (;;) {
      const page: readonly Fingerprint[] = await this.#store.listed(listId, after, listPage);
      for (const fingerprint of page) members.add(fingerprint);
      if (page.length < listPage) return members;
      after = page.at(-1)!;
    }
  }

  #drop(id: string): void {
    const advice = this.#advices.get(id);
    if (advice === undefined) return;
    this.#advices.delete(id);
    for (const key of advice.keys) {
      const rest = (this.#byKey.get(key) ?? []).filter((other) => other.id !== id);
      if (rest.length === 0) this.#byKey.delete(key);
      else this.#byKey.set(key, rest);
    }
    const at = this.#lists.findIndex((list) => list.advice.id === id);
    if (at >= 0) this.#lists.splice(at, 1);
  }
}
