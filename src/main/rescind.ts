/** The command line. Each command is a file in `cli/` or a function beside this one; here they are named and mounted. */
import { readFile } from 'node:fs/promises';
import { Command, CommanderError, InvalidArgumentError } from 'commander';
import { loadCase } from '../app/change-case.ts';
import { eventFromJson } from '../app/event-json.ts';
import { auditCommand } from '../cli/audit.ts';
import { evidenceCommand } from '../cli/evidence.ts';
import { incidentCommand } from '../cli/incident.ts';
import { inventoryCommand } from '../cli/inventory.ts';
import { triageCommand } from '../cli/triage.ts';
import type { CaseId } from '../foundation/brand.ts';
import { Fault } from '../foundation/fault.ts';
import { SystemTime } from '../foundation/time/system-time.ts';
import { benches, runBenches } from './benches.ts';
import { type Config, readConfig } from './config.ts';
import { type DemoFault, demo, demoFaults } from './demo.ts';
import { doctor } from './doctor.ts';
import { openLog } from './log.ts';
import { openOffline } from './offline.ts';
import { caseRecord } from './port/incident.ts';
import { runScenario } from './scenario/run.ts';
import { readScenario } from './scenario/schema.ts';
import { UnknownRef } from './scenario/world.ts';
import { type Role, roles, serve } from './serve.ts';

const out = (line: string): void => void process.stdout.write(`${line}\n`);
const err = (line: string): void => void process.stderr.write(`${line}\n`);
const exit = (code: number): void => {
  process.exitCode = code;
};
const time = new SystemTime();
const io = { time, out, err, exit };

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

async function configured(): Promise<Config> {
  const file = (program.opts() as { config?: string }).config ?? process.env.RESCIND_CONFIG ?? null;
  const read = await readConfig(file);
  if (read.ok) return withEnvironment(read.config);
  for (const { path, message } of read.problems) err(`rescind: ${path === '' ? '' : `${path}: `}${message}`);
  throw new Fault(
    'config_invalid',
    'The configuration cannot be used. See above; check it with: rescind config check FILE',
  );
}

function withEnvironment(config: Config): Config {
  const databaseUrl = process.env.DATABASE_URL ?? config.databaseUrl;
  return { ...config, databaseUrl: databaseUrl === '' ? null : databaseUrl };
}

function stopSignal(): AbortSignal {
  const controller = new AbortController();
  for (const name of ['SIGINT', 'SIGTERM'] as const) process.once(name, () => controller.abort());
  return controller.signal;
}

function oneOf<T extends string>(known: readonly T[]): (value: string) => T {
  return (value) => {
    const found = known.find((k) => k === value);
    if (found === undefined) throw new InvalidArgumentError(`Known: ${known.join(', ')}.`);
    return found;
  };
}

function portNumber(value: string): number {
  const port = Number(value);
  if (!Number.isInteger(port) || port < 0 || port > 65_535)
    throw new InvalidArgumentError('A port is a whole number from 0 to 65535.');
  return port;
}

program
  .command('demo')
  .description('replay the seed incident through real parts on virtual time, and show it')
  .option('--exit', 'end when the replay has ended; do not keep the console open')
  .option('--json', 'one JSON object')
  .option('--fault <name>', `break something: ${demoFaults.join(', ')}`, oneOf<DemoFault>(demoFaults))
  .option('--port <port>', 'port of the console', portNumber, 8080)
  .action(async (options: { exit?: boolean; json?: boolean; fault?: DemoFault; port: number }) => {
    exit(
      await demo({
        exit: options.exit === true,
        json: options.json === true,
        fault: options.fault ?? null,
        port: options.port,
        log: openLog('error'),
        out,
        err,
        signal: stopSignal(),
      }),
    );
  });

program
  .command('serve')
  .description('run the desk')
  .option('--roles <roles>', `comma-separated: ${roles.join(', ')}`, (value) =>
    value.split(',').map((r) => oneOf<Role>(roles)(r.trim())),
  )
  .option('--port <port>', 'port of console and API', portNumber)
  .option('--config <file>', 'configuration file')
  .action(async (options: { roles?: Role[]; port?: number; config?: string }) => {
    if (options.config !== undefined) program.setOptionValue('config', options.config);
    const config = await configured();
    const http = options.port === undefined ? config.http : { ...config.http, port: options.port };
    await serve({
      config: { ...config, http },
      time,
      log: openLog('info'),
      roles: options.roles ?? roles,
      signal: stopSignal(),
      say: err,
    });
  });

program.addCommand(triageCommand(io));
program.addCommand(evidenceCommand(io));

const scenario = program.command('scenario').description('replay incidents as timelines');
scenario
  .command('run <file...>')
  .description('replay scenario files on virtual time with everything else real; exit 1 when a check fails')
  .option('--json', 'one JSON object per file')
  .action(async (files: string[], options: { json?: boolean }) => {
    for (const file of files) await runFile(file, options.json === true);
  });

async function runFile(file: string, json: boolean): Promise<void> {
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
  const outcome = await runScenario(read.scenario, {
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

program.addCommand(
  inventoryCommand({
    ...io,
    fetch: (url, init) => fetch(url, init),
    open: async () => openOffline(await configured()),
  }),
);
program.addCommand(
  incidentCommand({
    ...io,
    open: async () => {
      const { desk, close } = await openOffline(await configured());
      return {
        close,
        load: async (caseId) => {
          const current = await loadCase(desk.parts.cases, caseId as CaseId);
          if (current === null) return null;
          const events = (await desk.store.cases.load(caseId)).map((e) =>
            eventFromJson({ ...(e.data as Record<string, unknown>), type: e.type, at: e.at.toString(), by: e.by }),
          );
          return caseRecord(desk, current, events);
        },
      };
    },
  }),
);
program.addCommand(
  auditCommand({
    ...io,
    open: async () => {
      const { desk, close } = await openOffline(await configured());
      return { log: desk.store.log, close };
    },
  }),
);

const config = program.command('config').description('the configuration file');
config
  .command('check [file]')
  .description('say what is wrong with a configuration file; exit 1 when something is')
  .option('--json', 'one JSON object: {ok, problems}')
  .action(async (file: string | undefined, options: { json?: boolean }) => {
    const read = await readConfig(file ?? (program.opts() as { config?: string }).config ?? null);
    const problems = read.ok ? [] : read.problems;
    if (options.json === true) out(JSON.stringify({ ok: read.ok, problems }));
    else if (read.ok) out('The configuration can be used.');
    else for (const { path, message } of problems) out(`${path === '' ? '' : `${path}: `}${message}`);
    const unopened = !read.ok && problems.some((p) => p.path === '' && p.message.includes('cannot be read'));
    if (!read.ok) exit(unopened ? 2 : 1);
  });

program
  .command('doctor')
  .description('check this machine and this configuration: database, ports, sealing keys, mail relay, CA, console')
  .option('--json', 'one JSON object: {ok, checks}')
  .action(async (options: { json?: boolean }) => {
    const { ok, checks } = await doctor(await configured(), time);
    if (options.json === true) out(JSON.stringify({ ok, checks }));
    else for (const c of checks) out(`${c.ok ? '✓' : '✗'} ${c.name}: ${c.message}`);
    if (!ok) exit(1);
  });

program
  .command('bench [name...]')
  .description(`measure; without a name all of: ${Object.keys(benches).join(', ')}`)
  .option('--json', 'one JSON object per bench')
  .action(async (names: string[], options: { json?: boolean }) => {
    const unknown = names.find((n) => !(n in benches));
    if (unknown !== undefined)
      throw new Fault('bench_unknown', `There is no bench "${unknown}". Known: ${Object.keys(benches).join(', ')}.`);
    await runBenches(names, (result) =>
      out(options.json === true ? JSON.stringify(result) : JSON.stringify(result, null, 2)),
    );
  });

/** Faults that are the user's to mend before anything can start. */
const usageFaults = new Set([
  'config_invalid',
  'scenario_invalid',
  'path_not_readable',
  'bench_unknown',
  'connector_unknown',
]);

try {
  await program.parseAsync();
} catch (error) {
  if (error instanceof CommanderError) exit(error.exitCode === 0 ? 0 : 2);
  else if (error instanceof Fault) {
    err(`rescind: ${error.message} [${error.code}]`);
    exit(usageFaults.has(error.code) ? 2 : 1);
  } else throw error;
}
