import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { readStories } from '../data/read-data.ts';
import { digestLine, reportFile } from '../evaluate.ts';
import { backgroundExamples } from './examples.ts';
import { fitLayers } from './fit.ts';
import { committedMadeFrom } from './linear.ts';
import { dataDigest } from './train.ts';

describe('what is checked in belongs together', () => {
  it('the weights were trained on these stories, this lexicon and this corpus', () => {
    expect(committedMadeFrom()).toBe(dataDigest());
  });

  it('the evaluation page was written over the same data', () => {
    expect(readFileSync(reportFile, 'utf8')).toContain(digestLine(dataDigest()));
  });
});

it('training twice gives the same bytes', async () => {
  const [few, stories] = [(await backgroundExamples()).slice(0, 30), readStories().length];
  expect(stories).toBeGreaterThan(1_000);
  const once = fitLayers(few);
  expect(Buffer.compare(Buffer.from(once.words.weights), Buffer.from(fitLayers(few).words.weights))).toBe(0);
});

it('a report and its harmless twin are one family', () => {
  const families = Map.groupBy(readStories(), (one) => one.family);
  const mixed = [...families.values()].filter(
    (list) => list.some((one) => one.label === 'not-a-report') && list.some((one) => one.label !== 'not-a-report'),
  );
  expect(mixed.length).toBeGreaterThan(100);
});
