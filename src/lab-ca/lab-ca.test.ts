import { execFile } from 'node:child_process';
import { generateKeyPairSync } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { Serial } from '../foundation/brand.ts';
import { parseCrl } from '../foundation/pki/crl.ts';
import { writeCsr } from '../foundation/pki/csr.ts';
import { writePem } from '../foundation/pki/pem.ts';
import { keyHashes } from '../foundation/pki/spki.ts';
import { type SpkiSpelling, spellSpki, spkiSpellings } from '../foundation/pki/spki-spelling.ts';
import { isIssuedBy, parseCertificate, profileOf } from '../foundation/pki/x509.ts';
import { SystemTime } from '../foundation/time/system-time.ts';
import { hours } from '../foundation/time/time.ts';
import { VirtualTime } from '../foundation/time/virtual-time.ts';
import { spkiOfKey } from './certificate.ts';
import { labCaApp, listen } from './http.ts';
import { type LabCa, openLabCa } from './lab-ca.ts';
import { type LabCaStorage, MemoryStorage } from './storage.ts';

const run = promisify(execFile);
const token = 'test-token';
const ecSpki = () => spkiOfKey(generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey);
const rsaSpki = () => spkiOfKey(generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey);

describe('a lab CA on the real clock, read by openssl', () => {
  let folder: string;
  let ca: LabCa;
  let server: { port: number; close(): Promise<void> };
  beforeEach(async () => {
    folder = mkdtempSync(join(tmpdir(), 'rescind-lab-ca-'));
    let fetch: (request: Request) => Response | Promise<Response> = () => new Response(null, { status: 503 });
    server = await listen((request) => fetch(request), { port: 0 });
    ca = await openLabCa({
      storage: new MemoryStorage(),
      time: new SystemTime(),
      baseUrl: `http://127.0.0.1:${server.port}`,
      keyPassphrase: 'test',
      token,
    });
    fetch = labCaApp(ca).fetch;
    writeFileSync(join(folder, 'root.pem'), writePem('CERTIFICATE', ca.root));
    writeFileSync(join(folder, 'issuer.pem'), writePem('CERTIFICATE', ca.issuerCertificate('tls')!));
  });
  afterEach(async () => {
    await server.close();
    rmSync(folder, { recursive: true, force: true });
  });

  async function openssl(...args: string[]): Promise<{ out: string; ok: boolean }> {
    try {
      const { stdout, stderr } = await run('openssl', args, { cwd: folder });
      return { out: stdout + stderr, ok: true };
    } catch (error) {
      const failed = error as { stdout: string; stderr: string };
      return { out: failed.stdout + failed.stderr, ok: false };
    }
  }

  async function crls(): Promise<void> {
    const parts = [];
    for (const path of ['/crl/tls-0.crl', '/crl/root.crl']) {
      const response = await globalThis.fetch(`http://127.0.0.1:${server.port}${path}`);
      expect(response.headers.get('content-type')).toBe('application/pkix-crl');
      parts.push(writePem('X509 CRL', new Uint8Array(await response.arrayBuffer())));
    }
    writeFileSync(join(folder, 'crls.pem'), parts.join(''));
  }

  const verify = () =>
    openssl(
      'verify',
      '-crl_check_all',
      '-CAfile',
      'root.pem',
      '-untrusted',
      'issuer.pem',
      '-CRLfile',
      'crls.pem',
      'leaf.pem',
    );
  const ocsp = (...more: string[]) =>
    openssl(
      'ocsp',
      '-issuer',
      'issuer.pem',
      '-cert',
      'leaf.pem',
      '-url',
      `http://127.0.0.1:${server.port}/ocsp`,
      '-CAfile',
      'root.pem',
      '-verify_other',
      'issuer.pem',
      ...more,
    );

  test('openssl verifies the chain, then sees the revocation and its reason in CRL and OCSP', async () => {
    const leaf = await ca.issue({ spki: ecSpki(), names: ['shop.example'] });
    writeFileSync(join(folder, 'leaf.pem'), writePem('CERTIFICATE', leaf.der));
    await crls();
    expect((await verify()).out).toBe('leaf.pem: OK\n');
    expect((await ocsp()).out).toMatch(/leaf.pem: good[\s\S]*Response verify OK/);
    expect((await ocsp('-no_nonce')).out).toMatch(/leaf.pem: good/);

    const revoked = await globalThis.fetch(`http://127.0.0.1:${server.port}/api/revoke`, {
      method: 'POST',
      headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
      body: JSON.stringify({ serial: leaf.serial, reason: 1 }),
    });
    expect(await revoked.json()).toMatchObject({ outcome: 'done', reason: 1, upgraded: false });
    await crls();
    expect((await verify()).out).toContain('certificate revoked');
    expect((await ocsp()).out).toMatch(/leaf.pem: revoked[\s\S]*keyCompromise/);
    const text = (await openssl('crl', '-in', 'crls.pem', '-noout', '-text')).out;
    expect(text).toContain('X509v3 Issuing Distribution Point: critical');
    expect(text).toContain('Key Compromise');
  });

  test('an unknown serial and one that is kept out of OCSP are answered unauthorized', async () => {
    const hidden = await ca.issue({ spki: ecSpki(), names: ['hidden.example'], ocsp: 'unauthorized' });
    writeFileSync(join(folder, 'leaf.pem'), writePem('CERTIFICATE', hidden.der));
    expect((await ocsp()).out).toContain('unauthorized');
    expect(
      (
        await openssl(
          'ocsp',
          '-issuer',
          'issuer.pem',
          '-serial',
          '0x1234',
          '-url',
          `http://127.0.0.1:${server.port}/ocsp`,
        )
      ).out,
    ).toContain('unauthorized');
  });

  test('OCSP by GET answers as POST does, and rubbish is malformed', async () => {
    const leaf = await ca.issue({ spki: ecSpki(), names: ['shop.example'] });
    writeFileSync(join(folder, 'leaf.pem'), writePem('CERTIFICATE', leaf.der));
    await openssl('ocsp', '-issuer', 'issuer.pem', '-cert', 'leaf.pem', '-no_nonce', '-reqout', 'req.der');
    const { readFileSync } = await import('node:fs');
    const base64 = readFileSync(join(folder, 'req.der')).toString('base64');
    for (const text of [encodeURIComponent(base64), base64]) {
      const response = await globalThis.fetch(`http://127.0.0.1:${server.port}/ocsp/${text}`);
      writeFileSync(join(folder, 'resp.der'), Buffer.from(await response.arrayBuffer()));
      const read = await openssl(
        'ocsp',
        '-respin',
        'resp.der',
        '-issuer',
        'issuer.pem',
        '-cert',
        'leaf.pem',
        '-CAfile',
        'root.pem',
        '-verify_other',
        'issuer.pem',
        '-no_nonce',
      );
      expect(read.out).toMatch(/leaf.pem: good/);
    }
    const rubbish = await globalThis.fetch(`http://127.0.0.1:${server.port}/ocsp`, { method: 'POST', body: 'hello' });
    expect(Buffer.from(await rubbish.arrayBuffer()).toString('hex')).toBe('30030a0101');
  });
});

const start = Temporal.Instant.from('2024-08-31T18:00:00Z');

async function virtualCa(storage: LabCaStorage = new MemoryStorage(), more: { shards?: number } = {}) {
  const time = new VirtualTime(start);
  const ca = await openLabCa({ storage, time, baseUrl: 'http://ca.test', keyPassphrase: 'test', token, ...more });
  const app = labCaApp(ca);
  const get = (path: string) => app.request(path);
  const post = (path: string, body: unknown, method = 'POST') =>
    app.request(path, {
      method,
      headers: { authorization: `Bearer ${token}` },
      ...(method === 'POST' ? { body: JSON.stringify(body) } : {}),
    });
  const crl = async (path = '/crl/tls-0.crl') => parseCrl(new Uint8Array(await (await get(path)).arrayBuffer()));
  return { time, ca, get, post, crl };
}

describe('every certificate that a replay asks for', () => {
  test('all key spellings stand in the certificate byte for byte and verify', async () => {
    const { ca } = await virtualCa();
    const issuer = parseCertificate(ca.issuerCertificate('tls')!);
    const keys = { rsa: rsaSpki(), ec: ecSpki() };
    for (const spelling of spkiSpellings) {
      const plain = spelling.startsWith('rsa') ? keys.rsa : keys.ec;
      const spki = spellSpki(plain, spelling as SpkiSpelling);
      const leaf = parseCertificate((await ca.issue({ spki, names: ['a.example'], profile: 'ov' })).der);
      expect(Buffer.from(leaf.spki).equals(spki), spelling).toBe(true);
      expect(keyHashes(leaf.spki).canonical).toBe(keyHashes(plain).canonical);
      expect(isIssuedBy(leaf, issuer)).toBe(true);
    }
  });

  test('serial, dates, profiles, precertificate and the missing pointers are as ordered', async () => {
    const { ca } = await virtualCa();
    const notBefore = start.subtract(hours(24 * 30));
    for (const [profile, kind] of [
      ['dv', 'tls'],
      ['ov', 'tls'],
      ['ev', 'tls'],
      ['smime', 'smime'],
      ['code-signing', 'code-signing'],
    ] as const) {
      const issued = await ca.issue({
        spki: ecSpki(),
        names: ['a.example'],
        serial: `4a10${Buffer.from(profile).toString('hex')}` as Serial,
        notBefore,
        notAfter: start.add(hours(24)),
        profile,
        precertificate: profile === 'dv',
        ocsp: profile !== 'ov',
        crl: profile !== 'ev',
      });
      const leaf = parseCertificate(issued.der);
      expect(leaf.serial).toBe(`4a10${Buffer.from(profile).toString('hex')}`);
      expect(profileOf(leaf)).toBe(kind);
      expect(leaf.isPrecertificate).toBe(profile === 'dv');
      expect(leaf.ocspUrls.length).toBe(profile === 'ov' ? 0 : 1);
      expect(leaf.crlUrls.length).toBe(profile === 'ev' ? 0 : 1);
      expect(leaf.notBefore.equals(notBefore)).toBe(true);
    }
    await expect(
      ca.issue({ spki: ecSpki(), names: ['b.example'], serial: `4a10${Buffer.from('ov').toString('hex')}` as Serial }),
    ).rejects.toThrow('serial');
  });
});

describe('revoking', () => {
  test('a reason is raised to keyCompromise, keeps its date, and is never lowered', async () => {
    const { ca, time, post, crl } = await virtualCa();
    const { serial } = await ca.issue({ spki: ecSpki(), names: ['a.example'] });
    expect(await (await post('/api/revoke', { serial, reason: 0 })).json()).toMatchObject({
      outcome: 'done',
      reason: null,
    });
    expect((await crl()).find(serial)).toMatchObject({ reason: null });
    time.advanceTo(start.add(hours(3)));
    expect(await (await post('/api/revoke', { serial, reason: 4 })).json()).toMatchObject({
      outcome: 'already',
      reason: null,
    });
    expect(await (await post('/api/revoke', { serial, reason: 1 })).json()).toMatchObject({
      outcome: 'done',
      upgraded: true,
    });
    const entry = (await crl()).find(serial)!;
    expect(entry.reason).toBe(1);
    expect(entry.revokedAt.equals(start)).toBe(true);
    expect(await (await post('/api/revoke', { serial, reason: 4 })).json()).toMatchObject({
      outcome: 'already',
      reason: 1,
    });
    expect((await crl()).find(serial)!.reason).toBe(1);
  });

  test('forbidden reasons, unknown serials and a missing token are refused', async () => {
    const { ca, get, post, crl } = await virtualCa();
    const { serial } = await ca.issue({ spki: ecSpki(), names: ['a.example'] });
    expect((await post('/api/revoke', { serial, reason: 6 })).status).toBe(422);
    expect(await (await post('/api/revoke', { serial: 'abcdef', reason: 1 })).json()).toMatchObject({
      code: 'unknown-serial',
    });
    expect((await get(`/api/certificates/${serial}`)).status).toBe(401);
    expect((await post('/api/revoke', { serial: 'nonsense' })).status).toBe(400);
    expect((await crl()).entryCount).toBe(0);
  });

  test('the CRL number strictly increases, also over a restart, and the same CA goes on', async () => {
    const storage = new MemoryStorage();
    const first = await virtualCa(storage);
    const { serial } = await first.ca.issue({ spki: ecSpki(), names: ['a.example'] });
    const before = await first.crl();
    await first.post('/api/revoke', { serial, reason: 1 });
    const after = await first.crl();
    expect(after.number! > before.number!).toBe(true);
    const second = await virtualCa(storage);
    expect(Buffer.from(second.ca.root).equals(first.ca.root)).toBe(true);
    const restarted = await second.crl();
    expect(restarted.number! > after.number!).toBe(true);
    expect(restarted.find(serial)?.reason).toBe(1);
    await expect(openLabCa({ ...second.ca.options, keyPassphrase: 'other' })).rejects.toThrow('pass phrase');
  });

  test('thousands in one call, each with its outcome, spread over shards that together hold all', async () => {
    const { ca, post, crl } = await virtualCa(new MemoryStorage(), { shards: 4 });
    const spki = ecSpki();
    const issued = await ca.issueMany(Array.from({ length: 2000 }, (_, i) => ({ spki, names: [`n${i}.example`] })));
    const orders = [...issued.map(({ serial }) => ({ serial, reason: 1 })), { serial: 'ff', reason: 1 }];
    const { results } = (await (await post('/api/revoke-many', { orders })).json()) as {
      results: { outcome: string }[];
    };
    expect(results.filter((r) => r.outcome === 'done').length).toBe(2000);
    expect(results.at(-1)).toMatchObject({ serial: 'ff', outcome: 'refused' });
    let listed = 0;
    for (let shard = 0; shard < 4; shard++) {
      const list = await crl(`/crl/tls-${shard}.crl`);
      listed += list.entryCount;
      expect(list.duplicates()).toBe(0);
      expect(list.idp).toMatchObject({
        critical: true,
        urls: [`http://ca.test/crl/tls-${shard}.crl`],
        onlyUserCertificates: true,
      });
    }
    expect(listed).toBe(2000);
    const leaf = parseCertificate(issued[7]!.der);
    expect((await crl(new URL(leaf.crlUrls[0]!).pathname)).find(leaf.serial)?.reason).toBe(1);
  });

  test('an entry stays on the list beyond expiry, then leaves it', async () => {
    const { ca, time, post, crl } = await virtualCa();
    const { serial } = await ca.issue({ spki: ecSpki(), names: ['a.example'], notAfter: start.add(hours(24)) });
    await post('/api/revoke', { serial, reason: 4 });
    time.advanceTo(start.add(hours(49)));
    expect((await crl()).find(serial)).not.toBeNull();
    time.advanceTo(start.add(hours(24 * 20)));
    expect((await crl()).find(serial)).toBeNull();
  });
});

describe('a CA that fails its desk', () => {
  const three = async () => {
    const lab = await virtualCa();
    const spki = ecSpki();
    const issued = await lab.ca.issueMany(['a', 'b', 'c'].map((name) => ({ spki, names: [`${name}.example`] })));
    return { ...lab, serials: issued.map((one) => one.serial) };
  };
  const listed = async (lab: Awaited<ReturnType<typeof three>>) => {
    const list = await lab.crl();
    return lab.serials.filter((serial) => list.find(serial) !== null).length;
  };

  test('silent revocation says done and records nothing, also not later', async () => {
    const lab = await three();
    lab.ca.revocations.setFault({ component: 'revocation', mode: 'silent' });
    expect(await (await lab.post('/api/revoke', { serial: lab.serials[0], reason: 1 })).json()).toMatchObject({
      outcome: 'done',
    });
    await lab.post('/api/fault/revocation', null, 'DELETE');
    expect(await listed(lab)).toBe(0);
    await lab.post('/api/revoke', { serial: lab.serials[0], reason: 1 });
    expect(await listed(lab)).toBe(1);
  });

  test('refusing revocation answers with an error', async () => {
    const lab = await three();
    await lab.post('/api/fault', { component: 'revocation', mode: 'refuse' });
    expect((await lab.post('/api/revoke', { serial: lab.serials[0], reason: 1 })).status).toBe(503);
    expect(await listed(lab)).toBe(0);
  });

  test('slow revocation lets out so many an hour', async () => {
    const lab = await three();
    await lab.post('/api/fault', { component: 'revocation', mode: 'slow', perHour: 1 });
    await lab.post('/api/revoke-many', { orders: lab.serials.map((serial) => ({ serial, reason: 1 })) });
    expect(await listed(lab)).toBe(1);
    lab.time.advanceTo(start.add(hours(1)));
    expect(await listed(lab)).toBe(2);
    lab.time.advanceTo(start.add(hours(2)));
    expect(await listed(lab)).toBe(3);
  });

  test('silent publication records, but neither CRL nor OCSP show it until somebody forces them', async () => {
    const lab = await three();
    const before = await lab.crl();
    await lab.post('/api/fault', { component: 'publication', mode: 'silent' });
    await lab.post('/api/revoke', { serial: lab.serials[0], reason: 1 });
    await lab.post('/api/publish', {});
    expect(await listed(lab)).toBe(0);
    expect((await lab.crl()).number).toBe(before.number);
    expect((await lab.ca.revocations.look(lab.serials[0]!))?.revocation?.reason).toBe(1);
    await lab.post('/api/fault/publication', null, 'DELETE');
    await lab.post('/api/revoke', { serial: lab.serials[1], reason: 1 });
    expect(await listed(lab)).toBe(1);
    await lab.post('/api/publish', {});
    expect(await listed(lab)).toBe(2);
  });

  test('refusing publication fails the force and the readers', async () => {
    const lab = await three();
    await lab.post('/api/fault', { component: 'publication', mode: 'refuse' });
    expect((await lab.post('/api/publish', {})).status).toBe(503);
    expect((await lab.get('/crl/tls-0.crl')).status).toBe(503);
  });

  test('slow publication shows so many an hour', async () => {
    const lab = await three();
    await lab.post('/api/fault', { component: 'publication', mode: 'slow', perHour: 2 });
    await lab.post('/api/revoke-many', { orders: lab.serials.map((serial) => ({ serial, reason: 1 })) });
    expect(await listed(lab)).toBe(1);
    lab.time.advanceTo(start.add(hours(1)));
    expect(await listed(lab)).toBe(3);
  });
});

describe('orders', () => {
  const key = generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey;
  const request = (more: { signWith?: typeof key; names?: string[] } = {}) =>
    writeCsr({ subject: [], names: more.names ?? ['a.example'], spki: spkiOfKey(key), signWith: more.signWith ?? key });

  test('a request is issued, and one under a foreign signature, a weak key or without names is not', async () => {
    const { ca, post } = await virtualCa();
    const response = await post('/api/issue', { csr: writePem('CERTIFICATE REQUEST', request()) });
    expect(response.status).toBe(201);
    const other = generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey;
    expect(await ca.order({ csr: request({ signWith: other }) })).toEqual({ ok: false, refusal: 'bad-signature' });
    expect(await ca.order({ csr: request({ names: [] }) })).toEqual({ ok: false, refusal: 'no-names' });
    const weak = generateKeyPairSync('rsa', { modulusLength: 1024 }).privateKey;
    const csr = writeCsr({ subject: [], names: ['a.example'], spki: spkiOfKey(weak), signWith: weak });
    expect(await ca.order({ csr })).toEqual({ ok: false, refusal: 'bad-key' });
  });

  test('the desk is asked for blocked keys, and when it cannot be asked nothing is issued', async () => {
    const asked: string[] = [];
    let answer: () => Response = () => Response.json({ blocked: true });
    const ca = await openLabCa({
      storage: new MemoryStorage(),
      time: new VirtualTime(start),
      baseUrl: 'http://ca.test',
      keyPassphrase: 'test',
      token,
      blockedKeys: {
        url: 'http://desk.test',
        fetch: async (url) => {
          asked.push(String(url));
          return answer();
        },
      },
    });
    expect(await ca.order({ csr: request() })).toEqual({ ok: false, refusal: 'blocked-key' });
    expect(asked).toEqual([`http://desk.test/blocked-keys/${keyHashes(spkiOfKey(key)).canonical}`]);
    answer = () => new Response(null, { status: 500 });
    expect(await ca.order({ csr: request() })).toEqual({ ok: false, refusal: 'blocked-keys-unknown' });
    answer = () => Response.json({ blocked: false });
    expect(await ca.order({ csr: request() })).toMatchObject({ ok: true });
  });
});
