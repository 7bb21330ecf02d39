import { afterAll, describe, expect, it } from 'vitest';
import { at } from '../../foundation/time/time.ts';
import { migrate, type RoomMigrations } from './migrate.ts';
import { testDatabase } from './testing.ts';

const database = await testDatabase();
afterAll(() => database.drop());
const now = at('2024-08-30T17:49:00Z');

const first = { id: '001-first', sql: 'CREATE TABLE first (n integer)' };
const second = { id: '002-second', sql: 'CREATE TABLE second (n integer)' };
const rooms = (...migrations: { id: string; sql: string }[]): RoomMigrations[] => [{ room: 'alpha', migrations }];
const table = async (name: string) =>
  (await database.pool.query('SELECT to_regclass($1) IS NOT NULL AS there', [name])).rows[0].there;

describe('migrations', () => {
  it('run once, also when several desks start together', async () => {
    const runs = await Promise.all([1, 2, 3].map(() => migrate(database.pool, rooms(first), now)));
    expect(runs.flatMap((run) => run.applied)).toEqual(['alpha/001-first']);
    expect((await migrate(database.pool, rooms(first, second), now)).applied).toEqual(['alpha/002-second']);
  });

  it('of one room do not wait for those of another', async () => {
    const beta = { room: 'beta', migrations: [{ id: '001-first', sql: 'CREATE TABLE beta (n integer)' }] };
    expect((await migrate(database.pool, [...rooms(first, second), beta], now)).applied).toEqual(['beta/001-first']);
  });

  it('refuse to run when one that was applied has been changed, but not for its white space', async () => {
    const changed = { ...first, sql: 'CREATE TABLE first (n bigint)' };
    await expect(migrate(database.pool, rooms(changed, second), now)).rejects.toMatchObject({
      code: 'migration_changed',
    });
    await expect(migrate(database.pool, rooms(second, first), now)).rejects.toMatchObject({
      code: 'migration_changed',
    });
    const reformatted = { ...first, sql: 'CREATE TABLE first\n  (n integer)\n' };
    expect((await migrate(database.pool, rooms(reformatted, second), now)).applied).toEqual([]);
  });

  it('refuse to run when a newer release has used the database', async () => {
    await expect(migrate(database.pool, rooms(first), now)).rejects.toMatchObject({
      code: 'database_newer',
      message: expect.stringContaining('alpha/002-second'),
    });
  });

  it('leave nothing behind when one of them fails', async () => {
    const third = { id: '003-third', sql: 'CREATE TABLE third (n integer)' };
    const broken = { id: '004-broken', sql: 'CREATE TABLE first (n integer)' };
    await expect(migrate(database.pool, rooms(first, second, third, broken), now)).rejects.toMatchObject({
      code: 'migration_failed',
    });
    expect(await table('third')).toBe(false);
    await migrate(database.pool, rooms(first, second, third), now);
    expect(await table('third')).toBe(true);
  });
});
