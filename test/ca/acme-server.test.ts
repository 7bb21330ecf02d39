import { generateKeyPairSync, hash } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { parseCertificate } from '../../src/foundation/pki/x509.ts';
import { hours } from '../../src/foundation/time/time.ts';
import type { AcmeOptions } from '../../src/lab-ca/acme/options.ts';
import { AcmeProblem } from '../../src/lab-ca/acme/problem.ts';
import type { AcmeRevocation } from '../../src/lab-ca/acme/revocation.ts';
import { acmeApp, certificateId } from '../../src/lab-ca/acme/server.ts';
import type { CaaRecord, ValidationWorld } from '../../src/lab-ca/acme/validation.ts';
import type { PolicyAnswer, PolicyQuestion } from '../../src/lab-ca/order-policy.ts';
import { jws, publicJwk } from '../../src/stages/revocation/connectors/acme-session.ts';
import { fetchTransport } from '../../src/stages/revocation/transport.ts';
import { AcmeClient, newKey, spkiOf } from './acme-client.ts';
import { aLab } from './lab.ts';

const base = 'https://acme.test/acme';

async function anAcme(options: Partial<AcmeOptions> = {}, blocked: Set<string> = new Set()) {
  const lab = await aLab();
  const revocations: AcmeRevocation[] = [];
  const issued: unknown[] = [];
  Object.assign(lab.ca.options, {
    blockedKeys: {
      url: 'http://desk.test',
      fetch: async (url: string) => Response.json({ blocked: blocked.has(String(url).slice(-64)) }),
    },
  });
  const app = acmeApp(lab.ca, {
    url: base,
    world: null,
    onRevocation: (revocation) => void revocations.push(revocation),
    onIssued: (one) => void issued.push(one),
    ...options,
  });
  const transport = fetchTransport(async (url, init) => app.fetch(new Request(url, init)));
  const client = async (key = newKey()) => new AcmeClient(transport, `${base}/directory`, key).open();
  const registered = async (key = newKey()) => {
    const one = await client(key);
    expect((await one.register()).status).toBe(201);
    return one;
  };
  return { ...lab, app, client, registered, revocations, issued, blocked };
}

const error = (answer: { body: { type?: string } }) => answer.body.type?.replace('urn:ietf:params:acme:error:', '');

describe('an ACME client obtains and revokes', () => {
  test('a certificate for its names, which the CRL and OCSP then call revoked', async () => {
    const acme = await anAcme();
    const client = await acme.registered();
    const { der, chain } = await client.obtain(['Shop.Example', '*.shop.example']);
    const leaf = parseCertificate(der);
    expect(leaf.names).toEqual(['shop.example', '*.shop.example']);
    expect(chain.length).toBe(2);
    expect(acme.issued).toMatchObject([{ serial: leaf.serial, replaces: null }]);
    expect((await client.revoke(der, 4)).status).toBe(200);
    expect((await acme.ca.revocations.look(leaf.serial))?.revocation?.reason).toBe(4);
    const again = await client.revoke(der, 4);
    expect([again.status, error(again)]).toEqual([400, 'alreadyRevoked']);
    expect(acme.revocations).toMatchObject([{ by: 'account', reason: 4, provenKey: null }]);
  });

  test('the profile decides lifetime and pointers, and an unknown one is refused', async () => {
    const acme = await anAcme();
    const client = await acme.registered();
    const { der } = await client.obtain(['a.example'], newKey(), { profile: 'shortlived' });
    const leaf = parseCertificate(der);
    expect(leaf.notAfter.since(leaf.notBefore).total('hours')).toBeLessThanOrEqual(160);
    expect([leaf.crlUrls, leaf.ocspUrls]).toEqual([[], []]);
    expect(error(await client.order(['a.example'], { profile: 'forever' }))).toBe('invalidProfile');
  });

  test('authorizations are used again, and deactivation ends that', async () => {
    const client = await (await anAcme()).registered();
    await client.obtain(['a.example']);
    const second = await client.order(['a.example']);
    expect(second.body.status).toBe('ready');
    await client.post(second.body.authorizations[0], { status: 'deactivated' });
    expect((await client.order(['a.example'])).body.status).toBe('pending');
  });
});

describe('revocation means what its signer can prove', () => {
  test("the certificate's own key: keyCompromise whatever is asked, a proof for the desk, also after another reason", async () => {
    const acme = await anAcme();
    const client = await acme.registered();
    const { der, key } = await client.obtain(['a.example']);
    expect((await client.revoke(der, 5)).status).toBe(200);
    const stranger = await acme.client();
    const answer = await stranger.revoke(der, 4, { key, kid: null });
    expect(answer.status).toBe(200);
    expect((await acme.ca.revocations.look(parseCertificate(der).serial))?.revocation?.reason).toBe(1);
    expect(acme.revocations[1]).toMatchObject({ by: 'certificate-key', reason: 1 });
    expect(acme.revocations[1]?.provenKey).toMatch(/^[0-9a-f]{64}$/);
    expect(error(await stranger.revoke(der, 1, { key, kid: null }))).toBe('alreadyRevoked');
  });

  test('another account that controls all names: cessationOfOperation, never keyCompromise', async () => {
    const acme = await anAcme();
    const owner = await acme.registered();
    const { der } = await owner.obtain(['a.example', 'b.example']);
    const other = await acme.registered();
    expect(error(await other.revoke(der, 1))).toBe('unauthorized');
    await other.obtain(['a.example']);
    expect(error(await other.revoke(der, 1))).toBe('unauthorized');
    await other.obtain(['b.example']);
    expect((await other.revoke(der, 1)).status).toBe(200);
    expect((await acme.ca.revocations.look(parseCertificate(der).serial))?.revocation?.reason).toBe(5);
    expect(acme.revocations).toMatchObject([{ by: 'authorisations', provenKey: null }]);
  });

  test("another key, a reason that is not a subscriber's to choose, and a foreign certificate are refused", async () => {
    const acme = await anAcme();
    const client = await acme.registered();
    const { der } = await client.obtain(['a.example']);
    expect(error(await client.revoke(der, 1, { key: newKey(), kid: null }))).toBe('unauthorized');
    for (const reason of [2, 6, 7, 8, 9, 10, 99])
      expect(error(await client.revoke(der, reason))).toBe('badRevocationReason');
    const foreign = await (await anAcme()).registered();
    const theirs = await foreign.obtain(['a.example']);
    const answer = await client.revoke(theirs.der, 1);
    expect([answer.status, error(answer)]).toEqual([404, 'malformed']);
    expect((await acme.ca.revocations.look(parseCertificate(der).serial))?.revocation).toBeNull();
  });
});

describe('a blocked key', () => {
  test('gets no certificate, no account, and stops the account that has it', async () => {
    const acme = await anAcme();
    const { keyHashes } = await import('../../src/foundation/pki/spki.ts');
    const bad = newKey();
    acme.blocked.add(keyHashes(spkiOf(bad)).canonical);
    const client = await acme.registered();
    const order = await client.order(['a.example']);
    await client.prove(order);
    expect(error(await client.finalize(order, ['a.example'], bad))).toBe('badPublicKey');
    // The order waits for a request with another key.
    expect((await client.finalize(order, ['a.example'], newKey())).body.status).toBe('valid');
    expect(error(await (await acme.client(bad)).register())).toBe('badPublicKey');
    acme.blocked.add(keyHashes(spkiOf(client.key)).canonical);
    expect(error(await client.order(['b.example']))).toBe('badPublicKey');
  });
});

describe('replaces (RFC 9773 section 5)', () => {
  test('is echoed, counts once, may be tried again after a failure, and needs the same account and a common name', async () => {
    const acme = await anAcme();
    const client = await acme.registered();
    const { der } = await client.obtain(['a.example']);
    const replaces = certificateId(der)!;
    const first = await client.order(['a.example', 'b.example'], { replaces });
    expect(first.body.replaces).toBe(replaces);
    const second = await client.order(['a.example'], { replaces });
    expect([second.status, error(second)]).toEqual([409, 'alreadyReplaced']);
    // The first order fails; then another may take its place.
    await client.post(first.body.authorizations.at(-1), { status: 'deactivated' });
    await client.post(first.headers.location!, '');
    expect((await client.order(['a.example'], { replaces })).status).toBe(201);
    expect(error(await client.order(['z.example'], { replaces }))).toBe('malformed');
    expect(error(await client.order(['a.example'], { replaces: 'nonsense' }))).toBe('malformed');
    expect(error(await (await acme.registered()).order(['a.example'], { replaces }))).toBe('unauthorized');
  });

  test('an order that has run out makes room for another without being looked at', async () => {
    const acme = await anAcme();
    const client = await acme.registered();
    const { der } = await client.obtain(['a.example']);
    const replaces = certificateId(der)!;
    expect((await client.order(['a.example', 'never-validated.example'], { replaces })).status).toBe(201);
    acme.time.advanceTo(acme.time.now().add(hours(24 * 8)));
    expect((await client.order(['a.example'], { replaces })).status).toBe(201);
  });

  test('a certificate that has been replaced is not replaced again, under no other spelling of its identifier either', async () => {
    const acme = await anAcme();
    const client = await acme.registered();
    const { der } = await client.obtain(['a.example']);
    const replaces = certificateId(der)!;
    await client.obtain(['a.example'], newKey(), { replaces });
    expect(acme.issued).toMatchObject([{ replaces: null }, { replaces }]);
    expect(error(await client.order(['a.example'], { replaces }))).toBe('alreadyReplaced');
    const [aki, serial] = replaces.split('.') as [string, string];
    const padded = Buffer.concat([Buffer.from([0]), Buffer.from(serial, 'base64url')]).toString('base64url');
    expect(error(await client.order(['a.example'], { replaces: `${aki}.${padded}` }))).toBe('malformed');
  });

  test('an unknown predecessor, a foreign issuer and what is no identifier are malformed, and make no order', async () => {
    const acme = await anAcme();
    const client = await acme.registered();
    const { der } = await client.obtain(['a.example']);
    const [aki] = certificateId(der)!.split('.') as [string, string];
    const foreign = certificateId((await (await (await anAcme()).registered()).obtain(['a.example'])).der)!;
    for (const replaces of [`${aki}.ASNF`, foreign, `${aki}=.ASNF`, `${aki}`, `${aki}.`, '', null, 5, 'a.b.c']) {
      const answer = await client.order(['a.example'], { replaces });
      expect([replaces, answer.status, error(answer)]).toEqual([replaces, 400, 'malformed']);
    }
  });

  test('a refused replacement is not exempt from the rate limit under the identifier of another account', async () => {
    const acme = await anAcme({ limits: { newOrder: { max: 1, per: hours(1) } }, isExempt: () => true });
    const owner = await acme.registered();
    const { der } = await owner.obtain(['a.example']);
    const other = await acme.registered();
    const answer = await other.order(['a.example'], { replaces: certificateId(der)! });
    expect([answer.status, error(answer)]).toEqual([403, 'unauthorized']);
  });

  test('an exempt replacement passes a rate limit that stops others', async () => {
    let exempt = '';
    const acme = await anAcme({ limits: { newOrder: { max: 1, per: hours(1) } }, isExempt: (id) => id === exempt });
    const client = await acme.registered();
    const { der } = await client.obtain(['a.example']);
    const limited = await client.order(['a.example']);
    expect([limited.status, error(limited), limited.headers['retry-after']]).toEqual([429, 'rateLimited', '3600']);
    exempt = certificateId(der)!;
    expect((await client.order(['a.example'], { replaces: exempt })).status).toBe(201);
    acme.time.advanceTo(acme.time.now().add(hours(1)));
    expect((await client.order(['a.example'])).status).toBe(201);
  });
});

describe('the policy of the operator', () => {
  test('shortens a certificate, lengthens none, and refuses in its own words', async () => {
    const acme = await anAcme();
    const client = await acme.registered();
    let answer: PolicyAnswer = { answer: 'allow', lifetime: hours(24 * 10), tell: [] };
    const asked: PolicyQuestion[] = [];
    Object.assign(acme.ca.options, {
      orderPolicy: (order: PolicyQuestion) => {
        asked.push(order);
        return answer;
      },
    });
    const hoursOf = ({ der }: { der: Uint8Array }) => {
      const { notBefore, notAfter } = parseCertificate(der);
      return notAfter.since(notBefore).total('hours');
    };
    expect(Math.ceil(hoursOf(await client.obtain(['a.example'])))).toBe(240);
    expect(asked).toMatchObject([{ orderedBy: 'acme', names: ['a.example'] }]);
    answer = { answer: 'allow', lifetime: hours(24 * 1000), tell: [] };
    expect(Math.ceil(hoursOf(await client.obtain(['a.example'])))).toBe(24 * 90);
    answer = { answer: 'refuse', because: 'Please order elsewhere.' };
    await expect(client.obtain(['a.example'])).rejects.toThrow(/unauthorized.*Please order elsewhere/);
    expect(acme.issued.length).toBe(2);
  });
});

describe('accounts', () => {
  test('the key can be changed, and the old one is then nobody', async () => {
    const acme = await anAcme();
    const client = await acme.registered();
    const fresh = newKey();
    const url = client.directory.keyChange;
    const inner = (key: typeof fresh, oldKey: object, account: string | null) => {
      const signed = JSON.parse(jws({ key, kid: null }, url, 'x', { account, oldKey }));
      const head = JSON.parse(Buffer.from(signed.protected, 'base64url').toString());
      delete head.nonce;
      return { head, key, payload: { account, oldKey } };
    };
    // An inner JWS without nonce, signed by the new key.
    const { sign } = await import('node:crypto');
    const build = (key: typeof fresh, oldKey: object, account: string | null) => {
      const { head, payload } = inner(key, oldKey, account);
      const protectedPart = Buffer.from(JSON.stringify(head)).toString('base64url');
      const payloadPart = Buffer.from(JSON.stringify(payload)).toString('base64url');
      const signature = sign('sha256', Buffer.from(`${protectedPart}.${payloadPart}`), {
        key,
        dsaEncoding: 'ieee-p1363',
      });
      return { protected: protectedPart, payload: payloadPart, signature: signature.toString('base64url') };
    };
    expect(error(await client.post(url, build(fresh, publicJwk(newKey()), client.kid)))).toBe('malformed');
    expect((await client.post(url, build(fresh, publicJwk(client.key), client.kid))).status).toBe(200);
    expect(error(await client.order(['a.example']))).toBe('malformed');
    const moved = await client.post(
      client.directory.newOrder,
      { identifiers: [{ type: 'dns', value: 'a.example' }] },
      { key: fresh, kid: client.kid },
    );
    expect(moved.status).toBe(201);
  });

  test('a deactivated account does nothing any more, and asking for an unknown one makes none', async () => {
    const acme = await anAcme();
    const client = await acme.registered();
    expect((await client.post(client.kid!, { contact: ['mailto:a@b.example'] })).body.contact).toEqual([
      'mailto:a@b.example',
    ]);
    expect((await client.post(client.kid!, { status: 'deactivated' })).body.status).toBe('deactivated');
    expect(error(await client.order(['a.example']))).toBe('unauthorized');
    expect(error(await (await acme.client()).register({ onlyReturnExisting: true }))).toBe('accountDoesNotExist');
    const again = await acme.registered();
    expect((await again.register()).status).toBe(200);
  });

  test('an external binding is verified', async () => {
    const macKey = Buffer.from('0123456789abcdef0123456789abcdef');
    const acme = await anAcme({
      externalAccounts: { required: true, macKey: (kid) => (kid === 'SUB-1' ? macKey : null) },
    });
    const client = await acme.client();
    expect(client.directory.meta.externalAccountRequired).toBe(true);
    expect(error(await client.register())).toBe('externalAccountRequired');
    expect(error(await client.register({ externalAccountBinding: client.binding('SUB-2', macKey) }))).toBe(
      'unauthorized',
    );
    expect(error(await client.register({ externalAccountBinding: client.binding('SUB-1', Buffer.alloc(32)) }))).toBe(
      'unauthorized',
    );
    const other = await acme.client();
    expect(error(await client.register({ externalAccountBinding: other.binding('SUB-1', macKey) }))).toBe(
      'unauthorized',
    );
    expect((await client.register({ externalAccountBinding: client.binding('SUB-1', macKey) })).status).toBe(201);
    const { der } = await client.obtain(['a.example']);
    expect((await acme.ca.revocations.look(parseCertificate(der).serial))?.subscriber).toBe('SUB-1');
  });
});

describe('protocol abuse (RFC 8555 section 10) is answered with the right problem and no crash', () => {
  test('nonces: none, made up, used twice', async () => {
    const acme = await anAcme();
    const client = await acme.registered();
    const url = client.directory.newOrder;
    const payload = { identifiers: [{ type: 'dns', value: 'a.example' }] };
    const send = async (nonce: string) =>
      JSON.parse(
        Buffer.from((await client.raw('POST', url, jws(client.account, url, nonce, payload))).body).toString(),
      );
    expect(error({ body: await send('made-up') })).toBe('badNonce');
    const nonce = await client.nonce();
    expect((await send(nonce)).status).toBe('pending');
    expect(error({ body: await send(nonce) })).toBe('badNonce');
  });

  test('a JWS for another url, a replay to another resource, and a forged signature', async () => {
    const acme = await anAcme();
    const client = await acme.registered();
    const order = client.directory.newOrder;
    const body = jws(client.account, client.directory.revokeCert, await client.nonce(), {});
    const answer = await client.raw('POST', order, body);
    expect([answer.status, error({ body: JSON.parse(Buffer.from(answer.body).toString()) })]).toEqual([
      403,
      'unauthorized',
    ]);
    const forged = await client.post(order, {}, { key: newKey(), kid: client.kid });
    expect([forged.status, error(forged)]).toEqual([400, 'malformed']);
    expect(error(await client.post(order, {}, { key: client.key, kid: `${base}/account/nobody` }))).toBe(
      'accountDoesNotExist',
    );
    expect(error(await client.post(order, {}, { key: client.key, kid: null }))).toBe('malformed');
  });

  test('algorithm confusion: none, HMAC with the public key, ES256 by an RSA key', async () => {
    const acme = await anAcme();
    const client = await acme.registered();
    const url = client.directory.newOrder;
    const { createHmac, createPublicKey } = await import('node:crypto');
    const send = async (head: object, sign: (data: string) => string) => {
      const protectedPart = Buffer.from(JSON.stringify({ nonce: await client.nonce(), url, ...head })).toString(
        'base64url',
      );
      const payload = Buffer.from('{}').toString('base64url');
      const text = JSON.stringify({
        protected: protectedPart,
        payload,
        signature: sign(`${protectedPart}.${payload}`),
      });
      return error({ body: JSON.parse(Buffer.from((await client.raw('POST', url, text)).body).toString()) });
    };
    expect(await send({ alg: 'none', kid: client.kid }, () => '')).toBe('badSignatureAlgorithm');
    const pem = createPublicKey(client.key).export({ type: 'spki', format: 'pem' });
    expect(
      await send({ alg: 'HS256', kid: client.kid }, (data) =>
        createHmac('sha256', pem).update(data).digest('base64url'),
      ),
    ).toBe('badSignatureAlgorithm');
    expect(await send({ alg: 'RS256', kid: client.kid }, () => 'AAAA')).toBe('badSignatureAlgorithm');
    expect(await send({ alg: 'ES256', kid: client.kid, jwk: publicJwk(client.key) }, () => 'AAAA')).toBe('malformed');
    expect(await send({ alg: 'ES256', kid: client.kid, crit: ['b64'], b64: false }, () => 'AAAA')).toBe('malformed');
    const rsa = generateKeyPairSync('rsa', { modulusLength: 1024 }).privateKey;
    expect(error(await (await acme.client(rsa)).register())).toBe('badPublicKey');
  });

  test('bodies: too large, not JSON, not JOSE, several signatures, a private jwk', async () => {
    const acme = await anAcme();
    const client = await acme.registered();
    const url = client.directory.newOrder;
    const send = async (body: string, type?: string) => {
      const answer = await client.raw('POST', url, body, type);
      return [answer.status, error({ body: JSON.parse(Buffer.from(answer.body).toString()) })];
    };
    expect(await send('x'.repeat(300_000))).toEqual([413, 'malformed']);
    expect(await send('not json')).toEqual([400, 'malformed']);
    expect(await send('{}', 'application/json')).toEqual([415, 'malformed']);
    expect(await send(JSON.stringify({ payload: '', signatures: [] }))).toEqual([400, 'malformed']);
    const jwk = { ...(newKey().export({ format: 'jwk' }) as object) };
    const head = Buffer.from(JSON.stringify({ alg: 'ES256', nonce: await client.nonce(), url, jwk })).toString(
      'base64url',
    );
    expect(await send(JSON.stringify({ protected: head, payload: '', signature: '' }))).toEqual([400, 'badPublicKey']);
    const missing = await client.raw('GET', `${base}/nowhere`);
    expect(missing.status).toBe(404);
  });

  test('orders: no names, foreign types, bad names, dates; finalize too early, with other names, with the account key', async () => {
    const acme = await anAcme();
    const client = await acme.registered();
    const order = (identifiers: unknown, more: object = {}) =>
      client.post(client.directory.newOrder, { identifiers, ...more });
    expect(error(await order([]))).toBe('malformed');
    expect(error(await order([{ type: 'ip', value: '192.0.2.1' }]))).toBe('unsupportedIdentifier');
    for (const value of [
      'localhost',
      'a..example',
      '-a.example',
      '*.*.example',
      '192.0.2.1',
      'a_b.example',
      `${'a'.repeat(64)}.example`,
    ]) {
      expect(error(await order([{ type: 'dns', value }])), value).toBe('rejectedIdentifier');
    }
    expect(error(await client.order(['a.example'], { notAfter: '2030-01-01T00:00:00Z' }))).toBe('malformed');
    const pending = await client.order(['a.example']);
    expect(error(await client.finalize(pending, ['a.example'], newKey()))).toBe('orderNotReady');
    await client.prove(pending);
    expect(error(await client.finalize(pending, ['b.example'], newKey()))).toBe('badCSR');
    expect(error(await client.finalize(pending, ['a.example', 'b.example'], newKey()))).toBe('badCSR');
    expect(error(await client.finalize(pending, ['a.example'], client.key))).toBe('badCSR');
    const other = await acme.registered();
    expect(error(await other.post(pending.headers.location!, ''))).toBe('unauthorized');
  });
});

describe('validation', () => {
  const world = (more: Partial<ValidationWorld>): ValidationWorld => ({
    httpText: async () => {
      throw new AcmeProblem('connection', 'refused');
    },
    txt: async () => [],
    caa: async () => [],
    tlsAlpn: async () => {
      throw new AcmeProblem('tls', 'refused');
    },
    ...more,
  });

  test('http-01 and dns-01 pass with the right proof only', async () => {
    const files = new Map<string, string>();
    const txt = new Map<string, string[]>();
    const acme = await anAcme({
      world: world({
        httpText: async (url) => files.get(url) ?? 'nothing',
        txt: async (name) => txt.get(name) ?? [],
      }),
    });
    const client = await acme.registered();
    const first = await client.order(['a.example']);
    const [failed] = await client.prove(first, 'http-01');
    expect(failed!.body.status).toBe('invalid');
    expect(failed!.body.challenges[0].error.type).toContain('unauthorized');
    expect((await client.post(first.headers.location!, '')).body.status).toBe('invalid');
    const second = await client.order(['a.example']);
    const [passed] = await client.prove(second, 'http-01', (name, token, authorization) => {
      files.set(`http://${name}/.well-known/acme-challenge/${token}`, `${authorization}\n`);
    });
    expect(passed!.body.status).toBe('valid');
    const wild = await client.order(['*.a.example']);
    const [byDns] = await client.prove(wild, 'dns-01', (name, _token, authorization) => {
      txt.set(`_acme-challenge.${name}`, ['other', hash('sha256', authorization, 'base64url')]);
    });
    expect(byDns!.body).toMatchObject({ status: 'valid', wildcard: true });
    expect(byDns!.body.challenges).toHaveLength(1);
  });

  test('a name that fails again and again is not tried for a while', async () => {
    const acme = await anAcme({ world: world({}), limits: { failedValidation: { max: 2, per: hours(1) } } });
    const client = await acme.registered();
    for (let i = 0; i < 2; i++) {
      const [failed] = await client.prove(await client.order(['a.example']));
      expect(failed!.body.status).toBe('invalid');
    }
    const third = await client.order(['a.example']);
    const authorization = await client.post(third.body.authorizations[0], '');
    const refused = await client.post(authorization.body.challenges[0].url, {});
    expect([refused.status, error(refused)]).toEqual([429, 'rateLimited']);
    acme.time.advanceTo(acme.time.now().add(hours(1)));
    expect((await client.post(authorization.body.challenges[0].url, {})).status).toBe(200);
  });

  const caaCases: readonly [string, readonly CaaRecord[], string | null][] = [
    ['permits us', [{ critical: 0, tag: 'issue', value: 'ca.example' }], null],
    ['permits another', [{ critical: 0, tag: 'issue', value: 'other.example' }], 'caa'],
    ['forbids all', [{ critical: 0, tag: 'issue', value: ';' }], 'caa'],
    ['only has iodef', [{ critical: 0, tag: 'iodef', value: 'mailto:a@b.example' }], null],
    [
      'has an unknown critical property',
      [
        { critical: 128, tag: 'tbs', value: 'x' },
        { critical: 0, tag: 'issue', value: 'ca.example' },
      ],
      'caa',
    ],
    [
      'permits another method (RFC 8657)',
      [{ critical: 0, tag: 'issue', value: 'ca.example; validationmethods=dns-01' }],
      'caa',
    ],
    [
      'permits this method',
      [{ critical: 0, tag: 'issue', value: 'ca.example; validationmethods=dns-01,http-01' }],
      null,
    ],
    [
      'permits another account',
      [{ critical: 0, tag: 'issue', value: 'ca.example; accounturi=https://acme.test/acme/account/x' }],
      'caa',
    ],
  ];
  for (const [what, records, problem] of caaCases) {
    test(`CAA at the parent that ${what}: ${problem ?? 'issued'}`, async () => {
      const acme = await anAcme({
        caaIdentities: ['ca.example'],
        world: world({
          httpText: async () => answer,
          caa: async (name) => (name === 'shop.example' ? records : []),
        }),
      });
      let answer = '';
      const client = await acme.registered();
      const order = await client.order(['www.shop.example']);
      await client.prove(order, 'http-01', (_name, _token, authorization) => {
        answer = authorization;
      });
      const done = await client.finalize(order, ['www.shop.example'], newKey());
      expect(done.body.status).toBe(problem === null ? 'valid' : 'invalid');
      if (problem !== null) expect(done.body.error.type).toContain(problem);
    });
  }

  test('CAA that cannot be read refuses', async () => {
    let answer = '';
    const acme = await anAcme({
      caaIdentities: ['ca.example'],
      world: world({
        httpText: async () => answer,
        caa: async () => {
          throw new AcmeProblem('dns', 'SERVFAIL');
        },
      }),
    });
    const client = await acme.registered();
    const order = await client.order(['shop.example']);
    await client.prove(order, 'http-01', (_name, _token, authorization) => {
      answer = authorization;
    });
    expect((await client.finalize(order, ['shop.example'], newKey())).body.error.type).toContain('dns');
  });
});
