/**
 * What can be read in a PDF: the shown text of its pages and its embedded files. Not a renderer: content streams are
 * found by scanning, so that a broken cross-reference table hides nothing, and text comes in the order of the file.
 */
import { inflateZlib } from './inflate.ts';
import { type Budget, Unreadable } from './limits.ts';

const OBJECTS_MAX = 20_000;
const STREAM_BYTES_MAX = 20 * 1024 * 1024;
const MAP_ENTRIES_MAX = 70_000;

export interface PdfContent {
  readonly text: Buffer;
  readonly files: readonly Buffer[];
  readonly encrypted: boolean;
}

interface Stream {
  readonly dictionary: string;
  readonly data: Buffer;
}

export function readPdf(input: Uint8Array, budget: Budget): PdfContent {
  const view = Buffer.from(input.buffer, input.byteOffset, input.length);
  const encrypted = view.includes('/Encrypt');
  const objects = new Map<number, string>();
  const streams: { object: number; stream: Stream }[] = [];
  for (const found of scanObjects(view, budget)) {
    objects.set(found.object, found.dictionary);
    if (found.stream !== null) streams.push({ object: found.object, stream: found.stream });
  }
  for (const { stream } of streams) {
    if (/\/Type\s*\/ObjStm/.test(stream.dictionary)) readObjectStream(stream, objects);
  }
  const byObject = new Map(streams.map(({ object, stream }) => [object, stream]));
  const maps = characterMaps(objects, byObject);
  const fonts = fontMaps(objects, maps);

  const texts: string[] = [];
  const files: Buffer[] = [];
  for (const { stream } of streams) {
    budget.checkTime();
    if (/\/Type\s*\/EmbeddedFile/.test(stream.dictionary)) files.push(stream.data);
    else if (isContent(stream)) texts.push(shownText(stream.data.toString('latin1'), fonts));
  }
  return { text: Buffer.from(texts.join('\n'), 'utf8'), files, encrypted };
}

function* scanObjects(
  view: Buffer,
  budget: Budget,
): Generator<{ object: number; dictionary: string; stream: Stream | null }> {
  const source = view.toString('latin1');
  const pattern = /(\d{1,10})\s+\d{1,5}\s+obj\b/g;
  for (let count = 0; count < OBJECTS_MAX; count++) {
    const match = pattern.exec(source);
    if (match === null) return;
    const from = pattern.lastIndex;
    const endObject = source.indexOf('endobj', from);
    const streamAt = source.indexOf('stream', from);
    const end = endObject < 0 ? source.length : endObject;
    if (streamAt < 0 || streamAt > end) {
      yield { object: Number(match[1]), dictionary: source.slice(from, end), stream: null };
      continue;
    }
    const dictionary = source.slice(from, streamAt);
    let dataFrom = streamAt + 6;
    if (source[dataFrom] === '\r') dataFrom += 1;
    if (source[dataFrom] === '\n') dataFrom += 1;
    const stated = /\/Length\s+(\d{1,10})(?!\s+\d+\s+R)/.exec(dictionary);
    let dataEnd = dataFrom + Number(stated?.[1] ?? -1);
    if (stated === null || !/^\s*endstream/.test(source.slice(dataEnd, dataEnd + 20))) {
      dataEnd = source.indexOf('endstream', dataFrom);
      if (dataEnd < 0) dataEnd = source.length;
    }
    pattern.lastIndex = dataEnd;
    const data = decodeFilters(dictionary, view.subarray(dataFrom, dataEnd), budget);
    yield { object: Number(match[1]), dictionary, stream: data === null ? null : { dictionary, data } };
  }
}

/** Null for pictures and filters that carry no text. */
function decodeFilters(dictionary: string, raw: Buffer, budget: Budget): Buffer | null {
  const stated = /\/Filter\s*(\[[^\]]*\]|\/\w+)/.exec(dictionary)?.[1] ?? '';
  let data = raw;
  for (const [, filter] of stated.matchAll(/\/(\w+)/g)) {
    try {
      if (filter === 'FlateDecode' || filter === 'Fl') {
        data = inflateZlib(data, budget, STREAM_BYTES_MAX).bytes;
        data = undoPredictor(dictionary, data);
      } else if (filter === 'ASCIIHexDecode' || filter === 'AHx') {
        data = Buffer.from(data.toString('latin1').replace(/[^0-9a-f]/gi, ''), 'hex');
      } else if (filter === 'ASCII85Decode' || filter === 'A85') data = ascii85(data);
      else return null;
    } catch (cause) {
      if (cause instanceof Unreadable && (cause.problem === 'too_large' || cause.problem === 'too_slow')) throw cause;
      return null;
    }
  }
  return data;
}

/** PNG predictors, as used for object and cross-reference streams. */
function undoPredictor(dictionary: string, data: Buffer): Buffer {
  const predictor = Number(/\/Predictor\s+(\d+)/.exec(dictionary)?.[1] ?? 1);
  if (predictor < 10) return data;
  const columns = Math.min(1 << 16, Number(/\/Columns\s+(\d+)/.exec(dictionary)?.[1] ?? 1));
  const rows: Buffer[] = [];
  let above = Buffer.alloc(columns);
  for (let at = 0; at + columns < data.length + 1 && at < data.length; at += columns + 1) {
    const row = Buffer.from(data.subarray(at + 1, at + 1 + columns));
    if (data[at] === 2)
      for (let i = 0; i < row.length; i++) row[i] = ((row[i] as number) + (above[i] as number)) & 0xff;
    rows.push(row);
    above = Buffer.concat([row, Buffer.alloc(Math.max(0, columns - row.length))]);
  }
  return Buffer.concat(rows);
}

function ascii85(data: Buffer): Buffer {
  const out: number[] = [];
  let group: number[] = [];
  for (const byte of data) {
    if (byte === 0x7e) break;
    if (byte === 0x7a && group.length === 0) out.push(0, 0, 0, 0);
    else if (byte >= 0x21 && byte <= 0x75) {
      group.push(byte - 0x21);
      if (group.length === 5) {
        push85(out, group, 4);
        group = [];
      }
    }
  }
  if (group.length > 1) push85(out, [...group, 84, 84, 84, 84].slice(0, 5), group.length - 1);
  return Buffer.from(out);
}

function push85(out: number[], group: readonly number[], bytes: number): void {
  let value = group.reduce((sum, digit) => sum * 85 + digit, 0);
  const four = [0, 0, 0, 0];
  for (let i = 3; i >= 0; i--) {
    four[i] = value % 256;
    value = Math.floor(value / 256);
  }
  out.push(...four.slice(0, bytes));
}

function readObjectStream(stream: Stream, objects: Map<number, string>): void {
  const first = Number(/\/First\s+(\d+)/.exec(stream.dictionary)?.[1] ?? 0);
  const source = stream.data.toString('latin1');
  const numbers = source.slice(0, first).trim().split(/\s+/).map(Number);
  for (let i = 0; i + 1 < numbers.length && objects.size < OBJECTS_MAX; i += 2) {
    const from = first + (numbers[i + 1] as number);
    const to = first + (numbers[i + 3] ?? source.length - first);
    if (!objects.has(numbers[i] as number)) objects.set(numbers[i] as number, source.slice(from, to));
  }
}

type CharacterMap = { readonly bytes: number; readonly map: ReadonlyMap<number, string> };

/** ToUnicode maps by object number. */
function characterMaps(
  objects: ReadonlyMap<number, string>,
  streams: ReadonlyMap<number, Stream>,
): Map<number, CharacterMap> {
  const maps = new Map<number, CharacterMap>();
  for (const dictionary of objects.values()) {
    const reference = /\/ToUnicode\s+(\d+)\s+\d+\s+R/.exec(dictionary)?.[1];
    const stream = reference === undefined ? undefined : streams.get(Number(reference));
    if (stream === undefined || maps.has(Number(reference))) continue;
    maps.set(Number(reference), parseCharacterMap(stream.data.toString('latin1')));
  }
  return maps;
}

function parseCharacterMap(source: string): CharacterMap {
  const map = new Map<number, string>();
  const bytes = (/begincodespacerange\s*<([0-9a-f]+)>/i.exec(source)?.[1]?.length ?? 4) / 2;
  for (const [, body] of source.matchAll(/beginbfchar([\s\S]*?)endbfchar/g)) {
    for (const [, from, to] of (body ?? '').matchAll(/<([0-9a-f]+)>\s*<([0-9a-f]+)>/gi)) {
      if (map.size < MAP_ENTRIES_MAX) map.set(Number.parseInt(from as string, 16), utf16(to as string));
    }
  }
  for (const [, body] of source.matchAll(/beginbfrange([\s\S]*?)endbfrange/g)) {
    for (const [, low, high, start, list] of (body ?? '').matchAll(
      /<([0-9a-f]+)>\s*<([0-9a-f]+)>\s*(?:<([0-9a-f]+)>|\[([^\]]*)\])/gi,
    )) {
      const from = Number.parseInt(low as string, 16);
      const to = Math.min(Number.parseInt(high as string, 16), from + 0xffff);
      const listed = [...(list ?? '').matchAll(/<([0-9a-f]+)>/gi)].map((m) => utf16(m[1] as string));
      for (let code = from; code <= to && map.size < MAP_ENTRIES_MAX; code++) {
        if (start === undefined) map.set(code, listed[code - from] ?? '');
        else {
          const text = utf16(start);
          const last = text.charCodeAt(text.length - 1) + (code - from);
          map.set(code, text.slice(0, -1) + String.fromCharCode(last & 0xffff));
        }
      }
    }
  }
  return { bytes: bytes >= 2 ? 2 : 1, map };
}

function utf16(hex: string): string {
  let text = '';
  for (let i = 0; i + 4 <= hex.length; i += 4) text += String.fromCharCode(Number.parseInt(hex.slice(i, i + 4), 16));
  return hex.length === 2 ? String.fromCharCode(Number.parseInt(hex, 16)) : text;
}

/** Font resource names (`/F1`) to maps. One name for two fonts on different pages is rare; the first wins. */
function fontMaps(
  objects: ReadonlyMap<number, string>,
  maps: ReadonlyMap<number, CharacterMap>,
): Map<string, CharacterMap> {
  const fonts = new Map<string, CharacterMap>();
  for (const dictionary of objects.values()) {
    for (const [, name, reference] of dictionary.matchAll(/\/([^\s/<>[\]()]+)\s+(\d+)\s+\d+\s+R/g)) {
      const map = Number(/\/ToUnicode\s+(\d+)\s+\d+\s+R/.exec(objects.get(Number(reference)) ?? '')?.[1] ?? -1);
      const found = maps.get(map);
      if (found !== undefined && !fonts.has(name as string)) fonts.set(name as string, found);
    }
  }
  return fonts;
}

function isContent(stream: Stream): boolean {
  if (/\/Type\s*\/(?:XRef|ObjStm|Metadata)|\/Subtype\s*\/Image|\/FontFile/.test(stream.dictionary)) return false;
  return stream.data.includes('BT') && /\bT[jJ]\b|['"]/.test(stream.data.toString('latin1'));
}

/** Runs the text operators: Tj, TJ, ', " show; Td, TD, T*, Tm, ET start a new line. */
function shownText(source: string, fonts: ReadonlyMap<string, CharacterMap>): string {
  const token =
    /\((?:[^()\\]|\\[\s\S]|\((?:[^()\\]|\\[\s\S])*\))*\)|<[0-9a-fA-F\s]*>|\/[^\s/<>[\]()]+|-?\d*\.?\d+|[A-Za-z'"*]+|\[|\]/g;
  let text = '';
  let font: CharacterMap | undefined;
  let name = '';
  let operands: string[] = [];
  let numbers: number[] = [];
  const newLine = () => {
    if (text !== '' && !text.endsWith('\n')) text += '\n';
  };
  for (const [part] of source.matchAll(token)) {
    const first = part[0] as string;
    if (first === '(' || first === '<') operands.push(decodeString(part, font));
    else if (first === '/') name = part.slice(1);
    else if (first === '-' || first === '.' || (first >= '0' && first <= '9')) {
      numbers.push(Number(part));
      // A wide backwards kern inside TJ is how justified text writes a space.
      if (operands.length > 0 && Number(part) < -180) operands.push(' ');
    } else if (first !== '[' && first !== ']') {
      if (part === 'Tf') font = fonts.get(name);
      else if (part === 'Td' || part === 'TD') {
        if ((numbers.at(-1) ?? 0) !== 0) newLine();
      } else if (part === 'T*' || part === 'Tm' || part === 'ET') newLine();
      else if (part === "'" || part === '"') {
        newLine();
        text += operands.join('');
      } else if (part === 'Tj' || part === 'TJ') text += operands.join('');
      operands = [];
      numbers = [];
    }
  }
  return text;
}

const escapes: Readonly<Record<string, string>> = { n: '\n', r: '\r', t: '\t', b: '\b', f: '\f' };

function decodeString(token: string, font: CharacterMap | undefined): string {
  const raw =
    token[0] === '<'
      ? Buffer.from(
          token.replace(/[^0-9a-f]/gi, '').replace(/^((?:..)*.)$/, (odd) => (odd.length % 2 ? `${odd}0` : odd)),
          'hex',
        ).toString('latin1')
      : token.slice(1, -1).replace(/\\(\r\n|[0-7]{1,3}|[\s\S])/g, (_, escaped: string) => {
          if (/^[0-7]/.test(escaped)) return String.fromCharCode(Number.parseInt(escaped, 8) & 0xff);
          return escaped === '\n' || escaped === '\r' || escaped === '\r\n' ? '' : (escapes[escaped] ?? escaped);
        });
  if (font === undefined) return raw;
  let text = '';
  for (let i = 0; i < raw.length; i += font.bytes) {
    const code = font.bytes === 2 ? raw.charCodeAt(i) * 256 + (raw.charCodeAt(i + 1) || 0) : raw.charCodeAt(i);
    text += font.map.get(code) ?? String.fromCharCode(code & 0xff);
  }
  return text;
}
