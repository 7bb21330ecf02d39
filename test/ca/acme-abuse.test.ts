/**
 * What a hostile or broken client can send to the ACME server, row by row: RFC 8555 sections 6 and 10, and the cases of
 * Boulder's own table (wfe2/verify_test.go). Every row has one right problem type, leaves nothing behind, and is
 * followed by a request that still works.
 */
import { createHmac, createPublicKey, generateKeyPairSync, type KeyObject, sign } from 'node:crypto';
import fc from 'fast-check';
import { beforeAll, describe, expect, test } from 'vitest';
import { acmeApp } from '../../src/lab-ca/acme/server.ts';
import { publicJwk } from '../../src/stages/revocation/connectors/acme-session.ts';
import { fetchTransport } from '../../src/stages/revocation/transport.ts';
import { AcmeClient, type Answer, newKey } from './acme-client.ts';
import { aLab } from './lab.ts';

const base = 'https://acme.test/acme';
const text = (value: unknown) => (typeof value === 'string' ? value : JSON.stringify(value));
const encoded = (value: unknown) => Buffer.from(text(value)).toString('base64url');
const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey;
const rsaSmall = generateKeyPairSync('rsa', { modulusLength: 1024 }).privateKey;
const p384 = generateKeyPairSync('ec', { namedCurve: 'P-384' }).privateKey;
const stranger = newKey();

const p1363 = (key: KeyObject, data: string) => sign('sha256', Buffer.from(data), { key, dsaEncoding: 'ieee-p1363' });

let app: ReturnType<typeof acmeApp>;
let client: AcmeClient;
let other: AcmeClient;
let order: Answer;
let certificate: { der: Uint8Array; key: KeyObject };
beforeAll(async () => {
  app = acmeApp((await aLab()).ca, { url: base, world: null });
  const transport = fetchTransport(async (url, init) => app.fetch(new Request(url, init)));
  const registered = async () => {
    const one = await new AcmeClient(transport, `${base}/directory`).open();
    await one.register();
    return one;
  };
  client = await registered();
  other = await registered();
  certificate = await client.obtain(['shop.example']);
  order = await client.order(['shop.example', 'new.shop.example']);
});

interface Sent {
  readonly url: string;
  readonly header: Record<string, unknown>;
  readonly payload: unknown;
  readonly key: KeyObject;
}
type Change = Partial<{
  url: string;
  /** Members of the protected header; undefined takes one out. */
  header: Record<string, unknown>;
  payload: unknown;
  key: KeyObject;
  signature: (data: string) => string;
  /** The protected header as it is written, for what JSON.stringify does not write. */
  protectedText: (header: Record<string, unknown>) => string;
  /** The body as it is sent. */
  body: (parts: { protected: string; payload: string; signature: string }) => unknown;
  type: string | null;
  method: string;
}>;

/** A request that is right in everything but `change`. */
async function send(change: Change): Promise<{ status: number; type: string; answer: Response; body: never }> {
  const sent: Sent = {
    url: change.url ?? client.directory.newOrder,
    header: {
      alg: 'ES256',
      nonce: await client.nonce(),
      url: change.url ?? client.directory.newOrder,
      kid: client.kid,
      ...change.header,
    },
    payload: change.payload ?? { identifiers: [{ type: 'dns', value: 'abuse.example' }] },
    key: change.key ?? client.key,
  };
  const protectedPart = encoded(change.protectedText?.(sent.header) ?? sent.header);
  const payload = sent.payload === '' ? '' : encoded(sent.payload);
  const data = `${protectedPart}.${payload}`;
  const signature = change.signature?.(data) ?? p1363(sent.key, data).toString('base64url');
  const parts = { protected: protectedPart, payload, signature };
  const type = change.type === undefined ? 'application/jose+json' : change.type;
  const method = change.method ?? 'POST';
  const answer = await app.fetch(
    new Request(sent.url, {
      method,
      ...(method === 'GET' ? {} : { body: text(change.body?.(parts) ?? parts) }),
      headers: type === null ? {} : { 'content-type': type },
    }),
  );
  const body = (await answer.clone().json()) as never;
  const problem = String((body as { type?: unknown }).type ?? '').replace('urn:ietf:params:acme:error:', '');
  return { status: answer.status, type: problem, answer, body };
}

const jwkOnly = (key: KeyObject, more: object = {}) => ({ kid: undefined, jwk: { ...publicJwk(key), ...more } });
const newAccount = { url: `${base}/new-account`, payload: { termsOfServiceAgreed: true } };
const revokeCert = (): Change => ({
  url: `${base}/revoke-cert`,
  payload: { certificate: Buffer.from(certificate.der).toString('base64url') },
});

type Row = readonly [what: string, change: () => Change | Promise<Change>, status: number, type: string];

const rows: Record<string, readonly Row[]> = {
  'the nonce (6.5)': [
    ['none', () => ({ header: { nonce: undefined } }), 400, 'badNonce'],
    ['an empty one', () => ({ header: { nonce: '' } }), 400, 'badNonce'],
    ['one that nobody gave out', () => ({ header: { nonce: 'AAAAAAAAAAAAAAAAAAAAAA' } }), 400, 'badNonce'],
    ['one that is not base64url', () => ({ header: { nonce: 'im a nonce!' } }), 400, 'malformed'],
    ['one that is a number', () => ({ header: { nonce: 5 } }), 400, 'malformed'],
    ['one as long as a book', () => ({ header: { nonce: 'A'.repeat(100_000) } }), 400, 'malformed'],
  ],
  'the url (6.4)': [
    ['none', () => ({ header: { url: undefined } }), 403, 'unauthorized'],
    ['of another resource', () => ({ header: { url: `${base}/revoke-cert` } }), 403, 'unauthorized'],
    ['of another host', () => ({ header: { url: 'https://evil.test/acme/new-order' } }), 403, 'unauthorized'],
    ['with a query', () => ({ header: { url: `${base}/new-order?a=b` } }), 403, 'unauthorized'],
    ['that is not text', () => ({ header: { url: [`${base}/new-order`] } }), 400, 'malformed'],
  ],
  'the algorithm (6.2)': [
    ['none', () => ({ header: { alg: 'none' }, signature: () => '' }), 400, 'badSignatureAlgorithm'],
    ['missing', () => ({ header: { alg: undefined } }), 400, 'malformed'],
    ['spelled nOnE', () => ({ header: { alg: 'nOnE' }, signature: () => '' }), 400, 'badSignatureAlgorithm'],
    [
      'HS256 with the public key as secret',
      () => {
        const pem = createPublicKey(client.key).export({ type: 'spki', format: 'pem' });
        return {
          header: { alg: 'HS256' },
          signature: (data) => createHmac('sha256', pem).update(data).digest('base64url'),
        };
      },
      400,
      'badSignatureAlgorithm',
    ],
    ['RS256 for an EC key', () => ({ header: { alg: 'RS256' } }), 400, 'badSignatureAlgorithm'],
    ['PS256', () => ({ header: { alg: 'PS256' } }), 400, 'badSignatureAlgorithm'],
    ['ES384 for a P-256 key', () => ({ header: { alg: 'ES384' } }), 400, 'badSignatureAlgorithm'],
    [
      'ES256 for a P-384 key',
      () => ({ ...newAccount, header: jwkOnly(p384), key: p384 }),
      400,
      'badSignatureAlgorithm',
    ],
    [
      'ES256 for an RSA key',
      () => ({
        ...newAccount,
        header: jwkOnly(rsa),
        signature: (data) => sign('sha256', Buffer.from(data), rsa).toString('base64url'),
      }),
      400,
      'badSignatureAlgorithm',
    ],
    ['a name of every object', () => ({ header: { alg: 'constructor' } }), 400, 'badSignatureAlgorithm'],
    ['that is a list', () => ({ header: { alg: ['ES256'] } }), 400, 'malformed'],
  ],
  'the signature': [
    ['empty', () => ({ signature: () => '' }), 400, 'malformed'],
    ['of another key', () => ({ key: stranger }), 400, 'malformed'],
    ['of zeros', () => ({ signature: () => Buffer.alloc(64).toString('base64url') }), 400, 'malformed'],
    [
      'in DER',
      () => ({ signature: (data) => sign('sha256', Buffer.from(data), client.key).toString('base64url') }),
      400,
      'malformed',
    ],
    ['over another payload', () => ({ body: (parts) => ({ ...parts, payload: encoded({}) }) }), 400, 'malformed'],
    [
      'over another header',
      () => ({ body: (p) => ({ ...p, protected: encoded({ alg: 'ES256', kid: client.kid }) }) }),
      400,
      'malformed',
    ],
    ['padded', () => ({ body: (parts) => ({ ...parts, signature: `${parts.signature}==` }) }), 400, 'malformed'],
  ],
  'the shape of the JWS (6.1, 6.2)': [
    ['not JSON', () => ({ body: () => 'not json' }), 400, 'malformed'],
    ['an empty body', () => ({ body: () => ' ' }), 400, 'malformed'],
    ['compact', () => ({ body: (p) => `"${p.protected}.${p.payload}.${p.signature}"` }), 400, 'malformed'],
    ['a list', () => ({ body: (parts) => [parts] }), 400, 'malformed'],
    ['null', () => ({ body: () => 'null' }), 400, 'malformed'],
    ['several signatures', () => ({ body: (p) => ({ payload: p.payload, signatures: [p, p] }) }), 400, 'malformed'],
    ['a signature and signatures', () => ({ body: (p) => ({ ...p, signatures: [] }) }), 400, 'malformed'],
    ['an unprotected header', () => ({ body: (p) => ({ ...p, header: { kid: other.kid } }) }), 400, 'malformed'],
    ['no protected header', () => ({ body: (p) => ({ ...p, protected: undefined }) }), 400, 'malformed'],
    ['a protected header that is no JSON', () => ({ protectedText: () => '{' }), 400, 'malformed'],
    ['a protected header that is a list', () => ({ protectedText: () => '[]' }), 400, 'malformed'],
    ['a protected header that is null', () => ({ protectedText: () => 'null' }), 400, 'malformed'],
    ['a member that is a number', () => ({ body: (p) => ({ ...p, payload: 5 }) }), 400, 'malformed'],
    ['plain base64', () => ({ body: (p) => ({ ...p, payload: `${p.payload}+/` }) }), 400, 'malformed'],
    ['crit', () => ({ header: { crit: ['exp'], exp: 1 } }), 400, 'malformed'],
    ['an unencoded payload (b64)', () => ({ header: { crit: ['b64'], b64: false } }), 400, 'malformed'],
    ['larger than is read', () => ({ body: () => 'x'.repeat(300_000) }), 413, 'malformed'],
    ['deeper than anybody nests', () => ({ body: () => `${'['.repeat(100_000)}` }), 400, 'malformed'],
  ],
  'the key (6.2, 10.2)': [
    ['jwk and kid', () => ({ header: { jwk: publicJwk(client.key) } }), 400, 'malformed'],
    ['neither', () => ({ header: { kid: undefined } }), 400, 'malformed'],
    ['a jwk where an account has to sign', () => ({ header: jwkOnly(client.key) }), 400, 'malformed'],
    ['a kid where the key has to sign', () => ({ ...newAccount }), 400, 'malformed'],
    ['a kid of another account', () => ({ header: { kid: other.kid } }), 400, 'malformed'],
    ['a kid that no account has', () => ({ header: { kid: `${base}/account/nobody` } }), 400, 'accountDoesNotExist'],
    ['a kid of another CA', () => ({ header: { kid: 'https://evil.test/account/1' } }), 400, 'accountDoesNotExist'],
    [
      'a kid that is only an id',
      () => ({ header: { kid: client.kid!.split('/').at(-1) } }),
      400,
      'accountDoesNotExist',
    ],
    ['a kid that is an object', () => ({ header: { kid: {} } }), 400, 'malformed'],
    [
      'a symmetric jwk',
      () => ({ ...newAccount, header: { kid: undefined, jwk: { kty: 'oct', k: 'AAAA' } } }),
      400,
      'badPublicKey',
    ],
    [
      'a jwk with the private part',
      () => ({ ...newAccount, header: jwkOnly(stranger, { d: 'AAAA' }) }),
      400,
      'badPublicKey',
    ],
    ['a jwk that is no key', () => ({ ...newAccount, header: { kid: undefined, jwk: {} } }), 400, 'badPublicKey'],
    [
      'a point that is not on the curve',
      () => ({ ...newAccount, header: jwkOnly(stranger, { y: publicJwk(newKey()).y }) }),
      400,
      'badPublicKey',
    ],
    [
      'an RSA key of 1024 bits',
      () => ({
        ...newAccount,
        header: { alg: 'RS256', ...jwkOnly(rsaSmall) },
        signature: (data) => sign('sha256', Buffer.from(data), rsaSmall).toString('base64url'),
      }),
      400,
      'badPublicKey',
    ],
  ],
  'the headers of HTTP (6.2, 6.3)': [
    ['no content type', () => ({ type: null }), 415, 'malformed'],
    ['application/json', () => ({ type: 'application/json' }), 415, 'malformed'],
    ['a content type that only begins alike', () => ({ type: 'application/jose+json-seq' }), 415, 'malformed'],
    ['two content types', () => ({ type: 'application/jose+json, text/html' }), 415, 'malformed'],
    ['GET where POST-as-GET reads', () => ({ url: order.headers.location!, method: 'GET' }), 405, 'malformed'],
    ['PUT', () => ({ method: 'PUT' }), 405, 'malformed'],
    ['a resource that does not exist', () => ({ url: `${base}/nowhere` }), 404, 'malformed'],
  ],
  'the payload': [
    ['empty where something is asked', () => ({ payload: '' }), 400, 'malformed'],
    ['not JSON', () => ({ payload: 'order!' }), 400, 'malformed'],
    ['a list', () => ({ payload: [] }), 400, 'malformed'],
    ['null', () => ({ payload: 'null' }), 400, 'malformed'],
    ['in an order that is only read', () => ({ url: order.headers.location!, payload: {} }), 400, 'malformed'],
    ['in a list of orders that is only read', () => ({ url: `${client.kid}/orders`, payload: {} }), 400, 'malformed'],
    [
      'that does not deactivate an authorization',
      () => ({ url: order.body.authorizations[0], payload: {} }),
      400,
      'malformed',
    ],
    ['that makes an account valid', () => ({ url: client.kid!, payload: { status: 'valid' } }), 400, 'malformed'],
    ['names that are a text', () => ({ payload: { identifiers: 'a.example' } }), 400, 'malformed'],
    ['a name that is null', () => ({ payload: { identifiers: [null] } }), 400, 'unsupportedIdentifier'],
    [
      'more names than fit a certificate',
      () => ({
        payload: { identifiers: Array.from({ length: 101 }, (_, i) => ({ type: 'dns', value: `a${i}.example` })) },
      }),
      400,
      'malformed',
    ],
    [
      'a name with a NUL',
      () => ({ payload: { identifiers: [{ type: 'dns', value: 'a\u0000.example' }] } }),
      400,
      'rejectedIdentifier',
    ],
  ],
  "what is another's": [
    [
      'an order',
      () => ({ url: order.headers.location!, payload: '', header: { kid: other.kid }, key: other.key }),
      403,
      'unauthorized',
    ],
    [
      'an authorization',
      () => ({ url: order.body.authorizations[1], payload: '', header: { kid: other.kid }, key: other.key }),
      403,
      'unauthorized',
    ],
    [
      'finalizing',
      () => ({ url: order.body.finalize, payload: { csr: 'AAAA' }, header: { kid: other.kid }, key: other.key }),
      403,
      'unauthorized',
    ],
    [
      'an account',
      () => ({ url: client.kid!, payload: '', header: { kid: other.kid }, key: other.key }),
      403,
      'unauthorized',
    ],
    [
      'a list of orders',
      () => ({ url: `${client.kid}/orders`, payload: '', header: { kid: other.kid }, key: other.key }),
      403,
      'unauthorized',
    ],
    [
      'a certificate to revoke',
      () => ({ ...revokeCert(), header: { kid: other.kid }, key: other.key }),
      403,
      'unauthorized',
    ],
    [
      'a certificate to revoke, by a key of no meaning',
      () => ({ ...revokeCert(), header: jwkOnly(stranger), key: stranger }),
      403,
      'unauthorized',
    ],
  ],
  'revocation (7.6)': [
    ['no certificate', () => ({ ...revokeCert(), payload: {} }), 400, 'malformed'],
    ['a certificate that is none', () => ({ ...revokeCert(), payload: { certificate: 'AAAA' } }), 400, 'malformed'],
    ['a certificate in PEM', () => ({ ...revokeCert(), payload: { certificate: '-----BEGIN' } }), 400, 'malformed'],
    [
      'a reason in words',
      () => ({ ...revokeCert(), payload: { ...(revokeCert().payload as object), reason: 'keyCompromise' } }),
      400,
      'badRevocationReason',
    ],
    [
      'a reason below zero',
      () => ({ ...revokeCert(), payload: { ...(revokeCert().payload as object), reason: -1 } }),
      400,
      'badRevocationReason',
    ],
    [
      'certificateHold',
      () => ({ ...revokeCert(), payload: { ...(revokeCert().payload as object), reason: 6 } }),
      400,
      'badRevocationReason',
    ],
  ],
};

describe.each(Object.entries(rows))('ACME abuse: %s', (_, list) => {
  test.each(list)('%s', async (__, change, status, type) => {
    const { answer, body, ...got } = await send(await change());
    expect({ status: got.status, type: got.type }, JSON.stringify(body)).toEqual({ status, type });
    expect(answer.headers.get('content-type')).toBe('application/problem+json');
    expect(answer.headers.get('replay-nonce')).toMatch(/^[\w-]+$/);
    expect((body as { detail: string }).detail).not.toMatch(/\bat \w+ \(|Error:|undefined/);
    if (type === 'badSignatureAlgorithm') expect(body).toHaveProperty('algorithms');
  });
});

test('after all of it the same client still orders, and nothing was revoked or ordered on the way', async () => {
  expect((await send({ header: { nonce: await client.nonce() } })).status).toBe(201);
  expect((await client.post(order.headers.location!, '')).body.status).toBe('pending');
  expect((await client.revoke(certificate.der, 4)).status).toBe(200);
});

test('a request that was answered is not answered again: its nonce is used up, whatever it asked', async () => {
  let body = '';
  const first = await send({
    body: (parts) => {
      body = JSON.stringify(parts);
      return parts;
    },
  });
  expect(first.status).toBe(201);
  for (let i = 0; i < 3; i++) expect(await send({ body: () => body })).toMatchObject({ status: 400, type: 'badNonce' });
});

describe('ACME abuse: keyChange (7.3.5)', () => {
  const url = `${base}/key-change`;
  const fresh = newKey();
  const inner = (change: {
    header?: Record<string, unknown>;
    account?: unknown;
    oldKey?: unknown;
    signedBy?: KeyObject;
    key?: KeyObject;
  }) => {
    const key = change.key ?? fresh;
    const head = encoded({ alg: 'ES256', jwk: publicJwk(key), url, ...change.header });
    const payload = encoded({
      account: 'account' in change ? change.account : client.kid,
      oldKey: 'oldKey' in change ? change.oldKey : publicJwk(client.key),
    });
    const signature = p1363(change.signedBy ?? key, `${head}.${payload}`).toString('base64url');
    return { protected: head, payload, signature };
  };
  test.each([
    ['the inner url is another', () => inner({ header: { url: `${base}/new-order` } }), 400, 'malformed'],
    ['the inner url is missing', () => inner({ header: { url: undefined } }), 400, 'malformed'],
    ['the inner JWS has a nonce', () => inner({ header: { nonce: 'AAAA' } }), 400, 'malformed'],
    ['the inner JWS is signed by kid', () => inner({ header: { jwk: undefined, kid: client.kid } }), 400, 'malformed'],
    ['the inner JWS is signed by the old key', () => inner({ signedBy: client.key }), 400, 'malformed'],
    ['the inner algorithm is none', () => inner({ header: { alg: 'none' } }), 400, 'badSignatureAlgorithm'],
    ['the account is another', () => inner({ account: other.kid }), 400, 'malformed'],
    ['the account is missing', () => inner({ account: undefined }), 400, 'malformed'],
    ['the old key is another', () => inner({ oldKey: publicJwk(stranger) }), 400, 'malformed'],
    ['the old key is missing', () => inner({ oldKey: undefined }), 400, 'malformed'],
    ['the old key is no key', () => inner({ oldKey: { kty: 'EC' } }), 400, 'badPublicKey'],
    ['the new key is that of another account', () => inner({ key: other.key }), 409, 'malformed'],
    ['the new key is the old one', () => inner({ key: client.key }), 409, 'malformed'],
    ['there is no inner JWS', () => ({}), 400, 'malformed'],
  ] as const)('%s', async (_, payload, status, type) => {
    const got = await send({ url, payload: payload() });
    expect({ status: got.status, type: got.type }, JSON.stringify(got.body)).toEqual({ status, type });
    if (status === 409) expect(got.answer.headers.get('location')).toMatch(/\/account\//);
  });

  test('nobody but the holder of the old key changes it, and the old key still orders', async () => {
    const got = await send({ url, payload: inner({}), header: { kid: other.kid }, key: other.key });
    expect(got).toMatchObject({ status: 400, type: 'malformed' });
    expect((await send({})).status).toBe(201);
  });
});

test('whatever bytes come, the answer is a problem that blames the client', async () => {
  const json = fc.json({ maxDepth: 4 });
  await fc.assert(
    fc.asyncProperty(
      fc.oneof(json, fc.string(), fc.record({ protected: json, payload: json, signature: json })),
      async (body) => {
        for (const path of ['new-account', 'new-order', 'revoke-cert', 'key-change', 'order/x', 'challenge/x/y']) {
          const answer = await app.fetch(
            new Request(`${base}/${path}`, {
              method: 'POST',
              body: text(body),
              headers: { 'content-type': 'application/jose+json' },
            }),
          );
          expect(answer.status).toBeGreaterThanOrEqual(400);
          expect(answer.status).toBeLessThan(500);
        }
      },
    ),
    { numRuns: 100 },
  );
});

test('a header whose right signature is over anything is refused or read, never a failure of the CA', async () => {
  const value = fc.oneof(fc.jsonValue({ maxDepth: 3 }), fc.string());
  await fc.assert(
    fc.asyncProperty(
      fc.dictionary(fc.constantFrom('alg', 'nonce', 'url', 'kid', 'jwk', 'crit', 'x5c'), value),
      value,
      async (header, payload) => {
        const got = await send({ header, payload: payload === '' ? 'x' : payload });
        expect(got.status, JSON.stringify(got.body)).toBeLessThan(500);
      },
    ),
    { numRuns: 200 },
  );
});
