/**
 * Takes private keys out of a message before anybody else sees it. Everything that is or looks like private key
 * material goes, readable or not; in its place stands which key it was, so that the message still makes sense.
 */
import { extractFromText } from '../extract/extract.ts';
import type { Found } from '../extract/found.ts';
import { hashesOf } from '../prove/context.ts';
import { publicParts } from '../prove/possession.ts';

export function isSecret(found: Found): boolean {
  return found.kind === 'private-key' || found.kind === 'encrypted-key' || found.kind === 'unreadable-key';
}

/** `[private key, SPKI 5f2c…]`, with the canonical hash of the key that the file states or gives. */
export function marker(found: Found): string {
  if (found.kind === 'private-key') {
    const { claimed, derived } = publicParts(found.key);
    const spki = claimed ?? derived;
    const canonical = spki === null ? null : hashesOf(spki)?.canonical;
    return canonical === null || canonical === undefined ? '[private key]' : `[private key, SPKI ${canonical}]`;
  }
  return found.kind === 'encrypted-key' ? `[locked private key, ${found.container}]` : '[private key, unreadable]';
}

/** Strings shorter than this hold no key. */
const SECRET_CHARACTERS_MIN = 40;

export function redactText(text: string, found: readonly Found[] = extractFromText(text)): string {
  let result = '';
  let at = 0;
  for (const one of found) {
    if (!isSecret(one) || one.range.from < at) continue;
    result += text.slice(at, one.range.from) + marker(one);
    at = one.range.to;
  }
  return at === 0 ? text : result + text.slice(at);
}

/**
 * Redacts stretches that were one text before they were cut into blocks (the writer's own words, a quotation, a
 * signature): a key may begin in one block and end in the next.
 */
export function redactBlocks(blocks: readonly string[], found: readonly Found[]): string[] {
  const starts: number[] = [];
  let length = 0;
  for (const block of blocks) {
    starts.push(length);
    length += block.length + 1;
  }
  return blocks.map((block, index) => {
    const start = starts[index] as number;
    const end = start + block.length;
    let result = '';
    let at = start;
    for (const one of found) {
      if (!isSecret(one) || one.range.to <= start || one.range.from >= end) continue;
      const from = Math.max(one.range.from, at);
      result += block.slice(at - start, from - start);
      if (one.range.from >= start) result += marker(one);
      at = Math.min(one.range.to, end);
    }
    return result + block.slice(at - start);
  });
}

/** Applies `redactText` to every string of a value, and replaces each pass phrase that opened something. */
export function redactDeep<T>(value: T, passphrases: readonly string[] = []): T {
  return deep(value, (text) => {
    let clean = text.length >= SECRET_CHARACTERS_MIN ? redactText(text) : text;
    for (const phrase of passphrases) if (phrase.length >= 4) clean = clean.replaceAll(phrase, '[pass phrase]');
    return clean;
  }) as T;
}

function deep(value: unknown, change: (text: string) => string): unknown {
  if (typeof value === 'string') return change(value);
  if (Array.isArray(value)) return value.map((one) => deep(one, change));
  if (value instanceof Map) return new Map([...value].map(([key, one]) => [key, deep(one, change)]));
  if (value instanceof Uint8Array || value instanceof Temporal.Instant || value === null) return value;
  if (typeof value === 'object') {
    return Object.fromEntries(Object.entries(value as object).map(([key, one]) => [key, deep(one, change)]));
  }
  return value;
}
