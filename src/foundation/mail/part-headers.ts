/** What the header fields of one part say, in the words of `Message`. */
import { parseAddresses } from './addresses.ts';
import { HEADER_VALUE_MAX, REFERENCES_MAX } from './bounds.ts';
import { parseDate } from './dates.ts';
import { decodeHeader } from './headers.ts';
import type { Address, Message } from './message.ts';
import type { Part } from './mime.ts';
import { parseReceived } from './received.ts';

export function headerWords(part: Part): string {
  const shown = ['from', 'to', 'date', 'subject'] as const;
  const headers = headerMap(part);
  return shown
    .filter((name) => headers.has(name))
    .map((name) => `${name.charAt(0).toUpperCase()}${name.slice(1)}: ${first(headers, name)}`)
    .join('\n');
}

export function headerMap(part: Part): ReadonlyMap<string, readonly string[]> {
  const out = new Map<string, string[]>();
  for (const field of part.fields) {
    const values = out.get(field.name);
    if (values === undefined) out.set(field.name, [decodeHeader(field.raw)]);
    else values.push(decodeHeader(field.raw));
  }
  return out;
}

export const first = (headers: ReadonlyMap<string, readonly string[]>, name: string): string =>
  headers.get(name)?.[0] ?? '';

export function rawValues(part: Part, name: string): string[] {
  return part.fields.filter((field) => field.name === name).map((field) => field.raw);
}

export function addressesOf(part: Part, name: string): readonly Address[] {
  return rawValues(part, name).flatMap((raw) => parseAddresses(raw.slice(0, HEADER_VALUE_MAX)));
}

export function dateOf(part: Part): Message['date'] {
  const raw = rawValues(part, 'date')[0];
  return raw === undefined ? null : parseDate(decodeHeader(raw));
}

export const receivedOf = (part: Part): Message['received'] => parseReceived(rawValues(part, 'received'));

export function returnPathOf(part: Part): string | null {
  const raw = rawValues(part, 'return-path')[0];
  if (raw === undefined) return null;
  return parseAddresses(raw)[0]?.address ?? '';
}

export function deliveredTo(part: Part): readonly string[] {
  const names = ['delivered-to', 'x-original-to', 'envelope-to', 'x-envelope-to', 'x-delivered-to'];
  return [...new Set(names.flatMap((name) => addressesOf(part, name).map((address) => address.address)))].filter(
    (address) => address !== '',
  );
}

/** A list or gateway that rewrote From leaves the writer elsewhere; a redirect leaves the writer in From. */
export function originalSender(part: Part, from: readonly Address[]): Address | null {
  for (const name of ['x-original-from', 'x-original-sender', 'x-google-original-from']) {
    const found = addressesOf(part, name)[0];
    if (found !== undefined && found.address !== '') return found;
  }
  const rewritten = from[0] !== undefined && /\bvia\b|\bper conto di\b|im auftrag von/i.test(from[0].name);
  const reply = addressesOf(part, 'reply-to')[0];
  return rewritten && reply !== undefined && reply.address !== from[0]?.address ? reply : null;
}

/** `<id>` tokens; ids without brackets are taken when they stand alone. Normalised to the bracketed form. */
export function messageIds(text: string): readonly string[] {
  const bounded = text.slice(0, HEADER_VALUE_MAX);
  const found = (bounded.match(/<[^<>\s]{1,995}>/g) ?? []).slice(-REFERENCES_MAX);
  if (found.length > 0) return found;
  const bare = bounded.trim().replace(/^<|>$/g, '');
  return bare !== '' && bare.length < 996 && !/\s/.test(bare) ? [`<${bare}>`] : [];
}
