/**
 * Trains the committed model: `node src/stages/triage/model/train.ts`. Reads the stories and the corpus, writes
 * `weights.bin`. The same input gives the same bytes.
 */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { backgroundExamples, corpusExamples, type Labelled, storyExamples } from './examples.ts';
import { hash } from './features.ts';
import { defaultFit, fitModel } from './fit.ts';
import { type Calibration, type Model, packModel, predict } from './linear.ts';

export const corpusFolder = join(import.meta.dirname, '../../../../test/corpus');
export const folds = 4;

/** A family sits in one fold. */
export function foldOf(example: Labelled): number {
  return hash(`fold ${example.family}`) % folds;
}

/** The model for all given messages, with probabilities calibrated on what models that had not seen them said. */
export function train(examples: readonly Labelled[]): Model {
  return { ...fitModel(examples), calibration: calibrate(examples) };
}

/** Platt scaling over cross-validated scores: a score of 0.8 shall be right in eight cases of ten. */
export function calibrate(examples: readonly Labelled[]): Calibration {
  const points: { logit: number; report: boolean; weight: number }[] = [];
  for (let fold = 0; fold < folds; fold++) {
    const model = fitModel(examples.filter((one) => foldOf(one) !== fold));
    for (const one of examples) {
      if (foldOf(one) !== fold || one.wrapper === 'background') continue;
      const { report } = predict(model, one.features, one.understood.language);
      const bounded = Math.min(Math.max(report, 1e-6), 1 - 1e-6);
      points.push({
        logit: Math.log(bounded / (1 - bounded)),
        report: one.label !== 'not-a-report',
        weight: one.weight,
      });
    }
  }
  let slope = 1;
  let offset = 0;
  for (let round = 0; round < 2_000; round++) {
    let bySlope = 0;
    let byOffset = 0;
    let total = 0;
    for (const { logit, report, weight } of points) {
      const error = 1 / (1 + Math.exp(-(slope * logit + offset))) - (report ? 1 : 0);
      bySlope += weight * error * logit;
      byOffset += weight * error;
      total += weight;
    }
    slope -= (0.1 * bySlope) / total;
    offset -= (0.1 * byOffset) / total;
  }
  return { ...defaultFit.calibration, slope, offset };
}

if (import.meta.main) {
  const examples = [
    ...(await storyExamples()),
    ...(await backgroundExamples()),
    ...(await corpusExamples(corpusFolder)),
  ];
  const model = train(examples);
  writeFileSync(join(import.meta.dirname, 'weights.bin'), packModel(model));
  process.stderr.write(`trained on ${examples.length} messages, calibration ${JSON.stringify(model.calibration)}\n`);
}
