/**
 * The desk's connection to PostgreSQL: the one at `databaseUrl`, or the embedded one of the data folder, kept running
 * for as long as the desk does. A server that dies under a running desk is started again without anybody's hand.
 */
import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';
import { Fault } from '../../foundation/fault.ts';
import { ensureServer, presencePrefix, type Server, stopServer } from './embedded.ts';
import { asFault, isOutage } from './faults.ts';
import { columnTypes } from './types.ts';

/** The part of pino that this room uses. */
interface Log {
  info(fields: object, message: string): void;
  warn(fields: object, message: string): void;
}

export interface ConnectOptions {
  readonly databaseUrl?: string;
  readonly dataFolder: string;
  readonly log?: Log;
  /** Connections of the pool. */
  readonly connectionsMax?: number;
  /** A statement without an answer for so long has lost its server. */
  readonly answerMaxMs?: number;
}

export interface Database {
  /**
   * `timestamptz` comes out as `Temporal.Instant`, `bigint` as a number (an unsafe one throws). Instants go in as
   * `instant.toString()`.
   */
  readonly pool: pg.Pool;
  /** For libraries that open connections of their own. Carries the password: never log it. */
  readonly connection: pg.ClientConfig;
  /** Null for a database of somebody else's. */
  readonly embedded: { readonly adopted: boolean } | null;
  /** Closes the pool, and stops the embedded server unless another desk uses it. */
  stop(): Promise<void>;
}

const databaseName = 'rescind';
const connectTimeoutMs = 10_000;
/** Longer than the longest honest statement, a migration of a full inventory. */
const answerMaxMs = 10 * 60_000;
const reachAttemptsMax = 5;
const retryFirstMs = 200;
const retryMostMs = 10_000;
/** Older servers lack what the statements here use. */
const serverVersionMin = 150_000;

export async function connect(options: ConnectOptions): Promise<Database> {
  return options.databaseUrl ? connectForeign(options, options.databaseUrl) : connectEmbedded(options);
}

async function connectForeign(options: ConnectOptions, url: string): Promise<Database> {
  const connection: pg.ClientConfig = { connectionString: url, connectionTimeoutMillis: connectTimeoutMs };
  const pool = openPool(connection, options);
  try {
    const { rows } = await pool.query<{ version: number }>(
      `SELECT current_setting('server_version_num')::int AS version`,
    );
    const version = rows[0]?.version ?? 0;
    if (version < serverVersionMin) {
      throw new Fault(
        'database_version',
        `The server at DATABASE_URL is PostgreSQL ${Math.floor(version / 10_000)}; 15 or newer is needed.`,
      );
    }
  } catch (error) {
    await pool.end().catch(() => {});
    throw asFault(error);
  }
  return { pool, connection, embedded: null, stop: () => pool.end() };
}

async function connectEmbedded(options: ConnectOptions): Promise<Database> {
  let server = await reach(options);
  options.log?.info({ pid: server.pid, adopted: server.adopted }, 'database ready');
  const connection: pg.ClientConfig = {
    ...server.connection,
    database: databaseName,
    connectionTimeoutMillis: connectTimeoutMs,
  };
  const pool = openPool(connection, options);
  const stopping = new AbortController();
  const presence = `${presencePrefix}${randomUUID()}`;
  const guard = keepRunning({
    options,
    presence,
    connection,
    signal: stopping.signal,
    restarted: (again) => {
      server = again;
    },
  });
  let stopped: Promise<void> | null = null;
  return {
    pool,
    connection,
    embedded: { adopted: server.adopted },
    stop: () => {
      stopped ??= (async () => {
        stopping.abort();
        await guard;
        await pool.end();
        const ended = await stopServer(options.dataFolder, server, { own: presence });
        options.log?.info({ ended }, ended ? 'database stopped' : 'database left running for another desk');
      })();
      return stopped;
    },
  };
}

/** Another desk may be stopping the server just when this one has adopted it: then it is started again. */
async function reach(options: ConnectOptions): Promise<Server> {
  for (let attempt = 1; ; attempt++) {
    const server = await ensureServer(options);
    try {
      await ensureDatabase(server);
      return server;
    } catch (error) {
      if (!isOutage(error) || attempt === reachAttemptsMax) throw error;
    }
  }
}

interface Guarded {
  readonly options: ConnectOptions;
  readonly presence: string;
  readonly connection: pg.ClientConfig;
  readonly signal: AbortSignal;
  readonly restarted: (server: Server) => void;
}

/**
 * Holds one connection open all the time. It shows other desks that this one is there, and its end is how we learn
 * at once that the server died; then the server is started again, with growing pauses while that fails.
 */
async function keepRunning({ options, presence, connection, signal, restarted }: Guarded): Promise<void> {
  let pause = 0;
  while (!signal.aborted) {
    const client = new pg.Client({ ...connection, application_name: presence });
    const ended = new Promise<void>((resolve) => {
      client.once('end', () => resolve());
      client.on('error', () => resolve());
      signal.addEventListener('abort', () => resolve(), { once: true });
    });
    try {
      await client.connect();
      pause = 0;
      await ended;
    } catch {
      // Not there: what follows brings it back.
    }
    await client.end().catch(() => {});
    if (signal.aborted) return;
    await sleep(pause, undefined, { signal }).catch(() => {});
    if (signal.aborted) return;
    pause = Math.min(Math.max(pause * 2, retryFirstMs), retryMostMs);
    try {
      const server = await ensureServer(options);
      restarted(server);
      options.log?.warn({ pid: server.pid, adopted: server.adopted }, 'the connection to the database broke; it runs');
    } catch (error) {
      const fault = asFault(error);
      options.log?.warn({ code: codeOf(fault), pause }, fault.message);
    }
  }
}

async function ensureDatabase(server: Server): Promise<void> {
  const client = new pg.Client({
    ...server.connection,
    database: 'postgres',
    connectionTimeoutMillis: connectTimeoutMs,
  });
  try {
    await client.connect();
    const { rowCount } = await client.query('SELECT 1 FROM pg_database WHERE datname = $1', [databaseName]);
    if (rowCount === 0) await client.query(`CREATE DATABASE ${databaseName}`);
  } catch (error) {
    // 42P04, 23505: another desk created it in the same moment.
    if (!['42P04', '23505'].includes((error as { code?: string }).code ?? '')) throw asFault(error);
  } finally {
    await client.end().catch(() => {});
  }
}

export function openPool(
  connection: pg.ClientConfig,
  options: Pick<ConnectOptions, 'connectionsMax' | 'answerMaxMs' | 'log'> = {},
): pg.Pool {
  const pool = new pg.Pool({
    application_name: 'rescind',
    ...connection,
    max: options.connectionsMax ?? 10,
    types: columnTypes,
    // A network that swallows packets gives no error: without these a loop would wait for ever.
    keepAlive: true,
    keepAliveInitialDelayMillis: 10_000,
    query_timeout: options.answerMaxMs ?? answerMaxMs,
  });
  // A connection that breaks while somebody holds it raises an event as well as failing the statement; without a
  // listener that event would end the process.
  pool.on('connect', (client) => client.on('error', () => {}));
  // Without a listener an idle connection that breaks would end the process.
  pool.on('error', (error) => options.log?.warn({ code: codeOf(asFault(error)) }, 'an idle database connection broke'));
  return pool;
}

function codeOf(error: Error): string {
  return error instanceof Fault ? error.code : error.name;
}
