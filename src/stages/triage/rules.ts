/** What triage judges by. The rules in force are committed; others are tried in the rules lab before they are. */
import { existsSync, readFileSync } from 'node:fs';
import { committedLexicons, type Lexicons, lexiconsIn } from './knowledge/lexicons.ts';
import { committedModel, type Model, unpackModel } from './model/linear.ts';
import { defaultThresholds, type Thresholds } from './thresholds.ts';

export interface Rules {
  readonly thresholds: Thresholds;
  readonly lexicons: Lexicons;
  readonly model: Model;
}

export interface RulesChange {
  readonly thresholds: Partial<Thresholds>;
  /** Folder of `LANGUAGE.txt` files; a language without a file there has no lexicon. Null: the one in force. */
  readonly lexiconFolder: string | null;
  /** File written by `npm run train:triage`. Null: the one in force. */
  readonly weightsFile: string | null;
}

export function rulesInForce(): Rules {
  return { thresholds: defaultThresholds, lexicons: committedLexicons, model: committedModel() };
}

export function rulesWith(change: RulesChange): Rules {
  const rules = rulesInForce();
  const { lexiconFolder, weightsFile } = change;
  if (lexiconFolder !== null && !existsSync(lexiconFolder)) throw new Error(`${lexiconFolder} cannot be opened`);
  return {
    thresholds: { ...rules.thresholds, ...change.thresholds },
    lexicons: lexiconFolder === null ? rules.lexicons : lexiconsIn(lexiconFolder),
    model: weightsFile === null ? rules.model : unpackModel(readFileSync(weightsFile)),
  };
}
