import type { Command } from 'commander';
import { readConfig } from '../config.ts';
import { type CommandContext, newCommand } from './context.ts';

export function configCommand({ out, exit, configFile }: CommandContext, about: string): Command {
  const command = newCommand('config', about);
  command
    .command('check [file]')
    .description('say what is wrong with a configuration file; exit 1 when something is')
    .option('--json', 'one JSON object: {ok, problems}')
    .action(async (file: string | undefined, options: { json?: boolean }) => {
      const read = await readConfig(file ?? configFile());
      const problems = read.ok ? await (await import('../ca-setup.ts')).caProblems(read.config) : read.problems;
      const ok = problems.length === 0;
      if (options.json === true) out(JSON.stringify({ ok, problems }));
      else if (ok) out('The configuration can be used.');
      else for (const { path, message } of problems) out(`${path === '' ? '' : `${path}: `}${message}`);
      const unopened = !read.ok && problems.some((p) => p.path === '' && p.message.includes('cannot be read'));
      if (!ok) exit(unopened ? 2 : 1);
    });
  return command;
}
