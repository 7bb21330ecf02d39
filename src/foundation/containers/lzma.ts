/**
 * LZMA and LZMA2 (the decoders behind .xz and .7z), after the public-domain specification of the LZMA SDK. Written
 * out here because the readers on offer trust the dictionary and output sizes of the file; this one stops at a count.
 */
import { Unreadable } from './limits.ts';
import type { Output } from './output.ts';

const HALF = 1024;
const LITERAL_STATES_BEFORE_MATCH = 7;

function fresh(size: number): Uint16Array {
  return new Uint16Array(size).fill(HALF);
}

interface LengthModel {
  readonly choice: Uint16Array;
  readonly low: Uint16Array;
  readonly mid: Uint16Array;
  readonly high: Uint16Array;
}

function lengthModel(): LengthModel {
  return { choice: fresh(2), low: fresh(16 << 3), mid: fresh(16 << 3), high: fresh(256) };
}

/** One LZMA state machine. The dictionary is the output itself, from `dictionaryStart` on. */
export class Lzma {
  private readonly input: Uint8Array;
  private position = 0;
  private end = 0;
  private range = 0;
  private code = 0;
  private literalContextBits = 0;
  private literalPositionMask = 0;
  private positionMask = 0;
  private state = 0;
  private rep0 = 0;
  private rep1 = 0;
  private rep2 = 0;
  private rep3 = 0;
  private literal = fresh(0);
  private isMatch = fresh(0);
  private isRep = fresh(0);
  private isRepG0 = fresh(0);
  private isRepG1 = fresh(0);
  private isRepG2 = fresh(0);
  private isRep0Long = fresh(0);
  private slot = fresh(0);
  private special = fresh(0);
  private align = fresh(0);
  private length = lengthModel();
  private repLength = lengthModel();
  private readonly out: Output;
  dictionaryStart = 0;

  constructor(input: Uint8Array, out: Output) {
    this.input = input;
    this.out = out;
  }

  /** `properties` is the byte (pb * 5 + lp) * 9 + lc. */
  setProperties(properties: number): void {
    if (properties >= 9 * 5 * 5) throw new Unreadable('damaged');
    const lc = properties % 9;
    const rest = Math.floor(properties / 9);
    this.literalContextBits = lc;
    const lp = rest % 5;
    this.literalPositionMask = (1 << lp) - 1;
    this.positionMask = (1 << Math.floor(rest / 5)) - 1;
    this.literal = fresh(0x300 << (lc + lp));
    this.resetState();
  }

  resetState(): void {
    this.literal.fill(HALF);
    this.isMatch = fresh(12 << 4);
    this.isRep = fresh(12);
    this.isRepG0 = fresh(12);
    this.isRepG1 = fresh(12);
    this.isRepG2 = fresh(12);
    this.isRep0Long = fresh(12 << 4);
    this.slot = fresh(4 << 6);
    this.special = fresh(128);
    this.align = fresh(16);
    this.length = lengthModel();
    this.repLength = lengthModel();
    this.state = 0;
    this.rep0 = 0;
    this.rep1 = 0;
    this.rep2 = 0;
    this.rep3 = 0;
  }

  /** Starts the range decoder at `from`; input ends before `end`. */
  start(from: number, end: number): void {
    this.position = from;
    this.end = Math.min(end, this.input.length);
    if (this.next() !== 0) throw new Unreadable('damaged');
    this.range = 0xffffffff;
    this.code = 0;
    for (let i = 0; i < 4; i++) this.code = this.code * 256 + this.next();
  }

  private next(): number {
    if (this.position >= this.end) throw new Unreadable('damaged');
    return this.input[this.position++] as number;
  }

  private normalize(): void {
    if (this.range < 0x1000000) {
      this.range *= 256;
      this.code = this.code * 256 + this.next();
    }
  }

  private bit(model: Uint16Array, index: number): number {
    const probability = model[index] as number;
    const bound = (this.range >>> 11) * probability;
    let bit = 0;
    if (this.code < bound) {
      this.range = bound;
      model[index] = probability + ((2048 - probability) >> 5);
    } else {
      this.range -= bound;
      this.code -= bound;
      model[index] = probability - (probability >> 5);
      bit = 1;
    }
    this.normalize();
    return bit;
  }

  private direct(count: number): number {
    let result = 0;
    for (let i = 0; i < count; i++) {
      this.range = this.range >>> 1;
      let bit = 0;
      if (this.code >= this.range) {
        this.code -= this.range;
        bit = 1;
      }
      this.normalize();
      result = result * 2 + bit;
    }
    return result;
  }

  private tree(model: Uint16Array, base: number, bits: number): number {
    let m = 1;
    for (let i = 0; i < bits; i++) m = (m << 1) | this.bit(model, base + m);
    return m - (1 << bits);
  }

  private reverseTree(model: Uint16Array, base: number, bits: number): number {
    let m = 1;
    let symbol = 0;
    for (let i = 0; i < bits; i++) {
      const bit = this.bit(model, base + m);
      m = (m << 1) | bit;
      symbol |= bit << i;
    }
    return symbol;
  }

  private decodeLength(model: LengthModel, positionState: number): number {
    if (this.bit(model.choice, 0) === 0) return this.tree(model.low, positionState << 3, 3);
    if (this.bit(model.choice, 1) === 0) return 8 + this.tree(model.mid, positionState << 3, 3);
    return 16 + this.tree(model.high, 0, 8);
  }

  private decodeDistance(length: number): number {
    const slot = this.tree(this.slot, Math.min(length, 3) << 6, 6);
    if (slot < 4) return slot;
    const bits = (slot >> 1) - 1;
    const base = (2 | (slot & 1)) * 2 ** bits;
    if (slot < 14) return base + this.reverseTree(this.special, base - slot, bits);
    return base + this.direct(bits - 4) * 16 + this.reverseTree(this.align, 0, 4);
  }

  private decodeLiteral(): void {
    const { out } = this;
    const at = out.length - this.dictionaryStart;
    const previous = at > 0 ? (out.bytes[out.length - 1] as number) : 0;
    const context =
      ((at & this.literalPositionMask) << this.literalContextBits) + (previous >> (8 - this.literalContextBits));
    const base = context * 0x300;
    let symbol = 1;
    if (this.state >= LITERAL_STATES_BEFORE_MATCH) {
      if (this.rep0 >= at) throw new Unreadable('damaged');
      let match = out.bytes[out.length - this.rep0 - 1] as number;
      while (symbol < 0x100) {
        const matchBit = (match >> 7) & 1;
        match <<= 1;
        const bit = this.bit(this.literal, base + ((1 + matchBit) << 8) + symbol);
        symbol = (symbol << 1) | bit;
        if (matchBit !== bit) break;
      }
    }
    while (symbol < 0x100) symbol = (symbol << 1) | this.bit(this.literal, base + symbol);
    out.push(symbol & 0xff);
    this.state = this.state < 4 ? 0 : this.state < 10 ? this.state - 3 : this.state - 6;
  }

  /** Decodes until the output is `target` bytes long or the end marker comes. Returns the input position. */
  decode(target: number): number {
    const { out } = this;
    while (out.length < target) {
      const positionState = (out.length - this.dictionaryStart) & this.positionMask;
      if (this.bit(this.isMatch, (this.state << 4) + positionState) === 0) {
        this.decodeLiteral();
        continue;
      }
      let length: number;
      if (this.bit(this.isRep, this.state) === 0) {
        this.rep3 = this.rep2;
        this.rep2 = this.rep1;
        this.rep1 = this.rep0;
        length = this.decodeLength(this.length, positionState);
        this.state = this.state < 7 ? 7 : 10;
        this.rep0 = this.decodeDistance(length);
        if (this.rep0 === 0xffffffff) return this.position;
      } else {
        if (this.bit(this.isRepG0, this.state) === 0) {
          if (this.bit(this.isRep0Long, (this.state << 4) + positionState) === 0) {
            this.state = this.state < 7 ? 9 : 11;
            this.copy(1, target);
            continue;
          }
        } else {
          let distance: number;
          if (this.bit(this.isRepG1, this.state) === 0) distance = this.rep1;
          else {
            if (this.bit(this.isRepG2, this.state) === 0) distance = this.rep2;
            else {
              distance = this.rep3;
              this.rep3 = this.rep2;
            }
            this.rep2 = this.rep1;
          }
          this.rep1 = this.rep0;
          this.rep0 = distance;
        }
        length = this.decodeLength(this.repLength, positionState);
        this.state = this.state < 7 ? 8 : 11;
      }
      this.copy(length + 2, target);
    }
    return this.position;
  }

  private copy(length: number, target: number): void {
    const { out } = this;
    if (this.rep0 >= out.length - this.dictionaryStart) throw new Unreadable('damaged');
    const count = Math.min(length, target - out.length);
    if (count < length) throw new Unreadable('damaged');
    out.ensure(count);
    let from = out.length - this.rep0 - 1;
    const { bytes } = out;
    let to = out.length;
    for (let i = 0; i < count; i++) bytes[to++] = bytes[from++] as number;
    out.length = to;
  }
}

/** LZMA2 chunks from `from` to the end mark. Returns the position behind it. */
export function decodeLzma2(input: Uint8Array, from: number, out: Output): number {
  const lzma = new Lzma(input, out);
  let position = from;
  let propertiesKnown = false;
  let dictionaryKnown = false;
  for (;;) {
    const control = input[position++];
    if (control === undefined) throw new Unreadable('damaged');
    if (control === 0) return position;
    if (control < 0x80) {
      if (control > 2) throw new Unreadable('damaged');
      if (control === 1) {
        lzma.dictionaryStart = out.length;
        dictionaryKnown = true;
      }
      if (!dictionaryKnown) throw new Unreadable('damaged');
      const size = u16(input, position) + 1;
      position += 2;
      if (position + size > input.length) throw new Unreadable('damaged');
      out.append(input.subarray(position, position + size));
      position += size;
      continue;
    }
    const unpacked = ((control & 0x1f) << 16) + u16(input, position) + 1;
    const packed = u16(input, position + 2) + 1;
    position += 4;
    const reset = (control >> 5) & 3;
    if (reset === 3) {
      lzma.dictionaryStart = out.length;
      dictionaryKnown = true;
    }
    if (reset >= 2) {
      lzma.setProperties(input[position++] ?? 255);
      propertiesKnown = true;
    } else if (reset === 1) lzma.resetState();
    if (!propertiesKnown || !dictionaryKnown) throw new Unreadable('damaged');
    lzma.start(position, position + packed);
    lzma.decode(out.length + unpacked);
    position += packed;
  }
}

function u16(input: Uint8Array, at: number): number {
  return ((input[at] ?? 0) << 8) | (input[at + 1] ?? 0);
}
