/**
 * The arithmetic of shared primes on a thread of its own, one step a message, because one division takes seconds and the
 * desk must not stand still meanwhile. A thread holds one batch at a time.
 */
import { isMainThread, parentPort, Worker } from 'node:worker_threads';
import { gcd, product } from './arithmetic.ts';
import { type Hit, hitsIn, isPrimeOfKey, type ProductTree, productTree } from './batch-gcd.ts';

export interface GcdThread {
  /** Takes up a batch of distinct moduli above 1, in place of the one before; answers with its product. */
  take(moduli: readonly bigint[]): Promise<bigint>;
  /** Holds the batch against this product as well. */
  against(product: bigint): Promise<void>;
  /** Members of the batch that share a prime of a key with one another or with a product given so far. */
  hits(): Promise<readonly Hit[]>;
  multiply(factors: readonly bigint[]): Promise<bigint>;
  /** Pairs of indexes: which of `moduli` has a prime in common with which of `others` (moduli, or products of them). */
  sharing(moduli: readonly bigint[], others: readonly bigint[]): Promise<readonly (readonly [number, number])[]>;
  close(): Promise<void>;
}

type Ask =
  | { readonly type: 'take'; readonly moduli: readonly bigint[] }
  | { readonly type: 'against'; readonly product: bigint }
  | { readonly type: 'hits' }
  | { readonly type: 'multiply'; readonly factors: readonly bigint[] }
  | { readonly type: 'sharing'; readonly moduli: readonly bigint[]; readonly others: readonly bigint[] };

/** One call at a time: each waits for the answer to the one before. */
export function gcdThread(): GcdThread {
  const thread = new Worker(new URL(import.meta.url));
  // Nobody waits for an idle thread, so that a process that is done can end.
  thread.unref();
  let ended = false;
  thread.once('exit', () => {
    ended = true;
  });
  let last: Promise<unknown> = Promise.resolve();
  const ask = <T>(message: Ask): Promise<T> => {
    // A thread that is gone would be silent for ever.
    const next = last.then(() => (ended ? Promise.reject(hasEnded()) : answerOf<T>(thread, message)));
    last = next.catch(() => undefined);
    return next;
  };
  return {
    take: (moduli) => ask({ type: 'take', moduli }),
    against: (product) => ask({ type: 'against', product }),
    hits: () => ask({ type: 'hits' }),
    multiply: (factors) => ask({ type: 'multiply', factors }),
    sharing: (moduli, others) => ask({ type: 'sharing', moduli, others }),
    close: async () => {
      ended = true;
      await thread.terminate();
    },
  };
}

const hasEnded = (): Error => new Error('The thread for shared primes has ended.');

function answerOf<T>(thread: Worker, message: Ask): Promise<T> {
  return new Promise((resolve, reject) => {
    const settle = (end: () => void): void => {
      thread.off('message', took).off('error', failed).off('exit', exited).unref();
      end();
    };
    const took = (value: T): void => settle(() => resolve(value));
    const failed = (cause: unknown): void => settle(() => reject(cause));
    const exited = (): void => settle(() => reject(hasEnded()));
    thread.on('message', took).on('error', failed).on('exit', exited).ref();
    thread.postMessage(message);
  });
}

/** One batch in the hands of a thread. */
function worker(): (message: Ask) => unknown {
  let tree: ProductTree = productTree([]);
  let against = 1n;
  return (message) => {
    switch (message.type) {
      case 'take':
        tree = productTree(message.moduli);
        against = 1n;
        return tree.root;
      case 'against':
        against = (against * (message.product % tree.root)) % tree.root;
        return null;
      case 'hits':
        return hitsIn(tree, against).filter((hit) => isPrimeOfKey(hit.common));
      case 'multiply':
        return product(message.factors);
      case 'sharing':
        return sharing(message.moduli, message.others);
    }
  };
}

function sharing(moduli: readonly bigint[], others: readonly bigint[]): [number, number][] {
  return moduli.flatMap((n, i) =>
    others.flatMap((other, j): [number, number][] => (other !== n && isPrimeOfKey(gcd(other % n, n)) ? [[i, j]] : [])),
  );
}

if (!isMainThread && parentPort !== null) {
  const port = parentPort;
  const answer = worker();
  port.on('message', (message: Ask) => port.postMessage(answer(message)));
}
