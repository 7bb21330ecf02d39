/**
 * Seals one message in memory to an X25519 recipient, in age format (https://c2sp.org/age), with node:crypto alone. The
 * age-encryption library seals what is too large for memory and makes the keys; for the ordinary mail its general way
 * through WebCrypto costs more than everything else that accepting a message does. The tests open with the library
 * what was sealed here.
 */
import {
  createCipheriv,
  createHmac,
  createPublicKey,
  diffieHellman,
  generateKeyPairSync,
  hkdfSync,
  type KeyObject,
  randomBytes,
} from 'node:crypto';
import { bech32Bytes } from '../../foundation/bech32.ts';

const CHUNK_BYTES = 64 * 1024;
/** RFC 8410: what stands before the 32 bytes of an X25519 public key. */
const SPKI_X25519 = Buffer.from('302a300506032b656e032100', 'hex');

/** Throws RangeError for a recipient that is none. */
export function ageSeal(plain: Uint8Array, recipient: string): Buffer {
  const fileKey = randomBytes(16);
  const stanza = stanzaFor(recipientKey(recipient), fileKey);
  const signed = `age-encryption.org/v1\n${stanza}---`;
  const mac = createHmac('sha256', derived(fileKey, Buffer.alloc(0), 'header'))
    .update(signed)
    .digest();
  const nonce = randomBytes(16);
  const key = derived(fileKey, nonce, 'payload');
  const sealed = Buffer.concat([Buffer.from(`${signed} ${base64(mac)}\n`), nonce, ...chunksOf(plain, key)]);
  fileKey.fill(0);
  return sealed;
}

function stanzaFor(recipient: { readonly key: KeyObject; readonly bytes: Buffer }, fileKey: Buffer): string {
  const { privateKey, publicKey } = generateKeyPairSync('x25519');
  const share = publicKey.export({ format: 'der', type: 'spki' }).subarray(-32);
  // OpenSSL refuses a shared secret of zeros, as age demands.
  const shared = diffieHellman({ privateKey, publicKey: recipient.key });
  const wrap = derived(shared, Buffer.concat([share, recipient.bytes]), 'age-encryption.org/v1/X25519');
  return `-> X25519 ${base64(share)}\n${base64(encrypted(fileKey, wrap, Buffer.alloc(12)))}\n`;
}

/** STREAM: chunks of 64 KiB, each with its number and whether it is the last one in the nonce. */
function chunksOf(plain: Uint8Array, key: Buffer): Buffer[] {
  const count = Math.max(1, Math.ceil(plain.length / CHUNK_BYTES));
  const nonce = Buffer.alloc(12);
  return Array.from({ length: count }, (_, number) => {
    nonce.writeUInt32BE(number, 7);
    nonce[11] = number === count - 1 ? 1 : 0;
    return encrypted(plain.subarray(number * CHUNK_BYTES, (number + 1) * CHUNK_BYTES), key, nonce);
  });
}

function encrypted(plain: Uint8Array, key: Buffer, nonce: Buffer): Buffer {
  const cipher = createCipheriv('chacha20-poly1305', key, nonce, { authTagLength: 16 });
  const sealed = cipher.update(plain);
  cipher.final();
  return Buffer.concat([sealed, cipher.getAuthTag()]);
}

const derived = (secret: Buffer, salt: Buffer, info: string): Buffer =>
  Buffer.from(hkdfSync('sha256', secret, salt, info, 32));

const base64 = (bytes: Buffer): string => bytes.toString('base64').replaceAll('=', '');

let latest: { readonly recipient: string; readonly key: KeyObject; readonly bytes: Buffer } | null = null;

/** One recipient a day: the last one is remembered. */
function recipientKey(recipient: string): { readonly key: KeyObject; readonly bytes: Buffer } {
  if (latest?.recipient === recipient) return latest;
  const bytes = bech32Bytes(recipient, 'age');
  const key = createPublicKey({ key: Buffer.concat([SPKI_X25519, bytes]), format: 'der', type: 'spki' });
  latest = { recipient, key, bytes };
  return latest;
}
