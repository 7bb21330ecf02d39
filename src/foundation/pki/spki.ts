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
  /** `P-256`, `P-384`, `P-521`, `secp256k1`, `brainpoolP…`; the OID or `explicit` for others; null when not EC. */
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
      return { type: key.type, bits: key.bits, curve: null };
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
  | { kind: 'other'; type: 'dsa' | 'unknown'; bits: number | null; raw: Uint8Array };

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
      return { kind: 'other', type: 'dsa', bits: dsaBits(inside), raw };
    default:
      return { kind: 'other', type: 'unknown', bits: null, raw };
  }
}

/** RFC 3279 section 2.3.2; the parameters may be inherited, and are absent then. */
function dsaBits(algorithm: DerReader): number | null {
  if (algorithm.peek() !== tag.sequence) return null;
  const parameters = algorithm.enter(tag.sequence, 'Dss-Parms');
  return bitLength(unsigned(parameters.content(parameters.expect(tag.integer, 'p'))));
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

/** SEC 2 version 2.0 sections 2.4.1, 2.4.2, 2.5.1, 2.6.1; RFC 5639 for brainpool, which no certificate of a browser may have. */
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
  {
    name: 'brainpoolP256r1',
    oid: '1.3.36.3.3.2.8.1.1.7',
    node: 'brainpoolP256r1',
    bits: 256,
    bytes: 32,
    prime: 'a9fb57dba1eea9bc3e660a909d838d726e3bf623d52620282013481d1f6e5377',
    a: '7d5a0975fc2c3057eef67530417affe7fb8055c126dc5c6ce94a4b44f330b5d9',
    b: '26dc5c6ce94a4b44f330b5d9bbd77cbf958416295cf7e1ce6bccdc18ff8c07b6',
    gx: '8bd2aeb9cb7e57cb2c4b482ffc81b7afb9de27e1e3bd23c23a4453bd9ace3262',
    order: 'a9fb57dba1eea9bc3e660a909d838d718c397aa3b561a6f7901e0e82974856a7',
  },
  {
    name: 'brainpoolP384r1',
    oid: '1.3.36.3.3.2.8.1.1.11',
    node: 'brainpoolP384r1',
    bits: 384,
    bytes: 48,
    prime: '8cb91e82a3386d280f5d6f7e50e641df152f7109ed5456b412b1da197fb71123acd3a729901d1a71874700133107ec53',
    a: '7bc382c63d8c150c3c72080ace05afa0c2bea28e4fb22787139165efba91f90f8aa5814a503ad4eb04a8c7dd22ce2826',
    b: '04a8c7dd22ce28268b39b55416f0447c2fb77de107dcd2a62e880ea53eeb62d57cb4390295dbc9943ab78696fa504c11',
    gx: '1d1c64f068cf45ffa2a63a81b7c13f6b8847a3e77ef14fe3db7fcafe0cbd10e8e826e03436d646aaef87b2e247d4af1e',
    order: '8cb91e82a3386d280f5d6f7e50e641df152f7109ed5456b31f166e6cac0425a7cf3ab6af6b7fc3103b883202e9046565',
  },
  {
    name: 'brainpoolP512r1',
    oid: '1.3.36.3.3.2.8.1.1.13',
    node: 'brainpoolP512r1',
    bits: 512,
    bytes: 64,
    prime:
      'aadd9db8dbe9c48b3fd4e6ae33c9fc07cb308db3b3c9d20ed6639cca703308717d4d9b009bc66842aecda12ae6a380e62881ff2f2d82c68528aa6056583a48f3',
    a: '7830a3318b603b89e2327145ac234cc594cbdd8d3df91610a83441caea9863bc2ded5d5aa8253aa10a2ef1c98b9ac8b57f1117a72bf2c7b9e7c1ac4d77fc94ca',
    b: '3df91610a83441caea9863bc2ded5d5aa8253aa10a2ef1c98b9ac8b57f1117a72bf2c7b9e7c1ac4d77fc94cadc083e67984050b75ebae5dd2809bd638016f723',
    gx: '81aee4bdd82ed9645a21322e9c4c6a9385ed9f70b5d916c1b43b62eef4d0098eff3b1f78e2d0d48d50d1687b93b97d5f7c6d5047406a5e688b352209bcb9f822',
    order:
      'aadd9db8dbe9c48b3fd4e6ae33c9fc07cb308db3b3c9d20ed6639cca70330870553e5c414ca92619418661197fac10471db1d381085ddaddb58796829ca90069',
  },
];
