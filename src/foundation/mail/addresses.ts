/** Addresses of header fields: tolerant, linear, with groups opened and encoded words read. */
import { ADDRESSES_MAX } from './bounds.ts';
import { decodeHeader } from './headers.ts';
import type { Address } from './message.ts';

/**
 * Reads an address list. A mailbox without an address keeps its name (`From: Unknown sender`), so that "no From" and
 * "a From without address" stay different things. Groups (`Undisclosed recipients:;`) are opened.
 */
export function parseAddresses(raw: string): readonly Address[] {
  const out: Address[] = [];
  for (const entry of splitList(raw)) {
    const address = readMailbox(entry);
    if (address !== null) out.push(address);
    if (out.length >= ADDRESSES_MAX) break;
  }
  return out;
}

/** One pass: quotes, comments and angle brackets protect commas; `name:` opens and `;` closes a group. */
function splitList(raw: string): string[] {
  const out: string[] = [];
  let piece = '';
  let quoted = false;
  let comment = 0;
  let angle = false;
  for (let i = 0; i < raw.length; i++) {
    const c = raw[i] as string;
    if ((quoted || comment > 0) && c === '\\' && i + 1 < raw.length) {
      piece += c + (raw[++i] as string);
      continue;
    }
    if (quoted) {
      if (c === '"') quoted = false;
    } else if (c === '"' && comment === 0) quoted = true;
    else if (c === '(') comment++;
    else if (c === ')' && comment > 0) comment--;
    else if (comment === 0) {
      if (c === '<') angle = true;
      else if (c === '>') angle = false;
      else if ((c === ',' || c === ';') && !angle) {
        out.push(piece);
        piece = '';
        if (out.length > ADDRESSES_MAX) return out;
        continue;
      } else if (c === ':' && !angle && !piece.includes('@')) {
        piece = '';
        continue;
      }
    }
    piece += c;
  }
  out.push(piece);
  return out;
}

/** Longest mailbox looked at. */
const MAILBOX_CHARS_MAX = 4_000;

function readMailbox(entry: string): Address | null {
  const text = entry.slice(0, MAILBOX_CHARS_MAX).trim();
  if (text === '') return null;
  const open = text.lastIndexOf('<');
  if (open >= 0) {
    const close = text.indexOf('>', open);
    const inside = text.slice(open + 1, close < 0 ? text.length : close);
    const name = displayName(text.slice(0, open));
    const address = cleanAddress(inside);
    return name === '' && address === '' ? null : { name, address };
  }
  const comments: string[] = [];
  const plain = text.replace(/\(([^()]*)\)/g, (_, inside: string) => {
    comments.push(inside);
    return ' ';
  });
  const bare = /(?:^|[\s"'])([^\s"'@<>()]+@[^\s"'@<>()]+)/.exec(plain) ?? /("[^"]{1,200}"@[^\s"'@<>()]+)/.exec(plain);
  if (bare === null) {
    const name = displayName(plain.trim() === '' ? comments.join(' ') : plain);
    return name === '' ? null : { name, address: '' };
  }
  const rest = plain.replace(bare[1] as string, ' ');
  const name = displayName(comments.length > 0 ? comments.join(' ') : rest);
  return { name, address: cleanAddress(bare[1] as string) };
}

function displayName(raw: string): string {
  const text = raw.trim();
  const unquoted = text.startsWith('"') ? text.replace(/^"|"$/g, '').replace(/\\(.)/g, '$1') : text;
  return decodeHeader(unquoted).replace(/\s+/g, ' ').slice(0, 500);
}

/** Lower case, source routes and blanks dropped; empty when there is no `@`. */
function cleanAddress(raw: string): string {
  const text = decodeHeader(raw)
    .replace(/^@[^:]{1,500}:/, '')
    .replace(/\s+/g, '')
    .replace(/^mailto:/i, '')
    .toLowerCase();
  const at = text.lastIndexOf('@');
  if (at < 0) return '';
  return text.slice(0, 1_000);
}

/** The domain of an address, lower case, without a trailing dot; empty when there is none. */
export function domainOf(address: string): string {
  return address
    .slice(address.lastIndexOf('@') + 1)
    .replace(/\.$/, '')
    .toLowerCase();
}

/** `host` is `domain` or below it. */
export function isUnder(host: string, domain: string): boolean {
  const name = host.toLowerCase().replace(/\.$/, '');
  const above = domain.toLowerCase().replace(/^\.|\.$/g, '');
  return above !== '' && (name === above || name.endsWith(`.${above}`));
}
