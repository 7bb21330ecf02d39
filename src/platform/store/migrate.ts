/**
 * Forward-only migrations. Every room keeps its own tables and lists its own steps; this runs what is missing, once,
 * however many desks start together, and refuses to guess when database and code disagree.
 */
import { hash } from 'node:crypto';
import type pg from 'pg';
import { Fault } from '../../foundation/fault.ts';
import type { Instant } from '../../foundation/time/time.ts';
import { databaseFault } from './faults.ts';
import { inTransaction } from './statements.ts';

export interface Migration {
  /** Unique in its room; never renamed once released. */
  readonly id: string;
  readonly sql: string;
}

export interface RoomMigrations {
  readonly room: string;
  /** In the order in which they are applied. New ones are added at the end. */
  readonly migrations: readonly Migration[];
}

/** Any number that nobody else locks: "resc" in ASCII. */
const lockKey = 0x72657363;

/**
 * Brings the database up to the code, all or nothing. Faults: `migration_changed` (an applied step was edited),
 * `database_newer` (a newer release has been here), `migration_failed`.
 */
export async function migrate(
  pool: pg.Pool,
  rooms: readonly RoomMigrations[],
  now: Instant,
): Promise<{ applied: string[] }> {
  return inTransaction(pool, async (client) => {
    await client.query('SELECT pg_advisory_xact_lock($1)', [lockKey]);
    await client.query(`
      CREATE SCHEMA IF NOT EXISTS store;
      CREATE TABLE IF NOT EXISTS store.migration (
        room text NOT NULL,
        id text NOT NULL,
        position integer NOT NULL,
        sha256 text NOT NULL,
        applied_at timestamptz NOT NULL,
        PRIMARY KEY (room, id)
      )`);
    const applied: string[] = [];
    for (const { room, migrations } of rooms) {
      const known = await appliedIn(client, room);
      checkHistory(room, migrations, known);
      for (const [position, migration] of migrations.entries()) {
        if (position < known.length) continue;
        await applyOne(client, room, migration);
        await client.query('INSERT INTO store.migration VALUES ($1, $2, $3, $4, $5)', [
          room,
          migration.id,
          position,
          digest(migration),
          now.toString(),
        ]);
        applied.push(`${room}/${migration.id}`);
      }
    }
    return { applied };
  });
}

interface Applied {
  readonly id: string;
  readonly sha256: string;
}

async function appliedIn(client: pg.ClientBase, room: string): Promise<Applied[]> {
  const { rows } = await client.query<Applied>(
    'SELECT id, sha256 FROM store.migration WHERE room = $1 ORDER BY position',
    [room],
  );
  return rows;
}

function checkHistory(room: string, migrations: readonly Migration[], known: readonly Applied[]): void {
  for (const [position, before] of known.entries()) {
    const ours = migrations[position];
    if (ours?.id === before.id && digest(ours) === before.sha256) continue;
    if (migrations.some((migration) => migration.id === before.id)) {
      throw new Fault(
        'migration_changed',
        `Migration ${room}/${before.id} was applied to this database and has been changed or moved since. Restore it; write a new migration instead.`,
      );
    }
    throw new Fault(
      'database_newer',
      `This database was used by a newer release (it has ${room}/${before.id}). Start that release, or restore a backup made before it.`,
    );
  }
}

async function applyOne(client: pg.ClientBase, room: string, migration: Migration): Promise<void> {
  try {
    await client.query(migration.sql);
  } catch (error) {
    const fault = databaseFault(error);
    if (fault?.code !== 'database_error') throw fault ?? error;
    throw new Fault(
      'migration_failed',
      `Migration ${room}/${migration.id} failed and nothing was changed: ${(error as Error).message}`,
      { cause: error },
    );
  }
}

/** White space may be reformatted; anything else is a change. */
function digest(migration: Migration): string {
  return hash('sha256', migration.sql.trim().replace(/\s+/g, ' '), 'hex');
}
