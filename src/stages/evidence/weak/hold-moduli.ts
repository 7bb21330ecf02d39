/**
 * Takes moduli of certificates up among all that are known: each is held against every stored product and against the
 * others of its batch, then multiplied in. Work grows with what is stored, by division alone (one minute of processor
 * time for a million RSA-2048 moduli, hardly less for fifty new ones than for two thousand), so that many at once are
 * cheaper than few.
 */
import type { Fingerprint } from '../../../foundation/brand.ts';
import { DerError } from '../../../foundation/pki/der.ts';
import { keyHashes, rsaNumbers } from '../../../foundation/pki/spki.ts';
import { spkiOf } from '../../../foundation/pki/x509.ts';
import { toBigInt } from '../extract/numbers.ts';
import { type GcdThread, gcdThread } from './gcd-thread.ts';
import type { BlocksState, HeldModulus, ModulusBlock, ModulusBlocks } from './modulus-blocks.ts';

/** New moduli in one batch. 50,000 were measured to take 1.3 GiB and two minutes; a desk may live on a small machine. */
export const batchModuliMax = 25_000;
/** A product of about 131,072 RSA-2048 moduli. Larger ones save nothing and would be held in memory all the same. */
const blockBytesMax = 2 ** 25;
const memberChunk = 1_000;
/** Somebody else may add a block meanwhile; two desks at work find room for each other. */
const triesMax = 5;

export interface HoldParts {
  readonly blocks: ModulusBlocks;
  readonly bytesOf: (fingerprints: readonly Fingerprint[]) => Promise<ReadonlyMap<Fingerprint, Uint8Array>>;
  /** Ends the arithmetic at once; nothing of the batch is stored then, and `holdModuli` rejects. */
  readonly signal?: AbortSignal;
}

interface Modulus extends HeldModulus {
  readonly n: bigint;
}

export interface CertificateDer {
  readonly fingerprint: Fingerprint;
  readonly der: Uint8Array;
}

/**
 * Durable when it resolves; doing it twice is harmless. `position` is how far the inventory has been followed with these,
 * null when they were taken out of order. Passes over keys other than RSA. Throws when the blocks never hold still.
 */
export async function holdModuli(
  parts: HoldParts,
  certificates: readonly CertificateDer[],
  position: string | null,
): Promise<void> {
  const distinct = moduliOf(certificates);
  for (let tries = 0; tries < triesMax; tries++) {
    const seen = await parts.blocks.state();
    const known = await parts.blocks.known([...distinct.keys()]);
    const fresh = [...distinct.values()].filter((m) => !known.has(m.material));
    if (fresh.length === 0 && (position === null || position === seen.position)) return;
    if (await hold(parts, seen, fresh, position)) return;
  }
  throw new Error('The stored products of moduli changed again and again while new moduli were held against them.');
}

/** By material; certificates with the same modulus are one. */
export function moduliOf(certificates: readonly CertificateDer[]): ReadonlyMap<string, Modulus> {
  const found = new Map<string, Modulus>();
  for (const { fingerprint, der } of certificates) {
    try {
      const spki = spkiOf(der);
      const numbers = rsaNumbers(spki);
      if (numbers === null) continue;
      const n = toBigInt(numbers.modulus);
      if (n > 1n) found.set(keyHashes(spki).material, { material: keyHashes(spki).material, fingerprint, n });
    } catch (cause) {
      // What cannot be read has no modulus that could be held against others.
      if (!(cause instanceof DerError)) throw cause;
    }
  }
  return found;
}

/**
 * What was divided once is not divided again when somebody adds a block meanwhile: a night over a million moduli must not
 * begin anew for each report. False when some of `fresh` have come in by another hand, or the blocks never hold still.
 */
async function hold(
  parts: HoldParts,
  first: BlocksState,
  fresh: readonly Modulus[],
  position: string | null,
): Promise<boolean> {
  const { blocks } = parts;
  if (fresh.length === 0)
    return blocks.add({ seen: first, position, members: [], product: null, replaces: [], pairs: [] });
  const thread = gcdThread();
  const stop = (): void => void thread.close();
  parts.signal?.addEventListener('abort', stop);
  try {
    const own = await thread.take(fresh.map((m) => m.n));
    const done = new Set<string>();
    let seen = first;
    for (let tries = 0; tries < triesMax; tries++) {
      if (
        (await holdAgainst(blocks, thread, seen, done)) &&
        (await addTo(parts, thread, { seen, position, fresh, own }))
      )
        return true;
      seen = await blocks.state();
      if ((await blocks.known(fresh.map((m) => m.material))).size > 0) return false;
    }
    return false;
  } finally {
    parts.signal?.removeEventListener('abort', stop);
    await thread.close();
  }
}

/** False when a block was replaced before it was read. */
async function holdAgainst(
  blocks: ModulusBlocks,
  thread: GcdThread,
  seen: BlocksState,
  done: Set<string>,
): Promise<boolean> {
  for (const { id } of seen.blocks) {
    if (done.has(id)) continue;
    const product = await blocks.product(id);
    if (product === null) return false;
    await thread.against(product);
    done.add(id);
  }
  return true;
}

/** False when the blocks changed since they were seen. */
async function addTo(
  parts: HoldParts,
  thread: GcdThread,
  {
    seen,
    position,
    fresh,
    own,
  }: {
    readonly seen: BlocksState;
    readonly position: string | null;
    readonly fresh: readonly Modulus[];
    readonly own: bigint;
  },
): Promise<boolean> {
  const { blocks } = parts;
  const common = new Set((await thread.hits()).map((hit) => hit.n));
  const hits = fresh.filter((m) => common.has(m.n));
  const pairs = hits.length === 0 ? [] : await pairsAmong(parts, thread, seen, hits);
  const replaces = mergedWith(seen.blocks, Math.ceil(own.toString(16).length / 2));
  const factors = await Promise.all(replaces.map(({ id }) => blocks.product(id)));
  if (factors.includes(null)) return false;
  const product = await thread.multiply([own, ...factors.filter((f) => f !== null)]);
  return blocks.add({ seen, position, members: fresh, product, replaces, pairs });
}

/** Who shares with whom: among the hits themselves, and with members of those blocks that have something in common. */
async function pairsAmong(
  { blocks, bytesOf }: HoldParts,
  thread: GcdThread,
  seen: BlocksState,
  hits: readonly Modulus[],
): Promise<[string, string][]> {
  const numbers = hits.map((m) => m.n);
  const within = await thread.sharing(numbers, numbers);
  const pairs = within.flatMap(([i, j]): [string, string][] =>
    i < j ? [[(hits[i] as Modulus).material, (hits[j] as Modulus).material]] : [],
  );
  for (const block of seen.blocks) {
    const product = await blocks.product(block.id);
    const concerned = product === null ? hits : await sharersWith(thread, hits, product);
    if (concerned.length === 0) continue;
    for await (const members of blocks.members(block, memberChunk)) {
      const bytes = await bytesOf(members.map((m) => m.fingerprint));
      const others = [...moduliOf([...bytes].map(([fingerprint, der]) => ({ fingerprint, der }))).values()];
      const product = await thread.multiply(others.map((m) => m.n));
      const near = await sharersWith(thread, concerned, product);
      const found = await thread.sharing(
        near.map((m) => m.n),
        others.map((m) => m.n),
      );
      for (const [i, j] of found) pairs.push([(near[i] as Modulus).material, (others[j] as Modulus).material]);
    }
  }
  return pairs;
}

async function sharersWith(thread: GcdThread, moduli: readonly Modulus[], product: bigint): Promise<Modulus[]> {
  if (moduli.length === 0) return [];
  const found = await thread.sharing(
    moduli.map((m) => m.n),
    [product],
  );
  return found.map(([i]) => moduli[i] as Modulus);
}

/**
 * The youngest blocks that the new one swallows: those that are not much longer than it has become. So blocks double in
 * length, each modulus is multiplied anew a dozen times at most, and a million of them are a score of products.
 */
export function mergedWith(blocks: readonly ModulusBlock[], bytes: number): ModulusBlock[] {
  const swallowed: ModulusBlock[] = [];
  let length = bytes;
  for (const block of blocks.toReversed()) {
    if (block.bytes > 2 * length || block.bytes + length > blockBytesMax) break;
    swallowed.push(block);
    length += block.bytes;
  }
  return swallowed;
}
