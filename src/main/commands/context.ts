/** What every command of the command line is given: the terminal, the time, and the configuration when it asks. */
import { Command, InvalidArgumentError } from 'commander';
import { Fault } from '../../foundation/fault.ts';
import { SystemTime } from '../../foundation/time/system-time.ts';
import type { Time } from '../../foundation/time/time.ts';
import type { Config } from '../config.ts';

export interface CommandContext {
  readonly time: Time;
  readonly out: (line: string) => void;
  readonly err: (line: string) => void;
  readonly exit: (code: number) => void;
  /** The file named on the command line or in RESCIND_CONFIG; null for the defaults. */
  configFile(): string | null;
  /** Reads and checks it; says on stderr what is wrong, and throws `config_invalid`. */
  configured(file?: string): Promise<Config>;
}

export function commandContext(named: () => string | undefined): CommandContext {
  const err = (line: string): void => void process.stderr.write(`${line}\n`);
  const configFile = () => named() ?? process.env.RESCIND_CONFIG ?? null;
  return {
    time: new SystemTime(),
    out: (line) => void process.stdout.write(`${line}\n`),
    err,
    exit: (code) => {
      process.exitCode = code;
    },
    configFile,
    configured: async (file = configFile() ?? undefined) => {
      const { readConfig } = await import('../config.ts');
      const read = await readConfig(file ?? null);
      if (read.ok) return withEnvironment(read.config);
      for (const { path, message } of read.problems) err(`rescind: ${path === '' ? '' : `${path}: `}${message}`);
      throw new Fault(
        'config_invalid',
        'The configuration cannot be used. See above; check it with: rescind config check FILE',
      );
    },
  };
}

function withEnvironment(config: Config): Config {
  const databaseUrl = process.env.DATABASE_URL ?? config.databaseUrl;
  return { ...config, databaseUrl: databaseUrl === '' ? null : databaseUrl };
}

/** A command whose failures are told in one way, at the top (`rescind.ts`). */
export function newCommand(name: string, description: string): Command {
  return new Command(name).description(description).exitOverride();
}

export function stopSignal(): AbortSignal {
  const controller = new AbortController();
  for (const name of ['SIGINT', 'SIGTERM'] as const) process.once(name, () => controller.abort());
  return controller.signal;
}

export function oneOf<T extends string>(known: readonly T[]): (value: string) => T {
  return (value) => {
    const found = known.find((k) => k === value);
    if (found === undefined) throw new InvalidArgumentError(`Known: ${known.join(', ')}.`);
    return found;
  };
}

export function portNumber(value: string): number {
  const port = Number(value);
  if (!Number.isInteger(port) || port < 0 || port > 65_535)
    throw new InvalidArgumentError('A port is a whole number from 0 to 65535.');
  return port;
}
