/**
 * What the HTML of an alternative says beyond its plain text. The two should be equal and sometimes are not: an empty
 * plain part with a courtesy line, or evidence that only one of them carries.
 */
const WORDS_MAX = 400_000;

const wordsOf = (text: string): string[] =>
  (text.match(/[\p{L}\p{N}][\p{L}\p{N}\p{M}._:/@=+-]*/gu) ?? []).slice(0, WORDS_MAX);

/** Words from this length on are identifiers (serials, fingerprints, links): one that is new is always shown. */
const IDENTIFIER_CHARS = 14;

/** Lines of `html` that `plain` does not say. Empty when it says them all. Linear in both. */
export function unseenLines(html: string, plain: string): string {
  if (html.trim() === '') return '';
  const known = new Set<string>();
  let before = '';
  for (const word of wordsOf(plain.toLowerCase())) {
    const bare = trimmed(word);
    known.add(bare);
    known.add(`${before} ${bare}`);
    before = bare;
  }
  return html
    .split('\n')
    .filter((line) => isUnseen(line.toLowerCase(), known))
    .join('\n')
    .trim();
}

const trimmed = (word: string): string => word.replace(/[._:/@=+-]+$/, '');

function isUnseen(line: string, known: ReadonlySet<string>): boolean {
  const words = wordsOf(line).map(trimmed);
  if (words.length === 0) return false;
  if (words.some((word) => word.length >= IDENTIFIER_CHARS && !known.has(word))) return true;
  const strange = words.filter((word) => !known.has(word)).length;
  if (strange * 5 > words.length * 2) return true;
  let strangePairs = 0;
  for (let i = 1; i < words.length; i++) if (!known.has(`${words[i - 1]} ${words[i]}`)) strangePairs++;
  return words.length > 3 && strangePairs * 2 > words.length;
}
