/**
 * The one proof rule: a key counts when a fresh statement signed with it verifies under the public key *of the
 * certificate*. The public part that the submitted file states is never compared with anything: OpenSSL loads a key
 * whose public part is somebody else's without a word, its SPKI hash equals the victim's, and on such a key a CA once
 * revoked an innocent certificate.
 */
import { createECDH, createPrivateKey, createPublicKey, type KeyObject } from 'node:crypto';
import type { ProofRecord } from '../../../desk/facts.ts';
import { DerError, der } from '../../../foundation/pki/der.ts';
import { describeKey, rsaNumbers } from '../../../foundation/pki/spki.ts';
import type { EcPrivate, EdwardsPrivate, PrivateMaterial, RsaPrivate } from '../extract/found.ts';
import { EXPONENT_BITS_MAX, MODULUS_BITS_MAX } from '../extract/limits.ts';
import { bitLength, toBigInt } from '../extract/numbers.ts';
import { curveBytes, curveOids, edwardsOids } from '../extract/private-key.ts';
import { rsaSpki } from '../extract/textual.ts';
import { gcd } from '../weak/arithmetic.ts';
import { factorFromExponents, type RsaNumbers, rsaFromFactor } from '../weak/rsa.ts';
import { makeRecord, makeRecordAside, type ProofFacts } from './record.ts';

const curveNames = {
  'P-256': 'prime256v1',
  'P-384': 'secp384r1',
  'P-521': 'secp521r1',
  secp256k1: 'secp256k1',
} as const;

export interface PublicParts {
  /** What the file says its public key is. */
  readonly claimed: Buffer | null;
  /** What the private part gives; null where that is not cheap to say. */
  readonly derived: Buffer | null;
}

/** Public keys worth looking up for a submitted private key. Never throws. */
export function publicParts(key: PrivateMaterial): PublicParts {
  switch (key.kind) {
    case 'rsa':
      return rsaParts(key);
    case 'ec':
      return { claimed: key.point === null ? null : ecSpki(key, key.point), derived: ecDerived(key) };
    case 'other': {
      // A copy, because what OpenSSL was handed is wiped.
      const spki = publicOf(openSslKey(Buffer.from(key.pkcs8), 'pkcs8'));
      return { claimed: spki, derived: null };
    }
    default:
      return {
        claimed: key.point === null ? null : edwardsSpki(key, key.point),
        derived: publicOf(openSslKey(edwardsPkcs8(key), 'pkcs8')),
      };
  }
}

function rsaParts(key: RsaPrivate): PublicParts {
  const e = key.e ?? 65537n;
  const small = (n: bigint) =>
    n > 3n && bitLength(n) <= MODULUS_BITS_MAX && bitLength(e) <= EXPONENT_BITS_MAX && e > 0n;
  const claimed = key.n !== null && small(key.n) ? rsaSpki(key.n, e) : null;
  const [p, q] = key.primes;
  const whole = p !== undefined && q !== undefined && key.primes.length === 2 && p > 1n && q > 1n ? p * q : null;
  const derived = whole !== null && small(whole) ? (whole === key.n ? claimed : rsaSpki(whole, e)) : null;
  return { claimed, derived };
}

function ecSpki(key: EcPrivate, point: Uint8Array): Buffer {
  return Buffer.from(
    der.sequence(der.sequence(der.oid('1.2.840.10045.2.1'), der.oid(curveOids[key.curve])), der.bits(point)),
  );
}

function ecDerived(key: EcPrivate): Buffer | null {
  const point = ecPoint(key);
  return point === null ? null : ecSpki(key, point);
}

function ecPoint(key: EcPrivate): Buffer | null {
  try {
    const ecdh = createECDH(curveNames[key.curve]);
    ecdh.setPrivateKey(paddedScalar(key));
    return ecdh.getPublicKey();
  } catch {
    return null;
  }
}

function paddedScalar(key: EcPrivate): Buffer {
  const length = curveBytes[key.curve];
  const bare = key.scalar.subarray(Math.max(0, key.scalar.length - length));
  return Buffer.concat([Buffer.alloc(length - bare.length), bare]);
}

function edwardsSpki(key: EdwardsPrivate, point: Uint8Array): Buffer {
  return Buffer.from(der.sequence(der.sequence(der.oid(edwardsOids[key.kind])), der.bits(point)));
}

function edwardsPkcs8(key: EdwardsPrivate): Buffer {
  return Buffer.from(
    der.sequence(der.integer(0), der.sequence(der.oid(edwardsOids[key.kind])), der.octets(der.octets(key.seed))),
  );
}

function openSslKey(bytes: Buffer, type: 'pkcs8' | 'pkcs1' | 'sec1'): KeyObject | null {
  try {
    return createPrivateKey({ key: bytes, format: 'der', type });
  } catch {
    return null;
  } finally {
    bytes.fill(0);
  }
}

function publicOf(key: KeyObject | null): Buffer | null {
  return key === null ? null : createPublicKey(key).export({ format: 'der', type: 'spki' });
}

/**
 * Proves possession of the private key of `spki` with the submitted material, repairing damaged RSA keys within
 * bounds. Null when it cannot: forged, foreign, or too damaged.
 */
export function provePossession(key: PrivateMaterial, spki: Uint8Array, facts: ProofFacts): ProofRecord | null {
  for (const candidate of candidates(key, spki)) {
    const record = makeRecord(candidate, spki, facts);
    if (record !== null) return record;
  }
  return null;
}

/** The same with the first signature, which for a whole key is the only one, on another thread. */
export async function provePossessionAside(
  key: PrivateMaterial,
  spki: Uint8Array,
  facts: ProofFacts,
): Promise<ProofRecord | null> {
  const rest = candidates(key, spki);
  const first = rest.next();
  const record = first.done === true ? null : await makeRecordAside(first.value, spki, facts);
  if (record !== null) return record;
  for (const candidate of rest) {
    const repaired = makeRecord(candidate, spki, facts);
    if (repaired !== null) return repaired;
  }
  return null;
}

function* candidates(key: PrivateMaterial, spki: Uint8Array): Generator<KeyObject> {
  if (key.kind === 'rsa') {
    yield* rsaCandidates(key, spki);
    return;
  }
  const made =
    key.kind === 'ec'
      ? ecKeyObject(key)
      : openSslKey(key.kind === 'other' ? Buffer.from(key.pkcs8) : edwardsPkcs8(key), 'pkcs8');
  if (made !== null && sameKind(key, spki)) yield made;
}

function sameKind(key: PrivateMaterial, spki: Uint8Array): boolean {
  try {
    const { type, curve } = describeKey(spki);
    return key.kind === 'other' || (key.kind === 'ec' ? type === 'ec' && curve === key.curve : type === key.kind);
  } catch (cause) {
    if (cause instanceof DerError) return false;
    throw cause;
  }
}

/** Always with the point that belongs to the scalar, whatever the file states. */
function ecKeyObject(key: EcPrivate): KeyObject | null {
  const point = ecPoint(key);
  if (point === null) return null;
  const sec1 = der.sequence(
    der.integer(1),
    der.octets(paddedScalar(key)),
    der.explicit(0, der.oid(curveOids[key.curve])),
    der.explicit(1, der.bits(point)),
  );
  return openSslKey(Buffer.from(sec1), 'sec1');
}

function* rsaCandidates(key: RsaPrivate, spki: Uint8Array): Generator<KeyObject> {
  const numbers = rsaNumbers(spki);
  if (numbers === null) return;
  const n = toBigInt(numbers.modulus);
  const e = toBigInt(numbers.exponent);
  if (bitLength(n) > MODULUS_BITS_MAX || bitLength(e) > EXPONENT_BITS_MAX || e < 3n) return;
  // As stated first: that is one signature for the ordinary key. A wrong number shows when the signature fails.
  const [p, q] = key.primes;
  if (key.n === n && key.e === e && key.d !== null && key.crt !== null && p !== undefined && q !== undefined) {
    const [dp, dq, qi] = key.crt;
    const stated = rsaKeyObject({ n, e, d: key.d, p, q, dp, dq, qi });
    if (stated !== null) yield stated;
  }
  const repaired = factorOf(key, n, e);
  const whole = repaired === null ? null : rsaFromFactor(n, e, repaired);
  const made = whole === null ? null : rsaKeyObject(whole);
  if (made !== null) yield made;
}

/** A factor of *this* modulus from whatever the file holds. With one, p times q equals n: the key is ours to compute. */
function factorOf(key: RsaPrivate, n: bigint, e: bigint): bigint | null {
  for (const prime of key.primes) {
    if (prime < 2n || bitLength(prime) > MODULUS_BITS_MAX) continue;
    const common = gcd(prime, n);
    if (common > 1n && common < n) return common;
  }
  if (key.d === null || bitLength(key.d) > 2 * bitLength(n)) return null;
  // Trying an exponent costs a modular power; a stated p·q = n that failed above is not worth it.
  return (
    factorFromExponents(n, e, key.d) ?? (key.e !== null && key.e !== e ? factorFromExponents(n, key.e, key.d) : null)
  );
}

export function rsaKeyObject(numbers: RsaNumbers): KeyObject | null {
  const { n, e, d, p, q, dp, dq, qi } = numbers;
  if ([n, e, d, p, q, dp, dq, qi].some((value) => value <= 0n || bitLength(value) > MODULUS_BITS_MAX)) return null;
  const pkcs1 = der.sequence(der.integer(0), ...[n, e, d, p, q, dp, dq, qi].map((value) => der.integer(value)));
  return openSslKey(Buffer.from(pkcs1), 'pkcs1');
}
