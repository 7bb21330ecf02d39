/** The lexicon on disk: one file per language, the same concepts in all of them (`concepts.md` explains each). */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Matcher, parseLexicon } from './matcher.ts';

export interface Lexicons {
  /** The matcher of one language, null when there is no lexicon for it. */
  of(language: string): Matcher | null;
}

export const lexiconFolder = join(import.meta.dirname, 'lexicon');

/** The lexicons of a folder, each built on first use and kept. */
export function lexiconsIn(folder: string): Lexicons {
  const matchers = new Map<string, Matcher | null>();
  return {
    of(language) {
      const known = matchers.get(language);
      if (known !== undefined) return known;
      const file = join(folder, `${language}.txt`);
      const matcher = existsSync(file) ? matcherOf(readFileSync(file, 'utf8')) : null;
      matchers.set(language, matcher);
      return matcher;
    },
  };
}

function matcherOf(text: string): Matcher {
  const matcher = new Matcher();
  for (const [concept, phrases] of parseLexicon(text)) for (const phrase of phrases) matcher.add(concept, phrase);
  return matcher;
}

export const committedLexicons: Lexicons = lexiconsIn(lexiconFolder);
