import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, describe, expect, it } from 'vitest';
import { at, hours, minutes } from '../../foundation/time/time.ts';
import { failingPool } from '../store/failing.ts';
import { memoryStore } from '../store/memory.ts';
import { migrate } from '../store/migrate.ts';
import { storeMigrations } from '../store/migrations.ts';
import { postgresStore } from '../store/postgres.ts';
import { testDatabase } from '../store/testing.ts';
import { health } from './health.ts';
import { silentLog } from './log.ts';
import { deadMansSwitch, expectedDefaults, isStalled, stalled } from './watchdog.ts';

const start = at('2024-08-30T17:49:00Z');
const database = await testDatabase();
await migrate(database.pool, [{ room: 'store', migrations: storeMigrations }], start);
afterAll(() => database.drop());

describe('the watchdog', () => {
  it('is content while the loops beat, and names the one that stopped', async () => {
    const store = memoryStore();
    const parts = { ...store, expected: expectedDefaults };
    expect((await stalled(parts, start)).map((s) => s.name)).toEqual(['wake-ups', 'sweep']);
    await store.heartbeats.beat({ name: 'wake-ups', at: start, detail: '' });
    await store.heartbeats.beat({ name: 'sweep', at: start, detail: '' });
    expect(await isStalled(parts, start.add(minutes(3)))).toBe(false);
    const stalls = await stalled(parts, start.add(minutes(4)));
    expect(stalls).toEqual([
      {
        name: 'wake-ups',
        message: 'wake-ups last ran at 2024-08-30T17:49:00Z. Deadlines are not watched. Restart the desk.',
      },
    ]);
  });

  it('sees a case that has waited too long although every loop beats', async () => {
    const store = memoryStore();
    const event = { at: start, type: 'ReportReceived', by: 'desk', data: {} };
    await store.cases.append('case-1', 0, [event], { wakeAt: start });
    const now = start.add(hours(1));
    for (const name of ['wake-ups', 'sweep']) await store.heartbeats.beat({ name, at: now, detail: '' });
    expect(await stalled({ ...store, expected: expectedDefaults }, now)).toEqual([
      { name: 'oldest', message: 'A case has waited since 2024-08-30T17:49:00Z to be looked at.' },
    ]);
  });

  it('tells the switch outside, and bears it that it is away', async () => {
    const seen: string[] = [];
    const server = createServer((request, response) => {
      seen.push(request.url ?? '');
      response.end();
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/ping`;
    const warnings: string[] = [];
    const ping = deadMansSwitch(url, { ...silentLog, warn: (_fields, message) => warnings.push(message) });
    ping();
    await expect.poll(() => seen).toEqual(['/ping']);
    server.close();
    server.closeAllConnections();
    await expect
      .poll(() => {
        ping();
        return warnings;
      })
      .toContain("the dead man's switch cannot be reached");
  });
});

describe('health', () => {
  const store = postgresStore(database.pool);
  const watchdog = { ...store, expected: expectedDefaults };

  it('is degraded before the loops run and ready when they do', async () => {
    expect((await health(database.pool, watchdog, start)).state).toBe('degraded');
    for (const name of ['wake-ups', 'sweep']) await store.heartbeats.beat({ name, at: start, detail: '' });
    const { state, checks } = await health(database.pool, watchdog, start);
    expect(state).toBe('ready');
    expect(checks.map((check) => check.name)).toEqual(['database', 'wake-ups', 'sweep']);
  });

  it.each(['disk-full', 'disconnect'] as const)('is down with one clear sentence on %s', async (kind) => {
    const { pool, control } = failingPool(database.pool);
    control.fail({ kind, calls: 1 });
    const { state, checks } = await health(pool, watchdog, start);
    expect(state).toBe('down');
    expect(checks).toMatchObject([
      {
        name: 'database',
        ok: false,
        message: expect.stringMatching(kind === 'disk-full' ? /disk/ : /does not answer/),
      },
    ]);
    expect((await health(pool, watchdog, start)).state).toBe('ready');
  });
});
