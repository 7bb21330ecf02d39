/**
 * Names as an index wants them. A domain is stored with its labels reversed (`www.shop.example` becomes
 * `example.shop.www.`), so that "this name", "everything below it" and "the wildcard above it" are each one range or
 * one equality in an ordinary B-tree, at a million certificates as at ten.
 */
import { isIP } from 'node:net';
import { domainToASCII } from 'node:url';

/** RFC 1035 section 2.3.4 allows 253 for a domain; an address adds a local part of 64 and an `@`. */
export const nameCharactersMax = 320;

/** Lower case, A-labels (IDNA), no trailing dot. `*.` stays. Unreadable names stay as they are, in lower case. */
export function normalizeName(name: string): string {
  const text = name.trim().slice(0, nameCharactersMax).toWellFormed().toLowerCase().replace(/\.$/, '');
  const at = text.lastIndexOf('@');
  if (at >= 0) return `${text.slice(0, at + 1)}${domain(text.slice(at + 1))}`;
  if (isIP(text) !== 0) return text;
  return text.startsWith('*.') ? `*.${domain(text.slice(2))}` : domain(text);
}

/** Sort key of a normalised name. Mailboxes stand below their domain, wildcards below the name they cover. */
export function nameKey(name: string): string {
  if (isIP(name) !== 0) return `ip:${name}`;
  const at = name.lastIndexOf('@');
  if (at >= 0) return `${reversed(name.slice(at + 1))}@${name.slice(0, at)}`;
  return reversed(name);
}

/** Sort keys of the wildcards that cover a domain: `*.shop.example` for `www.shop.example` (one label, RFC 6125 6.4.3). */
export function wildcardKeys(name: string): readonly string[] {
  const dot = name.indexOf('.');
  if (dot < 0 || name.startsWith('*.') || isIP(name) !== 0 || name.includes('@')) return [];
  return [reversed(`*${name.slice(dot)}`)];
}

/** Everything strictly below a domain stands in `from <= key < to` (and is not `from` itself). */
export function belowRange(name: string): { readonly from: string; readonly to: string } | null {
  const base = name.startsWith('*.') ? name.slice(2) : name;
  if (isIP(base) !== 0 || base.includes('@')) return null;
  const from = reversed(base);
  // The key ends in `.`; the next character after `.` in code-point order is `/`.
  return { from, to: `${from.slice(0, -1)}/` };
}

function domain(text: string): string {
  // ASCII is what certificates hold: nothing to convert, and nothing that a URL parser could cut off.
  if (/^[\x20-\x7e]*$/.test(text) || /[\s/\\?#@:%]/.test(text)) return text;
  // An empty answer means that IDNA refuses the name: keep it findable under its own spelling.
  return domainToASCII(text) || text;
}

function reversed(name: string): string {
  return `${name.split('.').reverse().join('.')}.`;
}
