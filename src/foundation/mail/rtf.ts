/** RTF as Outlook stores it: LZFu decompression ([MS-OXRTFCP]) and the words inside, in one bounded pass each. */
import { decodeText, latin1 } from './charset.ts';

const RTF_BYTES_MAX = 16 * 1024 * 1024;
const COMPRESSED = 0x75465a4c;
const UNCOMPRESSED = 0x414c454d;
const dictionaryStart =
  '{\\rtf1\\ansi\\mac\\deff0\\deftab720{\\fonttbl;}{\\f0\\fnil \\froman \\fswiss \\fmodern \\fscript \\fdecor MS Sans SerifSymbolArialTimes New RomanCourier{\\colortbl\\red0\\green0\\blue0\r\n\\par \\pard\\plain\\f0\\fs20\\b\\i\\u\\tab\\tx';

/** Undoes LZFu; bytes that are not compressed RTF come back as they are. Stops at the bound or at broken data. */
export function decompressRtf(bytes: Uint8Array): Uint8Array {
  if (bytes.length < 16) return bytes;
  const view = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const rawSize = Math.min(view.readUInt32LE(4), RTF_BYTES_MAX);
  const kind = view.readUInt32LE(8);
  if (kind === UNCOMPRESSED) return bytes.subarray(16, 16 + rawSize);
  if (kind !== COMPRESSED) return bytes;
  const dictionary = new Uint8Array(4_096);
  dictionary.set(Buffer.from(dictionaryStart, 'latin1'));
  let write = dictionaryStart.length;
  const out = new Uint8Array(rawSize);
  let length = 0;
  let at = 16;
  while (at < view.length && length < rawSize) {
    const control = view[at++] as number;
    for (let bit = 0; bit < 8 && at < view.length && length < rawSize; bit++) {
      if ((control & (1 << bit)) === 0) {
        const byte = view[at++] as number;
        out[length++] = byte;
        dictionary[write] = byte;
        write = (write + 1) & 0xfff;
        continue;
      }
      if (at + 1 >= view.length) return out.subarray(0, length);
      const reference = view.readUInt16BE(at);
      at += 2;
      const offset = reference >> 4;
      if (offset === write) return out.subarray(0, length);
      for (let i = 0; i < (reference & 0xf) + 2 && length < rawSize; i++) {
        const byte = dictionary[(offset + i) & 0xfff] as number;
        out[length++] = byte;
        dictionary[write] = byte;
        write = (write + 1) & 0xfff;
      }
    }
  }
  return out.subarray(0, length);
}

/** Groups whose words nobody reads. */
const silent = new Set(
  'fonttbl colortbl stylesheet info pict object header footer generator listtable listoverridetable rsidtbl themedata datastore latentstyles xmlnstbl mhtmltag'.split(
    ' ',
  ),
);
const DEPTH_MAX = 500;

/** The words of an RTF document. HTML wrapped in it (\fromhtml) is read by its RTF rendering. */
export function rtfToText(bytes: Uint8Array): string {
  const rtf = latin1(bytes.subarray(0, RTF_BYTES_MAX));
  if (!rtf.startsWith('{\\rtf')) return decodeText(bytes, null).text;
  let codePage = 'windows-1252';
  const out: string[] = [];
  let pending: number[] = [];
  const stack: { muted: boolean; skip: number }[] = [];
  let muted = false;
  let skip = 1;
  let toSkip = 0;
  const flush = (): void => {
    if (pending.length > 0) out.push(decodeText(Uint8Array.from(pending), codePage).text);
    pending = [];
  };
  const put = (code: number): void => {
    if (toSkip > 0) toSkip--;
    else if (!muted) pending.push(code);
  };
  const token = /\\'([0-9a-fA-F]{2})|\\([a-zA-Z]{1,32})(-?\d{1,10})? ?|\\([^a-zA-Z])|([{}])|([^\\{}]+)|\\/gy;
  for (const found of rtf.matchAll(token)) {
    const [, hex, word, parameter, symbol, brace, text] = found;
    if (hex !== undefined) put(Number.parseInt(hex, 16));
    else if (text !== undefined)
      for (let i = 0; i < text.length; i++) if (text[i] !== '\r' && text[i] !== '\n') put(text.charCodeAt(i));
    if (brace === '{') {
      if (stack.length < DEPTH_MAX) stack.push({ muted, skip });
    } else if (brace === '}') {
      const before = stack.pop();
      muted = before?.muted ?? false;
      skip = before?.skip ?? 1;
      toSkip = 0;
    }
    if (symbol === '*') muted = true;
    else if (symbol === '~') put(0x20);
    else if (symbol === '\\' || symbol === '{' || symbol === '}') put(symbol.charCodeAt(0));
    if (word === undefined) continue;
    if (silent.has(word)) muted = true;
    else if (word === 'ansicpg') codePage = `windows-${parameter ?? '1252'}`;
    else if (word === 'uc') skip = Number(parameter ?? 1);
    else if (word === 'u' && !muted) {
      flush();
      const unit = Number(parameter ?? 0x20);
      out.push(String.fromCharCode(unit < 0 ? unit + 0x10000 : unit));
      toSkip = skip;
    } else if ((word === 'par' || word === 'line' || word === 'row' || word === 'sect') && !muted) {
      flush();
      out.push('\n');
    } else if ((word === 'tab' || word === 'cell') && !muted) put(0x09);
  }
  flush();
  return out.join('').trim();
}
