/**
 * One call for many: whoever asks while a call is under way is taken along by the next one. Under load one round trip,
 * and one wait for the disk, pays for many; alone it costs nothing.
 */
import assert from 'node:assert';

export interface GatheringSettings<In> {
  /** Items of one call at most. */
  readonly most: number;
  /** What one item weighs; a call carries items up to `weightMost` together, and one item whatever it weighs. */
  readonly weightOf?: (item: In) => number;
  readonly weightMost?: number;
  /** How long the first of a call waits for others to join it; not at all, when left out. */
  readonly lingerMilliseconds?: number;
  /** True for an error that one item of several may have caused: each is then tried by itself. Never, when left out. */
  readonly onesOwnFault?: (error: unknown) => boolean;
}

/** `work` answers for each item in its place. An error goes to every item of the call. */
export function gathering<In, Out>(
  work: (items: readonly In[]) => Promise<readonly Out[]>,
  settings: GatheringSettings<In>,
): (item: In) => Promise<Out> {
  let waiting: Waiting<In, Out>[] = [];
  let draining = false;

  const drain = async (): Promise<void> => {
    while (waiting.length > 0) {
      await others(settings.lingerMilliseconds ?? 0);
      const count = countOf(waiting, settings);
      const now = waiting.slice(0, count);
      waiting = waiting.slice(count);
      await settle(work, now, settings);
    }
    draining = false;
  };

  return (item) =>
    new Promise((resolve, reject) => {
      waiting.push({ item, resolve, reject });
      if (draining) return;
      draining = true;
      void drain();
    });
}

/** Everything that this turn of the event loop brings goes together, and what comes within the time given. */
function others(milliseconds: number): Promise<void> {
  return new Promise((resolve) => {
    if (milliseconds > 0) setTimeout(resolve, milliseconds);
    else setImmediate(resolve);
  });
}

interface Waiting<In, Out> {
  readonly item: In;
  readonly resolve: (out: Out) => void;
  readonly reject: (error: unknown) => void;
}

function countOf<In, Out>(waiting: readonly Waiting<In, Out>[], settings: GatheringSettings<In>): number {
  const { most, weightOf = () => 0, weightMost = Number.POSITIVE_INFINITY } = settings;
  let weight = 0;
  let count = 0;
  for (const { item } of waiting) {
    weight += weightOf(item);
    if (count >= most || (count > 0 && weight > weightMost)) break;
    count++;
  }
  return count;
}

async function settle<In, Out>(
  work: (items: readonly In[]) => Promise<readonly Out[]>,
  batch: readonly Waiting<In, Out>[],
  settings: GatheringSettings<In>,
): Promise<void> {
  try {
    const answers = await work(batch.map(({ item }) => item));
    assert(answers.length === batch.length, 'one answer for each item');
    for (const [i, { resolve }] of batch.entries()) resolve(answers[i] as Out);
  } catch (error) {
    if (batch.length > 1 && settings.onesOwnFault?.(error) === true) {
      for (const one of batch) await settle(work, [one], settings);
      return;
    }
    for (const { reject } of batch) reject(error);
  }
}
