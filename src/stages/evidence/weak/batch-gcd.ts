/**
 * Shared primes among many moduli (after Bernstein's batch GCD): a product tree, a remainder tree, one gcd per modulus.
 * V8 holds at most 2^30 bits in one BigInt, so a block is at most a quarter of a million RSA-2048 moduli; more go block
 * by block, which finds the same pairs, can run side by side and be resumed.
 */
import { gcd } from './arithmetic.ts';

/** RSA-2048 moduli in one block: a product times a remainder must stay below 2^30 bits. */
export const BLOCK_MODULI_MAX = 262_143;

/** Damaged moduli have factors such as 3 in common: that is the check for small factors, and gives no other key away. */
const SMALL_FACTOR_BITS = 64n;

export function isPrimeOfKey(common: bigint): boolean {
  return common >> SMALL_FACTOR_BITS > 0n;
}

export interface SharedPrime {
  /** Index of the modulus in the list given. */
  readonly index: number;
  /** A proper factor; null when the modulus shares both primes and the pairwise pass found no split. */
  readonly factor: bigint | null;
}

export interface ProductTree {
  /** Leaves first, root last. */
  readonly levels: readonly (readonly bigint[])[];
  readonly root: bigint;
  /** Sum over all leaves of the product of the other leaves: modulo a leaf, that *is* the product of the others. */
  readonly others: bigint;
}

/**
 * The tree of products, with its derivative carried upward. Modulo n the derivative is what has to be held against n,
 * so that the way down divides by n and not by its square: half the length, and division is where the time goes.
 */
export function productTree(moduli: readonly bigint[]): ProductTree {
  const levels: bigint[][] = [[...moduli]];
  let others = moduli.map(() => 1n);
  while ((levels.at(-1) as bigint[]).length > 1) {
    const below = levels.at(-1) as bigint[];
    const next: bigint[] = [];
    const nextOthers: bigint[] = [];
    for (let i = 0; i < below.length; i += 2) {
      const [left, right] = [below[i] as bigint, below[i + 1]];
      if (right === undefined) {
        next.push(left);
        nextOthers.push(others[i] as bigint);
        continue;
      }
      next.push(left * right);
      nextOthers.push((others[i] as bigint) * right + (others[i + 1] as bigint) * left);
    }
    levels.push(next);
    others = nextOthers;
  }
  return { levels, root: (levels.at(-1) as bigint[])[0] ?? 1n, others: others[0] ?? 1n };
}

/** `value` modulo every leaf. */
export function remainders({ levels }: ProductTree, value: bigint): bigint[] {
  let current = [value];
  for (let level = levels.length - 1; level >= 0; level--) {
    const top = level === levels.length - 1;
    current = (levels[level] as readonly bigint[]).map((node, i) => (current[top ? 0 : i >> 1] as bigint) % node);
  }
  return current;
}

export interface Hit {
  readonly n: bigint;
  /** What n has in common with the product of the others; n itself when both of its primes are shared. */
  readonly common: bigint;
}

/** Members of the tree that share a prime with one another, or with anything in `against` (a product modulo the root). */
export function hitsIn(tree: ProductTree, against = 1n): Hit[] {
  const rest = remainders(tree, against === 1n ? tree.others : (tree.others * against) % tree.root);
  return (tree.levels[0] as readonly bigint[]).flatMap((n, i): Hit[] => {
    const common = gcd(rest[i] as bigint, n);
    return common > 1n ? [{ n, common }] : [];
  });
}

/** All moduli that share a prime with another of the same list. Equal moduli are one modulus. */
export function batchGcd(moduli: readonly bigint[]): SharedPrime[] {
  const distinct = [...new Set(moduli)].filter((n) => n > 1n);
  return distinct.length < 2 ? [] : settle(moduli, hitsIn(productTree(distinct)));
}

/** A modulus whose two primes are both shared has itself as common divisor; comparing the hits in pairs splits it. */
export function settle(moduli: readonly bigint[], hits: readonly Hit[]): SharedPrime[] {
  const factors = new Map<bigint, bigint | null>();
  for (const { n, common } of hits) {
    if (common < n) {
      factors.set(n, common);
      continue;
    }
    let found: bigint | null = null;
    for (const other of hits) {
      if (other.n === n) continue;
      const shared = gcd(n, other.n);
      if (shared > 1n && shared < n) {
        found = shared;
        break;
      }
    }
    factors.set(n, found);
  }
  return moduli.flatMap((n, index) => (factors.has(n) ? [{ index, factor: factors.get(n) ?? null }] : []));
}
