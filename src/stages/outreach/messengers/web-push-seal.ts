/**
 * Encryption of a push message for one browser (RFC 8291 over RFC 8188, `aes128gcm`) and our identity towards its push
 * service (RFC 8292, VAPID). Small, because the whole of it is one key agreement, two HKDF runs and one AES-GCM record.
 */
import {
  createCipheriv,
  createECDH,
  createHmac,
  createPrivateKey,
  createPublicKey,
  type KeyObject,
  sign,
} from 'node:crypto';

export interface PushKeys {
  /** The browser's public key, base64url, uncompressed point. */
  readonly p256dh: string;
  /** The browser's secret, base64url, 16 bytes. */
  readonly auth: string;
}

const recordSize = 4096;
/** One record: size minus header-free overhead of tag and padding delimiter. */
export const plainMax = recordSize - 17 - 86;

/** `senderKey` (32 bytes) and `salt` (16 bytes) are fresh for every message; they are arguments so that tests can fix them. */
export function sealPush(
  plain: Uint8Array,
  keys: PushKeys,
  senderKey: Uint8Array,
  salt: Uint8Array,
): Uint8Array<ArrayBuffer> {
  const theirs = Buffer.from(keys.p256dh, 'base64url');
  const auth = Buffer.from(keys.auth, 'base64url');
  const sender = createECDH('prime256v1');
  sender.setPrivateKey(senderKey);
  const own = sender.getPublicKey();
  const shared = sender.computeSecret(theirs);
  const ikm = hkdf(auth, shared, Buffer.concat([Buffer.from('WebPush: info\0'), theirs, own]), 32);
  const key = hkdf(salt, ikm, Buffer.from('Content-Encoding: aes128gcm\0'), 16);
  const nonce = hkdf(salt, ikm, Buffer.from('Content-Encoding: nonce\0'), 12);
  const cipher = createCipheriv('aes-128-gcm', key, nonce);
  // 0x02 ends the last record.
  const sealed = Buffer.concat([
    cipher.update(plain),
    cipher.update(Uint8Array.of(2)),
    cipher.final(),
    cipher.getAuthTag(),
  ]);
  const header = Buffer.alloc(21);
  header.set(salt, 0);
  header.writeUInt32BE(recordSize, 16);
  header.writeUInt8(own.length, 20);
  return new Uint8Array(Buffer.concat([header, own, sealed]));
}

/** RFC 8292: a token for this push service alone, good for at most a day. `privateKey` is PKCS#8 PEM, P-256. */
export function vapidHeader(claim: {
  readonly endpoint: string;
  readonly subject: string;
  readonly privateKey: string;
  readonly unixSeconds: number;
}): string {
  const key = createPrivateKey(claim.privateKey);
  const part = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url');
  const aud = new URL(claim.endpoint).origin;
  const body = `${part({ typ: 'JWT', alg: 'ES256' })}.${part({ aud, exp: claim.unixSeconds + 12 * 3600, sub: claim.subject })}`;
  const signature = sign('sha256', Buffer.from(body), { key, dsaEncoding: 'ieee-p1363' }).toString('base64url');
  return `vapid t=${body}.${signature}, k=${rawPublicKey(key).toString('base64url')}`;
}

/** The uncompressed point of a P-256 key: what browsers subscribe with. */
export function rawPublicKey(privateKey: KeyObject): Buffer {
  const { x, y } = createPublicKey(privateKey).export({ format: 'jwk' });
  return Buffer.concat([Buffer.of(4), Buffer.from(x ?? '', 'base64url'), Buffer.from(y ?? '', 'base64url')]);
}

/** HKDF-SHA-256 for outputs up to 32 bytes (RFC 5869). */
function hkdf(salt: Uint8Array, ikm: Uint8Array, info: Uint8Array, length: number): Buffer {
  const prk = createHmac('sha256', salt).update(ikm).digest();
  return createHmac('sha256', prk).update(info).update(Uint8Array.of(1)).digest().subarray(0, length);
}
