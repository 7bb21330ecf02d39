/** `kill -9` of the desk and of its database, in the middle of writing, again and again. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { SystemTime } from '../../foundation/time/system-time.ts';
import { seconds } from '../../foundation/time/time.ts';
import { silentLog } from '../jobs/log.ts';
import { wakeUps } from '../jobs/wake-ups.ts';
import type { StoredEvent } from './case-store.ts';
import { connect, type Database } from './connect.ts';
import { postgresStore } from './postgres.ts';
import { readPostmaster } from './postmaster.ts';

const script = fileURLToPath(import.meta.resolve('./testing-writer.ts'));
const deskKills = 20;
const serverKills = 4;

let dataFolder: string;
let database: Database;
const acknowledged: string[] = [];

beforeAll(async () => {
  dataFolder = mkdtempSync(join(tmpdir(), 'rescind-kill-'));
});

afterAll(async () => {
  await database?.stop();
  rmSync(dataFolder, { recursive: true, force: true });
});

/** A writing desk. What it acknowledged is collected until its last byte, also after it was killed. */
function aWriter(name: string): { process: ChildProcess; seen: string[]; gone: Promise<unknown> } {
  const child = spawn(process.execPath, [script, dataFolder, name], { stdio: ['ignore', 'pipe', 'inherit'] });
  const seen: string[] = [];
  let rest = '';
  child.stdout.on('data', (data: Buffer) => {
    const lines = (rest + data.toString()).split('\n');
    rest = lines.pop() ?? '';
    seen.push(...lines);
    acknowledged.push(...lines);
  });
  return { process: child, seen, gone: once(child, 'close') };
}

async function hasAcknowledged(writer: { process: ChildProcess; seen: string[] }, count: number): Promise<void> {
  while (writer.seen.length < count) {
    if (writer.process.exitCode !== null) throw new Error(`the writer ended by itself (${writer.process.exitCode})`);
    await new Promise((resolve) => setTimeout(resolve, 2));
  }
}

function serverPid(): number {
  const running = readPostmaster(join(dataFolder, 'postgres', 'cluster'));
  if (!running) throw new Error('no server');
  return running.pid;
}

async function allEvents(): Promise<StoredEvent[]> {
  const store = postgresStore(database.pool);
  const all: StoredEvent[] = [];
  for (;;) {
    const page = await store.cases.eventsSince(all.length, 5_000);
    all.push(...page);
    if (page.length === 0) return all;
  }
}

describe('kill -9', () => {
  it(`of the desk, ${deskKills} times while it writes: the next one adopts the database and goes on`, async () => {
    const first = aWriter('desk-0');
    await hasAcknowledged(first, 1);
    const pid = serverPid();
    for (let n = 0; ; n++) {
      const writer = n === 0 ? first : aWriter(`desk-${n}`);
      // Never the same moment: after 1 to 60 acknowledgements.
      await hasAcknowledged(writer, 1 + ((n * 37) % 60));
      writer.process.kill('SIGKILL');
      await writer.gone;
      if (n === deskKills) break;
    }
    expect(serverPid()).toBe(pid);
    expect(acknowledged.length).toBeGreaterThan(deskKills);
  });

  it(`of the database, ${serverKills} times under a desk that writes on: no hand is needed`, async () => {
    const writer = aWriter('patient');
    for (let n = 1; n <= serverKills; n++) {
      const before = writer.seen.length;
      await hasAcknowledged(writer, before + 5 + n * 7);
      process.kill(serverPid(), 'SIGKILL');
      const atKill = writer.seen.length;
      await hasAcknowledged(writer, atKill + 20);
    }
    writer.process.kill('SIGKILL');
    await writer.gone;
    expect(writer.process.exitCode).toBeNull();
  });

  it('of a desk that is only just creating its database, at any moment of that: the next one gets there', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'rescind-early-'));
    const desk = fileURLToPath(import.meta.resolve('./testing-desk.ts'));
    // From before the first file to well after the server runs.
    for (let wait = 60; wait <= 900; wait += 120) {
      const child = spawn(process.execPath, [desk, folder], { stdio: 'ignore' });
      await new Promise((resolve) => setTimeout(resolve, wait));
      child.kill('SIGKILL');
      await once(child, 'close');
    }
    const opened = await connect({ dataFolder: folder });
    expect((await opened.pool.query('SELECT 1 AS n')).rows).toEqual([{ n: 1 }]);
    await opened.stop();
    rmSync(folder, { recursive: true, force: true });
  });

  it('lost nothing that was acknowledged, doubled nothing, and left the log whole', async () => {
    database = await connect({ dataFolder });
    const events = await allEvents();
    const tokens = events.map((event) => (event.data as { token: string }).token);
    const stored = new Set(tokens);
    expect(stored.size).toBe(tokens.length);
    expect(acknowledged.filter((token) => !stored.has(token))).toEqual([]);
    // Both events of an append or neither; and its duty and wake-up with them.
    expect(tokens.filter((token) => !token.endsWith('+') && !stored.has(`${token}+`))).toEqual([]);
    const { rows } = await database.pool.query(`
      SELECT (SELECT count(*) FROM store.duty) AS duties,
             (SELECT count(*) FROM store.case_state s WHERE seq <> (SELECT max(seq) FROM store.event e WHERE e.case_id = s.case_id)) AS stale,
             (SELECT count(*) FROM store.case_state WHERE wake_at IS NULL) AS asleep`);
    expect(rows).toEqual([{ duties: tokens.length / 2, stale: 0, asleep: 0 }]);
    expect(await postgresStore(database.pool).log.verify()).toMatchObject({ ok: true, size: tokens.length });
  });

  it('of the database under running loops: they go on by themselves', async () => {
    const store = postgresStore(database.pool);
    const time = new SystemTime();
    const caseIds = new Set((await Array.fromAsync(store.cases.openCases())).flat().map((c) => c.caseId));
    let looked = new Set<string>();
    const loops = wakeUps({
      cases: store.cases,
      heartbeats: store.heartbeats,
      log: silentLog,
      settings: { sweepEvery: seconds(1), lease: seconds(3) },
      advance: async (caseId) => {
        looked.add(caseId);
        return { seq: (await store.cases.load(caseId)).length, wakeAt: null };
      },
    });
    const ending = new AbortController();
    const ended = loops.start(time, ending.signal);
    await expect.poll(() => looked.size, { timeout: 30_000 }).toBe(caseIds.size);
    process.kill(serverPid(), 'SIGKILL');
    looked = new Set();
    await expect.poll(() => looked.size, { timeout: 50_000 }).toBe(caseIds.size);
    ending.abort();
    await ended;
  });
});
