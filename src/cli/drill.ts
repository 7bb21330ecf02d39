/** `rescind drill run | score | due | held`: practice that arrives like a real report, and what it showed. */
import { Command, InvalidArgumentError } from 'commander';
import {
  byTeam,
  type DrillPlan,
  type DrillRun,
  drillPlans,
  drillsDue,
  type Scoreboard,
  scoreboard,
} from '../assurance/drill/index.ts';
import { type Instant, rfc3339, type Time } from '../foundation/time/time.ts';

export interface DrillDesk {
  readonly stories: readonly string[];
  run(
    wanted: { readonly story: string; readonly to: string | null; readonly by: string },
    now: Instant,
  ): Promise<{
    readonly drillId: string;
    readonly to: string;
    readonly sent: boolean;
    readonly problem: string | null;
  }>;
  held(kind: DrillPlan['kind'], by: string, remark: string, now: Instant): Promise<void>;
  done(): Promise<readonly { readonly kind: DrillPlan['kind']; readonly at: Instant }[]>;
  runs(): Promise<readonly DrillRun[]>;
  close(): Promise<void>;
}

export interface DrillCli {
  open(): Promise<DrillDesk>;
  readonly time: Time;
  readonly out: (line: string) => void;
  readonly exit: (code: number) => void;
}

const kinds = drillPlans.map((plan) => plan.kind);

export function drillCommand(cli: DrillCli): Command {
  const command = new Command('drill')
    .description('practise: send a test report as the world would, and see how fast people were')
    .addHelpText(
      'after',
      `
A drill arrives like a real report, at the published address. Its key was made for it alone and no certificate carries
it, so nothing can be revoked by it. Nobody is told beforehand; afterwards the people decide the case as they would any.

  rescind drill run key         a leaked private key; also: misuse, invoice (which is no report)
  rescind drill score           how long recognising, routing, taking and deciding took, by team
  rescind drill due             what is owed, and since when
  rescind drill held mass-revocation --remark "table top, 90 min"   a drill that people held by themselves`,
    );

  const withDesk = async (work: (desk: DrillDesk, now: Instant) => Promise<void>): Promise<void> => {
    const desk = await cli.open();
    try {
      await work(desk, cli.time.now());
    } finally {
      await desk.close();
    }
  };

  command
    .command('run <story>')
    .description('send one now: key, misuse or invoice; a desk has to be running to receive it')
    .option('--to <address>', 'a published address; the first of `canaries`, or the address letters come from')
    .option('--by <person>', 'who ordered it', 'staff')
    .option('--json', 'one JSON object: {drillId, to, sent, problem}')
    .action((story: string, options: { to?: string; by: string; json?: boolean }) =>
      withDesk(async (desk, now) => {
        if (!desk.stories.includes(story)) throw new InvalidArgumentError(`Known: ${desk.stories.join(', ')}.`);
        const result = await desk.run({ story, to: options.to ?? null, by: options.by }, now);
        if (options.json === true) cli.out(JSON.stringify(result));
        else if (result.sent)
          cli.out(`${result.drillId} was sent to ${result.to}. Look later with: rescind drill score`);
        else cli.out(`${result.drillId} could not be sent to ${result.to}: ${result.problem}`);
        if (!result.sent) cli.exit(1);
      }),
    );

  command
    .command('score')
    .description('what the drills of the last thousand showed; exit 1 when a report was taken for none')
    .option('--json', 'one JSON object per drill')
    .action((options: { json?: boolean }) =>
      withDesk(async (desk) => {
        const runs = await desk.runs();
        const board = scoreboard(runs);
        if (options.json === true) for (const run of runs) cli.out(JSON.stringify(plain(run)));
        else if (runs.length === 0) cli.out('No drill has been run yet. Begin with: rescind drill run key');
        else for (const [team, own] of byTeam(runs)) for (const line of boardLines(team, own)) cli.out(line);
        if (board.underestimated.length > 0) cli.exit(1);
      }),
    );

  command
    .command('due')
    .description('which drills are owed; exit 1 when one is overdue')
    .option('--json', 'one JSON object per kind: {kind, dueAt, overdue, because}')
    .action((options: { json?: boolean }) =>
      withDesk(async (desk, now) => {
        const due = drillsDue(await desk.done(), now);
        for (const { kind, dueAt, overdue, because } of due) {
          const at = dueAt === null ? null : rfc3339(dueAt);
          if (options.json === true) cli.out(JSON.stringify({ kind, dueAt: at, overdue, because }));
          else
            cli.out(`${overdue ? '✗' : '✓'} ${kind.padEnd(16)} ${at === null ? 'never held' : `by ${at}`}. ${because}`);
        }
        if (due.some((d) => d.overdue)) cli.exit(1);
      }),
    );

  command
    .command('held <kind>')
    .description(`note a drill that people held by themselves: ${kinds.join(', ')}`)
    .requiredOption('--remark <text>', 'what was practised, and what it showed')
    .option('--by <person>', 'who held it', 'staff')
    .action((kind: string, options: { remark: string; by: string }) =>
      withDesk(async (desk, now) => {
        const known = kinds.find((k) => k === kind);
        if (known === undefined) throw new InvalidArgumentError(`Known: ${kinds.join(', ')}.`);
        await desk.held(known, options.by, options.remark, now);
        cli.out('Noted.');
      }),
    );
  return command;
}

function boardLines(team: string, board: Scoreboard): readonly string[] {
  const figures = board.phases.map(({ phase, reached, never, medianSeconds, slowestSeconds, withinTarget }) => {
    const times =
      medianSeconds === null ? 'never' : `median ${span(medianSeconds)}, slowest ${span(slowestSeconds ?? 0)}`;
    return `    ${phase.padEnd(11)} ${times}; ${withinTarget} of ${reached + never} in time`;
  });
  const missed = board.underestimated.map((id) => `    ✗ ${id}: a report was taken for none`);
  return [
    `${team}: ${board.runs} ${board.runs === 1 ? 'drill' : 'drills'}, ${board.rightLabel} decided rightly`,
    ...figures,
    ...missed,
  ];
}

function span(seconds: number): string {
  return seconds < 90 ? `${Math.round(seconds)} s` : `${Math.round(seconds / 60)} min`;
}

function plain(run: DrillRun): Record<string, unknown> {
  const at = (instant: Instant | null) => (instant === null ? null : rfc3339(instant));
  return {
    ...{ drillId: run.drillId, team: run.team, person: run.person, trueLabel: run.trueLabel },
    ...{ injectedAt: at(run.injectedAt), recognisedAt: at(run.recognisedAt), routedAt: at(run.routedAt) },
    ...{ takenAt: at(run.takenAt), decidedAt: at(run.decidedAt), decidedLabel: run.decidedLabel },
  };
}
