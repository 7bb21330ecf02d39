/** OpenSSH private keys (PROTOCOL.key), SSH public key lines, and PuTTY's .ppk versions 2 and 3. */
import { argon2Sync, createDecipheriv, createHash, createHmac } from 'node:crypto';
import { der } from '../../../foundation/pki/der.ts';
import { bcryptPbkdf } from './bcrypt.ts';
import type { EcCurve, Locked, Opened, PrivateMaterial } from './found.ts';
import { ARGON2_PASSES_MAX, BCRYPT_ROUNDS_MAX, KDF_MEMORY_BYTES_MAX } from './limits.ts';
import { toBigInt } from './numbers.ts';
import { curveOids } from './private-key.ts';

const MAGIC = 'openssh-key-v1\0';
const KEYS_MAX = 16;

const curves: Readonly<Record<string, EcCurve>> = { nistp256: 'P-256', nistp384: 'P-384', nistp521: 'P-521' };

class Blob {
  private readonly bytes: Buffer;
  at = 0;

  constructor(bytes: Uint8Array) {
    this.bytes = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
  }

  u32(): number {
    if (this.at + 4 > this.bytes.length) throw new RangeError('cut off');
    this.at += 4;
    return this.bytes.readUInt32BE(this.at - 4);
  }

  string(): Buffer {
    const length = this.u32();
    if (this.at + length > this.bytes.length) throw new RangeError('cut off');
    this.at += length;
    return this.bytes.subarray(this.at - length, this.at);
  }

  number(): bigint {
    return toBigInt(this.string());
  }

  text(): string {
    return this.string().toString('latin1');
  }
}

export interface OpenSshKey {
  readonly encrypted: boolean;
  /** SPKI of the first public key, which is never encrypted. */
  readonly spki: Buffer | null;
  readonly open: (passphrase: string) => Opened | Locked;
}

/** Null when the bytes are no OpenSSH key. */
export function readOpenSsh(bytes: Uint8Array): OpenSshKey | null {
  try {
    const whole = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
    if (whole.subarray(0, MAGIC.length).toString('latin1') !== MAGIC) return null;
    const blob = new Blob(whole.subarray(MAGIC.length));
    const cipher = blob.text();
    const kdf = blob.text();
    const options = blob.string();
    const count = Math.min(blob.u32(), KEYS_MAX);
    let spki: Buffer | null = null;
    for (let i = 0; i < count; i++) spki = spki ?? sshPublicKey(blob.string());
    const sealed = blob.string();
    // An AEAD tag stands behind the string.
    const tail = whole.subarray(MAGIC.length + blob.at);
    return {
      encrypted: kdf !== 'none',
      spki,
      open: (passphrase) => {
        const plain = kdf === 'none' ? sealed : unlock(cipher, kdf, options, sealed, tail, passphrase);
        return typeof plain === 'string' ? plain : readSection(plain, count, kdf !== 'none');
      },
    };
  } catch (cause) {
    if (cause instanceof RangeError) return null;
    throw cause;
  }
}

const ciphers: Readonly<Record<string, readonly [name: string, key: number, iv: number]>> = {
  'aes128-ctr': ['aes-128-ctr', 16, 16],
  'aes192-ctr': ['aes-192-ctr', 24, 16],
  'aes256-ctr': ['aes-256-ctr', 32, 16],
  'aes128-cbc': ['aes-128-cbc', 16, 16],
  'aes192-cbc': ['aes-192-cbc', 24, 16],
  'aes256-cbc': ['aes-256-cbc', 32, 16],
  '3des-cbc': ['des-ede3-cbc', 24, 8],
  'aes128-gcm@openssh.com': ['aes-128-gcm', 16, 12],
  'aes256-gcm@openssh.com': ['aes-256-gcm', 32, 12],
  // Two keys, of which the first is for the content. Counter 1, nonce 0: the key file has one packet.
  'chacha20-poly1305@openssh.com': ['chacha20', 64, 0],
};

function unlock(
  cipher: string,
  kdf: string,
  options: Buffer,
  sealed: Buffer,
  tail: Buffer,
  passphrase: string,
): Buffer | Locked {
  const chosen = ciphers[cipher];
  if (kdf !== 'bcrypt' || chosen === undefined) return 'unsupported';
  const [name, keyLength, ivLength] = chosen;
  try {
    const reader = new Blob(options);
    const salt = reader.string();
    const rounds = reader.u32();
    if (rounds < 1 || rounds > BCRYPT_ROUNDS_MAX) return 'too-costly';
    if (passphrase === '') return 'wrong-passphrase';
    const derived = bcryptPbkdf(Buffer.from(passphrase, 'utf8'), salt, rounds, keyLength + ivLength);
    const decipher =
      name === 'chacha20'
        ? createDecipheriv(name, derived.subarray(0, 32), Buffer.from('01'.padEnd(32, '0'), 'hex'))
        : createDecipheriv(name, derived.subarray(0, keyLength), derived.subarray(keyLength));
    if (name.endsWith('gcm'))
      (decipher as unknown as { setAuthTag(tag: Buffer): void }).setAuthTag(tail.subarray(0, 16));
    decipher.setAutoPadding(false);
    return Buffer.concat([decipher.update(sealed), decipher.final()]);
  } catch (cause) {
    return cause instanceof RangeError ? 'damaged' : 'wrong-passphrase';
  }
}

function readSection(plain: Buffer, count: number, encrypted: boolean): Opened | Locked {
  try {
    const blob = new Blob(plain);
    const check = blob.u32();
    if (blob.u32() !== check) return encrypted ? 'wrong-passphrase' : 'damaged';
    const keys: PrivateMaterial[] = [];
    for (let i = 0; i < count; i++) {
      const key = readSshPrivate(blob);
      if (key === null) return keys.length > 0 ? { keys, certificates: [] } : 'unsupported';
      keys.push(key);
      blob.string();
    }
    return { keys, certificates: [] };
  } catch (cause) {
    if (cause instanceof RangeError) return 'damaged';
    throw cause;
  }
}

function readSshPrivate(blob: Blob): PrivateMaterial | null {
  const type = blob.text();
  if (type === 'ssh-rsa') {
    const [n, e, d, coefficient, p, q] = [
      blob.number(),
      blob.number(),
      blob.number(),
      blob.number(),
      blob.number(),
      blob.number(),
    ] as const;
    return {
      kind: 'rsa',
      n,
      e,
      d,
      primes: [p, q],
      crt: p > 1n && q > 1n ? [d % (p - 1n), d % (q - 1n), coefficient] : null,
    };
  }
  if (type.startsWith('ecdsa-sha2-')) {
    const curve = curves[blob.text()];
    const point = Buffer.from(blob.string());
    const scalar = strip(blob.string());
    return curve === undefined ? null : { kind: 'ec', curve, scalar, point };
  }
  if (type === 'ssh-ed25519') {
    const point = Buffer.from(blob.string());
    return { kind: 'ed25519', seed: Buffer.from(blob.string().subarray(0, 32)), point };
  }
  return null;
}

function strip(bytes: Buffer): Buffer {
  let from = 0;
  while (from < bytes.length - 1 && bytes[from] === 0) from++;
  return Buffer.from(bytes.subarray(from));
}

/** An SSH wire-format public key as SubjectPublicKeyInfo; null for types that certificates do not use. */
export function sshPublicKey(bytes: Uint8Array): Buffer | null {
  try {
    const blob = new Blob(bytes);
    const type = blob.text();
    if (type === 'ssh-rsa') {
      const e = blob.number();
      const n = blob.number();
      return Buffer.from(
        der.sequence(
          der.sequence(der.oid('1.2.840.113549.1.1.1'), der.null()),
          der.bits(der.sequence(der.integer(n), der.integer(e))),
        ),
      );
    }
    if (type.startsWith('ecdsa-sha2-')) {
      const curve = curves[blob.text()];
      if (curve === undefined) return null;
      return Buffer.from(
        der.sequence(der.sequence(der.oid('1.2.840.10045.2.1'), der.oid(curveOids[curve])), der.bits(blob.string())),
      );
    }
    if (type === 'ssh-ed25519')
      return Buffer.from(der.sequence(der.sequence(der.oid('1.3.101.112')), der.bits(blob.string())));
    return null;
  } catch (cause) {
    if (cause instanceof RangeError) return null;
    throw cause;
  }
}

/* ---- PuTTY ---- */

export interface PpkKey {
  readonly encrypted: boolean;
  readonly spki: Buffer | null;
  readonly open: (passphrase: string) => Opened | Locked;
  /** Length of the text that belongs to the key. */
  readonly length: number;
}

const HEADER_LINES_MAX = 40;

/** Reads a .ppk that starts at the beginning of `text`; null when it is none. */
export function readPpk(text: string): PpkKey | null {
  const head = /^PuTTY-User-Key-File-([23]): *([\w-]+)\r?\n/.exec(text);
  if (head === null) return null;
  const version = Number(head[1]);
  const type = head[2] as string;
  const fields = new Map<string, string>();
  let at = head[0].length;
  for (let lines = 0; lines < HEADER_LINES_MAX && at < text.length; lines++) {
    const match = /^([A-Za-z0-9-]+): *([^\r\n]*)(?:\r?\n|$)/.exec(text.slice(at, at + 2048));
    if (match === null) break;
    at += match[0].length;
    const [, name, value] = match as unknown as [string, string, string];
    if (name === 'Public-Lines' || name === 'Private-Lines') {
      const count = Math.min(Number(value) || 0, 1024);
      const end = lineEnd(text, at, count);
      fields.set(name, text.slice(at, end).replace(/[\r\n\s]/g, ''));
      at = end;
    } else fields.set(name, value);
  }
  const publicBlob = Buffer.from(fields.get('Public-Lines') ?? '', 'base64');
  const privateBlob = Buffer.from(fields.get('Private-Lines') ?? '', 'base64');
  if (publicBlob.length === 0 || privateBlob.length === 0) return null;
  const encryption = fields.get('Encryption') ?? 'none';
  const mac = Buffer.from(fields.get('Private-MAC') ?? '', 'hex');
  const spki = sshPublicKey(publicBlob);
  return {
    encrypted: encryption !== 'none',
    spki,
    length: at,
    open: (passphrase) => {
      if (encryption === 'none') return parts(type, publicBlob, privateBlob);
      if (encryption !== 'aes256-cbc') return 'unsupported';
      const keys = version === 3 ? argonKeys(fields, passphrase) : shaKeys(passphrase);
      if (typeof keys === 'string') return keys;
      const decipher = createDecipheriv('aes-256-cbc', keys.cipher, keys.iv).setAutoPadding(false);
      const plain = decipher.update(privateBlob.subarray(0, privateBlob.length & ~15));
      const comment = Buffer.from(fields.get('Comment') ?? '', 'utf8');
      const covered = [Buffer.from(type), Buffer.from(encryption), comment, publicBlob, plain];
      const expected = createHmac(keys.digest, keys.mac)
        .update(Buffer.concat(covered.map(lengthPrefixed)))
        .digest();
      return expected.equals(mac) ? parts(type, publicBlob, plain) : 'wrong-passphrase';
    },
  };
}

function lineEnd(text: string, from: number, count: number): number {
  let at = from;
  for (let i = 0; i < count; i++) {
    const next = text.indexOf('\n', at);
    if (next < 0) return text.length;
    at = next + 1;
  }
  return at;
}

function lengthPrefixed(bytes: Buffer): Buffer {
  const length = Buffer.alloc(4);
  length.writeUInt32BE(bytes.length);
  return Buffer.concat([length, bytes]);
}

interface PpkKeys {
  readonly cipher: Buffer;
  readonly iv: Buffer;
  readonly mac: Buffer;
  readonly digest: 'sha1' | 'sha256';
}

function shaKeys(passphrase: string): PpkKeys {
  const part = (n: number) =>
    createHash('sha1')
      .update(Buffer.from([0, 0, 0, n]))
      .update(passphrase, 'utf8')
      .digest();
  return {
    cipher: Buffer.concat([part(0), part(1)]).subarray(0, 32),
    iv: Buffer.alloc(16),
    mac: createHash('sha1').update('putty-private-key-file-mac-key').update(passphrase, 'utf8').digest(),
    digest: 'sha1',
  };
}

function argonKeys(fields: ReadonlyMap<string, string>, passphrase: string): PpkKeys | Locked {
  const algorithm = { Argon2id: 'argon2id', Argon2i: 'argon2i', Argon2d: 'argon2d' }[
    fields.get('Key-Derivation') ?? ''
  ];
  const memory = Number(fields.get('Argon2-Memory'));
  const passes = Number(fields.get('Argon2-Passes'));
  const parallelism = Number(fields.get('Argon2-Parallelism'));
  const nonce = Buffer.from(fields.get('Argon2-Salt') ?? '', 'hex');
  if (algorithm === undefined || !(memory > 0 && passes > 0 && parallelism > 0)) return 'damaged';
  if (memory * 1024 > KDF_MEMORY_BYTES_MAX || passes > ARGON2_PASSES_MAX || parallelism > 16) return 'too-costly';
  const derived = argon2Sync(algorithm as 'argon2id', {
    message: Buffer.from(passphrase, 'utf8'),
    nonce,
    parallelism,
    memory,
    passes,
    tagLength: 80,
  });
  return {
    cipher: derived.subarray(0, 32),
    iv: derived.subarray(32, 48),
    mac: derived.subarray(48, 80),
    digest: 'sha256',
  };
}

function parts(type: string, publicBlob: Buffer, privateBlob: Buffer): Opened | Locked {
  try {
    const open = new Blob(publicBlob);
    const secret = new Blob(privateBlob);
    open.string();
    if (type === 'ssh-rsa') {
      const e = open.number();
      const n = open.number();
      const [d, p, q, coefficient] = [secret.number(), secret.number(), secret.number(), secret.number()] as const;
      const crt = p > 1n && q > 1n ? ([d % (p - 1n), d % (q - 1n), coefficient] as const) : null;
      return { keys: [{ kind: 'rsa', n, e, d, primes: [p, q], crt }], certificates: [] };
    }
    if (type.startsWith('ecdsa-sha2-')) {
      const curve = curves[open.text()];
      if (curve === undefined) return 'unsupported';
      return {
        keys: [{ kind: 'ec', curve, scalar: strip(secret.string()), point: Buffer.from(open.string()) }],
        certificates: [],
      };
    }
    if (type === 'ssh-ed25519') {
      return {
        keys: [{ kind: 'ed25519', point: Buffer.from(open.string()), seed: Buffer.from(secret.string()) }],
        certificates: [],
      };
    }
    return 'unsupported';
  } catch (cause) {
    if (cause instanceof RangeError) return 'damaged';
    throw cause;
  }
}
