/**
 * Opens an age file (https://c2sp.org/age) that is sealed to one X25519 identity, with node:crypto alone. Intake seals
 * with the age-encryption library, and the tests hold the two against each other; but loading that library costs a
 * reading-room child more time than everything else it does, and every child reads a sealed report.
 */
import {
  createDecipheriv,
  createHmac,
  createPrivateKey,
  createPublicKey,
  diffieHellman,
  hkdfSync,
  timingSafeEqual,
} from 'node:crypto';
import { bech32Bytes } from '../../../foundation/bech32.ts';

const CHUNK_BYTES = 64 * 1024;
const TAG_BYTES = 16;
const HEADER_BYTES_MAX = 16 * 1024;
const STANZAS_MAX = 20;
/** RFC 8410: what stands before the 32 bytes of an X25519 key. */
const PKCS8_X25519 = Buffer.from('302e020100300506032b656e04220420', 'hex');
const SPKI_X25519 = Buffer.from('302a300506032b656e032100', 'hex');

/** Plain bytes. Throws RangeError, without detail, for anything that does not open. */
export function openSeal(sealed: Uint8Array, identity: string): Uint8Array {
  const file = Buffer.from(sealed.buffer, sealed.byteOffset, sealed.length);
  const header = readHeader(file);
  // `AGE-SECRET-KEY-1…`
  const secret = bech32Bytes(identity, 'age-secret-key-');
  try {
    const privateKey = createPrivateKey({
      key: Buffer.concat([PKCS8_X25519, secret]),
      format: 'der',
      type: 'pkcs8',
    });
    const own = createPublicKey(privateKey).export({ format: 'der', type: 'spki' }).subarray(-32);
    const fileKey = unwrapped(header.stanzas, privateKey, own);
    const mac = createHmac('sha256', derived(fileKey, Buffer.alloc(0), 'header'))
      .update(header.signed)
      .digest();
    if (!timingSafeEqual(mac, header.mac)) throw new RangeError('header');
    return openPayload(file.subarray(header.end), fileKey);
  } finally {
    secret.fill(0);
  }
}

interface Header {
  readonly stanzas: readonly { readonly share: Buffer; readonly body: Buffer }[];
  readonly signed: Buffer;
  readonly mac: Buffer;
  readonly end: number;
}

function readHeader(file: Buffer): Header {
  const text = file.toString('latin1', 0, Math.min(file.length, HEADER_BYTES_MAX));
  if (!text.startsWith('age-encryption.org/v1\n')) throw new RangeError('not age');
  const close = /\n--- ([A-Za-z0-9+/]{43})\n/.exec(text);
  if (close === null) throw new RangeError('header');
  const stanzas = [
    ...text.slice(0, close.index + 1).matchAll(/^-> X25519 ([A-Za-z0-9+/]{43})\n([A-Za-z0-9+/]{43})\n/gm),
  ]
    .slice(0, STANZAS_MAX)
    .map(([, share, body]) => ({
      share: strictBase64(share as string),
      body: strictBase64(body as string),
    }));
  return {
    stanzas,
    signed: file.subarray(0, close.index + '\n---'.length),
    mac: strictBase64(close[1] as string),
    end: close.index + close[0].length,
  };
}

/** The one spelling of these bytes, as age demands: bits that mean nothing must be zero. */
function strictBase64(text: string): Buffer {
  const bytes = Buffer.from(text, 'base64');
  if (bytes.toString('base64').replace(/=+$/, '') !== text) throw new RangeError('base64');
  return bytes;
}

function unwrapped(stanzas: Header['stanzas'], privateKey: ReturnType<typeof createPrivateKey>, own: Buffer): Buffer {
  for (const { share, body } of stanzas) {
    const publicKey = createPublicKey({ key: Buffer.concat([SPKI_X25519, share]), format: 'der', type: 'spki' });
    // OpenSSL refuses a share of low order, as age demands.
    const shared = diffieHellman({ privateKey, publicKey });
    const key = derived(shared, Buffer.concat([share, own]), 'age-encryption.org/v1/X25519');
    const fileKey = opened(body, key, Buffer.alloc(12));
    if (fileKey?.length === 16) return fileKey;
  }
  throw new RangeError('not for this identity');
}

/** STREAM: chunks of 64 KiB, each with its number and whether it is the last one in the nonce. */
function openPayload(payload: Buffer, fileKey: Buffer): Buffer {
  if (payload.length < 16 + TAG_BYTES) throw new RangeError('payload');
  const key = derived(fileKey, payload.subarray(0, 16), 'payload');
  const nonce = Buffer.alloc(12);
  const plain: Buffer[] = [];
  for (let from = 16, number = 0; ; number++) {
    const to = Math.min(from + CHUNK_BYTES + TAG_BYTES, payload.length);
    const last = to === payload.length;
    nonce.writeUInt32BE(number, 7);
    nonce[11] = last ? 1 : 0;
    const chunk = opened(payload.subarray(from, to), key, nonce);
    // Only an empty message ends in an empty chunk.
    if (chunk === null || (chunk.length === 0 && number > 0)) throw new RangeError('payload');
    plain.push(chunk);
    if (last) return plain.length === 1 ? chunk : Buffer.concat(plain);
    from = to;
  }
}

function opened(sealed: Buffer, key: Buffer, nonce: Buffer): Buffer | null {
  if (sealed.length < TAG_BYTES) return null;
  const decipher = createDecipheriv('chacha20-poly1305', key, nonce, { authTagLength: TAG_BYTES });
  decipher.setAuthTag(sealed.subarray(-TAG_BYTES));
  const plain = decipher.update(sealed.subarray(0, -TAG_BYTES));
  try {
    decipher.final();
    return plain;
  } catch {
    return null;
  }
}

const derived = (secret: Buffer, salt: Buffer, info: string): Buffer =>
  Buffer.from(hkdfSync('sha256', secret, salt, info, 32));
