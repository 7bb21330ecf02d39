/**
 * The Merkle tree of RFC 6962 section 2.1 (the same as RFC 9162): leaves and nodes are hashed with different prefixes,
 * so a node can never be passed off as a leaf. Whoever kept one root can later be shown, with a handful of hashes,
 * that a leaf is in the log and that the log only ever grew.
 */
import assert from 'node:assert';
import { hash } from 'node:crypto';

export type Hash = Buffer;

const leafPrefix = Buffer.of(0);
const nodePrefix = Buffer.of(1);
export const hashBytes = 32;

export function leafHash(bytes: Uint8Array): Hash {
  return hash('sha256', Buffer.concat([leafPrefix, bytes]), 'buffer');
}

export function nodeHash(left: Uint8Array, right: Uint8Array): Hash {
  return hash('sha256', Buffer.concat([nodePrefix, left, right]), 'buffer');
}

/** RFC 6962: the hash of the empty tree is the hash of the empty string. */
export const emptyRoot: Hash = hash('sha256', Buffer.alloc(0), 'buffer');

/**
 * All that a growing tree has to remember: the roots of its perfect subtrees, largest first (one per bit of `size`).
 * Appending costs two hashes on average, whatever the size.
 */
export interface Frontier {
  readonly size: number;
  readonly peaks: readonly Hash[];
}

export const emptyFrontier: Frontier = { size: 0, peaks: [] };

/** The frontier after one more leaf. */
export function grow(frontier: Frontier, leaf: Hash): Frontier {
  const peaks = [...frontier.peaks];
  let node = leaf;
  // Every trailing one-bit of the size is a perfect subtree that the new leaf completes.
  for (let rest = frontier.size; rest % 2 === 1; rest = Math.floor(rest / 2)) {
    const left = peaks.pop();
    assert(left, 'one peak per bit of the size');
    node = nodeHash(left, node);
  }
  peaks.push(node);
  return { size: frontier.size + 1, peaks };
}

export function rootOf(frontier: Frontier): Hash {
  const last = frontier.peaks.at(-1);
  if (last === undefined) return emptyRoot;
  return frontier.peaks.slice(0, -1).reduceRight((right, left) => nodeHash(left, right), last);
}

/** Root of the tree over `leaves` (leaf hashes). */
export function treeRoot(leaves: readonly Hash[]): Hash {
  return rootOf(leaves.reduce(grow, emptyFrontier));
}

/** Audit path of leaf `index` in the tree of all `leaves` (RFC 6962 section 2.1.1), nearest sibling first. */
export function inclusionProof(leaves: readonly Hash[], index: number): Hash[] {
  assert(index >= 0 && index < leaves.length, 'the leaf is in the tree');
  if (leaves.length === 1) return [];
  const split = largestPowerBelow(leaves.length);
  const [left, right] = [leaves.slice(0, split), leaves.slice(split)];
  return index < split
    ? [...inclusionProof(left, index), treeRoot(right)]
    : [...inclusionProof(right, index - split), treeRoot(left)];
}

/** RFC 9162 section 2.1.3.2. */
export function verifyInclusion(leaf: Hash, index: number, size: number, proof: readonly Hash[], root: Hash): boolean {
  if (index < 0 || index >= size) return false;
  let [at, last] = [index, size - 1];
  let node = leaf;
  for (const sibling of proof) {
    if (last === 0) return false;
    if (at % 2 === 1 || at === last) {
      node = nodeHash(sibling, node);
      while (at % 2 === 0 && at !== 0) [at, last] = [at / 2, Math.floor(last / 2)];
    } else {
      node = nodeHash(node, sibling);
    }
    [at, last] = [Math.floor(at / 2), Math.floor(last / 2)];
  }
  return last === 0 && node.equals(root);
}

/** Proof that the tree of the first `older` leaves is a prefix of the whole (RFC 6962 section 2.1.2). */
export function consistencyProof(leaves: readonly Hash[], older: number): Hash[] {
  assert(older > 0 && older <= leaves.length, 'an older, non-empty size');
  return subproof(leaves, older, true);
}

function subproof(leaves: readonly Hash[], older: number, whole: boolean): Hash[] {
  if (older === leaves.length) return whole ? [] : [treeRoot(leaves)];
  const split = largestPowerBelow(leaves.length);
  const [left, right] = [leaves.slice(0, split), leaves.slice(split)];
  return older <= split
    ? [...subproof(left, older, whole), treeRoot(right)]
    : [...subproof(right, older - split, false), treeRoot(left)];
}

export interface TreeHead {
  readonly size: number;
  readonly root: Hash;
}

/** RFC 9162 section 2.1.4.2. */
export function verifyConsistency(older: TreeHead, newer: TreeHead, proof: readonly Hash[]): boolean {
  if (older.size < 1 || older.size > newer.size) return false;
  if (older.size === newer.size) return proof.length === 0 && older.root.equals(newer.root);
  const path = isPowerOfTwo(older.size) ? [older.root, ...proof] : [...proof];
  const [first, ...rest] = path;
  if (first === undefined) return false;
  let [at, last] = [older.size - 1, newer.size - 1];
  while (at % 2 === 1) [at, last] = [Math.floor(at / 2), Math.floor(last / 2)];
  let [oldNode, newNode] = [first, first];
  for (const sibling of rest) {
    if (last === 0) return false;
    if (at % 2 === 1 || at === last) {
      oldNode = nodeHash(sibling, oldNode);
      newNode = nodeHash(sibling, newNode);
      while (at % 2 === 0 && at !== 0) [at, last] = [at / 2, Math.floor(last / 2)];
    } else {
      newNode = nodeHash(newNode, sibling);
    }
    [at, last] = [Math.floor(at / 2), Math.floor(last / 2)];
  }
  return last === 0 && oldNode.equals(older.root) && newNode.equals(newer.root);
}

function isPowerOfTwo(n: number): boolean {
  return 2 ** Math.round(Math.log2(n)) === n;
}

function largestPowerBelow(n: number): number {
  let power = 1;
  while (power * 2 < n) power *= 2;
  return power;
}
