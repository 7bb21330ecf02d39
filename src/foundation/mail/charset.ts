/**
 * Bytes to text, whatever the label says. Labels in mail are wrong often enough that the bytes get a say: a byte
 * order mark wins, text that is valid UTF-8 with letters outside ASCII is UTF-8 even if a single-byte label claims
 * otherwise, and what is left is guessed from how plausible the letters look. Never throws; what had to be guessed
 * is named.
 */
export interface Decoded {
  readonly text: string;
  readonly charset: string;
  readonly problem: 'charset_unknown' | 'charset_mismatch' | null;
}

/** Decodes `bytes` labelled `label` (may be null or nonsense). NUL characters are removed. */
export function decodeText(bytes: Uint8Array, label: string | null): Decoded {
  const decoded = decodeLabelled(bytes, label);
  return decoded.text.includes('\0') ? { ...decoded, text: decoded.text.replaceAll('\0', '') } : decoded;
}

function decodeLabelled(bytes: Uint8Array, label: string | null): Decoded {
  const marked = byteOrderMark(bytes);
  if (marked !== null) return { text: strict(bytes, marked) ?? loose(bytes, marked), charset: marked, problem: null };

  const wanted = canonicalCharset(label);
  if (wanted === 'utf-7') return { text: decodeUtf7(latin1(bytes)), charset: 'utf-7', problem: null };
  if (wanted === 'iso-2022-kr') return { text: decodeIso2022Kr(bytes), charset: wanted, problem: null };
  if (wanted === 'utf-16le' || wanted === 'utf-16be') {
    const charset = label?.toLowerCase().replace(/[^a-z0-9]/g, '') === 'utf16' ? utf16Order(bytes) : wanted;
    if (bytes.length > 8 && !looksUtf16(bytes)) return asGuessed(bytes, 'charset_mismatch');
    return { text: loose(bytes, charset), charset, problem: null };
  }
  if (isAscii(bytes)) {
    const escaped = wanted === 'iso-2022-jp' || hasIso2022JpEscape(bytes);
    if (!escaped) return { text: latin1(bytes), charset: wanted ?? 'us-ascii', problem: null };
    return { text: loose(bytes, 'iso-2022-jp'), charset: 'iso-2022-jp', problem: null };
  }

  if (wanted === null) return asGuessed(bytes, isAbsent(label) ? null : 'charset_unknown', label);
  if (wanted === 'utf-8') {
    const text = strict(bytes, 'utf-8');
    return text === null ? asGuessed(bytes, 'charset_mismatch') : { text, charset: 'utf-8', problem: null };
  }
  if (multiByte.has(wanted)) {
    const text = strict(bytes, wanted);
    if (text !== null) return { text, charset: wanted, problem: null };
    const utf8 = strict(bytes, 'utf-8');
    if (utf8 !== null) return { text: utf8, charset: 'utf-8', problem: 'charset_mismatch' };
    return { text: loose(bytes, wanted), charset: wanted, problem: 'charset_mismatch' };
  }
  const utf8 = strict(bytes, 'utf-8');
  if (utf8 !== null) return { text: utf8, charset: 'utf-8', problem: 'charset_mismatch' };
  return { text: loose(bytes, wanted), charset: wanted, problem: null };
}

/** The name that TextDecoder knows (plus `utf-7`, `iso-2022-kr`), or null when nobody knows the label. */
export function canonicalCharset(label: string | null): string | null {
  if (label === null) return null;
  const known = canonical.get(label);
  if (known !== undefined) return known;
  const found = findCharset(label);
  if (canonical.size < 500) canonical.set(label, found);
  return found;
}

const canonical = new Map<string, string | null>();

function findCharset(label: string): string | null {
  const plain = label
    .trim()
    .toLowerCase()
    .replace(/^["']|["']$/g, '')
    .replace(/\*.*$/, '');
  const compact = plain.replace(/^(?:x-ms-|x-|cs)/, '').replace(/[\s._:-]+/g, '');
  // us-ascii says nothing about bytes above 127: null lets them be guessed.
  if (/^(?:usascii|ascii|ansix341968|7bit|8bit|binary|unknown8bit|default|unknown)$/.test(compact)) return null;
  const alias = aliases.get(compact);
  if (alias !== undefined) return alias;
  for (const name of [
    plain,
    compact,
    plain.replace(/^x-/, ''),
    compact.replace(/^(?:cp|ms|ibm|win)(?=\d)/, 'windows-'),
  ]) {
    if (name === '' || name.length > 40) continue;
    try {
      return new TextDecoder(name).encoding;
    } catch {
      // not a label the platform knows; try the next spelling
    }
  }
  return null;
}

const aliases = new Map<string, string>([
  ['utf7', 'utf-7'],
  ['unicode11utf7', 'utf-7'],
  ['utf8mb4', 'utf-8'],
  ['utf16', 'utf-16le'],
  ['ucs2', 'utf-16le'],
  ['iso2022kr', 'iso-2022-kr'],
  ['shiftjis', 'shift_jis'],
  ['cp932', 'shift_jis'],
  ['windows932', 'shift_jis'],
  ['cp936', 'gb18030'],
  ['windows936', 'gb18030'],
  ['gb2312', 'gb18030'],
  ['gbk', 'gb18030'],
  ['cp949', 'euc-kr'],
  ['uhc', 'euc-kr'],
  ['euckr', 'euc-kr'],
  ['eucjp', 'euc-jp'],
  ['cp950', 'big5'],
  ['iso2022jp', 'iso-2022-jp'],
  ['iso2022jp1', 'iso-2022-jp'],
  ['iso2022jp2', 'iso-2022-jp'],
  ['iso2022jpms', 'iso-2022-jp'],
  ['cp50220', 'iso-2022-jp'],
  ['cp50221', 'iso-2022-jp'],
  ['tis620', 'windows-874'],
  ['iso88598i', 'iso-8859-8'],
  ['cp1252', 'windows-1252'],
]);

const multiByte = new Set(['gb18030', 'gbk', 'big5', 'shift_jis', 'euc-jp', 'euc-kr', 'iso-2022-jp']);

const isAbsent = (label: string | null): boolean =>
  label === null || /^(?:us-?ascii|)$/.test(label.trim().toLowerCase().replaceAll('"', ''));

function asGuessed(bytes: Uint8Array, problem: Decoded['problem'], label: string | null = null): Decoded {
  const utf8 = strict(bytes, 'utf-8');
  if (utf8 !== null) return { text: utf8, charset: 'utf-8', problem };
  const charset = hinted(label) ?? guessCharset(bytes);
  return { text: loose(bytes, charset), charset, problem: problem ?? 'charset_mismatch' };
}

const hints: readonly (readonly [RegExp, string])[] = [
  [/turk/, 'windows-1254'],
  [/cyr|russ/, 'windows-1251'],
  [/greek|hellen/, 'windows-1253'],
  [/arab/, 'windows-1256'],
  [/hebr/, 'windows-1255'],
  [/polish|czech|hung|central/, 'windows-1250'],
  [/balt/, 'windows-1257'],
  [/viet/, 'windows-1258'],
  [/thai/, 'windows-874'],
];

function hinted(label: string | null): string | null {
  if (label === null) return null;
  const low = label.toLowerCase();
  return hints.find(([pattern]) => pattern.test(low))?.[1] ?? null;
}

/** Bytes looked at when guessing. */
const GUESS_BYTES_MAX = 8_192;
const eastAsian = ['gb18030', 'shift_jis', 'euc-jp', 'euc-kr', 'big5'] as const;
const cyrillic = ['koi8-r', 'windows-1251'] as const;

/** The most plausible charset of bytes that are not UTF-8. Deterministic; windows-1252 when nothing speaks louder. */
export function guessCharset(bytes: Uint8Array): string {
  const sample = bytes.subarray(0, GUESS_BYTES_MAX);
  let high = 0;
  let low = 0;
  for (const byte of sample) {
    if (byte >= 0x80) high++;
    else if ((byte >= 0x41 && byte <= 0x5a) || (byte >= 0x61 && byte <= 0x7a)) low++;
  }
  // Western text has few letters above 127; the scripts below are made of them.
  if (high * 3 < low || high < 3) return 'windows-1252';
  let best = 'windows-1252';
  let bestScore = 0.5;
  for (const charset of eastAsian) {
    const score = eastAsianScore(loose(sample, charset), charset);
    if (score > bestScore) [best, bestScore] = [charset, score];
  }
  for (const charset of cyrillic) {
    const score = cyrillicScore(loose(sample, charset));
    if (score > bestScore) [best, bestScore] = [charset, score];
  }
  return best;
}

/** Share of characters that a text in this charset would be made of, minus what it would not contain. */
function eastAsianScore(text: string, charset: string): number {
  let good = 0;
  let all = 0;
  for (const character of text) {
    const code = character.codePointAt(0) ?? 0;
    if (code < 0x80) continue;
    all++;
    if (code === 0xfffd || (code >= 0xe000 && code <= 0xf8ff)) good -= 4;
    else if (code >= 0x3040 && code <= 0x30ff) good += charset === 'shift_jis' || charset === 'euc-jp' ? 1.5 : 0.2;
    else if (code >= 0xac00 && code <= 0xd7a3) good += charset === 'euc-kr' ? 1.3 : 0;
    else if (code >= 0xff61 && code <= 0xff9f) good -= 0.5;
    else if (code >= 0x4e00 && code <= 0x9fff) good += charset === 'euc-kr' ? 0.1 : 0.8;
    else if (code >= 0x3000 && code <= 0x303f) good += 1;
    else if (code >= 0xff00 && code <= 0xff60) good += 0.8;
  }
  return all === 0 ? 0 : good / all;
}

const commonCyrillic = new Set('оеаинтсрвлкмдпуяыьгзбчйхжшюцщэф');

function cyrillicScore(text: string): number {
  let good = 0;
  let all = 0;
  let before = '';
  for (const character of text) {
    const code = character.charCodeAt(0);
    if (code >= 0x80) {
      all++;
      if (commonCyrillic.has(character)) good += 1;
      else if (code >= 0x410 && code <= 0x42f) good += commonCyrillic.has(before) ? -1 : 0.4;
      else good -= 1;
    }
    before = character;
  }
  return all === 0 ? 0 : good / all;
}

const decoders = new Map<string, TextDecoder>();

function decoderOf(charset: string, fatal: boolean): TextDecoder {
  const key = `${charset}${fatal ? '!' : ''}`;
  let decoder = decoders.get(key);
  if (decoder === undefined) {
    decoder = new TextDecoder(charset, { fatal, ignoreBOM: false });
    decoders.set(key, decoder);
  }
  return decoder;
}

function strict(bytes: Uint8Array, charset: string): string | null {
  try {
    return decoderOf(charset, true).decode(bytes);
  } catch {
    return null;
  }
}

function loose(bytes: Uint8Array, charset: string): string {
  return decoderOf(charset, false).decode(bytes);
}

/** One character per byte: the raw view in which headers and encodings are read. */
export function latin1(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('latin1');
}

function isAscii(bytes: Uint8Array): boolean {
  for (let i = 0; i < bytes.length; i++) if ((bytes[i] as number) >= 0x80) return false;
  return true;
}

function byteOrderMark(bytes: Uint8Array): string | null {
  if (bytes[0] === 0xef && bytes[1] === 0xbb && bytes[2] === 0xbf) return 'utf-8';
  if (bytes[0] === 0xff && bytes[1] === 0xfe) return 'utf-16le';
  if (bytes[0] === 0xfe && bytes[1] === 0xff) return 'utf-16be';
  return null;
}

/** RFC 1468: ESC $ B, ESC $ @, ESC ( J. */
function hasIso2022JpEscape(bytes: Uint8Array): boolean {
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  return buffer.includes('\x1b$B') || buffer.includes('\x1b$@') || buffer.includes('\x1b(J');
}

function utf16Order(bytes: Uint8Array): 'utf-16le' | 'utf-16be' {
  let even = 0;
  let odd = 0;
  const end = Math.min(bytes.length, 2_000);
  for (let i = 0; i < end; i++) if (bytes[i] === 0) i % 2 === 0 ? even++ : odd++;
  return even > odd ? 'utf-16be' : 'utf-16le';
}

/** Text labelled UTF-16 that arrives as ASCII or UTF-8 (a common mislabelling) holds runs of plain letters. */
function looksUtf16(bytes: Uint8Array): boolean {
  const end = Math.min(bytes.length, 2_000);
  let printable = 0;
  for (let i = 0; i < end; i++) {
    const byte = bytes[i] as number;
    if ((byte >= 0x20 && byte < 0x7f) || byte === 0x0a || byte === 0x0d) printable++;
  }
  return printable < end * 0.9;
}

/** RFC 2152. Malformed shifts stay as they are. */
export function decodeUtf7(text: string): string {
  return text.replace(/\+([A-Za-z0-9+/]*)(-?)/g, (whole, base64: string, dash: string) => {
    if (base64 === '') return dash === '-' ? '+' : whole;
    const units = Buffer.from(base64, 'base64');
    let out = '';
    for (let i = 0; i + 1 < units.length; i += 2) out += String.fromCharCode(units.readUInt16BE(i));
    return out === '' ? whole : out;
  });
}

/** RFC 1557: SO switches to KS C 5601 in seven bits, SI back; the header ESC $ ) C is dropped. */
function decodeIso2022Kr(bytes: Uint8Array): string {
  const out = new Uint8Array(bytes.length);
  let length = 0;
  let shifted = false;
  for (let i = 0; i < bytes.length; i++) {
    const byte = bytes[i] as number;
    if (byte === 0x1b && bytes[i + 1] === 0x24 && bytes[i + 2] === 0x29 && bytes[i + 3] === 0x43) i += 3;
    else if (byte === 0x0e) shifted = true;
    else if (byte === 0x0f) shifted = false;
    else out[length++] = shifted && byte > 0x20 && byte < 0x7f ? byte | 0x80 : byte;
  }
  return loose(out.subarray(0, length), 'euc-kr');
}
