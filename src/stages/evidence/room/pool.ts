/**
 * The reading room's children, ready or at work, and the reports that wait for them. Small reports go to a child several
 * at a time; whatever goes wrong with such a hop, each of them is then read by itself.
 */
import { Fault } from '../../../foundation/fault.ts';
import { childFile, roomProgram } from './program.ts';
import { Child, type Quiet } from './room-child.ts';
import type { RoomAnswer, RoomInput, RoomQuestion, RoomResult } from './wire.ts';

const SIZE = 2;
/** Wall time of one report that is read by itself. */
const MILLISECONDS_MAX = 30_000;
/** Of several together: one that takes longer is read by itself, and no longer keeps the others. */
const TOGETHER_MILLISECONDS_MAX = 10_000;
const TOGETHER_MAX = 8;
const TOGETHER_BYTES_MAX = 256 * 1024;
const MEMORY_MEGABYTES = 1024;
/** A child that has seen no key is used again, but not for ever. */
const REPORTS_PER_CHILD_MAX = 5_000;
const STARTS_FAILED_MAX = 10;
/** In a flood of mail every child is idle for a moment; that is no time to warm up. */
const QUIET_MILLISECONDS = 250;
/** So many reports may wait for the child that is kept for them. */
const LINE_LONG = 12;

export interface PoolOptions {
  /** Children kept ready; from two on, two more for what may hold a private key. */
  readonly size?: number;
  readonly millisecondsMax?: number;
  readonly memoryMegabytes?: number;
}

export type Ask = (question: RoomQuestion) => Promise<RoomAnswer>;

/** `ended`: the child broke, or was killed on a limit. */
export type Outcome = Exclude<RoomResult, { readonly outcome: 'left' }> | { readonly outcome: 'ended' };

interface Job {
  readonly input: RoomInput;
  readonly ask: Ask;
  /** It may hold a private key, after which its child is ended. */
  readonly suspect: boolean;
  readonly resolve: (outcome: Outcome) => void;
  readonly reject: (cause: unknown) => void;
  /** Set when a hop that it was part of came to nothing. */
  alone: boolean;
}

export class Pool {
  private readonly options: PoolOptions;
  private readonly idle: Child[] = [];
  private readonly all = new Set<Child>();
  /** For the children that go on reading, and for those kept for what may hold a key. */
  private readonly lines: { readonly everyday: Job[]; readonly suspect: Job[] } = { everyday: [], suspect: [] };
  private handedOut = 0;
  private readonly quiet: Quiet = {
    reports: () => this.handedOut,
    begins: async () => {
      for (let before = -1; before !== this.handedOut; ) {
        before = this.handedOut;
        await new Promise<void>((resolve) => setTimeout(resolve, QUIET_MILLISECONDS).unref());
      }
      return this.handedOut;
    },
  };
  private startsFailed = 0;
  private closed = false;
  private readonly program = roomProgram(childFile);

  constructor(options: PoolOptions) {
    this.options = options;
    const size = options.size ?? SIZE;
    for (let i = 0; i < size; i++) this.start(false);
    // Two: while one is started anew, the other is there.
    if (size > 1) for (let i = 0; i < 2; i++) this.start(true);
    if (size > 0) this.compile();
  }

  /**
   * One child runs the program over made-up reports, hands over what V8 compiled, and is ended; the children after it
   * start with that. It never gets a report: code from a process that has read a stranger's bytes is not run again.
   */
  private compile(): void {
    const child = new Child(this.options.memoryMegabytes ?? MEMORY_MEGABYTES, this.program);
    this.all.add(child);
    void child.compiled().then((code) => {
      this.all.delete(child);
      child.kill();
      if (code !== null && !this.closed) this.program.keepCode(code);
    });
  }

  read(input: RoomInput, ask: Ask, suspect: boolean): Promise<Outcome> {
    if (this.closed) return Promise.reject(closedFault());
    if (this.all.size === 0) {
      // None is kept ready here, or none would start a while ago and somebody may have seen to that.
      this.startsFailed = 0;
      this.start(false);
    }
    return new Promise((resolve, reject) => {
      const job = { input, ask, suspect, resolve, reject, alone: input.careful };
      this.lines[suspect ? 'suspect' : 'everyday'].push(job);
      // Reports that come at the same moment go together.
      setImmediate(() => this.handOut());
    });
  }

  close(): void {
    if (this.closed) return;
    this.closed = true;
    this.program.close();
    for (const child of this.all) child.kill();
    this.all.clear();
    this.idle.length = 0;
    for (const job of this.everybody()) job.reject(closedFault());
  }

  private everybody(): Job[] {
    return [...this.lines.suspect.splice(0), ...this.lines.everyday.splice(0)];
  }

  private handOut(): void {
    for (const child of [...this.idle]) {
      const line = this.lineFor(child);
      if (line.length === 0) continue;
      this.idle.splice(this.idle.indexOf(child), 1);
      void this.work(child, this.next(line));
    }
  }

  /**
   * A child that has read for a while is quick, and one key ends it: so what may hold a key goes to a child of its own, as
   * long as its line is short. Nobody stands idle beside a long line.
   */
  private lineFor(child: Child): Job[] {
    const { everyday, suspect } = this.lines;
    const [own, others] = child.forKeys ? [suspect, everyday] : [everyday, suspect];
    const undivided = (this.options.size ?? SIZE) < 2;
    return own.length === 0 && (undivided || others.length > LINE_LONG) ? others : own;
  }

  /** The first that waits, and those after it that may go with it; every idle child gets its share. */
  private next(line: Job[]): Job[] {
    const share = Math.ceil(line.length / (this.idle.length + 1));
    const jobs = [line.shift() as Job];
    let bytes = jobs[0]?.input.bytes.length ?? 0;
    while (jobs.length < Math.min(share, TOGETHER_MAX) && jobs[0]?.alone === false) {
      const [job] = line;
      if (job === undefined || job.alone || bytes + job.input.bytes.length > TOGETHER_BYTES_MAX) break;
      bytes += job.input.bytes.length;
      jobs.push(job);
      line.shift();
    }
    return jobs;
  }

  private async work(child: Child, jobs: readonly Job[]): Promise<void> {
    this.handedOut += jobs.length;
    const together = jobs.length > 1;
    const alone = this.options.millisecondsMax ?? MILLISECONDS_MAX;
    const refused = new Map<Job, unknown>();
    try {
      const results = await child.read(
        jobs.map((job) => job.input),
        (questions) => answersOf(jobs, questions, refused),
        together ? Math.min(TOGETHER_MILLISECONDS_MAX, alone) : alone,
      );
      // At least the first is read, or something is wrong with the child.
      if (results === null || (results[0]?.outcome ?? 'left') === 'left') {
        this.end(child);
        if (together) this.again(jobs, true);
        else jobs[0]?.resolve({ outcome: 'ended' });
        return;
      }
      this.after(child, results);
      for (const [place, job] of jobs.entries()) {
        const result = results[place] ?? { outcome: 'left' };
        if (result.outcome !== 'left') job.resolve(result);
      }
      this.again(
        jobs.filter((_, place) => (results[place]?.outcome ?? 'left') === 'left'),
        false,
      );
    } catch (cause) {
      // A question that could not be answered is its own report's trouble.
      this.end(child);
      for (const job of jobs) if (refused.has(job) || !together) job.reject(refused.get(job) ?? cause);
      if (together)
        this.again(
          jobs.filter((job) => !refused.has(job)),
          true,
        );
    }
  }

  /** First in the line, as they were. */
  private again(jobs: readonly Job[], alone: boolean): void {
    if (this.closed) for (const job of jobs) job.reject(closedFault());
    else {
      for (const job of jobs) job.alone ||= alone;
      this.lines.suspect.unshift(...jobs.filter((job) => job.suspect));
      this.lines.everyday.unshift(...jobs.filter((job) => !job.suspect));
      this.handOut();
    }
  }

  private after(child: Child, results: readonly RoomResult[]): void {
    const clean = results.every((result) => result.outcome === 'read' && !result.reading.sawPrivateKey);
    if (clean && child.reports < REPORTS_PER_CHILD_MAX) this.give(child);
    else this.end(child);
  }

  private give(child: Child): void {
    if (this.closed || child.ended) {
      this.end(child);
      return;
    }
    this.idle.push(child);
    this.handOut();
    // An idle child does not keep the desk alive; one that is starting or at work does.
    if (this.idle.includes(child)) child.rest(this.quiet);
  }

  private end(child: Child): void {
    child.kill();
    // Starting a process takes milliseconds: after the reading has gone out, not before.
    if (this.all.delete(child)) setImmediate(() => this.closed || this.start(child.forKeys));
  }

  private start(forKeys: boolean): void {
    const child = new Child(this.options.memoryMegabytes ?? MEMORY_MEGABYTES, this.program, forKeys);
    this.all.add(child);
    void child.ready.then((ready) => {
      if (ready) {
        this.startsFailed = 0;
        this.give(child);
        return;
      }
      this.startsFailed += 1;
      this.all.delete(child);
      if (this.closed) return;
      if (this.startsFailed < STARTS_FAILED_MAX) this.start(forKeys);
      else for (const job of this.everybody()) job.reject(notStarting());
    });
    child.onExit(() => {
      // A child that dies while idle is replaced before anybody needs it.
      const at = this.idle.indexOf(child);
      if (at < 0) return;
      this.idle.splice(at, 1);
      this.end(child);
    });
  }
}

/** Every question that can be answered is; the others are noted in `refused`, and then the hop is over. */
async function answersOf(
  jobs: readonly Job[],
  questions: readonly (RoomQuestion | null)[],
  refused: Map<Job, unknown>,
): Promise<(RoomAnswer | null)[]> {
  const answers = await Promise.all(
    jobs.map(async (job, place) => {
      const question = questions[place] ?? null;
      if (question === null) return null;
      return await job.ask(question).catch((cause: unknown) => {
        refused.set(job, cause);
        return null;
      });
    }),
  );
  const [first] = refused.values();
  if (refused.size > 0) throw first;
  return answers;
}

const closedFault = (): Fault => new Fault('room_closed', 'The reading room is closed.');
const notStarting = (): Fault =>
  new Fault('room_not_starting', 'Reading-room processes end before they are ready; check memory and permissions.');
