/**
 * The ways in which a CA fails its desk, for drills and replays. `silent` takes the work, reports nothing, does
 * nothing; `refuse` answers with an error; `slow` lets `perHour` items out and queues the rest without a word. What
 * was taken during a fault is not done later by itself.
 */
import type { Instant } from '../foundation/time/time.ts';

export const faultComponents = ['revocation', 'publication'] as const;
export type FaultComponent = (typeof faultComponents)[number];
export const faultModes = ['silent', 'refuse', 'slow'] as const;
export type FaultMode = (typeof faultModes)[number];

export interface Fault {
  readonly component: FaultComponent;
  readonly mode: FaultMode;
  /** Only for `slow`: items let out in each hour. */
  readonly perHour?: number;
}

/** One active fault and, when it is slow, the queue that stands behind it. */
export class ActiveFault<Item> {
  readonly fault: Fault;
  readonly #since: Instant;
  readonly #queue: Item[] = [];
  #released = 0;

  constructor(fault: Fault, since: Instant) {
    this.fault = fault;
    this.#since = since;
  }

  get mode(): FaultMode {
    return this.fault.mode;
  }

  enqueue(items: readonly Item[]): void {
    for (const item of items) this.#queue.push(item);
  }

  /** The items whose turn has come by `now`, in order. The first goes out at once, the next an hour / perHour later. */
  due(now: Instant): Item[] {
    const perHour = Math.max(0, this.fault.perHour ?? 0);
    if (this.fault.mode !== 'slow' || perHour === 0) return [];
    const hours = (now.epochMilliseconds - this.#since.epochMilliseconds) / 3_600_000;
    const allowed = Math.floor(hours * perHour) + 1;
    const items = this.#queue.splice(0, Math.max(0, allowed - this.#released));
    this.#released += items.length;
    // A turn that nobody took is not saved up for later.
    if (this.#queue.length === 0 && items.length === 0) this.#released = Math.max(this.#released, allowed - 1);
    return items;
  }
}
