/** The lexicon on disk: one file per language, the same concepts in all of them (`concepts.md` explains each). */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Matcher, parseLexicon } from './matcher.ts';

const folder = join(import.meta.dirname, 'lexicon');

const matchers = new Map<string, Matcher>();

export const lexiconLanguages: readonly string[] = readdirSync(folder)
  .filter((name) => name.endsWith('.txt'))
  .map((name) => name.slice(0, -4))
  .sort();

/** The matcher of one language, null when there is no lexicon for it. Built on first use and kept. */
export function lexiconOf(language: string): Matcher | null {
  const known = matchers.get(language);
  if (known) return known;
  if (!lexiconLanguages.includes(language)) return null;
  const matcher = new Matcher();
  for (const [concept, phrases] of parseLexicon(readFileSync(join(folder, `${language}.txt`), 'utf8'))) {
    for (const phrase of phrases) matcher.add(concept, phrase);
  }
  matchers.set(language, matcher);
  return matcher;
}
