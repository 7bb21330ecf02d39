/** Reading `postmaster.pid`: which process serves a data folder, and whether it really is one. */
import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

export interface Postmaster {
  readonly pid: number;
  readonly cluster: string;
  readonly port: number;
  readonly socketFolder: string;
}

/** Above any process id that a kernel gives (Linux: 2^22), and one that `kill` answers with "no such process". */
const pidOfNobody = 2_147_483_646;

/** What the file of the data folder says; null when there is none or it is not yet complete. */
export function readPostmaster(cluster: string): Postmaster | null {
  let lines: string[];
  try {
    lines = readFileSync(join(cluster, 'postmaster.pid'), 'utf8').split('\n');
  } catch {
    return null;
  }
  const [pid, , , port, socketFolder] = lines;
  if (!pid || !port || !socketFolder) return null;
  return { pid: Number(pid), cluster, port: Number(port), socketFolder };
}

/** A process with that id exists *and* is a server of this folder: after a reboot the id may be anybody's. */
export function isRunning(running: Postmaster): boolean {
  try {
    process.kill(running.pid, 0);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EPERM') return false;
  }
  return servesFolder(running.pid, running.cluster);
}

function servesFolder(pid: number, cluster: string): boolean {
  const args = commandLine(pid);
  const folder = args.indexOf('-D');
  // A process that has ended and was not collected yet has an empty command line.
  return folder > 0 && args[folder + 1] === cluster && (args[0] ?? '').endsWith('postgres');
}

/** `/proc/PID/cmdline` is readable by everybody, unlike `cwd`, which a container without ptrace may not show to root. */
function commandLine(pid: number): string[] {
  try {
    if (existsSync('/proc/self/cmdline')) return readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0');
  } catch {
    return [];
  }
  return spawnSync('ps', ['-ww', '-o', 'command=', '-p', String(pid)], { encoding: 'utf8' })
    .stdout.trim()
    .split(' ');
}

/**
 * After a crash two files name a process that is gone: the data folder's and the socket's. When its id belongs to
 * another process of ours by now (after a reboot, in a new container), or the dead one was not collected by its
 * parent, PostgreSQL refuses to start ("lock file already exists"). The id is replaced and the rest is kept, because
 * the line about shared memory is how PostgreSQL notices sessions of the dead server that still write. Deleting the
 * file would switch that check off. Call under the start lock, and only when `isRunning` is false.
 */
export function neutralise(cluster: string, socketFolder: string): void {
  // The second line of both is the data folder: the lock of a stranger's server is left alone.
  for (const file of [join(cluster, 'postmaster.pid'), join(socketFolder, '.s.PGSQL.5432.lock')]) {
    let text: string;
    try {
      text = readFileSync(file, 'utf8');
    } catch {
      continue;
    }
    const [pid = '', folder = ''] = text.split('\n');
    if (folder !== cluster || servesFolder(Number(pid), cluster)) continue;
    writeFileSync(file, text.replace(/^[^\n]*/, String(pidOfNobody)));
  }
}
