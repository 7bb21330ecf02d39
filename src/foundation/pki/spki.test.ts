import { execFileSync } from 'node:child_process';
import { createHash, ECDH, generateKeyPairSync, sign, verify } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { der } from './der.ts';
import { oid } from './oids.ts';
import { describeKey, keyHashes, publicKeyFor } from './spki.ts';

const sha256 = (bytes: Uint8Array) => createHash('sha256').update(bytes).digest('hex');

function openssl(args: readonly string[], input?: string): Buffer {
  return execFileSync('openssl', args, {
    ...(input === undefined ? {} : { input }),
    stdio: ['pipe', 'pipe', 'ignore'],
  });
}

describe('one key has one canonical hash, however it is spelled', () => {
  for (const [node, name, bits] of [
    ['prime256v1', 'P-256', 256],
    ['secp384r1', 'P-384', 384],
    ['secp521r1', 'P-521', 521],
  ] as const) {
    test(`${name}: compressed point and explicit parameters`, () => {
      const pem = openssl(['ecparam', '-name', node, '-genkey', '-noout']).toString();
      const plain = openssl(['ec', '-pubout', '-outform', 'DER'], pem);
      const wanted = keyHashes(plain);
      expect(wanted.exact).toBe(sha256(plain));
      expect(wanted.canonical).toBe(wanted.exact);
      for (const form of [
        ['-conv_form', 'compressed'],
        ['-param_enc', 'explicit'],
        ['-param_enc', 'explicit', '-conv_form', 'compressed'],
        ['-conv_form', 'hybrid'],
      ]) {
        const odd = openssl(['ec', '-pubout', '-outform', 'DER', ...form], pem);
        const hashes = keyHashes(odd);
        expect(hashes.exact).not.toBe(wanted.exact);
        expect(hashes.canonical).toBe(wanted.canonical);
        expect(hashes.material).toBe(wanted.material);
        expect(describeKey(odd)).toEqual({ type: 'ec', bits, curve: name });
        const signature = sign('sha256', Buffer.from('x'), pem);
        expect(verify('sha256', Buffer.from('x'), publicKeyFor(odd), signature)).toBe(true);
        expect(verify('sha256', Buffer.from('y'), publicKeyFor(odd), signature)).toBe(false);
      }
    });
  }

  test('RSA without NULL, under id-RSASSA-PSS, and with a padded modulus', () => {
    const { publicKey, privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
    const plain = publicKey.export({ type: 'spki', format: 'der' });
    const pkcs1 = publicKey.export({ type: 'pkcs1', format: 'der' });
    const jwk = publicKey.export({ format: 'jwk' });
    const n = Buffer.from(jwk.n!, 'base64url');
    const e = Buffer.from(jwk.e!, 'base64url');
    const wanted = keyHashes(plain);
    expect(wanted.canonical).toBe(sha256(plain));
    expect(wanted.material).toBe(sha256(n));
    const padded = der.sequence(Buffer.concat([Uint8Array.of(2, 0x82, 1, 2, 0, 0), n]), der.integer(e));
    const spellings = [
      der.sequence(der.sequence(der.oid(oid.rsaEncryption)), der.bits(pkcs1)),
      der.sequence(der.sequence(der.oid(oid.rsassaPss)), der.bits(pkcs1)),
      der.sequence(der.sequence(der.oid(oid.rsaEncryption), der.null()), der.bits(padded)),
    ];
    const signature = sign('sha256', Buffer.from('x'), privateKey);
    for (const odd of spellings) {
      const hashes = keyHashes(odd);
      expect(hashes.exact).not.toBe(wanted.exact);
      expect(hashes.canonical).toBe(wanted.canonical);
      expect(describeKey(odd)).toEqual({ type: 'rsa', bits: 2048, curve: null });
      expect(verify('sha256', Buffer.from('x'), publicKeyFor(odd), signature)).toBe(true);
    }
  });

  test('Ed25519 with and without parameters', () => {
    const { publicKey } = generateKeyPairSync('ed25519');
    const plain = publicKey.export({ type: 'spki', format: 'der' });
    const raw = plain.subarray(-32);
    const odd = der.sequence(der.sequence(der.oid(oid.ed25519), der.null()), der.bits(raw));
    expect(keyHashes(odd).canonical).toBe(keyHashes(plain).canonical);
    expect(keyHashes(plain).material).toBe(sha256(raw));
  });
});

test('the same modulus under another exponent shares only the material', () => {
  const { publicKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
  const n = Buffer.from(publicKey.export({ format: 'jwk' }).n!, 'base64url');
  const other = der.sequence(
    der.sequence(der.oid(oid.rsaEncryption), der.null()),
    der.bits(der.sequence(der.integer(n), der.integer(3))),
  );
  const a = keyHashes(publicKey.export({ type: 'spki', format: 'der' }));
  expect(keyHashes(other).canonical).not.toBe(a.canonical);
  expect(keyHashes(other).material).toBe(a.material);
});

test('explicit parameters of a curve that only resembles P-256 are not taken for it', () => {
  const pem = openssl(['ecparam', '-name', 'prime256v1', '-genkey', '-noout']).toString();
  const explicit = openssl(['ec', '-pubout', '-outform', 'DER', '-param_enc', 'explicit'], pem);
  const tampered = Buffer.from(explicit);
  const b = Buffer.from('5ac635d8aa3a93e7b3ebbd55769886bc', 'hex');
  tampered[tampered.indexOf(b)]! ^= 1;
  expect(describeKey(tampered).curve).toBe('explicit');
  expect(keyHashes(tampered).canonical).toBe(keyHashes(tampered).exact);
});

test('a point that is not on the curve and trailing bytes are refused', () => {
  const point = ECDH.convertKey(
    Buffer.concat([Uint8Array.of(2), Buffer.alloc(32, 0)]).fill(5, 32),
    'prime256v1',
    undefined,
    undefined,
    'uncompressed',
  ) as Buffer;
  const good = der.sequence(der.sequence(der.oid(oid.ecPublicKey), der.oid(oid.p256)), der.bits(point));
  expect(() => publicKeyFor(good)).not.toThrow();
  const off = Buffer.from(good);
  off[off.length - 1]! ^= 1;
  expect(() => publicKeyFor(off)).toThrow('cannot be used');
  expect(() => keyHashes(Buffer.concat([good, Uint8Array.of(0)]))).toThrow('trailing');
});
