/** What strangers send to the readers of `foundation/pki`: every flipped bit and every cut is refused or read, never a crash. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { parseCrl } from '../../src/foundation/pki/crl.ts';
import { isSelfSigned, parseCsr, writeCsr } from '../../src/foundation/pki/csr.ts';
import { makeCertId, makeOcspRequest, parseOcspRequest, parseOcspResponse } from '../../src/foundation/pki/ocsp.ts';
import { oid } from '../../src/foundation/pki/oids.ts';
import { describeKey, keyHashes, publicKeyFor } from '../../src/foundation/pki/spki.ts';
import { parseCertificate, profileOf } from '../../src/foundation/pki/x509.ts';
import { newKey, spkiOf } from './acme-client.ts';
import { aLab } from './lab.ts';

const lab = await aLab();
const leaf = await lab.issue({ names: ['shop.example', '192.0.2.1', '2001:db8::1', 'a@shop.example'] });
await lab.revoke(leaf.serial);
const key = newKey();
const issuer = parseCertificate(leaf.issuer);
const request = makeOcspRequest(makeCertId(issuer, leaf.serial), new Uint8Array(32));
const samples: readonly [string, Uint8Array, (bytes: Uint8Array) => unknown][] = [
  ['a certificate', leaf.der, (bytes) => profileOf(parseCertificate(bytes))],
  [
    'a request',
    writeCsr({
      subject: [{ type: oid.commonName, value: 'x' }],
      names: ['a.example'],
      spki: spkiOf(key),
      signWith: key,
    }),
    (bytes) => isSelfSigned(parseCsr(bytes)),
  ],
  [
    'a CRL',
    (await lab.ca.revocations.crl('/crl/tls-0.crl'))!.der,
    (bytes) => [...parseCrl(bytes).entries()].length + parseCrl(bytes).duplicates(),
  ],
  ['an OCSP request', request, (bytes) => parseOcspRequest(bytes)],
  ['an OCSP response', (await lab.ca.revocations.ocsp(request)).body, (bytes) => parseOcspResponse(bytes)],
  ['a public key', spkiOf(key), (bytes) => [keyHashes(bytes), describeKey(bytes), publicKeyFor(bytes)]],
];

describe.each(samples)('%s', (_what, sound, read) => {
  const isRefusedOrRead = (bytes: Uint8Array) => {
    try {
      read(bytes);
    } catch (error) {
      expect((error as { code?: string }).code, String(error)).toBe('der_malformed');
    }
  };

  test('is read when it is sound', () => {
    expect(() => read(sound)).not.toThrow();
  });

  test('with any one bit flipped', () => {
    for (let i = 0; i < sound.length * 8; i++) {
      const bytes = Uint8Array.from(sound);
      bytes[i >> 3]! ^= 1 << (i & 7);
      isRefusedOrRead(bytes);
    }
  });

  test('cut anywhere, and with bytes put in, taken out and repeated', () => {
    for (let i = 0; i < sound.length; i++) isRefusedOrRead(sound.subarray(0, i));
    fc.assert(
      fc.property(fc.nat(sound.length), fc.nat(sound.length), fc.uint8Array({ maxLength: 8 }), (from, to, more) => {
        isRefusedOrRead(Uint8Array.from([...sound.subarray(0, from), ...more, ...sound.subarray(to)]));
      }),
      { numRuns: 500 },
    );
  });
});
