import { createRequire } from 'node:module';
import { constants, gunzipSync, inflateRawSync, zstdDecompressSync } from 'node:zlib';
import { type Budget, Unreadable } from './limits.ts';

export interface Expanded {
  readonly bytes: Buffer;
  /** True when there was more than `max` and the rest was left unread. */
  readonly cut: boolean;
}

const PUSH_BYTES = 16 * 1024;

/**
 * Raw deflate, at most `max` bytes out. The native decoder does the ordinary file; when it meets the limit, a second
 * reader that can stop in the middle gives what stands before it (a key is often near the top of a big file).
 */
export function inflateRaw(input: Uint8Array, budget: Budget, max: number): Expanded {
  const room = Math.min(max, budget.bytesLeft);
  if (room === 0) throw new Unreadable('too_large');
  try {
    const bytes = inflateRawSync(input, { maxOutputLength: room, finishFlush: constants.Z_SYNC_FLUSH });
    budget.spend(bytes.length);
    return { bytes, cut: false };
  } catch (cause) {
    if (isTooLarge(cause)) return inflatePrefix(input, budget, room);
    const prefix = inflatePrefix(input, budget, room);
    if (prefix.bytes.length > 0) return { bytes: prefix.bytes, cut: true };
    throw new Unreadable('damaged');
  }
}

function inflatePrefix(input: Uint8Array, budget: Budget, max: number): Expanded {
  const parts: Uint8Array[] = [];
  let length = 0;
  let cut = false;
  // Loaded when a file meets a limit or is damaged, which is rare.
  const { Inflate } = createRequire(import.meta.url)('fflate') as typeof import('fflate');
  const inflate = new Inflate((chunk) => {
    const keep = chunk.subarray(0, Math.max(0, max - length));
    parts.push(keep);
    length += keep.length;
    if (keep.length < chunk.length) cut = true;
  });
  try {
    for (let at = 0; at < input.length && !cut; at += PUSH_BYTES) {
      inflate.push(input.subarray(at, at + PUSH_BYTES), at + PUSH_BYTES >= input.length);
      budget.checkTime();
    }
  } catch (cause) {
    if (cause instanceof Unreadable) throw cause;
    cut = true;
  }
  budget.spend(length);
  return { bytes: Buffer.concat(parts), cut };
}

/** All members of a gzip file. */
export function gunzip(input: Uint8Array, budget: Budget, max: number): Expanded {
  return bounded(input, budget, max, (room) =>
    gunzipSync(input, { maxOutputLength: room, finishFlush: constants.Z_SYNC_FLUSH }),
  );
}

export function unzstd(input: Uint8Array, budget: Budget, max: number): Expanded {
  return bounded(input, budget, max, (room) => zstdDecompressSync(input, { maxOutputLength: room }));
}

/** zlib streams (with header), as in PDF. */
export function inflateZlib(input: Uint8Array, budget: Budget, max: number): Expanded {
  return inflateRaw(input.subarray(2), budget, max);
}

function bounded(_input: Uint8Array, budget: Budget, max: number, decode: (room: number) => Buffer): Expanded {
  const room = Math.min(max, budget.bytesLeft);
  if (room === 0) throw new Unreadable('too_large');
  try {
    const bytes = decode(room);
    budget.spend(bytes.length);
    return { bytes, cut: false };
  } catch (cause) {
    if (cause instanceof Unreadable) throw cause;
    throw new Unreadable(isTooLarge(cause) ? 'too_large' : 'damaged');
  }
}

function isTooLarge(cause: unknown): boolean {
  return cause instanceof Error && (cause as NodeJS.ErrnoException).code === 'ERR_BUFFER_TOO_LARGE';
}
