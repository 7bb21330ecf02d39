import { afterAll, describe, expect, it } from 'vitest';
import { testDatabase } from '../store/testing.ts';
import { startHousekeeping } from './housekeeping.ts';
import { silentLog } from './log.ts';

const database = await testDatabase();
afterAll(() => database.drop());
const quick = { pollSeconds: 0.5 };

describe('housekeeping', () => {
  it('runs a job when asked, with a signal that ends with the desk', async () => {
    const signals: AbortSignal[] = [];
    const run = async (signal: AbortSignal) => {
      signals.push(signal);
    };
    const jobs = [{ name: 'reports', cron: '0 3 * * *', run }];
    const housekeeping = await startHousekeeping(database.connection, jobs, silentLog, quick);
    await housekeeping.ask('reports');
    await expect.poll(() => signals.length, { timeout: 20_000 }).toBe(1);
    await housekeeping.stop();
    expect(signals[0]?.aborted).toBe(true);
  });

  it('forgets the schedule of a job that a newer release no longer has', async () => {
    const run = async () => {};
    const schedules = async () =>
      (await database.pool.query('SELECT name, cron FROM housekeeping.schedule ORDER BY name')).rows;
    const before = await startHousekeeping(
      database.connection,
      [
        { name: 'old', cron: '0 1 * * *', run },
        { name: 'kept', cron: '0 2 * * *', run },
      ],
      silentLog,
      quick,
    );
    await before.stop();
    expect((await schedules()).map((s) => s.name)).toEqual(['kept', 'old']);
    const after = await startHousekeeping(
      database.connection,
      [{ name: 'kept', cron: '0 4 * * *', run }],
      silentLog,
      quick,
    );
    await after.stop();
    expect(await schedules()).toEqual([{ name: 'kept', cron: '0 4 * * *' }]);
  });

  it('says so when its database is away', async () => {
    const connection = { connectionString: 'postgresql://desk@127.0.0.1:1/rescind' };
    await expect(startHousekeeping(connection, [], silentLog)).rejects.toMatchObject({ code: 'database_unavailable' });
  });
});
