/**
 * .7z: a header that describes folders (chains of coders) and the files packed into them. Read from the format notes
 * of the LZMA SDK; coders are LZMA, LZMA2, deflate, bzip2, copy, delta and AES-256.
 */
import { createDecipheriv, createHash } from 'node:crypto';
import { crc32 } from 'node:zlib';
import { unbzip2 } from './bzip2.ts';
import { inflateRaw } from './inflate.ts';
import { type Budget, Unreadable } from './limits.ts';
import { decodeLzma2, Lzma } from './lzma.ts';
import { Output } from './output.ts';
import { undelta } from './xz.ts';

export type SevenZipItem =
  | { readonly path: string; readonly bytes: Buffer }
  | { readonly path: string; readonly problem: Unreadable['problem'] };

const FOLDERS_MAX = 1_000;
const CODERS_MAX = 8;
const FILES_MAX = 10_000;
/** 2^19 SHA-256 steps is what 7-Zip writes; each step above doubles the cost of one try. */
const KEY_STEPS_POWER_MAX = 20;

interface Coder {
  readonly id: string;
  readonly properties: Buffer;
  readonly inputs: number;
  readonly outputs: number;
}

interface Folder {
  readonly coders: readonly Coder[];
  readonly bindings: readonly { readonly input: number; readonly output: number }[];
  readonly packed: readonly number[];
  unpackSizes: number[];
  crc: number | null;
}

interface Streams {
  packPosition: number;
  packSizes: number[];
  folders: Folder[];
  /** Per folder: sizes and checksums of its files. */
  files: { size: number; crc: number | null }[][];
}

/** Throws Unreadable when the header cannot be read; a folder that cannot be opened is an item with a problem. */
export function* readSevenZip(
  input: Uint8Array,
  budget: Budget,
  max: number,
  passphrases: readonly string[],
): Generator<SevenZipItem> {
  const view = Buffer.from(input.buffer, input.byteOffset, input.length);
  if (view.length < 32) throw new Unreadable('damaged');
  const offset = Number(view.readBigUInt64LE(12));
  const size = Number(view.readBigUInt64LE(20));
  if (32 + offset + size > view.length) throw new Unreadable('damaged');
  if (size === 0) return;
  let header = view.subarray(32 + offset, 32 + offset + size);
  for (let layers = 0; header[0] === 0x17; layers++) {
    if (layers > 2) throw new Unreadable('damaged');
    const streams = readStreams(new Reader(header.subarray(1)));
    const folder = streams.folders[0];
    if (folder === undefined) throw new Unreadable('damaged');
    header = unpackFolder(view, streams, 0, budget, Math.min(max, 16 << 20), passphrases, isHeader);
  }
  yield* readFiles(view, header, budget, max, passphrases);
}

/** Some writers leave the encrypted header without a checksum; its first byte then has to tell a wrong pass phrase. */
function isHeader(data: Buffer): boolean {
  return data[0] === 0x01 || data[0] === 0x17;
}

function* readFiles(
  view: Buffer,
  header: Buffer,
  budget: Budget,
  max: number,
  passphrases: readonly string[],
): Generator<SevenZipItem> {
  const reader = new Reader(header);
  if (reader.byte() !== 1) throw new Unreadable('damaged');
  let streams: Streams = { packPosition: 0, packSizes: [], folders: [], files: [] };
  let names: string[] = [];
  let hasStream: boolean[] = [];
  for (let id = reader.byte(); id !== 0; id = reader.byte()) {
    if (id === 0x04) streams = readStreams(reader);
    else if (id === 0x05) ({ names, hasStream } = readFileList(reader));
    else throw new Unreadable('unsupported');
  }
  const withStream = names.filter((_, index) => hasStream[index] ?? true);
  let next = 0;
  for (const [index, files] of streams.files.entries()) {
    const paths = files.map(() => withStream[next++] ?? `file-${next}`);
    let data: Buffer;
    try {
      data = unpackFolder(view, streams, index, budget, max, passphrases);
    } catch (cause) {
      const problem = cause instanceof Unreadable ? cause.problem : 'damaged';
      for (const path of paths) yield { path, problem };
      if (problem === 'too_large' || problem === 'too_slow') throw cause;
      continue;
    }
    let at = 0;
    for (const [fileIndex, file] of files.entries()) {
      yield { path: paths[fileIndex] as string, bytes: data.subarray(at, at + file.size) };
      at += file.size;
    }
  }
}

class Reader {
  private readonly bytes: Buffer;
  position = 0;

  constructor(bytes: Buffer) {
    this.bytes = bytes;
  }

  byte(): number {
    const byte = this.bytes[this.position++];
    if (byte === undefined) throw new Unreadable('damaged');
    return byte;
  }

  take(count: number): Buffer {
    if (count < 0 || this.position + count > this.bytes.length) throw new Unreadable('damaged');
    this.position += count;
    return this.bytes.subarray(this.position - count, this.position);
  }

  /** The variable-length number of 7z: leading ones of the first byte count the bytes that follow. */
  number(): number {
    const first = this.byte();
    let mask = 0x80;
    let value = 0;
    for (let i = 0; i < 8; i++) {
      if ((first & mask) === 0) return value + (first & (mask - 1)) * 2 ** (8 * i);
      value += this.byte() * 2 ** (8 * i);
      mask >>= 1;
    }
    return value;
  }

  count(max: number): number {
    const count = this.number();
    if (count > max) throw new Unreadable('too_many_members');
    return count;
  }

  bits(count: number): boolean[] {
    const bits: boolean[] = [];
    let byte = 0;
    for (let i = 0; i < count; i++) {
      if ((i & 7) === 0) byte = this.byte();
      bits.push((byte & (0x80 >> (i & 7))) !== 0);
    }
    return bits;
  }

  digests(count: number): (number | null)[] {
    const defined = this.byte() === 0 ? this.bits(count) : new Array<boolean>(count).fill(true);
    return defined.map((present) => (present ? this.take(4).readUInt32LE(0) : null));
  }
}

function readStreams(reader: Reader): Streams {
  const streams: Streams = { packPosition: 0, packSizes: [], folders: [], files: [] };
  let substreams = false;
  for (let id = reader.byte(); id !== 0; id = reader.byte()) {
    if (id === 0x06) readPackInfo(reader, streams);
    else if (id === 0x07) readFolders(reader, streams);
    else if (id === 0x08) {
      readSubstreams(reader, streams);
      substreams = true;
    } else throw new Unreadable('damaged');
  }
  if (!substreams) streams.files = streams.folders.map((folder) => [{ size: folderSize(folder), crc: folder.crc }]);
  return streams;
}

function readPackInfo(reader: Reader, streams: Streams): void {
  streams.packPosition = reader.number();
  const count = reader.count(FOLDERS_MAX * CODERS_MAX);
  for (let id = reader.byte(); id !== 0; id = reader.byte()) {
    if (id === 0x09) for (let i = 0; i < count; i++) streams.packSizes.push(reader.number());
    else if (id === 0x0a) reader.digests(count);
    else throw new Unreadable('damaged');
  }
}

function readFolders(reader: Reader, streams: Streams): void {
  for (let id = reader.byte(); id !== 0; id = reader.byte()) {
    if (id === 0x0b) {
      const count = reader.count(FOLDERS_MAX);
      if (reader.byte() !== 0) throw new Unreadable('unsupported');
      for (let i = 0; i < count; i++) streams.folders.push(readFolder(reader));
    } else if (id === 0x0c) {
      for (const folder of streams.folders) {
        const outputs = folder.coders.reduce((sum, coder) => sum + coder.outputs, 0);
        folder.unpackSizes = Array.from({ length: outputs }, () => reader.number());
      }
    } else if (id === 0x0a) {
      for (const [index, crc] of reader.digests(streams.folders.length).entries()) {
        (streams.folders[index] as Folder).crc = crc;
      }
    } else throw new Unreadable('damaged');
  }
}

function readFolder(reader: Reader): Folder {
  const coders: Coder[] = [];
  const count = reader.count(CODERS_MAX);
  for (let i = 0; i < count; i++) {
    const flags = reader.byte();
    const id = reader.take(flags & 0x0f).toString('hex');
    const complex = (flags & 0x10) !== 0;
    const inputs = complex ? reader.count(CODERS_MAX) : 1;
    const outputs = complex ? reader.count(CODERS_MAX) : 1;
    const properties = flags & 0x20 ? reader.take(reader.count(1024)) : Buffer.alloc(0);
    coders.push({ id, properties, inputs, outputs });
  }
  const inputs = coders.reduce((sum, coder) => sum + coder.inputs, 0);
  const outputs = coders.reduce((sum, coder) => sum + coder.outputs, 0);
  if (outputs < 1) throw new Unreadable('damaged');
  const bindings = Array.from({ length: outputs - 1 }, () => ({ input: reader.number(), output: reader.number() }));
  const packedCount = inputs - bindings.length;
  const packed: number[] = [];
  if (packedCount === 1) {
    for (let i = 0; i < inputs; i++) if (!bindings.some((b) => b.input === i)) packed.push(i);
  } else for (let i = 0; i < packedCount; i++) packed.push(reader.number());
  return { coders, bindings, packed, unpackSizes: [], crc: null };
}

function folderSize(folder: Folder): number {
  const last = folder.unpackSizes.findIndex((_, output) => !folder.bindings.some((b) => b.output === output));
  return folder.unpackSizes[last] ?? 0;
}

function readSubstreams(reader: Reader, streams: Streams): void {
  let counts = streams.folders.map(() => 1);
  let sizes: number[][] | null = null;
  const sizesOf = () => streams.folders.map((folder, i) => (counts[i] === 1 ? [folderSize(folder)] : []));
  let crcs: (number | null)[] = [];
  for (let id = reader.byte(); id !== 0; id = reader.byte()) {
    if (id === 0x0d) counts = streams.folders.map(() => reader.count(FILES_MAX));
    else if (id === 0x09) {
      sizes = streams.folders.map((folder, i) => {
        const count = counts[i] as number;
        if (count === 0) return [];
        const own = Array.from({ length: count - 1 }, () => reader.number());
        return [...own, folderSize(folder) - own.reduce((sum, size) => sum + size, 0)];
      });
    } else if (id === 0x0a) {
      const unknown = streams.folders.reduce(
        (sum, folder, i) => sum + (counts[i] === 1 && folder.crc !== null ? 0 : (counts[i] as number)),
        0,
      );
      crcs = reader.digests(Math.min(unknown, FILES_MAX));
    } else throw new Unreadable('damaged');
  }
  let next = 0;
  streams.files = (sizes ?? sizesOf()).map((own, i) => {
    const folder = streams.folders[i] as Folder;
    return own.map((size) => {
      if (size < 0) throw new Unreadable('damaged');
      const crc = own.length === 1 && folder.crc !== null ? folder.crc : (crcs[next++] ?? null);
      return { size, crc };
    });
  });
}

function readFileList(reader: Reader): { names: string[]; hasStream: boolean[] } {
  const count = reader.count(FILES_MAX);
  let names: string[] = Array.from({ length: count }, (_, i) => `file-${i + 1}`);
  let hasStream = new Array<boolean>(count).fill(true);
  for (let id = reader.byte(); id !== 0; id = reader.byte()) {
    const property = new Reader(reader.take(reader.number()));
    if (id === 0x0e) hasStream = property.bits(count).map((empty) => !empty);
    else if (id === 0x11 && property.byte() === 0) {
      names = names.map((fallback) => {
        let name = '';
        for (;;) {
          const unit = property.take(2).readUInt16LE(0);
          if (unit === 0) return name === '' ? fallback : name;
          name += String.fromCharCode(unit);
        }
      });
    }
  }
  return { names, hasStream };
}

function unpackFolder(
  view: Buffer,
  streams: Streams,
  index: number,
  budget: Budget,
  max: number,
  passphrases: readonly string[],
  plausible: (data: Buffer) => boolean = () => true,
): Buffer {
  const folder = streams.folders[index] as Folder;
  const first = streams.folders.slice(0, index).reduce((sum, f) => sum + f.packed.length, 0);
  const packedStream = (n: number): Buffer => {
    const before = streams.packSizes.slice(0, first + n).reduce((sum, size) => sum + size, 0);
    const from = 32 + streams.packPosition + before;
    const size = streams.packSizes[first + n] ?? 0;
    if (from + size > view.length) throw new Unreadable('damaged');
    return view.subarray(from, from + size);
  };
  const encrypted = folder.coders.some((coder) => coder.id === '06f10701');
  const branches = folder.coders.some((coder) => isBranchFilter(coder.id));
  const attempt = (passphrase: string): Buffer => {
    const main = folder.unpackSizes.findIndex((_, output) => !folder.bindings.some((b) => b.output === output));
    const data = runCoder(folder, main, packedStream, budget, max, passphrase, 0);
    if (folder.crc !== null && !branches && crc32(data) !== folder.crc) throw new Unreadable('damaged');
    if (!plausible(data)) throw new Unreadable('damaged');
    // Encrypted folders with several files carry their checksums per file.
    let at = 0;
    for (const file of encrypted ? (streams.files[index] ?? []) : []) {
      if (file.crc !== null && !branches && crc32(data.subarray(at, at + file.size)) !== file.crc) {
        throw new Unreadable('damaged');
      }
      at += file.size;
    }
    return data;
  };
  if (!encrypted) return attempt('');
  for (const passphrase of passphrases) {
    budget.checkTime();
    try {
      return attempt(passphrase);
    } catch (cause) {
      // A wrong pass phrase looks like damage; the right one does not.
      if (!(cause instanceof Unreadable) || cause.problem === 'too_slow' || cause.problem === 'unsupported')
        throw cause;
    }
  }
  throw new Unreadable('encrypted');
}

function runCoder(
  folder: Folder,
  output: number,
  packedStream: (n: number) => Buffer,
  budget: Budget,
  max: number,
  passphrase: string,
  depth: number,
): Buffer {
  if (depth > CODERS_MAX) throw new Unreadable('damaged');
  // All coders but BCJ2 have one input and one output, and only the first input of BCJ2 is of interest here.
  let inputBase = 0;
  let coderIndex = 0;
  let outputBase = 0;
  for (; coderIndex < folder.coders.length; coderIndex++) {
    const coder = folder.coders[coderIndex] as Coder;
    if (output < outputBase + coder.outputs) break;
    outputBase += coder.outputs;
    inputBase += coder.inputs;
  }
  const coder = folder.coders[coderIndex];
  if (coder === undefined) throw new Unreadable('damaged');
  const binding = folder.bindings.find((b) => b.input === inputBase);
  const input =
    binding === undefined
      ? packedStream(Math.max(0, folder.packed.indexOf(inputBase)))
      : runCoder(folder, binding.output, packedStream, budget, max, passphrase, depth + 1);
  const size = folder.unpackSizes[output] ?? 0;
  if (size > Math.min(max, budget.bytesLeft)) throw new Unreadable('too_large');
  return decode(coder, input, size, budget, max, passphrase);
}

/**
 * Branch converters only change call targets inside machine code, so PEM or DER in a program is readable without
 * undoing them; the checksum of such a folder is not compared.
 */
function isBranchFilter(id: string): boolean {
  return /^(04|05|06|07|08|09|0a|030301..|03030[2-9]..)$/.test(id);
}

function decode(coder: Coder, input: Buffer, size: number, budget: Budget, max: number, passphrase: string): Buffer {
  if (isBranchFilter(coder.id)) return input;
  switch (coder.id) {
    case '00':
      budget.spend(Math.min(size, input.length));
      return input.subarray(0, size);
    case '21': {
      const out = new Output(budget, max, size);
      decodeLzma2(input, 0, out);
      return out.done();
    }
    case '030101': {
      const out = new Output(budget, max, size);
      const lzma = new Lzma(input, out);
      lzma.setProperties(coder.properties[0] ?? 255);
      lzma.start(0, input.length);
      lzma.decode(size);
      return out.done();
    }
    case '03': {
      const copy = Buffer.from(input);
      undelta(copy, 0, copy.length, (coder.properties[0] ?? 0) + 1);
      return copy;
    }
    case '040108':
      return inflateRaw(input, budget, max).bytes;
    case '040202':
      return unbzip2(input, budget, max);
    case '06f10701':
      return decryptAes(coder.properties, input, passphrase).subarray(0, size);
    default:
      throw new Unreadable('unsupported');
  }
}

function decryptAes(properties: Buffer, input: Buffer, passphrase: string): Buffer {
  const first = properties[0] ?? 0;
  const second = properties[1] ?? 0;
  const power = first & 0x3f;
  const saltLength = ((first >> 7) & 1) + (first & 0xc0 ? second >> 4 : 0);
  const ivLength = ((first >> 6) & 1) + (first & 0xc0 ? second & 0x0f : 0);
  const salt = properties.subarray(2, 2 + saltLength);
  const iv = Buffer.alloc(16);
  properties.copy(iv, 0, 2 + saltLength, 2 + saltLength + ivLength);
  const key = deriveKey(power, salt, Buffer.from(passphrase, 'utf16le'));
  const decipher = createDecipheriv('aes-256-cbc', key, iv).setAutoPadding(false);
  key.fill(0);
  return decipher.update(input.subarray(0, input.length & ~15));
}

function deriveKey(power: number, salt: Buffer, passphrase: Buffer): Buffer {
  if (power === 0x3f) {
    const key = Buffer.alloc(32);
    Buffer.concat([salt, passphrase]).copy(key);
    return key;
  }
  if (power > KEY_STEPS_POWER_MAX) throw new Unreadable('unsupported');
  const unit = Buffer.concat([salt, passphrase, Buffer.alloc(8)]);
  const perChunk = 4096;
  const chunk = Buffer.alloc(unit.length * perChunk);
  for (let i = 0; i < perChunk; i++) unit.copy(chunk, i * unit.length);
  const hash = createHash('sha256');
  const steps = 2 ** power;
  for (let step = 0; step < steps; step += perChunk) {
    const count = Math.min(perChunk, steps - step);
    for (let i = 0; i < count; i++) chunk.writeUInt32LE(step + i, (i + 1) * unit.length - 8);
    hash.update(chunk.subarray(0, count * unit.length));
  }
  chunk.fill(0);
  return hash.digest();
}
