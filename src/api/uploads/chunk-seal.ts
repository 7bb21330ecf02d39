/**
 * What of an upload waits in the database can be read by nobody but the sender: its key comes from the secret that only
 * the sender holds, and of which the database has the SHA-256 alone. AES-256-GCM under HKDF-SHA-256 (RFC 5869), a random
 * nonce before each piece, its place in the upload as additional data, so that pieces cannot change places.
 */
import { createCipheriv, createDecipheriv, hkdfSync, randomBytes } from 'node:crypto';

const nonceBytes = 12;
const tagBytes = 16;

export type PieceKey = Buffer & { readonly __brand: 'PieceKey' };

export function pieceKey(secret: string, uploadId: string): PieceKey {
  return Buffer.from(hkdfSync('sha256', secret, uploadId, 'rescind upload piece', 32)) as PieceKey;
}

export function sealPiece(key: PieceKey, place: string, plain: Uint8Array): Buffer {
  const nonce = randomBytes(nonceBytes);
  const cipher = createCipheriv('aes-256-gcm', key, nonce, { authTagLength: tagBytes });
  cipher.setAAD(Buffer.from(place));
  return Buffer.concat([nonce, cipher.update(plain), cipher.final(), cipher.getAuthTag()]);
}

/** Throws when the piece was changed or stands in another place than it was sealed for. */
export function openPiece(key: PieceKey, place: string, sealed: Buffer): Buffer {
  const decipher = createDecipheriv('aes-256-gcm', key, sealed.subarray(0, nonceBytes), { authTagLength: tagBytes });
  decipher.setAAD(Buffer.from(place));
  decipher.setAuthTag(sealed.subarray(-tagBytes));
  return Buffer.concat([decipher.update(sealed.subarray(nonceBytes, -tagBytes)), decipher.final()]);
}
