/**
 * A disk that is really full: a small file system of its own (needs root and the right to mount; elsewhere the
 * simulated one in `failing.ts` has to do). Nothing acknowledged is lost, and when there is room again the desk goes on.
 */
import { spawnSync } from 'node:child_process';
import { closeSync, mkdtempSync, openSync, rmSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { Fault } from '../../foundation/fault.ts';
import { at } from '../../foundation/time/time.ts';
import { connect, type Database } from './connect.ts';
import { isOutage } from './faults.ts';
import { migrate } from './migrate.ts';
import { storeMigrations } from './migrations.ts';
import { postgresStore } from './postgres.ts';

const disk = mkdtempSync(join(tmpdir(), 'rescind-disk-'));
const mounted =
  process.platform === 'linux' &&
  spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=200m,mode=755', 'none', disk]).status === 0;
const now = at('2024-08-30T17:49:00Z');
let database: Database | null = null;

afterAll(async () => {
  await database?.stop();
  if (mounted) spawnSync('umount', [disk]);
  rmSync(disk, { recursive: true, force: true });
});

/** Writes until nothing more fits. */
function fill(): string {
  const path = join(disk, 'ballast');
  const file = openSync(path, 'w');
  for (const size of [1024 * 1024, 4096]) {
    const block = Buffer.alloc(size, 1);
    try {
      for (;;) writeSync(file, block);
    } catch {
      // Full for blocks of this size.
    }
  }
  closeSync(file);
  return path;
}

describe.skipIf(!mounted)('a full disk', () => {
  it('refuses new appends with a stable code, loses none of the old, and goes on when there is room', async () => {
    database = await connect({ dataFolder: join(disk, 'data') });
    const { pool } = database;
    await migrate(pool, [{ room: 'store', migrations: storeMigrations }], now);
    const store = postgresStore(pool);
    const padding = 'x'.repeat(200_000);
    const acknowledged: number[] = [];
    const append = async (n: number) => {
      await store.cases.append(
        `case-${n}`,
        0,
        [{ at: now, type: 'ReportReceived', by: 'desk', data: { n, padding: padding + n } }],
        { wakeAt: now },
      );
      acknowledged.push(n);
    };
    await append(0);
    const ballast = fill();
    const codes = new Set<string>();
    for (let n = 1; n < 400 && codes.size === 0; n++) {
      await append(n).catch((error: unknown) => {
        expect(isOutage(error)).toBe(true);
        codes.add((error as Fault).code);
      });
    }
    // A table that cannot grow is refused; a log that cannot grow stops the server, which shows as its absence.
    expect(['database_disk_full', 'database_unavailable']).toContain([...codes][0]);

    rmSync(ballast);
    await expect
      .poll(
        () =>
          append(1000).then(
            () => 'stored',
            (error: unknown) => (error instanceof Fault ? error.code : String(error)),
          ),
        { timeout: 50_000 },
      )
      .toBe('stored');
    const stored = new Set((await store.cases.eventsSince(0, 1_000)).map((event) => (event.data as { n: number }).n));
    expect(acknowledged.filter((n) => !stored.has(n))).toEqual([]);
    expect(await store.log.verify()).toMatchObject({ ok: true });
  });

  it('is named in one sentence when the database cannot even start', async () => {
    await database?.stop();
    database = null;
    const ballast = fill();
    await expect(connect({ dataFolder: join(disk, 'other') })).rejects.toMatchObject({
      code: 'database_disk_full',
      message: expect.stringMatching(/full.*Free/),
    });
    rmSync(ballast);
    database = await connect({ dataFolder: join(disk, 'other') });
    expect((await database.pool.query('SELECT 1 AS n')).rows).toEqual([{ n: 1 }]);
  });
});
