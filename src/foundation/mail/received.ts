/**
 * `Received` lines (RFC 5321 4.4): who took the message from whom, and when. Only *reading* happens here; which hop
 * is trusted is decided in `stages/intake/marks.ts`.
 */
import { RECEIVED_MAX } from './bounds.ts';
import { parseDate } from './dates.ts';
import { decodeHeader } from './headers.ts';
import type { ReceivedHop } from './message.ts';

/** Hops in header order: topmost (newest) first. */
export function parseReceived(values: readonly string[]): readonly ReceivedHop[] {
  return values.slice(0, RECEIVED_MAX).map(parseHop);
}

/** Longest line that is looked at; real ones stay far below. */
const HOP_CHARS_MAX = 8_000;

function parseHop(value: string): ReceivedHop {
  const text = decodeHeader(value.slice(0, HOP_CHARS_MAX)).replace(/\s+/g, ' ');
  const semicolon = text.lastIndexOf(';');
  const stamp = semicolon >= 0 ? text.slice(semicolon + 1) : trailingDate(text);
  const clauses = topLevel(semicolon >= 0 ? text.slice(0, semicolon) : text);
  return {
    by: host(clause(clauses, 'by')),
    from: host(clause(clauses, 'from')),
    fromVerified: peerName(text),
    fromAddress: peerAddress(text),
    id: clause(clauses, 'id').slice(0, 200),
    recipient: clause(clauses, 'for').replace(/^<|>$/g, '').toLowerCase().slice(0, 320),
    date: parseDate(stamp),
  };
}

/** Text outside comments, so that `(envelope-from <by@x>)` cannot pose as a clause. */
function topLevel(text: string): readonly string[] {
  let out = '';
  let depth = 0;
  for (const c of text) {
    if (c === '(') depth++;
    else if (c === ')' && depth > 0) depth--;
    else if (depth === 0) out += c;
  }
  return out.split(' ').filter((piece) => piece !== '');
}

function clause(words: readonly string[], name: string): string {
  const at = words.findIndex((piece) => piece.toLowerCase() === name);
  return at < 0 ? '' : (words[at + 1] ?? '');
}

const host = (text: string): string =>
  text
    .replace(/^\[|\]$/g, '')
    .replace(/[.,;]+$/, '')
    .toLowerCase()
    .slice(0, 255);

/** `(name [address])` behind `from`: the name is the receiving server's own finding (RFC 5321 4.4 TCP-info). */
function peerName(text: string): string {
  const found = /\(([A-Za-z0-9][A-Za-z0-9.-]{0,254}) \[/.exec(text)?.[1]?.toLowerCase() ?? '';
  return found === 'unknown' || found === 'unverified' || !found.includes('.')
    ? found === 'localhost'
      ? found
      : ''
    : found;
}

/** The address literal that the receiving server saw: `(name [203.0.113.9])`, `([IPv6:…])`, `(… 10.0.0.1)`. */
function peerAddress(text: string): string {
  const found =
    /\[(?:IPv6:)?([0-9A-Fa-f:.]{3,45})\]/.exec(text) ?? /\((?:\S{1,255} )?((?:\d{1,3}\.){3}\d{1,3})\)/.exec(text);
  return found?.[1]?.toLowerCase() ?? '';
}

/** Bulk senders leave out the semicolon: `with SMTP id x 2026-08-09 05:20:08.000000 +0000 UTC`. */
function trailingDate(text: string): string {
  return (
    /(\d{4}-\d{2}-\d{2}[T ]\d{2}:\d{2}.{0,80})$/.exec(text)?.[1] ??
    /((?:(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun), )?\d{1,2} (?:Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec) \d{4} .{0,60})$/.exec(
      text,
    )?.[1] ??
    ''
  );
}
