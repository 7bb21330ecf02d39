/**
 * The JWS of RFC 8555 section 6.2: flattened JSON, signed by an account (`kid`) or by the key it carries (`jwk`). The
 * algorithm follows from the key and is never chosen by the sender alone: that is what algorithm confusion lives on.
 */
import { createHmac, createPublicKey, hash, type KeyObject, timingSafeEqual, verify } from 'node:crypto';
import { z } from 'zod';
import { spkiOfKey } from '../certificate.ts';
import { AcmeProblem } from './problem.ts';

/** A certificate of 100 names with its chain is far below. */
export const jwsBytesMax = 256 * 1024;

const base64url = /^[A-Za-z0-9_-]*$/;
const flattened = z.object({ protected: z.string(), payload: z.string(), signature: z.string() });
const header = z.object({
  alg: z.string(),
  /** RFC 8555 section 6.5.2: one that is not base64url is malformed, not merely stale. */
  nonce: z.string().max(128).regex(base64url).optional(),
  url: z.string().max(2048).optional(),
  kid: z.string().max(2048).optional(),
  jwk: z.record(z.string(), z.unknown()).optional(),
});

export interface Jws {
  readonly alg: string;
  readonly nonce: string | null;
  readonly url: string | null;
  readonly kid: string | null;
  readonly jwk: PublicJwk | null;
  /** Raw payload; empty for POST-as-GET. */
  readonly payload: Uint8Array;
  readonly signed: Uint8Array;
  readonly signature: Uint8Array;
}

export interface PublicJwk {
  readonly key: KeyObject;
  readonly spki: Uint8Array;
  /** RFC 7638, base64url of SHA-256. */
  readonly thumbprint: string;
}

const algorithms: Readonly<
  Record<string, { readonly type: string; readonly curve?: string; readonly digest: string | null }>
> = {
  RS256: { type: 'rsa', digest: 'sha256' },
  ES256: { type: 'ec', curve: 'prime256v1', digest: 'sha256' },
  ES384: { type: 'ec', curve: 'secp384r1', digest: 'sha384' },
  ES512: { type: 'ec', curve: 'secp521r1', digest: 'sha512' },
  EdDSA: { type: 'ed25519', digest: null },
};

/** Throws AcmeProblem. `inner` allows what only nested objects may lack: the nonce. */
export function parseJws(value: unknown): Jws {
  const outer = flattened.safeParse(value);
  if (!outer.success) throw new AcmeProblem('malformed', 'The body is not a flattened JWS with one signature.');
  if (typeof value === 'object' && value !== null && ('signatures' in value || 'header' in value)) {
    throw new AcmeProblem('malformed', 'A JWS here has one signature and no unprotected header.');
  }
  const { protected: protectedPart, payload, signature } = outer.data;
  if (![protectedPart, payload, signature].every((part) => base64url.test(part))) {
    throw new AcmeProblem('malformed', 'The JWS is not base64url.');
  }
  let raw: unknown;
  try {
    raw = JSON.parse(Buffer.from(protectedPart, 'base64url').toString('utf8'));
  } catch {
    throw new AcmeProblem('malformed', 'The protected header is not JSON.');
  }
  const head = header.safeParse(raw);
  if (!head.success) throw new AcmeProblem('malformed', 'The protected header is incomplete.');
  if ('crit' in (raw as object)) throw new AcmeProblem('malformed', 'No critical header parameter is understood here.');
  const { alg, nonce = null, url = null, kid = null, jwk } = head.data;
  if (jwk !== undefined && kid !== null) throw new AcmeProblem('malformed', 'A JWS carries a jwk or a kid, not both.');
  return {
    alg,
    nonce,
    url,
    kid,
    jwk: jwk === undefined ? null : readJwk(jwk),
    payload: Buffer.from(payload, 'base64url'),
    signed: Buffer.from(`${protectedPart}.${payload}`, 'latin1'),
    signature: Buffer.from(signature, 'base64url'),
  };
}

/** Throws AcmeProblem unless the signature verifies under `key` with the algorithm that belongs to it. */
export function verifyJws(jws: Jws, key: KeyObject): void {
  const bad = (detail: string) =>
    new AcmeProblem('badSignatureAlgorithm', detail, { more: { algorithms: Object.keys(algorithms) } });
  const algorithm = Object.hasOwn(algorithms, jws.alg) ? algorithms[jws.alg] : undefined;
  if (algorithm === undefined) throw bad('The algorithm is not accepted here.');
  const curve = key.asymmetricKeyDetails?.namedCurve;
  if (key.asymmetricKeyType !== algorithm.type || (algorithm.curve !== undefined && curve !== algorithm.curve))
    throw bad('The algorithm does not belong to this key.');
  let genuine = false;
  try {
    genuine = verify(algorithm.digest, jws.signed, { key, dsaEncoding: 'ieee-p1363' }, jws.signature);
  } catch {
    genuine = false;
  }
  if (!genuine) throw new AcmeProblem('malformed', 'The signature does not verify.');
}

export function readJwk(jwk: Record<string, unknown>): PublicJwk {
  if ('d' in jwk || 'k' in jwk)
    throw new AcmeProblem('badPublicKey', 'The jwk carries a private key; consider it compromised.');
  let key: KeyObject;
  try {
    key = createPublicKey({ key: jwk as Record<string, string>, format: 'jwk' });
  } catch {
    throw new AcmeProblem('badPublicKey', 'The jwk is not a public key.');
  }
  const members = { RSA: ['e', 'kty', 'n'], EC: ['crv', 'kty', 'x', 'y'], OKP: ['crv', 'kty', 'x'] }[String(jwk.kty)];
  if (members === undefined) throw new AcmeProblem('badPublicKey', 'The type of key is not accepted here.');
  const exported = key.export({ format: 'jwk' }) as Record<string, string>;
  const canonical = JSON.stringify(Object.fromEntries(members.map((name) => [name, exported[name]])));
  return { key, spki: spkiOfKey(key), thumbprint: hash('sha256', canonical, 'base64url') };
}

/** RFC 8555 section 7.3.4: the account key, signed by a MAC key that the CA handed out beside ACME. */
export function verifyExternalBinding(
  binding: unknown,
  expected: { readonly url: string; readonly thumbprint: string; readonly macKey: (kid: string) => Uint8Array | null },
): string {
  const bad = (detail: string) => new AcmeProblem('unauthorized', detail);
  const parsed = flattened.safeParse(binding);
  if (!parsed.success) throw new AcmeProblem('malformed', 'externalAccountBinding is not a JWS.');
  let head: z.output<typeof header>;
  let jwk: Record<string, unknown>;
  try {
    head = header.parse(JSON.parse(Buffer.from(parsed.data.protected, 'base64url').toString('utf8')));
    jwk = JSON.parse(Buffer.from(parsed.data.payload, 'base64url').toString('utf8'));
  } catch {
    throw new AcmeProblem('malformed', 'externalAccountBinding cannot be read.');
  }
  const digest = { HS256: 'sha256', HS384: 'sha384', HS512: 'sha512' }[head.alg];
  if (digest === undefined || head.kid === undefined || head.nonce !== undefined || head.url !== expected.url) {
    throw new AcmeProblem('malformed', 'externalAccountBinding has a wrong header.');
  }
  const macKey = expected.macKey(head.kid);
  if (macKey === null) throw bad('The external account is not known.');
  const mac = createHmac(digest, macKey).update(`${parsed.data.protected}.${parsed.data.payload}`).digest();
  const given = Buffer.from(parsed.data.signature, 'base64url');
  if (mac.length !== given.length || !timingSafeEqual(mac, given))
    throw bad('The external account binding does not verify.');
  if (readJwk(jwk).thumbprint !== expected.thumbprint) throw bad('The external account is bound to another key.');
  return head.kid;
}
