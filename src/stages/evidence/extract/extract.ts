/**
 * The search: everything key-like in one text, or in the bytes of one file. Order of the result is order of
 * appearance; overlapping finds are reported once, the more telling one first.
 */

import { readStatements } from '../prove/statement-form.ts';
import { readArmour } from './armour.ts';
import { firstElementLength, readDerBlob } from './der-blob.ts';
import { readEncoded } from './encoded.ts';
import type { Found, Range } from './found.ts';
import { isKeyStore, openKeyStore, readKeyStore } from './jks.ts';
import { readLabelledNumbers } from './labelled.ts';
import { FOUND_MAX, TEXT_CHARACTERS_MAX } from './limits.ts';
import { readOpenSsh, readPpk, sshPublicKey } from './ssh.ts';
import { readBind, readCompactJws, readJsonObjects, readXml } from './textual.ts';

/** Base64 of base64 has been seen; a text that goes on like that is somebody's game. */
const LAYERS_MAX = 3;

/** Ranges are offsets in `text`. */
export function extractFromText(text: string, depth = 0): Found[] {
  const source = text.length > TEXT_CHARACTERS_MAX ? text.slice(0, TEXT_CHARACTERS_MAX) : text;
  const found = new Finds();
  for (const one of statements(source)) found.add(one);
  if (/BEGIN/i.test(source)) for (const one of readArmour(source)) found.add(one);
  if (source.includes('PuTTY-User-Key-File-')) for (const one of ppk(source)) found.add(one);
  if (source.includes('Private-key-format')) for (const one of readBind(source)) found.add(one);
  if (source.includes('RSAKey')) for (const one of readXml(source)) found.add(one);
  if (/kty|payload/.test(source)) for (const one of readJsonObjects(source)) found.add(one);
  if (source.includes('eyJ')) for (const one of readCompactJws(source)) found.add(one);
  for (const one of sshLines(source)) found.add(one);
  for (const one of base64Blobs(source, found)) found.add(one);
  if (/modulus|prime1|priv:|\bp\s*[:=]/i.test(source)) for (const one of readLabelledNumbers(source)) found.add(one);
  if (depth < LAYERS_MAX) {
    const deeper = (inner: string) => extractFromText(inner, depth + 1).filter(isTelling);
    for (const one of readEncoded(source, { bytes: keysInBytes, text: deeper })) found.add(one);
  }
  return found.inOrder();
}

/** For the bytes of one file: DER, key stores, or text in any of the encodings that matter. */
export function extractFromBytes(bytes: Uint8Array): Found[] {
  const whole: Range = { from: 0, to: bytes.length };
  const binary = readBinary(bytes, whole);
  if (binary !== null) return [binary];
  const text = decodeText(bytes);
  const found = extractFromText(text);
  // A web page or a document with markup inside the key: look once more with the markup gone.
  if (/&quot;|&#|<\/?[a-z]/i.test(text)) {
    const known = new Set(found.map(identity));
    for (const one of extractFromText(withoutMarkup(text)))
      if (!known.has(identity(one))) found.push({ ...one, range: whole });
  }
  return found.length > 0 ? found : embeddedDer(bytes);
}

/** A layer down only what was worth hiding counts: a web page in base64 has links and certificates of its own. */
function isTelling(found: Found): boolean {
  return found.kind !== 'unreadable-key' && found.kind !== 'cms';
}

/** One thing that is all of the bytes, or keys that stand somewhere in them. */
function keysInBytes(bytes: Buffer): Found[] {
  const one = readBinary(bytes, { from: 0, to: bytes.length });
  return one === null ? embeddedDer(bytes) : [one];
}

class Finds {
  private readonly all: Found[] = [];

  overlaps(range: Range): boolean {
    // Few finds per text; thousands only in bulk reports, where a binary search by start keeps this cheap.
    let low = 0;
    let high = this.all.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((this.all[middle] as Found).range.from < range.to) low = middle + 1;
      else high = middle;
    }
    for (let i = low - 1; i >= 0 && i >= low - 3; i--) if ((this.all[i] as Found).range.to > range.from) return true;
    return false;
  }

  add(found: Found): void {
    if (this.all.length >= FOUND_MAX || this.overlaps(found.range)) return;
    let at = this.all.length;
    while (at > 0 && (this.all[at - 1] as Found).range.from > found.range.from) at -= 1;
    this.all.splice(at, 0, found);
  }

  inOrder(): Found[] {
    return this.all;
  }
}

function identity(found: Found): string {
  if (found.kind === 'private-key') {
    const { key } = found;
    if (key.kind === 'rsa') return `rsa ${key.n} ${key.d}`;
    if (key.kind === 'ec') return `ec ${key.scalar.toString('hex')}`;
    return key.kind === 'other' ? key.pkcs8.toString('hex') : key.seed.toString('hex');
  }
  if (found.kind === 'certificate' || found.kind === 'csr' || found.kind === 'cms') return found.der.toString('hex');
  if (found.kind === 'public-key') return found.spki.toString('hex');
  if (found.kind === 'jws') return found.jws.signature;
  if (found.kind === 'statement') return found.statement.signature.toString('hex');
  return `${found.kind} ${found.range.from}`;
}

function* statements(text: string): Generator<Found> {
  for (const parts of readStatements(text)) {
    yield {
      kind: 'statement',
      container: 'signed statement',
      range: { from: parts.from, to: parts.to },
      statement: {
        text: parts.text,
        spkiSha256: /^[0-9a-f]{64}$/.test(parts.spkiSha256 ?? '') ? parts.spkiSha256 : null,
        spki: parts.publicKey === null ? null : Buffer.from(parts.publicKey, 'base64'),
        signature: Buffer.from(parts.signature, 'base64'),
      },
    };
  }
}

function* ppk(text: string): Generator<Found> {
  for (const match of text.matchAll(/^[ \t>|]*PuTTY-User-Key-File-[23]:/gm)) {
    const quote = (/^[ \t>|]*/.exec(match[0]) as RegExpExecArray)[0];
    const rest = text.slice(match.index, match.index + 64 * 1024);
    const plain = quote === '' ? rest : rest.replace(/^[ \t>|]+/gm, '');
    const key = readPpk(plain);
    if (key === null) continue;
    // With quote marks the length grows by at most one mark per line.
    const lines = plain.slice(0, key.length).split('\n').length;
    const range = { from: match.index, to: Math.min(text.length, match.index + key.length + lines * quote.length) };
    const opened = key.encrypted ? 'wrong-passphrase' : key.open('');
    if (typeof opened !== 'string' && opened.keys[0] !== undefined) {
      yield { kind: 'private-key', container: 'PuTTY', range, key: opened.keys[0] };
    } else yield { kind: 'encrypted-key', container: 'PuTTY', range, spki: key.spki, open: key.open };
  }
}

function* sshLines(text: string): Generator<Found> {
  for (const match of text.matchAll(
    /\b(?:ssh-rsa|ssh-ed25519|ecdsa-sha2-nistp\d{3}) (AAAA[A-Za-z0-9+/]{40,4000}={0,2})/g,
  )) {
    const spki = sshPublicKey(Buffer.from(match[1] as string, 'base64'));
    if (spki === null) continue;
    const range = { from: match.index, to: match.index + match[0].length };
    yield { kind: 'public-key', container: 'SSH', range, spki };
  }
}

/**
 * DER in base64 without markers. `M` with a second capital letter is 0x30 and a length; `/u3+7Q` and `zs7Ozg` open a
 * Java key store.
 */
function* base64Blobs(text: string, known: Finds): Generator<Found> {
  const pattern =
    /(?<![A-Za-z0-9+/_=-])(?:M[A-P]|\/u3\+7Q|zs7Ozg|b3BlbnNzaC1rZXktdjE)[A-Za-z0-9+/_-]{38,}(?:=|(?:\\[nr]|\s|[>|"'+,\\])+(?:[A-Za-z0-9+/_-]{4,}|[A-Za-z0-9+/_-]{2,3}(?==)))*={0,2}/g;
  for (const match of text.matchAll(pattern)) {
    const from = match.index;
    if (known.overlaps({ from, to: from + 40 })) continue;
    const letters = match[0].replace(/\\[nr]/g, '').replace(/[^A-Za-z0-9+/_-]/g, '');
    const bytes = Buffer.from(letters, letters.includes('-') || letters.includes('_') ? 'base64url' : 'base64');
    const length = isKeyStore(bytes) ? bytes.length : firstElementLength(bytes);
    if (length < 40 && bytes[0] === 0x30 && bytes[1] !== 0x80) continue;
    const range = { from, to: from + spanOf(match[0], Math.ceil(length / 3) * 4) };
    const found = readBinary(bytes, range);
    if (found !== null) yield found;
  }
}

/** How much of the text the first `letters` base64 letters take, with what stands between them. */
function spanOf(text: string, letters: number): number {
  let seen = 0;
  for (let i = 0; i < text.length; i++) {
    if (/[A-Za-z0-9+/_=-]/.test(text[i] as string) && text[i - 1] !== '\\') seen += 1;
    if (seen >= letters) return i + 1;
  }
  return text.length;
}

function readBinary(bytes: Uint8Array, range: Range): Found | null {
  if (isKeyStore(bytes)) {
    const store = readKeyStore(Buffer.from(bytes));
    return {
      kind: 'encrypted-key',
      container: 'Java key store',
      range,
      spki: null,
      open: (phrase) => openKeyStore(store, phrase),
    };
  }
  const openSsh = readOpenSsh(bytes);
  if (openSsh !== null) {
    const opened = openSsh.encrypted ? 'wrong-passphrase' : openSsh.open('');
    if (typeof opened !== 'string' && opened.keys[0] !== undefined) {
      return { kind: 'private-key', container: 'OpenSSH', range, key: opened.keys[0] };
    }
    return { kind: 'encrypted-key', container: 'OpenSSH', range, spki: openSsh.spki, open: openSsh.open };
  }
  return readDerBlob(bytes, range);
}

/** Latin-1 keeps every byte, which is all that keys need; UTF-16 is what Windows tools write. */
function decodeText(bytes: Uint8Array): string {
  const view = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
  if (view[0] === 0xff && view[1] === 0xfe) return view.subarray(2).toString('utf16le');
  if (view[0] === 0xfe && view[1] === 0xff) {
    return Buffer.from(view.subarray(2, view.length & ~1))
      .swap16()
      .toString('utf16le');
  }
  const sample = view.subarray(0, 400);
  const zeros = sample.reduce((count, byte) => count + (byte === 0 ? 1 : 0), 0);
  if (sample.length > 20 && zeros > sample.length * 0.4) return view.toString('latin1').replace(/\0/g, '');
  return view.toString('utf8').includes('\ufffd') ? view.toString('latin1') : view.toString('utf8');
}

function withoutMarkup(text: string): string {
  return text
    .replace(/<(?:br|\/p|\/div|\/li|\/tr)\b[^>]{0,300}>/gi, '\n')
    .replace(/<\/t[dh]\b[^>]{0,300}>/gi, ' ')
    .replace(/<[^>]{0,2000}>/g, '')
    .replace(/&quot;|&#34;|&#x22;/g, '"')
    .replace(/&#39;|&apos;/g, "'")
    .replace(/&lt;/g, '<')
    .replace(/&gt;/g, '>')
    .replace(/&nbsp;/g, ' ')
    .replace(/&#43;|&#x2b;/gi, '+')
    .replace(/&#47;|&#x2f;/gi, '/')
    .replace(/&#61;|&#x3d;/gi, '=')
    .replace(/&amp;/g, '&');
}

const EMBEDDED_MAX = 200;

/** Keys inside a binary file (firmware, a disk image): by the version INTEGER that every private key begins with. */
function embeddedDer(bytes: Uint8Array): Found[] {
  const view = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
  const found: Found[] = [];
  for (const mark of [Buffer.from([0x02, 0x01, 0x00]), Buffer.from([0x02, 0x01, 0x01, 0x04])]) {
    for (let at = view.indexOf(mark); at >= 0 && found.length < EMBEDDED_MAX; at = view.indexOf(mark, at + 1)) {
      for (const header of [4, 3, 2]) {
        const from = at - header;
        if (from < 0 || view[from] !== 0x30) continue;
        const length = firstElementLength(view.subarray(from));
        if (length < 40 || length > 32 * 1024) continue;
        const one = readDerBlob(view.subarray(from, from + length), { from, to: from + length });
        if (one?.kind !== 'private-key' || found.some((f) => f.range.from <= from && from < f.range.to)) continue;
        found.push(one);
        break;
      }
    }
  }
  return found;
}
