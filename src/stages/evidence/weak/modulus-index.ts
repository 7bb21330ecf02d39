/**
 * Every RSA modulus the desk knows, in blocks, so that one key or a day's keys can be held against all of them without
 * touching more than one product per block (evidence.md b.3, incremental form).
 */
import { rsaNumbers } from '../../../foundation/pki/spki.ts';
import { toBigInt } from '../extract/numbers.ts';
import { gcd, product } from './arithmetic.ts';
import { batchGcdAgainst, type SharedPrime } from './batch-gcd.ts';

/** Small blocks while they fill, so that adding is cheap; 4,096 RSA-2048 moduli make a product of 1 MB. */
const BLOCK_MODULI = 4_096;

export interface SharedWith {
  readonly factor: bigint;
  /** The other modulus, hex. */
  readonly with: string;
}

export class ModulusIndex {
  private readonly known = new Set<bigint>();
  private readonly blocks: { moduli: bigint[]; product: bigint | null }[] = [];

  get size(): number {
    return this.known.size;
  }

  /** Ignores other keys, and a modulus it has. Returns the modulus in hex, as `find` names it; null for other keys. */
  add(spki: Uint8Array): string | null {
    const n = modulusOf(spki);
    if (n === null || this.known.has(n)) return n?.toString(16) ?? null;
    this.known.add(n);
    const last = this.blocks.at(-1);
    if (last === undefined || last.moduli.length >= BLOCK_MODULI) this.blocks.push({ moduli: [n], product: null });
    else {
      last.moduli.push(n);
      last.product = null;
    }
    return n.toString(16);
  }

  /** Whether this key shares a prime with another one of the index. The key itself may be in it. */
  find(spki: Uint8Array): SharedWith | null {
    const n = modulusOf(spki);
    if (n === null || n < 4n) return null;
    for (const block of this.blocks) {
      const shared = gcd(productOf(block) % n, n);
      if (shared === 1n) continue;
      // n itself is in this block, or both its primes are: look at the members.
      for (const other of block.moduli) {
        if (other === n) continue;
        const factor = gcd(other, n);
        if (factor > 1n && factor < n) return { factor, with: other.toString(16) };
      }
    }
    return null;
  }

  /** The nightly form: a day's keys against everything, and against each other. */
  findAll(spkis: readonly Uint8Array[]): SharedPrime[] {
    const moduli = spkis.map((spki) => modulusOf(spki) ?? 1n);
    // A modulus that is known already shares no prime with itself.
    const batch = new Set(moduli);
    const old = this.blocks.map((block) => {
      const fresh = block.moduli.filter((n) => !batch.has(n));
      return fresh.length === block.moduli.length ? productOf(block) : product(fresh);
    });
    return batchGcdAgainst(moduli, old);
  }
}

function productOf(block: { moduli: bigint[]; product: bigint | null }): bigint {
  block.product ??= product(block.moduli);
  return block.product;
}

function modulusOf(spki: Uint8Array): bigint | null {
  const numbers = rsaNumbers(spki);
  return numbers === null ? null : toBigInt(numbers.modulus);
}
