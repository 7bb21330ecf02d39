/** A small ACME client for tests and benches: the lab CA's server and Pebble are driven by the same hand. */
import { createHmac, createPublicKey, generateKeyPairSync, hash, type KeyObject } from 'node:crypto';
import { writeCsr } from '../../src/foundation/pki/csr.ts';
import { readPem } from '../../src/foundation/pki/pem.ts';
import { jws, publicJwk } from '../../src/stages/revocation/connectors/acme-session.ts';
import { type CaAnswer, type CaTransport, jsonOf, textOf } from '../../src/stages/revocation/transport.ts';

export const newKey = () => generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey;
export const spkiOf = (key: KeyObject) => new Uint8Array(createPublicKey(key).export({ type: 'spki', format: 'der' }));

export interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly text: string;
  // biome-ignore lint/suspicious/noExplicitAny: whatever the server says; tests look at it.
  readonly body: any;
}

export class AcmeClient {
  readonly transport: CaTransport;
  readonly directoryUrl: string;
  readonly key: KeyObject;
  // biome-ignore lint/suspicious/noExplicitAny: a directory.
  directory: any;
  kid: string | null = null;
  readonly #nonces: string[] = [];

  constructor(transport: CaTransport, directoryUrl: string, key: KeyObject = newKey()) {
    this.transport = transport;
    this.directoryUrl = directoryUrl;
    this.key = key;
  }

  async open(): Promise<this> {
    this.directory = jsonOf(await this.raw('GET', this.directoryUrl));
    return this;
  }

  async raw(
    method: 'GET' | 'HEAD' | 'POST',
    url: string,
    body?: string,
    type = 'application/jose+json',
  ): Promise<CaAnswer> {
    const call = await this.transport.call({
      method,
      url,
      ...(body === undefined ? {} : { body, headers: { 'content-type': type } }),
    });
    if (!call.ok) throw new Error(`no answer from ${url}: ${call.code}`);
    const nonce = call.answer.headers['replay-nonce'];
    if (nonce !== undefined) this.#nonces.push(nonce);
    return call.answer;
  }

  async nonce(): Promise<string> {
    if (this.#nonces.length === 0) await this.raw('HEAD', this.directory.newNonce);
    return this.#nonces.pop()!;
  }

  /** Signed by the account; `as` signs otherwise. */
  async post(
    url: string,
    payload: object | '',
    as: { key: KeyObject; kid: string | null } = this.account,
  ): Promise<Answer> {
    for (let attempt = 0; ; attempt++) {
      const answer = await this.raw('POST', url, jws(as, url, await this.nonce(), payload));
      const body = jsonOf(answer);
      if (String(body?.type).endsWith(':badNonce') && attempt < 10) continue;
      return { status: answer.status, headers: answer.headers, text: textOf(answer), body };
    }
  }

  get account(): { key: KeyObject; kid: string | null } {
    return { key: this.key, kid: this.kid };
  }

  async register(more: object = {}): Promise<Answer> {
    const answer = await this.post(
      this.directory.newAccount,
      { termsOfServiceAgreed: true, ...more },
      { key: this.key, kid: null },
    );
    this.kid = answer.headers.location ?? null;
    return answer;
  }

  binding(kid: string, macKey: Uint8Array): object {
    const protectedPart = Buffer.from(JSON.stringify({ alg: 'HS256', kid, url: this.directory.newAccount })).toString(
      'base64url',
    );
    const payload = Buffer.from(JSON.stringify(publicJwk(this.key))).toString('base64url');
    const signature = createHmac('sha256', macKey).update(`${protectedPart}.${payload}`).digest('base64url');
    return { protected: protectedPart, payload, signature };
  }

  keyAuthorization(token: string): string {
    return `${token}.${hash('sha256', JSON.stringify(publicJwk(this.key)), 'base64url')}`;
  }

  order(names: readonly string[], more: object = {}): Promise<Answer> {
    return this.post(this.directory.newOrder, { identifiers: names.map((value) => ({ type: 'dns', value })), ...more });
  }

  /** Answers one challenge of each pending authorization, after `prepare` has set the proof up. */
  async prove(
    order: Answer,
    type = 'http-01',
    prepare: (name: string, token: string, keyAuthorization: string) => void | Promise<void> = () => {},
  ): Promise<Answer[]> {
    const decided: Answer[] = [];
    for (const url of order.body.authorizations) {
      let authorization = await this.post(url, '');
      if (authorization.body.status !== 'pending') continue;
      const challenge =
        authorization.body.challenges.find((one: { type: string }) => one.type === type) ??
        authorization.body.challenges[0];
      await prepare(authorization.body.identifier.value, challenge.token, this.keyAuthorization(challenge.token));
      await this.post(challenge.url, {});
      for (let i = 0; i < 100; i++) {
        authorization = await this.post(url, '');
        if (authorization.body.status !== 'pending') break;
        await new Promise((resolve) => setTimeout(resolve, 5));
      }
      decided.push(authorization);
    }
    return decided;
  }

  async finalize(order: Answer, names: readonly string[], key: KeyObject): Promise<Answer> {
    const csr = writeCsr({ subject: [], names, spki: spkiOf(key), signWith: key });
    const location = order.headers.location!;
    let answer = await this.post(order.body.finalize, { csr: Buffer.from(csr).toString('base64url') });
    for (let i = 0; i < 100 && (answer.body.status === 'processing' || answer.body.status === 'ready'); i++) {
      await new Promise((resolve) => setTimeout(resolve, 20));
      answer = await this.post(location, '');
    }
    return answer;
  }

  /** The whole way for names that validate by themselves. */
  async obtain(
    names: readonly string[],
    key: KeyObject = newKey(),
    more: object = {},
  ): Promise<{ der: Uint8Array; key: KeyObject; chain: Uint8Array[] }> {
    const order = await this.order(names, more);
    if (order.status !== 201) throw new Error(`newOrder: ${order.status} ${order.text}`);
    await this.prove(order);
    const done = await this.finalize(order, names, key);
    if (done.body.status !== 'valid') throw new Error(`finalize: ${done.status} ${done.text}`);
    const chain = readPem((await this.post(done.body.certificate, '')).text).map((block) => block.bytes);
    return { der: chain[0]!, key, chain };
  }

  revoke(der: Uint8Array, reason?: number, as = this.account): Promise<Answer> {
    const payload = {
      certificate: Buffer.from(der).toString('base64url'),
      ...(reason === undefined ? {} : { reason }),
    };
    return this.post(this.directory.revokeCert, payload, as);
  }
}
