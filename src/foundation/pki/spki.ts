/**
 * One key, many spellings. The same public key may stand in certificates with a compressed point, explicit curve
 * parameters, without the RSA NULL or under id-RSASSA-PSS, and each spelling hashes differently; a lookup by the
 * plain hash then answers "no match" for a key that is in use. Hence three hashes: exact, canonical, material.
 */
import { createPublicKey, ECDH, hash, type KeyObject } from 'node:crypto';
import type { SpkiHash } from '../brand.ts';
import { DerError, DerReader, der, equalBytes, hex, tag } from './der.ts';
import { oid } from './oids.ts';

export interface KeyHashes {
  /** SHA-256 of the SubjectPublicKeyInfo exactly as it stands. */
  readonly exact: string;
  /** SHA-256 of the canonical SubjectPublicKeyInfo: EC as named curve and uncompressed point, RSA as rsaEncryption + NULL. */
  readonly canonical: SpkiHash;
  /**
   * SHA-256 of the bare key: RSA modulus or EC x without leading zeros, or the raw EdDSA key. A hit with another
   * canonical hash (same modulus, other exponent) is a lead that must be proven under that certificate's own key.
   */
  readonly material: string;
}

export type KeyType = 'rsa' | 'ec' | 'ed25519' | 'ed448' | 'x25519' | 'x448' | 'dsa' | 'unknown';

export interface KeyDescription {
  readonly type: KeyType;
  readonly bits: number | null;
  /** `P-256`, `P-384`, `P-521`, `secp256k1`; the OID or `explicit` for others; null when not EC. */
  readonly curve: string | null;
}

/** Throws DerError when `spki` is not a SubjectPublicKeyInfo. */
export function keyHashes(spki: Uint8Array): KeyHashes {
  const key = readKey(spki);
  const canonical = canonicalOf(key, spki);
  const exact = hash('sha256', spki, 'hex');
  return {
    exact,
    canonical: (canonical === spki ? exact : hash('sha256', canonical, 'hex')) as SpkiHash,
    material: hash('sha256', materialOf(key), 'hex'),
  };
}

/** The canonical SubjectPublicKeyInfo; the same array when it already is. */
export function canonicalSpki(spki: Uint8Array): Uint8Array {
  return canonicalOf(readKey(spki), spki);
}

/** SHA-1 of the public key bits: RFC 5280 section 4.2.1.2 method 1, and OCSP's issuerKeyHash. */
export function keyIdentifier(spki: Uint8Array): Uint8Array {
  const body = new DerReader(spki).enter(tag.sequence, 'SubjectPublicKeyInfo');
  body.expect(tag.sequence, 'AlgorithmIdentifier');
  return hash('sha1', body.bits('subjectPublicKey'), 'buffer');
}

export function describeKey(spki: Uint8Array): KeyDescription {
  const key = readKey(spki);
  switch (key.kind) {
    case 'rsa':
      return { type: 'rsa', bits: bitLength(key.modulus), curve: null };
    case 'ec':
      return { type: 'ec', bits: key.curve?.bits ?? null, curve: key.curve?.name ?? key.curveText };
    case 'raw':
      return { type: key.type, bits: key.bits, curve: null };
    case 'other':
      return { type: key.type, bits: null, curve: null };
  }
}

/**
 * A key that verifies signatures, also for spellings the runtime refuses or would restrict (explicit parameters,
 * id-RSASSA-PSS). Throws DerError when the key cannot be used, for example a point that is not on its curve.
 */
export function publicKeyFor(spki: Uint8Array): KeyObject {
  try {
    return createPublicKey({ key: Buffer.from(canonicalSpki(spki)), format: 'der', type: 'spki' });
  } catch (cause) {
    if (cause instanceof DerError) throw cause;
    throw new DerError('the public key cannot be used for verification');
  }
}

/** RSA modulus and exponent as unsigned big-endian bytes without leading zeros; null for other keys. */
export function rsaNumbers(spki: Uint8Array): { modulus: Uint8Array; exponent: Uint8Array } | null {
  const key = readKey(spki);
  return key.kind === 'rsa' ? { modulus: key.modulus, exponent: key.exponent } : null;
}

/* ---- reading ---- */

interface Curve {
  readonly name: string;
  readonly oid: string;
  readonly node: string;
  readonly bits: number;
  readonly bytes: number;
  readonly prime: string;
  readonly a: string;
  readonly b: string;
  readonly gx: string;
  readonly order: string;
}

type Key =
  | { kind: 'rsa'; modulus: Uint8Array; exponent: Uint8Array; plain: boolean }
  | { kind: 'ec'; curve: Curve | null; curveText: string; point: Uint8Array; plain: boolean }
  | {
      kind: 'raw';
      type: 'ed25519' | 'ed448' | 'x25519' | 'x448';
      bits: number;
      oid: string;
      raw: Uint8Array;
      plain: boolean;
    }
  | { kind: 'other'; type: 'dsa' | 'unknown'; raw: Uint8Array };

const rsaPlainAlgorithm = der.sequence(der.oid(oid.rsaEncryption), der.null());
const p256PlainAlgorithm = der.sequence(der.oid(oid.ecPublicKey), der.oid(oid.p256));

function readKey(spki: Uint8Array): Key {
  const outer = new DerReader(spki);
  const body = outer.enter(tag.sequence, 'SubjectPublicKeyInfo');
  outer.done('SubjectPublicKeyInfo');
  const algorithm = body.expect(tag.sequence, 'AlgorithmIdentifier');
  const raw = body.bits('subjectPublicKey');
  body.done('SubjectPublicKeyInfo');
  const whole = body.whole(algorithm);
  // The two spellings that nearly every certificate has, without looking further.
  if (equalBytes(whole, p256PlainAlgorithm)) return ec(curves[0]!, raw, true);
  if (equalBytes(whole, rsaPlainAlgorithm)) return rsa(raw, true);

  const inside = body.inside(algorithm);
  const name = inside.oid('algorithm');
  switch (name) {
    case oid.rsaEncryption:
    case oid.rsassaPss:
    case oid.rsaesOaep:
      return rsa(raw, false);
    case oid.ecPublicKey: {
      if (inside.peek() === tag.oid) {
        const curveOid = inside.oid('namedCurve');
        const curve = curves.find((c) => c.oid === curveOid) ?? null;
        return curve === null
          ? { kind: 'ec', curve, curveText: curveOid, point: raw, plain: false }
          : ec(curve, raw, !inside.more);
      }
      const curve = inside.peek() === tag.sequence ? explicitCurve(inside.enter(tag.sequence, 'ECParameters')) : null;
      return curve === null
        ? { kind: 'ec', curve, curveText: 'explicit', point: raw, plain: false }
        : ec(curve, raw, false);
    }
    case oid.ed25519:
    case oid.ed448:
    case oid.x25519:
    case oid.x448: {
      const shape = rawKeys[name];
      if (raw.length !== shape.bytes) throw new DerError(`${shape.type} key of ${raw.length} bytes`);
      return { kind: 'raw', type: shape.type, bits: shape.bits, oid: name, raw, plain: !inside.more };
    }
    case oid.dsa:
      return { kind: 'other', type: 'dsa', raw };
    default:
      return { kind: 'other', type: 'unknown', raw };
  }
}

const rawKeys = {
  [oid.ed25519]: { type: 'ed25519', bits: 256, bytes: 32 },
  [oid.ed448]: { type: 'ed448', bits: 456, bytes: 57 },
  [oid.x25519]: { type: 'x25519', bits: 253, bytes: 32 },
  [oid.x448]: { type: 'x448', bits: 448, bytes: 56 },
} as const;

function rsa(bits: Uint8Array, plainAlgorithm: boolean): Key {
  const outer = new DerReader(bits);
  const body = outer.enter(tag.sequence, 'RSAPublicKey');
  const n = body.content(body.expect(tag.integer, 'modulus'));
  const e = body.content(body.expect(tag.integer, 'publicExponent'));
  body.done('RSAPublicKey');
  outer.done('RSAPublicKey');
  return {
    kind: 'rsa',
    modulus: unsigned(n),
    exponent: unsigned(e),
    plain: plainAlgorithm && isMinimal(n) && isMinimal(e),
  };
}

function ec(curve: Curve, raw: Uint8Array, plainAlgorithm: boolean): Key {
  const uncompressed = raw.length === 1 + 2 * curve.bytes && raw[0] === 4;
  const hybrid = raw.length === 1 + 2 * curve.bytes && (raw[0] === 6 || raw[0] === 7);
  const compressed = raw.length === 1 + curve.bytes && (raw[0] === 2 || raw[0] === 3);
  if (!uncompressed && !hybrid && !compressed) throw new DerError(`not a point of ${curve.name}`);
  return { kind: 'ec', curve, curveText: curve.name, point: raw, plain: plainAlgorithm && uncompressed };
}

function unsigned(content: Uint8Array): Uint8Array {
  let from = 0;
  while (from < content.length && content[from] === 0) from++;
  return content.subarray(from);
}

/** A negative modulus (missing sign byte) is a known encoder bug: read as unsigned, it is the key that was meant. */
function isMinimal(content: Uint8Array): boolean {
  if (content.length === 0 || content[0]! & 0x80) return false;
  return content.length === 1 || content[0] !== 0 || (content[1]! & 0x80) !== 0;
}

/* ---- canonical form and material ---- */

function canonicalOf(key: Key, spki: Uint8Array): Uint8Array {
  switch (key.kind) {
    case 'rsa':
      if (key.plain) return spki;
      return der.sequence(
        rsaPlainAlgorithm,
        der.bits(der.sequence(der.integer(key.modulus), der.integer(key.exponent))),
      );
    case 'ec':
      if (key.plain || key.curve === null) return spki;
      return der.sequence(
        der.sequence(der.oid(oid.ecPublicKey), der.oid(key.curve.oid)),
        der.bits(uncompressedPoint(key.curve, key.point)),
      );
    case 'raw':
      return key.plain ? spki : der.sequence(der.sequence(der.oid(key.oid)), der.bits(key.raw));
    case 'other':
      return spki;
  }
}

function uncompressedPoint(curve: Curve, point: Uint8Array): Uint8Array {
  if (point[0] === 4) return point;
  try {
    return ECDH.convertKey(point, curve.node, undefined, undefined, 'uncompressed') as Buffer;
  } catch {
    throw new DerError(`not a point of ${curve.name}`);
  }
}

function materialOf(key: Key): Uint8Array {
  switch (key.kind) {
    case 'rsa':
      return key.modulus;
    case 'ec':
      return key.curve === null ? key.point : unsigned(key.point.subarray(1, 1 + key.curve.bytes));
    case 'raw':
    case 'other':
      return key.raw;
  }
}

function bitLength(unsignedBytes: Uint8Array): number {
  return unsignedBytes.length === 0 ? 0 : unsignedBytes.length * 8 - Math.clz32(unsignedBytes[0]!) + 24;
}

/** X9.62 ECParameters that spell out a curve we know; null for any other curve. */
function explicitCurve(parameters: DerReader): Curve | null {
  parameters.expect(tag.integer, 'version');
  const field = parameters.enter(tag.sequence, 'FieldID');
  if (field.oid('fieldType') !== oid.primeField) return null;
  const prime = hex(unsigned(field.content(field.expect(tag.integer, 'prime'))));
  const coefficients = parameters.enter(tag.sequence, 'Curve');
  const a = coefficients.content(coefficients.expect(tag.octetString, 'a'));
  const b = coefficients.content(coefficients.expect(tag.octetString, 'b'));
  const generator = parameters.content(parameters.expect(tag.octetString, 'base'));
  const order = hex(unsigned(parameters.content(parameters.expect(tag.integer, 'order'))));
  const found = curves.find(
    (curve) =>
      curve.prime === prime &&
      sameNumber(curve.a, a) &&
      sameNumber(curve.b, b) &&
      curve.order === order &&
      sameNumber(curve.gx, generator.subarray(1, 1 + curve.bytes)),
  );
  return found ?? null;
}

function sameNumber(expected: string, bytes: Uint8Array): boolean {
  return expected.replace(/^(00)+/, '') === hex(unsigned(bytes));
}

/** SEC 2 version 2.0 sections 2.4.1, 2.4.2, 2.5.1, 2.6.1. */
const curves: readonly Curve[] = [
  {
    name: 'P-256',
    oid: oid.p256,
    node: 'prime256v1',
    bits: 256,
    bytes: 32,
    prime: 'ffffffff00000001000000000000000000000000ffffffffffffffffffffffff',
    a: 'ffffffff00000001000000000000000000000000fffffffffffffffffffffffc',
    b: '5ac635d8aa3a93e7b3ebbd55769886bc651d06b0cc53b0f63bce3c3e27d2604b',
    gx: '6b17d1f2e12c4247f8bce6e563a440f277037d812deb33a0f4a13945d898c296',
    order: 'ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551',
  },
  {
    name: 'P-384',
    oid: oid.p384,
    node: 'secp384r1',
    bits: 384,
    bytes: 48,
    prime: 'fffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffeffffffff0000000000000000ffffffff',
    a: 'fffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffeffffffff0000000000000000fffffffc',
    b: 'b3312fa7e23ee7e4988e056be3f82d19181d9c6efe8141120314088f5013875ac656398d8a2ed19d2a85c8edd3ec2aef',
    gx: 'aa87ca22be8b05378eb1c71ef320ad746e1d3b628ba79b9859f741e082542a385502f25dbf55296c3a545e3872760ab7',
    order: 'ffffffffffffffffffffffffffffffffffffffffffffffffc7634d81f4372ddf581a0db248b0a77aecec196accc52973',
  },
  {
    name: 'P-521',
    oid: oid.p521,
    node: 'secp521r1',
    bits: 521,
    bytes: 66,
    prime: `01${'ff'.repeat(65)}`,
    a: `01${'ff'.repeat(64)}fc`,
    b: '0051953eb9618e1c9a1f929a21a0b68540eea2da725b99b315f3b8b489918ef109e156193951ec7e937b1652c0bd3bb1bf073573df883d2c34f1ef451fd46b503f00',
    gx: '00c6858e06b70404e9cd9e3ecb662395b4429c648139053fb521f828af606b4d3dbaa14b5e77efe75928fe1dc127a2ffa8de3348b3c1856a429bf97e7e31c2e5bd66',
    order: `01${'ff'.repeat(32)}fa51868783bf2f966b7fcc0148f709a5d03bb5c9b8899c47aebb6fb71e91386409`,
  },
  {
    name: 'secp256k1',
    oid: oid.secp256k1,
    node: 'secp256k1',
    bits: 256,
    bytes: 32,
    prime: 'fffffffffffffffffffffffffffffffffffffffffffffffffffffffefffffc2f',
    a: '00',
    b: '07',
    gx: '79be667ef9dcbbac55a06295ce870b07029bfcdb2dce28d959f2815b16f81798',
    order: 'fffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141',
  },
];
