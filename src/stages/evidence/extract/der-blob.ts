/** Tells what a stretch of DER is, by its shape: key, locked key, certificate, request, public key, key store, CMS. */
import { parseCsr } from '../../../foundation/pki/csr.ts';
import { DerError, DerReader, tag } from '../../../foundation/pki/der.ts';
import { describeKey } from '../../../foundation/pki/spki.ts';
import { parseCertificate } from '../../../foundation/pki/x509.ts';
import { berToDer } from './ber.ts';
import type { Found, PrivateMaterial, Range } from './found.ts';
import { openEncryptedInfo } from './jks.ts';
import { KEY_DER_BYTES_MAX, MODULUS_BITS_MAX } from './limits.ts';
import { bitLength, toBigInt } from './numbers.ts';
import { isPkcs12, openPkcs12 } from './pkcs12.ts';
import { readPrivateKey } from './private-key.ts';
import { rsaSpki } from './textual.ts';

/** Length of the first element with its header, or 0 when that is not DER or leaves the bytes. */
export function firstElementLength(bytes: Uint8Array): number {
  if (bytes.length < 2) return 0;
  const first = bytes[1] as number;
  if (first < 0x80) return 2 + first <= bytes.length ? 2 + first : 0;
  const count = first & 0x7f;
  if (count === 0 || count > 4 || bytes.length < 2 + count) return 0;
  let length = 0;
  for (let i = 0; i < count; i++) length = length * 256 + (bytes[2 + i] as number);
  return 2 + count + length <= bytes.length ? 2 + count + length : 0;
}

/** What the first element of `bytes` is; null when nothing we look for. Never throws for bad input. */
export function readDerBlob(bytes: Uint8Array, range: Range, container = 'DER'): Found | null {
  if (bytes[0] !== tag.sequence) return null;
  if (isPkcs12(bytes)) {
    const own = Buffer.from(bytes);
    return {
      kind: 'encrypted-key',
      container: 'PKCS#12',
      range,
      spki: null,
      open: (phrase) => openPkcs12(own, phrase),
    };
  }
  const length = firstElementLength(bytes);
  if (length === 0) return indefinite(bytes, range);
  const element = Buffer.from(bytes.subarray(0, length));
  try {
    return byShape(element, range, container);
  } catch (cause) {
    if (cause instanceof DerError) return null;
    throw cause;
  }
}

/** CMS from Windows and some mail programs has indefinite lengths. */
function indefinite(bytes: Uint8Array, range: Range): Found | null {
  if (bytes[1] !== 0x80 || bytes[2] !== tag.oid) return null;
  try {
    return { kind: 'cms', container: 'CMS', range, der: berToDer(bytes) };
  } catch (cause) {
    if (cause instanceof DerError) return null;
    throw cause;
  }
}

function byShape(element: Buffer, range: Range, container: string): Found | null {
  const outer = new DerReader(element).enter(tag.sequence, 'a structure');
  const tags: number[] = [];
  while (outer.more && tags.length < 10) tags.push(outer.read().tag);
  const shape = tags.map((t) => names[t] ?? '?').join('');

  if (shape === 'SSB') {
    try {
      parseCertificate(element);
      return { kind: 'certificate', container, range, der: element };
    } catch (cause) {
      if (!(cause instanceof DerError)) throw cause;
    }
    parseCsr(element);
    return { kind: 'csr', container, range, der: element };
  }
  if (shape === 'SB') {
    if (describeKey(element).type === 'unknown') return null;
    return { kind: 'public-key', container, range, spki: element };
  }
  if (shape === 'SO') {
    if (element.length > KEY_DER_BYTES_MAX) return null;
    return {
      kind: 'encrypted-key',
      container: 'encrypted PKCS#8',
      range,
      spki: null,
      open: (phrase) => {
        const key = openEncryptedInfo(element, phrase);
        return typeof key === 'string' ? key : { keys: [key], certificates: [] };
      },
    };
  }
  if (shape === 'II') {
    const body = new DerReader(element).enter(tag.sequence, 'RSAPublicKey');
    const n = toBigInt(body.content(body.read()));
    const e = toBigInt(body.content(body.read()));
    // A DSA or ECDSA signature is two integers as well; a modulus is longer and the exponent shorter.
    if (bitLength(n) < 500 || bitLength(n) > MODULUS_BITS_MAX || bitLength(e) > 64) return null;
    return { kind: 'public-key', container, range, spki: rsaSpki(n, e) };
  }
  if (shape.startsWith('D')) {
    const name = new DerReader(element).enter(tag.sequence, 'ContentInfo').oid('contentType');
    return name === '1.2.840.113549.1.7.2' ? { kind: 'cms', container: 'CMS', range, der: element } : null;
  }
  if (shape.startsWith('I')) {
    const key = readPrivateKey(element);
    if (key !== null) return { kind: 'private-key', container: key.container, range, key: key.key };
  }
  return null;
}

const names: Readonly<Record<number, string>> = { 48: 'S', 2: 'I', 3: 'B', 4: 'O', 6: 'D' };

/**
 * What is left of a torn or damaged RSA key: the integers that are whole. One whole prime, or n, e and d, is as good
 * as the key. Null when fewer than three integers can be read.
 */
export function readTornRsa(bytes: Uint8Array): PrivateMaterial | null {
  // Inside PKCS#8 the PKCS#1 structure begins behind the algorithm identifier.
  const wrapped = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).indexOf(
    Buffer.from('300d06092a864886f70d010101050004', 'hex'),
  );
  let at = 0;
  if (wrapped >= 0 && wrapped < 32) at = skipHeader(bytes, wrapped + 15);
  at = skipHeader(bytes, at);
  if (at < 0) return null;
  const numbers: bigint[] = [];
  while (at >= 0 && bytes[at] === tag.integer && numbers.length < 9) {
    const from = skipHeader(bytes, at);
    const length = firstElementLength(bytes.subarray(at));
    if (from < 0 || length === 0) break;
    numbers.push(toBigInt(bytes.subarray(from, at + length)));
    at += length;
  }
  const [version, n, e, d, ...rest] = numbers;
  if (version !== 0n || n === undefined || e === undefined || bitLength(n) < 500 || bitLength(n) > MODULUS_BITS_MAX)
    return null;
  if (d === undefined) return null;
  return { kind: 'rsa', n, e, d, primes: rest.slice(0, 2), crt: null };
}

/** Offset of the content of the element at `at`, or -1. */
function skipHeader(bytes: Uint8Array, at: number): number {
  const first = bytes[at + 1];
  if (at < 0 || first === undefined) return -1;
  return at + (first < 0x80 ? 2 : 2 + (first & 0x7f));
}
