/**
 * Weak RSA moduli, from the public key alone. `computable` means that the private key follows from the public one
 * (TLS BR 4.9.1.1 item 4: 24 hours, keyCompromise); `parameter` that the key breaks TLS BR 6.1.5 or 6.1.6 and no more
 * (item 6: five days, superseded). The two must never be mixed up.
 */
import { checkPrimeSync } from 'node:crypto';
import type { Finding } from '../../../desk/facts.ts';
import { bitLength, gcd, inverse, power, primesTo, product, squareRoot } from './arithmetic.ts';

/** TLS BR 6.1.1.3 (5)(iii) asks for 100 rounds; ten more against counting from another round than the rule does. */
export const FERMAT_ROUNDS = 110;
/** Primes tried as factors; badkeys goes as far. */
const SMALL_FACTOR_MAX = 65_537;
/** TLS BR 6.1.6: no factor smaller than 752. */
const SMALL_FACTOR_RULE = 752;
/** An exponent up to this is an ordinary one, and its private exponent cannot be small. */
const ORDINARY_EXPONENT_BITS = 32;

/** One check's answer, with a prime factor when it found one. */
export interface RsaFinding extends Finding {
  readonly factor: bigint | null;
}

function found(check: string, verdict: Finding['verdict'], detail: string, factor: bigint | null = null): RsaFinding {
  return { check, verdict, detail, factor };
}

/** TLS BR 6.1.5: at least 2048 bits and divisible by 8. */
export function checkSize(n: bigint): RsaFinding {
  const bits = bitLength(n);
  if (bits < 2048) return found('size', 'parameter', `${bits} bits; at least 2048 are required (TLS BR 6.1.5)`);
  if (bits % 8 !== 0) return found('size', 'parameter', `${bits} bits is not divisible by 8 (TLS BR 6.1.5)`);
  return found('size', 'clean', `${bits} bits`);
}

/** TLS BR 6.1.6: odd, at least 3 (shall); 2^16+1 to 2^256-1 (should). */
export function checkExponent(n: bigint, e: bigint): RsaFinding {
  if (e < 3n || (e & 1n) === 0n || e >= n) {
    return found(
      'exponent',
      'parameter',
      `exponent of ${bitLength(e)} bits is not an odd number from 3 up (TLS BR 6.1.6)`,
    );
  }
  if (e < 65_537n)
    return found('exponent', 'clean', `exponent ${e} is allowed; 65537 or more is recommended (TLS BR 6.1.6)`);
  return found('exponent', 'clean', bitLength(e) <= 64 ? `exponent ${e}` : `exponent of ${bitLength(e)} bits`);
}

let smallPrimes: readonly number[] | null = null;
let smallProduct = 0n;

/** Products of a few primes each, in plain numbers: a third of the big multiplications. */
function grouped(primes: readonly number[]): bigint[] {
  const groups: bigint[] = [];
  let group = 1;
  for (const prime of primes) {
    if (group * prime > Number.MAX_SAFE_INTEGER) {
      groups.push(BigInt(group));
      group = 1;
    }
    group *= prime;
  }
  return [...groups, BigInt(group)];
}

export function checkSmallFactors(n: bigint): RsaFinding {
  if (smallPrimes === null) {
    smallPrimes = primesTo(SMALL_FACTOR_MAX);
    smallProduct = product(grouped(smallPrimes));
  }
  if (n <= 3n) return found('small-factors', 'parameter', 'the modulus is no modulus');
  if (gcd(n, smallProduct % n) === 1n)
    return found('small-factors', 'clean', `no prime factor up to ${SMALL_FACTOR_MAX}`);
  const factor = BigInt(smallPrimes.find((prime) => n % BigInt(prime) === 0n) ?? 1);
  const rest = n / factor;
  if (factor > 1n && rest > 1n && checkPrimeSync(rest)) {
    return found('small-factors', 'computable', `the modulus is ${factor} times a prime`, factor);
  }
  const rule = factor < SMALL_FACTOR_RULE ? ' (TLS BR 6.1.6: none smaller than 752)' : '';
  return found('small-factors', 'parameter', `the modulus is divisible by ${factor}; probably a damaged key${rule}`);
}

/** Residues that squares can leave, for moduli whose product is small enough for plain numbers. */
const SQUARE_MODULI = [64, 63, 65, 11, 17, 19, 23, 31] as const;
const squareTables = SQUARE_MODULI.map((modulus) => {
  const table = new Uint8Array(modulus);
  for (let i = 0; i < modulus; i++) table[(i * i) % modulus] = 1;
  return table;
});

/**
 * Fermat's factorisation: p and q close together. The remainders of a² − n are followed in plain numbers, and only a
 * value that looks like a square by all of them is looked at whole. TLS BR 6.1.1.3 (5)(iii).
 */
export function checkFermat(n: bigint, rounds = FERMAT_ROUNDS): RsaFinding {
  if ((n & 1n) === 0n) return found('fermat', 'clean', 'even modulus, see small-factors');
  let a = squareRoot(n);
  if (a * a < n) a += 1n;
  const difference = a * a - n;
  const residues = SQUARE_MODULI.map((modulus) => Number(difference % BigInt(modulus)));
  const steps = SQUARE_MODULI.map((modulus) => Number((2n * a + 1n) % BigInt(modulus)));
  for (let round = 0; round < rounds; round++) {
    if (residues.every((residue, i) => squareTables[i]![residue] === 1)) {
      const at = a + BigInt(round);
      const square = at * at - n;
      const b = squareRoot(square);
      if (b * b === square) {
        const p = at - b;
        const q = at + b;
        if (p > 1n && p * q === n)
          return found('fermat', 'computable', `factored in round ${round} of Fermat's method`, p);
      }
    }
    for (let i = 0; i < residues.length; i++) {
      const modulus = SQUARE_MODULI[i] as number;
      residues[i] = ((residues[i] as number) + (steps[i] as number)) % modulus;
      steps[i] = ((steps[i] as number) + 2) % modulus;
    }
  }
  return found('fermat', 'clean', `not factored in ${rounds} rounds`);
}

/* ---- ROCA (CVE-2017-15361) ---- */

const rocaPrimes = primesTo(167);
const rocaModulus = product(rocaPrimes.map(BigInt));
const ROCA_GENERATOR = 65_537n;
const ROCA_ORDER = 2_454_106_387_091_158_800n;
const ROCA_PRIME_POWERS = [16, 81, 25, 7, 11, 13, 17, 23, 29, 37, 41, 53, 83] as const;

/** For each odd prime: which residues are powers of 65537. */
const rocaResidues = rocaPrimes.slice(1).map((prime) => {
  const table = new Uint8Array(prime);
  for (let i = 0, value = 1; i < prime; i++) {
    table[value] = 1;
    value = (value * (65_537 % prime)) % prime;
  }
  return { prime, table };
});

/**
 * Keys of Infineon's library are powers of 65537 modulo the product of the first primes. Residues first (one random
 * key in 2^30 passes), then the discrete logarithm to the base 65537, part by part: no random key passes that
 * (2^-158), and a revocation must not rest on less. After the tools of Masaryk University's CRoCS.
 */
export function checkRoca(n: bigint): RsaFinding {
  const clean = found('roca', 'clean', 'not of the form of CVE-2017-15361');
  // The library made keys of 512 bits and more. Below, a number such as 1 has the form and means nothing.
  if (n >> 500n === 0n) return clean;
  const remainder = n % rocaModulus;
  for (const { prime, table } of rocaResidues) if (table[Number(remainder % BigInt(prime))] !== 1) return clean;
  if (power(remainder, ROCA_ORDER, rocaModulus) !== 1n) return clean;
  for (const primePower of ROCA_PRIME_POWERS) {
    const part = ROCA_ORDER / BigInt(primePower);
    const base = power(ROCA_GENERATOR, part, rocaModulus);
    const wanted = power(remainder, part, rocaModulus);
    let value = 1n;
    let exists = false;
    for (let i = 0; i < primePower && !exists; i++) {
      exists = value === wanted;
      value = (value * base) % rocaModulus;
    }
    if (!exists) return clean;
  }
  return found('roca', 'computable', 'a key of the Infineon library (CVE-2017-15361), confirmed by discrete logarithm');
}

/** Wiener: a private exponent below n^(1/4) shows in the continued fraction of e/n. */
export function checkWiener(n: bigint, e: bigint): RsaFinding {
  if (bitLength(e) <= ORDINARY_EXPONENT_BITS)
    return found('wiener', 'clean', 'an ordinary exponent leaves no small private one');
  let [x, y] = [e % n, n];
  let [k0, k1] = [1n, 0n];
  let [d0, d1] = [0n, 1n];
  for (let step = 0; step < 4096 && y !== 0n; step++) {
    const quotient = x / y;
    [x, y] = [y, x - quotient * y];
    [k0, k1] = [quotient * k0 + k1, k0];
    [d0, d1] = [quotient * d0 + d1, d0];
    if (k0 === 0n || (d0 & 1n) === 0n) continue;
    const numerator = e * d0 - 1n;
    if (numerator % k0 !== 0n) continue;
    const sum = n - numerator / k0 + 1n;
    if (sum <= 0n || sum & 1n) continue;
    const half = sum / 2n;
    const square = half * half - n;
    if (square < 0n) continue;
    const root = squareRoot(square);
    if (root * root !== square) continue;
    const p = half - root;
    if (p > 1n && n % p === 0n) return found('wiener', 'computable', `private exponent of ${bitLength(d0)} bits`, p);
  }
  return found('wiener', 'clean', 'no small private exponent');
}

/** n prime, or a power of a prime: the private key follows at once. 2 ms, so only for keys somebody asks about. */
export function checkPrimeModulus(n: bigint): RsaFinding {
  if (n > 3n && (n & 1n) === 1n && checkPrimeSync(n))
    return found('prime-modulus', 'computable', 'the modulus is itself a prime');
  for (const k of [3, 5, 7, 11]) {
    const root = integerRoot(n, k);
    if (root > 1n && root ** BigInt(k) === n)
      return found('prime-modulus', 'computable', `the modulus is a ${k}th power`, root);
  }
  return found('prime-modulus', 'clean', 'neither prime nor a power');
}

function integerRoot(n: bigint, k: number): bigint {
  if (n < 2n) return n;
  const degree = BigInt(k);
  let root = 1n << BigInt(Math.ceil(bitLength(n) / k));
  for (;;) {
    const next = ((degree - 1n) * root + n / root ** (degree - 1n)) / degree;
    if (next >= root) return root;
    root = next;
  }
}

/** p and q of n from any multiple of the private exponent's order, or null. `tries` bases at most. */
export function factorFromExponents(n: bigint, e: bigint, d: bigint, tries = 12): bigint | null {
  if (e < 3n || d < 2n || n < 15n || (n & 1n) === 0n) return null;
  const k = e * d - 1n;
  if (k & 1n || bitLength(k) > 3 * bitLength(n) + 512) return null;
  let odd = k;
  let twos = 0;
  while ((odd & 1n) === 0n) {
    odd >>= 1n;
    twos += 1;
  }
  for (const base of primesTo(47).slice(0, tries)) {
    let x = power(BigInt(base), odd, n);
    if (x === 1n || x === n - 1n) continue;
    for (let i = 0; i < twos; i++) {
      const next = (x * x) % n;
      if (next === 1n) {
        const p = gcd(x - 1n, n);
        if (p > 1n && p < n) return p;
        break;
      }
      if (next === n - 1n) break;
      x = next;
      // A wrong exponent never reaches 1; the first base tells that.
      if (i === twos - 1) return null;
    }
  }
  return null;
}

export interface RsaNumbers {
  readonly n: bigint;
  readonly e: bigint;
  readonly d: bigint;
  readonly p: bigint;
  readonly q: bigint;
  readonly dp: bigint;
  readonly dq: bigint;
  readonly qi: bigint;
}

/** The private key from one prime factor. Null when the factor is none, or e has no inverse. */
export function rsaFromFactor(n: bigint, e: bigint, factor: bigint): RsaNumbers | null {
  if (factor <= 1n || factor >= n || n % factor !== 0n) return null;
  const other = n / factor;
  const [p, q] = factor > other ? [factor, other] : [other, factor];
  const lambda = ((p - 1n) * (q - 1n)) / gcd(p - 1n, q - 1n);
  const d = inverse(e, lambda);
  const qi = inverse(q, p);
  if (d === null || qi === null) return null;
  return { n, e, d, p, q, dp: d % (p - 1n), dq: d % (q - 1n), qi };
}
