/** Number theory on BigInt, as far as the weak-key checks and the proof need it. */

export function gcd(a: bigint, b: bigint): bigint {
  let x = a < 0n ? -a : a;
  let y = b < 0n ? -b : b;
  while (y !== 0n) {
    if (x < LEHMER_FLOOR || y < LEHMER_FLOOR) {
      [x, y] = [y, x % y];
      continue;
    }
    [x, y] = lehmerStep(x, y);
  }
  return x;
}

const LEHMER_FLOOR = 1n << 64n;
/** Leading bits that one step works on in plain numbers. */
const LEADING = 50n;

/** One step of Lehmer's algorithm: many Euclidean steps on the leading bits, then one on the whole numbers. */
function lehmerStep(a: bigint, b: bigint): [bigint, bigint] {
  let x = a;
  let y = b;
  if (x < y) [x, y] = [y, x];
  const bits = BigInt(bitLength(x));
  const shift = bits - LEADING;
  let xh = Number(x >> shift);
  let yh = Number(y >> shift);
  let [p, q, r, s] = [1, 0, 0, 1];
  for (;;) {
    if (yh + r === 0 || yh + s === 0) break;
    const quotient = Math.floor((xh + p) / (yh + r));
    if (quotient !== Math.floor((xh + q) / (yh + s)) || quotient > 0x3fffffff) break;
    const nextR = p - quotient * r;
    const nextS = q - quotient * s;
    if (Math.abs(nextR) > 0x1fffffff || Math.abs(nextS) > 0x1fffffff) break;
    [p, r] = [r, nextR];
    [q, s] = [s, nextS];
    [xh, yh] = [yh, xh - quotient * yh];
  }
  if (q === 0) return [y, x % y];
  const nextX = BigInt(p) * x + BigInt(q) * y;
  const nextY = BigInt(r) * x + BigInt(s) * y;
  return [nextX < 0n ? -nextX : nextX, nextY < 0n ? -nextY : nextY];
}

export function bitLength(value: bigint): number {
  if (value === 0n) return 0;
  const text = value.toString(16);
  return (text.length - 1) * 4 + (32 - Math.clz32(Number.parseInt(text[0] as string, 16)));
}

/** Largest r with r * r <= n: the root of the leading half, then one step of Newton's method. */
export function squareRoot(n: bigint): bigint {
  const bits = bitLength(n);
  if (bits <= 50) return BigInt(Math.floor(Math.sqrt(Number(n))));
  const k = BigInt((bits - 1) >> 2);
  const leading = squareRoot(n >> (2n * k)) << k;
  let root = (leading + n / leading) >> 1n;
  while (root * root > n) root -= 1n;
  while ((root + 1n) * (root + 1n) <= n) root += 1n;
  return root;
}

/** Null when they share a factor. */
export function inverse(a: bigint, modulus: bigint): bigint | null {
  let [oldR, r] = [((a % modulus) + modulus) % modulus, modulus];
  let [oldS, s] = [1n, 0n];
  while (r !== 0n) {
    const quotient = oldR / r;
    [oldR, r] = [r, oldR - quotient * r];
    [oldS, s] = [s, oldS - quotient * s];
  }
  return oldR === 1n ? ((oldS % modulus) + modulus) % modulus : null;
}

export function power(base: bigint, exponent: bigint, modulus: bigint): bigint {
  let result = 1n;
  let square = base % modulus;
  for (let rest = exponent; rest > 0n; rest >>= 1n) {
    if (rest & 1n) result = (result * square) % modulus;
    square = (square * square) % modulus;
  }
  return result;
}

/** All primes up to `limit`. */
export function primesTo(limit: number): number[] {
  const composite = new Uint8Array(limit + 1);
  const primes: number[] = [];
  for (let i = 2; i <= limit; i++) {
    if (composite[i]) continue;
    primes.push(i);
    for (let j = i * i; j <= limit; j += i) composite[j] = 1;
  }
  return primes;
}

export function product(values: readonly bigint[]): bigint {
  if (values.length === 0) return 1n;
  let level = [...values];
  while (level.length > 1) {
    const next: bigint[] = [];
    for (let i = 0; i < level.length; i += 2) next.push((level[i] as bigint) * (level[i + 1] ?? 1n));
    level = next;
  }
  return level[0] as bigint;
}
