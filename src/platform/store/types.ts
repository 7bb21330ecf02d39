/** How columns come out of PostgreSQL: instants as `Temporal.Instant` to the microsecond, never as `Date`. */
import assert from 'node:assert';
import pg from 'pg';

const oid = { int8: 20, timestamptz: 1184, int8Array: 1016 } as const;

function parseInstant(text: string): Temporal.Instant {
  // 2026-11-23 23:21:21.5+00 (the session's zone is UTC, but any offset is read).
  return Temporal.Instant.from(text.replace(' ', 'T'));
}

function parseBigint(text: string): number {
  const value = Number(text);
  assert(Number.isSafeInteger(value), 'a bigint column holds a number beyond 2^53, which nothing here counts to');
  return value;
}

const own: Readonly<Record<number, (text: string) => unknown>> = {
  [oid.int8]: parseBigint,
  [oid.timestamptz]: parseInstant,
};

/** Handed to the pool, not set globally: libraries with connections of their own keep theirs. */
export const columnTypes = {
  getTypeParser(type: number, format?: 'text' | 'binary') {
    return own[type] ?? pg.types.getTypeParser(type, format as 'text');
  },
} as pg.CustomTypesConfig;
