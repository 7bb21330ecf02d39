/** All weak-key checks on one public key, in the order of their cost. */
import type { Finding } from '../../../desk/facts.ts';
import { DerError } from '../../../foundation/pki/der.ts';
import { describeKey, type KeyDescription, publicKeyFor, rsaNumbers } from '../../../foundation/pki/spki.ts';
import { bitLength } from './arithmetic.ts';
import { checkKnownPrimes } from './known-primes.ts';
import { checkLists, type KeyList } from './lists.ts';
import {
  checkExponent,
  checkFermat,
  checkPrimeModulus,
  checkRoca,
  checkSize,
  checkSmallFactors,
  checkWiener,
  type RsaFinding,
} from './rsa.ts';

/** Above this a modulus is refused before any arithmetic: cost grows with the cube. */
const MODULUS_BITS_MAX = 16_384;
const EXPONENT_BITS_MAX = 512;

export interface WeakKeyOptions {
  readonly lists?: readonly KeyList[];
  /** Also the checks of a millisecond and more (known primes, primality). For keys in a report; not needed at ingest. */
  readonly thorough?: boolean;
}

export interface WeakKeyResult {
  readonly findings: readonly Finding[];
  /** A prime factor of the modulus, when a check found one. */
  readonly factor: bigint | null;
}

/** Bumped when a check is added or changed, so that a record of what was checked stays true. */
export const weakKeyChecksVersion = '2026-11-23';

/** `spki` may be any SubjectPublicKeyInfo. Never throws for a key it cannot use: that is a `parameter` finding. */
export function checkKey(spki: Uint8Array, options: WeakKeyOptions = {}): WeakKeyResult {
  let description: KeyDescription;
  try {
    description = describeKey(spki);
    if (description.type === 'rsa') return checkRsa(spki, description, options);
  } catch (cause) {
    if (!(cause instanceof DerError)) throw cause;
    return { findings: [{ check: 'encoding', verdict: 'parameter', detail: cause.message }], factor: null };
  }
  return {
    findings: [...checkCurve(spki, description), ...checkLists(spki, description, options.lists ?? [])],
    factor: null,
  };
}

function checkRsa(spki: Uint8Array, description: KeyDescription, options: WeakKeyOptions): WeakKeyResult {
  const numbers = rsaNumbers(spki);
  if (numbers === null) throw new DerError('an RSA key without numbers');
  const n = toBigInt(numbers.modulus);
  const e = toBigInt(numbers.exponent);
  const bits = bitLength(n);
  if (bits > MODULUS_BITS_MAX || bitLength(e) > Math.max(EXPONENT_BITS_MAX, bits)) {
    return {
      findings: [{ check: 'size', verdict: 'parameter', detail: `${bits} bits is more than is looked at` }],
      factor: null,
    };
  }
  const rsa: RsaFinding[] = [checkSize(n), checkExponent(n, e), checkSmallFactors(n), checkFermat(n), checkRoca(n)];
  rsa.push(checkWiener(n, e));
  if (options.thorough === true) rsa.push(checkKnownPrimes(n, bits), checkPrimeModulus(n));
  const factor = rsa.find((one) => one.factor !== null)?.factor ?? null;
  const listed = checkLists(spki, description, options.lists ?? []);
  const own: Finding[] = rsa
    // A list entry of the class (`roca`, `fermat`) outweighs the computation's own `clean`.
    .filter((one) => !(one.verdict === 'clean' && listed.some((hit) => hit.check === one.check)))
    .map(({ check, verdict, detail }) => ({ check, verdict, detail }));
  return { findings: [...own, ...listed], factor };
}

/** TLS BR 6.1.5: P-256, P-384 or P-521. The point must lie on its curve, which OpenSSL checks. */
function checkCurve(spki: Uint8Array, description: KeyDescription): Finding[] {
  const findings: Finding[] = [];
  if (description.type === 'ec') {
    const allowed = ['P-256', 'P-384', 'P-521'].includes(description.curve ?? '');
    findings.push({
      check: 'curve',
      verdict: allowed ? 'clean' : 'parameter',
      detail: allowed
        ? (description.curve ?? '')
        : `${description.curve ?? 'this curve'} is not allowed (TLS BR 6.1.5)`,
    });
    try {
      publicKeyFor(spki);
      findings.push({ check: 'point', verdict: 'clean', detail: 'on the curve' });
    } catch (cause) {
      if (!(cause instanceof DerError)) throw cause;
      findings.push({ check: 'point', verdict: 'parameter', detail: 'the point is not on the curve' });
    }
  } else {
    findings.push({
      check: 'algorithm',
      verdict: 'parameter',
      detail: `${description.type} keys are not allowed in TLS certificates (TLS BR 6.1.5)`,
    });
  }
  return findings;
}

function toBigInt(bytes: Uint8Array): bigint {
  return bytes.length === 0
    ? 0n
    : BigInt(`0x${Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('hex')}`);
}
