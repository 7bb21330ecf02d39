/**
 * PostgreSQL for tests: one server per machine and user, started by whoever comes first and stopped by itself a
 * minute after the last test has gone; each caller gets a database of its own. Nothing here is durable. Tests about
 * durability use `connect` with a data folder of their own.
 */
import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import pg from 'pg';
import { openPool } from './connect.ts';
import { ensureServer, type Server } from './embedded.ts';

export interface TestDatabase {
  readonly pool: pg.Pool;
  /** For code that opens connections of its own. */
  readonly connection: pg.ClientConfig;
  /** The same as a URL, for code that is configured with one. */
  readonly url: string;
  /** Closes the pool and removes the database. Call it in `afterAll`. */
  drop(): Promise<void>;
}

export const testDatabasePrefix = 'rescind_test_';
const attemptsMax = 5;

export function testServerFolder(): string {
  return join(tmpdir(), `rescind-test-postgres-${process.getuid?.() ?? 0}`);
}

/** A fresh, empty database. */
export async function testDatabase(): Promise<TestDatabase> {
  const name = `${testDatabasePrefix}${randomBytes(8).toString('hex')}`;
  const { server, connection, pool, presence } = await openDatabase(name);
  const { user, password, host, port } = server.connection;
  const url = `postgresql://${user}:${encodeURIComponent(password)}@/${name}?host=${encodeURIComponent(host)}&port=${port}`;
  return {
    pool,
    connection,
    url,
    drop: async () => {
      presence.release();
      await pool.end();
      await onServer(server, `DROP DATABASE IF EXISTS ${name} WITH (FORCE)`);
    },
  };
}

interface Opened {
  readonly server: Server;
  readonly connection: pg.ClientConfig;
  readonly pool: pg.Pool;
  /** Held as long as the database is: whoever thinks for a minute without asking anything is still here. */
  readonly presence: pg.PoolClient;
}

async function openDatabase(name: string): Promise<Opened> {
  for (let attempt = 1; ; attempt++) {
    const server = await ensureServer({ dataFolder: testServerFolder(), durable: false });
    if (!server.adopted) watchForIdle();
    const connection: pg.ClientConfig = { ...server.connection, database: name, connectionTimeoutMillis: 10_000 };
    const pool = openPool(connection, { connectionsMax: 9 });
    try {
      await onServer(server, `CREATE DATABASE ${name} TEMPLATE template0`);
      return { server, connection, pool, presence: await pool.connect() };
    } catch (error) {
      await pool.end();
      // The idle watch may have stopped the server between two of these steps.
      if (attempt === attemptsMax) throw error;
      await onServer(server, `DROP DATABASE IF EXISTS ${name}`).catch(() => {});
    }
  }
}

async function onServer(server: Server, statement: string): Promise<void> {
  const client = new pg.Client({ ...server.connection, database: 'postgres', connectionTimeoutMillis: 10_000 });
  client.on('error', () => {});
  try {
    await client.connect();
    await client.query(statement);
  } finally {
    await client.end().catch(() => {});
  }
}

function watchForIdle(): void {
  const script = fileURLToPath(import.meta.resolve('./testing-idle.ts'));
  spawn(process.execPath, [script], {
    detached: true,
    stdio: 'ignore',
    cwd: '/',
    env: { TMPDIR: tmpdir(), PATH: process.env.PATH },
  }).unref();
}
