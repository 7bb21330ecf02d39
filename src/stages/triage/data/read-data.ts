/**
 * The training messages on disk. One file per theme and language (`leaks.en.txt`); one entry per story:
 *
 *     == key-compromise 24
 *     Subject of the message
 *     Body, as long as it takes. {We found|I came across} gives variants; <host>, <serial>, <crtsh>, <fp>, <url>,
 *     <order>, <num>, <email>, <pemkey>, <pemcert>, <pemcsr> are filled in. Lines with > are quoted.
 *
 * An entry is a family: its variants never sit on both sides of a cross-validation. Neighbours that tell nearly the same
 * (a report and its harmless twin) are one family. The files `all.*` and `canon.*` tell the same stories in the same
 * order in many languages, so there the n-th story of a label is one family over all languages.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Label, labels } from '../../../desk/facts.ts';
import { wordsOf } from '../text.ts';

export interface Story {
  readonly name: string;
  readonly family: string;
  readonly language: string;
  readonly theme: string;
  readonly label: Label;
  readonly hours: 24 | 120 | null;
  readonly subject: string;
  readonly body: string;
}

const usualHours: Readonly<Record<Label, 24 | 120 | null>> = {
  'key-compromise': 24,
  'weak-key': 24,
  misissuance: 120,
  'domain-control': 120,
  misuse: 120,
  'subscriber-request': 24,
  'wrong-information': 120,
  'ca-noncompliance': null,
  'other-problem': 24,
  'not-a-report': null,
};

/** Short names, so that the files are quick to write and to read. */
const shortNames: Readonly<Record<string, Label>> = {
  key: 'key-compromise',
  weak: 'weak-key',
  mis: 'misissuance',
  dom: 'domain-control',
  use: 'misuse',
  sub: 'subscriber-request',
  info: 'wrong-information',
  ca: 'ca-noncompliance',
  other: 'other-problem',
  no: 'not-a-report',
};

export const storiesFolder = join(import.meta.dirname, 'stories');

export function readStories(folder: string = storiesFolder): Story[] {
  const stories: Story[] = [];
  for (const file of readdirSync(folder).filter((name) => name.endsWith('.txt')).sort()) {
    const [theme, language] = file.split('.') as [string, string];
    const entries = readFileSync(join(folder, file), 'utf8').split(/^== /m).slice(1);
    const told = new Map<Label, number>();
    let before: { readonly family: string; readonly words: ReadonlySet<string> } | null = null;
    entries.forEach((entry, index) => {
      const [head, subject, ...body] = entry.trimEnd().split('\n');
      const [name, hours] = head!.trim().split(/\s+/) as [string, string | undefined];
      const label = shortNames[name] ?? labels.find((one) => one === name);
      if (!label) throw new Error(`${file}: entry ${index + 1} has the unknown label "${name}"`);
      const ordinal = (told.get(label) ?? 0) + 1;
      told.set(label, ordinal);
      const words = new Set(wordsOf(`${subject}\n${body.join('\n')}`));
      const own = `${theme}.${language}#${index + 1}`;
      const family: string = inStep.has(theme)
        ? `${theme} ${label}#${language === 'en' ? `en${ordinal}` : ordinal}`
        : before !== null && likeness(before.words, words) >= twinsFrom
          ? before.family
          : own;
      before = { family, words };
      stories.push({
        name: own,
        family,
        language,
        theme,
        label,
        hours: hoursOf(hours, label),
        subject: subject ?? '',
        body: body.join('\n').trim(),
      });
    });
  }
  return stories;
}

/** Themes whose files tell the same stories in every language. */
const inStep: ReadonlySet<string> = new Set(['all', 'canon']);

/** Share of words that two neighbours have in common, from which on one is a version of the other. */
const twinsFrom = 0.28;

function likeness(one: ReadonlySet<string>, other: ReadonlySet<string>): number {
  return one.intersection(other).size / Math.max(1, one.union(other).size);
}

function hoursOf(text: string | undefined, label: Label): 24 | 120 | null {
  if (text === '24') return 24;
  if (text === '120') return 120;
  return text === 'null' ? null : usualHours[label];
}
