/**
 * From what a place says (a page, a practice statement, a database row) to the contacts it names. Pure: the caller has
 * fetched the text and says when.
 */
import type { Instant } from '../../foundation/time/time.ts';
import {
  contactsInText,
  type Place,
  type PublishedContact,
  type Reading,
  readCcadbRows,
  readSecurityTxt,
} from './published.ts';

export interface PlaceText {
  readonly place: Place;
  /** Where it was read. */
  readonly url: string;
  readonly text: string;
}

/** `rows` parses CSV; the caller brings it, because where CSV is parsed is not this room's business. */
export function readPlace(
  { place, url, text }: PlaceText,
  caOwner: string,
  now: Instant,
  rows: (csv: string) => readonly (readonly string[])[],
): Reading {
  const base = { place, url, readAt: now };
  const found = (contacts: readonly PublishedContact[], problems: readonly string[] = []): Reading => ({
    ...base,
    ok: true,
    contacts,
    problems,
  });
  switch (place) {
    case 'security-txt': {
      const { contacts, problems } = readSecurityTxt(text, now);
      return found(contacts, problems);
    }
    case 'ccadb': {
      const contacts = readCcadbRows(rows(text), caOwner);
      if (contacts === null) return { ...base, ok: false, problem: `there is no row of ${caOwner} in it` };
      return found(contacts);
    }
    case 'cps-1.5.2':
    case 'cps-4.9.12': {
      const section = sectionOf(text, place.slice('cps-'.length));
      if (section === null)
        return { ...base, ok: false, problem: `section ${place.slice('cps-'.length)} was not found` };
      return found(contactsInText(section));
    }
    case 'web-page':
    case 'acme-directory':
      return found(contactsInText(text));
  }
}

/**
 * The words under a numbered heading (RFC 3647), up to the next heading of its depth or above. A table of contents has
 * the same heading first: the longest of the sections is the one that says something.
 */
export function sectionOf(text: string, number: string): string | null {
  const heading = new RegExp(`^[ \\t#*]{0,10}${number.replaceAll('.', '\\.')}(?![.\\d])[^\\n]{0,200}$`, 'gm');
  const next = /^[ \t#*]{0,10}\d{1,2}(?:\.\d{1,2}){0,4}\.?[ \t]+\p{L}[^\n]{0,200}$/gmu;
  const sections = [...text.matchAll(heading)].slice(0, 50).map((m) => {
    const from = m.index + m[0].length;
    next.lastIndex = from;
    const end = next.exec(text)?.index ?? text.length;
    return text.slice(from, end);
  });
  return sections.length === 0 ? null : sections.reduce((a, b) => (b.trim().length > a.trim().length ? b : a));
}
