/**
 * Reads a private key in the browser and signs with it; the key never leaves the page. PEM of PKCS#8, PKCS#1 (RSA) and
 * SEC1 (EC); RSA, NIST P curves and Ed25519, which is what WebCrypto has.
 */

export interface Signed {
  readonly spkiSha256: string;
  /** base64 of the SubjectPublicKeyInfo */
  readonly publicKey: string;
  /** base64 */
  readonly signature: string;
}

interface Kind {
  readonly importAs: RsaHashedImportParams | EcKeyImportParams | { name: 'Ed25519' };
  readonly signAs: AlgorithmIdentifier | EcdsaParams;
}

const sha256 = { name: 'SHA-256' };
const rsa: Kind = {
  importAs: { name: 'RSASSA-PKCS1-v1_5', hash: sha256 },
  signAs: { name: 'RSASSA-PKCS1-v1_5' },
};
const curve = (namedCurve: string): Kind => ({
  importAs: { name: 'ECDSA', namedCurve },
  signAs: { name: 'ECDSA', hash: sha256 } as EcdsaParams,
});

/** DER of the algorithm identifiers, tried by looking for them: PKCS#8 names its algorithm once, at the front. */
const kinds: readonly [string, Kind][] = [
  ['2a864886f70d010101', rsa],
  ['2a8648ce3d030107', curve('P-256')],
  ['2b81040022', curve('P-384')],
  ['2b81040023', curve('P-521')],
  ['2b6570', { importAs: { name: 'Ed25519' }, signAs: { name: 'Ed25519' } }],
];
/** How far into a PKCS#8 or SEC1 structure the object identifier can stand. */
const headBytes = 48;

/** Throws an Error whose message is fit for the page. */
export async function signWithKey(pem: string, text: string): Promise<Signed> {
  const { der, kind } = readKey(pem);
  const privateKey = await crypto.subtle
    .importKey('pkcs8', der, kind.importAs, true, ['sign'])
    .catch(() => Promise.reject(new Error('This key cannot be read here. Send it as a file; it is checked, sealed and destroyed.')));
  const jwk = await crypto.subtle.exportKey('jwk', privateKey);
  const publicPart: JsonWebKey = { kty: jwk.kty ?? '' };
  for (const name of ['n', 'e', 'crv', 'x', 'y'] as const) if (jwk[name] !== undefined) publicPart[name] = jwk[name];
  const publicKey = await crypto.subtle.importKey('jwk', publicPart, kind.importAs, true, ['verify']);
  const spki = await crypto.subtle.exportKey('spki', publicKey);
  const signature = await crypto.subtle.sign(kind.signAs, privateKey, new TextEncoder().encode(text));
  return {
    spkiSha256: hex(await crypto.subtle.digest('SHA-256', spki)),
    publicKey: base64(spki),
    signature: base64(signature),
  };
}

function readKey(pem: string): { der: Uint8Array<ArrayBuffer>; kind: Kind } {
  const found = /-----BEGIN ((?:RSA |EC )?PRIVATE KEY)-----([\s\S]*?)-----END \1-----/.exec(pem);
  if (found === null) throw new Error('There is no unencrypted private key in PEM form in this file.');
  const body = found[2] ?? '';
  if (body.includes('ENCRYPTED')) throw new Error('This key is protected by a passphrase. Decrypt it first, or send it as a file.');
  const bytes = fromBase64(body.replaceAll(/\s+/g, ''));
  if (found[1] === 'RSA PRIVATE KEY') return { der: wrap(bytes, [0x06, 0x09, ...fromHex('2a864886f70d010101'), 0x05, 0x00]), kind: rsa };
  if (found[1] === 'EC PRIVATE KEY') {
    const named = kinds.find(([oid]) => hex(bytes).includes(oid));
    if (named === undefined) throw new Error('This elliptic curve is not known here. Send the key as a file.');
    const oid = fromHex(named[0]);
    return { der: wrap(bytes, [0x06, 0x07, ...fromHex('2a8648ce3d0201'), 0x06, oid.length, ...oid]), kind: named[1] };
  }
  const head = hex(bytes.slice(0, headBytes));
  const named = kinds.find(([oid]) => head.includes(oid));
  if (named === undefined) throw new Error('This kind of key is not known here. Send it as a file.');
  return { der: bytes, kind: named[1] };
}

function fromBase64(text: string): Uint8Array<ArrayBuffer> {
  try {
    return Uint8Array.from(atob(text), (c) => c.charCodeAt(0));
  } catch {
    throw new Error('The key in this file is damaged. Send it as a file; what is left of it may be enough.');
  }
}

/** PKCS#8 around a PKCS#1 or SEC1 key: SEQUENCE { 0, SEQUENCE { algorithm }, OCTET STRING }. */
function wrap(inner: Uint8Array, algorithm: readonly number[]): Uint8Array<ArrayBuffer> {
  const tlv = (tag: number, content: readonly number[]): number[] => [tag, ...length(content.length), ...content];
  return Uint8Array.from(tlv(0x30, [0x02, 0x01, 0x00, ...tlv(0x30, algorithm), ...tlv(0x04, [...inner])]));
}

function length(n: number): number[] {
  if (n < 0x80) return [n];
  return n < 0x100 ? [0x81, n] : [0x82, n >> 8, n & 0xff];
}

function fromHex(text: string): number[] {
  return (text.match(/../g) ?? []).map((pair) => Number.parseInt(pair, 16));
}

function hex(bytes: ArrayBuffer | Uint8Array): string {
  return [...new Uint8Array(bytes)].map((b) => b.toString(16).padStart(2, '0')).join('');
}

function base64(bytes: ArrayBuffer): string {
  return btoa(String.fromCharCode(...new Uint8Array(bytes)));
}
