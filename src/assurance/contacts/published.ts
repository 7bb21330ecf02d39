/**
 * Where a CA tells the world how to report a problem, and reading those places. Researchers use whichever they find
 * first; the incident this desk exists for began with a database that named another address than the practice statement.
 */
import type { Instant } from '../../foundation/time/time.ts';

export const places = ['cps-1.5.2', 'cps-4.9.12', 'ccadb', 'web-page', 'security-txt', 'acme-directory'] as const;
export type Place = (typeof places)[number];

export interface PublishedContact {
  readonly kind: 'email' | 'url' | 'phone';
  /** Comparable: addresses and hosts in lower case, telephone numbers as `+` and digits. */
  readonly value: string;
}

/** One reading of one place. */
export type Reading = {
  readonly place: Place;
  readonly url: string;
  readonly readAt: Instant;
} & (
  | { readonly ok: true; readonly contacts: readonly PublishedContact[]; readonly problems: readonly string[] }
  | { readonly ok: false; readonly problem: string }
);

/** Longest text that is looked through. */
const textMax = 2_000_000;
const contactsMax = 500;

/**
 * Contacts in running text, such as a section of a CPS or a web page as text. Disguises that people use for addresses
 * (`name [at] ca [dot] example`) are undone.
 */
export function contactsInText(text: string): readonly PublishedContact[] {
  const plain = text
    .slice(0, textMax)
    .replace(/\s{0,5}[[({<]\s{0,5}(?:at|@)\s{0,5}[\])}>]\s{0,5}/gi, '@')
    .replace(/\s{0,5}[[({<]\s{0,5}(?:dot|punkt|point|punto|\.)\s{0,5}[\])}>]\s{0,5}/gi, '.');
  const emails = matches(plain, /[\p{L}\p{N}._%+-]{1,64}@[\p{L}\p{N}-]{1,63}(?:\.[\p{L}\p{N}-]{1,63}){1,8}/gu).map(
    email,
  );
  const urls = matches(plain, /https?:\/\/[^\s<>"'()[\]{}]{1,2000}/gi).map((url) =>
    link(url.replace(/[.,;:!?]+$/, '')),
  );
  const phones = matches(plain, /\+\d[\d\s()./-]{6,24}\d/g).map(phone);
  return unique([...emails, ...urls, ...phones]);
}

/**
 * `/.well-known/security.txt` (RFC 9116): Contact in order of preference, exactly one Expires. A cleartext signature
 * around it is taken off, not checked.
 */
export function readSecurityTxt(
  text: string,
  now: Instant,
): { contacts: readonly PublishedContact[]; problems: readonly string[] } {
  const lines = text.slice(0, textMax).split(/\r\n|\n|\r/);
  const start = lines[0]?.startsWith('-----BEGIN PGP SIGNED MESSAGE') ? lines.indexOf('') + 1 : 0;
  const end = lines.findIndex((line) => line.startsWith('-----BEGIN PGP SIGNATURE'));
  const fields = lines.slice(start, end < 0 ? undefined : end).flatMap((line) => {
    const m = /^(?:- )?([A-Za-z-]{1,40}):\s*(\S.*?)\s*$/.exec(line);
    return m === null ? [] : [{ name: (m[1] ?? '').toLowerCase(), value: m[2] ?? '' }];
  });
  const values = (name: string) => fields.filter((f) => f.name === name).map((f) => f.value);
  const contacts = values('contact').flatMap((value): PublishedContact[] => {
    if (/^mailto:/i.test(value)) return [email(decodeURIComponentSafe(value.slice(7).split('?')[0] ?? ''))];
    if (/^tel:/i.test(value)) return [phone(value.slice(4))];
    return /^https:\/\//i.test(value) ? [link(value)] : [];
  });
  return {
    contacts: unique(contacts),
    problems: [...contactProblems(values('contact')), ...expiryProblems(values('expires'), now)],
  };
}

/**
 * The CCADB's public report "All Problem Reporting Mechanisms" as CSV rows (header first). Columns are found by name,
 * because the report has changed its order before.
 */
export function readCcadbRows(
  rows: readonly (readonly string[])[],
  caOwner: string,
): readonly PublishedContact[] | null {
  const header = rows[0]?.map((cell) => cell.toLowerCase()) ?? [];
  const ownerAt = header.findIndex((cell) => cell.includes('ca owner'));
  const mechanismAt = header.findIndex((cell) => cell.includes('problem reporting'));
  if (ownerAt < 0 || mechanismAt < 0) return null;
  const own = rows.slice(1).filter((row) => row[ownerAt]?.trim().toLowerCase() === caOwner.trim().toLowerCase());
  return own.length === 0 ? null : unique(own.flatMap((row) => contactsInText(row[mechanismAt] ?? '')));
}

function contactProblems(contacts: readonly string[]): string[] {
  const problems = contacts.length === 0 ? ['It has no Contact.'] : [];
  const odd = contacts.filter((value) => !/^(?:mailto:|tel:|https:\/\/)/i.test(value));
  return odd.length === 0 ? problems : [...problems, 'A Contact is not a mailto:, tel: or https: address.'];
}

function expiryProblems(expires: readonly string[], now: Instant): string[] {
  if (expires.length !== 1) return ['It has to have exactly one Expires.'];
  let at: Instant;
  try {
    at = Temporal.Instant.from(expires[0] ?? '');
  } catch {
    return ['Expires is not a date and time.'];
  }
  const days = now.until(at).total('hours') / 24;
  if (days <= 0) return ['It has expired.'];
  if (days < 30) return [`It expires in ${Math.floor(days)} days.`];
  return days > 366 ? ['It expires more than a year ahead.'] : [];
}

function email(text: string): PublishedContact {
  return { kind: 'email', value: text.trim().toLowerCase() };
}

function link(text: string): PublishedContact {
  const value = URL.canParse(text) ? new URL(text).toString().replace(/\/$/, '') : text;
  return { kind: 'url', value };
}

function phone(text: string): PublishedContact {
  return { kind: 'phone', value: `+${text.replace(/\(0\)/g, '').replace(/\D/g, '')}` };
}

function matches(text: string, pattern: RegExp): readonly string[] {
  return [...text.matchAll(pattern)].slice(0, contactsMax).map((m) => m[0]);
}

function unique(contacts: readonly PublishedContact[]): readonly PublishedContact[] {
  return contacts.filter((c, i) => contacts.findIndex((d) => d.kind === c.kind && d.value === c.value) === i);
}

function decodeURIComponentSafe(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
