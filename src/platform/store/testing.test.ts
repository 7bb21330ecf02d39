import pg from 'pg';
import { afterAll, expect, it } from 'vitest';
import { testDatabase } from './testing.ts';

const one = await testDatabase();
const other = await testDatabase();
afterAll(() => Promise.all([one.drop(), other.drop()]));

it('each test database is its own', async () => {
  await one.pool.query('CREATE TABLE mine (n integer)');
  const { rows } = await other.pool.query(`SELECT to_regclass('mine') AS found`);
  expect(rows).toEqual([{ found: null }]);
});

it('a test database is reached by its URL as well', async () => {
  const client = new pg.Client(one.url);
  await client.connect();
  const { rows } = await client.query('SELECT current_database() AS name');
  expect(rows).toEqual([{ name: one.connection.database }]);
  await client.end();
});

it('instants come out to the microsecond and large counts as numbers', async () => {
  const instant = Temporal.Instant.from('2024-08-30T17:49:00.123456Z');
  const { rows } = await one.pool.query('SELECT $1::timestamptz AS at, 83267::bigint AS count', [instant.toString()]);
  expect(rows[0].at.toString()).toBe(instant.toString());
  expect(rows[0].count).toBe(83_267);
});
