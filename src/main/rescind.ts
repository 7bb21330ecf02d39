/**
 * The command line. Each command is a file in `cli/` or `main/commands/`; here the one that was asked for is loaded
 * and run, and failures are told in one way.
 */
import { enableCompileCache } from 'node:module';
import { join } from 'node:path';
import { Command, CommanderError } from 'commander';
import { Fault } from '../foundation/fault.ts';
import { commandContext } from './commands/context.ts';
import { commands } from './commands/index.ts';

// Compiled code is kept beside the packages, where only their owner writes; where nobody may write, nothing is kept.
enableCompileCache(join(import.meta.dirname, '..', '..', 'node_modules', '.cache', 'rescind'));

const program = new Command('rescind')
  .description(
    'the revocation desk of a certification authority: from a problem report on any channel to a revocation that relying parties can see, before the deadline',
  )
  .option('--config <file>', 'configuration file (YAML or JSON); defaults serve a laptop')
  .showSuggestionAfterError()
  .exitOverride()
  .addHelpText(
    'after',
    `
Start here:
  rescind demo                      the incident this desk was built for, in half a minute
  rescind serve                     a desk with a lab CA on this machine (mail to port 2525, console on 8080)
  rescind triage mail.eml           what a message is about, and why
  rescind evidence check key.pem    what a file shows about a key

Every command takes --json for one JSON value a line on stdout; logs go to stderr.
Exit codes: 0 success, 1 the answer is bad news, 2 bad usage or a path that cannot be opened.`,
  );
const context = commandContext(() => (program.opts() as { config?: string }).config);

/** Faults that are the user's to mend before anything can start. */
const usageFaults = new Set([
  'config_invalid',
  'scenario_invalid',
  'path_not_readable',
  'bench_unknown',
  'connector_unknown',
]);

const asked = commandIn(process.argv.slice(2));

/** Whoever reads along may leave (`| head`): an answer that nobody reads ends there, and a desk goes on. */
function readerLeft(error: NodeJS.ErrnoException): void {
  if (error.code !== 'EPIPE') throw error;
  if (asked !== 'serve') process.exit();
}
process.stdout.on('error', readerLeft);
process.stderr.on('error', readerLeft);

try {
  for (const [name, command] of commands)
    program.addCommand(name === asked ? await command.load(context) : new Command(name).description(command.about));
  await program.parseAsync();
} catch (error) {
  if (error instanceof CommanderError) context.exit(error.exitCode === 0 ? 0 : 2);
  else if (error instanceof Fault) {
    context.err(`rescind: ${error.message} [${error.code}]`);
    context.exit(usageFaults.has(error.code) ? 2 : 1);
  } else throw error;
}

/** The command's name: the first word that is neither an option nor the value of `--config`; after `help`, the next. */
function commandIn(words: readonly string[]): string | undefined {
  const plain = words.filter((word, at) => !word.startsWith('-') && words[at - 1] !== '--config');
  return plain[0] === 'help' ? plain[1] : plain[0];
}
