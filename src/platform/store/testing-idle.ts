/** A process of its own: stops the shared test server when nobody has used it for a while. Started by `testing.ts`. */
import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';
import { ensureServer, stopServer } from './embedded.ts';
import { testDatabasePrefix, testServerFolder } from './testing.ts';

const lookEveryMs = 10_000;
const idleLooksMax = 6;

const dataFolder = testServerFolder();
const server = await ensureServer({ dataFolder, durable: false });
let idleLooks = 0;
while (idleLooks < idleLooksMax) {
  await sleep(lookEveryMs);
  const others = await look();
  if (others === null) process.exit(0);
  idleLooks = others === 0 ? idleLooks + 1 : 0;
}
await stopServer(dataFolder, server, 'anybody');

/** How many connections others hold; null when the server is gone. Removes databases of tests that crashed. */
async function look(): Promise<number | null> {
  const client = new pg.Client({ ...server.connection, database: 'postgres', connectionTimeoutMillis: 5_000 });
  client.on('error', () => {});
  try {
    await client.connect();
    const { rows } = await client.query<{ others: number }>(
      `SELECT count(*)::int AS others FROM pg_stat_activity
        WHERE backend_type = 'client backend' AND pid <> pg_backend_pid()`,
    );
    const others = rows[0]?.others ?? 0;
    if (others === 0 && idleLooks === idleLooksMax - 1) {
      const left = await client.query<{ datname: string }>(
        'SELECT datname FROM pg_database WHERE starts_with(datname, $1)',
        [testDatabasePrefix],
      );
      for (const { datname } of left.rows) await client.query(`DROP DATABASE IF EXISTS ${datname}`);
    }
    return others;
  } catch {
    return null;
  } finally {
    await client.end().catch(() => {});
  }
}
