/**
 * zip, read by its central directory, or by its local headers when that is missing or torn off. Both old ZipCrypto
 * and WinZip AES entries open with a given pass phrase; reporters lock keys into zips so that mail filters let them by.
 */
import { createCipheriv, createHmac, pbkdf2Sync, timingSafeEqual } from 'node:crypto';
import { crc32 } from 'node:zlib';
import { unbzip2 } from './bzip2.ts';
import { type Expanded, inflateRaw, unzstd } from './inflate.ts';
import { type Budget, Unreadable } from './limits.ts';
import { Lzma } from './lzma.ts';
import { Output } from './output.ts';
import { unxz } from './xz.ts';

export interface ZipEntry {
  readonly path: string;
  readonly encrypted: boolean;
  /** Expands the entry, at most `max` bytes. Throws Unreadable. */
  readonly read: (budget: Budget, max: number, passphrases: readonly string[]) => Expanded;
}

interface Header {
  readonly path: string;
  readonly flags: number;
  readonly method: number;
  readonly crc: number;
  readonly time: number;
  readonly extra: Buffer;
  readonly data: Buffer;
  readonly expanded: number;
}

const END_OF_DIRECTORY = 0x06054b50;
const DIRECTORY_ENTRY = 0x02014b50;
const LOCAL_HEADER = 0x04034b50;
const COMMENT_MAX = 0xffff;
const AES_METHOD = 99;

export function* readZip(input: Uint8Array): Generator<ZipEntry> {
  const view = Buffer.from(input.buffer, input.byteOffset, input.length);
  let seen = 0;
  for (const header of directory(view)) {
    seen += 1;
    if (!header.path.endsWith('/') || header.data.length > 0) yield entry(header);
  }
  if (seen > 0) return;
  for (const header of localHeaders(view)) yield entry(header);
}

function* directory(view: Buffer): Generator<Header> {
  const end = findEnd(view);
  if (end < 0) return;
  let position = view.readUInt32LE(end + 16);
  let count = view.readUInt16LE(end + 10);
  const zip64 = end - 20;
  if (zip64 >= 0 && view.readUInt32LE(zip64) === 0x07064b50) {
    const at = Number(view.readBigUInt64LE(zip64 + 8));
    if (at + 56 <= view.length && view.readUInt32LE(at) === 0x06064b50) {
      count = Number(view.readBigUInt64LE(at + 32));
      position = Number(view.readBigUInt64LE(at + 48));
    }
  }
  // A file prepended to the archive (self-extractors, polyglots) shifts every offset by the same amount.
  const shift = directoryShift(view, end, position);
  position += shift;
  for (let i = 0; i < count && position + 46 <= view.length; i++) {
    if (view.readUInt32LE(position) !== DIRECTORY_ENTRY) return;
    const nameLength = view.readUInt16LE(position + 28);
    const extraLength = view.readUInt16LE(position + 30);
    const commentLength = view.readUInt16LE(position + 32);
    const extra = view.subarray(position + 46 + nameLength, position + 46 + nameLength + extraLength);
    let packed = view.readUInt32LE(position + 20);
    let expanded = view.readUInt32LE(position + 24);
    let local = view.readUInt32LE(position + 42);
    const wide = field(extra, 0x0001);
    if (wide !== null) {
      let at = 0;
      const next = () => {
        at += 8;
        return at <= wide.length ? Number(wide.readBigUInt64LE(at - 8)) : 0;
      };
      if (expanded === 0xffffffff) expanded = next();
      if (packed === 0xffffffff) packed = next();
      if (local === 0xffffffff) local = next();
    }
    local += shift;
    const flags = view.readUInt16LE(position + 8);
    if (local + 30 <= view.length && view.readUInt32LE(local) === LOCAL_HEADER) {
      const from = local + 30 + view.readUInt16LE(local + 26) + view.readUInt16LE(local + 28);
      yield {
        path: name(view.subarray(position + 46, position + 46 + nameLength), flags),
        flags,
        method: view.readUInt16LE(position + 10),
        crc: view.readUInt32LE(position + 16),
        time: view.readUInt16LE(position + 12),
        extra,
        data: view.subarray(from, Math.min(view.length, from + packed)),
        expanded,
      };
    }
    position += 46 + nameLength + extraLength + commentLength;
  }
}

function findEnd(view: Buffer): number {
  const lowest = Math.max(0, view.length - 22 - COMMENT_MAX);
  for (let at = view.length - 22; at >= lowest; at--) if (view.readUInt32LE(at) === END_OF_DIRECTORY) return at;
  return -1;
}

function directoryShift(view: Buffer, end: number, stated: number): number {
  if (stated + 4 <= view.length && view.readUInt32LE(stated) === DIRECTORY_ENTRY) return 0;
  const actual = end - view.readUInt32LE(end + 12);
  return actual > stated && actual + 4 <= view.length && view.readUInt32LE(actual) === DIRECTORY_ENTRY
    ? actual - stated
    : 0;
}

/** For archives whose directory is lost: sizes may then be 0 (streamed), and the data reaches to the next header. */
function* localHeaders(view: Buffer): Generator<Header> {
  const mark = Buffer.from([0x50, 0x4b, 0x03, 0x04]);
  for (let at = view.indexOf(mark); at >= 0 && at + 30 <= view.length; ) {
    const nameLength = view.readUInt16LE(at + 26);
    const extraLength = view.readUInt16LE(at + 28);
    const flags = view.readUInt16LE(at + 6);
    const from = at + 30 + nameLength + extraLength;
    const stated = view.readUInt32LE(at + 18);
    const following = view.indexOf(mark, Math.min(view.length, from + stated));
    const end = stated > 0 && stated !== 0xffffffff ? from + stated : following < 0 ? view.length : following;
    yield {
      path: name(view.subarray(at + 30, at + 30 + nameLength), flags),
      flags,
      method: view.readUInt16LE(at + 8),
      crc: 0,
      time: view.readUInt16LE(at + 10),
      extra: view.subarray(at + 30 + nameLength, from),
      data: view.subarray(from, Math.min(view.length, end)),
      expanded: view.readUInt32LE(at + 22),
    };
    at = following;
  }
}

function name(bytes: Buffer, flags: number): string {
  return bytes.toString(flags & 0x800 ? 'utf8' : 'latin1');
}

function field(extra: Buffer, id: number): Buffer | null {
  for (let at = 0; at + 4 <= extra.length; ) {
    const size = extra.readUInt16LE(at + 2);
    if (extra.readUInt16LE(at) === id) return extra.subarray(at + 4, at + 4 + size);
    at += 4 + size;
  }
  return null;
}

function entry(header: Header): ZipEntry {
  const encrypted = (header.flags & 1) === 1;
  return {
    path: header.path,
    encrypted,
    read: (budget, max, passphrases) =>
      encrypted
        ? readEncrypted(header, budget, max, passphrases)
        : expand(header.method, header, header.data, budget, max),
  };
}

function expand(method: number, header: Header, data: Buffer, budget: Budget, max: number): Expanded {
  switch (method) {
    case 0: {
      const bytes = Buffer.from(data.subarray(0, max));
      budget.spend(bytes.length);
      return { bytes, cut: bytes.length < data.length };
    }
    case 8:
      return inflateRaw(data, budget, max);
    case 12:
      return { bytes: unbzip2(data, budget, max), cut: false };
    case 14:
      return { bytes: unlzma(data, header.expanded, budget, max), cut: false };
    case 93:
      return unzstd(data, budget, max);
    case 95:
      return { bytes: unxz(data, budget, max), cut: false };
    default:
      throw new Unreadable('unsupported');
  }
}

function unlzma(data: Buffer, expanded: number, budget: Budget, max: number): Buffer {
  const out = new Output(budget, max, expanded);
  const lzma = new Lzma(data, out);
  lzma.setProperties(data[4] ?? 255);
  lzma.start(4 + (data[2] ?? 5), data.length);
  lzma.decode(Math.min(expanded, max));
  return out.done();
}

function readEncrypted(header: Header, budget: Budget, max: number, passphrases: readonly string[]): Expanded {
  const aes = header.method === AES_METHOD ? field(header.extra, 0x9901) : null;
  for (const passphrase of passphrases) {
    budget.checkTime();
    const opened = aes === null ? openZipCrypto(header, passphrase) : openAes(header, aes, passphrase);
    if (opened === null) continue;
    try {
      const method = aes === null ? header.method : aes.readUInt16LE(5);
      const result = expand(method, header, opened, budget, max);
      // ZipCrypto's own test is one byte: one wrong pass phrase in 256 passes it, so the checksum decides.
      if (aes === null && header.crc !== 0 && !result.cut && crc32(result.bytes) !== header.crc) continue;
      return result;
    } catch (cause) {
      if (!(cause instanceof Unreadable) || cause.problem !== 'damaged') throw cause;
    }
  }
  throw new Unreadable('encrypted');
}

/** WinZip AE-1 and AE-2: PBKDF2-SHA1 with 1,000 rounds, AES-CTR counting little-endian from 1, HMAC-SHA1 cut to 80 bits. */
function openAes(header: Header, aes: Buffer, passphrase: string): Buffer | null {
  const strength = aes[4] ?? 0;
  if (strength < 1 || strength > 3 || aes.length < 7) throw new Unreadable('unsupported');
  const saltLength = 4 + strength * 4;
  const keyLength = 8 + strength * 8;
  const { data } = header;
  if (data.length < saltLength + 12) throw new Unreadable('damaged');
  const keys = pbkdf2Sync(passphrase, data.subarray(0, saltLength), 1000, keyLength * 2 + 2, 'sha1');
  if (!keys.subarray(keyLength * 2).equals(data.subarray(saltLength, saltLength + 2))) return null;
  const sealed = data.subarray(saltLength + 2, data.length - 10);
  const mac = createHmac('sha1', keys.subarray(keyLength, keyLength * 2))
    .update(sealed)
    .digest()
    .subarray(0, 10);
  if (!timingSafeEqual(mac, data.subarray(data.length - 10))) return null;

  const blocks = Math.ceil(sealed.length / 16);
  const counters = Buffer.alloc(blocks * 16);
  for (let i = 0; i < blocks; i++) counters.writeUInt32LE(i + 1, i * 16);
  const cipher = createCipheriv(`aes-${keyLength * 8}-ecb`, keys.subarray(0, keyLength), null).setAutoPadding(false);
  const stream = cipher.update(counters);
  for (let i = 0; i < sealed.length; i++) stream[i] = (stream[i] as number) ^ (sealed[i] as number);
  return stream.subarray(0, sealed.length);
}

let crcTable: Uint32Array | null = null;
function crcByte(crc: number, byte: number): number {
  if (crcTable === null) {
    crcTable = new Uint32Array(256);
    for (let i = 0; i < 256; i++) {
      let value = i;
      for (let bit = 0; bit < 8; bit++) value = value & 1 ? (value >>> 1) ^ 0xedb88320 : value >>> 1;
      crcTable[i] = value;
    }
  }
  return ((crc >>> 8) ^ (crcTable[(crc ^ byte) & 0xff] as number)) >>> 0;
}

/** The stream cipher of PKZIP (APPNOTE 6.1). Null when the check byte says that the pass phrase is wrong. */
function openZipCrypto(header: Header, passphrase: string): Buffer | null {
  const { data } = header;
  if (data.length < 12) throw new Unreadable('damaged');
  let key0 = 0x12345678;
  let key1 = 0x23456789;
  let key2 = 0x34567890;
  const update = (byte: number) => {
    key0 = crcByte(key0, byte);
    key1 = (Math.imul((key1 + (key0 & 0xff)) >>> 0, 134775813) + 1) >>> 0;
    key2 = crcByte(key2, key1 >>> 24);
  };
  for (const byte of Buffer.from(passphrase, 'utf8')) update(byte);
  const decryptByte = (byte: number) => {
    const temporary = (key2 | 2) & 0xffff;
    const plain = byte ^ ((Math.imul(temporary, temporary ^ 1) >>> 8) & 0xff);
    update(plain);
    return plain;
  };
  let check = 0;
  for (let i = 0; i < 12; i++) check = decryptByte(data[i] as number);
  const expected = header.flags & 8 ? header.time >>> 8 : header.crc >>> 24;
  if (header.crc !== 0 && check !== expected) return null;
  const plain = Buffer.allocUnsafeSlow(data.length - 12);
  for (let i = 12; i < data.length; i++) plain[i - 12] = decryptByte(data[i] as number);
  return plain;
}
