/**
 * Trains the committed model: `npm run train:triage`. Reads the stories and the corpus, writes `weights.bin`. The same
 * input gives the same bytes.
 */
import { createHash } from 'node:crypto';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { backgroundExamples, corpusExamples, type Labelled, storyExamples } from './examples.ts';
import { hash } from './features.ts';
import { fitLayers, fitMix, type Point } from './fit.ts';
import { type Layers, type Mix, type Model, opinionsOf, packModel, weightsFile } from './linear.ts';

export const corpusFolder = join(import.meta.dirname, '../../../../test/corpus');
export const folds = 4;

/** A family sits in one fold. */
export function foldOf(example: Labelled): number {
  return hash(`fold ${example.family}`) % folds;
}

export interface Folded {
  /** Layers that saw no message of the fold. */
  readonly layers: readonly Layers[];
  /** The mix for a fold, fitted without what is in it. */
  readonly mixes: readonly Mix[];
  /** The mix fitted on all folds, for new mail. */
  readonly mix: Mix;
}

/** Everything is judged by layers that had not seen its family; the mixes are fitted on these judgements. */
export function fold(examples: readonly Labelled[]): Folded {
  const layers: Layers[] = [];
  const points: (Point & { readonly fold: number })[] = [];
  for (let number = 0; number < folds; number++) {
    const fitted = fitLayers(examples.filter((one) => foldOf(one) !== number));
    layers.push(fitted);
    for (const one of examples) {
      if (foldOf(one) !== number || one.wrapper === 'background') continue;
      const opinions = opinionsOf(fitted, one.features).report;
      points.push({ opinions, report: one.label !== 'not-a-report', weight: one.weight, fold: number });
    }
  }
  const mixes = layers.map((_, number) => fitMix(points.filter((one) => one.fold !== number)));
  return { layers, mixes, mix: fitMix(points) };
}

export interface TrainingData {
  readonly stories: readonly Labelled[];
  readonly background: readonly Labelled[];
  readonly corpus: readonly Labelled[];
}

export async function trainingData(): Promise<TrainingData> {
  return {
    stories: await storyExamples(),
    background: await backgroundExamples(),
    corpus: await corpusExamples(corpusFolder),
  };
}

/** Layers over everything; the mix comes from the stories alone, so that the corpus can be judged by the same mix unseen. */
export function train({ stories, background, corpus }: TrainingData, { mix }: Folded): Model {
  return { ...fitLayers([...stories, ...background, ...corpus]), mix };
}

/** Digest of everything that training reads: stories, lexicon, corpus. */
export function dataDigest(): string {
  const here = import.meta.dirname;
  const digest = createHash('sha256');
  for (const folder of [join(here, '../data'), join(here, '../knowledge'), corpusFolder]) {
    for (const name of readdirSync(folder, { recursive: true, encoding: 'utf8' }).sort()) {
      if (!/\.(?:txt|eml|jsonl)$/.test(name)) continue;
      digest.update(`${name}\n`).update(readFileSync(join(folder, name)));
    }
  }
  return digest.digest('hex');
}

if (import.meta.main) {
  const data = await trainingData();
  const model = train(data, fold([...data.stories, ...data.background]));
  writeFileSync(weightsFile, packModel(model, dataDigest()));
  process.stderr.write(`trained on ${data.stories.length} messages; mix ${JSON.stringify(model.mix)}\n`);
}
