import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Serial } from '../brand.ts';
import { SystemTime } from '../time/system-time.ts';
import { makeCertId, makeOcspRequest, parseOcspRequest, parseOcspResponse, readOcspAnswer } from './ocsp.ts';
import { readPem } from './pem.ts';
import { type Certificate, parseCertificate } from './x509.ts';

/** An openssl CA with a delegated responder, and one impostor whose certificate lacks the OCSPSigning usage. */
let folder: string;
let ca: Certificate;
const now = new SystemTime().now();
const openssl = (...args: string[]) =>
  execFileSync('openssl', args, { cwd: folder, stdio: ['ignore', 'pipe', 'ignore'] });

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'rescind-ocsp-'));
  writeFileSync(
    join(folder, 'ext.cnf'),
    '[r]\nextendedKeyUsage=OCSPSigning\nnoCheck=ignored\n[i]\nextendedKeyUsage=serverAuth\n[o]\nextendedKeyUsage=OCSPSigning\n',
  );
  openssl(
    'req',
    '-x509',
    '-newkey',
    'ec',
    '-pkeyopt',
    'ec_paramgen_curve:P-256',
    '-nodes',
    '-keyout',
    'ca.key',
    '-out',
    'ca.pem',
    '-subj',
    '/CN=CA',
    '-days',
    '30',
  );
  for (const [name, section] of [
    ['resp', 'o'],
    ['imp', 'i'],
  ] as const) {
    openssl(
      'req',
      '-newkey',
      'rsa:2048',
      '-nodes',
      '-keyout',
      `${name}.key`,
      '-out',
      `${name}.csr`,
      '-subj',
      `/CN=${name}`,
    );
    openssl(
      'x509',
      '-req',
      '-in',
      `${name}.csr`,
      '-CA',
      'ca.pem',
      '-CAkey',
      'ca.key',
      '-set_serial',
      section === 'o' ? '77' : '78',
      '-days',
      '30',
      '-extfile',
      'ext.cnf',
      '-extensions',
      section,
      '-out',
      `${name}.pem`,
    );
  }
  // openssl's index: status, expiry, revocation time with reason, serial, file, subject.
  writeFileSync(
    join(folder, 'index.txt'),
    'V\t351231235959Z\t\t0A\tunknown\t/CN=a\nR\t351231235959Z\t260101000000Z,keyCompromise\t0B\tunknown\t/CN=b\n',
  );
  writeFileSync(join(folder, 'index.txt.attr'), 'unique_subject = no\n');
  ca = parseCertificate(readPem(readFileSync(join(folder, 'ca.pem'), 'utf8'))[0]!.bytes);
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function ask(
  serial: string,
  signer: string,
  nonce: Uint8Array | null = null,
  digest: 'sha1' | 'sha256' = 'sha1',
  more: string[] = [],
) {
  const request = makeOcspRequest(makeCertId(ca, serial as Serial, digest), nonce);
  writeFileSync(join(folder, 'req.der'), request);
  openssl(
    'ocsp',
    '-index',
    'index.txt',
    '-CA',
    'ca.pem',
    '-rsigner',
    `${signer}.pem`,
    '-rkey',
    `${signer}.key`,
    '-reqin',
    'req.der',
    '-respout',
    'resp.der',
    '-ndays',
    '2',
    ...more,
  );
  return parseOcspResponse(new Uint8Array(readFileSync(join(folder, 'resp.der'))));
}

const about = (serial: string, nonce: Uint8Array | null = null) => ({
  issuer: ca,
  serial: serial as Serial,
  now: now.add({ seconds: 30 }),
  nonce,
});

test('openssl answers our request: by the CA itself and by a delegated responder, by name and by key', () => {
  for (const signer of ['ca', 'resp']) {
    for (const more of [[], ['-resp_key_id']]) {
      const nonce = Uint8Array.of(1, 2, 3, 4, 5, 6, 7, 8);
      expect(readOcspAnswer(ask('a', signer, nonce, 'sha256', more), about('a', nonce))).toMatchObject({
        ok: true,
        single: { status: 'good' },
      });
      expect(readOcspAnswer(ask('b', signer, null, 'sha1', more), about('b'))).toMatchObject({
        ok: true,
        single: { status: 'revoked', reason: 1 },
      });
      expect(readOcspAnswer(ask('c', signer, null, 'sha1', more), about('c'))).toMatchObject({
        ok: true,
        single: { status: 'unknown' },
      });
    }
  }
});

test('a certificate of the CA without the OCSPSigning usage may not speak for it', () => {
  expect(readOcspAnswer(ask('b', 'imp'), about('b'))).toEqual({ ok: false, problem: 'ocsp-unknown-responder' });
});

test('another serial, another nonce, a flipped bit and an old date are not an answer', () => {
  const response = ask('b', 'resp', Uint8Array.of(9, 9, 9, 9));
  expect(readOcspAnswer(response, about('a'))).toMatchObject({ problem: 'ocsp-other-certificate' });
  expect(readOcspAnswer(response, about('b', Uint8Array.of(9, 9, 9, 8)))).toMatchObject({
    problem: 'ocsp-nonce-mismatch',
  });
  expect(readOcspAnswer(response, { ...about('b'), now: now.add({ hours: 72 }) })).toMatchObject({
    problem: 'ocsp-expired',
  });
  expect(readOcspAnswer(response, { ...about('b'), now: now.subtract({ hours: 1 }) }).ok).toBe(false);
  const signature = Uint8Array.from(response.basic!.signature);
  signature[20]! ^= 1;
  const forged = { ...response, basic: { ...response.basic!, signature } };
  expect(readOcspAnswer(forged, about('b'))).toMatchObject({ problem: 'ocsp-bad-signature' });
});

test('openssl reads our request and we read what openssl asks', () => {
  openssl('ocsp', '-issuer', 'ca.pem', '-serial', '0x0b', '-serial', '0x8a', '-reqout', 'theirs.der');
  const read = parseOcspRequest(new Uint8Array(readFileSync(join(folder, 'theirs.der'))));
  expect(read.ids.map((id) => id.serial)).toEqual(['b', '8a']);
  expect(read.nonce?.length).toBeGreaterThan(0);
  const longNonce = makeOcspRequest(makeCertId(ca, 'a' as Serial), new Uint8Array(129));
  expect(() => parseOcspRequest(longNonce)).toThrow('nonce');
});

test('an unsuccessful response says which', () => {
  const about1 = about('a');
  expect(readOcspAnswer(parseOcspResponse(Uint8Array.of(0x30, 3, 0x0a, 1, 6)), about1)).toEqual({
    ok: false,
    problem: 'ocsp-unauthorized',
  });
  expect(() => parseOcspResponse(Uint8Array.of(0x30, 3, 0x0a, 1, 4))).toThrow('status');
});
