/**
 * Batch GCD block by block on several cores. A worker owns a block: it hands out the block's product, takes what the
 * other products leave modulo its own, and holds that together with the block's own others against each member. Same
 * pairs as one big tree.
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
  | { readonly type: 'product'; readonly product: bigint }
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
    const hits = across.flatMap((answer) => (answer.type === 'hits' ? answer.hits : []));
    return settle(moduli, hits);
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
  let tree = productTree([]);
  port.on('message', (message: ToWorker) => {
    if (message.type === 'block') {
      tree = productTree(message.moduli);
      port.postMessage({ type: 'product', product: tree.root } satisfies FromWorker);
      return;
    }
    const against = message.products.reduce((all, product) => (all * (product % tree.root)) % tree.root, 1n);
    const rest = remainders(tree, (tree.others * against) % tree.root);
    const leaves = tree.levels[0] as readonly bigint[];
    const hits = leaves.flatMap((n, i): Hit[] => {
      const common = gcd(rest[i] as bigint, n);
      return common > 1n ? [{ n, common }] : [];
    });
    port.postMessage({ type: 'hits', hits } satisfies FromWorker);
  });
}
