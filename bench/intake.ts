/**
 * Mail through SMTP into the ledger on a PostgreSQL that really writes, while a reader opens and parses it: durable
 * messages per second, how long until "250", how long from "250" until it is read. Beside it what the machine can do
 * at all (raw fsync, raw parsing), and Request Tracker where its Debian package is installed.
 */
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { copyFileSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { open } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type pg from 'pg';
import { readMessage } from '../src/foundation/mail/read-message.ts';
import { SystemTime } from '../src/foundation/time/system-time.ts';
import { connect } from '../src/platform/store/connect.ts';
import { migrate } from '../src/platform/store/migrate.ts';
import { fileSealingIdentities } from '../src/stages/intake/identities-file.ts';
import { migrations } from '../src/stages/intake/postgres.ts';
import { SmtpClient } from '../test/intake/smtp-client.ts';

const senders = 8;
const corpusFolder = fileURLToPath(new URL('../test/corpus/mail/', import.meta.url));
const rtDatabase = '/var/lib/dbconfig-common/sqlite3/request-tracker5/rtdb';

export async function intakeBench(options: { readonly messages?: number } = {}) {
  const messages = options.messages ?? 3_000;
  const corpus = readdirSync(corpusFolder)
    .toSorted()
    .map((name) => readFileSync(join(corpusFolder, name)));
  const folder = mkdtempSync(join(tmpdir(), 'rescind-bench-intake-'));
  try {
    const rawFsyncPerSecond = await fsyncRate(corpus, folder);
    const rawParsePerSecond = await parseRate(corpus);
    const smtp = await throughSmtp(corpus, messages, folder);
    const peer = requestTracker();
    return {
      name: 'intake',
      figures: {
        ...smtp,
        messages,
        rawFsyncPerSecond,
        rawParsePerSecond,
        shareOfRawFsync: round(smtp.messagesPerSecond / rawFsyncPerSecond),
        shareOfRawParse: round(smtp.messagesPerSecond / rawParsePerSecond),
        timesRequestTracker: peer === null ? null : round(smtp.messagesPerSecond / peer.messagesPerSecond),
      },
      unit: 'messages per second, sealed and durable before "250" and read by another process meanwhile; milliseconds',
      peers: peer === null ? {} : { 'request-tracker': peer },
      limit: 'at least 150 messages/s, read within 1 s of "250" (p99), at least 10 times Request Tracker',
    };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

async function throughSmtp(corpus: readonly Buffer[], messages: number, folder: string) {
  const database = await connect({ dataFolder: folder, connectionsMax: 2 });
  const children: ChildProcess[] = [];
  try {
    const now = new SystemTime().now();
    await migrate(database.pool, [{ room: 'intake', migrations }], now);
    const sealing = join(folder, 'sealing');
    await fileSealingIdentities(sealing).rotate(now);
    const url = urlOf(database.connection);
    const start = async (script: string, ...args: string[]): Promise<string> => {
      const child = spawn(process.execPath, ['--no-warnings', script, url, sealing, ...args], {
        stdio: ['ignore', 'pipe', 'inherit'],
      });
      children.push(child);
      return await new Promise((resolve) =>
        child.stdout!.once('data', (line: Buffer) => resolve(line.toString().trim())),
      );
    };
    const port = Number(
      await start(fileURLToPath(new URL('../test/intake/desk-process.ts', import.meta.url)), 'never', '0'),
    );
    await start(fileURLToPath(new URL('intake-reader.ts', import.meta.url)));
    const full = await run(corpus, messages, null, port, database.pool, 'full');
    const paced = await run(corpus, steadyPerSecond * steadySeconds, steadyPerSecond, port, database.pool, 'paced');
    return {
      messagesPerSecond: full.sentPerSecond,
      readPerSecond: full.readPerSecond,
      acknowledgedP50: full.acknowledgedP50,
      acknowledgedP99: full.acknowledgedP99,
      steadyPerSecond: paced.sentPerSecond,
      steadyAcknowledgedP99: paced.acknowledgedP99,
      steadyReadAfterAcknowledgementP50: paced.readAfterP50,
      steadyReadAfterAcknowledgementP99: paced.readAfterP99,
    };
  } finally {
    for (const child of children) child.kill('SIGKILL');
    await database.stop();
  }
}

/** The rate that the desk promises, and for how long it is held. */
const steadyPerSecond = 150;
const steadySeconds = 10;

/** Sends `messages` as fast as they are taken, or `pace` of them a second, and waits until they have been read. */
async function run(
  corpus: readonly Buffer[],
  messages: number,
  pace: number | null,
  port: number,
  pool: pg.Pool,
  name: string,
) {
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
      const raw = corpus[n % corpus.length] as Buffer;
      const sent = performance.now();
      const answer = await client.send(Buffer.concat([Buffer.from(`X-Bench: ${name} ${n}\r\n`), raw]));
      took.push(performance.now() - sent);
      const id = /received as ([0-9a-f-]{36})/.exec(answer ?? '')?.[1];
      if (id === undefined) throw new Error(`message ${n} was not taken: ${answer}`);
      acknowledgedAt.set(id, performance.timeOrigin + performance.now());
    }
    client.close();
  };
  await Promise.all(Array.from({ length: senders }, sender));
  const seconds = (performance.now() - began) / 1000;
  const readAfter = await untilRead(pool, acknowledgedAt);
  return {
    sentPerSecond: round(messages / seconds),
    readPerSecond: round(messages / ((performance.now() - began) / 1000)),
    acknowledgedP50: round(percentile(took, 0.5)),
    acknowledgedP99: round(percentile(took, 0.99)),
    readAfterP50: round(percentile(readAfter, 0.5)),
    readAfterP99: round(percentile(readAfter, 0.99)),
  };
}

/** Milliseconds from "250" until read, one per message; waits until the reader has them all. */
async function untilRead(pool: pg.Pool, acknowledgedAt: ReadonlyMap<string, number>): Promise<number[]> {
  const time = new SystemTime();
  for (;;) {
    const result = await pool.query<{ id: string; ms: string }>(
      "SELECT id, (extract(epoch FROM finished_at) * 1000)::text AS ms FROM intake.receipt WHERE state = 'read'",
    );
    const finished = result.rows.filter((row) => acknowledgedAt.has(row.id));
    if (finished.length === acknowledgedAt.size) {
      return finished.map((row) => Math.max(0, Number(row.ms) - (acknowledgedAt.get(row.id) as number)));
    }
    await time.waitUntil(time.now().add({ milliseconds: 100 }));
  }
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

interface PeerFigures {
  readonly messagesPerSecond: number;
  readonly p99Milliseconds: number;
  readonly accepted: number;
  readonly sent: number;
}

/** Null where the Debian package (request-tracker5, rt5-db-sqlite) is missing. */
function requestTracker(): PeerFigures | null {
  if (!existsSync(rtDatabase)) return null;
  const folder = mkdtempSync(join(tmpdir(), 'rescind-bench-rt-'));
  try {
    copyFileSync(rtDatabase, join(folder, 'rtdb'));
    const mails = readdirSync(corpusFolder).map((name) => join(corpusFolder, name));
    const script = fileURLToPath(new URL('request-tracker.pl', import.meta.url));
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

function percentile(values: readonly number[], share: number): number {
  const ordered = values.toSorted((a, b) => a - b);
  return ordered[Math.min(ordered.length - 1, Math.floor(ordered.length * share))] ?? 0;
}

const round = (value: number): number => Math.round(value * 100) / 100;

if (import.meta.main) process.stdout.write(`${JSON.stringify(await intakeBench())}\n`);
