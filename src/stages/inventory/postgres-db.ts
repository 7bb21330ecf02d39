/** What the statements of this adapter share: bytes, instants, transactions. */
import type { Pool, PoolClient } from 'pg';
import type { Instant } from '../../foundation/time/time.ts';

export type Db = Pick<Pool | PoolClient, 'query'>;
/** A bigint, which a pool may hand out as text or as a number. */
export type Whole = string | number;

/** Names the lock under which entries are placed; any constant that nothing else in the database uses. */
export const placingLock = 7_390_114_501;

export function bytea(hexDigits: string): Buffer {
  return Buffer.from(hexDigits, 'hex');
}

export function even(hexDigits: string): string {
  return hexDigits.length % 2 ? `0${hexDigits}` : hexDigits;
}

export function seconds(instant: Instant): number {
  return instant.epochMilliseconds / 1000;
}

export async function transaction<T>(pool: Pool, work: (db: PoolClient) => Promise<T>): Promise<T> {
  const client = await pool.connect();
  try {
    await client.query('begin');
    const result = await work(client);
    await client.query('commit');
    client.release();
    return result;
  } catch (cause) {
    // A connection that fails to roll back is destroyed, and the database rolls back with it.
    await client.query('rollback').then(
      () => client.release(),
      (broken: unknown) => client.release(broken instanceof Error ? broken : true),
    );
    throw cause;
  }
}
