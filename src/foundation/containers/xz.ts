/** The .xz container (xz-file-format 1.2.1): streams of blocks, each filtered by LZMA2. */
import { crc32 } from 'node:zlib';
import { type Budget, Unreadable } from './limits.ts';
import { decodeLzma2 } from './lzma.ts';
import { Output } from './output.ts';

const LZMA2 = 0x21;
const DELTA = 0x03;
/** x86, PowerPC, IA-64, ARM, ARM-Thumb, SPARC, ARM64, RISC-V: they only rewrite call targets of machine code. */
const BRANCH_FILTERS = [0x04, 0x05, 0x06, 0x07, 0x08, 0x09, 0x0a, 0x0b];
const CHECK_SIZES = [0, 4, 4, 4, 8, 8, 8, 16, 16, 16, 32, 32, 32, 64, 64, 64];

/** All streams of the file one after the other. Throws Unreadable. */
export function unxz(input: Uint8Array, budget: Budget, max: number): Buffer {
  const out = new Output(budget, max, input.length * 4);
  let position = 0;
  while (position + 12 <= input.length && input[position] === 0xfd) {
    position = decodeStream(input, position, out);
    while (position + 4 <= input.length && input[position] === 0) position += 4;
  }
  return out.done();
}

function decodeStream(input: Uint8Array, from: number, out: Output): number {
  const view = Buffer.from(input.buffer, input.byteOffset, input.length);
  if (crc32(view.subarray(from + 6, from + 8)) !== view.readUInt32LE(from + 8)) throw new Unreadable('damaged');
  const checkKind = (input[from + 7] ?? 0) & 0x0f;
  let position = from + 12;
  for (;;) {
    const sizeByte = input[position];
    // A truncated file still gives what came before the cut.
    if (sizeByte === undefined) throw new Unreadable('damaged');
    if (sizeByte === 0) break;
    const headerEnd = position + (sizeByte + 1) * 4;
    if (headerEnd > input.length) throw new Unreadable('damaged');
    if (crc32(view.subarray(position, headerEnd - 4)) !== view.readUInt32LE(headerEnd - 4))
      throw new Unreadable('damaged');
    const filters = readFilters(input, position, headerEnd - 4);
    const start = out.length;
    const end = decodeLzma2(input, headerEnd, out);
    for (const filter of filters.reverse())
      if (filter.id === DELTA) undelta(out.bytes, start, out.length, filter.property + 1);
    position = end + ((4 - ((end - headerEnd) & 3)) & 3);
    // CRC32 is the only check that is worth a loop here; SHA-256 and CRC64 guard transport, not us.
    if (checkKind === 1 && position + 4 <= input.length && !filters.some((f) => BRANCH_FILTERS.includes(f.id))) {
      if (crc32(out.bytes.subarray(start, out.length)) !== view.readUInt32LE(position)) throw new Unreadable('damaged');
    }
    position += CHECK_SIZES[checkKind] ?? 0;
  }
  return skipIndexAndFooter(input, position);
}

interface Filter {
  readonly id: number;
  readonly property: number;
}

/** The filters before LZMA2, in order. */
function readFilters(input: Uint8Array, blockStart: number, end: number): Filter[] {
  const flags = input[blockStart + 1] ?? 0;
  const reader = { position: blockStart + 2 };
  if (flags & 0x40) readVariable(input, reader);
  if (flags & 0x80) readVariable(input, reader);
  const filters: Filter[] = [];
  for (let i = 0; i <= (flags & 3); i++) {
    const id = readVariable(input, reader);
    const size = readVariable(input, reader);
    filters.push({ id, property: input[reader.position] ?? 0 });
    reader.position += size;
    if (reader.position > end) throw new Unreadable('damaged');
  }
  if (filters.pop()?.id !== LZMA2) throw new Unreadable('unsupported');
  for (const { id } of filters) if (id !== DELTA && !BRANCH_FILTERS.includes(id)) throw new Unreadable('unsupported');
  return filters;
}

function readVariable(input: Uint8Array, reader: { position: number }): number {
  let value = 0;
  for (let shift = 0; shift < 49; shift += 7) {
    const byte = input[reader.position++];
    if (byte === undefined) throw new Unreadable('damaged');
    value += (byte & 0x7f) * 2 ** shift;
    if (byte < 0x80) return value;
  }
  throw new Unreadable('damaged');
}

function skipIndexAndFooter(input: Uint8Array, indexStart: number): number {
  const reader = { position: indexStart + 1 };
  try {
    const records = readVariable(input, reader);
    for (let i = 0; i < records * 2; i++) readVariable(input, reader);
  } catch {
    return input.length;
  }
  const padded = reader.position + ((4 - ((reader.position - indexStart) & 3)) & 3);
  return padded + 4 + 12;
}

/** Adds each byte to the one `distance` before it, in place. */
export function undelta(bytes: Uint8Array, from: number, to: number, distance: number): void {
  for (let i = from + distance; i < to; i++) bytes[i] = ((bytes[i] as number) + (bytes[i - distance] as number)) & 0xff;
}
