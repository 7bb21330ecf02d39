/**
 * Keys written out as numbers with names: what `openssl rsa -text` and `openssl pkey -text` print, and lists such as
 * `p = 12345…`. One prime, or n, e and d, is the key.
 */
import type { EcCurve, Found, RsaPrivate } from './found.ts';
import { toBigInt } from './numbers.ts';

const LABELS: Readonly<Record<string, keyof Parts>> = {
  n: 'n',
  modulus: 'n',
  e: 'e',
  publicexponent: 'e',
  d: 'd',
  privateexponent: 'd',
  p: 'p',
  prime1: 'p',
  q: 'q',
  prime2: 'q',
};

interface Parts {
  n?: bigint;
  e?: bigint;
  d?: bigint;
  p?: bigint;
  q?: bigint;
}

/** A name, a sign, and either a number of many digits or pairs with colons over several lines. */
const NUMBER =
  /(?<![A-Za-z0-9])(n|e|d|p|q|modulus|publicExponent|privateExponent|prime1|prime2)\s{0,4}(?::|=|:=)\s{0,40}((?:[0-9a-f]{2}:[\s>|]{0,24}){8,2100}[0-9a-f]{2}|0x[0-9a-f]{1,4200}|\d{1,5000})\b/gi;

/** Digits below which a prime is none of a key that anybody uses. */
const PRIME_BITS_MIN = 250;
const GAP_CHARACTERS_MAX = 400;

export function* readLabelledNumbers(text: string): Generator<Found> {
  yield* opensslEc(text);
  let parts: Parts = {};
  let from = -1;
  let to = -1;
  for (const match of text.matchAll(NUMBER)) {
    const label = LABELS[(match[1] as string).toLowerCase()];
    const value = numberOf(match[2] as string);
    if (label === undefined || value === null) continue;
    if (from >= 0 && (match.index - to > GAP_CHARACTERS_MAX || parts[label] !== undefined)) {
      yield* rsa(parts, from, to);
      parts = {};
      from = -1;
    }
    if (from < 0) from = match.index;
    to = match.index + match[0].length;
    parts[label] = value;
  }
  if (from >= 0) yield* rsa(parts, from, to);
}

function numberOf(text: string): bigint | null {
  if (text.includes(':')) return toBigInt(Buffer.from(text.replace(/[^0-9a-f]/gi, ''), 'hex'));
  return BigInt(text);
}

function* rsa({ n, e, d, p, q }: Parts, from: number, to: number): Generator<Found> {
  const primes = [p, q].filter((prime) => prime !== undefined && prime >> BigInt(PRIME_BITS_MIN) > 0n) as bigint[];
  const whole = primes.length > 0 && (n !== undefined || primes.length === 2);
  const exponents = n !== undefined && n >> BigInt(2 * PRIME_BITS_MIN) > 0n && d !== undefined && d > 0xffffffffn;
  if (!whole && !exponents) return;
  const product = primes.length === 2 ? (primes[0] as bigint) * (primes[1] as bigint) : null;
  const key: RsaPrivate = { kind: 'rsa', n: n ?? product, e: e ?? 65537n, d: d ?? null, primes, crt: null };
  yield { kind: 'private-key', container: 'numbers in text', range: { from, to }, key };
}

const curves: Readonly<Record<string, EcCurve>> = {
  prime256v1: 'P-256',
  secp256r1: 'P-256',
  secp384r1: 'P-384',
  secp521r1: 'P-521',
  secp256k1: 'secp256k1',
};

/** `priv:` and `pub:` as pairs with colons; the curve by name, or Edwards keys by their title. */
function* opensslEc(text: string): Generator<Found> {
  const pairs = '((?:[0-9a-f]{2}:[\\s>|]{0,24}){15,80}[0-9a-f]{2})';
  const form = new RegExp(
    `(?:(ED25519|ED448|X25519|X448) Private-Key:\\s{0,40})?priv:\\s{0,40}${pairs}\\s{0,40}pub:\\s{0,40}((?:[0-9a-f]{2}:[\\s>|]{0,24}){15,150}[0-9a-f]{2})(?:\\s{0,40}ASN1 OID: (\\w{4,20}))?`,
    'gi',
  );
  for (const match of text.matchAll(form)) {
    const [whole, edwards, secret, point, name] = match;
    const bytes = (part: string) => Buffer.from(part.replace(/[^0-9a-f]/gi, ''), 'hex');
    const range = { from: match.index, to: match.index + whole.length };
    const container = 'numbers in text';
    if (edwards !== undefined) {
      const kind = edwards.toLowerCase() as 'ed25519' | 'ed448' | 'x25519' | 'x448';
      yield {
        kind: 'private-key',
        container,
        range,
        key: { kind, seed: bytes(secret as string), point: bytes(point as string) },
      };
      continue;
    }
    const curve = curves[name?.toLowerCase() ?? ''];
    if (curve === undefined) continue;
    const key = { kind: 'ec', curve, scalar: bytes(secret as string), point: bytes(point as string) } as const;
    yield { kind: 'private-key', container, range, key };
  }
}
