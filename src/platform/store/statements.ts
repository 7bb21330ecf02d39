/** The two ways in which this room talks to PostgreSQL; what the database does wrong becomes a `Fault`. */
import type pg from 'pg';
import type { Instant } from '../../foundation/time/time.ts';
import { asFault } from './faults.ts';

type Row = pg.QueryResultRow;

/** The statements of this room are short; one that is not answered in this time has lost its server. */
const answerMaxMs = 60_000;

/** One statement on its own. `writes` says that a lost connection leaves it unknown whether it happened. */
export async function run<R extends Row>(
  pool: pg.Pool,
  text: string,
  values: unknown[] = [],
  writes = false,
): Promise<R[]> {
  try {
    return (await pool.query<R>({ text, values, query_timeout: answerMaxMs } as pg.QueryConfig)).rows;
  } catch (error) {
    throw asFault(error, writes);
  }
}

/**
 * Several statements that happen together or not at all. A connection that breaks before COMMIT means that nothing
 * happened; one that breaks during COMMIT gives a `Fault` with outcome `unknown`.
 */
export async function inTransaction<T>(pool: pg.Pool, work: (client: pg.PoolClient) => Promise<T>): Promise<T> {
  let client: pg.PoolClient;
  try {
    client = await pool.connect();
  } catch (error) {
    throw asFault(error);
  }
  let committing = false;
  try {
    await client.query('BEGIN');
    const result = await work(client);
    committing = true;
    await client.query('COMMIT');
    client.release();
    return result;
  } catch (error) {
    await client.query('ROLLBACK').then(
      () => client.release(),
      () => client.release(true),
    );
    throw asFault(error, committing);
  }
}

/** An instant as PostgreSQL reads it. */
export function sqlInstant(instant: Instant): string;
export function sqlInstant(instant: Instant | null | undefined): string | null;
export function sqlInstant(instant: Instant | null | undefined): string | null {
  return instant?.toString() ?? null;
}
