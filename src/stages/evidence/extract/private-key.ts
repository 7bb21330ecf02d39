/**
 * The DER forms of a private key (PKCS#8 RFC 5958, PKCS#1 RFC 8017 A.1.2, SEC1 RFC 5915), taken apart into numbers.
 * OpenSSL is not asked: it would accept a key whose public part is somebody else's, and it runs key derivation
 * before anybody has looked at the cost.
 */
import { DerError, DerReader, der, tag } from '../../../foundation/pki/der.ts';
import { describeKey } from '../../../foundation/pki/spki.ts';
import type { EcCurve, EdwardsPrivate, PrivateMaterial } from './found.ts';
import { KEY_DER_BYTES_MAX, PRIMES_MAX } from './limits.ts';
import { toBigInt } from './numbers.ts';

const RSA = '1.2.840.113549.1.1.1';
const RSA_PSS = '1.2.840.113549.1.1.10';
const EC = '1.2.840.10045.2.1';
const EDWARDS: Readonly<Record<string, EdwardsPrivate['kind']>> = {
  '1.3.101.110': 'x25519',
  '1.3.101.111': 'x448',
  '1.3.101.112': 'ed25519',
  '1.3.101.113': 'ed448',
};
const CURVES: Readonly<Record<string, EcCurve>> = {
  '1.2.840.10045.3.1.7': 'P-256',
  '1.3.132.0.34': 'P-384',
  '1.3.132.0.35': 'P-521',
  '1.3.132.0.10': 'secp256k1',
};
export const curveBytes: Readonly<Record<EcCurve, number>> = { 'P-256': 32, 'P-384': 48, 'P-521': 66, secp256k1: 32 };
export const curveOids: Readonly<Record<EcCurve, string>> = {
  'P-256': '1.2.840.10045.3.1.7',
  'P-384': '1.3.132.0.34',
  'P-521': '1.3.132.0.35',
  secp256k1: '1.3.132.0.10',
};
export const edwardsOids: Readonly<Record<EdwardsPrivate['kind'], string>> = {
  x25519: '1.3.101.110',
  x448: '1.3.101.111',
  ed25519: '1.3.101.112',
  ed448: '1.3.101.113',
};

/** Tries PKCS#8, PKCS#1, SEC1 and the old form of DSA in turn; garbage behind the key is ignored. Null when it is none of them. */
export function readPrivateKey(bytes: Uint8Array): { key: PrivateMaterial; container: string } | null {
  if (bytes.length > KEY_DER_BYTES_MAX * 2 || bytes[0] !== tag.sequence) return null;
  for (const [container, read] of [
    ['PKCS#8', readPkcs8],
    ['PKCS#1', readPkcs1],
    ['SEC1', readSec1],
    ['DSA', readDsa],
  ] as const) {
    try {
      return { key: read(bytes), container };
    } catch (cause) {
      if (!(cause instanceof DerError)) throw cause;
    }
  }
  return null;
}

/** Throws DerError. */
export function readPkcs8(bytes: Uint8Array): PrivateMaterial {
  const outer = new DerReader(bytes);
  const element = outer.expect(tag.sequence, 'PrivateKeyInfo');
  if (element.to - element.from > KEY_DER_BYTES_MAX) throw new DerError('a key of too many bytes');
  const info = outer.inside(element);
  if (info.smallInteger('version') > 1) throw new DerError('an unknown version');
  const algorithm = info.enter(tag.sequence, 'privateKeyAlgorithm');
  const name = algorithm.oid('algorithm');
  const content = info.content(info.expect(tag.octetString, 'privateKey'));
  if (name === RSA || name === RSA_PSS) return readPkcs1(content);
  if (name === EC) {
    const parameters = algorithm.more ? algorithm.whole(algorithm.read()) : null;
    return readSec1(content, parameters) ?? other(outer.whole(element));
  }
  const edwards = EDWARDS[name];
  if (edwards === undefined) return other(outer.whole(element));
  const seed = new DerReader(content);
  info.optional(0xa0);
  const stated = info.optional(0x81);
  return {
    kind: edwards,
    seed: Buffer.from(seed.content(seed.expect(tag.octetString, 'CurvePrivateKey'))),
    point: stated === null ? null : Buffer.from(info.content(stated).subarray(1)),
  };
}

function other(pkcs8: Uint8Array): PrivateMaterial {
  return { kind: 'other', pkcs8: Buffer.from(pkcs8) };
}

/** `DSA PRIVATE KEY` of OpenSSL: version, p, q, g, y, x. Throws DerError. */
function readDsa(bytes: Uint8Array): PrivateMaterial {
  const body = new DerReader(bytes).enter(tag.sequence, 'DSAPrivateKey');
  if (body.smallInteger('version') !== 0) throw new DerError('an unknown version');
  const [p, q, g, , x] = ['p', 'q', 'g', 'y', 'x'].map((name) => body.content(body.expect(tag.integer, name)));
  body.done('DSAPrivateKey');
  const integer = (content: Uint8Array | undefined) => der.integer(content as Uint8Array);
  return other(
    der.sequence(
      der.integer(0),
      der.sequence(der.oid('1.2.840.10040.4.1'), der.sequence(integer(p), integer(q), integer(g))),
      der.octets(integer(x)),
    ),
  );
}

/** Throws DerError. */
export function readPkcs1(bytes: Uint8Array): PrivateMaterial {
  const outer = new DerReader(bytes);
  const element = outer.expect(tag.sequence, 'RSAPrivateKey');
  if (element.to - element.from > KEY_DER_BYTES_MAX) throw new DerError('a key of too many bytes');
  const body = outer.inside(element);
  if (body.smallInteger('version') > 1) throw new DerError('an unknown version');
  const integer = (what: string) => toBigInt(body.content(body.expect(tag.integer, what)));
  const n = integer('modulus');
  const e = integer('publicExponent');
  const d = integer('privateExponent');
  const primes = [integer('prime1'), integer('prime2')];
  const crt = [integer('exponent1'), integer('exponent2'), integer('coefficient')] as const;
  if (body.more) {
    const others = body.enter(tag.sequence, 'otherPrimeInfos');
    while (others.more) {
      const info = others.enter(tag.sequence, 'OtherPrimeInfo');
      primes.push(toBigInt(info.content(info.expect(tag.integer, 'prime'))));
      if (primes.length > PRIMES_MAX) throw new DerError('too many primes');
    }
    return { kind: 'rsa', n, e, d, primes, crt: null };
  }
  return { kind: 'rsa', n, e, d, primes, crt: [...crt] };
}

/**
 * `parameters` is the DER of the curve from outside (PKCS#8, or an EC PARAMETERS block before the key). Without any,
 * the length of the scalar tells the curve; P-256 is meant far more often than secp256k1. Throws DerError.
 */
export function readSec1(bytes: Uint8Array, parameters: Uint8Array | null = null): PrivateMaterial {
  const outer = new DerReader(bytes);
  const element = outer.expect(tag.sequence, 'ECPrivateKey');
  if (element.to - element.from > KEY_DER_BYTES_MAX) throw new DerError('a key of too many bytes');
  const body = outer.inside(element);
  if (body.smallInteger('version') !== 1) throw new DerError('an unknown version');
  const scalar = Buffer.from(body.content(body.expect(tag.octetString, 'privateKey')));
  const own = body.peek() === 0xa0 ? body.enter(0xa0, 'parameters') : null;
  const ownParameters = own?.more ? own.whole(own.read()) : null;
  const stated = body.peek() === 0xa1 ? body.enter(0xa1, 'publicKey').bits('publicKey') : null;
  const point = stated === null ? null : Buffer.from(stated);
  const curveDer = ownParameters ?? parameters;
  const curve = curveDer === null ? curveByLength(scalar.length) : curveOf(curveDer, point, scalar.length);
  if (curve === null) {
    if (curveDer === null) throw new DerError('an EC key without a curve');
    return other(der.sequence(der.integer(0), der.sequence(der.oid(EC), curveDer), der.octets(outer.whole(element))));
  }
  return { kind: 'ec', curve, scalar, point };
}

function curveByLength(length: number): EcCurve | null {
  if (length === 32) return 'P-256';
  if (length === 48) return 'P-384';
  return length === 65 || length === 66 ? 'P-521' : null;
}

/** Named curves by OID; explicit parameters by comparing them with the curves we know. */
function curveOf(parameters: Uint8Array, point: Buffer | null, scalarLength: number): EcCurve | null {
  const reader = new DerReader(parameters);
  if (reader.peek() === tag.oid) return CURVES[reader.oid('namedCurve')] ?? null;
  const stand = point ?? Buffer.concat([Buffer.from([2]), Buffer.alloc(scalarLength, 1)]);
  const spki = der.sequence(der.sequence(der.oid(EC), parameters), der.bits(stand));
  const { curve } = describeKey(spki);
  return curve === 'P-256' || curve === 'P-384' || curve === 'P-521' || curve === 'secp256k1' ? curve : null;
}
