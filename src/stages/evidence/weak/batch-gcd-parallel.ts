/**
 * Batch GCD block by block on several cores. A worker owns a block: it finds the pairs inside, hands out the block's
 * product, and holds what the other products leave modulo its own against its members. Same pairs as one big tree.
 */
import { isMainThread, parentPort, Worker } from 'node:worker_threads';
import { gcd } from './arithmetic.ts';
import { BLOCK_MODULI_MAX, productTree, remainders, type SharedPrime, settle } from './batch-gcd.ts';

interface Hit {
  readonly n: bigint;
  readonly common: bigint;
}

type ToWorker =
  | { readonly type: 'block'; readonly moduli: readonly bigint[] }
  | { readonly type: 'others'; readonly products: readonly bigint[] };
type FromWorker =
  | { readonly type: 'product'; readonly product: bigint; readonly hits: readonly Hit[] }
  | { readonly type: 'hits'; readonly hits: readonly Hit[] };

/** `workers` blocks at least; more when a block would pass what one BigInt can hold. */
export async function batchGcdParallel(moduli: readonly bigint[], workers = 2): Promise<SharedPrime[]> {
  const distinct = [...new Set(moduli)].filter((n) => n > 1n);
  if (distinct.length < 2) return [];
  const count = Math.max(Math.min(workers, distinct.length), Math.ceil(distinct.length / BLOCK_MODULI_MAX));
  const size = Math.ceil(distinct.length / count);
  const blocks = Array.from({ length: count }, (_, i) => distinct.slice(i * size, (i + 1) * size)).filter(
    (b) => b.length > 0,
  );
  const threads = blocks.map(() => new Worker(new URL(import.meta.url)));
  try {
    const products = await Promise.all(
      blocks.map((block, i) => ask(threads[i] as Worker, { type: 'block', moduli: block })),
    );
    const across = await Promise.all(
      threads.map((thread, i) =>
        ask(thread, {
          type: 'others',
          products: products.flatMap((answer, j) => (j === i || answer.type !== 'product' ? [] : [answer.product])),
        }),
      ),
    );
    const common = new Map<bigint, bigint>();
    for (const { n, common: found } of [...products, ...across].flatMap((answer) => answer.hits)) {
      const before = common.get(n);
      // Both primes shared, one inside the block and one across: together they say no more than "n".
      if (before === undefined || before === n) common.set(n, found);
    }
    return settle(
      moduli,
      [...common].map(([n, found]) => ({ n, common: found })),
    );
  } finally {
    for (const thread of threads) void thread.terminate();
  }
}

function ask(thread: Worker, message: ToWorker): Promise<FromWorker> {
  return new Promise((resolve, reject) => {
    thread.once('message', resolve);
    thread.once('error', reject);
    thread.postMessage(message);
  });
}

if (!isMainThread && parentPort !== null) {
  const port = parentPort;
  let tree: ReturnType<typeof productTree> = [];
  port.on('message', (message: ToWorker) => {
    if (message.type === 'block') {
      tree = productTree(message.moduli);
      const product = rootOf(tree);
      const rest = remainders(tree, product, true);
      const hits = message.moduli.flatMap((n, i) => hit(n, gcd((rest[i] as bigint) / n, n)));
      port.postMessage({ type: 'product', product, hits } satisfies FromWorker);
      return;
    }
    const root = rootOf(tree);
    const against = message.products.reduce((all, product) => (all * (product % root)) % root, 1n);
    const rest = remainders(tree, against, false);
    const leaves = tree[0] as readonly bigint[];
    port.postMessage({
      type: 'hits',
      hits: leaves.flatMap((n, i) => hit(n, gcd(rest[i] as bigint, n))),
    } satisfies FromWorker);
  });
}

function rootOf(tree: ReturnType<typeof productTree>): bigint {
  return (tree.at(-1) as readonly bigint[])[0] as bigint;
}

function hit(n: bigint, common: bigint): Hit[] {
  return common > 1n ? [{ n, common }] : [];
}
