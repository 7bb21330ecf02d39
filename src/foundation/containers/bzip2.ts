/** bzip2, bounded: Huffman groups, move-to-front, inverse Burrows-Wheeler, run lengths. */
import { type Budget, Unreadable } from './limits.ts';
import { Output } from './output.ts';

const GROUP_SYMBOLS = 50;
const CODE_BITS_MAX = 20;

class Bits {
  private readonly input: Uint8Array;
  private position = 0;
  private held = 0;
  private count = 0;

  constructor(input: Uint8Array) {
    this.input = input;
  }

  read(bits: number): number {
    let value = 0;
    for (let left = bits; left > 0; ) {
      if (this.count === 0) {
        const byte = this.input[this.position++];
        if (byte === undefined) throw new Unreadable('damaged');
        this.held = byte;
        this.count = 8;
      }
      const take = Math.min(left, this.count);
      value = value * 2 ** take + ((this.held >> (this.count - take)) & ((1 << take) - 1));
      this.count -= take;
      left -= take;
    }
    return value;
  }

  toByte(): void {
    this.count = 0;
  }

  get ended(): boolean {
    return this.position >= this.input.length;
  }
}

/** All streams of the file. Throws Unreadable. */
export function unbzip2(input: Uint8Array, budget: Budget, max: number): Buffer {
  const out = new Output(budget, max, input.length * 4);
  const bits = new Bits(input);
  do {
    if (bits.read(16) !== 0x425a || bits.read(8) !== 0x68) {
      if (out.length > 0) break;
      throw new Unreadable('damaged');
    }
    const level = bits.read(8) - 0x30;
    if (level < 1 || level > 9) throw new Unreadable('damaged');
    while (readBlock(bits, level * 100_000, out)) budget.checkTime();
    bits.read(32);
    bits.toByte();
  } while (!bits.ended);
  return out.done();
}

/** False at the end-of-stream mark. */
function readBlock(bits: Bits, blockMax: number, out: Output): boolean {
  const mark = bits.read(48);
  if (mark === 0x177245385090) return false;
  if (mark !== 0x314159265359) throw new Unreadable('damaged');
  bits.read(32);
  if (bits.read(1) === 1) throw new Unreadable('unsupported');
  const origin = bits.read(24);
  const symbols = readSymbolMap(bits);
  const block = readMoveToFront(bits, symbols, blockMax);
  if (origin >= block.length) throw new Unreadable('damaged');
  writeInverse(block, origin, out);
  return true;
}

function readSymbolMap(bits: Bits): number[] {
  const ranges = bits.read(16);
  const symbols: number[] = [];
  for (let i = 0; i < 16; i++) {
    if (!(ranges & (0x8000 >> i))) continue;
    const used = bits.read(16);
    for (let j = 0; j < 16; j++) if (used & (0x8000 >> j)) symbols.push(i * 16 + j);
  }
  if (symbols.length === 0) throw new Unreadable('damaged');
  return symbols;
}

interface Huffman {
  readonly limit: Int32Array;
  readonly base: Int32Array;
  readonly permutation: Uint16Array;
  readonly minimum: number;
}

function readHuffman(bits: Bits, count: number): Huffman {
  const lengths = new Uint8Array(count);
  let length = bits.read(5);
  for (let i = 0; i < count; i++) {
    for (;;) {
      if (length < 1 || length > CODE_BITS_MAX) throw new Unreadable('damaged');
      if (bits.read(1) === 0) break;
      length += bits.read(1) === 0 ? 1 : -1;
    }
    lengths[i] = length;
  }
  const permutation = new Uint16Array(count);
  const limit = new Int32Array(CODE_BITS_MAX + 2).fill(-1);
  const base = new Int32Array(CODE_BITS_MAX + 2);
  let code = 0;
  let index = 0;
  let minimum = CODE_BITS_MAX;
  for (let size = 1; size <= CODE_BITS_MAX; size++) {
    base[size] = index - code;
    for (let i = 0; i < count; i++) {
      if (lengths[i] !== size) continue;
      permutation[index++] = i;
      code += 1;
      minimum = Math.min(minimum, size);
      limit[size] = code - 1;
    }
    code <<= 1;
  }
  return { limit, base, permutation, minimum };
}

function readMoveToFront(bits: Bits, symbols: number[], blockMax: number): Uint8Array {
  const groups = bits.read(3);
  const selectorCount = bits.read(15);
  if (groups < 2 || groups > 6 || selectorCount < 1) throw new Unreadable('damaged');
  const order = [0, 1, 2, 3, 4, 5].slice(0, groups);
  const selectors: number[] = [];
  for (let i = 0; i < selectorCount; i++) {
    let at = 0;
    while (bits.read(1) === 1) if (++at >= groups) throw new Unreadable('damaged');
    const [picked] = order.splice(at, 1);
    order.unshift(picked as number);
    selectors.push(picked as number);
  }
  const endOfBlock = symbols.length + 1;
  const tables = Array.from({ length: groups }, () => readHuffman(bits, symbols.length + 2));

  const front = [...symbols];
  const block = new Uint8Array(blockMax);
  let length = 0;
  let run = 0;
  let runBit = 1;
  const flushRun = () => {
    if (run === 0) return;
    if (length + run > blockMax) throw new Unreadable('damaged');
    block.fill(front[0] as number, length, length + run);
    length += run;
    run = 0;
    runBit = 1;
  };
  for (let decoded = 0; ; decoded++) {
    const table = tables[selectors[Math.floor(decoded / GROUP_SYMBOLS)] ?? -1];
    if (table === undefined) throw new Unreadable('damaged');
    const symbol = readSymbol(bits, table);
    if (symbol <= 1) {
      run += runBit << symbol;
      runBit <<= 1;
      if (run > blockMax) throw new Unreadable('damaged');
      continue;
    }
    flushRun();
    if (symbol === endOfBlock) break;
    const [value] = front.splice(symbol - 1, 1);
    if (value === undefined || length >= blockMax) throw new Unreadable('damaged');
    front.unshift(value);
    block[length++] = value;
  }
  return block.subarray(0, length);
}

function readSymbol(bits: Bits, table: Huffman): number {
  let size = table.minimum;
  let code = bits.read(size);
  while (size <= CODE_BITS_MAX) {
    if (code <= (table.limit[size] as number)) {
      const symbol = table.permutation[code + (table.base[size] as number)];
      if (symbol === undefined) break;
      return symbol;
    }
    code = (code << 1) | bits.read(1);
    size += 1;
  }
  throw new Unreadable('damaged');
}

function writeInverse(block: Uint8Array, origin: number, out: Output): void {
  const starts = new Uint32Array(256);
  for (const byte of block) starts[byte] = (starts[byte] as number) + 1;
  let sum = 0;
  for (let i = 0; i < 256; i++) {
    const count = starts[i] as number;
    starts[i] = sum;
    sum += count;
  }
  const following = new Uint32Array(block.length);
  for (let i = 0; i < block.length; i++) {
    const byte = block[i] as number;
    const slot = starts[byte] as number;
    following[slot] = i;
    starts[byte] = slot + 1;
  }
  let at = following[origin] as number;
  let previous = -1;
  let repeats = 0;
  for (let i = 0; i < block.length; i++) {
    const byte = block[at] as number;
    at = following[at] as number;
    if (repeats === 4) {
      // The byte behind four equal ones says how many more follow.
      out.ensure(byte);
      out.bytes.fill(previous, out.length, out.length + byte);
      out.length += byte;
      repeats = 0;
      previous = -1;
      continue;
    }
    repeats = byte === previous ? repeats + 1 : 1;
    previous = byte;
    out.push(byte);
  }
}
