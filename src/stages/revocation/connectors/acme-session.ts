/** JWS, nonces and the directory of ACME (RFC 8555 section 6), only as much as revoking needs. */
import { createPublicKey, type KeyObject, sign } from 'node:crypto';
import type { RevocationOutcome } from '../connector.ts';
import { badAnswer, failed, fromStatus, refused } from '../outcomes.ts';
import { type CaResult, type CaTransport, jsonOf } from '../transport.ts';

/** `kid` null: the key signs as `jwk`, as a certificate's own key must. */
export interface AcmeSigner {
  readonly key: KeyObject;
  readonly kid: string | null;
}

const nonceTriesMax = 8;
const noncesKept = 64;

export class AcmeSession {
  readonly #transport: CaTransport;
  readonly #directoryUrl: string;
  #directory: Record<string, unknown> | null = null;
  readonly #nonces: string[] = [];

  constructor(transport: CaTransport, directoryUrl: string) {
    this.#transport = transport;
    this.#directoryUrl = directoryUrl;
  }

  /** Address of a directory entry, or the outcome that explains why there is none. Nothing has been ordered yet. */
  async resource(name: string): Promise<string | RevocationOutcome> {
    if (this.#directory === null) {
      const call = await this.#transport.call({ method: 'GET', url: this.#directoryUrl });
      if (!call.ok) return failed({ ...call, reached: false });
      if (call.answer.status !== 200) return notOrdered(fromStatus(call.answer));
      const read = jsonOf(call.answer);
      if (read === null) return notOrdered(badAnswer());
      this.#directory = read;
    }
    const url = this.#directory[name];
    return typeof url === 'string' ? url : refused('rejected', `The CA's directory has no ${name}.`);
  }

  /** Signs and posts; a stale nonce is replaced and the request sent again, which is safe: it was not processed. */
  async post(url: string, signer: AcmeSigner, payload: object): Promise<CaResult | RevocationOutcome> {
    for (let attempt = 1; ; attempt++) {
      const nonce = this.#nonces.pop() ?? (await this.#newNonce());
      if (typeof nonce !== 'string') return nonce;
      const call = await this.#transport.call({
        method: 'POST',
        url,
        headers: { 'content-type': 'application/jose+json' },
        body: jws(signer, url, nonce, payload),
      });
      if (!call.ok) return call;
      this.#keep(call.answer.headers['replay-nonce']);
      const isBadNonce =
        call.answer.status === 400 && /:badNonce"/.test(Buffer.from(call.answer.body).toString('latin1'));
      if (!isBadNonce || attempt === nonceTriesMax) return call;
    }
  }

  async #newNonce(): Promise<string | RevocationOutcome> {
    const url = await this.resource('newNonce');
    if (typeof url !== 'string') return url;
    const call = await this.#transport.call({ method: 'HEAD', url });
    if (!call.ok) return failed({ ...call, reached: false });
    const nonce = call.answer.headers['replay-nonce'];
    return nonce ?? notOrdered(call.answer.status >= 400 ? fromStatus(call.answer) : badAnswer());
  }

  #keep(nonce: string | undefined): void {
    if (nonce !== undefined && this.#nonces.length < noncesKept) this.#nonces.push(nonce);
  }
}

/** The URL of the account with this key (newAccount, onlyReturnExisting), or the outcome that explains why not. */
export async function accountUrl(session: AcmeSession, key: KeyObject): Promise<string | RevocationOutcome> {
  const url = await session.resource('newAccount');
  if (typeof url !== 'string') return url;
  const call = await session.post(url, { key, kid: null }, { onlyReturnExisting: true });
  if ('outcome' in call) return call;
  if (!call.ok) return failed({ ...call, reached: false });
  const location = call.answer.headers.location;
  if (call.answer.status === 200 && location !== undefined) return location;
  if (call.answer.status === 400) return refused('not-authenticated', 'The CA does not know this account key.');
  return notOrdered(call.answer.status >= 400 ? fromStatus(call.answer) : badAnswer());
}

/** Before the order has left, "nobody knows" is "nothing happened". */
function notOrdered(outcome: RevocationOutcome): RevocationOutcome {
  if (outcome.outcome !== 'unknown') return outcome;
  return {
    outcome: 'retry',
    code: outcome.code,
    message: 'The CA could not be prepared for the order; nothing was ordered.',
    after: null,
  };
}

export function jws(signer: AcmeSigner, url: string, nonce: string, payload: object | ''): string {
  const { algorithm, digest } = algorithmOf(signer.key);
  const header = {
    alg: algorithm,
    nonce,
    url,
    ...(signer.kid === null ? { jwk: publicJwk(signer.key) } : { kid: signer.kid }),
  };
  const protectedPart = Buffer.from(JSON.stringify(header)).toString('base64url');
  const payloadPart = payload === '' ? '' : Buffer.from(JSON.stringify(payload)).toString('base64url');
  const signature = sign(digest, Buffer.from(`${protectedPart}.${payloadPart}`), {
    key: signer.key,
    dsaEncoding: 'ieee-p1363',
  });
  return JSON.stringify({ protected: protectedPart, payload: payloadPart, signature: signature.toString('base64url') });
}

function algorithmOf(key: KeyObject): { algorithm: string; digest: string | null } {
  if (key.asymmetricKeyType === 'rsa') return { algorithm: 'RS256', digest: 'sha256' };
  if (key.asymmetricKeyType === 'ed25519') return { algorithm: 'EdDSA', digest: null };
  switch (key.asymmetricKeyDetails?.namedCurve) {
    case 'secp384r1':
      return { algorithm: 'ES384', digest: 'sha384' };
    case 'secp521r1':
      return { algorithm: 'ES512', digest: 'sha512' };
    default:
      return { algorithm: 'ES256', digest: 'sha256' };
  }
}

/** Only the public members, in the order in which RFC 7638 hashes them. */
export function publicJwk(key: KeyObject): Record<string, string> {
  const jwk = createPublicKey(key).export({ format: 'jwk' }) as Record<string, string>;
  const members =
    jwk.kty === 'RSA' ? ['e', 'kty', 'n'] : jwk.kty === 'EC' ? ['crv', 'kty', 'x', 'y'] : ['crv', 'kty', 'x'];
  return Object.fromEntries(members.map((name) => [name, jwk[name]!]));
}
