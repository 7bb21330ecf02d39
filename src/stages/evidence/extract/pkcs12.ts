/** PKCS#12 (RFC 7292), old and new: keys and certificates out of a .pfx, with legacy RC2 and triple DES. */
import { createHmac, timingSafeEqual } from 'node:crypto';
import { DerError, DerReader, tag } from '../../../foundation/pki/der.ts';
import { berToDer } from './ber.ts';
import type { Locked, Opened, PrivateMaterial } from './found.ts';
import { PKCS12_ITERATIONS_MAX } from './limits.ts';
import { bmpString, decryptPbe, pkcs12Key } from './pbe.ts';
import { readPkcs8 } from './private-key.ts';

const DATA = '1.2.840.113549.1.7.1';
const ENCRYPTED_DATA = '1.2.840.113549.1.7.6';
const KEY_BAG = '1.2.840.113549.1.12.10.1.1';
const SHROUDED_KEY_BAG = '1.2.840.113549.1.12.10.1.2';
const CERT_BAG = '1.2.840.113549.1.12.10.1.3';
const SAFE_CONTENTS_BAG = '1.2.840.113549.1.12.10.1.6';
const X509 = '1.2.840.113549.1.9.22.1';
const BAGS_MAX = 2_000;
const NESTED_MAX = 4;

/** True when `bytes` look like a PFX: SEQUENCE, version 3, a ContentInfo. */
export function isPkcs12(bytes: Uint8Array): boolean {
  if (bytes[0] !== 0x30) return false;
  const length = bytes[1] ?? 0;
  const at = length === 0x80 ? 2 : length > 0x80 ? 2 + (length & 0x7f) : 2;
  return bytes[at] === 0x02 && bytes[at + 1] === 0x01 && bytes[at + 2] === 0x03 && bytes[at + 3] === 0x30;
}

export function openPkcs12(bytes: Uint8Array, passphrase: string): Opened | Locked {
  try {
    const pfx = new DerReader(berToDer(bytes)).enter(tag.sequence, 'PFX');
    if (pfx.smallInteger('version') !== 3) return 'unsupported';
    const safe = dataOf(pfx.enter(tag.sequence, 'authSafe'));
    if (safe === null) return 'unsupported';
    const macState = pfx.more ? checkMac(pfx.enter(tag.sequence, 'macData'), safe, passphrase) : 'ok';
    if (macState !== 'ok') return macState;

    const found = { keys: [] as PrivateMaterial[], certificates: [] as Buffer[], bags: 0 };
    let locked: Locked | null = null;
    const contents = new DerReader(safe).enter(tag.sequence, 'AuthenticatedSafe');
    while (contents.more) {
      const info = contents.enter(tag.sequence, 'ContentInfo');
      const type = info.oid('contentType');
      const wrapped = info.enter(0xa0, 'content');
      const plain =
        type === DATA
          ? wrapped.content(wrapped.expect(tag.octetString, 'data'))
          : type === ENCRYPTED_DATA
            ? decryptContent(wrapped, passphrase)
            : 'unsupported';
      if (typeof plain === 'string') locked ??= plain;
      else locked = readBags(berToDer(plain), passphrase, found, 0) ?? locked;
    }
    if (found.keys.length === 0 && found.certificates.length === 0) return locked ?? 'damaged';
    return { keys: found.keys, certificates: found.certificates };
  } catch (cause) {
    if (cause instanceof DerError) return 'damaged';
    throw cause;
  }
}

function dataOf(info: DerReader): Uint8Array | null {
  if (info.oid('contentType') !== DATA) return null;
  const wrapped = info.enter(0xa0, 'content');
  const content = wrapped.content(wrapped.expect(tag.octetString, 'data'));
  return berToDer(content);
}

function decryptContent(wrapped: DerReader, passphrase: string): Buffer | Locked {
  const data = wrapped.enter(tag.sequence, 'EncryptedData');
  data.smallInteger('version');
  const info = data.enter(tag.sequence, 'EncryptedContentInfo');
  info.oid('contentType');
  const algorithm = info.enter(tag.sequence, 'contentEncryptionAlgorithm');
  const element = info.read();
  let sealed = info.content(element);
  // [0] IMPLICIT OCTET STRING; in pieces when constructed.
  if (element.tag === 0xa0) {
    const pieces = info.inside(element);
    const parts: Uint8Array[] = [];
    while (pieces.more) parts.push(pieces.content(pieces.read()));
    sealed = Buffer.concat(parts);
  }
  return decryptPbe(algorithm, sealed, passphrase);
}

const macDigests: Readonly<Record<string, string>> = {
  '1.3.14.3.2.26': 'sha1',
  '2.16.840.1.101.3.4.2.1': 'sha256',
  '2.16.840.1.101.3.4.2.2': 'sha384',
  '2.16.840.1.101.3.4.2.3': 'sha512',
};

/** The MAC tells a wrong pass phrase without touching the bags. A scheme we do not know is not held against the file. */
function checkMac(mac: DerReader, safe: Uint8Array, passphrase: string): 'ok' | Locked {
  const info = mac.enter(tag.sequence, 'DigestInfo');
  const digest = macDigests[info.enter(tag.sequence, 'digestAlgorithm').oid('algorithm')];
  const expected = info.content(info.expect(tag.octetString, 'digest'));
  const salt = mac.content(mac.expect(tag.octetString, 'macSalt'));
  const iterations = mac.more ? mac.smallInteger('iterations') : 1;
  if (iterations > PKCS12_ITERATIONS_MAX) return 'too-costly';
  if (digest === undefined) return 'ok';
  for (const secret of passphrase === '' ? [Buffer.alloc(2), Buffer.alloc(0)] : [bmpString(passphrase)]) {
    const key = pkcs12Key(digest, secret, salt, 3, iterations, expected.length);
    const actual = createHmac(digest, key).update(safe).digest();
    if (actual.length === expected.length && timingSafeEqual(actual, expected)) return 'ok';
  }
  return 'wrong-passphrase';
}

/** Adds what the bags hold; returns why some of it could not be opened. */
function readBags(
  bytes: Uint8Array,
  passphrase: string,
  found: { keys: PrivateMaterial[]; certificates: Buffer[]; bags: number },
  depth: number,
): Locked | null {
  if (depth > NESTED_MAX) return 'damaged';
  let locked: Locked | null = null;
  const bags = new DerReader(bytes).enter(tag.sequence, 'SafeContents');
  while (bags.more) {
    found.bags += 1;
    if (found.bags > BAGS_MAX) return 'damaged';
    const bag = bags.enter(tag.sequence, 'SafeBag');
    const type = bag.oid('bagId');
    const value = bag.enter(0xa0, 'bagValue');
    const element = value.expect(tag.sequence, 'bagValue');
    if (type === KEY_BAG) found.keys.push(readPkcs8(value.whole(element)));
    else if (type === SHROUDED_KEY_BAG) {
      const shrouded = value.inside(element);
      const algorithm = shrouded.enter(tag.sequence, 'encryptionAlgorithm');
      const plain = decryptPbe(
        algorithm,
        shrouded.content(shrouded.expect(tag.octetString, 'encryptedData')),
        passphrase,
      );
      if (typeof plain === 'string') locked ??= plain;
      else found.keys.push(readPkcs8(plain));
    } else if (type === CERT_BAG) {
      const certificate = value.inside(element);
      if (certificate.oid('certId') !== X509) continue;
      const wrapped = certificate.enter(0xa0, 'certValue');
      found.certificates.push(Buffer.from(wrapped.content(wrapped.expect(tag.octetString, 'x509Certificate'))));
    } else if (type === SAFE_CONTENTS_BAG)
      locked = readBags(value.whole(element), passphrase, found, depth + 1) ?? locked;
  }
  return locked;
}
