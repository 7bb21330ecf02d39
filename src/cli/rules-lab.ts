/** `rescind rules-lab PATH…`: which verdicts other rules would move, before anybody publishes them. */
import { Command, InvalidArgumentError } from 'commander';
import { type RulesTrial, tryRules } from '../app/try-rules.ts';
import { type Rules, rulesWith } from '../stages/triage/rules.ts';
import type { Thresholds } from '../stages/triage/thresholds.ts';
import { filesUnder, messagesIn, Unopened } from './mail-files.ts';
import { processCli, type TriageCli } from './triage.ts';

interface Options {
  readonly json?: boolean;
  readonly openFrom?: number;
  readonly fileBelow?: number;
  readonly fileStrangersBelow?: number;
  readonly lexicon?: string | null;
  readonly weights?: string | null;
}

export function rulesLabCommand(cli: TriageCli = processCli()): Command {
  return new Command('rules-lab')
    .description('which verdicts other rules would move: replays stored mail, changes nothing')
    .argument('<path...>', 'mail files, mbox files and folders')
    .option('--json', 'one JSON object per verdict that moves, then the counts')
    .option('--open-from <score>', 'open a case from this score', score)
    .option('--file-below <score>', 'file mail about certificates below this score', score)
    .option('--file-strangers-below <score>', 'file mail about anything else below this score', score)
    .option('--lexicon <dir>', 'folder of LANGUAGE.txt files to read with')
    .option('--weights <file>', 'weights written by npm run train:triage')
    .action(async (paths: string[], options: Options) => {
      try {
        show(
          cli,
          await tryRules(mailAt(paths), rulesOf(options), { ownDomains: () => false, now: cli.time.now() }),
          options,
        );
      } catch (cause) {
        if (!(cause instanceof Unopened)) throw cause;
        cli.err(`rescind: ${cause.message}`);
        cli.exit(2);
      }
    });
}

function score(text: string): number {
  const value = Number(text);
  // Just above one, so that "never" can be said.
  if (text.trim() === '' || !(value >= 0 && value <= 1.01))
    throw new InvalidArgumentError('a score lies between 0 and 1.');
  return value;
}

function rulesOf({ openFrom, fileBelow, fileStrangersBelow, lexicon = null, weights = null }: Options): Rules {
  const thresholds: Partial<Thresholds> = {
    ...(openFrom === undefined ? {} : { openFrom }),
    ...(fileBelow === undefined ? {} : { fileBelow }),
    ...(fileStrangersBelow === undefined ? {} : { fileStrangersBelow }),
  };
  try {
    return rulesWith({ thresholds, lexiconFolder: lexicon, weightsFile: weights });
  } catch (cause) {
    throw new Unopened(`these rules cannot be read: ${cause instanceof Error ? cause.message : String(cause)}`);
  }
}

async function* mailAt(paths: readonly string[]): AsyncGenerator<{ name: string; bytes: Uint8Array }> {
  const files: string[] = [];
  for (const path of paths) files.push(...(await filesUnder(path)));
  for (const file of files) yield* messagesIn(file);
}

function show(cli: TriageCli, { messages, before, after, moved }: RulesTrial, { json }: Options): void {
  for (const one of moved) {
    if (json === true) cli.out(JSON.stringify(one));
    else cli.out(`${one.weaker ? 'weaker ' : ''}${one.name}: ${inWords(one.before)} -> ${inWords(one.after)}`);
  }
  const weaker = moved.filter((one) => one.weaker).length;
  if (json === true) cli.out(JSON.stringify({ messages, before, after, moved: moved.length, weaker }));
  else {
    cli.out(`${moved.length} of ${messages} verdicts move, ${weaker} to something weaker.`);
    for (const action of ['open-case', 'human-review', 'file'] as const)
      cli.out(`${action.padEnd(12)} ${before[action]} -> ${after[action]}`);
  }
}

function inWords({ action, label, deadlineHours, score: value }: RulesTrial['moved'][number]['before']): string {
  return `${action}, ${label}${deadlineHours === null ? '' : `, ${deadlineHours} h`}, ${value}`;
}
