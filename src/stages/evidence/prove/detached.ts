/**
 * Whether a detached CMS signature can be about one of our texts, found out without the library that verifies it: an
 * ordinary signed mail brings one, and loading that library costs a reading-room child more than everything else it
 * does. A signature with signed attributes, as all mail programs write it, carries the digest of its content word for
 * word (RFC 5652 section 11.2).
 */
import { createHash } from 'node:crypto';
import { context, DerError, DerReader, tag } from '../../../foundation/pki/der.ts';
import { statementText } from './statement-form.ts';

/** id-messageDigest, 1.2.840.113549.1.9.4, with its tag and length. */
const MESSAGE_DIGEST = Buffer.from('06092a864886f70d010904', 'hex');
const HASHES = ['sha256', 'sha384', 'sha512'] as const;

const TEXTS_MAX = 20;

/** What somebody may have signed who signed one of these texts. */
export function signable(texts: readonly string[]): Uint8Array[] {
  return texts.slice(0, TEXTS_MAX).flatMap((text) => {
    const plain = statementText(text);
    return [text, plain, `${plain}\n`, `${plain}\r\n`].map((variant) => new TextEncoder().encode(variant));
  });
}

/** True when in doubt: then the signature has to be verified. */
export function maySign(cms: Uint8Array, texts: readonly string[]): boolean {
  const der = Buffer.from(cms.buffer, cms.byteOffset, cms.length);
  if (!isDetached(der) || !der.includes(MESSAGE_DIGEST)) return true;
  return signable(texts).some((text) => HASHES.some((hash) => der.includes(createHash(hash).update(text).digest())));
}

/** SignedData whose encapContentInfo has a type and no content (RFC 5652 section 5.2). */
function isDetached(der: Uint8Array): boolean {
  try {
    const outer = new DerReader(der).enter(tag.sequence, 'ContentInfo');
    outer.expect(tag.oid, 'a content type');
    const signed = outer.enter(context(0), 'content').enter(tag.sequence, 'SignedData');
    signed.expect(tag.integer, 'a version');
    signed.expect(tag.set, 'digest algorithms');
    const content = signed.enter(tag.sequence, 'encapContentInfo');
    content.expect(tag.oid, 'a content type');
    return !content.more;
  } catch (cause) {
    // Signatures in the looser encoding (BER) exist.
    if (cause instanceof DerError) return false;
    throw cause;
  }
}
