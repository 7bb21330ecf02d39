import { afterAll, beforeAll, expect, test } from 'vitest';
import { migrate } from '../../src/platform/store/migrate.ts';
import { type TestDatabase, testDatabase } from '../../src/platform/store/testing.ts';
import { httpProbe, migrations, postgresNumbers } from '../../src/stages/status/index.ts';
import { aLab } from './lab.ts';

let database: TestDatabase;
beforeAll(async () => {
  database = await testDatabase();
});
afterAll(() => database?.drop());

test('a list that goes back in number is noticed after a restart of the desk', async () => {
  const lab = await aLab();
  await migrate(database.pool, [{ room: 'status', migrations }], lab.time.now());
  const leaf = await lab.issue();
  const old = new Uint8Array(await (await lab.fetch(leaf.crlUrls[0]!)).arrayBuffer());
  await lab.revoke(leaf.serial);
  const first = await postgresNumbers(database.pool, lab.time);
  expect((await httpProbe({ ...lab, numbers: first }).look(leaf)).published).toBe(true);
  await first.saved();

  const second = await postgresNumbers(database.pool, lab.time);
  const fetch: typeof lab.fetch = async (url, init) =>
    url.includes('/crl/') ? new Response(old) : lab.fetch(url, init);
  expect(await httpProbe({ time: lab.time, fetch, numbers: second }).look(leaf)).toMatchObject({
    crl: 'unknown',
    problem: 'crl-number-went-back',
    published: false,
  });
  // The twin: the newest list is believed.
  expect((await httpProbe({ ...lab, numbers: second }).look(leaf)).published).toBe(true);
});
