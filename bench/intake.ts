/**
 * Mail through SMTP into a served desk: sealed and durable before "250", opened in the reading room, triaged, placed. How
 * many a second are taken, how many of them are on the board, and how long after "250" that is. Beside it what the
 * machine can do at all (raw fsync, raw parsing), what taking costs without reading, what the worst message costs, and
 * Request Tracker where its Debian package is installed.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { open } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type pg from 'pg';
import { readForTriage } from '../src/app/read-for-triage.ts';
import { readMessage } from '../src/foundation/mail/read-message.ts';
import { SystemTime } from '../src/foundation/time/system-time.ts';
import { connect } from '../src/platform/store/connect.ts';
import { migrate } from '../src/platform/store/migrate.ts';
import { fileSealingIdentities } from '../src/stages/intake/identities-file.ts';
import { migrations } from '../src/stages/intake/postgres.ts';
import { SmtpClient } from '../test/intake/smtp-client.ts';
import { worstMessage } from './monsters.ts';
import { requestTracker } from './request-tracker.ts';
import { serveDesk } from './served-desk.ts';

const senders = 8;
const corpus = fileURLToPath(new URL('../test/corpus/', import.meta.url));

export async function intakeBench(options: { readonly messages?: number } = {}) {
  const messages = options.messages ?? 3_000;
  const mails = mailOfADesk();
  const folder = mkdtempSync(join(tmpdir(), 'rescind-bench-intake-'));
  try {
    const rawFsyncPerSecond = await fsyncRate(mails.ordinary, folder);
    const rawParsePerSecond = await parseRate(mails.all);
    const taken = await takenOnly(mails.all, messages, join(folder, 'taken'));
    const served = await throughTheDesk(mails, messages, join(folder, 'served'));
    const triage = await triageTimes(mails.all);
    const worst = await worstMessage();
    const peer = requestTracker(mails.files);
    const perSecond = served.triagedPerSecond;
    return {
      name: 'intake',
      figures: {
        ...served,
        messages,
        takenOnlyPerSecond: taken.sentPerSecond,
        takenOnlyAcknowledgedP99: taken.acknowledgedP99,
        rawFsyncPerSecond,
        rawParsePerSecond,
        shareOfRawFsync: round(perSecond / rawFsyncPerSecond),
        shareOfRawParse: round(perSecond / rawParsePerSecond),
        timesRequestTracker: peer === null ? null : round(perSecond / peer.messagesPerSecond),
        ...triage,
        ...worst,
      },
      unit: 'messages per second, sealed, durable, opened, triaged and placed; one in ten is a report; milliseconds',
      peers: peer === null ? {} : { 'request-tracker': peer },
      limit:
        'at least 150 messages/s triaged, on the board within 1 s of "250" (p99), at least 10 times Request Tracker, one triage within 10 ms (p50), worst message below 2 s of CPU',
    };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

interface Mails {
  readonly all: readonly Buffer[];
  readonly ordinary: readonly Buffer[];
  /** One report in ten, as a general mailbox gets them at its worst. */
  readonly mixed: readonly Buffer[];
  readonly files: readonly string[];
}

function mailOfADesk(): Mails {
  const labels = readFileSync(join(corpus, 'labels.jsonl'), 'utf8')
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as { file: string; label: string });
  const reports = new Set(
    labels.filter((one) => one.label !== 'not-a-report').map((one) => one.file.split('/').at(-1)),
  );
  const names = readdirSync(join(corpus, 'mail')).toSorted();
  const bytes = (name: string): Buffer => readFileSync(join(corpus, 'mail', name));
  const ordinary = names.filter((name) => !reports.has(name)).map(bytes);
  const others = names.filter((name) => reports.has(name)).map(bytes);
  const mixed = Array.from({ length: others.length * 10 }, (_, n) =>
    n % 10 === 9 ? others[Math.floor(n / 10)]! : ordinary[n % ordinary.length]!,
  );
  return { all: names.map(bytes), ordinary, mixed, files: names.map((name) => join(corpus, 'mail', name)) };
}

/** Sealed and durable, and nobody reads: what acknowledging costs. */
async function takenOnly(mails: readonly Buffer[], messages: number, folder: string) {
  const database = await connect({ dataFolder: folder, connectionsMax: 2 });
  const children: ChildProcess[] = [];
  try {
    const now = new SystemTime().now();
    await migrate(database.pool, [{ room: 'intake', migrations }], now);
    const sealing = join(folder, 'sealing');
    await fileSealingIdentities(sealing).rotate(now);
    const script = fileURLToPath(new URL('../test/intake/desk-process.ts', import.meta.url));
    const args = ['--no-warnings', script, urlOf(database.connection), sealing, 'never', '0'];
    const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] });
    children.push(child);
    const said = await new Promise<string>((resolve) =>
      child.stdout!.once('data', (line: Buffer) => resolve(line.toString().trim())),
    );
    return await send(mails, messages, null, Number(said), 'taken');
  } finally {
    for (const child of children) child.kill('SIGKILL');
    await database.stop();
  }
}

/** `rescind serve` in two processes, as it is split on a machine that faces the internet. */
async function throughTheDesk(mails: Mails, messages: number, folder: string) {
  mkdirSync(folder);
  const desk = await serveDesk(folder, ['intake', 'worker']);
  const database = await connect({ dataFolder: desk.dataFolder, connectionsMax: 2 });
  try {
    // The first messages of a process pay for compiling.
    await untilRead(database.pool, (await send(mails.mixed, 200, null, desk.smtpPort, 'warm')).acknowledgedAt);
    const before = desk.cpuMilliseconds();
    const full = await timed(mails.mixed, messages, null, desk.smtpPort, database.pool, 'full');
    const cpu = desk.cpuMilliseconds() - before;
    const paced = await timed(
      mails.mixed,
      steadyPerSecond * steadySeconds,
      steadyPerSecond,
      desk.smtpPort,
      database.pool,
      'paced',
    );
    const hard = await timed(mails.all, Math.round(messages / 4), null, desk.smtpPort, database.pool, 'hard');
    return {
      acknowledgedPerSecond: full.sentPerSecond,
      triagedPerSecond: full.readPerSecond,
      acknowledgedP99: full.acknowledgedP99,
      /** Of all processes together: taking, reading room, triage, cases, letters, database. */
      cpuMillisecondsPerMessage: round(cpu / messages),
      /** Half of these mails are reports: a day as no desk has it. */
      triagedPerSecondHalfReports: hard.readPerSecond,
      steadyPerSecond: paced.sentPerSecond,
      steadyAcknowledgedP99: paced.acknowledgedP99,
      steadyOnBoardP50: paced.readAfterP50,
      steadyOnBoardP99: paced.readAfterP99,
      deskPeakMegabytes: desk.peakMegabytes(),
    };
  } finally {
    await database.stop();
    await desk.stop();
  }
}

/** The rate that the desk promises, and for how long it is held. */
const steadyPerSecond = 150;
const steadySeconds = 20;

/** Sends `messages` as fast as they are taken, or `pace` of them a second. */
async function send(mails: readonly Buffer[], messages: number, pace: number | null, port: number, name: string) {
  const time = new SystemTime();
  const acknowledgedAt = new Map<string, number>();
  const took: number[] = [];
  let next = 0;
  const began = performance.now();
  const startedAt = time.now();
  const sender = async (): Promise<void> => {
    const client = await SmtpClient.open(port);
    for (let n = next++; n < messages; n = next++) {
      if (pace !== null) await time.waitUntil(startedAt.add({ milliseconds: Math.round((n * 1000) / pace) }));
      const raw = mails[n % mails.length] as Buffer;
      const sent = performance.now();
      const answer = await client.sendPipelined(Buffer.concat([Buffer.from(`X-Bench: ${name} ${n}\r\n`), raw]));
      took.push(performance.now() - sent);
      const id = /received as ([0-9a-f-]{36})/.exec(answer ?? '')?.[1];
      if (id === undefined) throw new Error(`message ${n} was not taken: ${answer}`);
      acknowledgedAt.set(id, performance.timeOrigin + performance.now());
    }
    client.close();
  };
  await Promise.all(Array.from({ length: senders }, sender));
  return {
    began,
    acknowledgedAt,
    sentPerSecond: round(messages / ((performance.now() - began) / 1000)),
    acknowledgedP99: round(percentile(took, 0.99)),
  };
}

/** Sends, and waits until everything has been read. */
async function timed(
  mails: readonly Buffer[],
  messages: number,
  pace: number | null,
  port: number,
  pool: pg.Pool,
  name: string,
) {
  const { began, acknowledgedAt, ...sent } = await send(mails, messages, pace, port, name);
  const readAfter = await untilRead(pool, acknowledgedAt);
  return {
    ...sent,
    readPerSecond: round(messages / ((performance.now() - began) / 1000)),
    readAfterP50: round(percentile(readAfter, 0.5)),
    readAfterP99: round(percentile(readAfter, 0.99)),
  };
}

/** Milliseconds from "250" until read, one per message; waits until the reader has them all. */
async function untilRead(pool: pg.Pool, acknowledgedAt: ReadonlyMap<string, number>): Promise<number[]> {
  const time = new SystemTime();
  const unread = async (): Promise<boolean> =>
    (await pool.query('SELECT FROM intake.receipt WHERE finished_at IS NULL LIMIT 1')).rowCount !== 0;
  while (await unread()) await time.waitUntil(time.now().add({ milliseconds: 100 }));
  const result = await pool.query<{ id: string; ms: string }>(
    'SELECT id, (extract(epoch FROM finished_at) * 1000)::text AS ms FROM intake.receipt',
  );
  const finished = result.rows.filter((row) => acknowledgedAt.has(row.id));
  if (finished.length !== acknowledgedAt.size) throw new Error('a message that was acknowledged is not in the ledger');
  return finished.map((row) => Math.max(0, Number(row.ms) - (acknowledgedAt.get(row.id) as number)));
}

function urlOf(connection: pg.ClientConfig): string {
  const { user, password, host, port, database } = connection;
  return `postgresql://${user}:${encodeURIComponent(String(password))}@/${database}?host=${encodeURIComponent(String(host))}&port=${port}`;
}

/** One message after the other appended and synced: what one careful writer reaches on this disk. */
async function fsyncRate(corpus: readonly Buffer[], folder: string): Promise<number> {
  const file = await open(join(folder, 'fsync'), 'w');
  const began = performance.now();
  let count = 0;
  while (performance.now() - began < 2_000) {
    await file.write(corpus[count++ % corpus.length] as Buffer);
    await file.datasync();
  }
  await file.close();
  return round(count / ((performance.now() - began) / 1000));
}

async function parseRate(corpus: readonly Buffer[]): Promise<number> {
  for (const raw of corpus) await readMessage(raw);
  const began = performance.now();
  let count = 0;
  while (performance.now() - began < 2_000) await readMessage(corpus[count++ % corpus.length] as Buffer);
  return round(count / ((performance.now() - began) / 1000));
}

/** One message from its bytes to its verdict, in this process: read, recognised, judged. */
async function triageTimes(corpus: readonly Buffer[]) {
  const surroundings = { receivedBy: 'mx.ca.example', ownDomains: () => false, now: new SystemTime().now() };
  for (const raw of corpus) await readForTriage(raw, surroundings);
  const took: number[] = [];
  for (const raw of corpus) {
    const began = performance.now();
    await readForTriage(raw, surroundings);
    took.push(performance.now() - began);
  }
  return { triageP50: round(percentile(took, 0.5)), triageP99: round(percentile(took, 0.99)) };
}

function percentile(values: readonly number[], share: number): number {
  const ordered = values.toSorted((a, b) => a - b);
  return ordered[Math.min(ordered.length - 1, Math.floor(ordered.length * share))] ?? 0;
}

const round = (value: number): number => Math.round(value * 100) / 100;

if (import.meta.main) process.stdout.write(`${JSON.stringify(await intakeBench())}\n`);
