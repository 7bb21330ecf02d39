/** `rescind triage PATH…`: the stable contract of the command line. Reads files, stores nothing. */
import { readFile } from 'node:fs/promises';
import { Command } from 'commander';
import { type ReadForTriage, readForTriage, type TriageSurroundings } from '../app/read-for-triage.ts';
import { parseCertificate } from '../foundation/pki/x509.ts';
import { SystemTime } from '../foundation/time/system-time.ts';
import { type Instant, rfc3339, type Time } from '../foundation/time/time.ts';
import { certificatesIn } from '../stages/evidence/check.ts';
import { filesUnder, messagesIn, Unopened } from './mail-files.ts';

export interface TriageCli {
  readonly time: Time;
  readonly out: (line: string) => void;
  readonly err: (line: string) => void;
  readonly exit: (code: number) => void;
}

interface Options {
  readonly json?: boolean;
  readonly receivedBy: string;
  readonly inventory?: string;
  readonly failOnFinding?: boolean;
}

/** The demo CA's mail exchanger. */
const defaultReceiver = 'mx.ca.example';
export function triageCommand(cli: TriageCli = processCli()): Command {
  return new Command('triage')
    .description('what messages are about: label, deadline, route, evidence, and why')
    .argument('<path...>', 'mail files, mbox files and folders')
    .option('--json', 'one JSON object per message')
    .option('--received-by <host>', 'the host that accepts mail for the CA', defaultReceiver)
    .option('--inventory <dir>', 'folder of certificates (PEM or DER): their names count as ours')
    .option('--fail-on-finding', 'exit 1 when a message opens a case')
    .action(async (paths: string[], options: Options) => {
      try {
        await judge(cli, paths, options);
      } catch (cause) {
        if (!(cause instanceof Unopened)) throw cause;
        cli.err(`rescind: ${cause.message}`);
        cli.exit(2);
      }
    });
}

async function judge(cli: TriageCli, paths: readonly string[], options: Options): Promise<void> {
  const now = cli.time.now();
  const names = options.inventory === undefined ? new Set<string>() : await namesUnder(options.inventory, now);
  const surroundings: TriageSurroundings = {
    receivedBy: options.receivedBy,
    ownDomains: (name) => isNamed(names, name),
    now,
  };
  // Every path is looked at before the first is read: a typing error shows at once and not after an hour.
  const files: string[] = [];
  for (const path of paths) files.push(...(await filesUnder(path)));
  let opened = false;
  for (const file of files) {
    for await (const { name, bytes } of messagesIn(file)) {
      const read = await readForTriage(bytes, surroundings);
      opened ||= read.triage.action === 'open-case';
      cli.out(options.json === true ? JSON.stringify(inJson(name, read)) : inWords(name, read));
    }
  }
  cli.exit(opened && options.failOnFinding === true ? 1 : 0);
}

function inJson(file: string, { triage, receivedAt, clockStart, problem }: ReadForTriage): object {
  const { label, action, deadlineHours, route, language, score, artifacts, because } = triage;
  return {
    file,
    label,
    report: label !== 'not-a-report',
    action,
    deadlineHours,
    receivedAt: receivedAt === null ? null : rfc3339(receivedAt),
    clockStart: clockStart === null ? null : rfc3339(clockStart),
    route,
    language,
    score,
    artifacts,
    because,
    problem,
    trigger: triage.trigger,
  };
}

function inWords(file: string, { triage, clockStart, problem }: ReadForTriage): string {
  const due = triage.deadlineHours === null ? '' : `, ${triage.deadlineHours} h`;
  const rule = triage.trigger === null ? '' : ` (${triage.trigger})`;
  const start = clockStart === null ? '' : `\n    clock started ${rfc3339(clockStart)}`;
  const why = triage.because
    .slice(0, 4)
    .map((one) => `\n    ${one.weight < 0 ? '-' : '+'} ${one.signal}${one.excerpt === '' ? '' : `: ${one.excerpt}`}`);
  const unreadPart = problem === null ? '' : `\n    not all could be read: ${problem}`;
  return `${file}: ${triage.action}, ${triage.label}${rule}${due}, ${triage.route ?? 'filed'}, ${triage.score}${start}${why.join('')}${unreadPart}`;
}

async function namesUnder(folder: string, now: Instant): Promise<Set<string>> {
  const names = new Set<string>();
  for (const file of await filesUnder(folder)) {
    for (const { bytes } of certificatesIn(await readFile(file), now)) {
      for (const name of parseCertificate(bytes.der).names) names.add(name);
    }
  }
  return names;
}

/** A name is ours when a certificate holds it, or a wildcard one label above it. */
function isNamed(names: ReadonlySet<string>, name: string): boolean {
  return names.has(name) || names.has(`*.${name}`) || names.has(`*${name.slice(Math.max(0, name.indexOf('.')))}`);
}

export function processCli(): TriageCli {
  return {
    time: new SystemTime(),
    out: (line) => process.stdout.write(`${line}\n`),
    err: (line) => process.stderr.write(`${line}\n`),
    exit: (code) => {
      process.exitCode = code;
    },
  };
}
