/**
 * A real PostgreSQL of the desk's own: programs from npm, data in the desk's data folder, reached through a unix
 * socket that only the desk's user can open. It outlives a desk that crashes, and the next desk adopts it; a server
 * that was killed is started again and recovers from its log. Whatever state the last run left, `ensureServer` ends
 * with a server that answers, or with a `Fault` that says in one sentence what a person has to do.
 */
import { spawn, spawnSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import {
  chownSync,
  closeSync,
  existsSync,
  openSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';
import { Fault } from '../../foundation/fault.ts';
import { type Binaries, findBinaries } from './binaries.ts';
import { findPlaces, type Places, spareProgramsFolder } from './places.ts';
import { isRunning, neutralise, type Postmaster, readPostmaster } from './postmaster.ts';
import { serverUser } from './server-user.ts';
import { takeLock } from './start-lock.ts';

export interface Server {
  readonly pid: number;
  /** True when it was running already: another desk's, or left by one that crashed. */
  readonly adopted: boolean;
  readonly connection: {
    readonly host: string;
    readonly port: number;
    readonly user: string;
    readonly password: string;
  };
}

export interface ServerOptions {
  readonly dataFolder: string;
  /** Off only for tests that lose nothing by losing it. */
  readonly durable?: boolean;
}

/** A server that replays a long log may take a while; after this a person should look. */
const startMaxMs = 300_000;
const stopMaxMs = 60_000;
const pollMs = 50;
/** Never a TCP port: it only names the socket file. */
const socketPort = 5432;
const superuser = 'rescind';
const majorVersion = '18';
/** What the start lock says when it cannot be taken for lack of space or of rights. */
const sqliteFull = 13;
const sqliteCannotOpen = 14;
const logMaxBytes = 4 * 1024 * 1024;

/** Finds, adopts, creates or starts the server of this data folder. Safe to call from any number of processes at once. */
export async function ensureServer(options: ServerOptions): Promise<Server> {
  try {
    return await ensure(options);
  } catch (error) {
    throw folderFault(error, options.dataFolder);
  }
}

async function ensure(options: ServerOptions): Promise<Server> {
  const places = findPlaces(options.dataFolder, serverUser());
  const release = await takeLock(places.lock, startMaxMs);
  try {
    const password = ensurePassword(places);
    const binaries = findBinaries(places.user, spareProgramsFolder());
    if (!existsSync(places.cluster)) createCluster(places, binaries, options.durable ?? true);
    checkVersion(places);
    return await adoptOrStart(places, binaries, password, options.durable ?? true);
  } finally {
    release();
  }
}

/** What every desk's standing connection is called; the rest of the name tells desks apart. */
export const presencePrefix = 'rescind presence ';

/**
 * Stops the server unless others are connected (roles may be split over processes). Waits until it has written
 * everything; returns false when it was left running for the others. `others` are desks, by their presence, with
 * `own` the presence of the caller: counting every connection would count the caller's own that are just closing.
 */
export async function stopServer(
  dataFolder: string,
  server: Server,
  others: { readonly own: string } | 'anybody',
): Promise<boolean> {
  const places = findPlaces(dataFolder, serverUser());
  const release = await takeLock(places.lock, startMaxMs);
  try {
    const running = readPostmaster(places.cluster);
    if (!running || !isRunning(running)) return true;
    if (await othersConnected(server, others)) return false;
    // SIGINT is PostgreSQL's fast shutdown: sessions end, a checkpoint is written, nothing has to be recovered.
    await endProcess(running);
    return true;
  } finally {
    release();
  }
}

/** What the file system says about a folder that cannot be used, in the desk's words. */
function folderFault(error: unknown, folder: string): unknown {
  const { code, errcode, syscall } = error as { code?: string; errcode?: number; syscall?: string };
  if (syscall === 'chown') {
    return new Fault(
      'database_user_missing',
      'PostgreSQL refuses to run as root, and this root may not hand a folder to another user. Start the desk as an ordinary user, or set DATABASE_URL.',
      { cause: error },
    );
  }
  if (code === 'ENOSPC' || code === 'EDQUOT' || errcode === sqliteFull) {
    return new Fault(
      'database_disk_full',
      `The disk under ${folder} is full. Free space and start again; nothing is lost.`,
      {
        cause: error,
      },
    );
  }
  if (code === 'EACCES' || code === 'EPERM' || code === 'EROFS' || code === 'ENOTDIR' || errcode === sqliteCannotOpen) {
    return new Fault(
      'data_folder_unusable',
      `The data folder ${folder} cannot be written. Check its owner, or name another.`,
      {
        cause: error,
      },
    );
  }
  return error;
}

async function adoptOrStart(places: Places, binaries: Binaries, password: string, durable: boolean): Promise<Server> {
  for (let waited = 0; waited < startMaxMs; waited += pollMs) {
    const running = readPostmaster(places.cluster);
    if (running && isRunning(running)) {
      if (await isReady(running, password)) return describe(running, password, true);
    } else {
      const started = await start(places, binaries, password, durable);
      if (started) return describe(started, password, false);
    }
    await sleep(pollMs);
  }
  throw new Fault(
    'database_start_slow',
    `The database did not become ready within ${startMaxMs / 60_000} minutes. It may be recovering: look at ${places.log} and start again.`,
  );
}

function describe(running: Postmaster, password: string, adopted: boolean): Server {
  return {
    pid: running.pid,
    adopted,
    connection: { host: running.socketFolder, port: running.port, user: superuser, password },
  };
}

/** Starts the server and waits for it; null when it could not start for a reason that passes by itself. */
async function start(
  places: Places,
  binaries: Binaries,
  password: string,
  durable: boolean,
): Promise<Postmaster | null> {
  neutralise(places.cluster, places.socket);
  rotateLog(places);
  const log = openSync(places.log, 'a', 0o600);
  const logFrom = statSync(places.log).size;
  const settings = Object.entries(serverSettings(places, durable)).flatMap(([name, value]) => [
    '-c',
    `${name}=${value}`,
  ]);
  const child = spawn(binaries.postgres, ['-D', places.cluster, ...settings], {
    ...places.user.ids,
    // In a session of its own: Ctrl-C in the desk's terminal must reach the desk first, which then stops the server.
    detached: true,
    cwd: '/',
    stdio: ['ignore', log, log],
    env: { PATH: process.env.PATH ?? '/usr/bin:/bin', LANG: 'C', TZ: 'UTC' },
  });
  closeSync(log);
  let ended: string | null = null;
  child.once('exit', (code, signal) => {
    ended = signal ?? `exit ${code}`;
  });
  child.once('error', (error) => {
    ended = error.message;
  });
  child.unref();
  for (let waited = 0; waited < startMaxMs; waited += pollMs) {
    await sleep(pollMs);
    if (ended !== null) return explainEnd(places, logFrom, ended);
    const running = readPostmaster(places.cluster);
    if (running && running.pid === child.pid && (await isReady(running, password))) return running;
  }
  return null;
}

/** Why the server did not start, from what it said. Returns null when waiting helps. */
function explainEnd(places: Places, logFrom: number, ended: string): null {
  const said = readFileSync(places.log).subarray(logFrom).toString('utf8');
  // Processes of a killed server are still leaving its shared memory; they notice its death within moments.
  if (/pre-existing shared memory block|is still in use/.test(said)) return null;
  // The server that a killed desk had just started was faster: it is adopted on the next look.
  if (/lock file "postmaster\.pid" already exists/.test(said)) return null;
  const last =
    said
      .split('\n')
      .filter((line) => /FATAL|PANIC/.test(line))
      .at(-1) ?? ended;
  if (/No space left on device|Disk quota exceeded/.test(said)) {
    throw new Fault(
      'database_disk_full',
      `The disk under ${places.base} is full, so the database cannot start. Free space and start again; nothing is lost.`,
    );
  }
  if (/could not create any Unix-domain sockets|Address already in use|lock file ".*\.s\.PGSQL/.test(said)) {
    throw new Fault(
      'database_port_in_use',
      `The socket ${places.socket}/.s.PGSQL.${socketPort} is taken by another server. Stop it and start again. (${last.trim()})`,
    );
  }
  throw new Fault('database_start_failed', `The database server did not start: ${last.trim()} (log ${places.log}).`);
}

/**
 * Durability is stated, not assumed. The server's log names no statement and no row (DETAIL carries rows, hence
 * `terse`): what a reporter sent us must not end up there.
 */
function serverSettings(places: Places, durable: boolean): Record<string, string> {
  const onOff = durable ? 'on' : 'off';
  return {
    listen_addresses: '',
    port: String(socketPort),
    unix_socket_directories: places.socket,
    unix_socket_permissions: '0700',
    fsync: onOff,
    synchronous_commit: onOff,
    full_page_writes: onOff,
    wal_compression: 'on',
    max_connections: durable ? '100' : '400',
    timezone: 'UTC',
    log_timezone: 'UTC',
    log_min_messages: 'log',
    log_min_error_statement: 'panic',
    log_error_verbosity: 'terse',
    log_checkpoints: 'off',
    idle_in_transaction_session_timeout: '60s',
    jit: 'off',
    // Parallel queries need more /dev/shm than a container gives, and then fail as "disk full".
    max_parallel_workers_per_gather: '0',
    max_parallel_maintenance_workers: '0',
  };
}

async function isReady(running: Postmaster, password: string): Promise<boolean> {
  const client = new pg.Client({
    host: running.socketFolder,
    port: running.port,
    user: superuser,
    password,
    database: 'postgres',
    connectionTimeoutMillis: 5_000,
  });
  client.on('error', () => {});
  try {
    await client.connect();
    await client.query('SELECT 1');
    return true;
  } catch (error) {
    if ((error as { code?: string }).code === '28P01') {
      throw new Fault(
        'database_password',
        'The database runs but refuses the password in its folder. Restore the file `password` from the backup of the data folder.',
        { cause: error },
      );
    }
    return false;
  } finally {
    await client.end().catch(() => {});
  }
}

async function othersConnected(server: Server, others: { readonly own: string } | 'anybody'): Promise<boolean> {
  const client = new pg.Client({ ...server.connection, database: 'postgres', connectionTimeoutMillis: 5_000 });
  client.on('error', () => {});
  try {
    await client.connect();
    const { rows } = await client.query<{ others: boolean }>(
      `SELECT count(*) > 0 AS others FROM pg_stat_activity
        WHERE backend_type = 'client backend' AND pid <> pg_backend_pid()
          AND ($1::text IS NULL OR (starts_with(application_name, $2) AND application_name <> $1))`,
      [others === 'anybody' ? null : others.own, presencePrefix],
    );
    return rows[0]?.others ?? false;
  } catch {
    return false;
  } finally {
    await client.end().catch(() => {});
  }
}

async function endProcess(running: Postmaster): Promise<void> {
  for (const signal of ['SIGINT', 'SIGQUIT'] as const) {
    try {
      process.kill(running.pid, signal);
    } catch {
      return;
    }
    for (let waited = 0; waited < stopMaxMs; waited += pollMs) {
      if (!isRunning(running)) return;
      await sleep(pollMs);
    }
  }
  throw new Fault('database_stop_failed', `The database server (process ${running.pid}) does not stop.`, {
    outcome: 'unknown',
  });
}

function ensurePassword(places: Places): string {
  const known = existsSync(places.password) ? readFileSync(places.password, 'utf8').trim() : '';
  if (known === '' && existsSync(places.cluster)) {
    throw new Fault(
      'database_password',
      `The file ${places.password} is missing or empty. Restore it from the backup of the data folder.`,
    );
  }
  const password = known || randomBytes(24).toString('base64url');
  if (known === '') writeFileSync(places.password, `${password}\n`, { mode: 0o600, flush: true });
  if (places.user.ids) chownSync(places.password, places.user.ids.uid, places.user.ids.gid);
  return password;
}

/** Created beside its place and moved there when complete: half a database is never mistaken for one. */
function createCluster(places: Places, binaries: Binaries, durable: boolean): void {
  for (const name of readdirSync(places.base)) {
    if (name.startsWith('cluster.new')) discard(join(places.base, name));
  }
  // A name of its own each time: the initdb of a desk that was killed a moment ago may still be writing.
  const partial = `${places.cluster}.new-${randomBytes(4).toString('hex')}`;
  const made = spawnSync(
    binaries.initdb,
    [
      ...['--pgdata', partial, '--username', superuser, '--pwfile', places.password, '--auth', 'scram-sha-256'],
      // The same order of text on every machine, whatever its locales are.
      ...['--encoding', 'UTF8', '--locale', 'C', '--locale-provider', 'builtin', '--builtin-locale', 'C.UTF-8'],
      ...['--data-checksums', ...(durable ? [] : ['--no-sync'])],
    ],
    {
      ...places.user.ids,
      cwd: '/',
      encoding: 'utf8',
      env: { PATH: process.env.PATH ?? '/usr/bin:/bin', LANG: 'C', TZ: 'UTC' },
    },
  );
  if (made.status !== 0) {
    const said = `${made.error?.message ?? ''}${made.stderr}`;
    if (/No space left on device|Disk quota exceeded/.test(said)) {
      throw new Fault(
        'database_disk_full',
        `The disk under ${places.base} is full, so no database can be created. Free 100 MB and start again.`,
      );
    }
    throw new Fault(
      'database_create_failed',
      `No database could be created in ${places.base}: ${said.trim().split('\n').at(-1)}`,
    );
  }
  renameSync(partial, places.cluster);
}

function discard(folder: string): void {
  try {
    rmSync(folder, { recursive: true, force: true });
  } catch {
    // Somebody is still writing in it; the next start that creates a database tries again.
  }
}

function checkVersion(places: Places): void {
  const file = join(places.cluster, 'PG_VERSION');
  const version = existsSync(file) ? readFileSync(file, 'utf8').trim() : 'none';
  if (version === majorVersion) return;
  throw new Fault(
    'database_version',
    `The database in ${places.cluster} is of PostgreSQL ${version}; this release brings ${majorVersion}. Dump it with the old release's server running, move the folder away, and load the dump.`,
  );
}

function rotateLog(places: Places): void {
  if (existsSync(places.log) && statSync(places.log).size > logMaxBytes) renameSync(places.log, `${places.log}.old`);
}
