/**
 * Batch GCD block by block on several cores. A thread owns a block: it hands out the block's product, takes what the
 * other products leave modulo its own, and holds that together with the block's own others against each member. Same
 * pairs as one big tree.
 */
import { BLOCK_MODULI_MAX, type SharedPrime, settle } from './batch-gcd.ts';
import { gcdThread } from './gcd-thread.ts';

/** `workers` blocks at least; more when a block would pass what one BigInt can hold. */
export async function batchGcdParallel(moduli: readonly bigint[], workers = 2): Promise<SharedPrime[]> {
  const distinct = [...new Set(moduli)].filter((n) => n > 1n);
  if (distinct.length < 2) return [];
  const count = Math.max(Math.min(workers, distinct.length), Math.ceil(distinct.length / BLOCK_MODULI_MAX));
  const size = Math.ceil(distinct.length / count);
  const owners = Array.from({ length: count }, (_, i) => distinct.slice(i * size, (i + 1) * size))
    .filter((block) => block.length > 0)
    .map((block) => ({ block, thread: gcdThread() }));
  try {
    const products = await Promise.all(owners.map(({ thread, block }) => thread.take(block)));
    const hits = await Promise.all(
      owners.map(async ({ thread }, i) => {
        for (const [j, product] of products.entries()) if (j !== i) await thread.against(product);
        return thread.hits();
      }),
    );
    return settle(moduli, hits.flat());
  } finally {
    await Promise.all(owners.map(({ thread }) => thread.close()));
  }
}
