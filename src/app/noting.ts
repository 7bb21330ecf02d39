/**
 * What is being noted down about messages that have been placed. The next message does not wait for it, unless it is of
 * the same story: then it has to find what the earlier one left.
 */
import type { ReceiptFacts } from '../stages/intake/receipt.ts';

/** A message under way that has asked, or is about to ask, for earlier messages of its story. */
export interface UnderWay {
  /** Null until they are known: then nothing has been asked yet. */
  readonly facts: ReceiptFacts | null;
  /** Set when a message of the same story was noted meanwhile: the answer may be out of date. */
  stale: boolean;
}

export class Noting {
  readonly #noted = new Set<{ readonly facts: ReceiptFacts; readonly done: Promise<void> }>();
  readonly #underWay = new Set<UnderWay>();
  readonly #most: number;
  #error: { readonly cause: unknown } | null = null;

  constructor(most: number) {
    this.#most = most;
  }

  watch(message: UnderWay): void {
    this.#underWay.add(message);
  }

  forget(message: UnderWay): void {
    this.#underWay.delete(message);
  }

  /** Resolves when every earlier message of the same story has been noted; throws what went wrong with any. */
  async before(facts: ReceiptFacts): Promise<void> {
    const same = [...this.#noted].filter((one) => sameStory(one.facts, facts));
    await Promise.all(same.map((one) => one.done));
    if (this.#noted.size >= this.#most) await Promise.race([...this.#noted].map((one) => one.done));
    if (this.#error !== null) throw this.#error.cause;
  }

  add(facts: ReceiptFacts, work: Promise<void>): void {
    const over = (): void => {
      this.#noted.delete(one);
      for (const message of this.#underWay)
        if (message.facts !== null && sameStory(message.facts, facts)) message.stale = true;
    };
    const one = {
      facts,
      done: work.then(over, (cause: unknown) => {
        over();
        this.#error ??= { cause };
      }),
    };
    this.#noted.add(one);
  }

  /** Everything is noted; throws what went wrong. */
  async done(): Promise<void> {
    await this.settled();
    if (this.#error !== null) throw this.#error.cause;
  }

  async settled(): Promise<void> {
    await Promise.all([...this.#noted].map((one) => one.done));
  }
}

function sameStory(one: ReceiptFacts, other: ReceiptFacts): boolean {
  return one.contentHash === other.contentHash || one.threadKeys.some((key) => other.threadKeys.includes(key));
}
