/**
 * The training messages on disk. One file per theme and language (`leaks.en.txt`); one entry per story:
 *
 *     == key-compromise 24
 *     Subject of the message
 *     Body, as long as it takes. {We found|I came across} gives variants; <host>, <serial>, <crtsh>, <fp>, <url>,
 *     <order>, <num>, <email>, <pemkey>, <pemcert>, <pemcsr> are filled in. Lines with > are quoted.
 *
 * An entry is a family: its variants never sit on both sides of a cross-validation. The files `all.*` and `canon.*` tell the same
 * stories in the same order in many languages, so there the n-th story of a label is one family over all languages.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Label, labels } from '../../../desk/facts.ts';

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
    entries.forEach((entry, index) => {
      const [head, subject, ...body] = entry.trimEnd().split('\n');
      const [name, hours] = head!.trim().split(/\s+/) as [string, string | undefined];
      const label = shortNames[name] ?? labels.find((one) => one === name);
      if (!label) throw new Error(`${file}: entry ${index + 1} has the unknown label "${name}"`);
      const ordinal = (told.get(label) ?? 0) + 1;
      told.set(label, ordinal);
      const family = theme === 'all' || theme === 'canon' ? `${theme} ${label}#${language === 'en' ? `en${ordinal}` : ordinal}` : `${theme}.${language}#${index + 1}`;
      stories.push({
        name: `${theme}.${language}#${index + 1}`,
        family, language, theme, label, hours: hoursOf(hours, label), subject: subject ?? '', body: body.join('\n').trim() });
    });
  }
  return stories;
}

function hoursOf(text: string | undefined, label: Label): 24 | 120 | null {
  if (text === '24') return 24;
  if (text === '120') return 120;
  return text === 'null' ? null : usualHours[label];
}
