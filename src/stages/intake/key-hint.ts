/**
 * Whether a message looks as if it might hold a private key. Only a hint, from the bytes as they pass: it decides which
 * reading-room child reads the message (one that has seen a key is ended, and a fresh one is slow), never what it is.
 */

/** Larger messages hold files, and files may hold anything. */
const HINT_BYTES_MAX = 256 * 1024;

/** `PRIVATE KEY` as it looks inside base64, at each of the three places where it may begin. */
const encoded = [0, 1, 2].map((offset) => {
  const whole = Buffer.from(`${'x'.repeat(offset)}PRIVATE KEY`).toString('base64');
  return whole.slice(offset === 0 ? 0 : offset + 1, -4);
});

/** Files of no known kind, archives, key stores, and what is wrapped or locked. */
const file =
  /content-type:\s{0,20}application\/(?:octet-stream|[\w.+-]{0,40}(?:zip|7z|tar|xz|compress)|(?:x-)?pkcs(?:8|12)|(?:x-)?pkcs7-mime|pgp-encrypted|ms-tnef|vnd\.ms-outlook|x-pem|x-java|json)/i;
const named = /name\*?\d{0,2}\*?=[^\r\n]{0,150}\.(?:pem|key|p12|pfx|jks|ppk|der|zip|7z|gz|xz|tar|asc|msg)\b/i;
/** PEM, PuTTY, JWK, XML; or the beginning of an ASN.1 structure in base64 that does not call itself a certificate. */
const written =
  /BEGIN[A-Z ]{0,30}PRIVATE KEY|PuTTY-User-Key|"d"\s{0,4}:|<D>|(?<!CERTIFICATE(?: REQUEST)?-----\s{0,8})\bM[A-P][A-Za-z0-9+/]{40}/;

export function mayHoldKey(plain: Uint8Array): boolean {
  if (plain.length > HINT_BYTES_MAX) return true;
  const text = Buffer.from(plain.buffer, plain.byteOffset, plain.length).toString('latin1');
  return written.test(text) || encoded.some((part) => text.includes(part)) || file.test(text) || named.test(text);
}
