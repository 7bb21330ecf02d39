/** Unguessable names in base64url, cut from blocks of the system's random bytes: asking for each costs more than it. */
import { randomFillSync } from 'node:crypto';

const block = Buffer.allocUnsafe(8192);
let used = block.length;

export function randomToken(bytes: number): string {
  if (used + bytes > block.length) {
    randomFillSync(block);
    used = 0;
  }
  const token = block.toString('base64url', used, used + bytes);
  // What was handed out does not stay in memory.
  block.fill(0, used, used + bytes);
  used += bytes;
  return token;
}
