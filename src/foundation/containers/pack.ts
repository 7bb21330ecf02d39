/**
 * Small archives made in memory, for drills, scenarios and tests: what the readers beside this file must open. Stored
 * rather than compressed where the format allows it; a real reader cannot tell the difference.
 */
import { crc32, gzipSync } from 'node:zlib';
import { zipSync } from 'fflate';

export interface Packable {
  readonly path: string;
  readonly bytes: Uint8Array;
}

export type PackFormat = 'zip' | 'tar' | 'tar.gz' | 'tar.xz' | '7z';

export function pack(format: PackFormat, members: readonly Packable[]): Buffer {
  switch (format) {
    case 'zip':
      // A fixed time stamp (the first that zip can say), so that equal input gives equal bytes.
      return Buffer.from(
        zipSync(Object.fromEntries(members.map((m) => [m.path, m.bytes])), { mtime: '1980-01-01T00:00:00' }),
      );
    case 'tar':
      return packTar(members);
    case 'tar.gz':
      return gzipSync(packTar(members));
    case 'tar.xz':
      return packXz(packTar(members));
    case '7z':
      return packSevenZip(members);
  }
}

export function packTar(members: readonly Packable[]): Buffer {
  const parts: Buffer[] = [];
  for (const { path, bytes } of members) {
    const header = Buffer.alloc(512);
    header.write(path.slice(0, 99), 0, 'utf8');
    header.write('0000644\0', 100);
    header.write('0000000\0', 108);
    header.write('0000000\0', 116);
    header.write(`${bytes.length.toString(8).padStart(11, '0')}\0`, 124);
    header.write('00000000000\0', 136);
    header.write('        ', 148);
    header.write('0', 156);
    header.write('ustar\x0000', 257, 'latin1');
    const sum = header.reduce((total, byte) => total + byte, 0);
    header.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148);
    parts.push(header, Buffer.from(bytes), Buffer.alloc((512 - (bytes.length % 512)) % 512));
  }
  return Buffer.concat([...parts, Buffer.alloc(1024)]);
}

/** One block of uncompressed LZMA2 chunks with a CRC32 check. */
export function packXz(bytes: Uint8Array): Buffer {
  const chunks: Buffer[] = [];
  for (let at = 0; at < bytes.length; at += 0x10000) {
    const piece = bytes.subarray(at, at + 0x10000);
    chunks.push(
      Buffer.from([at === 0 ? 1 : 2, (piece.length - 1) >> 8, (piece.length - 1) & 0xff]),
      Buffer.from(piece),
    );
  }
  const data = Buffer.concat([...chunks, Buffer.from([0])]);
  const flags = Buffer.from([0x00, 0x01]);
  const header = Buffer.concat([Buffer.from([0xfd, 0x37, 0x7a, 0x58, 0x5a, 0x00]), flags, le32(crc32(flags))]);
  // 12 bytes in all: size 2, one filter, LZMA2 with a 4 KiB-or-more dictionary (property 0x16 = 8 MiB), padding.
  const blockBody = Buffer.from([0x02, 0x00, 0x21, 0x01, 0x16, 0x00, 0x00, 0x00]);
  const block = Buffer.concat([blockBody, le32(crc32(blockBody))]);
  const unpadded = block.length + data.length + 4;
  const padding = Buffer.alloc((4 - (data.length % 4)) % 4);
  const records = Buffer.concat([Buffer.from([0x00, 0x01]), variable(unpadded), variable(bytes.length)]);
  const index = Buffer.concat([records, Buffer.alloc((4 - (records.length % 4)) % 4)]);
  const footerBody = Buffer.concat([le32((index.length + 4) / 4 - 1), flags]);
  return Buffer.concat([
    header,
    block,
    data,
    padding,
    le32(crc32(bytes)),
    index,
    le32(crc32(index)),
    le32(crc32(footerBody)),
    footerBody,
    Buffer.from('YZ'),
  ]);
}

/** Members one behind the other in one folder with the copy coder. */
export function packSevenZip(members: readonly Packable[]): Buffer {
  const filled = members.filter((m) => m.bytes.length > 0);
  const data = Buffer.concat(filled.map((m) => m.bytes));
  const names = Buffer.concat(filled.map((m) => Buffer.from(`${m.path}\0`, 'utf16le')));
  const header = Buffer.concat([
    Buffer.from([0x01, 0x04, 0x06]),
    number(0),
    number(1),
    Buffer.from([0x09]),
    number(data.length),
    Buffer.from([0x00, 0x07, 0x0b, 0x01, 0x00, 0x01, 0x01, 0x00, 0x0c]),
    number(data.length),
    Buffer.from([0x00, 0x08, 0x0d]),
    number(filled.length),
    Buffer.from([0x09]),
    ...filled.slice(0, -1).map((m) => number(m.bytes.length)),
    Buffer.from([0x0a, 0x01]),
    ...filled.map((m) => le32(crc32(m.bytes))),
    Buffer.from([0x00, 0x00, 0x05]),
    number(filled.length),
    Buffer.from([0x11]),
    number(names.length + 1),
    Buffer.from([0x00]),
    names,
    Buffer.from([0x00, 0x00]),
  ]);
  const start = Buffer.alloc(20);
  start.writeBigUInt64LE(BigInt(data.length), 0);
  start.writeBigUInt64LE(BigInt(header.length), 8);
  start.writeUInt32LE(crc32(header), 16);
  const signature = Buffer.from([0x37, 0x7a, 0xbc, 0xaf, 0x27, 0x1c, 0x00, 0x04]);
  return Buffer.concat([signature, le32(crc32(start)), start, data, header]);
}

function le32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32LE(value >>> 0);
  return bytes;
}

function variable(value: number): Buffer {
  const bytes: number[] = [];
  let rest = value;
  for (; rest >= 0x80; rest = Math.floor(rest / 128)) bytes.push((rest & 0x7f) | 0x80);
  return Buffer.from([...bytes, rest]);
}

/** The variable-length number of 7z, always in its longest form but for small values. */
function number(value: number): Buffer {
  if (value < 0x80) return Buffer.from([value]);
  const bytes = Buffer.alloc(9);
  bytes[0] = 0xff;
  bytes.writeBigUInt64LE(BigInt(value), 1);
  return bytes;
}
