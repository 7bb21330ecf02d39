/** What the page signs with a key that never leaves it, held against what the desk accepts. */
import { generateKeyPairSync, type KeyObject } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import type { Verdict } from '../../src/desk/facts.ts';
import { extractFromText } from '../../src/stages/evidence/extract/extract.ts';
import { judge } from '../../src/stages/evidence/prove/judge.ts';
import { acceptedWording, statementText, writeStatement } from '../../src/stages/evidence/prove/statement-form.ts';
import { aCertificate, aContext, anEcKey, anRsaKey, fingerprintOf } from '../../src/stages/evidence/prove/test-keys.ts';

interface Signed {
  readonly spkiSha256: string;
  readonly publicKey: string;
  readonly signature: string;
}

/** By its address, because the page is checked with the browser's types and tests are with Node's. */
const page = new URL('../../src/web/prove/key.ts', import.meta.url).href;
const { signWithKey } = (await import(page)) as { signWithKey(pem: string, text: string): Promise<Signed> };

const text = statementText(acceptedWording);
const pem = (key: KeyObject, type: 'pkcs8' | 'pkcs1' | 'sec1') => key.export({ format: 'pem', type }).toString();
const ecOn = (namedCurve: string) => generateKeyPairSync('ec', { namedCurve });

/** The verdict of the desk on the words that the page would put into the report. */
async function verdictOn(signed: Signed, certificates: readonly Buffer[], about = text) {
  const statement = writeStatement({
    text: about,
    spkiSha256: signed.spkiSha256,
    publicKey: signed.publicKey,
    signature: signed.signature,
  } as never);
  const [found] = extractFromText(`Good evening,\n\n${statement}\n\nBye`);
  if (found === undefined) throw new Error('the desk found no statement');
  return judge({ source: 'body', found }, { texts: [], spkis: [] }, aContext(certificates));
}

const rsa = anRsaKey();
const p256 = anEcKey();
const kept: readonly [string, { publicKey: KeyObject; privateKey: KeyObject }, 'pkcs8' | 'pkcs1' | 'sec1'][] = [
  ['RSA in PKCS#8', rsa, 'pkcs8'],
  ['RSA in PKCS#1', rsa, 'pkcs1'],
  ['P-256 in PKCS#8', p256, 'pkcs8'],
  ['P-256 in SEC1', p256, 'sec1'],
  ['P-384 in PKCS#8', ecOn('P-384'), 'pkcs8'],
  ['P-384 in SEC1', ecOn('P-384'), 'sec1'],
  ['P-521 in PKCS#8', ecOn('P-521'), 'pkcs8'],
  ['P-521 in SEC1', ecOn('P-521'), 'sec1'],
  ['Ed25519 in PKCS#8', generateKeyPairSync('ed25519'), 'pkcs8'],
];

describe('a statement signed in the browser', () => {
  it.each(kept)(
    'with %s proves the certificate of that key, and says nothing of the key',
    async (_name, pair, type) => {
      const certificate = aCertificate(pair);
      const signed = await signWithKey(`Some words.\n${pem(pair.privateKey, type)}\nMore words.`, text);
      const judged = await verdictOn(signed, [certificate]);
      expect(judged).toMatchObject({
        verdict: 'proven-statement' satisfies Verdict,
        matches: [fingerprintOf(certificate)],
      });
      const jwk = pair.privateKey.export({ format: 'jwk' });
      expect(Buffer.from(JSON.stringify(signed)).includes(jwk.d ?? '?')).toBe(false);
    },
  );

  it('with another key proves nothing of this certificate', async () => {
    const signed = await signWithKey(pem(anRsaKey().privateKey, 'pkcs8'), text);
    expect((await verdictOn(signed, [aCertificate(rsa)])).matches).toEqual([]);
    const claimed = { ...signed, spkiSha256: (await signWithKey(pem(rsa.privateKey, 'pkcs8'), text)).spkiSha256 };
    expect((await verdictOn(claimed, [aCertificate(rsa)])).matches).toEqual([]);
  });

  it('over other words shows possession and no compromise', async () => {
    const words = 'I am the administrator of this server.';
    const signed = await signWithKey(pem(rsa.privateKey, 'pkcs8'), words);
    const judged = await verdictOn(signed, [aCertificate(rsa)], words);
    expect(judged.verdict).toBe('possession-only');
    // The signature does not pass for one over the accepted words.
    expect((await verdictOn(signed, [aCertificate(rsa)])).verdict).not.toBe('proven-statement');
  });
});

describe('a file that the page cannot sign with', () => {
  const locked = rsa.privateKey.export({ format: 'pem', type: 'pkcs8', cipher: 'aes-256-cbc', passphrase: 'x' });
  const old = rsa.privateKey.export({ format: 'pem', type: 'pkcs1', cipher: 'aes-256-cbc', passphrase: 'x' });
  it.each([
    ['nothing', '', 'no unencrypted private key'],
    ['a certificate', rsa.publicKey.export({ format: 'pem', type: 'spki' }).toString(), 'no unencrypted private key'],
    ['a locked key', locked.toString(), 'no unencrypted private key'],
    ['a key locked the old way', old.toString(), 'protected by a passphrase'],
    ['a damaged key', '-----BEGIN PRIVATE KEY-----\nMII*\n-----END PRIVATE KEY-----', 'damaged'],
    [
      'a torn key',
      pem(rsa.privateKey, 'pkcs8').replace(/\n[^\n]+\n[^\n]+\n-----END/, '\n-----END'),
      'cannot be read here',
    ],
    ['a key of another kind', pem(generateKeyPairSync('x25519').privateKey, 'pkcs8'), 'not known here'],
    ['a curve that browsers lack', pem(ecOn('secp256k1').privateKey, 'sec1'), 'not known here'],
    ['a megabyte of noise', 'A'.repeat(1024 * 1024), 'no unencrypted private key'],
  ])('%s is refused with a sentence that says what to do', async (_name, file, words) => {
    await expect(signWithKey(file, text)).rejects.toThrow(words);
  });
});
