/** Questions about one part of a message: what it is, and which parts stand below it. */
import { latin1 } from './charset.ts';
import type { Part } from './mime.ts';

export function mayEmbed(bytes: Uint8Array): boolean {
  const view = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  return (
    view.includes('begin 6') || view.includes('begin 7') || view.includes('begin-base64 ') || view.includes('=ybegin ')
  );
}

export const pgpMessage = '-----BEGIN PGP MESSAGE-----';

export function isPgpMessage(bytes: Uint8Array): boolean {
  if (latin1(bytes.subarray(0, 4_096)).includes(pgpMessage)) return true;
  // RFC 9580 5.1, 5.2: a binary message starts with an encrypted session key packet (tags 1 and 3).
  const first = bytes[0] ?? 0;
  const packet = (first & 0xc0) === 0xc0 ? first & 0x3f : (first & 0xc0) === 0x80 ? (first & 0x3c) >> 2 : -1;
  return packet === 1 || packet === 3;
}

export const isCms = (part: Part, named: string): boolean =>
  /^application\/(?:x-)?pkcs7-mime$/.test(part.type) || named === 'smime.p7m' || named.endsWith('.p7m');

export function textLeaves(part: Part): Part[] {
  const out: Part[] = [];
  const stack = [...part.children].reverse();
  for (let next = stack.pop(); next !== undefined; next = stack.pop()) {
    if (next.type.startsWith('multipart/')) stack.push(...[...next.children].reverse());
    else if (next.type === 'text/plain' || next.type === 'text/html') out.push(next);
  }
  return out;
}

/** Parts of an alternative that are neither of its texts: calendars, images, enclosed messages. */
export function otherLeaves(part: Part, read: ReadonlySet<Part>): Part[] {
  const out: Part[] = [];
  const stack = [...part.children].reverse();
  for (let next = stack.pop(); next !== undefined; next = stack.pop()) {
    if (next.type.startsWith('multipart/') && next.children.length > 0) stack.push(...[...next.children].reverse());
    else if (!read.has(next)) out.push(next);
  }
  return out;
}

export function rebase(root: Part, path: string): void {
  const stack = [root];
  for (let part = stack.pop(); part !== undefined; part = stack.pop()) {
    part.path = part.path === '' ? path : `${path}.${part.path}`;
    stack.push(...part.children);
  }
}

/** Names and types whose content is words, so that triage may read them. */
export function isTextual(part: Part, bytes: Uint8Array): boolean {
  if (part.type.startsWith('text/') || /[/+](?:json|xml|yaml|x-yaml|csv|x-pem-file|pgp-keys)$/.test(part.type))
    return true;
  if (
    /\.(?:txt|csv|tsv|log|md|json|ya?ml|xml|html?|pem|key|crt|cer|csr|asc|conf|cfg|ini|eml|ics|sh|py|js)$/i.test(
      part.fileName,
    )
  ) {
    return looksLikeText(bytes);
  }
  return part.type === 'application/octet-stream' && looksLikeText(bytes) && bytes.length > 0;
}

export function looksLikeText(bytes: Uint8Array): boolean {
  const end = Math.min(bytes.length, 4_096);
  let odd = 0;
  for (let i = 0; i < end; i++) {
    const byte = bytes[i] as number;
    if (byte === 0) return bytes[0] === 0xff || bytes[0] === 0xfe;
    if (byte < 0x09 || (byte > 0x0d && byte < 0x20 && byte !== 0x1b)) odd++;
  }
  return odd * 20 <= end;
}

/** RFC 3676 flowed text: soft line breaks are undone so that words and identifiers are whole again. */
export function unflow(text: string, part: Part): string {
  if ((part.parameters.get('format') ?? '').toLowerCase() !== 'flowed') return text;
  const deleteSpace = (part.parameters.get('delsp') ?? '').toLowerCase() === 'yes';
  const out: string[] = [];
  let open = false;
  let openMarks = '';
  for (const line of text.split(/\r?\n/)) {
    const marks = /^>*/.exec(line)?.[0] ?? '';
    const content = line.slice(marks.length).replace(/^ /, '');
    const continues = open && marks === openMarks;
    const soft = content.endsWith(' ') && content !== '-- ';
    const kept = soft && deleteSpace ? content.slice(0, -1) : content;
    if (continues) out.push(kept);
    else out.push(`${out.length === 0 ? '' : '\n'}${marks}${marks === '' ? '' : ' '}${kept}`);
    open = soft;
    openMarks = marks;
  }
  return out.join('');
}

/** Bare carriage returns as line ends (old Macs, broken gateways) become line feeds; nothing else is touched. */
export function withLineFeeds(bytes: Uint8Array): Uint8Array {
  const head = bytes.subarray(0, 65_536);
  if (head.includes(0x0a) || !head.includes(0x0d)) return bytes;
  return bytes.map((byte) => (byte === 0x0d ? 0x0a : byte));
}
