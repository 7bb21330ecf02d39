/**
 * The door of the reading room. Reports are read in child processes that have no network, no database and no disk
 * (Node's permission model, and file size and core limits of the kernel), are started ahead of need, are killed on a
 * limit, and are ended after one report when they have seen a private key. What comes back is redacted.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { EvidenceItem } from '../../../desk/facts.ts';
import type { Fingerprint } from '../../../foundation/brand.ts';
import { Fault } from '../../../foundation/fault.ts';
import type { Message } from '../../../foundation/mail/message.ts';
import { DerError } from '../../../foundation/pki/der.ts';
import { describeKey } from '../../../foundation/pki/spki.ts';
import { spkiOf } from '../../../foundation/pki/x509.ts';
import { type Instant, rfc3339 } from '../../../foundation/time/time.ts';
import type { InventoryKey } from '../prove/context.ts';
import type { Judged } from '../prove/judge.ts';
import { checkLists, type KeyList } from '../weak/lists.ts';
import { childFile, loader, type RoomProgram, readable, roomProgram } from './program.ts';
import { fileAsMessage, openReport } from './read.ts';
import {
  type FromRoom,
  type RoomAnswer,
  type RoomInput,
  type RoomQuestion,
  type RoomReading,
  type ToRoom,
  unpackInstants,
} from './wire.ts';

export interface Reading {
  /** Redacted: no private key in any text, no attachment that held one. */
  readonly message: Message;
  readonly evidence: readonly EvidenceItem[];
  readonly objects: RoomReading['objects'];
  readonly sawPrivateKey: boolean;
  readonly encryptedUnopened: boolean;
  readonly problems: readonly string[];
}

export interface CertificateBytes {
  readonly fingerprint: Fingerprint;
  readonly der: Uint8Array;
}

/** What was found in the report, for which the inventory is asked. */
export type FoundKeys = RoomQuestion;

export interface ReadInput {
  readonly bytes: Uint8Array;
  readonly sealed: boolean;
  /** Which sealing identity opens `bytes`. */
  readonly keyId: string | null;
  readonly reportId: string;
  readonly receivedAt: Instant;
  /** A mail message (default), or one file: a fetched page, an upload. */
  readonly kind?: 'message' | 'file';
  /** File name or URL, for a file. */
  readonly name?: string;
  readonly passphrases?: readonly string[];
  readonly challenges?: readonly string[];
}

export interface ReadingRoom {
  /**
   * Never throws for what a sender wrote: a report that breaks every limit comes back with what could be read and the
   * problem `reading_limit`. Faults: `sealing_identity_gone`, `sealed_corrupt`, `room_closed`, `room_not_starting`.
   */
  read(
    input: ReadInput,
    lookup: (found: FoundKeys) => Promise<readonly CertificateBytes[]>,
    enrolledCsrs?: (hashes: readonly string[]) => Promise<readonly string[]>,
  ): Promise<Reading>;
  close(): Promise<void>;
}

export interface ReadingRoomOptions {
  /** age identity for a key id; null when it has been destroyed. */
  readonly identity: (keyId: string) => Promise<string | null>;
  /** Children kept ready. */
  readonly size?: number;
  /** Wall time of one report, after which its child is killed. */
  readonly millisecondsMax?: number;
  readonly memoryMegabytes?: number;
  /** Key lists, asked here rather than in the children: they are public, and 60 MB. */
  readonly lists?: () => readonly KeyList[];
  /** For unit tests: read in this process. Nothing is confined then. */
  readonly inProcess?: boolean;
}

const SIZE = 2;
const MILLISECONDS_MAX = 30_000;
const MEMORY_MEGABYTES = 1024;
/** A child that has seen no key is used again, but not for ever. */
const REPORTS_PER_CHILD_MAX = 5_000;
const STARTS_FAILED_MAX = 10;

export function createReadingRoom(options: ReadingRoomOptions): ReadingRoom {
  const pool = options.inProcess === true ? null : new Pool(options);
  return {
    async read(input, lookup, enrolledCsrs) {
      const roomInput = await prepare(input, options);
      const ask = async (question: RoomQuestion): Promise<RoomAnswer> => ({
        keys: groupByKey(await lookup(question)),
        enrolledCsrs: question.csrHashes.length === 0 ? [] : ((await enrolledCsrs?.(question.csrHashes)) ?? []),
      });
      const reading = pool === null ? await readHere(roomInput, ask) : await readInPool(pool, roomInput, ask);
      const lists = options.lists?.() ?? [];
      return { ...reading, evidence: reading.evidence.map((judged) => withLists(judged, lists)) };
    },
    async close() {
      pool?.close();
    },
  };
}

async function prepare(input: ReadInput, options: ReadingRoomOptions): Promise<RoomInput> {
  let identity: string | null = null;
  if (input.sealed) {
    identity = input.keyId === null ? null : await options.identity(input.keyId);
    if (identity === null) {
      throw new Fault('sealing_identity_gone', `The sealing identity ${input.keyId} does not exist (any more).`);
    }
  }
  return {
    bytes: input.bytes,
    identity,
    kind: input.kind ?? 'message',
    name: input.name ?? '',
    reportId: input.reportId,
    receivedAt: rfc3339(input.receivedAt),
    passphrases: input.passphrases ?? [],
    challenges: input.challenges ?? [],
    careful: false,
  };
}

/** Certificates with the same encoding of the key are judged once: one key may stand in thousands of them. */
export function groupByKey(certificates: readonly CertificateBytes[]): InventoryKey[] {
  const groups = new Map<string, { spki: Uint8Array; fingerprints: Fingerprint[] }>();
  for (const { fingerprint, der } of certificates) {
    let spki: Uint8Array;
    try {
      spki = spkiOf(der);
    } catch (cause) {
      if (cause instanceof DerError) continue;
      throw cause;
    }
    const key = Buffer.from(spki.buffer, spki.byteOffset, spki.length).toString('latin1');
    const group = groups.get(key);
    if (group === undefined) groups.set(key, { spki: spki.slice(), fingerprints: [fingerprint] });
    else group.fingerprints.push(fingerprint);
  }
  return [...groups.values()];
}

/** Answers `debian`, `leaked` and the listed classes of one item, and drops its public key on the way out. */
function withLists({ spki, ...judged }: Judged, lists: readonly KeyList[]): EvidenceItem {
  if (spki === null || lists.length === 0) return judged;
  const listed = checkLists(spki, describeKey(spki), lists);
  const replaced = new Set(listed.map((finding) => finding.check));
  const findings = [...judged.findings.filter((f) => !replaced.has(f.check) || f.verdict === 'computable'), ...listed];
  const hit = listed.find((finding) => finding.verdict === 'computable');
  const weaker = ['refuted', 'possession-only', 'claim-only', 'clean'].includes(judged.verdict);
  if (hit === undefined || !weaker) return { ...judged, findings };
  return {
    ...judged,
    findings,
    verdict: 'computable',
    because: `The private key of this public key is public already: ${hit.check} (${hit.detail}).`,
  };
}

async function readHere(input: RoomInput, ask: (question: RoomQuestion) => Promise<RoomAnswer>): Promise<RoomReading> {
  let report: Awaited<ReturnType<typeof openReport>>;
  try {
    report = await openReport(input);
  } catch (cause) {
    throw faultFor((cause as { code?: string }).code ?? 'room_failed', cause);
  }
  return report.judge(await ask(report.question));
}

/**
 * Three attempts: as it is; carefully, without unpacking and pass phrases; and then the bare fact that there is a
 * report which cannot be read within the limits. A bad report costs its children and nothing else.
 */
async function readInPool(
  pool: Pool,
  input: RoomInput,
  ask: (question: RoomQuestion) => Promise<RoomAnswer>,
): Promise<RoomReading> {
  for (const careful of [false, true]) {
    const result = await pool.read({ ...input, careful }, ask);
    if (result.outcome === 'failed' && result.code === 'sealed_corrupt') throw faultFor(result.code, null);
    if (result.outcome !== 'read') continue;
    if (!careful) return result.reading;
    const problems = [...result.reading.problems, 'reading_limit'];
    return { ...result.reading, problems, message: { ...result.reading.message, problems } };
  }
  const problems = ['reading_limit'];
  const bare = fileAsMessage(new Uint8Array(0), '');
  return {
    message: { ...bare, attachments: [], problems },
    evidence: [],
    objects: {
      hasPrivateKey: false,
      hasCertificate: false,
      hasCsr: false,
      derivedFingerprintsSha256: [],
      derivedSerials: [],
    },
    // Not known, so the sealed original is treated as if it held one.
    sawPrivateKey: true,
    encryptedUnopened: false,
    problems,
  };
}

function faultFor(code: string, cause: unknown): Fault {
  const message =
    code === 'sealed_corrupt'
      ? 'Sealed bytes do not open with their identity.'
      : 'The reading room failed on a report; the report is kept and is read again.';
  return new Fault(code, message, cause === null ? {} : { cause });
}

type Outcome =
  | { readonly outcome: 'read'; readonly reading: RoomReading }
  | { readonly outcome: 'failed'; readonly code: string }
  | { readonly outcome: 'ended' };

/** Children, ready or at work. */
class Pool {
  private readonly options: ReadingRoomOptions;
  private readonly idle: Child[] = [];
  private readonly all = new Set<Child>();
  private readonly waiting: ((child: Child | null) => void)[] = [];
  private startsFailed = 0;
  private closed = false;
  private readonly program = roomProgram(childFile);

  constructor(options: ReadingRoomOptions) {
    this.options = options;
    for (let i = 0; i < (options.size ?? SIZE); i++) this.start();
    this.compile();
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

  async read(input: RoomInput, ask: (question: RoomQuestion) => Promise<RoomAnswer>): Promise<Outcome> {
    const child = await this.take();
    try {
      const outcome = await child.read(input, ask, this.options.millisecondsMax ?? MILLISECONDS_MAX);
      const reusable =
        outcome.outcome === 'read' && !outcome.reading.sawPrivateKey && child.reports < REPORTS_PER_CHILD_MAX;
      if (reusable) this.give(child);
      else this.end(child);
      return outcome;
    } catch (cause) {
      this.end(child);
      throw cause;
    }
  }

  close(): void {
    if (this.closed) return;
    this.closed = true;
    this.program.close();
    for (const child of this.all) child.kill();
    this.all.clear();
    this.idle.length = 0;
    for (const waiter of this.waiting.splice(0)) waiter(null);
  }

  private async take(): Promise<Child> {
    if (this.closed) throw new Fault('room_closed', 'The reading room is closed.');
    const child = this.idle.shift() ?? (await new Promise<Child | null>((resolve) => this.waiting.push(resolve)));
    if (child !== null) return child;
    throw this.closed
      ? new Fault('room_closed', 'The reading room is closed.')
      : new Fault(
          'room_not_starting',
          'Reading-room processes end before they are ready; check memory and permissions.',
        );
  }

  private give(child: Child): void {
    if (this.closed || child.ended) {
      this.end(child);
      return;
    }
    const waiter = this.waiting.shift();
    if (waiter !== undefined) {
      waiter(child);
      return;
    }
    // An idle child does not keep the desk alive; one that is starting or at work does.
    child.rest();
    this.idle.push(child);
  }

  private end(child: Child): void {
    child.kill();
    // Starting a process takes milliseconds: after the reading has gone out, not before.
    if (this.all.delete(child)) setImmediate(() => this.closed || this.start());
  }

  private start(): void {
    const child = new Child(this.options.memoryMegabytes ?? MEMORY_MEGABYTES, this.program);
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
      if (this.startsFailed < STARTS_FAILED_MAX) this.start();
      else for (const waiter of this.waiting.splice(0)) waiter(null);
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

class Child {
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

  async read(
    input: RoomInput,
    ask: (question: RoomQuestion) => Promise<RoomAnswer>,
    millisecondsMax: number,
  ): Promise<Outcome> {
    this.reports += 1;
    this.hold(true);
    try {
      return await new Promise<Outcome>((resolve, reject) => {
        // The limit is on the room's own work; the lookup in between has its own limits.
        const arm = () =>
          setTimeout(() => {
            this.kill();
            resolve({ outcome: 'ended' });
          }, millisecondsMax);
        let timer = arm();
        this.receive = (message) => {
          clearTimeout(timer);
          if (message === null) resolve({ outcome: 'ended' });
          else if (message.type === 'failed') resolve({ outcome: 'failed', code: message.code });
          else if (message.type === 'reading') {
            resolve({ outcome: 'read', reading: unpackInstants(message.reading) as RoomReading });
          } else if (message.type === 'question') {
            ask(message.question).then((answer) => {
              timer = arm();
              this.send({ type: 'answer', answer });
            }, reject);
          }
        };
        this.send({ type: 'read', input });
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
