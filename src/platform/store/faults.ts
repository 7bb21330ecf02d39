/** What PostgreSQL and its driver throw, said in the desk's words: a stable code, and whether it may have happened. */
import pg from 'pg';
import { Fault } from '../../foundation/fault.ts';

interface DriverError {
  readonly code?: string;
  readonly message?: string;
}

const unreachable = new Set([
  'ECONNREFUSED',
  'ECONNRESET',
  'ENOENT',
  'EPIPE',
  'ETIMEDOUT',
  'ENOTFOUND',
  'EAI_AGAIN',
  'EHOSTUNREACH',
  'ENETUNREACH',
]);

/** Driver errors without a code, by their text. */
const connectionLost =
  /connection terminated|connection ended|not queryable|timeout exceeded when trying to connect|terminating connection|query read timeout/i;

/**
 * The kinds of failure after which trying again later helps. Only a `Fault` counts: a bare ECONNREFUSED may as well
 * come from some CA, and one CA that is down must not look like the database being away.
 */
export function isOutage(error: unknown): boolean {
  return error instanceof Fault && (error.code === 'database_unavailable' || error.code === 'database_disk_full');
}

/** Turns whatever a statement threw into a `Fault`; what is not the database's doing is passed on as it is. */
export function asFault(error: unknown, committing = false): Error {
  return databaseFault(error, committing) ?? (error instanceof Error ? error : new Error(String(error)));
}

/**
 * The `Fault` behind an error of the driver; null when the error is not the database's. `committing` says that the
 * statement was the one that makes things durable: if the connection broke then, it may have happened.
 */
export function databaseFault(error: unknown, committing = false): Fault | null {
  if (error instanceof Fault) return error;
  const { code = '', message = '' } = (error ?? {}) as DriverError;
  const outcome = committing ? 'unknown' : 'did_not_happen';
  if (code === '53100' || code === 'ENOSPC') {
    return new Fault(
      'database_disk_full',
      'The disk of the database is full. Free space; the desk goes on by itself.',
      {
        cause: error,
      },
    );
  }
  if (isConnectionLoss(code, message)) {
    return new Fault(
      'database_unavailable',
      'The database does not answer. The desk tries again by itself; check the server if this lasts.',
      { cause: error, outcome },
    );
  }
  if (code === '40001' || code === '40P01' || code === '55P03') {
    return new Fault('database_contention', 'Two writers met in the database and one has to try again.', {
      cause: error,
    });
  }
  if (code === '28P01' || code === '28000') {
    return new Fault('database_password', 'The database refuses our user or password. Check DATABASE_URL.', {
      cause: error,
    });
  }
  if (code === '3D000') {
    return new Fault('database_missing', 'The database named in DATABASE_URL does not exist. Create it first.', {
      cause: error,
    });
  }
  if (!(error instanceof pg.DatabaseError)) return null;
  return new Fault('database_error', `The database refused a statement (${code || 'no code'}).`, { cause: error });
}

/** Class 08: connection; 57P: shutting down or starting; 53300: no slot free; 25006: a standby that cannot write. */
function isConnectionLoss(code: string, message: string): boolean {
  if (code.startsWith('08') || code.startsWith('57P') || code === '53300' || code === '25006') return true;
  return unreachable.has(code) || (!code && connectionLost.test(message));
}
