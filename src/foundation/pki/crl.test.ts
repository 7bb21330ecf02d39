import { execFileSync } from 'node:child_process';
import { createPublicKey, generateKeyPairSync } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Serial } from '../brand.ts';
import { at } from '../time/time.ts';
import { crlProblem, encodeRevokedEntry, isCrlSignedBy, parseCrl, signCrl } from './crl.ts';
import { der, tag, tlv } from './der.ts';
import { writeName } from './name.ts';
import { oid } from './oids.ts';
import { keyIdentifier } from './spki.ts';

const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
const spki = new Uint8Array(createPublicKey(privateKey).export({ type: 'spki', format: 'der' }));
const subjectDer = writeName([{ type: oid.commonName, value: 'CA' }]);
const issuer = { subjectDer, spki };
const now = at('2026-03-01T00:00:00Z');
const url = 'http://ca.test/1.crl';

function aCrl(more: Partial<Parameters<typeof signCrl>[0]> = {}) {
  return signCrl(
    {
      issuerDer: subjectDer,
      aki: keyIdentifier(spki),
      number: 7n,
      thisUpdate: now,
      nextUpdate: now.add({ hours: 24 }),
      urls: [url],
      only: 'user',
      entries: [],
      ...more,
    },
    privateKey,
  );
}
const entry = (serial: string, reason: number | null = 1, revokedAt = now) =>
  encodeRevokedEntry({ serial: serial as Serial, revokedAt, reason, invalidityAt: null });

test('what is written is read, among 100,000 entries too', () => {
  const serials = Array.from({ length: 100_000 }, (_, i) => (0x80_0000_0000 + i * 7919).toString(16));
  const crl = parseCrl(aCrl({ entries: serials.map((serial, i) => entry(serial, i % 3 === 0 ? null : 4)) }));
  expect(crl.entryCount).toBe(100_000);
  expect(crl.duplicates()).toBe(0);
  expect(crl.number).toBe(7n);
  expect(isCrlSignedBy(crl, issuer)).toBe(true);
  for (const i of [0, 1, 50_000, 99_999]) {
    const found = crl.find(serials[i] as Serial)!;
    expect(found).toMatchObject({ serial: serials[i], reason: i % 3 === 0 ? null : 4, invalidityAt: null });
    expect(found.revokedAt.equals(now)).toBe(true);
  }
  expect(crl.find('abc' as Serial)).toBeNull();
  expect([...crl.entries()].length).toBe(100_000);
});

test('dates are UTCTime through 2049 and GeneralizedTime from 2050', () => {
  for (const [date, type] of [
    ['2049-12-31T23:59:59Z', tag.utcTime],
    ['2050-01-01T00:00:00Z', tag.generalizedTime],
  ] as const) {
    const bytes = entry('1', null, at(date));
    expect(bytes[5]).toBe(type);
    expect(
      parseCrl(aCrl({ entries: [bytes] }))
        .find('1' as Serial)
        ?.revokedAt.toString(),
    ).toBe(date);
  }
});

test('reason 0 is never encoded, and an empty list leaves revokedCertificates out', () => {
  expect(() => entry('1', 0)).toThrow('never');
  expect(parseCrl(aCrl()).entryCount).toBe(0);
});

test('a serial on the list twice is counted, and the first entry stands', () => {
  const crl = parseCrl(aCrl({ entries: [entry('a1', 1), entry('a2', 4), entry('a1', 5)] }));
  expect(crl.duplicates()).toBe(1);
  expect(crl.find('a1' as Serial)?.reason).toBe(1);
});

test('an entry whose serial lost its sign octet is still found', () => {
  const bare = der.sequence(tlv(tag.integer, Uint8Array.of(0x87, 0x65)), der.time(now));
  expect(parseCrl(aCrl({ entries: [bare] })).find('8765' as Serial)).not.toBeNull();
});

describe('a relying party does not believe', () => {
  const about = { issuer, crlUrls: [url], isCa: false, now: now.add({ hours: 1 }) };
  const problem = (bytes: Uint8Array, more: object = {}) => crlProblem(parseCrl(bytes), { ...about, ...more });
  test('anything but a sound list in scope and in date', () => {
    expect(problem(aCrl())).toBeNull();
    const other = generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey;
    const foreign = new Uint8Array(createPublicKey(other).export({ type: 'spki', format: 'der' }));
    expect(problem(aCrl(), { issuer: { subjectDer, spki: foreign } })).toBe('crl-bad-signature');
    expect(problem(aCrl(), { issuer: { subjectDer: writeName([]), spki } })).toBe('crl-wrong-issuer');
    expect(problem(aCrl({ urls: ['http://ca.test/2.crl'] }))).toBe('crl-idp-mismatch');
    expect(problem(aCrl({ urls: ['http://old.test/1.crl', url] }))).toBeNull();
    expect(problem(aCrl({ urls: [] }))).toBeNull();
    expect(problem(aCrl({ only: 'ca' }))).toBe('crl-wrong-scope');
    expect(problem(aCrl({ only: 'ca' }), { isCa: true })).toBeNull();
    expect(problem(aCrl(), { now: now.add({ hours: 24 }) })).toBe('crl-expired');
    expect(problem(aCrl(), { now: now.subtract({ hours: 1 }) })).toBe('crl-not-yet-valid');
    expect(problem(aCrl(), { numberLast: 8n })).toBe('crl-number-went-back');
    expect(problem(aCrl(), { numberLast: 7n })).toBeNull();
  });

  test('no truncation and no flipped byte is believed, and none crashes the reader', () => {
    const bytes = aCrl({ entries: [entry('a1'), entry('a2', null)] });
    for (let i = 0; i < bytes.length; i++) {
      expect(() => parseCrl(bytes.subarray(0, i))).toThrow(/./);
      const flipped = Uint8Array.from(bytes);
      flipped[i]! ^= 0x41;
      try {
        expect(problem(flipped), `byte ${i}`).not.toBeNull();
      } catch (error) {
        expect((error as { code?: string }).code, `byte ${i}: ${error}`).toBe('der_malformed');
      }
    }
  });
});

describe('openssl agrees', () => {
  let folder: string;
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'rescind-crl-'));
  });
  afterAll(() => rmSync(folder, { recursive: true, force: true }));
  test('on every entry and the extensions', () => {
    const invalid = encodeRevokedEntry({
      serial: 'c0ffee' as Serial,
      revokedAt: now,
      reason: 9,
      invalidityAt: at('2026-02-01T00:00:00Z'),
    });
    writeFileSync(join(folder, 'a.crl'), aCrl({ entries: [invalid, entry('8a', 5)] }));
    const text = execFileSync('openssl', ['crl', '-inform', 'DER', '-in', 'a.crl', '-noout', '-text'], {
      cwd: folder,
    }).toString();
    for (const part of [
      'C0FFEE',
      'Privilege Withdrawn',
      'Feb  1 00:00:00 2026 GMT',
      '8A',
      'Cessation Of Operation',
      url,
      'Only User Certificates',
    ]) {
      expect(text).toContain(part);
    }
  });
});
