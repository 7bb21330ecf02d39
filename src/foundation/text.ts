/** Text from outside that is shown on one line, written into a header or used as a name. */

/** One line, no control or bidirectional-override characters, bounded: fit for a header, a subject or a sentence. */
export function oneLine(text: string, max: number): string {
  const clean = text
    .replace(/[\p{Cc}\p{Zl}\p{Zp}\u202a-\u202e\u2066-\u2069]+/gu, ' ')
    .replace(/ {2,}/g, ' ')
    .trim()
    .toWellFormed();
  return clean.length <= max ? clean : `${[...clean].slice(0, max - 1).join('')}…`;
}

/** Without control and bidirectional-override characters: for file names and paths. */
export function withoutControls(text: string): string {
  return text.replace(/[\p{Cc}\u202a-\u202e\u2066-\u2069]+/gu, '');
}
