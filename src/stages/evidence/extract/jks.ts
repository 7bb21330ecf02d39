/** Java key stores (JKS and JCEKS): keys under a pass phrase, certificates in the open. */
import { DerError, DerReader, tag } from '../../../foundation/pki/der.ts';
import type { Locked, Opened, PrivateMaterial } from './found.ts';
import { decryptPbe } from './pbe.ts';
import { readPkcs8 } from './private-key.ts';

const JKS = 0xfeedfeed;
const JCEKS = 0xcececece;
const ENTRIES_MAX = 10_000;

export interface KeyStore {
  /** EncryptedPrivateKeyInfo, one per key entry. */
  readonly sealedKeys: readonly Uint8Array[];
  readonly certificates: readonly Buffer[];
}

export function isKeyStore(bytes: Uint8Array): boolean {
  if (bytes.length < 12) return false;
  const magic = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).readUInt32BE(0);
  return magic === JKS || magic === JCEKS;
}

/** What can be read without a pass phrase; stops at the first entry that makes no sense. */
export function readKeyStore(bytes: Uint8Array): KeyStore {
  const view = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
  const sealedKeys: Uint8Array[] = [];
  const certificates: Buffer[] = [];
  let at = 12;
  const take = (count: number): Buffer => {
    if (at + count > view.length) throw new RangeError('cut off');
    at += count;
    return view.subarray(at - count, at);
  };
  const u32 = () => take(4).readUInt32BE(0);
  const utf = () => take(take(2).readUInt16BE(0));
  const certificate = () => {
    if (view.readUInt32BE(4) === 2) utf();
    certificates.push(Buffer.from(take(u32())));
  };
  try {
    const entries = Math.min(view.readUInt32BE(8), ENTRIES_MAX);
    for (let i = 0; i < entries; i++) {
      const kind = u32();
      utf();
      take(8);
      if (kind === 1) {
        sealedKeys.push(take(u32()));
        const chain = Math.min(u32(), 100);
        for (let j = 0; j < chain; j++) certificate();
      } else if (kind === 2) certificate();
      else break;
    }
  } catch (cause) {
    if (!(cause instanceof RangeError)) throw cause;
  }
  return { sealedKeys, certificates };
}

export function openKeyStore(store: KeyStore, passphrase: string): Opened | Locked {
  const keys: PrivateMaterial[] = [];
  let locked: Locked | null = null;
  for (const sealed of store.sealedKeys) {
    const plain = openEncryptedInfo(sealed, passphrase);
    if (typeof plain === 'string') locked ??= plain;
    else keys.push(plain);
  }
  if (keys.length === 0) return locked ?? 'damaged';
  return { keys, certificates: store.certificates };
}

/** RFC 5958 EncryptedPrivateKeyInfo. */
export function openEncryptedInfo(bytes: Uint8Array, passphrase: string): PrivateMaterial | Locked {
  try {
    const info = new DerReader(bytes).enter(tag.sequence, 'EncryptedPrivateKeyInfo');
    const algorithm = info.enter(tag.sequence, 'encryptionAlgorithm');
    const sealed = info.content(info.expect(tag.octetString, 'encryptedData'));
    const plain = decryptPbe(algorithm, sealed, passphrase);
    if (typeof plain === 'string') return plain;
    try {
      return readPkcs8(plain);
    } catch (cause) {
      // Padding that fits by chance: one wrong pass phrase in 256.
      if (cause instanceof DerError) return 'wrong-passphrase';
      throw cause;
    } finally {
      plain.fill(0);
    }
  } catch (cause) {
    if (cause instanceof DerError) return 'damaged';
    throw cause;
  }
}
