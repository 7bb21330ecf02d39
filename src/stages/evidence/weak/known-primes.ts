/** Primes that are known to stand in several keys (badkeys, MIT; see data/README.md). */
import { readFileSync } from 'node:fs';
import { gcd } from './arithmetic.ts';
import type { RsaFinding } from './rsa.ts';

const products = new Map<number, bigint | null>();

function productFor(bits: number): bigint | null {
  const known = products.get(bits);
  if (known !== undefined) return known;
  let value: bigint | null = null;
  if (bits === 2048 || bits === 4096) {
    const bytes = readFileSync(new URL(`./data/primes${bits}.dat`, import.meta.url));
    value = BigInt(`0x${Buffer.from(bytes.subarray(2)).reverse().toString('hex')}`);
  }
  products.set(bits, value);
  return value;
}

/** `known` is the product to ask; by default the one for this size. */
export function checkKnownPrimes(n: bigint, bits: number, known: bigint | null = productFor(bits)): RsaFinding {
  const check = 'known-primes';
  if (known === null) return { check, verdict: 'unknown', detail: `no list for ${bits} bits`, factor: null };
  const shared = gcd(n, known % n);
  if (shared === 1n) return { check, verdict: 'clean', detail: 'none of its primes is on the list', factor: null };
  return {
    check,
    verdict: 'computable',
    detail: 'one of its primes is on the list of primes that several keys share',
    factor: shared < n ? shared : null,
  };
}
