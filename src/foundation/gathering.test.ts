import { describe, expect, it } from 'vitest';
import { gathering } from './gathering.ts';

/** Calls that answer when they are told to, in order. */
function calls() {
  const seen: (readonly number[])[] = [];
  const go: (() => void)[] = [];
  return {
    seen,
    work: async (items: readonly number[]): Promise<number[]> => {
      seen.push(items);
      await new Promise<void>((resolve) => go.push(resolve));
      return items.map((item) => item * 10);
    },
    /** Lets the next call answer, as soon as it has been made. */
    async answer(): Promise<void> {
      while (go.length === 0) await new Promise((resolve) => setImmediate(resolve));
      go.shift()!();
    },
  };
}

describe('gathering', () => {
  it('takes along in the next call whoever asks while one is under way, and answers each with its own', async () => {
    const { seen, work, answer } = calls();
    const ask = gathering(work, { most: 10 });
    const first = ask(1);
    await new Promise((resolve) => setImmediate(resolve));
    await new Promise((resolve) => setImmediate(resolve));
    const others = [ask(2), ask(3)];
    await answer();
    await answer();
    expect(await Promise.all([first, ...others])).toEqual([10, 20, 30]);
    expect(seen).toEqual([[1], [2, 3]]);
  });

  it('keeps a call within its number and its weight, and lets one heavy item through alone', async () => {
    const { seen, work, answer } = calls();
    const ask = gathering(work, { most: 3, weightOf: (item) => item, weightMost: 10 });
    const all = [1, 2, 3, 4, 50, 6].map(ask);
    for (let n = 0; n < 4; n++) await answer();
    expect(await Promise.all(all)).toEqual([10, 20, 30, 40, 500, 60]);
    expect(seen).toEqual([[1, 2, 3], [4], [50], [6]]);
  });

  it('tries each item by itself when one of them may be at fault, and fails that one alone', async () => {
    const work = async (items: readonly number[]): Promise<readonly number[]> => {
      if (items.includes(2)) throw new Error('two');
      return items;
    };
    const ask = gathering(work, { most: 10, onesOwnFault: () => true });
    const results = await Promise.allSettled([1, 2, 3].map(ask));
    expect(results.map((one) => one.status)).toEqual(['fulfilled', 'rejected', 'fulfilled']);
  });

  it('passes an error that is nobody’s own to all of them, and serves the next one', async () => {
    let down = true;
    const ask = gathering(
      async (items: readonly number[]) => {
        if (down) throw new Error('away');
        return items;
      },
      { most: 10 },
    );
    const results = await Promise.allSettled([1, 2].map(ask));
    expect(results.map((one) => one.status)).toEqual(['rejected', 'rejected']);
    down = false;
    expect(await ask(3)).toBe(3);
  });
});
