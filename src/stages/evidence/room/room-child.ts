/**
 * One confined child process as the desk sees it: started ahead of need, given reports, killed on a limit. What it
 * answers is data from a process that has read a stranger's bytes.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import type { Socket } from 'node:net';
import { fileURLToPath } from 'node:url';
import { FrameReader, frameOf, PIPE } from './frames.ts';
import { childFile, loader, type RoomProgram, readable } from './program.ts';
import { type MadeUpReport, madeUpReports } from './warm-up.ts';
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

/** Made-up reports for a child that waits: enough for the compiler to have seen the hot paths. */
const WARM_ROUNDS = 40;
const BETWEEN_ROUNDS_MILLISECONDS = 2;
const WARM_UP_MILLISECONDS_MAX = 10_000;
/** Enough for every function of the common path to have been compiled once. */
const COMPILE_ROUNDS = 4;

const pause = () => new Promise<void>((resolve) => setTimeout(resolve, BETWEEN_ROUNDS_MILLISECONDS).unref());

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

/** How busy the room is. */
export interface Quiet {
  /** Reports handed out so far. */
  reports(): number;
  /** Resolves, with that number, when none has been handed out for a moment. */
  begins(): Promise<number>;
}

export class Child {
  /** Kept for reports that may hold a private key. */
  readonly forKeys: boolean;
  readonly ready: Promise<boolean>;
  reports = 0;
  ended = false;
  private readonly process: ChildProcess;
  private readonly pipe: Socket;
  private resting = false;
  private warming: Promise<unknown> | null = null;
  private receive: (message: FromRoom | null) => void = () => {};

  constructor(memoryMegabytes: number, program: RoomProgram, forKeys = false) {
    this.forKeys = forKeys;
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
      { stdio: ['ignore', 'ignore', 'ignore', program.script, code ?? 'ignore', 'pipe'], env: {} },
    );
    this.pipe = this.process.stdio.at(PIPE) as Socket;
    const frames = new FrameReader((message) => this.receive(message as FromRoom));
    this.pipe.on('data', (chunk: Buffer) => {
      try {
        frames.push(chunk);
      } catch {
        // Not what our program says: whatever it is now, it gets no further report.
        this.kill();
        this.receive(null);
      }
    });
    this.pipe.on('error', () => this.receive(null));
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
    const reports = await madeUpReports();
    for (let round = 0; round < COMPILE_ROUNDS; round++) await this.made(reports[round & 1] as MadeUpReport);
    return new Promise((resolve) => {
      this.receive = (message) => resolve(message?.type === 'compiled' ? message.code : null);
      this.send({ type: 'compile' });
    });
  }

  onExit(then: () => void): void {
    this.process.once('exit', then);
  }

  /** Nothing to do: may warm up when the whole room is quiet, and does not keep the desk alive. */
  rest(quiet: Quiet): void {
    this.hold(false);
    this.resting = true;
    if (this.reports === 0) void this.warm(quiet);
  }

  /** Only while there is nothing to do for anybody: under load the processor belongs to the reports. */
  private async warm(quiet: Quiet): Promise<void> {
    const [ec, rsa] = await madeUpReports();
    let seen = await quiet.begins();
    for (let round = 0; round < WARM_ROUNDS; round++) {
      await pause();
      if (quiet.reports() !== seen) seen = await quiet.begins();
      if (!this.resting || this.ended) return;
      this.warming = this.made(round === 0 ? ec : rsa);
      await this.warming;
    }
  }

  private made({ input, answer }: MadeUpReport): Promise<unknown> {
    return this.converse([input], async () => [answer], WARM_UP_MILLISECONDS_MAX);
  }

  private hold(alive: boolean): void {
    if (alive) {
      this.process.ref();
      this.pipe.ref();
    } else {
      this.process.unref();
      this.pipe.unref();
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
    this.resting = false;
    this.hold(true);
    await this.warming;
    return this.converse(inputs, answers, millisecondsMax);
  }

  private async converse(
    inputs: readonly RoomInput[],
    answers: Answers,
    millisecondsMax: number,
  ): Promise<readonly RoomResult[] | null> {
    // The limit is on the room's own work; the lookup in between has its own limits.
    let timer: NodeJS.Timeout | undefined;
    try {
      return await new Promise((resolve, reject) => {
        const arm = () => {
          timer = setTimeout(() => {
            this.kill();
            resolve(null);
          }, millisecondsMax);
        };
        this.receive = (message) => {
          clearTimeout(timer);
          if (message === null) resolve(null);
          else if (message.type === 'readings') resolve(message.results.map(unpacked));
          else if (message.type === 'questions') {
            answers(message.questions).then((all) => {
              arm();
              this.send({ type: 'answers', answers: all });
            }, reject);
          }
        };
        arm();
        this.send({ type: 'read', inputs });
      });
    } finally {
      clearTimeout(timer);
      this.receive = () => {};
    }
  }

  private send(message: ToRoom): void {
    if (this.ended || this.pipe.destroyed) {
      this.receive(null);
      return;
    }
    for (const part of frameOf(message)) this.pipe.write(part);
  }
}

function unpacked(result: PackedResult): RoomResult {
  return result.outcome === 'read'
    ? { outcome: 'read', reading: unpackInstants(result.reading) as RoomReading }
    : result;
}
