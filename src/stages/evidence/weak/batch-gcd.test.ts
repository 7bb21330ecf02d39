import { generatePrimeSync } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { product } from './arithmetic.ts';
import { batchGcd, hitsIn, productTree } from './batch-gcd.ts';
import { batchGcdParallel } from './batch-gcd-parallel.ts';
import { mergedWith } from './hold-moduli.ts';
import type { ModulusBlock } from './modulus-blocks.ts';

const prime = (bits = 256) => generatePrimeSync(bits, { bigint: true });
const semiprime = () => prime() * prime();

/** Sixty moduli; 3, 17 and 40 share one prime, 8 and 59 another, 25 both of its primes with 26 and 27. */
function planted() {
  const moduli = Array.from({ length: 60 }, semiprime);
  const [a, b, c, d] = [prime(), prime(), prime(), prime()];
  for (const i of [3, 17, 40]) moduli[i] = a * prime();
  for (const i of [8, 59]) moduli[i] = b * prime();
  moduli[25] = c * d;
  moduli[26] = c * prime();
  moduli[27] = d * prime();
  moduli[50] = moduli[1] as bigint;
  return moduli;
}
const bad = [3, 8, 17, 25, 26, 27, 40, 59];

describe('batch gcd', () => {
  it('finds every planted pair with a true factor, and no other; the same modulus twice is one modulus', () => {
    const moduli = planted();
    const found = batchGcd(moduli);
    expect(found.map((hit) => hit.index)).toEqual(bad);
    for (const { index, factor } of found) {
      expect(factor !== null && factor > 1n && factor < moduli[index]! && moduli[index]! % factor === 0n).toBe(true);
    }
  });

  it('finds the same in blocks, side by side', async () => {
    const moduli = planted();
    const found = await batchGcdParallel(moduli, 3);
    expect(found.map((hit) => hit.index)).toEqual(bad);
    expect(found.every(({ index, factor }) => factor !== null && moduli[index]! % factor === 0n)).toBe(true);
  });

  it('finds new against old by the products of the old blocks', () => {
    const moduli = planted();
    const [old, fresh] = [moduli.slice(0, 40), moduli.slice(40)];
    const tree = productTree(fresh);
    const against = (product(old.slice(0, 20)) * product(old.slice(20))) % tree.root;
    const found = hitsIn(tree, against).map((hit) => fresh.indexOf(hit.n) + 40);
    // 40 shares with 3 and 17, 59 with 8; 50 equals 1, which whoever asks has to leave out.
    expect(found).toEqual([40, 50, 59]);
    expect(hitsIn(tree)).toEqual([]);
  });

  it('bears an empty list, one modulus, and nonsense', async () => {
    expect(batchGcd([])).toEqual([]);
    expect(batchGcd([15n])).toEqual([]);
    expect(batchGcd([0n, 1n, 15n, 21n]).map((hit) => hit.index)).toEqual([2, 3]);
    expect(await batchGcdParallel([], 2)).toEqual([]);
  });
});

describe('blocks of moduli', () => {
  const block = (id: number, bytes: number): ModulusBlock => ({ id: String(id), batches: [String(id)], bytes });

  it('a new block swallows younger ones that are not much longer, and none that would grow too long', () => {
    const ids = (blocks: readonly ModulusBlock[], bytes: number) => mergedWith(blocks, bytes).map(({ id }) => id);
    expect(ids([], 100)).toEqual([]);
    expect(ids([block(1, 1_000), block(2, 100), block(3, 90)], 60)).toEqual(['3', '2']);
    expect(ids([block(1, 1_000), block(2, 100)], 40)).toEqual([]);
    expect(ids([block(1, 2 ** 24), block(2, 2 ** 24)], 2 ** 23)).toEqual(['2']);
  });

  it('a thousand batches of one length are few blocks', () => {
    let blocks: ModulusBlock[] = [];
    for (let i = 0; i < 1_000; i++) {
      const swallowed = mergedWith(blocks, 512_000);
      const bytes = swallowed.reduce((sum, one) => sum + one.bytes, 512_000);
      blocks = [...blocks.filter((one) => !swallowed.includes(one)), block(i, bytes)];
    }
    expect(blocks.reduce((sum, { bytes }) => sum + bytes, 0)).toBe(512_000_000);
    expect(blocks.length).toBeLessThan(30);
  });
});
