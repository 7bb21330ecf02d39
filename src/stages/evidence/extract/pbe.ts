/**
 * Password-based encryption of keys and key stores: PBES2 (RFC 8018), PBES1, the PKCS#12 schemes (RFC 7292 appendix
 * B) and the two of Java key stores. The cost is read and refused *before* anything is derived: 20 million
 * iterations block a process past every signal but SIGKILL.
 */
import { createDecipheriv, createHash, pbkdf2Sync, scryptSync } from 'node:crypto';
import { createRequire } from 'node:module';
import { DerError, type DerReader, tag } from '../../../foundation/pki/der.ts';
import type { Locked } from './found.ts';
import { KDF_MEMORY_BYTES_MAX, PBKDF2_ITERATIONS_MAX, PKCS12_ITERATIONS_MAX } from './limits.ts';

/** Plain bytes, or why not. A wrong pass phrase that happens to unpad is caught by the caller's parser. */
export function decryptPbe(algorithm: DerReader, sealed: Uint8Array, passphrase: string): Buffer | Locked {
  try {
    const name = algorithm.oid('algorithm');
    if (name === '1.2.840.113549.1.5.13')
      return pbes2(algorithm.enter(tag.sequence, 'PBES2-params'), sealed, passphrase);
    const scheme = schemes[name];
    if (scheme === undefined) return 'unsupported';
    if (name === JKS_PROTECTOR) return jks(sealed, passphrase);
    const parameters = algorithm.enter(tag.sequence, 'PBEParameter');
    const salt = parameters.content(parameters.expect(tag.octetString, 'salt'));
    const iterations = parameters.smallInteger('iterationCount');
    if (iterations > PKCS12_ITERATIONS_MAX) return 'too-costly';
    return scheme(sealed, passphrase, salt, iterations);
  } catch (cause) {
    if (cause instanceof DerError) return 'damaged';
    throw cause;
  }
}

const JKS_PROTECTOR = '1.3.6.1.4.1.42.2.17.1.1';

type Scheme = (sealed: Uint8Array, passphrase: string, salt: Uint8Array, iterations: number) => Buffer | Locked;

const schemes: Readonly<Record<string, Scheme>> = {
  // PBES1: MD5 or SHA-1 with DES. Single DES is triple DES with the same key three times.
  '1.2.840.113549.1.5.3': pbes1('md5'),
  '1.2.840.113549.1.5.10': pbes1('sha1'),
  '1.2.840.113549.1.12.1.1': pkcs12((key) => rc4(key), 16, 0),
  '1.2.840.113549.1.12.1.2': pkcs12((key) => rc4(key), 5, 0),
  '1.2.840.113549.1.12.1.3': pkcs12((key, iv) => block('des-ede3-cbc', key, iv), 24, 8),
  '1.2.840.113549.1.12.1.4': pkcs12(
    (key, iv) => block('des-ede3-cbc', Buffer.concat([key, key.subarray(0, 8)]), iv),
    16,
    8,
  ),
  '1.2.840.113549.1.12.1.5': pkcs12((key, iv) => rc2(key, iv, 128), 16, 8),
  '1.2.840.113549.1.12.1.6': pkcs12((key, iv) => rc2(key, iv, 40), 5, 8),
  '1.3.6.1.4.1.42.2.19.1': jceks,
  [JKS_PROTECTOR]: () => 'unsupported',
};

type Decrypt = (sealed: Uint8Array) => Buffer | null;

function block(cipher: string, key: Uint8Array, iv: Uint8Array): Decrypt {
  return (sealed) => {
    try {
      const decipher = createDecipheriv(cipher, key, iv);
      return Buffer.concat([decipher.update(sealed), decipher.final()]);
    } catch {
      return null;
    }
  };
}

function opened(plain: Buffer | null): Buffer | Locked {
  return plain ?? 'wrong-passphrase';
}

/* ---- PBES2 ---- */

const prfs: Readonly<Record<string, string>> = {
  '1.2.840.113549.2.7': 'sha1',
  '1.2.840.113549.2.8': 'sha224',
  '1.2.840.113549.2.9': 'sha256',
  '1.2.840.113549.2.10': 'sha384',
  '1.2.840.113549.2.11': 'sha512',
};

const ciphers: Readonly<Record<string, readonly [string, number]>> = {
  '2.16.840.1.101.3.4.1.2': ['aes-128-cbc', 16],
  '2.16.840.1.101.3.4.1.22': ['aes-192-cbc', 24],
  '2.16.840.1.101.3.4.1.42': ['aes-256-cbc', 32],
  '1.2.840.113549.3.7': ['des-ede3-cbc', 24],
  '1.3.14.3.2.7': ['des', 8],
  '1.2.392.200011.61.1.1.1.2': ['camellia-128-cbc', 16],
  '1.2.392.200011.61.1.1.1.3': ['camellia-192-cbc', 24],
  '1.2.392.200011.61.1.1.1.4': ['camellia-256-cbc', 32],
  '1.2.410.200046.1.1.2': ['aria-128-cbc', 16],
  '1.2.410.200046.1.1.7': ['aria-192-cbc', 24],
  '1.2.410.200046.1.1.12': ['aria-256-cbc', 32],
};

function pbes2(parameters: DerReader, sealed: Uint8Array, passphrase: string): Buffer | Locked {
  const kdf = parameters.enter(tag.sequence, 'keyDerivationFunc');
  const encryption = parameters.enter(tag.sequence, 'encryptionScheme');
  const cipher = ciphers[encryption.oid('cipher')];
  if (cipher === undefined) return 'unsupported';
  const iv = encryption.content(encryption.expect(tag.octetString, 'iv'));
  const [name, keyLength] = cipher;
  const key = deriveKey(kdf, passphrase, keyLength);
  if (typeof key === 'string') return key;
  const result = name === 'des' ? block('des-ede3-cbc', Buffer.concat([key, key, key]), iv) : block(name, key, iv);
  const plain = opened(result(sealed));
  key.fill(0);
  return plain;
}

function deriveKey(kdf: DerReader, passphrase: string, length: number): Buffer | Locked {
  const name = kdf.oid('kdf');
  const parameters = kdf.enter(tag.sequence, 'kdf parameters');
  if (name === '1.2.840.113549.1.5.12') {
    const salt = parameters.content(parameters.expect(tag.octetString, 'salt'));
    const iterations = parameters.smallInteger('iterationCount');
    if (iterations < 1 || iterations > PBKDF2_ITERATIONS_MAX) return 'too-costly';
    parameters.optional(tag.integer);
    const prf = parameters.more ? prfs[parameters.enter(tag.sequence, 'prf').oid('prf')] : 'sha1';
    return prf === undefined ? 'unsupported' : pbkdf2Sync(passphrase, salt, iterations, length, prf);
  }
  if (name === '1.3.6.1.4.1.11591.4.11') {
    const salt = parameters.content(parameters.expect(tag.octetString, 'salt'));
    const N = parameters.smallInteger('N');
    const r = parameters.smallInteger('r');
    const p = parameters.smallInteger('p');
    if (128 * N * r > KDF_MEMORY_BYTES_MAX || p > 16 || N < 2) return 'too-costly';
    return scryptSync(passphrase, salt, length, { N, r, p, maxmem: 2 * KDF_MEMORY_BYTES_MAX });
  }
  return 'unsupported';
}

/* ---- PBES1 and PKCS#12 ---- */

function pbes1(digest: 'md5' | 'sha1'): Scheme {
  return (sealed, passphrase, salt, iterations) => {
    let derived = createHash(digest).update(passphrase, 'utf8').update(salt).digest();
    for (let i = 1; i < iterations; i++) derived = createHash(digest).update(derived).digest();
    const key = derived.subarray(0, 8);
    return opened(block('des-ede3-cbc', Buffer.concat([key, key, key]), derived.subarray(8, 16))(sealed));
  };
}

function pkcs12(cipher: (key: Buffer, iv: Buffer) => Decrypt, keyLength: number, ivLength: number): Scheme {
  return (sealed, passphrase, salt, iterations) => {
    // An empty pass phrase is two zero bytes to some writers and nothing at all to others.
    for (const secret of passphrase === '' ? [Buffer.alloc(2), Buffer.alloc(0)] : [bmpString(passphrase)]) {
      const key = pkcs12Key('sha1', secret, salt, 1, iterations, keyLength);
      const iv = pkcs12Key('sha1', secret, salt, 2, iterations, ivLength);
      const plain = cipher(key, iv)(sealed);
      if (plain !== null) return plain;
    }
    return 'wrong-passphrase';
  };
}

/** UTF-16BE with a terminating zero, RFC 7292 appendix B.1. */
export function bmpString(passphrase: string): Buffer {
  return Buffer.from(`${passphrase}\0`, 'utf16le').swap16();
}

/** RFC 7292 appendix B.2. `id`: 1 key, 2 IV, 3 MAC. */
export function pkcs12Key(
  digest: string,
  secret: Uint8Array,
  salt: Uint8Array,
  id: number,
  iterations: number,
  length: number,
): Buffer {
  if (length === 0) return Buffer.alloc(0);
  const v = digest === 'sha384' || digest === 'sha512' ? 128 : 64;
  const repeat = (bytes: Uint8Array): Buffer => {
    if (bytes.length === 0) return Buffer.alloc(0);
    const whole = Buffer.alloc(Math.ceil(bytes.length / v) * v);
    for (let i = 0; i < whole.length; i++) whole[i] = bytes[i % bytes.length] as number;
    return whole;
  };
  const d = Buffer.alloc(v, id);
  const i = Buffer.concat([repeat(salt), repeat(secret)]);
  const parts: Buffer[] = [];
  let have = 0;
  while (have < length) {
    let a = createHash(digest).update(d).update(i).digest();
    for (let round = 1; round < iterations; round++) a = createHash(digest).update(a).digest();
    parts.push(a);
    have += a.length;
    for (let at = 0; at < i.length; at += v) {
      let carry = 1;
      for (let j = v - 1; j >= 0; j--) {
        carry += (i[at + j] as number) + (a[j % a.length] as number);
        i[at + j] = carry & 0xff;
        carry >>= 8;
      }
    }
  }
  return Buffer.concat(parts).subarray(0, length);
}

function rc4(key: Uint8Array): Decrypt {
  return (sealed) => {
    const s = Uint8Array.from({ length: 256 }, (_, i) => i);
    const swap = (a: number, b: number) => {
      const held = s[a] as number;
      s[a] = s[b] as number;
      s[b] = held;
    };
    for (let i = 0, j = 0; i < 256; i++) {
      j = (j + (s[i] as number) + (key[i % key.length] as number)) & 0xff;
      swap(i, j);
    }
    const out = Buffer.alloc(sealed.length);
    for (let n = 0, i = 0, j = 0; n < sealed.length; n++) {
      i = (i + 1) & 0xff;
      j = (j + (s[i] as number)) & 0xff;
      swap(i, j);
      out[n] = (sealed[n] as number) ^ (s[((s[i] as number) + (s[j] as number)) & 0xff] as number);
    }
    return out;
  };
}

/** OpenSSL keeps RC2 in a module that is not loaded; node-forge has it. Loaded only when a file asks for it. */
function rc2(key: Uint8Array, iv: Uint8Array, bits: number): Decrypt {
  return (sealed) => {
    const forge = createRequire(import.meta.url)('node-forge') as typeof import('node-forge');
    const decipher = (
      forge as unknown as {
        rc2: {
          createDecryptionCipher(
            key: string,
            bits: number,
          ): {
            start(iv: string): void;
            update(input: unknown): void;
            finish(): boolean;
            output: { getBytes(): string };
          };
        };
      }
    ).rc2.createDecryptionCipher(Buffer.from(key).toString('latin1'), bits);
    decipher.start(Buffer.from(iv).toString('latin1'));
    decipher.update(forge.util.createBuffer(Buffer.from(sealed).toString('latin1')));
    return decipher.finish() ? Buffer.from(decipher.output.getBytes(), 'latin1') : null;
  };
}

/* ---- Java key stores ---- */

/** Sun's key protector: a SHA-1 key stream over the UTF-16BE pass phrase, with a SHA-1 of the plain key at the end. */
function jks(sealed: Uint8Array, passphrase: string): Buffer | Locked {
  if (sealed.length < 41) return 'damaged';
  const secret = Buffer.from(passphrase, 'utf16le').swap16();
  const body = sealed.subarray(20, sealed.length - 20);
  const plain = Buffer.alloc(body.length);
  let stream: Uint8Array = sealed.subarray(0, 20);
  for (let at = 0; at < body.length; at += 20) {
    stream = createHash('sha1').update(secret).update(stream).digest();
    for (let i = 0; i < 20 && at + i < body.length; i++)
      plain[at + i] = (body[at + i] as number) ^ (stream[i] as number);
  }
  const check = createHash('sha1').update(secret).update(plain).digest();
  return check.equals(sealed.subarray(sealed.length - 20)) ? plain : 'wrong-passphrase';
}

/** PBEWithMD5AndTripleDES of the Java cryptography extension: each half of the salt is hashed on its own. */
function jceks(sealed: Uint8Array, passphrase: string, salt: Uint8Array, iterations: number): Buffer | Locked {
  if (salt.length !== 8) return 'damaged';
  const halves = [Buffer.from(salt.subarray(0, 4)), Buffer.from(salt.subarray(4, 8))] as const;
  if (halves[0].equals(halves[1])) halves[0].reverse();
  const secret = Buffer.from(passphrase, 'latin1');
  const derived = halves.map((half) => {
    let value: Buffer = half;
    for (let i = 0; i < iterations; i++) value = createHash('md5').update(value).update(secret).digest();
    return value;
  });
  const whole = Buffer.concat(derived);
  return opened(block('des-ede3-cbc', whole.subarray(0, 24), whole.subarray(24, 32))(sealed));
}

/** Traditional PEM encryption (`DEK-Info`): one round of MD5 per 16 bytes of key, salted with the first 8 bytes of IV. */
export function decryptTraditional(
  cipher: string,
  iv: Buffer,
  sealed: Uint8Array,
  passphrase: string,
): Buffer | Locked {
  const known: Readonly<Record<string, readonly [string, number]>> = {
    'DES-EDE3-CBC': ['des-ede3-cbc', 24],
    'DES-CBC': ['des', 8],
    'AES-128-CBC': ['aes-128-cbc', 16],
    'AES-192-CBC': ['aes-192-cbc', 24],
    'AES-256-CBC': ['aes-256-cbc', 32],
    'CAMELLIA-128-CBC': ['camellia-128-cbc', 16],
    'CAMELLIA-192-CBC': ['camellia-192-cbc', 24],
    'CAMELLIA-256-CBC': ['camellia-256-cbc', 32],
    'ARIA-128-CBC': ['aria-128-cbc', 16],
    'ARIA-192-CBC': ['aria-192-cbc', 24],
    'ARIA-256-CBC': ['aria-256-cbc', 32],
  };
  const chosen = known[cipher.toUpperCase()];
  if (chosen === undefined) return 'unsupported';
  const [name, length] = chosen;
  let key = Buffer.alloc(0);
  for (let last = Buffer.alloc(0); key.length < length; ) {
    last = createHash('md5').update(last).update(passphrase, 'utf8').update(iv.subarray(0, 8)).digest();
    key = Buffer.concat([key, last]);
  }
  key = key.subarray(0, length);
  return opened(
    name === 'des' ? block('des-ede3-cbc', Buffer.concat([key, key, key]), iv)(sealed) : block(name, key, iv)(sealed),
  );
}
