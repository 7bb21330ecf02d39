/**
 * bcrypt_pbkdf, the key derivation of encrypted OpenSSH keys. OpenSSL keeps Blowfish in a module that is not loaded.
 * Blowfish's tables are the first digits of pi, so they are computed here instead of being copied.
 */
import { createHash } from 'node:crypto';

const WORDS = 18 + 4 * 256;
const ROUNDS_OF_STATE = 64;

/** OpenSSH's `bcrypt_pbkdf`: `length` bytes from pass phrase and salt. About 10 ms per round and 32 bytes. */
export function bcryptPbkdf(passphrase: Buffer, salt: Buffer, rounds: number, length: number): Buffer {
  const key = Buffer.alloc(length);
  const stride = Math.ceil(length / 32);
  let amount = Math.ceil(length / stride);
  const secret = createHash('sha512').update(passphrase).digest();
  for (let count = 1, left = length; left > 0; count++) {
    const counter = Buffer.alloc(4);
    counter.writeUInt32BE(count);
    let piece = bcryptHash(secret, createHash('sha512').update(salt).update(counter).digest());
    const out = Buffer.from(piece);
    for (let round = 1; round < rounds; round++) {
      piece = bcryptHash(secret, createHash('sha512').update(piece).digest());
      for (let i = 0; i < 32; i++) out[i] = (out[i] as number) ^ (piece[i] as number);
    }
    amount = Math.min(amount, left);
    let used = 0;
    for (; used < amount; used++) {
      const to = used * stride + count - 1;
      if (to >= length) break;
      key[to] = out[used] as number;
    }
    left -= Math.max(1, used);
  }
  return key;
}

let initial: Uint32Array | null = null;

function bcryptHash(secret: Buffer, salt: Buffer): Buffer {
  initial ??= digitsOfPi();
  const state = Uint32Array.from(initial);
  expand(state, secret, salt);
  for (let i = 0; i < ROUNDS_OF_STATE; i++) {
    expand(state, salt, null);
    expand(state, secret, null);
  }
  const text = Buffer.from('OxychromaticBlowfishSwatDynamite', 'latin1');
  const words = Uint32Array.from({ length: 8 }, (_, i) => text.readUInt32BE(i * 4));
  for (let i = 0; i < 64; i++) for (let at = 0; at < 8; at += 2) encipher(state, words, at);
  const out = Buffer.alloc(32);
  for (const [i, word] of words.entries()) out.writeUInt32LE(word, i * 4);
  return out;
}

function expand(state: Uint32Array, key: Buffer, data: Buffer | null): void {
  for (let i = 0; i < 18; i++) state[i] = (state[i] as number) ^ key.readUInt32BE((i * 4) % key.length);
  const pair = new Uint32Array(2);
  let at = 0;
  for (let i = 0; i < WORDS; i += 2) {
    if (data !== null) {
      pair[0] = (pair[0] as number) ^ data.readUInt32BE(at % data.length);
      pair[1] = (pair[1] as number) ^ data.readUInt32BE((at + 4) % data.length);
      at += 8;
    }
    encipher(state, pair, 0);
    state[i] = pair[0] as number;
    state[i + 1] = pair[1] as number;
  }
}

function encipher(state: Uint32Array, words: Uint32Array, at: number): void {
  let left = (words[at] as number) ^ (state[0] as number);
  let right = words[at + 1] as number;
  for (let i = 1; i <= 16; i++) {
    const f =
      ((((state[18 + (left >>> 24)] as number) + (state[274 + ((left >>> 16) & 0xff)] as number)) ^
        (state[530 + ((left >>> 8) & 0xff)] as number)) +
        (state[786 + (left & 0xff)] as number)) |
      0;
    const next = right ^ f ^ (state[i] as number);
    right = left;
    left = next;
  }
  words[at] = right ^ (state[17] as number);
  words[at + 1] = left;
}

/** The fractional bits of pi, by Machin's formula in fixed point. */
function digitsOfPi(): Uint32Array {
  const guard = 64n;
  const one = 1n << (BigInt(WORDS * 32) + guard);
  const arctangent = (x: bigint): bigint => {
    let power = one / x;
    let sum = power;
    const square = x * x;
    for (let n = 3n, sign = -1n; power > 0n; n += 2n, sign = -sign) {
      power /= square;
      sum += (sign * power) / n;
    }
    return sum;
  };
  const pi = 4n * (4n * arctangent(5n) - arctangent(239n));
  const digits = ((pi - 3n * one) >> guard).toString(16).padStart(WORDS * 8, '0');
  return Uint32Array.from({ length: WORDS }, (_, i) => Number.parseInt(digits.slice(i * 8, i * 8 + 8), 16));
}
