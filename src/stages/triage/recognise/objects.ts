/**
 * A light look for keys, certificates and requests in a message. The reading room decides what they are; this is the
 * fallback for when its findings are not at hand, and the mask that keeps key material out of every excerpt.
 */

export interface ObjectsFound {
  readonly hasPrivateKey: boolean;
  readonly hasCertificate: boolean;
  readonly hasCsr: boolean;
}

const privateArmour =
  /-----BEGIN (?:[A-Z0-9 ]{0,30})PRIVATE KEY(?: BLOCK)?-----[\s>|]*(?:[A-Za-z-]+:[^\n]*\s+)*[A-Za-z0-9+/=\s>|]{64,}/;
const certificateArmour = /-----BEGIN (?:X509 |TRUSTED )?CERTIFICATE-----[\s>|]*[A-Za-z0-9+/=\s>|]{100,}/;
const csrArmour = /-----BEGIN (?:NEW )?CERTIFICATE REQUEST-----[\s>|]*[A-Za-z0-9+/=\s>|]{100,}/;
/** base64 of a DER SEQUENCE: `MII…`, and the short forms of EC keys `MHc`, `MIG`, `MC4`. */
const bareBase64 = /(?<![A-Za-z0-9+/])M[A-Z][A-Za-z0-9+/]{2}[A-Za-z0-9+/\s>]{60,}={0,2}/g;

export function findObjects(texts: Iterable<string>, attachments: Iterable<Uint8Array>): ObjectsFound {
  let hasPrivateKey = false;
  let hasCertificate = false;
  let hasCsr = false;
  const look = (der: Uint8Array) => {
    const form = formOf(der);
    hasPrivateKey ||= form === 'key';
    hasCertificate ||= form === 'certificate';
    hasCsr ||= form === 'csr';
  };
  for (const text of texts) {
    hasPrivateKey ||= privateArmour.test(text);
    hasCertificate ||= certificateArmour.test(text);
    hasCsr ||= csrArmour.test(text);
    if (text.includes('-----BEGIN')) continue;
    for (const match of text.matchAll(bareBase64)) look(Buffer.from(match[0].replace(/[\s>]/g, ''), 'base64'));
  }
  for (const bytes of attachments) {
    if (bytes.length > 4_000_000) continue;
    look(bytes);
    const head = Buffer.from(bytes.buffer, bytes.byteOffset, Math.min(bytes.length, 200_000)).toString('latin1');
    hasPrivateKey ||= privateArmour.test(head);
    hasCertificate ||= certificateArmour.test(head);
    hasCsr ||= csrArmour.test(head);
  }
  return { hasPrivateKey, hasCertificate, hasCsr };
}

/** By the shape of the first DER elements only. */
function formOf(der: Uint8Array): 'key' | 'certificate' | 'csr' | null {
  const outer = element(der, 0);
  if (outer === null || outer.tag !== 0x30 || outer.end > der.length) return null;
  const first = element(der, outer.start);
  if (first === null) return null;
  if (first.tag === 0x02 && first.end - first.start === 1) {
    const second = element(der, first.end);
    const version = der[first.start]!;
    // PKCS#8 (SEQUENCE), PKCS#1 (a long INTEGER), SEC1 (OCTET STRING).
    if (second === null || second.end > outer.end) return null;
    if (version <= 1 && second.tag === 0x30) return 'key';
    if (version === 0 && second.tag === 0x02 && second.end - second.start >= 64) return 'key';
    if (version === 1 && second.tag === 0x04 && second.end - second.start >= 28) return 'key';
    return null;
  }
  if (first.tag !== 0x30) return null;
  const inner = element(der, first.start);
  if (inner?.tag === 0xa0) return 'certificate';
  if (inner?.tag === 0x02 && der[inner.start] === 0 && element(der, inner.end)?.tag === 0x30) {
    const third = element(der, inner.end)!;
    return element(der, third.end)?.tag === 0x30 ? 'csr' : null;
  }
  return null;
}

function element(der: Uint8Array, at: number): { tag: number; start: number; end: number } | null {
  const tag = der[at];
  const length = der[at + 1];
  if (tag === undefined || length === undefined) return null;
  if (length < 0x80) return { tag, start: at + 2, end: at + 2 + length };
  const count = length & 0x7f;
  if (count === 0 || count > 3 || at + 2 + count > der.length) return null;
  let value = 0;
  for (let byte = 0; byte < count; byte++) value = value * 256 + der[at + 2 + byte]!;
  return { tag, start: at + 2 + count, end: at + 2 + count + value };
}

/** Replaces armoured blocks and long base64 by a mark, for features and excerpts. A key never passes this line. */
export function maskObjects(text: string): string {
  return (
    text
      // A signed message is text; only what follows it is a signature.
      .replace(/-----BEGIN PGP SIGNED MESSAGE-----\r?\n(?:Hash:[^\n]*\n)?/g, '')
      .replace(
        /-----BEGIN ([A-Z0-9 ]{1,60})-----[\s\S]{0,200000}?(?:-----END [A-Z0-9 ]{1,60}-----|$)/g,
        (_, kind: string) => ` ⟦${markOf(kind)}⟧ `,
      )
      .replace(
        /(?<![A-Za-z0-9+/])[A-Za-z0-9+/]{60,}={0,2}(?:\s+[> ]*[A-Za-z0-9+/]{20,}={0,2})*(?![A-Za-z0-9+/])/g,
        (run) => (/^[0-9a-fA-F\s]+$/.test(run) ? run : ' ⟦blob⟧ '),
      )
  );
}

function markOf(kind: string): string {
  if (kind.includes('PRIVATE')) return kind.includes('PGP') ? 'pgpkey' : 'privatekey';
  if (kind.includes('REQUEST')) return 'csr';
  if (kind.includes('CERTIFICATE')) return 'certificatepem';
  if (kind.includes('PGP MESSAGE')) return 'pgpmessage';
  if (kind.includes('PGP')) return 'pgpblock';
  return 'block';
}
