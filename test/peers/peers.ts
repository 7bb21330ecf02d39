/**
 * Real peers for the contract tests. They are found in the folder RESCIND_PEERS (or on the path) and not installed by
 * `npm install`: test/peers/README.md says how to get them. What is missing is skipped, loudly.
 */
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { accessSync, constants, mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';

export function findPeer(name: string): string | null {
  const folders = [process.env.RESCIND_PEERS ?? '', ...(process.env.PATH ?? '').split(delimiter)];
  for (const folder of folders.filter((one) => one !== '')) {
    const file = join(folder, name);
    try {
      accessSync(file, constants.X_OK);
      return file;
    } catch {
      // Not there.
    }
  }
  console.warn(`${name} is not installed: set RESCIND_PEERS to a folder that has it to run these tests.`);
  return null;
}

export interface Running {
  readonly folder: string;
  stop(): Promise<void>;
}

export function newFolder(name: string): string {
  return mkdtempSync(join(tmpdir(), `rescind-${name}-`));
}

/** Starts a peer and waits until `ready` says so. Its output goes to the error when it does not get ready. */
export async function start(
  program: string,
  args: readonly string[],
  options: { readonly folder: string; readonly env?: Record<string, string>; readonly ready: () => Promise<boolean> },
): Promise<Running> {
  const child: ChildProcess = spawn(program, args, {
    cwd: options.folder,
    env: { ...process.env, ...options.env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let output = '';
  for (const stream of [child.stdout!, child.stderr!]) {
    stream.on('data', (part: Buffer) => {
      output = (output + part.toString('utf8')).slice(-4000);
    });
  }
  let ended = false;
  const gone = new Promise<void>((resolve) =>
    child.once('close', () => {
      ended = true;
      resolve();
    }),
  );
  for (let i = 0; ; i++) {
    if (await options.ready().catch(() => false)) break;
    if (ended || i > 300) {
      child.kill('SIGKILL');
      throw new Error(`${program} did not get ready:\n${output}`);
    }
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  return {
    folder: options.folder,
    stop: async () => {
      child.kill('SIGKILL');
      await gone;
      rmSync(options.folder, { recursive: true, force: true });
    },
  };
}

export async function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.on('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const { port } = server.address() as { port: number };
      server.close(() => resolve(port));
    });
  });
}

export function openssl(folder: string, ...args: string[]): Buffer {
  return execFileSync('openssl', args, { cwd: folder, stdio: ['ignore', 'pipe', 'ignore'] });
}

/** A self-signed server certificate for 127.0.0.1 in `folder`: tls.pem and tls.key. */
export function serverCertificate(folder: string): void {
  openssl(
    folder,
    'req',
    '-x509',
    '-newkey',
    'ec',
    '-pkeyopt',
    'ec_paramgen_curve:P-256',
    '-nodes',
    '-keyout',
    'tls.key',
    '-out',
    'tls.pem',
    '-subj',
    '/CN=localhost',
    '-addext',
    'subjectAltName=IP:127.0.0.1,DNS:localhost',
    '-days',
    '30',
  );
}
