/** `rescind scenario run FILE…`: see `test/replays/SCHEMA.md` for the files and for what is printed. */
import { readFile } from 'node:fs/promises';
import type { Command } from 'commander';
import { Fault } from '../../foundation/fault.ts';
import { openLog } from '../log.ts';
import { runScenario } from '../scenario/run.ts';
import { readScenario, type Scenario } from '../scenario/schema.ts';
import { UnknownRef } from '../scenario/world.ts';
import { type CommandContext, newCommand } from './context.ts';

export function scenarioCommand(context: CommandContext, about: string): Command {
  const command = newCommand('scenario', about);
  command
    .command('run <file...>')
    .description('replay scenario files on virtual time with everything else real; exit 1 when a check fails')
    .option('--json', 'one JSON object per file')
    .action(async (files: string[], options: { json?: boolean }) => {
      for (const file of files) await runFile(context, file, options.json === true);
    });
  return command;
}

async function runFile({ out, err, exit }: CommandContext, file: string, json: boolean): Promise<void> {
  const outcome = await runScenario(await scenarioIn(file), {
    log: openLog('error'),
    progress: (now, what) => {
      if (!json) err(`${now.toString()}  ${what}`);
    },
  }).catch((error: unknown) => {
    if (error instanceof UnknownRef) throw new Fault('scenario_invalid', `${file}: ${error.message}.`);
    throw error;
  });
  if (json) out(JSON.stringify(outcome));
  else {
    out(
      `${outcome.id}: ${outcome.revokedCount} revoked, ${outcome.heldCount} held, ${outcome.late ? 'LATE' : 'in time'}`,
    );
    for (const { name, ok, detail } of outcome.checks)
      out(`  ${ok === null ? '?' : ok ? '✓' : '✗'} ${name}: ${detail}`);
  }
  if (outcome.checks.some((c) => c.ok === false)) exit(1);
}

async function scenarioIn(file: string): Promise<Scenario> {
  const text = await readFile(file, 'utf8').catch((error: NodeJS.ErrnoException) => {
    throw new Fault('path_not_readable', `${file} cannot be opened (${error.code}).`);
  });
  let parsed: unknown;
  try {
    parsed = JSON.parse(text);
  } catch {
    throw new Fault('scenario_invalid', `${file} is not JSON.`);
  }
  const read = readScenario(parsed);
  if (!read.ok) throw new Fault('scenario_invalid', `${file}: ${read.problem}.`);
  return read.scenario;
}
