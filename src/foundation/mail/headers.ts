/**
 * Header fields: finding them in bytes, unfolding, encoded words (RFC 2047), parameters (RFC 2045, RFC 2231). Raw
 * eight-bit headers exist and are decoded by the same guess as bodies.
 */
import { HEADER_BYTES_MAX, HEADER_FIELDS_MAX, HEADER_VALUE_MAX } from './bounds.ts';
import { decodeText, latin1 } from './charset.ts';
import { decodeBase64 } from './transfer.ts';

export interface HeaderField {
  /** Lower case. */
  readonly name: string;
  /** Unfolded, one character per byte; see `decodeHeader` for what a person reads. */
  readonly raw: string;
}

export interface HeaderBlock {
  readonly fields: readonly HeaderField[];
  /** Offset of the first byte of the body. */
  readonly bodyAt: number;
  readonly problem: 'headers_too_large' | 'header_malformed' | null;
}

const LF = 0x0a;
const CR = 0x0d;

/**
 * Reads the fields from `from` to the empty line. A line that is no field ends the block there (broken software
 * leaves out the empty line), so that nothing readable is lost, unless a well-known field follows at once: then it is
 * a fold that lost its blank. A leading mbox `From ` line is skipped.
 */
export function readHeaders(bytes: Uint8Array, from: number, end: number): HeaderBlock {
  const fields: HeaderField[] = [];
  const limit = Math.min(end, from + HEADER_BYTES_MAX);
  let at = from;
  let problem: HeaderBlock['problem'] = null;
  while (at < end) {
    if (at >= limit || fields.length >= HEADER_FIELDS_MAX) return { fields, bodyAt: at, problem: 'headers_too_large' };
    const lineEnd = endOfLine(bytes, at, end);
    const contentEnd = trimLineEnd(bytes, at, lineEnd);
    if (contentEnd === at) return { fields, bodyAt: lineEnd, problem };
    const colon = fieldNameEnd(bytes, at, contentEnd);
    if (colon < 0) {
      if (fields.length === 0 && startsWithFrom(bytes, at)) {
        at = lineEnd;
        continue;
      }
      if (fields.length > 0 && isBlank(bytes, at, contentEnd)) return { fields, bodyAt: lineEnd, problem };
      problem = 'header_malformed';
      const previous = fields.at(-1);
      if (previous === undefined || !startsKnownField(bytes, lineEnd)) return { fields, bodyAt: at, problem };
      // A fold that lost its blank: the header goes on behind it, and with it sender, date and hops.
      if (previous.raw.length < HEADER_VALUE_MAX) {
        const rest = latin1(bytes.subarray(at, Math.min(contentEnd, at + HEADER_VALUE_MAX)));
        fields[fields.length - 1] = { name: previous.name, raw: `${previous.raw} ${rest.trim()}` };
      }
      at = lineEnd;
      continue;
    }
    let valueEnd = contentEnd;
    let next = lineEnd;
    let folded = false;
    while (next < end && (bytes[next] === 0x20 || bytes[next] === 0x09)) {
      const continuedEnd = endOfLine(bytes, next, end);
      const continuedContent = trimLineEnd(bytes, next, continuedEnd);
      if (isBlank(bytes, next, continuedContent)) break;
      valueEnd = continuedContent;
      next = continuedEnd;
      folded = true;
      if (next >= limit) {
        problem = 'headers_too_large';
        break;
      }
    }
    const name = latin1(bytes.subarray(at, colon)).trimEnd().toLowerCase();
    let raw = latin1(bytes.subarray(colon + 1, Math.min(valueEnd, colon + 1 + HEADER_VALUE_MAX)));
    if (folded) raw = raw.replace(/\r?\n[ \t]/g, ' ').replace(/\r?\n/g, ' ');
    fields.push({ name, raw: raw.trim() });
    at = next;
  }
  return { fields, bodyAt: end, problem };
}

function endOfLine(bytes: Uint8Array, from: number, end: number): number {
  const at = bytes.indexOf(LF, from);
  return at < 0 || at >= end ? end : at + 1;
}

function trimLineEnd(bytes: Uint8Array, from: number, lineEnd: number): number {
  let at = lineEnd;
  if (at > from && bytes[at - 1] === LF) at--;
  if (at > from && bytes[at - 1] === CR) at--;
  return at;
}

/** Longest field name accepted; anything longer is text with a colon in it. */
const FIELD_NAME_MAX = 200;

/** Index of the colon when the line starts with a field name (RFC 5322 ftext, blanks before the colon allowed). */
function fieldNameEnd(bytes: Uint8Array, from: number, end: number): number {
  const limit = Math.min(end, from + FIELD_NAME_MAX);
  let blank = false;
  for (let i = from; i < limit; i++) {
    const byte = bytes[i] as number;
    if (byte === 0x3a) return i > from ? i : -1;
    if (byte === 0x20 || byte === 0x09) {
      if (i === from) return -1;
      blank = true;
    } else if (blank || byte < 0x21 || byte > 0x7e) return -1;
  }
  return -1;
}

const knownField =
  /^(?:received|from|to|cc|sender|subject|date|message-id|mime-version|content-[a-z-]{2,40}|x-[a-z0-9-]{1,60}|references|in-reply-to|reply-to|return-path|delivered-to|dkim-signature|authentication-results|list-[a-z]{2,20}|user-agent)\s{0,4}:/i;

const startsKnownField = (bytes: Uint8Array, at: number): boolean =>
  knownField.test(latin1(bytes.subarray(at, at + 80)));

function isBlank(bytes: Uint8Array, from: number, end: number): boolean {
  for (let i = from; i < end; i++) if (bytes[i] !== 0x20 && bytes[i] !== 0x09) return false;
  return true;
}

function startsWithFrom(bytes: Uint8Array, at: number): boolean {
  return latin1(bytes.subarray(at, at + 6)) === 'From ' || latin1(bytes.subarray(at, at + 5)) === 'From ';
}

/** What a person reads: raw eight-bit bytes decoded, encoded words decoded, controls removed. */
export function decodeHeader(raw: string): string {
  let text = raw;
  if (hasHighBytes(text)) text = decodeText(Buffer.from(text, 'latin1'), null).text;
  else if (text.includes('\x1b$')) text = decodeText(Buffer.from(text, 'latin1'), 'iso-2022-jp').text;
  if (text.includes('=?')) text = decodeWords(text);
  // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is removed
  return text.replace(/[\x00-\x08\x0b-\x1f\x7f]/g, ' ').trim();
}

function hasHighBytes(text: string): boolean {
  for (let i = 0; i < text.length; i++) if (text.charCodeAt(i) >= 0x80) return true;
  return false;
}

// charset*language, encoding, payload. Blanks in Q payloads are against the rule and common; bounded so that one
// unclosed word cannot make the match run over the rest of a huge header.
const word = /=\?([A-Za-z0-9_.:+()-]{1,60})(?:\*[A-Za-z0-9-]{0,20})?\?([bBqQ])\?([^?\r\n]{0,4000})\?=/g;

/**
 * Decodes encoded words. Neighbouring words of one charset and encoding are joined as bytes first: some mailers cut
 * in the middle of a character (RFC 2047 forbids it; mail does not care).
 */
export function decodeWords(text: string): string {
  let out = '';
  let at = 0;
  let pending: { charset: string; chunks: Uint8Array[] } | null = null;
  const flush = (): void => {
    if (pending === null) return;
    out += decodeText(Buffer.concat(pending.chunks), pending.charset).text;
    pending = null;
  };
  for (const match of text.matchAll(word)) {
    const [whole, charset, encoding, payload] = match as unknown as [string, string, string, string];
    const between = text.slice(at, match.index);
    const adjacent = pending !== null && /^\s*$/.test(between);
    if (!adjacent) {
      flush();
      out += between;
    } else if ((pending as unknown as { charset: string }).charset !== charset.toLowerCase()) flush();
    const bytes = encoding.toLowerCase() === 'b' ? decodeBase64(Buffer.from(payload, 'latin1')) : decodeQ(payload);
    if (pending === null) pending = { charset: charset.toLowerCase(), chunks: [] };
    (pending as { charset: string; chunks: Uint8Array[] }).chunks.push(bytes);
    at = match.index + whole.length;
  }
  flush();
  return out + text.slice(at);
}

function decodeQ(payload: string): Uint8Array {
  const out = new Uint8Array(payload.length * 3);
  let length = 0;
  for (let i = 0; i < payload.length; i++) {
    const code = payload.charCodeAt(i);
    if (code === 0x5f) out[length++] = 0x20;
    else if (code === 0x3d && /^[0-9A-Fa-f]{2}$/.test(payload.slice(i + 1, i + 3))) {
      out[length++] = Number.parseInt(payload.slice(i + 1, i + 3), 16);
      i += 2;
    } else if (code < 0x80) out[length++] = code;
    else for (const byte of Buffer.from(payload[i] as string, 'utf8')) out[length++] = byte;
  }
  return out.subarray(0, length);
}

export interface Parameterised {
  /** Lower case: `text/plain`, `attachment`. Empty when the header is absent or nonsense. */
  readonly value: string;
  readonly parameters: ReadonlyMap<string, string>;
}

/** Parameters read from one header before the rest is ignored. */
const PARAMETERS_MAX = 100;

/** `value; name=token; name="quoted"`, with RFC 2231 continuations and charsets, and the encoded words of old mailers. */
export function readParameters(raw: string | undefined): Parameterised {
  if (raw === undefined) return { value: '', parameters: new Map() };
  const pieces = splitUnquoted(raw.length > 16_384 ? raw.slice(0, 16_384) : raw);
  const value = (pieces[0] ?? '').trim().toLowerCase();
  const plain = new Map<string, string>();
  const sections = new Map<string, { index: number; encoded: boolean; text: string }[]>();
  for (const piece of pieces.slice(1, PARAMETERS_MAX)) {
    const equals = piece.indexOf('=');
    if (equals < 0) continue;
    const name = piece.slice(0, equals).trim().toLowerCase();
    const text = unquote(piece.slice(equals + 1).trim());
    const extended = /^([^*]+)\*(?:(\d{1,4})(\*)?)?$/.exec(name);
    if (extended === null) {
      if (!plain.has(name)) plain.set(name, text);
      continue;
    }
    const list = sections.get(extended[1] as string) ?? [];
    list.push({
      index: Number(extended[2] ?? 0),
      encoded: extended[2] === undefined || extended[3] !== undefined,
      text,
    });
    sections.set(extended[1] as string, list);
  }
  const parameters = new Map<string, string>();
  for (const [name, text] of plain) parameters.set(name, decodeHeader(text));
  for (const [name, list] of sections) parameters.set(name, joinSections(list));
  return { value, parameters };
}

function joinSections(list: { index: number; encoded: boolean; text: string }[]): string {
  const ordered = list.toSorted((a, b) => a.index - b.index);
  let charset: string | null = null;
  const chunks: Uint8Array[] = [];
  for (const [i, section] of ordered.entries()) {
    let text = section.text;
    if (i === 0 && section.encoded) {
      const quoted = /^([^']*)'[^']*'/.exec(text);
      if (quoted !== null) {
        charset = (quoted[1] as string) === '' ? null : (quoted[1] as string);
        text = text.slice(quoted[0].length);
      }
    }
    chunks.push(section.encoded ? percentBytes(text) : Buffer.from(text, 'latin1'));
  }
  return decodeText(Buffer.concat(chunks), charset).text;
}

function percentBytes(text: string): Uint8Array {
  return Buffer.from(
    text.replace(/%([0-9A-Fa-f]{2})/g, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16))),
    'latin1',
  );
}

/** Splits at `;` outside quotes, dropping comments in parentheses at the top level. */
function splitUnquoted(raw: string): string[] {
  const out: string[] = [];
  let piece = '';
  let quoted = false;
  for (let i = 0; i < raw.length; i++) {
    const c = raw[i] as string;
    if (quoted && c === '\\' && i + 1 < raw.length) {
      piece += c + (raw[++i] as string);
      continue;
    }
    if (c === '"') quoted = !quoted;
    if (c === ';' && !quoted) {
      out.push(piece);
      piece = '';
    } else piece += c;
  }
  out.push(piece);
  return out;
}

function unquote(text: string): string {
  if (!text.startsWith('"')) return text.replace(/\s*\([^()]*\)\s*$/, '');
  const end = text.endsWith('"') && text.length > 1 ? text.length - 1 : text.length;
  return text.slice(1, end).replace(/\\(.)/g, '$1');
}
