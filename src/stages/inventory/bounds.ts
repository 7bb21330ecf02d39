import assert from 'node:assert/strict';
import { batchMax, keyHashesMax, manyMax, matchesMax } from './inventory.ts';

/** The bounds of the port, asserted by every adapter: crossing one is a bug of the caller, not input. */
export function assertBatch(length: number): void {
  assert(length <= batchMax, `a batch holds at most ${batchMax} certificates`);
}

export function assertHashes(length: number): void {
  assert(length <= keyHashesMax, `one call asks for at most ${keyHashesMax} keys`);
}

export function assertMany(length: number): void {
  assert(length <= manyMax, `one call asks for at most ${manyMax} certificates`);
}

export function pageLimit(wanted: number): number {
  assert(Number.isInteger(wanted) && wanted > 0, 'a page holds at least one match');
  return Math.min(wanted, matchesMax);
}
