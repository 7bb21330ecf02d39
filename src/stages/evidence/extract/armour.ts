/**
 * Armoured blocks (`-----BEGIN …-----`) in every state in which people send them: escaped into JSON, indented,
 * flattened to one line, quoted with `> `, numbered, pasted from a diff or from source code, with HTML entities and
 * tags, with word-processor dashes, without an end. OpenSSL reads none of these, so the body is brought to DER here;
 * DER is then strict. Several readings of a body are tried and the first that parses is taken.
 */
import { DerError } from '../../../foundation/pki/der.ts';
import { readDerBlob, readTornRsa } from './der-blob.ts';
import type { Found, Range } from './found.ts';
import { ARMOUR_CHARACTERS_MAX } from './limits.ts';
import { decryptTraditional } from './pbe.ts';
import { readPrivateKey, readSec1 } from './private-key.ts';
import { readOpenSsh } from './ssh.ts';

/** Hyphens, and what word processors make of them. */
const DASH = '[-\\u2010-\\u2015\\u2212\\u00ad]';
const BEGIN = new RegExp(
  `${DASH}{1,8}\\s{0,4}BEGIN[\\s>|]{1,8}((?:[A-Z0-9#]{1,12}[\\s>|]{1,6}){0,4}?` +
    `(?:PRIVATE[\\s>|]{1,6}KEY(?:[\\s>|]{1,6}BLOCK)?|CERTIFICATE[\\s>|]{1,6}REQUEST|CERTIFICATE|PUBLIC[\\s>|]{1,6}KEY|PKCS ?#?7(?:[\\s>|]{1,6}SIGNED[\\s>|]{1,6}DATA)?|CMS|PKCS ?#?12|SSH[\\s>|]{1,6}SIGNATURE|EC[\\s>|]{1,6}PARAMETERS))\\s{0,4}${DASH}{1,8}`,
  'gi',
);

export function* readArmour(text: string): Generator<Found> {
  const state = { parameters: null as Buffer | null };
  const search = new RegExp(BEGIN);
  for (let match = search.exec(text); match !== null; match = search.exec(text)) {
    const label = (match[1] as string).replace(/[\s>|]+/g, ' ').toUpperCase();
    const bodyFrom = match.index + match[0].length;
    const end = findEnd(text, bodyFrom);
    const range: Range = { from: match.index, to: end.to };
    const found = readBlock(label, text.slice(bodyFrom, end.bodyTo), range, state);
    if (found !== null) yield found;
    search.lastIndex = Math.max(end.to, bodyFrom);
  }
}

/** The end marker of the block; without one, the end of what still looks like its body. */
function findEnd(text: string, from: number): { bodyTo: number; to: number } {
  // The next beginning first: a text of beginnings without an end is not searched to its end from each of them.
  const next = new RegExp(`${DASH}{2,8}\\s{0,4}BEGIN[\\s>|]`, 'gi');
  next.lastIndex = from;
  const limit = Math.min(nextIndex(next, text), from + ARMOUR_CHARACTERS_MAX);
  const window = text.slice(from, limit);
  const end = new RegExp(`${DASH}{1,8}\\s{0,4}END[\\s>|]{1,8}[A-Z0-9#\\s>|]{2,60}?${DASH}{1,8}`, 'i').exec(window);
  if (end !== null) return { bodyTo: from + end.index, to: from + end.index + end[0].length };
  // No end marker: take words of base64 and whatever separates them, until prose or the next block begins.
  const body =
    /^(?:[\s>|"'`+,;.*#/\\]|\\[nrt]|(?:Proc-Type|DEK-Info)[^\n]*|[A-Za-z0-9+/]{16,}=*|[A-Za-z0-9+/]+={1,2}|<br\s*\/?>)*/.exec(
      window,
    );
  const length = body?.[0].length ?? 0;
  return { bodyTo: from + length, to: from + length };
}

function nextIndex(search: RegExp, text: string): number {
  return search.exec(text)?.index ?? text.length;
}

function readBlock(label: string, body: string, range: Range, state: { parameters: Buffer | null }): Found | null {
  // Quoted-printable ends a broken line with `=`, and base64 ends with it as well: both readings are tried.
  const joined = body.replace(/=\r?\n(?=[A-Za-z0-9+/])/g, '');
  if (joined !== body) {
    const found = readCleanBlock(label, withoutEscapes(joined), range, state);
    if (found !== null && found.kind !== 'unreadable-key') return found;
  }
  return readCleanBlock(label, withoutEscapes(body), range, state);
}

function readCleanBlock(
  label: string,
  clean: string,
  range: Range,
  state: { parameters: Buffer | null },
): Found | null {
  const legacy = /DEK-Info:\s*([A-Z0-9-]+)\s*,\s*([0-9A-F]{16,32})/i.exec(clean);
  const secret = label.includes('PRIVATE');
  if (label.endsWith('PRIVATE KEY BLOCK')) return { kind: 'unreadable-key', container: 'OpenPGP', range };
  for (const bytes of readings(clean)) {
    const found =
      legacy !== null && secret
        ? readTraditional(legacy[1] as string, legacy[2] as string, bytes, range)
        : readBytes(label, bytes, range, state);
    if (found !== null) return found;
  }
  if (!secret) return null;
  for (const bytes of readings(clean)) {
    const torn = readTornRsa(bytes);
    if (torn !== null) return { kind: 'private-key', container: 'damaged PKCS#1', range, key: torn };
  }
  return { kind: 'unreadable-key', container: label, range };
}

function readBytes(label: string, bytes: Buffer, range: Range, state: { parameters: Buffer | null }): Found | null {
  if (label.endsWith('EC PARAMETERS')) {
    state.parameters = bytes;
    return null;
  }
  if (label.endsWith('SSH SIGNATURE')) return { kind: 'ssh-signature', container: 'SSHSIG', range, blob: bytes };
  const openSsh = readOpenSsh(bytes);
  if (openSsh !== null) {
    const opened = openSsh.encrypted ? 'wrong-passphrase' : openSsh.open('');
    if (typeof opened !== 'string' && opened.keys[0] !== undefined) {
      return { kind: 'private-key', container: 'OpenSSH', range, key: opened.keys[0] };
    }
    return { kind: 'encrypted-key', container: 'OpenSSH', range, spki: openSsh.spki, open: openSsh.open };
  }
  if (label === 'EC PRIVATE KEY' && state.parameters !== null) {
    const parameters = state.parameters;
    state.parameters = null;
    try {
      return { kind: 'private-key', container: 'SEC1', range, key: readSec1(bytes, parameters) };
    } catch (cause) {
      if (!(cause instanceof DerError)) throw cause;
    }
  }
  return readDerBlob(bytes, range, 'PEM');
}

function readTraditional(cipher: string, iv: string, sealed: Buffer, range: Range): Found | null {
  if (sealed.length < 16 || sealed.length % 8 !== 0) return null;
  const vector = Buffer.from(iv, 'hex');
  return {
    kind: 'encrypted-key',
    container: `PEM with ${cipher.toUpperCase()}`,
    range,
    spki: null,
    open: (phrase) => {
      const plain = decryptTraditional(cipher, vector, sealed, phrase);
      if (typeof plain === 'string') return plain;
      const key = readPrivateKey(plain);
      plain.fill(0);
      return key === null ? 'wrong-passphrase' : { keys: [key.key], certificates: [] };
    },
  };
}

const entities: Readonly<Record<string, string>> = {
  nbsp: ' ',
  plus: '+',
  sol: '/',
  equals: '=',
  quot: '"',
  apos: "'",
  gt: '>',
  lt: '<',
  amp: '&',
  NewLine: '\n',
  Tab: ' ',
};

/** Takes away what a format around the key has put in; none of these marks can stand in base64. */
function withoutEscapes(body: string): string {
  if (!/[\\&<%\u00a0\u200b\ufeff="'`]/.test(body)) return body;
  return (
    body
      // Source code: the end of one string constant, an operator, and the beginning of the next.
      .replace(/["'`]\s*(?:[+.,;&_\\]|<<|\|\|)?\s*(?:\r?\n|\\[rn])\s*(?:[+.&]|<<|\|\|)?\s*["'`]/g, '\n')
      .replace(/&amp;/g, '&')
      .replace(/&#x([0-9a-f]{1,5});/gi, (_, hex: string) => String.fromCodePoint(Number.parseInt(hex, 16)))
      .replace(/&#(\d{1,6});/g, (_, digits: string) => String.fromCodePoint(Math.min(Number(digits), 0x10ffff)))
      .replace(/&([A-Za-z]{2,8});/g, (whole, name: string) => entities[name] ?? whole)
      .replace(/<(?:br|p|div|li|tr|pre)\b[^>]{0,300}>/gi, '\n')
      .replace(/<\/t[dh]\b[^>]{0,300}>/gi, ' ')
      .replace(/<[^>]{0,300}>/g, '')
      .replace(/\\(?:par|line|tab)\b ?/g, '\n')
      .replace(/\\+u00([0-9a-f]{2})/gi, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)))
      .replace(/\\+[rnt]/g, '\n')
      .replace(/\\+\//g, '/')
      .replace(/%(0[ad]|20|2[bf]|3d)/gi, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)))
      .replace(/=3D/g, '=')
  );
}

/** Candidate byte strings for a body, most literal first, without repeats. */
function* readings(body: string): Generator<Buffer> {
  const seen = new Set<string>();
  const lines = body
    .split(/\r\n|\n|\r/)
    .map((line) => line.trim())
    .filter((line) => line !== '');
  // RFC 1421 headers, also when the block was flattened to one line.
  const withoutHeaders = lines
    .map((line) =>
      line.replace(/(?:Proc-Type:\s*4\s*,\s*ENCRYPTED|DEK-Info:\s*[A-Z0-9-]+\s*,\s*[0-9A-F]{16,32})\s*/gi, ''),
    )
    .filter((line) => !/^[>|\s]*[A-Za-z][A-Za-z0-9-]{2,30}: /.test(line));
  for (const reading of [
    () => withoutHeaders.map((line) => line.replace(/^[>|\s]+/, '')),
    () => withoutHeaders.map(betweenQuotes),
    () => withoutCommonPrefix(withoutHeaders),
    () => withoutHeaders.map((line) => line.replace(/^\s*\d{1,6}\s*[|:.)\t ]\s*/, '')),
    () => withoutCommonPrefix(withoutHeaders.map(betweenQuotes)),
    () => withoutHeaders.map((line) => line.replace(/^(?:\/\/|#|\*|;|--|REM)\s*/, '')),
    () => withoutHeaders.filter((line) => !/^\d{1,5}$/.test(line)),
    // A log: whatever stands before the last word of each line.
    () => lines.map((line) => /[A-Za-z0-9+/=]+$/.exec(line)?.[0] ?? ''),
  ]) {
    const base64 = reading()
      .join('')
      .replace(/[^A-Za-z0-9+/_-]/g, '')
      .replace(/-/g, '+')
      .replace(/_/g, '/');
    if (base64.length < 16 || seen.has(base64)) continue;
    seen.add(base64);
    yield Buffer.from(base64, 'base64');
  }
}

/** From `"MIIE…\n" +` to what stands between the quotes. */
function betweenQuotes(line: string): string {
  const quoted = [...line.matchAll(/["'`]([^"'`]*)["'`]/g)].map((match) => match[1] as string);
  if (quoted.length > 0) return quoted.join('');
  const half = /["'`]/.exec(line);
  if (half === null) return line;
  const before = line.slice(0, half.index);
  const after = line.slice(half.index + 1);
  return before.length > after.length ? before : after;
}

/** A diff's `+`, a comment's `//`: marks that every line begins with. */
function withoutCommonPrefix(lines: readonly string[]): string[] {
  const prefix = /^[^A-Za-z0-9]*/.exec(lines[0] ?? '')?.[0] ?? '';
  for (let length = prefix.length; length > 0; length--) {
    const common = prefix.slice(0, length);
    if (lines.every((line) => line.startsWith(common))) return lines.map((line) => line.slice(length));
  }
  return [...lines];
}
