/**
 * How fast the store is with everything durable: appends beside the disk's own fsync and beside a plain INSERT (what
 * the hash chain costs), claims among 100,000 open cases, the largest set we know of.
 */
import { hash } from 'node:crypto';
import { closeSync, fsyncSync, mkdtempSync, openSync, rmSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type pg from 'pg';
import type { Fingerprint, Serial } from '../src/foundation/brand.ts';
import { at, type Instant, minutes } from '../src/foundation/time/time.ts';
import { startHousekeeping } from '../src/platform/jobs/housekeeping.ts';
import { silentLog } from '../src/platform/jobs/log.ts';
import type { AppendOptions, NewEvent } from '../src/platform/store/case-store.ts';
import { connect } from '../src/platform/store/connect.ts';
import { migrate } from '../src/platform/store/migrate.ts';
import { storeMigrations } from '../src/platform/store/migrations.ts';
import { postgresStore } from '../src/platform/store/postgres.ts';
import type { Store } from '../src/platform/store/store.ts';

export interface StoreBench {
  readonly name: 'store';
  readonly figures: Readonly<Record<string, number>>;
  readonly unit: string;
  readonly peers: Readonly<Record<string, Readonly<Record<string, number>>>>;
  readonly limit: string;
}

const now = at('2024-08-30T17:49:00Z');
const openCases = 100_000;
const setSize = 83_267;

export async function storeBench(): Promise<StoreBench> {
  const dataFolder = mkdtempSync(join(tmpdir(), 'rescind-bench-'));
  const database = await connect({ dataFolder, connectionsMax: 16 });
  try {
    await migrate(database.pool, [{ room: 'store', migrations: storeMigrations }], now);
    const store = postgresStore(database.pool);
    const floor = fsyncFloor(dataFolder);
    const plain = await plainInserts(database.pool);
    const queue = await queueSends(database.connection);
    const alone = await appendsAlone(store);
    const together = await appendsTogether(store);
    const claims = await claimsAmongMany(store, database.pool);
    const set = await largeSet(store);
    const verify = await verifying(store);
    return {
      name: 'store',
      figures: { ...alone, ...together, ...claims, ...set, ...verify },
      unit: 'perSecond: operations a second; Ms: milliseconds a piece; everything else as named',
      peers: {
        'write + fsync of one 8 KiB block': floor,
        'plain INSERT, one row a transaction': plain,
        'pg-boss send': queue,
      },
      limit:
        'One append alone waits for one fsync of the disk; appends that meet share it, then one core is the limit.',
    };
  } finally {
    await database.stop();
    rmSync(dataFolder, { recursive: true, force: true });
  }
}

function anEvent(n: number): NewEvent {
  const data = {
    n,
    to: 'subscriber@customer.example',
    channel: 'smtp',
    because: 'the ladder of key-compromise, step one',
  };
  return { at: now, type: 'SubscriberContacted', by: 'desk', data };
}

function after(wakeAt: Instant | null): AppendOptions {
  return { wakeAt, summary: { dueAt: now, data: { stage: 'outreach', label: 'key-compromise' } } };
}

function fsyncFloor(folder: string): Record<string, number> {
  const file = openSync(join(folder, 'floor'), 'w');
  const block = Buffer.alloc(8192, 1);
  const durations = timesSync(200, () => {
    writeSync(file, block, 0, block.length, 0);
    fsyncSync(file);
  });
  closeSync(file);
  return { p50Ms: at50(durations), p99Ms: at99(durations), perSecond: rate(durations) };
}

async function plainInserts(pool: pg.Pool): Promise<Record<string, number>> {
  await pool.query('CREATE TABLE plain (n integer, body text)');
  const durations = await times(500, (n) =>
    pool.query('INSERT INTO plain VALUES ($1, $2)', [n, JSON.stringify(anEvent(n))]),
  );
  return { p50Ms: at50(durations), perSecond: rate(durations) };
}

async function queueSends(connection: pg.ClientConfig): Promise<Record<string, number>> {
  const job = { name: 'bench', cron: null, run: async () => {} };
  const housekeeping = await startHousekeeping(connection, [job], silentLog, { pollSeconds: 60 });
  const durations = await times(200, () => housekeeping.ask('bench'));
  await housekeeping.stop();
  return { p50Ms: at50(durations), perSecond: rate(durations) };
}

async function appendsAlone(store: Store): Promise<Record<string, number>> {
  const durations = await times(1_000, (n) =>
    store.cases.append(`alone-${n % 50}`, Math.floor(n / 50), [anEvent(n)], after(null)),
  );
  return {
    appendAlonePerSecond: rate(durations),
    appendAloneP50Ms: at50(durations),
    appendAloneP99Ms: at99(durations),
  };
}

async function appendsTogether(store: Store): Promise<Record<string, number>> {
  const [lanes, each] = [64, 150];
  const durations: number[] = [];
  const seconds = await elapsed(async () => {
    await Promise.all(
      Array.from({ length: lanes }, async (_, lane) => {
        durations.push(...(await times(each, (n) => store.cases.append(`lane-${lane}`, n, [anEvent(n)], after(null)))));
      }),
    );
  });
  return {
    append64PerSecond: round((lanes * each) / seconds),
    append64P50Ms: at50(durations),
    append64P99Ms: at99(durations),
  };
}

async function claimsAmongMany(store: Store, pool: pg.Pool): Promise<Record<string, number>> {
  // Only the place where claims look is filled: a hundred thousand cases, spread over a day of wake-ups.
  await pool.query(
    `INSERT INTO store.case_state (case_id, seq, open, wake_at)
     SELECT 'open-' || n, 1, true, $1::timestamptz + n * interval '0.864 seconds' FROM generate_series(1, $2::integer) AS n`,
    [now.toString(), openCases],
  );
  // What autovacuum does by itself within a minute.
  await pool.query('ANALYZE store.case_state');
  const claiming: number[] = [];
  const settling: number[] = [];
  for (let n = 1; n <= 300; n++) {
    const instant = now.add(minutes(n));
    const from = performance.now();
    const claims = await store.cases.claimDue(instant, 8, instant.add(minutes(1)));
    claiming.push(performance.now() - from);
    const later = instant.add(minutes(24 * 60));
    settling.push(...(await times(claims.length, (i) => store.cases.settle(claims[i]!, { seq: 1, wakeAt: later }))));
  }
  const next = await times(100, () => store.cases.nextWakeAt());
  let swept = 0;
  const sweeping = await elapsed(async () => {
    for await (const page of store.cases.openCases(1_000)) swept += page.length;
  });
  return {
    openCases: swept,
    claim8P50Ms: at50(claiming),
    claim8P99Ms: at99(claiming),
    settleP50Ms: at50(settling),
    nextWakeUpP50Ms: at50(next),
    listOpenCasesSeconds: round(sweeping),
  };
}

async function largeSet(store: Store): Promise<Record<string, number>> {
  const issuerHash = hash('sha256', 'issuer', 'hex');
  const members = Array.from({ length: setSize }, (_, n) => ({
    fingerprint: hash('sha256', `certificate ${n}`, 'hex') as Fingerprint,
    serial: hash('sha1', `serial ${n}`, 'hex').replace(/^0+/, '').slice(0, 32) as Serial,
    issuerHash,
    subscriber: `subscriber-${n % 4000}`,
  }));
  const set = { setId: 'large', caseId: 'large' };
  const add = await elapsed(() => store.certificates.add(set, members));
  const count = await elapsed(() => store.certificates.counts('large'));
  const next = await times(20, () => store.certificates.nextRevocable('large', now, 500));
  const change = await elapsed(() => store.certificates.change({ setId: 'large', which: 'all', to: 'accepted', now }));
  return {
    setMembers: setSize,
    setAddSeconds: round(add),
    setCountMs: round(count * 1000),
    setNext500P50Ms: at50(next),
    setChangeAllSeconds: round(change),
  };
}

async function verifying(store: Store): Promise<Record<string, number>> {
  const { size } = await store.log.head();
  const seconds = await elapsed(async () => {
    const verdict = await store.log.verify();
    if (!verdict.ok) throw new Error(`the log is broken: ${verdict.problem}`);
  });
  return { verifyPerSecond: round(size / seconds) };
}

async function elapsed(work: () => Promise<unknown>): Promise<number> {
  const from = performance.now();
  await work();
  return (performance.now() - from) / 1000;
}

async function times(count: number, work: (n: number) => Promise<unknown>): Promise<number[]> {
  const durations: number[] = [];
  for (let n = 0; n < count; n++) durations.push(1000 * (await elapsed(() => work(n))));
  return durations;
}

function timesSync(count: number, work: () => void): number[] {
  return Array.from({ length: count }, () => {
    const from = performance.now();
    work();
    return performance.now() - from;
  });
}

function quantile(durations: readonly number[], q: number): number {
  return round([...durations].sort((a, b) => a - b)[Math.floor(q * (durations.length - 1))] ?? 0);
}

const at50 = (durations: readonly number[]) => quantile(durations, 0.5);
const at99 = (durations: readonly number[]) => quantile(durations, 0.99);

function rate(durations: readonly number[]): number {
  return round((1000 * durations.length) / durations.reduce((sum, d) => sum + d, 0));
}

function round(n: number): number {
  return Number(n.toPrecision(4));
}
