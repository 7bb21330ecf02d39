import type { Pool } from 'pg';
import { type Instant, rfc3339 } from '../../foundation/time/time.ts';

export function text(at: Instant): string;
export function text(at: Instant | null): string | null;
export function text(at: Instant | null): string | null {
  return at === null ? null : rfc3339(at);
}

export interface Statements {
  many<Row>(sql: string, values: readonly unknown[]): Promise<readonly Row[]>;
  one<Row>(sql: string, values: readonly unknown[]): Promise<Row | null>;
  /** How many rows it touched. */
  run(sql: string, values: readonly unknown[]): Promise<number>;
}

export function statements(pool: Pool): Statements {
  return {
    many: async <Row>(sql: string, values: readonly unknown[]) => (await pool.query(sql, [...values])).rows as Row[],
    one: async <Row>(sql: string, values: readonly unknown[]) =>
      ((await pool.query(sql, [...values])).rows[0] as Row | undefined) ?? null,
    run: async (sql, values) => (await pool.query(sql, [...values])).rowCount ?? 0,
  };
}
