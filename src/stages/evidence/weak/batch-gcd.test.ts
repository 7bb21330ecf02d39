import { generatePrimeSync } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { rsaSpki } from '../extract/textual.ts';
import { batchGcd, batchGcdAgainst, blockProduct } from './batch-gcd.ts';
import { batchGcdParallel } from './batch-gcd-parallel.ts';
import { ModulusIndex } from './modulus-index.ts';

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
    const found = batchGcdAgainst(fresh, [blockProduct(old.slice(0, 20)), blockProduct(old.slice(20))]);
    // 40 shares with 3 and 17; 50 equals 1, which is no shared prime but the same key again; 59 shares with 8.
    expect(found.map((hit) => hit.index + 40).filter((i) => i !== 50)).toEqual([40, 59]);
  });

  it('bears an empty list, one modulus, and nonsense', async () => {
    expect(batchGcd([])).toEqual([]);
    expect(batchGcd([15n])).toEqual([]);
    expect(batchGcd([0n, 1n, 15n, 21n]).map((hit) => hit.index)).toEqual([2, 3]);
    expect(await batchGcdParallel([], 2)).toEqual([]);
  });
});

describe('the index of all moduli', () => {
  it('tells a key that shares a prime with another one, whether it is itself in the index or not', () => {
    const index = new ModulusIndex();
    const [p, q, r] = [prime(), prime(), prime()];
    for (let i = 0; i < 30; i++) index.add(rsaSpki(semiprime(), 65537n));
    index.add(rsaSpki(p * q, 65537n));
    index.add(rsaSpki(p * q, 3n));
    expect(index.size).toBe(31);
    expect(index.find(rsaSpki(p * r, 65537n))?.factor).toBe(p);
    index.add(rsaSpki(p * r, 65537n));
    expect(index.find(rsaSpki(p * q, 65537n))?.factor).toBe(p);
    expect(index.find(rsaSpki(semiprime(), 65537n))).toBeNull();
    expect(index.findAll([rsaSpki(r * prime(), 65537n), rsaSpki(semiprime(), 65537n)]).map((hit) => hit.index)).toEqual(
      [0],
    );
  });
});
