import type { Command } from 'commander';
import { Fault } from '../../foundation/fault.ts';
import { benches, runBenches } from '../benches.ts';
import { type CommandContext, newCommand } from './context.ts';

export function benchCommand({ out }: CommandContext, about: string): Command {
  return newCommand('bench', `${about}; without a name all of: ${Object.keys(benches).join(', ')}`)
    .argument('[name...]')
    .option('--json', 'one JSON object per bench')
    .action(async (names: string[], options: { json?: boolean }) => {
      const unknown = names.find((n) => !(n in benches));
      if (unknown !== undefined)
        throw new Fault('bench_unknown', `There is no bench "${unknown}". Known: ${Object.keys(benches).join(', ')}.`);
      await runBenches(names, (result) =>
        out(options.json === true ? JSON.stringify(result) : JSON.stringify(result, null, 2)),
      );
    });
}
