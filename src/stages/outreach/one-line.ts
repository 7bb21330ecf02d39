/** One line, no control or bidirectional-override characters, bounded: fit for a header, a subject or a sentence. */
export function oneLine(text: string, max: number): string {
  const clean = text
    .replace(/[\p{Cc}\p{Zl}\p{Zp}\u202a-\u202e\u2066-\u2069]+/gu, ' ')
    .replace(/ {2,}/g, ' ')
    .trim();
  return clean.length <= max ? clean : `${[...clean].slice(0, max - 1).join('')}…`;
}
