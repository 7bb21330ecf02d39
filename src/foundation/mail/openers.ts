/**
 * What opens encrypted mail: every key the desk holds is tried, whoever the message is addressed to, because Bcc,
 * Delivered-To and hidden recipients name nobody. Runs in the reading room only; keys come from its own memory.
 */
import { constants, createDecipheriv, type KeyObject, privateDecrypt } from 'node:crypto';
import { type Cms, readCms } from './cms.ts';
import type { Opener, SealedPart } from './wrappings.ts';

/** Opens S/MIME envelopes (RSA key transport; AES-CBC, AES-GCM, 3DES) with each of `keys`. */
export function smimeOpener(keys: readonly KeyObject[]): Opener {
  return {
    name: 'S/MIME',
    async open(sealed: SealedPart) {
      if (sealed.form !== 'smime') return null;
      const cms = readCms(sealed.bytes);
      if (cms?.kind !== 'enveloped') return null;
      for (const key of keys) {
        const plain = openEnvelope(cms, key);
        if (plain !== null) return plain;
      }
      return null;
    },
  };
}

type Envelope = Extract<Cms, { kind: 'enveloped' }>;

const RECIPIENTS_MAX = 200;
const PKCS1 = '1.2.840.113549.1.1.1';
const OAEP = '1.2.840.113549.1.1.7';

const ciphers = new Map<string, string>([
  ['2.16.840.1.101.3.4.1.2', 'aes-128-cbc'],
  ['2.16.840.1.101.3.4.1.22', 'aes-192-cbc'],
  ['2.16.840.1.101.3.4.1.42', 'aes-256-cbc'],
  ['2.16.840.1.101.3.4.1.6', 'aes-128-gcm'],
  ['2.16.840.1.101.3.4.1.26', 'aes-192-gcm'],
  ['2.16.840.1.101.3.4.1.46', 'aes-256-gcm'],
  ['1.2.840.113549.3.7', 'des-ede3-cbc'],
]);
const sha256Oid = Buffer.from('608648016503040201', 'hex');

function openEnvelope(cms: Envelope, key: KeyObject): Uint8Array | null {
  const cipher = ciphers.get(cms.algorithm);
  if (cipher === undefined || key.asymmetricKeyType !== 'rsa') return null;
  for (const recipient of cms.recipients.slice(0, RECIPIENTS_MAX)) {
    try {
      const padding = recipient.algorithm === OAEP ? constants.RSA_PKCS1_OAEP_PADDING : constants.RSA_PKCS1_PADDING;
      if (recipient.algorithm !== OAEP && recipient.algorithm !== PKCS1) continue;
      const oaepHash = Buffer.from(recipient.parameters).includes(sha256Oid) ? 'sha256' : 'sha1';
      const secret = privateDecrypt({ key, padding, oaepHash }, recipient.encryptedKey);
      const plain = decipher(cipher, secret, cms);
      // A wrong key may unpad by chance; the right one gives a MIME entity.
      if (/^[\x21-\x39\x3b-\x7e]{1,76}:/.test(Buffer.from(plain.subarray(0, 80)).toString('latin1'))) return plain;
    } catch {
      // Not for this key: the next one is tried.
    }
  }
  return null;
}

function decipher(cipher: string, secret: Buffer, cms: Envelope): Uint8Array {
  if (cipher.endsWith('gcm')) {
    const gcm = createDecipheriv(cipher as 'aes-256-gcm', secret, cms.iv);
    gcm.setAuthTag(cms.mac ?? new Uint8Array(0));
    return Buffer.concat([gcm.update(cms.ciphertext), gcm.final()]);
  }
  const cbc = createDecipheriv(cipher, secret, cms.iv);
  return Buffer.concat([cbc.update(cms.ciphertext), cbc.final()]);
}

/** Plain bytes that one OpenPGP message may become. */
const PGP_BYTES_MAX = 128 * 1024 * 1024;

/** Opens OpenPGP messages (RFC 9580, MIME or inline, also hidden recipients) with armoured, unlocked private keys. */
export function pgpOpener(armouredKeys: readonly string[]): Opener {
  return {
    name: 'OpenPGP',
    async open(sealed: SealedPart) {
      if (sealed.form === 'smime' || armouredKeys.length === 0) return null;
      const openpgp = await import('openpgp');
      const text = Buffer.from(sealed.bytes.buffer, sealed.bytes.byteOffset, sealed.bytes.byteLength).toString(
        'latin1',
      );
      const begin = text.indexOf('-----BEGIN PGP MESSAGE-----');
      const message =
        begin >= 0
          ? await openpgp.readMessage({ armoredMessage: text.slice(begin) })
          : await openpgp.readMessage({ binaryMessage: sealed.bytes });
      const decryptionKeys = await Promise.all(
        armouredKeys.map((armoredKey) => openpgp.readPrivateKey({ armoredKey })),
      );
      const { data } = await openpgp.decrypt({
        message,
        decryptionKeys,
        format: 'binary',
        config: { maxDecompressedMessageSize: PGP_BYTES_MAX },
      });
      return data as Uint8Array;
    },
  };
}
