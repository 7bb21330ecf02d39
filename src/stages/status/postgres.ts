/** The newest CRL numbers seen, kept in PostgreSQL so that a list which goes back is noticed after a restart too. */
import type pg from 'pg';
import type { Time } from '../../foundation/time/time.ts';
import type { SeenNumbers } from './probe.ts';

export const migrations: readonly { readonly id: string; readonly sql: string }[] = [
  {
    id: '001-crl-numbers',
    sql: `
      CREATE SCHEMA status;
      -- key: SHA-256 of the issuer's key, a space, the URL of the list.
      CREATE TABLE status.crl_number (
        key text PRIMARY KEY,
        number numeric NOT NULL,
        seen_at timestamptz NOT NULL
      );
    `,
  },
];

export interface StoredNumbers extends SeenNumbers {
  /** Resolves when everything set so far is durable; rejects when the database did not take it. */
  saved(): Promise<void>;
}

/** Reads what is known; `set` answers at once and is written behind, newest first wins. */
export async function postgresNumbers(pool: pg.Pool, time: Time): Promise<StoredNumbers> {
  const { rows } = await pool.query<{ key: string; number: string }>('SELECT key, number FROM status.crl_number');
  const numbers = new Map(rows.map((row) => [row.key, BigInt(row.number)]));
  const unsaved = new Map<string, bigint>();
  let writing: Promise<void> = Promise.resolve();

  const write = async () => {
    if (unsaved.size === 0) return;
    const batch = [...unsaved];
    unsaved.clear();
    try {
      await pool.query(
        `INSERT INTO status.crl_number (key, number, seen_at)
         SELECT k, n, $3 FROM unnest($1::text[], $2::numeric[]) AS seen(k, n)
         ON CONFLICT (key) DO UPDATE SET
           number = greatest(status.crl_number.number, excluded.number), seen_at = excluded.seen_at`,
        [batch.map(([key]) => key), batch.map(([, number]) => number.toString()), time.now().toString()],
      );
    } catch (error) {
      // Nothing is forgotten: the next write takes it along.
      for (const [key, number] of batch) if (!unsaved.has(key)) unsaved.set(key, number);
      throw error;
    }
  };
  const flush = () => {
    writing = writing.catch(() => {}).then(write);
    return writing;
  };
  return {
    get: (key) => numbers.get(key) ?? null,
    set(key, number) {
      const before = numbers.get(key);
      if (before !== undefined && number <= before) return;
      numbers.set(key, number);
      unsaved.set(key, number);
      flush().catch(() => {});
    },
    saved: flush,
  };
}
