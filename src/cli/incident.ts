/** `rescind incident draft CASE` and `incident lint FILE`: the stable contract of the command line. */
import { readFile } from 'node:fs/promises';
import { Command } from 'commander';
import { type CaseRecord, draftReport, incidentFacts, lintReport } from '../assurance/incident/index.ts';
import type { Time } from '../foundation/time/time.ts';

export interface IncidentCli {
  /** The case with its events; null when there is none of this id. `close` is called when the command is done. */
  open(): Promise<{ load(caseId: string): Promise<CaseRecord | null>; close(): Promise<void> }>;
  readonly time: Time;
  readonly out: (line: string) => void;
  readonly err: (line: string) => void;
  readonly exit: (code: number) => void;
}

export function incidentCommand(cli: IncidentCli): Command {
  const command = new Command('incident').description(
    'the public incident report: draft it from a case, check it before posting',
  );

  command
    .command('draft <case>')
    .description('write the CCADB incident report of a case from its events; gaps that only people can fill are marked')
    .option('--json', 'one JSON object: {markdown}')
    .action(async (caseId: string, options: { json?: boolean }) => {
      const { load, close } = await cli.open();
      try {
        const record = await load(caseId);
        if (record === null) {
          cli.err(`rescind: there is no case ${caseId}.`);
          cli.exit(2);
          return;
        }
        const markdown = draftReport(incidentFacts(record));
        cli.out(options.json === true ? JSON.stringify({ markdown }) : markdown);
      } finally {
        await close();
      }
    });

  command
    .command('lint <file>')
    .description('read a report as a root program would; exit 1 when it has errors')
    .option('--json', 'one JSON object: {errors, warnings}')
    .option('--list <csv>', 'the attached certificate list')
    .option('--title <text>', 'title of the bug')
    .action(async (file: string, options: { json?: boolean; list?: string; title?: string }) => {
      const markdown = await readOrSay(cli, file);
      const list = options.list === undefined ? undefined : await readOrSay(cli, options.list);
      if (markdown === null || list === null) return;
      const answer = lintReport(markdown, {
        now: cli.time.now(),
        ...(list === undefined ? {} : { appendixCsv: list }),
        ...(options.title === undefined ? {} : { bugTitle: options.title }),
      });
      if (options.json === true) {
        cli.out(JSON.stringify({ errors: answer.errors, warnings: answer.warnings }));
      } else {
        const say = (kind: string) => (f: { rule: string; line: number; message: string }) =>
          cli.out(`${file}:${f.line}: ${kind} ${f.rule}: ${f.message}`);
        answer.errors.forEach(say('error'));
        answer.warnings.forEach(say('warning'));
        cli.out(`${answer.errors.length} error(s), ${answer.warnings.length} warning(s)`);
      }
      cli.exit(answer.errors.length > 0 ? 1 : 0);
    });

  return command;
}

async function readOrSay(cli: IncidentCli, file: string): Promise<string | null> {
  try {
    return await readFile(file, 'utf8');
  } catch {
    cli.err(`rescind: ${file} cannot be opened.`);
    cli.exit(2);
    return null;
  }
}
