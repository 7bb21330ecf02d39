/**
 * Keys of a scenario, made when it runs: ordinary, weak, and forged. No private key is stored in any scenario file.
 */
import { checkPrimeSync, createPrivateKey, generateKeyPairSync, generatePrimeSync, type KeyObject } from 'node:crypto';
import { der } from '../../foundation/pki/der.ts';
import { writePem } from '../../foundation/pki/pem.ts';
import type { FixtureOf } from './schema.ts';

/** The members of a JSON Web Key that are used here. */
type Jwk = Readonly<Partial<Record<'n' | 'e' | 'd' | 'p' | 'q' | 'dp' | 'dq' | 'qi' | 'x' | 'y', string>>>;

export type KeyKind = 'rsa-2048' | 'p256';
export type PrivateEncoding = FixtureOf<'private-key'>['encoding'];

export interface ScenarioKey {
  readonly kind: KeyKind;
  readonly private: KeyObject;
  /** SubjectPublicKeyInfo, plain encoding. */
  readonly spki: Uint8Array;
}

export function freshKey(kind: KeyKind): ScenarioKey {
  const { privateKey } =
    kind === 'p256'
      ? generateKeyPairSync('ec', { namedCurve: 'P-256' })
      : generateKeyPairSync('rsa', { modulusLength: 2048 });
  return keyOf(kind, privateKey);
}

/** q is the next prime after p: Fermat's method finds both in the first round (TLS BR 6.1.1.3 (5)). */
export function closePrimesKey(): ScenarioKey {
  const p = prime();
  return fromPrimes(p, nextPrime(p));
}

/** Two keys that share a prime, as flawed random generators make them. */
export function sharedPrimeKeys(): readonly [ScenarioKey, ScenarioKey] {
  const shared = prime();
  return [fromPrimes(shared, prime()), fromPrimes(shared, prime())];
}

function keyOf(kind: KeyKind, key: KeyObject): ScenarioKey {
  const jwk = key.export({ format: 'jwk' });
  return { kind, private: key, spki: kind === 'p256' ? ecSpki(point(jwk)) : rsaSpki(number(jwk.n), number(jwk.e)) };
}

function prime(): bigint {
  // The two top bits are set, so that the product of two has 2,048 bits.
  const add = 1n << 1022n;
  for (;;) {
    const candidate = generatePrimeSync(1024, { bigint: true });
    if ((candidate & add) !== 0n) return candidate;
  }
}

function nextPrime(after: bigint): bigint {
  for (let candidate = after + 2n; ; candidate += 2n) if (checkPrimeSync(candidate)) return candidate;
}

const publicExponent = 65_537n;

function fromPrimes(p: bigint, q: bigint): ScenarioKey {
  const parts = rsaParts(p, q, publicExponent);
  return keyOf('rsa-2048', createPrivateKey({ key: Buffer.from(pkcs1(parts)), format: 'der', type: 'pkcs1' }));
}

interface RsaParts {
  readonly n: bigint;
  readonly e: bigint;
  readonly d: bigint;
  readonly p: bigint;
  readonly q: bigint;
  readonly dp: bigint;
  readonly dq: bigint;
  readonly qi: bigint;
}

function rsaParts(p: bigint, q: bigint, e: bigint): RsaParts {
  const d = inverse(e, (p - 1n) * (q - 1n));
  return { n: p * q, e, d, p, q, dp: d % (p - 1n), dq: d % (q - 1n), qi: inverse(q, p) };
}

function inverse(a: bigint, modulus: bigint): bigint {
  let [r, next, t, tNext] = [modulus, a % modulus, 0n, 1n];
  while (next !== 0n) {
    const quotient = r / next;
    [r, next] = [next, r - quotient * next];
    [t, tNext] = [tNext, t - quotient * tNext];
  }
  return t < 0n ? t + modulus : t;
}

/** A private-key file with the victim's public part and a private part that is not the victim's (incident of 2017). */
export function forgedKeyFile(
  victim: ScenarioKey,
  variant: FixtureOf<'forged-key'>['variant'],
  encoding: PrivateEncoding,
): Uint8Array {
  const foreign = freshKey(victim.kind);
  const victimJwk = victim.private.export({ format: 'jwk' });
  const foreignJwk = foreign.private.export({ format: 'jwk' });
  if (victim.kind === 'p256') {
    const scalar = variant === 'd-one' ? Buffer.concat([Buffer.alloc(31), Buffer.of(1)]) : bytes(foreignJwk.d);
    return encodeEc(scalar, point(victimJwk), encoding);
  }
  return encodeRsa(forgedRsa(number(victimJwk.n), number(victimJwk.e), foreignJwk, variant), encoding);
}

function forgedRsa(n: bigint, e: bigint, foreign: Jwk, variant: FixtureOf<'forged-key'>['variant']): RsaParts {
  const other: RsaParts = {
    n,
    e,
    d: number(foreign.d),
    p: number(foreign.p),
    q: number(foreign.q),
    dp: number(foreign.dp),
    dq: number(foreign.dq),
    qi: number(foreign.qi),
  };
  switch (variant) {
    case 'private-foreign':
    case 'pq-foreign':
      return other;
    // Only d stands in the file; a forger has no primes to put there, and the victim's would be the real compromise.
    case 'd-foreign':
      return { ...other, p: 0n, q: 0n, dp: 0n, dq: 0n, qi: 0n };
    case 'd-one':
      return { ...other, e: 1n, d: 1n, dp: 1n, dq: 1n };
  }
}

/** The private half in one of the encodings of the schema. */
export function privateKeyFile(key: ScenarioKey, encoding: PrivateEncoding): Uint8Array {
  const jwk = key.private.export({ format: 'jwk' });
  if (key.kind === 'p256') return encodeEc(bytes(jwk.d), point(jwk), encoding);
  return encodeRsa(
    {
      n: number(jwk.n),
      e: number(jwk.e),
      d: number(jwk.d),
      p: number(jwk.p),
      q: number(jwk.q),
      dp: number(jwk.dp),
      dq: number(jwk.dq),
      qi: number(jwk.qi),
    },
    encoding,
  );
}

export function encryptedKeyFile(key: ScenarioKey, passphrase: string): Uint8Array {
  return Buffer.from(key.private.export({ type: 'pkcs8', format: 'pem', cipher: 'aes-256-cbc', passphrase }) as string);
}

const oids = {
  rsa: '1.2.840.113549.1.1.1',
  pss: '1.2.840.113549.1.1.10',
  ec: '1.2.840.10045.2.1',
  p256: '1.2.840.10045.3.1.7',
  primeField: '1.2.840.10045.1.1',
} as const;

function encodeRsa(parts: RsaParts, encoding: PrivateEncoding): Uint8Array {
  const inner = pkcs1(parts);
  const pkcs8 = der.sequence(der.integer(0), der.sequence(der.oid(oids.rsa), der.null()), der.octets(inner));
  switch (encoding) {
    case 'pkcs1-pem':
      return Buffer.from(writePem('RSA PRIVATE KEY', inner));
    case 'pkcs8-pem':
    case 'sec1-pem':
      return Buffer.from(writePem('PRIVATE KEY', pkcs8));
    case 'der':
      return pkcs8;
    case 'jwk': {
      const { n, e, d, p, q, dp, dq, qi } = parts;
      const primes = p === 0n ? {} : { p: url(p), q: url(q), dp: url(dp), dq: url(dq), qi: url(qi) };
      return Buffer.from(JSON.stringify({ kty: 'RSA', n: url(n), e: url(e), d: url(d), ...primes }));
    }
  }
}

function pkcs1({ n, e, d, p, q, dp, dq, qi }: RsaParts): Uint8Array {
  return der.sequence(der.integer(0), ...[n, e, d, p, q, dp, dq, qi].map((value) => der.integer(value)));
}

function encodeEc(scalar: Uint8Array, publicPoint: Uint8Array, encoding: PrivateEncoding): Uint8Array {
  const sec1 = (withCurve: boolean): Uint8Array =>
    der.sequence(
      der.integer(1),
      der.octets(scalar),
      ...(withCurve ? [der.explicit(0, der.oid(oids.p256))] : []),
      der.explicit(1, der.bits(publicPoint)),
    );
  const pkcs8 = der.sequence(
    der.integer(0),
    der.sequence(der.oid(oids.ec), der.oid(oids.p256)),
    der.octets(sec1(false)),
  );
  switch (encoding) {
    case 'sec1-pem':
    case 'pkcs1-pem':
      return Buffer.from(writePem('EC PRIVATE KEY', sec1(true)));
    case 'pkcs8-pem':
      return Buffer.from(writePem('PRIVATE KEY', pkcs8));
    case 'der':
      return pkcs8;
    case 'jwk': {
      const half = (from: number): string => Buffer.from(publicPoint.subarray(from, from + 32)).toString('base64url');
      return Buffer.from(
        JSON.stringify({
          kty: 'EC',
          crv: 'P-256',
          x: half(1),
          y: half(33),
          d: Buffer.from(scalar).toString('base64url'),
        }),
      );
    }
  }
}

/** The public key in one of the encodings that certificates carry. */
export function spkiIn(key: ScenarioKey, encoding: FixtureOf<'leaf'>['spki']): Uint8Array {
  const jwk = key.private.export({ format: 'jwk' });
  const rsa = (): Uint8Array => der.bits(der.sequence(der.integer(number(jwk.n)), der.integer(number(jwk.e))));
  switch (encoding) {
    case 'plain':
      return key.spki;
    case 'rsa-no-null':
      return der.sequence(der.sequence(der.oid(oids.rsa)), rsa());
    case 'rsa-pss':
      return der.sequence(der.sequence(der.oid(oids.pss)), rsa());
    case 'ec-compressed': {
      const whole = point(jwk);
      return der.sequence(
        der.sequence(der.oid(oids.ec), der.oid(oids.p256)),
        der.bits(Buffer.concat([Buffer.of(2 + (whole[64]! & 1)), whole.subarray(1, 33)])),
      );
    }
    case 'ec-explicit':
      return der.sequence(der.sequence(der.oid(oids.ec), explicitP256()), der.bits(point(jwk)));
  }
}

/** Explicit parameters of P-256 (SEC 2, section 2.4.2). */
function explicitP256(): Uint8Array {
  const hex = (text: string): Uint8Array => Buffer.from(text, 'hex');
  const p = hex('ffffffff00000001000000000000000000000000ffffffffffffffffffffffff');
  const a = hex('ffffffff00000001000000000000000000000000fffffffffffffffffffffffc');
  const b = hex('5ac635d8aa3a93e7b3ebbd55769886bc651d06b0cc53b0f63bce3c3e27d2604b');
  const g = hex(
    '046b17d1f2e12c4247f8bce6e563a440f277037d812deb33a0f4a13945d898c2964fe342e2fe1a7f9b8ee7eb4a7c0f9e162bce33576b315ececbb6406837bf51f5',
  );
  const n = hex('ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551');
  return der.sequence(
    der.integer(1),
    der.sequence(der.oid(oids.primeField), der.integer(p)),
    der.sequence(der.octets(a), der.octets(b)),
    der.octets(g),
    der.integer(n),
    der.integer(1),
  );
}

function rsaSpki(n: bigint, e: bigint): Uint8Array {
  return der.sequence(
    der.sequence(der.oid(oids.rsa), der.null()),
    der.bits(der.sequence(der.integer(n), der.integer(e))),
  );
}

function ecSpki(publicPoint: Uint8Array): Uint8Array {
  return der.sequence(der.sequence(der.oid(oids.ec), der.oid(oids.p256)), der.bits(publicPoint));
}

function point(jwk: Jwk): Buffer {
  return Buffer.concat([Buffer.of(4), bytes(jwk.x), bytes(jwk.y)]);
}

function bytes(text: unknown): Buffer {
  return Buffer.from(typeof text === 'string' ? text : '', 'base64url');
}

function number(text: unknown): bigint {
  return BigInt(`0x${bytes(text).toString('hex') || '0'}`);
}

function url(value: bigint): string {
  const text = value.toString(16);
  return Buffer.from(text.length % 2 ? `0${text}` : text, 'hex').toString('base64url');
}
