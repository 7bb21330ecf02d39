/** The command line as a person or a script meets it: a real process, its two streams and its exit code. */
import { type ChildProcess, spawn } from 'node:child_process';
import { chmodSync, mkdtempSync } from 'node:fs';
import { rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const entry = fileURLToPath(new URL('../../src/main/rescind.ts', import.meta.url));

export interface Ended {
  readonly code: number | null;
  readonly out: string;
  readonly err: string;
}

export interface StartOptions {
  readonly cwd?: string;
  readonly env?: Readonly<Record<string, string>>;
  readonly nodeArgs?: readonly string[];
  readonly uid?: number;
}

export function start(args: readonly string[], options: StartOptions = {}): Process {
  const child = spawn(process.execPath, [...(options.nodeArgs ?? []), entry, ...args], {
    cwd: options.cwd ?? process.cwd(),
    env: { ...process.env, ...options.env },
    stdio: ['ignore', 'pipe', 'pipe'],
    ...(options.uid === undefined ? {} : { uid: options.uid, gid: options.uid }),
  });
  return new Process(child);
}

export async function rescind(args: readonly string[], options: StartOptions = {}): Promise<Ended> {
  return start(args, options).ended;
}

export class Process {
  readonly child: ChildProcess;
  out = '';
  err = '';
  readonly ended: Promise<Ended>;

  constructor(child: ChildProcess) {
    this.child = child;
    child.stdout?.on('data', (bytes) => {
      this.out += String(bytes);
    });
    child.stderr?.on('data', (bytes) => {
      this.err += String(bytes);
    });
    this.ended = new Promise((resolve) => child.on('close', (code) => resolve({ code, out: this.out, err: this.err })));
  }

  /** Resolves with what matched on stderr; rejects with what was said when the process ends first. */
  async says(pattern: RegExp): Promise<RegExpExecArray> {
    for (;;) {
      const found = pattern.exec(this.err);
      if (found !== null) return found;
      const ended = await Promise.race([this.ended, pause(50)]);
      if (ended !== undefined) throw new Error(`it ended (${ended.code}) without saying ${pattern}:\n${this.err}`);
    }
  }

  async stop(signal: NodeJS.Signals = 'SIGTERM'): Promise<Ended> {
    this.child.kill(signal);
    return this.ended;
  }
}

/** Real processes are watched by looking again; nothing here depends on how long a look takes. */
export function pause(milliseconds: number): Promise<undefined> {
  return new Promise((resolve) => setTimeout(() => resolve(undefined), milliseconds));
}

/** The JSON values of a command, and proof that nothing else is on stdout: one a line, from column 1. */
export function jsonLines(out: string): unknown[] {
  if (out === '') return [];
  if (!out.endsWith('\n')) throw new Error('the last line is not ended');
  return out
    .slice(0, -1)
    .split('\n')
    .map((line) => {
      if (!/^[{[]/.test(line)) throw new Error(`not JSON from column 1: ${line.slice(0, 80)}`);
      return JSON.parse(line) as unknown;
    });
}

export interface Scratch {
  readonly folder: string;
  file(name: string, content: string | Uint8Array): Promise<string>;
  remove(): Promise<void>;
}

export function scratch(): Scratch {
  const folder = mkdtempSync(join(tmpdir(), 'rescind-e2e-'));
  // Under root the database runs as another user, who has to pass through.
  chmodSync(folder, 0o711);
  return {
    folder,
    async file(name, content) {
      const path = join(folder, name);
      await writeFile(path, content);
      return path;
    },
    remove: () => rm(folder, { recursive: true, force: true }),
  };
}
