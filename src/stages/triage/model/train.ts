/**
 * Trains the committed model: `node src/stages/triage/model/train.ts`. Reads the stories and the corpus, writes
 * `weights.bin`. The same input gives the same bytes.
 */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { corpusExamples, storyExamples } from './examples.ts';
import { fit } from './fit.ts';
import { packModel } from './linear.ts';

const corpusFolder = join(import.meta.dirname, '../../../../test/corpus');

if (import.meta.main) {
  const examples = [...(await storyExamples()), ...(await corpusExamples(corpusFolder))];
  const model = fit(examples);
  writeFileSync(join(import.meta.dirname, 'weights.bin'), packModel(model));
  process.stderr.write(`trained on ${examples.length} messages\n`);
}
