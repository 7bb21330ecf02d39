/**
 * Who runs the database server. PostgreSQL refuses to run as root, so a desk started by root hands the server to an
 * unprivileged user of the machine; any other desk runs it as itself.
 */
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { Fault } from '../../foundation/fault.ts';

export interface ServerUser {
  readonly name: string;
  /** For `spawn`; null when the server runs as the desk's own user. */
  readonly ids: { readonly uid: number; readonly gid: number } | null;
}

/** In order of preference. `nobody` is last: other things on the machine may run as it too. */
const candidates = ['rescind', 'postgres', 'nobody'];

export function serverUser(): ServerUser {
  if (process.getuid?.() !== 0) return { name: String(process.getuid?.() ?? 'self'), ids: null };
  const known = new Map(
    readFileSync('/etc/passwd', 'utf8')
      .split('\n')
      .map((line) => line.split(':'))
      .map((field) => [field[0] ?? '', { uid: Number(field[2]), gid: Number(field[3]) }] as const),
  );
  for (const name of candidates) {
    const ids = known.get(name);
    if (ids && ids.uid > 0) return { name, ids };
  }
  throw new Fault(
    'database_user_missing',
    `PostgreSQL refuses to run as root and this machine has none of the users ${candidates.join(', ')}. Create one, start the desk as an ordinary user, or set DATABASE_URL.`,
  );
}

/** True when `user` can pass through every folder on the way to `folder`. */
export function canReach(user: ServerUser, folder: string): boolean {
  return spawnSync('/bin/sh', ['-c', 'cd "$1"', 'sh', folder], { ...user.ids, cwd: '/', stdio: 'ignore' }).status === 0;
}
