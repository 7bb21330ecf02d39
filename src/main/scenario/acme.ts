/**
 * An ACME client as subscribers run one, over real HTTP: an account (bound to the subscriber where the sender is one),
 * authorisations for the names it controls, and revokeCert (RFC 8555). What the server refuses never reaches the desk.
 */
import { createHmac, type KeyObject, sign } from 'node:crypto';
import { freshKey } from './keys.ts';

/** Key of the external account bindings of a replay; the server and its clients live in one process. */
export const bindingKey = Buffer.from('replay-external-accounts');

export interface AcmeAnswer {
  readonly accepted: boolean;
  readonly detail: string;
}

type Signer = { readonly key: KeyObject } & ({ readonly kid: string } | { readonly jwk: Record<string, unknown> });

const encode = (value: Uint8Array | string): string => Buffer.from(value).toString('base64url');

export class AcmeClient {
  readonly #directory: string;
  /** One account for each sender, as in life. */
  readonly #accounts = new Map<string, Signer>();
  readonly #authorised = new Map<string, Set<string>>();

  constructor(directory: string) {
    this.#directory = directory;
  }

  /** Signed by the sender's account. `subscriber`: the external account it is bound to; `names`: what it can show control of. */
  async revokeAsAccount(order: {
    readonly contact: string;
    readonly subscriber: string | null;
    readonly names: readonly string[];
    readonly certificate: Uint8Array;
    readonly reason: number | null;
  }): Promise<AcmeAnswer> {
    const account = await this.#account(order.contact, order.subscriber);
    await this.#authorise(order.contact, account, order.names);
    return this.#revoke(account, order.certificate, order.reason);
  }

  /** Signed by the certificate's own private key. */
  async revokeWithKey(key: KeyObject, certificate: Uint8Array, reason: number | null): Promise<AcmeAnswer> {
    return this.#revoke({ key, jwk: publicJwk(key) }, certificate, reason);
  }

  async #revoke(signer: Signer, certificate: Uint8Array, reason: number | null): Promise<AcmeAnswer> {
    const payload = { certificate: encode(certificate), ...(reason === null ? {} : { reason }) };
    const response = await this.#post('revoke-cert', payload, signer);
    const detail = response.ok ? 'revoked' : ((await response.json()) as { detail?: string }).detail;
    return { accepted: response.ok, detail: detail ?? `HTTP ${response.status}` };
  }

  async #account(contact: string, subscriber: string | null): Promise<Signer> {
    const known = this.#accounts.get(contact);
    if (known !== undefined) return known;
    const { private: key } = freshKey('p256');
    const jwk = publicJwk(key);
    const binding = subscriber === null ? {} : { externalAccountBinding: this.#binding(jwk, subscriber) };
    const body = { termsOfServiceAgreed: true, contact: [`mailto:${contact}`], ...binding };
    const response = await this.#post('new-account', body, { key, jwk });
    const kid = response.headers.get('location');
    if (kid === null) throw new Error(`the ACME server made no account: ${await response.text()}`);
    const account = { key, kid };
    this.#accounts.set(contact, account);
    return account;
  }

  #binding(jwk: Record<string, unknown>, subscriber: string): Record<string, string> {
    const head = encode(JSON.stringify({ alg: 'HS256', kid: subscriber, url: this.#url('new-account') }));
    const payload = encode(JSON.stringify(jwk));
    const signature = createHmac('sha256', bindingKey).update(`${head}.${payload}`).digest('base64url');
    return { protected: head, payload, signature };
  }

  async #authorise(contact: string, account: Signer, names: readonly string[]): Promise<void> {
    const done = this.#authorised.get(contact) ?? new Set<string>();
    this.#authorised.set(contact, done);
    const open = names.filter((name) => !done.has(name));
    if (open.length === 0) return;
    const identifiers = open.map((value) => ({ type: 'dns', value }));
    const order = (await (await this.#post('new-order', { identifiers }, account)).json()) as {
      authorizations?: readonly string[];
    };
    for (const url of order.authorizations ?? []) {
      const { challenges } = (await (await this.#post(url, null, account)).json()) as {
        challenges: readonly { readonly url: string; readonly type: string }[];
      };
      const [challenge] = challenges.filter((c) => c.type === 'dns-01');
      if (challenge !== undefined) await this.#post(challenge.url, {}, account);
    }
    for (const name of open) done.add(name);
  }

  async #post(to: string, payload: unknown, signer: Signer): Promise<Response> {
    const url = to.startsWith('http') ? to : this.#url(to);
    const fresh = await fetch(this.#url('new-nonce'), { method: 'HEAD' });
    const { key, ...named } = signer;
    const rsa = key.asymmetricKeyType === 'rsa';
    const header = { alg: rsa ? 'RS256' : 'ES256', nonce: fresh.headers.get('replay-nonce'), url, ...named };
    const head = encode(JSON.stringify(header));
    // POST-as-GET has an empty payload (RFC 8555 section 6.3).
    const body = payload === null ? '' : encode(JSON.stringify(payload));
    const signature = sign('sha256', Buffer.from(`${head}.${body}`), { key, dsaEncoding: 'ieee-p1363' });
    return fetch(url, {
      method: 'POST',
      headers: { 'content-type': 'application/jose+json' },
      body: JSON.stringify({ protected: head, payload: body, signature: encode(signature) }),
    });
  }

  #url(path: string): string {
    return `${this.#directory}/${path}`;
  }
}

function publicJwk(key: KeyObject): Record<string, unknown> {
  const { kty, crv, x, y, n, e } = key.export({ format: 'jwk' }) as Record<string, string | undefined>;
  return kty === 'EC' ? { kty, crv, x, y } : { kty, n, e };
}
