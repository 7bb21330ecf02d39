import { generateKeyPairSync, generatePrimeSync } from 'node:crypto';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { pack } from '../foundation/containers/index.ts';
import { keyHashes } from '../foundation/pki/spki.ts';
import { at } from '../foundation/time/time.ts';
import { VirtualTime } from '../foundation/time/virtual-time.ts';
import type { CheckLine } from '../stages/evidence/check.ts';
import { rsaSpki } from '../stages/evidence/extract/textual.ts';
import { judge } from '../stages/evidence/prove/judge.ts';
import {
  aCertificate,
  aContext,
  aCsr,
  anRsaKey,
  fingerprintOf,
  forgedRsa,
  materialOf,
  pkcs1Of,
  rsaMaterial,
  spkiOfKey,
} from '../stages/evidence/prove/test-keys.ts';
import { evidenceCommand } from './evidence.ts';

const folder = mkdtempSync(join(tmpdir(), 'rescind-evidence-'));
afterAll(() => rmSync(folder, { recursive: true }));
const write = (name: string, content: string | Uint8Array): string => {
  const path = join(folder, name);
  mkdirSync(join(path, '..'), { recursive: true });
  writeFileSync(path, content);
  return path;
};

async function run(...args: string[]): Promise<{ lines: string[]; errors: string[]; code: number }> {
  const result = { lines: [] as string[], errors: [] as string[], code: -1 };
  const command = evidenceCommand({
    time: new VirtualTime(at('2026-11-24T00:00:00Z')),
    out: (line) => result.lines.push(line),
    err: (line) => result.errors.push(line),
    exit: (code) => {
      result.code = code;
    },
  });
  await command.parseAsync(args, { from: 'user' });
  return result;
}

async function check(...args: string[]): Promise<CheckLine[]> {
  return (await run('check', '--json', ...args)).lines.map((line) => JSON.parse(line) as CheckLine);
}

const key = anRsaKey();
const pem = key.privateKey.export({ format: 'pem', type: 'pkcs8' }) as string;
const certificate = aCertificate(key);
const canonical = keyHashes(spkiOfKey(key)).canonical;
write('inventory/c.der', certificate);
write('inventory/not-a-certificate.txt', 'x');
const inventory = ['--inventory', join(folder, 'inventory')];

describe('evidence check', () => {
  it('finds a key that stands in a file of two formats, which no reader of either format sees', async () => {
    const zip = pack('zip', [{ path: 'harmless.txt', bytes: Buffer.from('nothing') }]);
    write('two/a.pdf', Buffer.concat([Buffer.from(`%PDF-1.4\n${pem}\n`), zip]));
    write('two/b.zip', Buffer.concat([zip, Buffer.from(`\n${pem}`)]));
    const lines = await check(join(folder, 'two'), ...inventory);
    expect(lines.map((line) => [line.verdict, line.spkiSha256])).toEqual([
      ['proven-key', canonical],
      ['proven-key', canonical],
    ]);
  });

  it('does not say that a key passes when it breaks a rule for keys', async () => {
    const small = generateKeyPairSync('rsa', { modulusLength: 1024 }).publicKey;
    write('small/k.pem', small.export({ format: 'pem', type: 'spki' }));
    const [line] = await check(join(folder, 'small'));
    expect(line?.verdict).toBe('clean');
    expect(line?.because).toMatch(/breaks a rule for keys: size \(1024 bits/);
  });

  it('gives one SPKI hash for one key in all its wrappings, and the certificate it opens', async () => {
    const der = key.privateKey.export({ format: 'der', type: 'pkcs1' });
    write('same/1.pem', pem);
    write('same/2.der', der);
    write('same/3.jwk', JSON.stringify(key.privateKey.export({ format: 'jwk' })));
    write(
      'same/4.locked',
      key.privateKey.export({ format: 'pem', type: 'pkcs8', cipher: 'aes-256-cbc', passphrase: 'open sesame' }),
    );
    write('same/5.zip', pack('zip', [{ path: 'k.pem', bytes: Buffer.from(pem) }]));
    write('same/6.tar.xz', pack('tar.xz', [{ path: 'k.pem', bytes: Buffer.from(pem) }]));
    write('same/7.7z', pack('7z', [{ path: 'k.pem', bytes: Buffer.from(pem) }]));
    write(
      'same/8.eml',
      `From: a@b.example\nTo: c@d.example\nSubject: x\nContent-Type: text/plain\n\n${pem.replace(/^/gm, '> ')}`,
    );
    write('same/.hidden', pem);
    const lines = await check(join(folder, 'same'), ...inventory, '--passphrase', 'open sesame');
    expect(lines.map((line) => line.file.split('/').at(-1))).toEqual([
      '1.pem',
      '2.der',
      '3.jwk',
      '4.locked',
      '5.zip',
      '6.tar.xz',
      '7.7z',
      '8.eml',
    ]);
    for (const line of lines) {
      expect(line).toMatchObject({
        form: 'private-key',
        verdict: 'proven-key',
        spkiSha256: canonical,
        keyType: 'rsa',
        bits: 2048,
      });
      expect(line.matches).toEqual([
        { sha256: fingerprintOf(certificate), serial: expect.any(String), status: 'good' },
      ]);
      expect(line.findings.map((finding) => finding.check)).toContain('fermat');
    }
  });

  it('matches nothing for a forged key, and says refuted', async () => {
    const forged = pkcs1Of(forgedRsa('private-foreign', rsaMaterial(key), rsaMaterial(anRsaKey())));
    expect(await check(write('forged.der', forged), ...inventory)).toMatchObject([
      { form: 'private-key', verdict: 'refuted', spkiSha256: canonical, matches: [] },
    ]);
  });

  it('says null for a file without a key, clean for a certificate, possession-only for a request', async () => {
    expect(await check(write('prose.txt', 'just words'))).toMatchObject([
      { form: null, verdict: null, spkiSha256: null, findings: [], matches: [] },
    ]);
    expect(await check(write('cert.der', certificate))).toMatchObject([{ form: 'certificate', verdict: 'clean' }]);
    expect(await check(write('request.der', aCsr(key, 'shop.customer.example')))).toMatchObject([
      { form: 'csr', verdict: 'possession-only' },
    ]);
    expect(await check(write('statement.der', aCsr(key, 'This key is compromised')))).toMatchObject([
      { form: 'csr', verdict: 'proven-statement' },
    ]);
  });

  it('finds a prime that two files of one call share, and computes both keys', async () => {
    const shared = generatePrimeSync(1024, { bigint: true });
    const paths = [1, 2].map((i) =>
      write(`shared-${i}.der`, rsaSpki(shared * generatePrimeSync(1024, { bigint: true }), 65537n)),
    );
    for (const line of await check(...paths)) {
      expect(line.verdict).toBe('computable');
      expect(line.findings).toContainEqual(expect.objectContaining({ check: 'shared-prime', verdict: 'computable' }));
    }
    expect((await check(paths[0] as string))[0]?.verdict).toBe('clean');
  });

  it('keeps the findings of a weak private key beside its proof', async () => {
    const small = generateKeyPairSync('rsa', { modulusLength: 1024 });
    const [line] = await check(write('small.pem', small.privateKey.export({ format: 'pem', type: 'pkcs8' }) as string));
    expect(line).toMatchObject({ verdict: 'proven-key', bits: 1024 });
    expect(line?.findings).toContainEqual(expect.objectContaining({ check: 'size', verdict: 'parameter' }));
  });

  it('asks a block list, and reads unknown without one', async () => {
    const file = write('listed.der', spkiOfKey(key));
    const list = write('list.txt', `${canonical},debian\n`);
    expect((await check(file, '--blocklist', list))[0]).toMatchObject({ verdict: 'computable' });
    expect((await check(file))[0]?.findings).toContainEqual(
      expect.objectContaining({ check: 'debian', verdict: 'unknown' }),
    );
  });

  it('exits 0 whatever it finds, 1 when asked to fail, 2 when a path does not open', async () => {
    const file = write('k.pem', pem);
    expect((await run('check', file)).code).toBe(0);
    expect((await run('check', '--fail-on-finding', file)).code).toBe(1);
    expect((await run('check', '--fail-on-finding', write('words.txt', 'x'))).code).toBe(0);
    const missing = await run('check', join(folder, 'nothing'));
    expect([missing.code, missing.lines, missing.errors.length]).toEqual([2, [], 1]);
    expect((await run('check', file, '--blocklist', write('bad.txt', 'no hash'))).code).toBe(2);
  });

  it('never prints key material', async () => {
    const { lines } = await run('check', '--json', write('k2.pem', pem));
    const body = pem.replace(/-----.*-----|\n/g, '');
    expect(lines.join('').includes(body.slice(600, 640))).toBe(false);
  });
});

describe('evidence verify-proof', () => {
  it('says yes to a proof of the desk and no to anything else', async () => {
    const item = await judge(
      {
        source: 'k',
        found: { kind: 'private-key', container: 'PKCS#8', range: { from: 0, to: 1 }, key: materialOf(key) },
      },
      { texts: [], spkis: [] },
      aContext([certificate]),
    );
    const good = await run(
      'verify-proof',
      '--json',
      write('proof.json', JSON.stringify(item.proof)),
      '--certificate',
      join(folder, 'cert.der'),
    );
    expect(JSON.parse(good.lines[0] as string)).toEqual({
      ok: true,
      spkiSha256: canonical,
      statement: item.proof?.statement,
      problem: null,
    });
    expect(good.code).toBe(0);
    const altered = { ...item.proof, statement: item.proof?.statement.replace('report-1', 'report-9') };
    const bad = await run('verify-proof', '--json', write('altered.json', JSON.stringify(altered)));
    expect([JSON.parse(bad.lines[0] as string).ok, bad.code]).toEqual([false, 1]);
    expect((await run('verify-proof', '--json', write('junk.json', '{'))).code).toBe(1);
    expect((await run('verify-proof', join(folder, 'nothing'))).code).toBe(2);
  });
});
