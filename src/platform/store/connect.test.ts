/** A network that stops delivering without a word: between the pool and the server stands a proxy that can freeze. */
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { createServer, connect as dial, type Socket } from 'node:net';
import { afterAll, expect, it } from 'vitest';
import { openPool } from './connect.ts';
import { inTransaction, run } from './statements.ts';
import { testDatabase } from './testing.ts';

const database = await testDatabase();
const { host, port } = database.connection;
const sockets = new Set<Socket>();
let frozen = false;
const proxy = createServer((near) => {
  const far = dial(`${host}/.s.PGSQL.${port}`);
  for (const [from, to] of [
    [near, far],
    [far, near],
  ] as const) {
    sockets.add(from);
    from.on('data', (data) => frozen || to.write(data));
    from.on('close', () => to.destroy());
    from.on('error', () => to.destroy());
  }
});
proxy.listen(0, '127.0.0.1');
await once(proxy, 'listening');
const pool = openPool(
  {
    ...database.connection,
    host: '127.0.0.1',
    port: (proxy.address() as AddressInfo).port,
    connectionTimeoutMillis: 500,
  },
  { connectionsMax: 2, answerMaxMs: 300 },
);

afterAll(async () => {
  frozen = false;
  for (const socket of sockets) socket.destroy();
  await pool.end();
  proxy.close();
  await database.drop();
});

it('a statement that is never answered becomes an outage, and the next one works', async () => {
  await run(pool, 'CREATE TABLE seen (n integer)');
  frozen = true;
  const lost = inTransaction(pool, (client) => client.query('INSERT INTO seen VALUES (1)'));
  await expect(lost).rejects.toMatchObject({ code: 'database_unavailable', outcome: 'did_not_happen' });
  await expect(run(pool, 'SELECT 1')).rejects.toMatchObject({ code: 'database_unavailable' });
  frozen = false;
  await expect.poll(() => run(pool, 'SELECT count(*) AS n FROM seen').catch(() => 'down')).toEqual([{ n: 0 }]);
});

it('a COMMIT that is never answered may have happened, and says so', async () => {
  const lost = inTransaction(pool, async (client) => {
    await client.query('INSERT INTO seen VALUES (2)');
    for (const socket of sockets) socket.pause();
    frozen = true;
  });
  await expect(lost).rejects.toMatchObject({ code: 'database_unavailable', outcome: 'unknown' });
  frozen = false;
  for (const socket of sockets) socket.destroy();
  await expect.poll(() => run(pool, 'SELECT count(*) AS n FROM seen').catch(() => 'down')).not.toBe('down');
});
