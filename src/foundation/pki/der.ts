/**
 * A small strict DER reader and writer for the hot paths (certificate index, CRL, OCSP), where a library that builds
 * an object per element is too slow. It reads what X.509 uses and refuses the rest: indefinite and non-minimal
 * lengths, multi-byte tags, elements that leave their parent.
 */

/** Nothing this house reads is larger: a CRL of a million entries is about 51 MB. */
export const derBytesMax = 256 * 1024 * 1024;
/** X.509, CRL, OCSP and PKCS#10 stay below 20. */
export const derDepthMax = 48;

export const tag = {
  boolean: 0x01,
  integer: 0x02,
  bitString: 0x03,
  octetString: 0x04,
  null: 0x05,
  oid: 0x06,
  enumerated: 0x0a,
  utf8String: 0x0c,
  numericString: 0x12,
  printableString: 0x13,
  teletexString: 0x14,
  ia5String: 0x16,
  utcTime: 0x17,
  generalizedTime: 0x18,
  visibleString: 0x1a,
  universalString: 0x1c,
  bmpString: 0x1e,
  sequence: 0x30,
  set: 0x31,
} as const;

/** Context-specific tag [n]; constructed unless it is an implicit primitive. */
export function context(n: number, form: 'constructed' | 'primitive' = 'constructed'): number {
  return (form === 'constructed' ? 0xa0 : 0x80) | n;
}

/** The bytes are not the DER that was expected. `code` is stable; the message never quotes the bytes. */
export class DerError extends Error {
  readonly code = 'der_malformed';
  constructor(message: string) {
    super(message);
    this.name = 'DerError';
  }
}

/** One element: where its header, its content and its end stand in the bytes. */
export interface Element {
  readonly tag: number;
  readonly from: number;
  readonly contentFrom: number;
  readonly to: number;
}

/** Reads elements one after the other between two offsets; `enter` goes one level down. */
export class DerReader {
  readonly bytes: Uint8Array;
  at: number;
  readonly end: number;
  readonly #depth: number;

  constructor(bytes: Uint8Array, at = 0, end = bytes.length, depth = 0) {
    if (bytes.length > derBytesMax) throw new DerError(`more than ${derBytesMax} bytes`);
    if (depth > derDepthMax) throw new DerError(`nested deeper than ${derDepthMax}`);
    this.bytes = bytes;
    this.at = at;
    this.end = end;
    this.#depth = depth;
  }

  get more(): boolean {
    return this.at < this.end;
  }

  /** Tag of the next element, or -1 at the end. */
  peek(): number {
    return this.at < this.end ? this.bytes[this.at]! : -1;
  }

  read(): Element {
    const from = this.at;
    const bytes = this.bytes;
    if (from + 2 > this.end) throw new DerError('an element is cut off');
    const t = bytes[from]!;
    if ((t & 0x1f) === 0x1f) throw new DerError('a multi-byte tag');
    let contentFrom = from + 2;
    let length = bytes[from + 1]!;
    if (length >= 0x80) {
      const count = length & 0x7f;
      if (count === 0) throw new DerError('an indefinite length');
      if (count > 4) throw new DerError('a length of more than four bytes');
      contentFrom += count;
      if (contentFrom > this.end) throw new DerError('a length is cut off');
      length = 0;
      for (let i = from + 2; i < contentFrom; i++) length = length * 256 + bytes[i]!;
      if (length < 0x80 || bytes[from + 2] === 0) throw new DerError('a length is not minimal');
    }
    const to = contentFrom + length;
    if (to > this.end) throw new DerError('an element leaves its parent');
    this.at = to;
    return { tag: t, from, contentFrom, to };
  }

  expect(wanted: number, what: string): Element {
    if (this.peek() !== wanted) throw new DerError(`${what} is missing`);
    return this.read();
  }

  /** A reader inside the next element, which must carry this tag. */
  enter(wanted: number, what: string): DerReader {
    return this.inside(this.expect(wanted, what));
  }

  inside(element: Element): DerReader {
    return new DerReader(this.bytes, element.contentFrom, element.to, this.#depth + 1);
  }

  optional(wanted: number): Element | null {
    return this.peek() === wanted ? this.read() : null;
  }

  done(what: string): void {
    if (this.at !== this.end) throw new DerError(`${what} carries trailing data`);
  }

  /** Header and content, not copied. */
  whole(element: Element): Uint8Array {
    return this.bytes.subarray(element.from, element.to);
  }

  /** Content only, not copied. */
  content(element: Element): Uint8Array {
    return this.bytes.subarray(element.contentFrom, element.to);
  }

  oid(what: string): string {
    return oidText(this.content(this.expect(tag.oid, what)));
  }

  /** A BIT STRING of whole bytes. */
  bits(what: string): Uint8Array {
    const content = this.content(this.expect(tag.bitString, what));
    if (content.length === 0 || content[0] !== 0) throw new DerError(`${what} is not of whole bytes`);
    return content.subarray(1);
  }

  boolean(what: string): boolean {
    const content = this.content(this.expect(tag.boolean, what));
    if (content.length !== 1) throw new DerError(`${what} is not a boolean`);
    return content[0] !== 0;
  }

  /** A small non-negative INTEGER (below 2^47). */
  smallInteger(what: string): number {
    const content = this.content(this.expect(tag.integer, what));
    if (content.length === 0 || content.length > 6 || content[0]! & 0x80) throw new DerError(`${what} is out of range`);
    return content.reduce((value, byte) => value * 256 + byte, 0);
  }

  time(what: string): Temporal.Instant {
    const element = this.read();
    return readTime(element.tag, this.content(element), what);
  }
}

/** Dotted text of an OID's content octets. */
export function oidText(content: Uint8Array): string {
  if (content.length === 0 || content.length > 64 || content[content.length - 1]! & 0x80) {
    throw new DerError('an object identifier is malformed');
  }
  let text = '';
  let value = 0;
  for (let i = 0; i < content.length; i++) {
    const byte = content[i]!;
    value = value * 128 + (byte & 0x7f);
    // Arcs beyond 2^53 exist (UUIDs under 2.25) and are read the slow way.
    if (value > Number.MAX_SAFE_INTEGER) return longOidText(content);
    if (byte & 0x80) continue;
    if (text === '') {
      const first = value < 40 ? 0 : value < 80 ? 1 : 2;
      text = `${first}.${value - first * 40}`;
    } else {
      text += `.${value}`;
    }
    value = 0;
  }
  return text;
}

function longOidText(content: Uint8Array): string {
  const arcs: bigint[] = [];
  let value = 0n;
  for (const byte of content) {
    value = (value << 7n) | BigInt(byte & 0x7f);
    if (byte & 0x80) continue;
    arcs.push(value);
    value = 0n;
  }
  const first = arcs[0]! < 40n ? 0n : arcs[0]! < 80n ? 1n : 2n;
  return [first, arcs[0]! - first * 40n, ...arcs.slice(1)].join('.');
}

/** RFC 5280 section 4.1.2.5: UTCTime years 50 to 99 belong to the twentieth century. Fractions are cut off. */
export function readTime(timeTag: number, content: Uint8Array, what: string): Temporal.Instant {
  const isUtc = timeTag === tag.utcTime;
  const isGeneralized = timeTag === tag.generalizedTime;
  const length = content.length;
  const plain = (isUtc && length === 13) || (isGeneralized && length === 15);
  const fractional = isGeneralized && length > 16 && length <= 25 && content[14] === 0x2e;
  if ((!plain && !fractional) || content[length - 1] !== 0x5a) throw new DerError(`${what} is not a time`);
  const at = isUtc ? 2 : 4;
  const yearDigits = isUtc ? pair(content, 0) : pair(content, 0) * 100 + pair(content, 2);
  const year = isUtc ? (yearDigits < 50 ? 2000 : 1900) + yearDigits : yearDigits;
  const [month, day] = [pair(content, at), pair(content, at + 2)];
  const [hour, minute, second] = [pair(content, at + 4), pair(content, at + 6), pair(content, at + 8)];
  let sound = Number.isInteger(year + month + day + hour + minute + second);
  for (let i = at + 11; sound && fractional && i < length - 1; i++) sound = content[i]! >= 0x30 && content[i]! <= 0x39;
  if (!sound) throw new DerError(`${what} is not a time`);
  const leap = (year % 4 === 0 && year % 100 !== 0) || year % 400 === 0;
  const days = month === 2 ? (leap ? 29 : 28) : [4, 6, 9, 11].includes(month) ? 30 : 31;
  if (month < 1 || month > 12 || day < 1 || day > days || hour > 23 || minute > 59 || second > 59) {
    throw new DerError(`${what} is not a real time`);
  }
  // Date.UTC takes years below 100 for the twentieth century.
  const ms = Date.UTC(year < 100 ? year + 400 : year, month - 1, day, hour, minute, second);
  return Temporal.Instant.fromEpochMilliseconds(year < 100 ? ms - 12_622_780_800_000 : ms);
}

/** Two decimal digits; NaN when they are not. */
function pair(content: Uint8Array, at: number): number {
  const [tens, ones] = [content[at]! - 0x30, content[at + 1]! - 0x30];
  return tens >= 0 && tens <= 9 && ones >= 0 && ones <= 9 ? tens * 10 + ones : Number.NaN;
}

export function latin1(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('latin1');
}

export function hex(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('hex');
}

export function equalBytes(a: Uint8Array, b: Uint8Array): boolean {
  return Buffer.compare(a, b) === 0;
}

/* ---- writing ---- */

export function tlv(t: number, ...parts: readonly Uint8Array[]): Uint8Array {
  let length = 0;
  for (const part of parts) length += part.length;
  const head = header(t, length);
  const out = new Uint8Array(head.length + length);
  out.set(head);
  let at = head.length;
  for (const part of parts) {
    out.set(part, at);
    at += part.length;
  }
  return out;
}

export function header(t: number, length: number): Uint8Array {
  if (length < 0x80) return Uint8Array.of(t, length);
  if (length < 0x100) return Uint8Array.of(t, 0x81, length);
  if (length < 0x10000) return Uint8Array.of(t, 0x82, length >> 8, length & 0xff);
  if (length < 0x1000000) return Uint8Array.of(t, 0x83, length >> 16, (length >> 8) & 0xff, length & 0xff);
  return Uint8Array.of(t, 0x84, length >>> 24, (length >> 16) & 0xff, (length >> 8) & 0xff, length & 0xff);
}

export const der = {
  sequence: (...parts: readonly Uint8Array[]) => tlv(tag.sequence, ...parts),
  /** Members are sorted as DER demands of SET OF. */
  set: (...parts: readonly Uint8Array[]) => tlv(tag.set, ...[...parts].sort(Buffer.compare)),
  explicit: (n: number, ...parts: readonly Uint8Array[]) => tlv(context(n), ...parts),
  implicit: (n: number, content: Uint8Array) => tlv(context(n, 'primitive'), content),
  oid: (text: string) => oid(text),
  /** From a number, or from unsigned big-endian bytes. */
  integer: (value: number | bigint | Uint8Array) => tlv(tag.integer, integerContent(value)),
  enumerated: (value: number) => tlv(tag.enumerated, integerContent(value)),
  boolean: (value: boolean) => Uint8Array.of(tag.boolean, 1, value ? 0xff : 0),
  null: () => Uint8Array.of(tag.null, 0),
  octets: (content: Uint8Array) => tlv(tag.octetString, content),
  bits: (content: Uint8Array, unused = 0) => tlv(tag.bitString, Uint8Array.of(unused), content),
  utf8: (text: string) => tlv(tag.utf8String, Buffer.from(text, 'utf8')),
  printable: (text: string) => tlv(tag.printableString, Buffer.from(text, 'latin1')),
  ia5: (text: string) => tlv(tag.ia5String, Buffer.from(text, 'latin1')),
  /** RFC 5280: UTCTime through 2049, GeneralizedTime from 2050. */
  time: (instant: Temporal.Instant) => time(instant),
  generalizedTime: (instant: Temporal.Instant) =>
    tlv(tag.generalizedTime, Buffer.from(`${digits(instant)}Z`, 'latin1')),
};

const oids = new Map<string, Uint8Array>();

function oid(text: string): Uint8Array {
  const known = oids.get(text);
  if (known !== undefined) return known;
  const arcs = text.split('.').map(BigInt);
  if (arcs.length < 2) throw new RangeError(`not an object identifier: ${text}`);
  const out: number[] = [];
  for (const arc of [arcs[0]! * 40n + arcs[1]!, ...arcs.slice(2)]) {
    const group: number[] = [Number(arc & 0x7fn)];
    for (let rest = arc >> 7n; rest > 0n; rest >>= 7n) group.unshift(Number(rest & 0x7fn) | 0x80);
    out.push(...group);
  }
  const encoded = tlv(tag.oid, Uint8Array.from(out));
  if (oids.size < 1024) oids.set(text, encoded);
  return encoded;
}

function integerContent(value: number | bigint | Uint8Array): Uint8Array {
  if (value instanceof Uint8Array) {
    let from = 0;
    while (from < value.length - 1 && value[from] === 0) from++;
    const bare = value.subarray(from);
    if (bare.length === 0) return Uint8Array.of(0);
    if ((bare[0]! & 0x80) === 0) return bare;
    const padded = new Uint8Array(bare.length + 1);
    padded.set(bare, 1);
    return padded;
  }
  if (value < 0) throw new RangeError('a negative integer');
  const text = value.toString(16);
  return integerContent(Uint8Array.from(Buffer.from(text.length % 2 ? `0${text}` : text, 'hex')));
}

/** The last few instants written: certificates and CRL entries come in crowds of the same second. */
const written = new Map<number, string>();

function digits(instant: Temporal.Instant): string {
  const ms = instant.epochMilliseconds;
  let text = written.get(ms);
  if (text === undefined) {
    text = new Date(ms).toISOString().replace(/[-:T]/g, '').slice(0, 14);
    if (written.size >= 64) written.clear();
    written.set(ms, text);
  }
  return text;
}

function time(instant: Temporal.Instant): Uint8Array {
  const text = digits(instant);
  const year = Number(text.slice(0, 4));
  if (year >= 1950 && year < 2050) return tlv(tag.utcTime, Buffer.from(`${text.slice(2)}Z`, 'latin1'));
  return tlv(tag.generalizedTime, Buffer.from(`${text}Z`, 'latin1'));
}
