/** The embedded server in every state a last run may have left it in. Real processes, real `kill -9`. */
import { spawn, spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { connect, type Database } from './connect.ts';
import { readPostmaster } from './postmaster.ts';

let dataFolder: string;
let open: Database[] = [];

/** A data folder whose desk was stopped cleanly, made once: creating a database durably is most of the time here. */
let template: string;

beforeAll(async () => {
  template = mkdtempSync(join(tmpdir(), 'rescind-template-'));
  await (await connect({ dataFolder: template })).stop();
});

afterAll(() => rmSync(template, { recursive: true, force: true }));

beforeEach(() => {
  dataFolder = mkdtempSync(join(tmpdir(), 'rescind-embedded-'));
});

/** Makes this test begin after a first run. */
function afterAFirstRun(): void {
  const copied = spawnSync('cp', ['-a', `${template}/.`, dataFolder], { encoding: 'utf8' });
  expect(copied.stderr).toBe('');
}

afterEach(async () => {
  for (const database of open) await database.stop();
  open = [];
  rmSync(dataFolder, { recursive: true, force: true });
});

async function aDesk(): Promise<Database> {
  const database = await connect({ dataFolder });
  open.push(database);
  return database;
}

function serverPid(): number {
  const running = readPostmaster(join(dataFolder, 'postgres', 'cluster'));
  if (!running) throw new Error('no server in the data folder');
  return running.pid;
}

async function settings(database: Database): Promise<Record<string, string>> {
  const { rows } = await database.pool.query<{ name: string; setting: string }>(
    `SELECT name, setting FROM pg_settings WHERE name IN ('fsync', 'synchronous_commit', 'full_page_writes', 'data_checksums', 'listen_addresses')`,
  );
  return Object.fromEntries(rows.map((row) => [row.name, row.setting]));
}

interface OtherDesk {
  readonly said: string;
  kill(): void;
  /** As a terminal does it: to the whole process group. Resolves with the exit code. */
  interrupt(signal: NodeJS.Signals): Promise<number | null>;
}

/** An ended process keeps its id until its parent collects it, which may be a moment after it has ended. */
async function isGone(pid: number): Promise<void> {
  await vi.waitFor(() => expect(() => process.kill(pid, 0)).toThrow(), { timeout: 5_000 });
}

/** A desk in a process of its own: it writes one row, says its pid, and waits to be stopped or killed. */
async function aDeskInAnotherProcess(then = 'wait'): Promise<OtherDesk> {
  const script = fileURLToPath(import.meta.resolve('./testing-desk.ts'));
  const child = spawn(process.execPath, [script, dataFolder, then], {
    stdio: ['ignore', 'pipe', 'inherit'],
    detached: true,
  });
  const ended = new Promise<number | null>((resolve) => child.once('exit', resolve));
  const said = await new Promise<string>((resolve, reject) => {
    child.stdout.once('data', (data: Buffer) => resolve(data.toString()));
    void ended.then((code) => reject(new Error(`desk ended with ${code} before it was ready`)));
  });
  return {
    said,
    kill: () => child.kill('SIGKILL'),
    interrupt: (signal) => {
      if (child.exitCode === null && child.signalCode === null) process.kill(-child.pid!, signal);
      return ended;
    },
  };
}

describe('the embedded database', () => {
  it('is created in an empty data folder, durable and without a network port', async () => {
    const database = await aDesk();
    expect(await settings(database)).toEqual({
      fsync: 'on',
      synchronous_commit: 'on',
      full_page_writes: 'on',
      data_checksums: 'on',
      listen_addresses: '',
    });
    expect(statSync(join(dataFolder, 'postgres', 'password')).mode & 0o077).toBe(0);
  });

  it('keeps what was written over a clean stop and a new start', async () => {
    afterAFirstRun();
    const first = await aDesk();
    await first.pool.query('CREATE TABLE kept AS SELECT 7 AS n');
    const pid = serverPid();
    await first.stop();
    await isGone(pid);
    const second = await aDesk();
    expect((await second.pool.query('SELECT n FROM kept')).rows).toEqual([{ n: 7 }]);
  });

  it('is really stopped, however many connections the desk had open a moment before', async () => {
    afterAFirstRun();
    for (let round = 0; round < 5; round++) {
      const database = await aDesk();
      await Promise.all(Array.from({ length: 10 }, () => database.pool.query('SELECT pg_sleep(0.01)')));
      const pid = serverPid();
      await database.stop();
      await isGone(pid);
    }
  });

  it('is adopted when the last desk was killed', async () => {
    afterAFirstRun();
    const crashed = await aDeskInAnotherProcess();
    crashed.kill();
    const pid = serverPid();
    const next = await aDesk();
    expect(next.embedded).toEqual({ adopted: true });
    expect(serverPid()).toBe(pid);
    expect((await next.pool.query('SELECT n FROM written')).rows).toEqual([{ n: 1 }]);
  });

  it.each(['SIGINT', 'SIGTERM'] as const)(
    'is stopped cleanly when its desk gets %s, terminal and all',
    async (signal) => {
      afterAFirstRun();
      const desk = await aDeskInAnotherProcess();
      const pid = serverPid();
      expect(await desk.interrupt(signal)).toBe(0);
      await isGone(pid);
      expect(readFileSync(join(dataFolder, 'postgres', 'server.log'), 'utf8')).toContain(
        'database system is shut down',
      );
    },
  );

  it('is left to the next desk when somebody does not want to wait for the stop', async () => {
    afterAFirstRun();
    const desk = await aDeskInAnotherProcess('hang');
    const ended = desk.interrupt('SIGINT');
    // Signals of one kind that arrive together are one, so the second is repeated until it was heard.
    const impatient = setInterval(() => void desk.interrupt('SIGINT'), 50);
    void ended.then(() => clearInterval(impatient));
    expect(await ended).toBe(130);
    clearInterval(impatient);
    const next = await aDesk();
    expect(next.embedded).toEqual({ adopted: true });
  });

  it('is recovered when server and desk were both killed', async () => {
    afterAFirstRun();
    const crashed = await aDeskInAnotherProcess();
    const pid = serverPid();
    process.kill(pid, 'SIGKILL');
    crashed.kill();
    const next = await aDesk();
    expect(next.embedded).toEqual({ adopted: false });
    expect(serverPid()).not.toBe(pid);
    expect((await next.pool.query('SELECT n FROM written')).rows).toEqual([{ n: 1 }]);
  });

  it('comes back under a running desk when only the server was killed', async () => {
    afterAFirstRun();
    const database = await aDesk();
    await database.pool.query('CREATE TABLE kept AS SELECT 7 AS n');
    process.kill(serverPid(), 'SIGKILL');
    await expect
      .poll(
        () =>
          database.pool.query('SELECT n FROM kept').then(
            (r) => r.rows,
            () => 'down',
          ),
        { timeout: 30_000 },
      )
      .toEqual([{ n: 7 }]);
  });

  it('starts although the process id in the old pid file belongs to another process of ours', async () => {
    afterAFirstRun();
    const first = await aDesk();
    await first.pool.query('CREATE TABLE kept AS SELECT 7 AS n');
    const file = join(dataFolder, 'postgres', 'cluster', 'postmaster.pid');
    const crashedFile = readFileSync(file, 'utf8');
    await first.stop();
    // A process of the server's own user: PostgreSQL alone would take it for a running server and refuse.
    const owner = statSync(join(dataFolder, 'postgres', 'cluster'));
    const stranger = spawn('sleep', ['600'], {
      ...(process.getuid?.() === 0 ? { uid: owner.uid, gid: owner.gid } : {}),
      stdio: 'ignore',
    });
    try {
      writeFileSync(file, crashedFile.replace(/^\d+/, String(stranger.pid)));
      const second = await aDesk();
      expect((await second.pool.query('SELECT n FROM kept')).rows).toEqual([{ n: 7 }]);
    } finally {
      stranger.kill();
    }
  });

  it('is started once when three desks start at the same moment, and stays until the last has gone', async () => {
    afterAFirstRun();
    const desks = await Promise.all([aDesk(), aDesk(), aDeskInAnotherProcess()]);
    const [one, two, other] = desks;
    expect(
      [one.embedded?.adopted, two.embedded?.adopted].filter((adopted) => adopted === false).length,
    ).toBeLessThanOrEqual(1);
    await one.stop();
    expect((await two.pool.query('SELECT 1 AS n')).rows).toEqual([{ n: 1 }]);
    const pid = serverPid();
    other.kill();
    // The killed desk's connections end when the server notices; then nobody but `two` is left.
    await expect
      .poll(
        async () =>
          (
            await two.pool.query(
              `SELECT count(*) AS n FROM pg_stat_activity WHERE application_name LIKE 'rescind presence %'`,
            )
          ).rows,
      )
      .toEqual([{ n: 1 }]);
    await two.stop();
    await isGone(pid);
  });

  it('throws away a creation that was cut off', async () => {
    const base = join(dataFolder, 'postgres');
    mkdirSync(join(base, 'cluster.new', 'base'), { recursive: true });
    writeFileSync(join(base, 'password'), '', { mode: 0o600 });
    const second = await aDesk();
    expect((await second.pool.query('SELECT 1 AS n')).rows).toEqual([{ n: 1 }]);
    expect(readdirSync(base)).not.toContain('cluster.new');
  });

  it('refuses a database of another major version with one sentence and a stable code', async () => {
    afterAFirstRun();
    writeFileSync(join(dataFolder, 'postgres', 'cluster', 'PG_VERSION'), '15\n');
    await expect(connect({ dataFolder })).rejects.toMatchObject({
      code: 'database_version',
      message: expect.stringContaining('PostgreSQL 15'),
    });
  });

  it('says so when its socket is taken by another server', async () => {
    afterAFirstRun();
    const socket = join(dataFolder, 'postgres', 'run', '.s.PGSQL.5432.lock');
    const owner = statSync(join(dataFolder, 'postgres', 'run'));
    const stranger = spawn('sleep', ['600'], {
      ...(process.getuid?.() === 0 ? { uid: owner.uid, gid: owner.gid } : {}),
      stdio: 'ignore',
    });
    try {
      writeFileSync(socket, `${stranger.pid}\n/elsewhere\n0\n5432\n`);
      await expect(connect({ dataFolder })).rejects.toMatchObject({ code: 'database_port_in_use' });
    } finally {
      stranger.kill();
    }
    rmSync(socket);
    const second = await aDesk();
    expect((await second.pool.query('SELECT 1 AS n')).rows).toEqual([{ n: 1 }]);
  });

  it('says so when the data folder cannot be one', async () => {
    const file = join(dataFolder, 'a-file');
    writeFileSync(file, '');
    await expect(connect({ dataFolder: join(file, 'data') })).rejects.toMatchObject({ code: 'data_folder_unusable' });
  });

  it('says so when nothing answers at DATABASE_URL', async () => {
    await expect(connect({ dataFolder, databaseUrl: 'postgresql://desk@127.0.0.1:1/rescind' })).rejects.toMatchObject({
      code: 'database_unavailable',
    });
  });

  const asRoot = process.getuid?.() === 0;
  it.skipIf(!asRoot)('runs as an unprivileged user when the desk is root', async () => {
    afterAFirstRun();
    await aDesk();
    const status = readFileSync(`/proc/${serverPid()}/status`, 'utf8');
    expect(/^Uid:\s+(\d+)/m.exec(status)?.[1]).not.toBe('0');
  });

  it.skipIf(!asRoot)(
    'lives elsewhere when the server user cannot reach the data folder, and is gone with it',
    async () => {
      // A folder below one that only root may enter, as in /root/rescind/data.
      const inner = join(dataFolder, 'inner');
      const pointer = join(inner, 'postgres.location');
      const first = await connect({ dataFolder: inner });
      await first.pool.query('CREATE TABLE kept AS SELECT 7 AS n');
      await first.stop();
      const again = await connect({ dataFolder: inner });
      expect((await again.pool.query('SELECT n FROM kept')).rows).toEqual([{ n: 7 }]);
      await again.stop();
      expect(statSync(dataFolder).mode & 0o077).toBe(0);
      const before = readFileSync(pointer, 'utf8').trim();
      rmSync(inner, { recursive: true });
      const anew = await connect({ dataFolder: inner });
      expect((await anew.pool.query(`SELECT to_regclass('kept') AS found`)).rows).toEqual([{ found: null }]);
      await anew.stop();
      for (const base of [before, readFileSync(pointer, 'utf8').trim()]) rmSync(base, { recursive: true });
    },
  );

  it.skipIf(!asRoot)('starts for an ordinary user in a folder of that user', () => {
    const folder = mkdtempSync(join(tmpdir(), 'rescind-user-'));
    spawnSync('chown', ['nobody', folder]);
    try {
      const script = fileURLToPath(import.meta.resolve('./testing-desk.ts'));
      const ran = spawnSync(
        'setpriv',
        ['--reuid', 'nobody', '--clear-groups', process.execPath, script, folder, 'stop'],
        { encoding: 'utf8' },
      );
      expect(ran.stderr).toBe('');
      expect(ran.stdout).toMatch(/^ready \d+/);
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  });
});
