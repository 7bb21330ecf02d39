/**
 * One confined child process as the desk sees it: started ahead of need, given reports, killed on a limit. What it
 * answers is data from a process that has read a stranger's bytes.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { childFile, loader, type RoomProgram, readable } from './program.ts';
import {
  type FromRoom,
  type PackedResult,
  type RoomAnswer,
  type RoomInput,
  type RoomQuestion,
  type RoomReading,
  type RoomResult,
  type ToRoom,
  unpackInstants,
} from './wire.ts';

const checkout = fileURLToPath(new URL('../../../../', import.meta.url));

/**
 * The command line of a confined Node: no file but the program's own, no network, children or threads by the
 * permission model; no core file and no file of any size by the kernel, whatever happens in the runtime.
 */
export function confinedCommand(memoryMegabytes: number, program: readonly string[]): string[] {
  const node = [
    process.execPath,
    '--permission',
    ...readable(checkout).map((path) => `--allow-fs-read=${path}`),
    `--max-old-space-size=${memoryMegabytes}`,
    '--no-warnings',
    '--disable-proto=delete',
    ...program,
  ];
  if (!existsSync('/bin/sh')) return node;
  return ['/bin/sh', '-c', 'ulimit -c 0; ulimit -f 0; exec "$0" "$@"', ...node];
}

/** Answers in the places of the questions. */
export type Answers = (questions: readonly (RoomQuestion | null)[]) => Promise<readonly (RoomAnswer | null)[]>;

export class Child {
  readonly ready: Promise<boolean>;
  reports = 0;
  ended = false;
  private readonly process: ChildProcess;
  private receive: (message: FromRoom | null) => void = () => {};

  constructor(memoryMegabytes: number, program: RoomProgram) {
    const code = program.code();
    const [command, ...rest] = confinedCommand(memoryMegabytes, [
      '--input-type=commonjs',
      '--eval',
      loader,
      childFile,
      code === null ? 'uncached' : 'cached',
    ]);
    this.process = spawn(
      command as string,
      rest,
      // Standard error goes nowhere: a crash message could quote what was being read.
      {
        stdio: ['ignore', 'ignore', 'ignore', program.script, code ?? 'ignore', 'ipc'],
        serialization: 'advanced',
        env: {},
      },
    );
    this.process.on('message', (message) => this.receive(message as FromRoom));
    this.process.on('error', () => this.receive(null));
    this.process.on('exit', () => {
      this.ended = true;
      this.receive(null);
    });
    this.ready = new Promise((resolve) => {
      this.receive = (message) => resolve(message?.type === 'ready');
    });
  }

  /** For a child that gets no report: what V8 has compiled, or null when it ends before. Does not keep the desk alive. */
  async compiled(): Promise<Uint8Array | null> {
    this.hold(false);
    if (!(await this.ready)) return null;
    return new Promise((resolve) => {
      this.receive = (message) => resolve(message?.type === 'compiled' ? message.code : null);
      this.send({ type: 'compile' });
    });
  }

  onExit(then: () => void): void {
    this.process.once('exit', then);
  }

  /** Nothing to do: may warm up, and does not keep the desk alive. */
  rest(): void {
    if (this.reports === 0) this.send({ type: 'idle' });
    this.hold(false);
  }

  private hold(alive: boolean): void {
    if (alive) {
      this.process.ref();
      this.process.channel?.ref();
    } else {
      this.process.unref();
      this.process.channel?.unref();
    }
  }

  kill(): void {
    this.ended = true;
    this.process.kill('SIGKILL');
  }

  /** What became of each report; null when the child ended or ran into the limit. Rejects when `answers` does. */
  async read(
    inputs: readonly RoomInput[],
    answers: Answers,
    millisecondsMax: number,
  ): Promise<readonly RoomResult[] | null> {
    this.reports += inputs.length;
    this.hold(true);
    try {
      return await new Promise((resolve, reject) => {
        // The limit is on the room's own work; the lookup in between has its own limits.
        const arm = () =>
          setTimeout(() => {
            this.kill();
            resolve(null);
          }, millisecondsMax);
        let timer = arm();
        this.receive = (message) => {
          clearTimeout(timer);
          if (message === null) resolve(null);
          else if (message.type === 'readings') resolve(message.results.map(unpacked));
          else if (message.type === 'questions') {
            answers(message.questions).then((all) => {
              timer = arm();
              this.send({ type: 'answers', answers: all });
            }, reject);
          }
        };
        this.send({ type: 'read', inputs });
      });
    } finally {
      this.receive = () => {};
    }
  }

  private send(message: ToRoom): void {
    if (this.ended || !this.process.connected) this.receive(null);
    else this.process.send(message, () => {});
  }
}

function unpacked(result: PackedResult): RoomResult {
  return result.outcome === 'read'
    ? { outcome: 'read', reading: unpackInstants(result.reading) as RoomReading }
    : result;
}
