/**
 * A lock between processes of one machine that the kernel releases when its holder dies, however it dies. Node has no
 * `flock`; an exclusive SQLite transaction is one (a POSIX record lock on an empty file), on every platform we run on.
 * A lock file with a process id in it would need someone to decide whether a holder is still alive, and be wrong once.
 */
import { DatabaseSync } from 'node:sqlite';
import { setTimeout as sleep } from 'node:timers/promises';
import { Fault } from '../../foundation/fault.ts';

/** How often a waiter looks again, in milliseconds. */
const retryMs = 50;
/** SQLITE_BUSY: somebody else holds it. */
const sqliteBusy = 5;

/** Takes the lock at `path` (created when absent), waiting at most `waitMs`; the answer gives it back. */
export async function takeLock(path: string, waitMs: number): Promise<() => void> {
  for (let waited = 0; ; waited += retryMs) {
    const release = tryLock(path);
    if (release) return release;
    if (waited >= waitMs) {
      throw new Fault(
        'database_start_locked',
        `Another process has been starting the database for ${Math.round(waitMs / 1000)} s (lock ${path}). Wait for it, or end it.`,
      );
    }
    await sleep(retryMs);
  }
}

function tryLock(path: string): (() => void) | null {
  const file = new DatabaseSync(path, { timeout: 0 });
  try {
    file.exec('BEGIN EXCLUSIVE');
    return () => file.close();
  } catch (error) {
    file.close();
    if ((error as { errcode?: number }).errcode === sqliteBusy) return null;
    throw error;
  }
}
