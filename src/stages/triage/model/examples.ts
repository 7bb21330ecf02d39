/** From raw messages to training examples, for training and for every evaluation alike. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Label } from '../../../desk/facts.ts';
import { readMessage } from '../../../foundation/mail/read-message.ts';
import { backgroundMail } from '../data/background.ts';
import { expand } from '../data/expand.ts';
import { readStories, type Story } from '../data/read-data.ts';
import { type Understood, understand } from '../understand.ts';
import { featuresOf } from './features.ts';
import type { Example } from './fit.ts';

export interface Labelled extends Example {
  readonly name: string;
  /** Messages of one family never sit on both sides of a cross-validation. */
  readonly family: string;
  readonly language: string;
  readonly wrapper: string;
  readonly acceptable: readonly Label[];
  readonly understood: Understood;
}

/** Variants of one story at most; the plainest ones get more, and the many of the seventh round fewer. */
export const variantsOf = ({ theme }: Story) =>
  theme === 'canon' || theme === 'sixth' ? 8 : theme.startsWith('seventh') ? 2 : 3;

export async function storyExamples(stories: readonly Story[] = readStories()): Promise<Labelled[]> {
  const examples: Labelled[] = [];
  for (const story of stories) {
    const made = expand(story, variantsOf(story));
    for (const [number, one] of made.entries()) {
      const understood = understand(await readMessage(one.raw), null);
      examples.push({
        name: `${story.name}/${number + 1}`,
        family: story.family,
        language: story.language,
        wrapper: one.wrapper,
        label: story.label,
        hours: story.hours,
        acceptable: [],
        weight: 1.6 / made.length ** 0.7,
        features: featuresOf(understood),
        understood,
      });
    }
  }
  return examples;
}

/** Rows of common words, all of them ordinary mail; each a family of its own. */
export async function backgroundExamples(): Promise<Labelled[]> {
  const examples: Labelled[] = [];
  for (const [number, raw] of backgroundMail(backgroundCount).entries()) {
    const read = understand(await readMessage(raw), null);
    const understood = { ...read, language: 'en', reading: { ...read.reading, language: 'en' } };
    examples.push({
      name: `background/${number}`,
      family: `background ${number}`,
      language: 'en',
      wrapper: 'background',
      label: 'not-a-report',
      hours: null,
      acceptable: [],
      weight: 0.25,
      features: featuresOf(understood),
      understood,
    });
  }
  return examples;
}

const backgroundCount = 700;

interface CorpusLine {
  readonly file: string;
  readonly label: Label;
  readonly deadlineHours: 24 | 120 | null;
  readonly language: string;
  readonly alsoAcceptable?: readonly Label[];
}

/** A folder with `labels.jsonl` and mail in the form of the triage corpus. */
export async function corpusExamples(folder: string): Promise<Labelled[]> {
  const lines = readFileSync(join(folder, 'labels.jsonl'), 'utf8').trim().split('\n');
  const examples: Labelled[] = [];
  for (const text of lines) {
    const line = JSON.parse(text) as CorpusLine;
    const understood = understand(await readMessage(readFileSync(join(folder, line.file))), null);
    examples.push({
      name: line.file,
      family: `corpus ${line.file}`,
      language: line.language,
      wrapper: 'corpus',
      label: line.label,
      hours: line.deadlineHours,
      acceptable: line.alsoAcceptable ?? [],
      weight: 1.6,
      features: featuresOf(understood),
      understood,
    });
  }
  return examples;
}
