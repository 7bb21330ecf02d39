import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { at } from '../time/time.ts';
import { isSelfSigned, parseCsr } from './csr.ts';
import { readPem } from './pem.ts';
import {
  isIssuedBy,
  isShortLived,
  parseCertificate,
  profileOf,
  serialBytes,
  serialFrom,
  serialText,
  spkiOf,
} from './x509.ts';

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'rescind-x509-'));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const openssl = (...args: string[]) =>
  execFileSync('openssl', args, { cwd: folder, stdio: ['ignore', 'pipe', 'ignore'] });

const extensions = `
[v3]
basicConstraints=critical,CA:FALSE
subjectAltName=DNS:Shop.Example,DNS:*.shop.example,IP:192.0.2.7,IP:2001:db8::1:0:0:1,email:a@b.example
authorityKeyIdentifier=keyid
subjectKeyIdentifier=hash
extendedKeyUsage=serverAuth
certificatePolicies=2.23.140.1.2.1
crlDistributionPoints=URI:http://crl.ca.example/1.crl
authorityInfoAccess=OCSP;URI:http://ocsp.ca.example,caIssuers;URI:http://ca.example/i.cer
1.3.6.1.4.1.11129.2.4.3=critical,ASN1:NULL
`;

test('a certificate made by openssl reads as it was asked for', () => {
  writeFileSync(join(folder, 'ext.cnf'), extensions);
  openssl(
    'req',
    '-x509',
    '-newkey',
    'rsa:2048',
    '-nodes',
    '-keyout',
    'ca.key',
    '-out',
    'ca.pem',
    '-subj',
    '/C=IN/O=A, Inc/CN=CA',
    '-days',
    '100',
  );
  openssl(
    'req',
    '-newkey',
    'ec',
    '-pkeyopt',
    'ec_paramgen_curve:P-256',
    '-nodes',
    '-keyout',
    'l.key',
    '-out',
    'l.csr',
    '-subj',
    '/CN=shop.example',
    '-addext',
    'subjectAltName=DNS:shop.example',
  );
  openssl(
    'x509',
    '-req',
    '-in',
    'l.csr',
    '-CA',
    'ca.pem',
    '-CAkey',
    'ca.key',
    '-set_serial',
    '0x8765432100',
    '-days',
    '90',
    '-extfile',
    'ext.cnf',
    '-extensions',
    'v3',
    '-out',
    'l.pem',
  );
  const ca = parseCertificate(readPem(readFileSync(join(folder, 'ca.pem'), 'utf8'))[0]!.bytes);
  const leaf = parseCertificate(readPem(readFileSync(join(folder, 'l.pem'), 'utf8'))[0]!.bytes);
  const text = openssl('x509', '-in', 'l.pem', '-noout', '-fingerprint', '-sha256').toString();
  expect(leaf.fingerprint).toBe(text.split('=')[1]!.trim().replaceAll(':', '').toLowerCase());
  expect(leaf.serial).toBe('8765432100');
  expect(Buffer.from(leaf.serialBytes).toString('hex')).toBe('008765432100');
  expect(leaf.issuer).toBe('CN=CA,O=A\\, Inc,C=IN');
  expect(leaf.commonName).toBe('shop.example');
  expect(leaf.names).toEqual(['shop.example', '*.shop.example', '192.0.2.7', '2001:db8::1:0:0:1', 'a@b.example']);
  expect(leaf.aki).toBe(ca.ski);
  expect(leaf.crlUrls).toEqual(['http://crl.ca.example/1.crl']);
  expect(leaf.ocspUrls).toEqual(['http://ocsp.ca.example']);
  expect(leaf.caIssuersUrls).toEqual(['http://ca.example/i.cer']);
  expect(leaf.policyOids).toEqual(['2.23.140.1.2.1']);
  expect(leaf.isPrecertificate).toBe(true);
  expect(leaf.isCa).toBe(false);
  expect(ca.isCa).toBe(true);
  expect([profileOf(leaf), profileOf(ca)]).toEqual(['tls', 'sub-ca']);
  expect(isIssuedBy(leaf, ca)).toBe(true);
  expect(isIssuedBy(ca, leaf)).toBe(false);
  expect(Buffer.from(spkiOf(leaf.der)).equals(leaf.spki)).toBe(true);
  const tampered = Uint8Array.from(leaf.der);
  tampered[leaf.der.length - 100]! ^= 1;
  expect(isIssuedBy(parseCertificate(tampered), ca)).toBe(false);

  const csr = parseCsr(readPem(readFileSync(join(folder, 'l.csr'), 'utf8'))[0]!.bytes);
  expect(csr.commonNames).toEqual(['shop.example']);
  expect(csr.names).toEqual(['shop.example']);
  expect(isSelfSigned(csr)).toBe(true);
  expect(Buffer.from(csr.spki).equals(leaf.spki)).toBe(true);
  expect(isSelfSigned({ ...csr, signature: ca.signature })).toBe(false);
});

describe('every truncation and every flipped length of a certificate is refused or read, never a crash', () => {
  test('truncations', () => {
    openssl('req', '-x509', '-newkey', 'ed25519', '-nodes', '-keyout', 'e.key', '-out', 'e.pem', '-subj', '/CN=x');
    const bytes = readPem(readFileSync(join(folder, 'e.pem'), 'utf8'))[0]!.bytes;
    for (let i = 0; i < bytes.length; i++) {
      expect(() => parseCertificate(bytes.subarray(0, i))).toThrow(/./);
      const flipped = Uint8Array.from(bytes);
      flipped[i]! ^= 0x81;
      try {
        parseCertificate(flipped);
      } catch (error) {
        expect((error as { code?: string }).code, `byte ${i}`).toBe('der_malformed');
      }
    }
  });
});

test('a short-lived certificate had 10 days before 2026-03-15 and has 7 since, both ends included', () => {
  const shortLived = (notBefore: string, seconds: number, ekus = ['1.3.6.1.5.5.7.3.1']) =>
    isShortLived({
      isCa: false,
      policyOids: [],
      ekus,
      notBefore: at(notBefore),
      notAfter: at(notBefore).add({ seconds }),
    });
  expect(shortLived('2024-03-14T23:59:59Z', 86_400)).toBe(false);
  expect(shortLived('2024-03-15T00:00:00Z', 864_000 - 1)).toBe(true);
  expect(shortLived('2024-03-15T00:00:00Z', 864_000)).toBe(false);
  expect(shortLived('2026-03-15T00:00:00Z', 864_000 - 1)).toBe(false);
  expect(shortLived('2026-03-15T00:00:00Z', 604_800 - 1)).toBe(true);
  expect(shortLived('2026-03-15T00:00:00Z', 604_800 - 1, ['1.3.6.1.5.5.7.3.4'])).toBe(false);
});

test('serials survive the way between bytes and text', () => {
  expect(serialText(Uint8Array.of(0, 0x87))).toBe('87');
  expect(Buffer.from(serialBytes('87')).toString('hex')).toBe('0087');
  expect(Buffer.from(serialBytes('765')).toString('hex')).toBe('0765');
  expect(serialText(Uint8Array.of(0))).toBe('0');
  expect(serialFrom('00:8A:FF')).toBe('8aff');
  expect(serialFrom('0x00ab')).toBe('ab');
  expect(serialFrom('hello')).toBeNull();
});
