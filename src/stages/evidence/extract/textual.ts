/** Keys that are written as text of their own kind: JWK, XML (.NET, XKMS), BIND `Private-key-format`, and JWS. */
import { createPublicKey } from 'node:crypto';
import { der } from '../../../foundation/pki/der.ts';
import { between } from './between.ts';
import type { EcCurve, EdwardsPrivate, Found, Jws, PrivateMaterial, Range } from './found.ts';
import { base64Url, toBigInt } from './numbers.ts';

const OBJECT_CHARACTERS_MAX = 64 * 1024;
const edwardsKinds: Readonly<Record<string, EdwardsPrivate['kind']>> = {
  Ed25519: 'ed25519',
  Ed448: 'ed448',
  X25519: 'x25519',
  X448: 'x448',
};

/* ---- JSON ---- */

/** JWK, JWKS members and JSON JWS, found by their member names wherever an object stands. Escaped JSON is unescaped. */
export function* readJsonObjects(text: string): Generator<Found> {
  let from = 0;
  // Braces that never close are looked for from every member; all of them together get this much.
  const budget = { characters: 1_000_000 + 4 * text.length };
  for (const match of text.matchAll(/\\{0,8}["'](?:kty|payload|protected)\\{0,8}["']\s*:/g)) {
    if (match.index < from) continue;
    const range = enclosing(text, match.index, budget);
    if (range === null) continue;
    const value = parseLoose(text.slice(range.from, range.to));
    if (value === null) continue;
    const found = jwkOrJws(value, range);
    if (found.length === 0) continue;
    yield* found;
    from = range.to;
  }
}

/** The innermost `{…}` around an offset, minding that braces do not occur inside the strings of these objects. */
function enclosing(text: string, at: number, budget: { characters: number }): Range | null {
  let depth = 0;
  let from = -1;
  for (let i = at; i >= 0 && at - i < OBJECT_CHARACTERS_MAX && budget.characters-- > 0; i--) {
    const c = text[i];
    if (c === '}') depth += 1;
    else if (c === '{' && depth-- === 0) {
      from = i;
      break;
    }
  }
  if (from < 0) return null;
  depth = 0;
  for (let i = from; i < text.length && i - from < OBJECT_CHARACTERS_MAX && budget.characters-- > 0; i++) {
    if (text[i] === '{') depth += 1;
    else if (text[i] === '}' && --depth === 0) return { from, to: i + 1 };
  }
  return null;
}

function parseLoose(source: string): Record<string, unknown> | null {
  let text = source.replace(/\n[>|\s]+/g, '\n');
  for (let level = 0; level < 4; level++) {
    try {
      const value: unknown = JSON.parse(text);
      return typeof value === 'object' && value !== null && !Array.isArray(value)
        ? (value as Record<string, unknown>)
        : null;
    } catch {
      text =
        level === 0
          ? text.replace(/[\r\n]+/g, '')
          : level === 1
            ? text.replace(/'/g, '"')
            : text.replace(/\\(["\\/])/g, '$1').replace(/\\[nrt]/g, '');
    }
  }
  return null;
}

function jwkOrJws(value: Record<string, unknown>, range: Range): Found[] {
  if (typeof value.kty === 'string') {
    const found = readJwk(value, range);
    return found === null ? [] : [found];
  }
  if (typeof value.payload !== 'string') return [];
  const payload = value.payload;
  const signatures = Array.isArray(value.signatures) ? value.signatures.slice(0, 16) : [value];
  return signatures.flatMap((one: unknown): Found[] => {
    const { protected: header, signature } = (one ?? {}) as Record<string, unknown>;
    if (typeof header !== 'string' || typeof signature !== 'string') return [];
    return [{ kind: 'jws', container: 'JWS', range, jws: { protectedHeader: header, payload, signature } }];
  });
}

/** RFC 7517. Public JWKs come out as `public-key`. */
export function readJwk(jwk: Record<string, unknown>, range: Range): Found | null {
  const bytes = (name: string): Buffer | null => (typeof jwk[name] === 'string' ? base64Url(jwk[name]) : null);
  const number = (name: string): bigint | null => {
    const value = bytes(name);
    return value === null || value.length === 0 ? null : toBigInt(value);
  };
  const privateKey = (key: PrivateMaterial): Found => ({ kind: 'private-key', container: 'JWK', range, key });
  if (jwk.kty === 'RSA') {
    const n = number('n');
    const e = number('e');
    const d = number('d');
    const primes = [number('p'), number('q')].filter((prime) => prime !== null);
    if (d !== null || primes.length > 0) {
      const crt = [number('dp'), number('dq'), number('qi')] as const;
      const whole = crt.every((part) => part !== null) && primes.length === 2;
      return privateKey({
        kind: 'rsa',
        n,
        e,
        d,
        primes,
        crt: whole ? (crt as unknown as [bigint, bigint, bigint]) : null,
      });
    }
    return n === null || e === null ? null : { kind: 'public-key', container: 'JWK', range, spki: rsaSpki(n, e) };
  }
  if (jwk.kty === 'EC') {
    const curve = { 'P-256': 'P-256', 'P-384': 'P-384', 'P-521': 'P-521', secp256k1: 'secp256k1' }[String(jwk.crv)];
    const x = bytes('x');
    const y = bytes('y');
    const d = bytes('d');
    if (curve === undefined) return null;
    if (d !== null) {
      const point = x === null || y === null ? null : Buffer.concat([Buffer.from([4]), x, y]);
      return privateKey({ kind: 'ec', curve: curve as EcCurve, scalar: d, point });
    }
    return publicJwk(jwk, range);
  }
  if (jwk.kty === 'OKP') {
    const kind = edwardsKinds[String(jwk.crv)];
    const d = bytes('d');
    if (kind === undefined) return null;
    return d === null ? publicJwk(jwk, range) : privateKey({ kind, seed: d, point: bytes('x') });
  }
  return null;
}

function publicJwk(jwk: Record<string, unknown>, range: Range): Found | null {
  try {
    const parts = Object.fromEntries(
      ['kty', 'crv', 'x', 'y'].flatMap((name) => (name in jwk ? [[name, jwk[name]]] : [])),
    );
    const key = createPublicKey({ key: parts, format: 'jwk' });
    return { kind: 'public-key', container: 'JWK', range, spki: key.export({ format: 'der', type: 'spki' }) };
  } catch {
    return null;
  }
}

export function rsaSpki(n: bigint, e: bigint): Buffer {
  return Buffer.from(
    der.sequence(
      der.sequence(der.oid('1.2.840.113549.1.1.1'), der.null()),
      der.bits(der.sequence(der.integer(n), der.integer(e))),
    ),
  );
}

/** Compact JWS whose header is base64url of `{"`. */
export function* readCompactJws(text: string): Generator<Found> {
  for (const match of text.matchAll(/\beyJ[\w-]{5,2000}\.[\w-]{0,8000}\.[\w-]{20,1500}/g)) {
    const [protectedHeader, payload, signature] = match[0].split('.') as [string, string, string];
    const jws: Jws = { protectedHeader, payload, signature };
    yield { kind: 'jws', container: 'JWS', range: { from: match.index, to: match.index + match[0].length }, jws };
  }
}

/* ---- XML ---- */

const XML_CHARACTERS_MAX = 40_000;

/** .NET `ToXmlString` and XKMS RSAKeyPair; also with its brackets written as entities. */
export function* readXml(text: string): Generator<Found> {
  for (const [open, close] of [
    [/<(?:[\w-]{1,20}:)?RSAKey(?:Value|Pair)\b[^>]{0,500}>/g, /<\/(?:[\w-]{1,20}:)?RSAKey(?:Value|Pair)>/g],
    [/&lt;(?:[\w-]{1,20}:)?RSAKey(?:Value|Pair)\b/g, /&lt;\/(?:[\w-]{1,20}:)?RSAKey(?:Value|Pair)&gt;/g],
  ] as const) {
    for (const { from, to } of between(text, open, close, XML_CHARACTERS_MAX)) {
      const body = text.slice(from, to).replace(/&lt;/g, '<').replace(/&gt;/g, '>');
      yield* xmlKey(body, { from, to });
    }
  }
}

function* xmlKey(body: string, range: Range): Generator<Found> {
  const number = (name: string): bigint | null => {
    const value = new RegExp(`<(?:[\\w-]+:)?${name}>([A-Za-z0-9+/=\\s>]{1,8000})</`).exec(body)?.[1];
    return value === undefined ? null : toBigInt(Buffer.from(value.replace(/[\s>]/g, ''), 'base64'));
  };
  const n = number('Modulus');
  const e = number('Exponent');
  const d = number('D');
  const primes = [number('P'), number('Q')].filter((prime) => prime !== null);
  if (d !== null || primes.length > 0) {
    const crt = [number('DP'), number('DQ'), number('InverseQ')] as const;
    const whole = crt.every((part) => part !== null) && primes.length === 2;
    yield {
      kind: 'private-key',
      container: 'XML',
      range,
      key: { kind: 'rsa', n, e, d, primes, crt: whole ? (crt as unknown as [bigint, bigint, bigint]) : null },
    };
  } else if (n !== null && e !== null) yield { kind: 'public-key', container: 'XML', range, spki: rsaSpki(n, e) };
}

/* ---- BIND ---- */

const BIND_KEY = /Private-key-format: *v1\.[0-9]+[^\n]*\n(?:[ \t>]*[A-Za-z0-9]+: *[^\n]*(?:\n|$)){2,20}/g;
const bindCurves: Readonly<Record<string, EcCurve>> = { '13': 'P-256', '14': 'P-384' };

/** The private half of a DNSSEC key pair as dnssec-keygen writes it. */
export function* readBind(text: string): Generator<Found> {
  for (const match of text.matchAll(BIND_KEY)) {
    const fields = new Map<string, string>();
    for (const line of match[0].matchAll(/^[ \t>]*([A-Za-z0-9]+): *([^\r\n]*)/gm))
      fields.set(line[1] as string, line[2] as string);
    const range = { from: match.index, to: match.index + match[0].length };
    const algorithm = /^\d+/.exec(fields.get('Algorithm') ?? '')?.[0] ?? '';
    const bytes = (name: string): Buffer | null => {
      const value = fields.get(name);
      return value === undefined ? null : Buffer.from(value, 'base64');
    };
    const number = (name: string): bigint | null => {
      const value = bytes(name);
      return value === null ? null : toBigInt(value);
    };
    const container = 'BIND';
    const raw = bytes('PrivateKey');
    if (number('Modulus') !== null) {
      const primes = [number('Prime1'), number('Prime2')].filter((prime) => prime !== null);
      const crt = [number('Exponent1'), number('Exponent2'), number('Coefficient')] as const;
      const whole = crt.every((part) => part !== null) && primes.length === 2;
      yield {
        kind: 'private-key',
        container,
        range,
        key: {
          kind: 'rsa',
          n: number('Modulus'),
          e: number('PublicExponent'),
          d: number('PrivateExponent'),
          primes,
          crt: whole ? (crt as unknown as [bigint, bigint, bigint]) : null,
        },
      };
    } else if (raw !== null && bindCurves[algorithm] !== undefined) {
      yield {
        kind: 'private-key',
        container,
        range,
        key: { kind: 'ec', curve: bindCurves[algorithm], scalar: raw, point: null },
      };
    } else if (raw !== null && (algorithm === '15' || algorithm === '16')) {
      const kind = algorithm === '15' ? 'ed25519' : 'ed448';
      yield { kind: 'private-key', container, range, key: { kind, seed: raw, point: null } };
    }
  }
}
