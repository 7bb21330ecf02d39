/** Request Tracker 5 (Debian packages request-tracker5, rt5-db-sqlite) as a peer: its own gateway, called in process. */
import { execFileSync } from 'node:child_process';
import { copyFileSync, existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const database = '/var/lib/dbconfig-common/sqlite3/request-tracker5/rtdb';
const script = fileURLToPath(new URL('request-tracker.pl', import.meta.url));

export interface PeerFigures {
  readonly messagesPerSecond: number;
  readonly p99Milliseconds: number;
  readonly accepted: number;
  readonly sent: number;
}

/** Null where the Debian package is missing. */
export function requestTracker(mails: readonly string[]): PeerFigures | null {
  if (!existsSync(database)) return null;
  const folder = mkdtempSync(join(tmpdir(), 'rescind-bench-rt-'));
  try {
    copyFileSync(database, join(folder, 'rtdb'));
    const out = execFileSync('perl', [script, ...mails], {
      cwd: folder,
      env: { ...process.env, RT_DATABASE: join(folder, 'rtdb') },
      stdio: ['ignore', 'pipe', 'ignore'],
    });
    return JSON.parse(out.toString().trim().split('\n').at(-1) as string) as PeerFigures;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
