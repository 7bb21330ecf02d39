import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { openLog } from '../../src/main/log.ts';
import { type Outcome, runScenario } from '../../src/main/scenario/run.ts';
import { readScenario } from '../../src/main/scenario/schema.ts';

// biome-ignore lint/suspicious/noExplicitAny: a file as it was written; the schema is what is under test.
export type ScenarioFile = Record<string, any>;

/** More certificates than this make a replay one of its own. */
const smallMax = 5_000;
const folder = import.meta.dirname;

export function scenarioFiles(): readonly {
  readonly name: string;
  readonly file: ScenarioFile;
  readonly size: number;
}[] {
  return readdirSync(folder)
    .filter((name) => name.endsWith('.json'))
    .map((name) => {
      const file = JSON.parse(readFileSync(join(folder, name), 'utf8')) as ScenarioFile;
      const size = (file.fixtures as { count?: number }[]).reduce((sum, f) => sum + (f.count ?? 1), 0);
      return { name, file, size };
    });
}

export function isSmall({ size }: { readonly size: number }): boolean {
  return size <= smallMax;
}

export async function replayed(file: ScenarioFile): Promise<Outcome> {
  const read = readScenario(file);
  if (!read.ok) throw new Error(read.problem);
  return runScenario(read.scenario, { log: openLog('error') });
}

/** What a reader of a failed replay needs: the keys that do not hold, with what was found. */
export function broken(outcome: Outcome): string[] {
  return outcome.checks.filter((c) => c.ok === false).map((c) => `${c.name}: ${c.detail}`);
}

export function withoutChecks(outcome: Outcome): Omit<Outcome, 'checks'> {
  const { checks: _, ...rest } = outcome;
  return rest;
}
