/** Signatures as openssl and ssh-keygen write them. */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { extractFromBytes } from '../extract/extract.ts';
import { maySign } from './detached.ts';
import { judge } from './judge.ts';
import { acceptedWording } from './statement-form.ts';
import { aCertificate, aContext, anRsaKey, fingerprintOf } from './test-keys.ts';

const installed = (tool: string): boolean => {
  try {
    execFileSync('sh', ['-c', `command -v ${tool}`]);
    return true;
  } catch {
    return false;
  }
};
const folder = mkdtempSync(join(tmpdir(), 'rescind-signatures-'));
afterAll(() => rmSync(folder, { recursive: true }));

const key = anRsaKey();
const certificate = aCertificate(key);
const context = aContext([certificate]);
const pem = (label: string, bytes: Buffer) =>
  `-----BEGIN ${label}-----\n${bytes.toString('base64').replace(/(.{64})/g, '$1\n')}\n-----END ${label}-----\n`;
writeFileSync(join(folder, 'key.pem'), key.privateKey.export({ format: 'pem', type: 'pkcs1' }), { mode: 0o600 });
writeFileSync(join(folder, 'cert.pem'), pem('CERTIFICATE', certificate));
const run = (command: string) => execFileSync('sh', ['-c', command], { cwd: folder, stdio: 'pipe' });

async function verdictOf(file: string, texts: readonly string[]) {
  const found = extractFromBytes(readFileSync(join(folder, file)));
  expect(found).toHaveLength(1);
  return judge({ source: file, found: found[0]! }, { texts, spkis: [] }, context);
}

describe.skipIf(!installed('openssl'))('a CMS signature', () => {
  const sign = (text: string, options: string) => {
    writeFileSync(join(folder, 'text'), text);
    run(`openssl cms -sign -binary -in text -signer cert.pem -inkey key.pem ${options} -out out`);
  };

  it.each([
    '-nodetach -outform DER',
    '-nodetach -outform PEM',
    '-nodetach -outform DER -md sha512',
    '-nodetach -outform DER -keyopt rsa_padding_mode:pss',
  ])('over the accepted wording is a statement (%s)', async (options) => {
    sign(`${acceptedWording}\n`, options);
    expect(await verdictOf('out', [])).toMatchObject({
      verdict: 'proven-statement',
      matches: [fingerprintOf(certificate)],
    });
  });

  it('over other words is possession; with SHA-1 it is not looked at', async () => {
    sign('an ordinary message\n', '-nodetach -outform DER');
    expect((await verdictOf('out', [])).verdict).toBe('possession-only');
    sign(`${acceptedWording}\n`, '-nodetach -outform DER -md sha1');
    expect((await verdictOf('out', [])).verdict).toBe('claim-only');
  });

  it.each(['', '-noattr'])('that is detached is verified where it may cover a text of ours (%s)', (options) => {
    sign(`${acceptedWording}\n`, `-outform DER ${options}`);
    const cms = readFileSync(join(folder, 'out'));
    expect(maySign(cms, ['other words', acceptedWording])).toBe(true);
    // Without attributes there is no digest in it to compare: only the verification tells.
    expect(maySign(cms, ['other words'])).toBe(options === '-noattr');
    sign(`${acceptedWording}\n`, '-nodetach -outform DER');
    expect(maySign(readFileSync(join(folder, 'out')), [])).toBe(true);
    expect(maySign(Buffer.from('3080', 'hex'), [])).toBe(true);
  });

  it('that is detached counts for the text it covers and for no other', async () => {
    sign(`${acceptedWording}\n`, '-outform DER');
    expect((await verdictOf('out', ['something else', `${acceptedWording}\n`])).verdict).toBe('proven-statement');
    sign('something else', '-outform DER');
    expect((await verdictOf('out', [`${acceptedWording}\n`])).verdict).toBe('claim-only');
  });

  it('whose content was altered is refuted', async () => {
    sign(`${acceptedWording}\n`, '-nodetach -outform DER');
    const bytes = readFileSync(join(folder, 'out'));
    bytes[bytes.indexOf('This key')] = 0x74;
    writeFileSync(join(folder, 'out'), bytes);
    expect(await verdictOf('out', [])).toMatchObject({ verdict: 'refuted', matches: [] });
  });
});

describe.skipIf(!installed('ssh-keygen'))('an SSH signature', () => {
  it('counts for the accepted wording and for no other text', async () => {
    for (const [text, verdict] of [
      [acceptedWording, 'proven-statement'],
      ['a release of software', 'possession-only'],
    ] as const) {
      writeFileSync(join(folder, 'words'), `${text}\n`);
      rmSync(join(folder, 'words.sig'), { force: true });
      run('cp key.pem ssh.pem && chmod 600 ssh.pem && ssh-keygen -q -p -P "" -N "" -f ssh.pem');
      run('ssh-keygen -q -Y sign -f ssh.pem -n file words');
      expect((await verdictOf('words.sig', [`${text}\n`])).verdict).toBe(verdict);
      expect((await verdictOf('words.sig', ['another text'])).verdict).toBe('claim-only');
    }
  });
});
