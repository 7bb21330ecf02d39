/** Languages in which every letter can be written; the acknowledgement knows more (`acknowledgements.ts`). */
import { de } from './de.ts';
import { en } from './en.ts';
import { es } from './es.ts';
import { fr } from './fr.ts';
import { it } from './it.ts';
import { nl } from './nl.ts';
import { pt } from './pt.ts';
import type { Words } from './words.ts';

export const languages: readonly Words[] = [en, de, fr, es, it, nl, pt];

/** The words for a language as recognised (`pt-BR` is `pt`); English where we have none. */
export function wordsFor(language: string): Words {
  const base = baseLanguage(language);
  return languages.find((words) => words.language === base) ?? en;
}

export function baseLanguage(language: string): string {
  return language.toLowerCase().split(/[-_]/)[0] ?? '';
}
