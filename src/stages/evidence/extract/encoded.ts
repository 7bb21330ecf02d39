/**
 * Keys a layer down: written in hexadecimal (one run, pairs with colons, an array in source code, a dump with offsets),
 * as base64 of a whole text (a Kubernetes secret, a data URL), percent-encoded, or escaped into JSON. Each stretch is
 * brought to what it was and handed to `search`; what is found there keeps the place of the stretch, so that the whole
 * of it is redacted.
 */
import { between } from './between.ts';
import type { Found, Range } from './found.ts';

/** What a caller does with decoded content: bytes first, text when they are none of what is known. */
export interface Search {
  readonly bytes: (bytes: Buffer) => Found[];
  readonly text: (text: string) => Found[];
}

/** Decoded bytes of all stretches of one text; a text full of encoded pictures stops here. */
const DECODED_BYTES_MAX = 8 * 1024 * 1024;
const STRETCH_CHARACTERS_MAX = 2 * 1024 * 1024;

export function* readEncoded(text: string, search: Search): Generator<Found> {
  let budget = DECODED_BYTES_MAX;
  for (const [range, decoded] of stretches(text)) {
    budget -= decoded.length;
    if (budget < 0) return;
    const found = typeof decoded === 'string' ? search.text(decoded) : either(decoded, search);
    yield* spread(found, range);
  }
}

function either(bytes: Buffer, search: Search): Found[] {
  const found = search.bytes(bytes);
  return found.length > 0 || !isText(bytes) ? found : search.text(bytes.toString('latin1'));
}

/** Several finds of one stretch share it among them: together they cover it, and none overlaps another. */
function* spread(found: readonly Found[], { from, to }: Range): Generator<Found> {
  const step = (to - from) / found.length;
  for (const [index, one] of found.entries())
    yield { ...one, range: { from: Math.floor(from + index * step), to: Math.floor(from + (index + 1) * step) } };
}

function* stretches(text: string): Generator<[Range, Buffer | string]> {
  yield* hexadecimal(text);
  yield* dumps(text);
  yield* base64OfText(text);
  if (/%(?:0[ad]|2[0bf]|3[de])/i.test(text)) yield* percentEncoded(text);
  if (/\\(?:u00|[nrt"])/.test(text)) yield* escaped(text);
}

/** 40 pairs and more, with what people and programs put between pairs. */
const HEX = /(?<![0-9A-Za-z+/])(?:0x|\\x)?[0-9a-f]{2}(?:[\s:,;"'+_>|-]{0,24}(?:0x|\\x)?[0-9a-f]{2}){39,}/gi;

function* hexadecimal(text: string): Generator<[Range, Buffer]> {
  if (!/[0-9a-f]{2}(?:[\s:,-]{0,3}(?:0x|\\x)?[0-9a-f]{2}){8}/i.test(text)) return;
  for (const match of text.matchAll(HEX)) {
    if (match[0].length > STRETCH_CHARACTERS_MAX) continue;
    const digits = match[0].replace(/0x|\\x/gi, '').replace(/[^0-9a-f]/gi, '');
    const bytes = Buffer.from(digits, 'hex');
    if (bytes.length >= 40) yield [{ from: match.index, to: match.index + match[0].length }, bytes];
  }
}

/** `xxd`, `hexdump -C`: an offset, up to sixteen pairs, and perhaps the same in letters. */
const DUMP_LINE = /^[>\s|]{0,8}[0-9a-f]{4,8}:?[ \t]{1,4}((?:[0-9a-f]{2} {0,2}){1,16})(?: {1,60}[^\n]{0,20})?\r?$/i;

function* dumps(text: string): Generator<[Range, Buffer]> {
  if (!/^[>\s|]{0,8}0{4,8}:?[ \t]/m.test(text)) return;
  let from = -1;
  let at = 0;
  let digits = '';
  for (const line of [...text.split('\n'), '']) {
    const pairs = DUMP_LINE.exec(line)?.[1]?.replace(/ /g, '');
    if (pairs !== undefined) {
      if (from < 0) from = at;
      digits += pairs;
    } else if (from >= 0) {
      if (digits.length >= 80) yield [{ from, to: Math.min(at, text.length) }, Buffer.from(digits, 'hex')];
      from = -1;
      digits = '';
    }
    at += line.length + 1;
  }
}

const BASE64_LETTERS_MIN = 64;

/** Base64 in which a text is hidden. DER in base64 is looked for elsewhere; here only what reads as text counts. */
function* base64OfText(text: string): Generator<[Range, string]> {
  for (const match of text.matchAll(
    /(?<![A-Za-z0-9+/_-])[A-Za-z0-9+/_-]{40,}(?:(?:\\[nr]|\s|[>|"'+,\\]){1,12}[A-Za-z0-9+/_-]{4,})*(?:\s{0,4}[A-Za-z0-9+/_-]{2,3}(?==))?={0,2}/g,
  )) {
    if (match[0].length < BASE64_LETTERS_MIN || match[0].length > STRETCH_CHARACTERS_MAX) continue;
    const letters = (part: string) =>
      part
        .replace(/\\[nr]/g, '')
        .replace(/[^A-Za-z0-9+/_-]/g, '')
        .replace(/-/g, '+')
        .replace(/_/g, '/');
    // The beginning tells; a picture is not decoded whole.
    if (!isText(Buffer.from(letters(match[0].slice(0, 160)).slice(0, 80), 'base64'))) continue;
    const decoded = Buffer.from(letters(match[0]), 'base64').toString('latin1');
    yield [{ from: match.index, to: match.index + match[0].length }, decoded];
  }
}

/** Printable for nine parts in ten, and no zero byte. */
function isText(bytes: Uint8Array): boolean {
  const sample = bytes.subarray(0, 400);
  let printable = 0;
  for (const byte of sample) {
    if (byte === 0) return false;
    if ((byte >= 0x20 && byte < 0x7f) || byte === 0x0a || byte === 0x0d || byte === 0x09) printable += 1;
  }
  return sample.length > 20 && printable > sample.length * 0.9;
}

function* percentEncoded(text: string): Generator<[Range, string]> {
  for (const match of text.matchAll(/[A-Za-z0-9%+/=_.*~-]{60,}/g)) {
    if (!/%[0-9a-f]{2}/i.test(match[0]) || match[0].length > STRETCH_CHARACTERS_MAX) continue;
    const decoded = match[0]
      .replace(/\+/g, ' ')
      .replace(/%([0-9a-f]{2})/gi, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)));
    yield [{ from: match.index, to: match.index + match[0].length }, decoded];
  }
}

/** Formats that are read line by line or bracket by bracket and were escaped into a string: PuTTY files, XML, BIND. */
const ESCAPED: readonly (readonly [open: RegExp, close: RegExp])[] = [
  [/PuTTY-User-Key-File-[23]:/g, /Private-(?:MAC|Hash):\s{0,4}[0-9a-f]{16,64}/gi],
  [
    /(?:<|\\{1,8}u003c)(?:[\w-]{1,12}:)?RSAKey(?:Value|Pair)\b/gi,
    /(?:<|\\{1,8}u003c)\\{0,8}\/(?:[\w-]{1,12}:)?RSAKey(?:Value|Pair)(?:>|\\{1,8}u003e)/gi,
  ],
  [/Private-key-format:/g, /["'}\n]|$/g],
];
const ESCAPED_CHARACTERS_MAX = 40_000;

function* escaped(text: string): Generator<[Range, string]> {
  for (const [open, close] of ESCAPED) {
    for (const { from, to } of between(text, open, close, ESCAPED_CHARACTERS_MAX)) {
      const stretch = text.slice(from, to);
      const plain = stretch
        .replace(/\\+u00([0-9a-f]{2})/gi, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)))
        .replace(/\\+r/g, '')
        .replace(/\\+n/g, '\n')
        .replace(/\\+([/"'])/g, '$1');
      if (plain !== stretch) yield [{ from, to }, plain];
    }
  }
}
