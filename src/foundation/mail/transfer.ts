/**
 * Content transfer encodings, read as tolerantly as mail requires: junk inside base64 is skipped, a quoted-printable
 * escape that is none stays as text. uuencode and yEnc bodies inside plain text are found and cut out.
 */

/** Undoes `encoding` (RFC 2045 section 6; unknown ones are taken as identity). */
export function decodeTransfer(bytes: Uint8Array, encoding: string): Uint8Array {
  switch (encoding) {
    case 'base64':
      return decodeBase64(bytes);
    case 'quoted-printable':
      return decodeQuotedPrintable(bytes);
    case 'x-uuencode':
    case 'x-uue':
    case 'uuencode':
    case 'uue':
      return firstUuencoded(bytes) ?? bytes;
    default:
      return bytes;
  }
}

const base64Values = new Int8Array(256).fill(-1);
for (const [i, c] of [...'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/'].entries()) {
  base64Values[c.charCodeAt(0)] = i;
}
base64Values['-'.charCodeAt(0)] = 62;
base64Values['_'.charCodeAt(0)] = 63;
const PADDING = 0x3d;

/** Base64 with line breaks and junk skipped; padding in the middle (concatenated blocks) starts a new quantum. */
export function decodeBase64(bytes: Uint8Array): Uint8Array {
  const out = new Uint8Array(Math.ceil((bytes.length * 3) / 4) + 3);
  let length = 0;
  let bits = 0;
  let held = 0;
  for (let i = 0; i < bytes.length; i++) {
    const byte = bytes[i] as number;
    if (byte === PADDING) {
      bits = 0;
      held = 0;
      continue;
    }
    const value = base64Values[byte] as number;
    if (value < 0) continue;
    held = (held << 6) | value;
    bits += 6;
    if (bits >= 8) {
      bits -= 8;
      out[length++] = (held >> bits) & 0xff;
      held &= (1 << bits) - 1;
    }
  }
  return out.subarray(0, length);
}

function hexValue(byte: number | undefined): number {
  if (byte === undefined) return -1;
  if (byte >= 0x30 && byte <= 0x39) return byte - 0x30;
  if (byte >= 0x41 && byte <= 0x46) return byte - 0x37;
  if (byte >= 0x61 && byte <= 0x66) return byte - 0x57;
  return -1;
}

export function decodeQuotedPrintable(bytes: Uint8Array): Uint8Array {
  const out = new Uint8Array(bytes.length);
  let length = 0;
  let i = 0;
  while (i < bytes.length) {
    const byte = bytes[i] as number;
    if (byte !== 0x3d) {
      out[length++] = byte;
      i++;
      continue;
    }
    const after = softBreak(bytes, i + 1);
    if (after > 0) {
      i = after;
      continue;
    }
    const high = hexValue(bytes[i + 1]);
    const low = hexValue(bytes[i + 2]);
    if (high >= 0 && low >= 0) {
      out[length++] = high * 16 + low;
      i += 3;
    } else {
      out[length++] = byte;
      i++;
    }
  }
  return out.subarray(0, length);
}

/** Trailing blanks that a relay may have added behind a soft break's `=`. */
const SOFT_BREAK_BLANKS_MAX = 80;

/** Index behind the line break when `=` starts a soft break, else 0. */
function softBreak(bytes: Uint8Array, from: number): number {
  let i = from;
  const end = Math.min(bytes.length, from + SOFT_BREAK_BLANKS_MAX);
  while (i < end && (bytes[i] === 0x20 || bytes[i] === 0x09)) i++;
  if (i >= bytes.length) return i;
  if (bytes[i] === 0x0d && bytes[i + 1] === 0x0a) return i + 2;
  return bytes[i] === 0x0a || bytes[i] === 0x0d ? i + 1 : 0;
}

export interface Embedded {
  readonly fileName: string;
  readonly bytes: Uint8Array;
}

/** Blocks found in one text before looking stops. */
const EMBEDDED_MAX = 200;

/**
 * Cuts uuencoded and yEnc blocks out of running text. Returns the text without them and the files. One pass over the
 * lines; a block without its end still yields what it held.
 */
export function extractEmbedded(raw: string): { text: string; files: readonly Embedded[] } {
  if (!/^(?:begin(?:-base64)? [0-7]{3,4} |=ybegin )/m.test(raw)) return { text: raw, files: [] };
  const lines = raw.split('\n');
  const kept: string[] = [];
  const files: Embedded[] = [];
  for (let i = 0; i < lines.length; i++) {
    const found = files.length < EMBEDDED_MAX ? blockAt(lines, i) : null;
    if (found === null) {
      kept.push(lines[i] as string);
      continue;
    }
    files.push(found.file);
    i = found.last;
  }
  return { text: kept.join('\n'), files };
}

/** The block that begins on this line, read as far as its lines are what they should be, and its last line. */
function blockAt(lines: readonly string[], at: number): { file: Embedded; last: number } | null {
  const line = (lines[at] as string).slice(0, 400).trimEnd();
  const uu = /^begin(-base64)? [0-7]{3,4} (.{1,255})$/.exec(line);
  const yenc = uu === null ? /^=ybegin .{0,300}?\bname=(.{1,255})$/.exec(line) : null;
  if (uu === null && yenc === null) return null;
  const fileName = (uu?.[2] ?? yenc?.[1] ?? '').trim();
  const kind = yenc !== null ? 'yenc' : uu?.[1] === undefined ? 'uu' : 'base64';
  let end = at + 1;
  while (end < lines.length && isBlockLine(lines[end] as string, kind)) end++;
  const body = lines.slice(at + 1, end);
  const bytes =
    kind === 'yenc'
      ? decodeYencLines(body)
      : kind === 'uu'
        ? decodeUuLines(body)
        : decodeBase64(Buffer.from(body.join('\n'), 'latin1'));
  if (bytes.length === 0) return null;
  const closing = kind === 'yenc' ? /^=yend / : kind === 'uu' ? /^end\s*$/ : /^====\s*$/;
  return { file: { fileName, bytes }, last: closing.test(lines[end] ?? '') ? end : end - 1 };
}

function isBlockLine(raw: string, kind: 'uu' | 'base64' | 'yenc'): boolean {
  if (kind === 'yenc') return !/^=y(?:end|begin) /.test(raw);
  const line = raw.replace(/\r$/, '');
  if (kind === 'base64') return /^[A-Za-z0-9+/=]{1,200}$/.test(line) && line !== '====';
  if (line === '' || line === '`') return true;
  // The first character says how many bytes the line holds; a line that cannot hold them is plain text.
  const code = line.charCodeAt(0);
  const groups = Math.ceil(((code - 32) & 63) / 3) * 4;
  return code >= 32 && code <= 96 && line.length <= 200 && line.length - 1 >= groups - 3 && line !== 'end';
}

function decodeUuLines(lines: readonly string[]): Uint8Array {
  const chunks: Uint8Array[] = [];
  for (const raw of lines) {
    const line = raw.replace(/\r$/, '');
    if (line === '' || line === '`') continue;
    const count = (line.charCodeAt(0) - 32) & 63;
    const out = new Uint8Array(Math.ceil(count / 3) * 3);
    const value = (at: number): number => ((line.charCodeAt(at) || 32) - 32) & 63;
    for (let at = 1, o = 0; o < count; at += 4, o += 3) {
      out[o] = (value(at) << 2) | (value(at + 1) >> 4);
      out[o + 1] = ((value(at + 1) << 4) | (value(at + 2) >> 2)) & 0xff;
      out[o + 2] = ((value(at + 2) << 6) | value(at + 3)) & 0xff;
    }
    chunks.push(out.subarray(0, count));
  }
  return concat(chunks);
}

function firstUuencoded(bytes: Uint8Array): Uint8Array | null {
  const text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('latin1');
  return extractEmbedded(text).files[0]?.bytes ?? null;
}

function decodeYencLines(lines: readonly string[]): Uint8Array {
  const out: number[] = [];
  for (const raw of lines) {
    if (raw.startsWith('=ypart ')) continue;
    const line = raw.replace(/\r$/, '');
    for (let i = 0; i < line.length; i++) {
      let code = line.charCodeAt(i) & 0xff;
      if (code === PADDING) code = (line.charCodeAt(++i) & 0xff) - 64;
      out.push((code - 42 + 256) & 0xff);
    }
  }
  return Uint8Array.from(out);
}

export function concat(chunks: readonly Uint8Array[]): Uint8Array {
  const out = new Uint8Array(chunks.reduce((sum, chunk) => sum + chunk.length, 0));
  let at = 0;
  for (const chunk of chunks) {
    out.set(chunk, at);
    at += chunk.length;
  }
  return out;
}
