import type { Command } from 'commander';
import { doctor } from '../doctor.ts';
import { type CommandContext, newCommand } from './context.ts';

export function doctorCommand({ time, out, exit, configured }: CommandContext, about: string): Command {
  return newCommand('doctor', about)
    .option('--json', 'one JSON object: {ok, checks}')
    .action(async (options: { json?: boolean }) => {
      const { ok, checks } = await doctor(await configured(), time);
      if (options.json === true) out(JSON.stringify({ ok, checks }));
      else for (const c of checks) out(`${c.ok ? '✓' : '✗'} ${c.name}: ${c.message}`);
      if (!ok) exit(1);
    });
}
