/**
 * After a whole run no place of the desk holds the private key that was reported: not a table, a file, a log line, a
 * temporary file or the memory of the desk. A twin plants the key in each place and must be caught.
 */
import { createPrivateKey } from 'node:crypto';
import { open, readdir, readFile, readlink } from 'node:fs/promises';
import { join } from 'node:path';
import type pg from 'pg';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { connect } from '../../src/platform/store/connect.ts';
import { type Issued, Served, until } from './served.ts';

/** Bytes that give the key away, in every dress it might wear. */
function traces(pem: string): Buffer[] {
  const lines = pem.split('\n').filter((line) => line.length === 64);
  const jwk = createPrivateKey(pem).export({ format: 'jwk' });
  const numbers = [jwk.d, jwk.p, jwk.q].map((n) => Buffer.from(n ?? '', 'base64url'));
  const dressed = numbers.flatMap((n) => [
    n,
    Buffer.from(n.toString('hex')),
    Buffer.from(n.toString('hex').toUpperCase()),
    Buffer.from(BigInt(`0x${n.toString('hex')}`).toString()),
    // Base64 of a part depends on where it starts: three cases, without their ragged ends.
    ...[0, 1, 2].map((skip) => Buffer.from(n.subarray(skip, skip + 96).toString('base64'))),
    Buffer.from(n.subarray(0, 96).toString('base64url')),
  ]);
  return [...lines.map((line) => Buffer.from(line)), ...dressed];
}

function tracesIn(where: Buffer, wanted: readonly Buffer[]): number {
  return wanted.filter((trace) => where.includes(trace)).length;
}

async function filesUnder(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  return entries.filter((e) => e.isFile()).map((e) => join(e.parentPath, e.name));
}

/** Every value of every table, as text; bytes as they are. */
async function everyValue(pool: pg.Pool): Promise<Buffer> {
  const { rows } = await pool.query<{ name: string }>(
    `SELECT format('%I.%I', table_schema, table_name) AS name FROM information_schema.tables
      WHERE table_type = 'BASE TABLE' AND table_schema NOT IN ('pg_catalog', 'information_schema')`,
  );
  expect(rows.length).toBeGreaterThan(10);
  const parts: Buffer[] = [];
  for (const { name } of rows) {
    const table = await pool.query({ text: `SELECT * FROM ${name}`, rowMode: 'array' });
    for (const row of table.rows as unknown[][])
      for (const value of row)
        parts.push(Buffer.isBuffer(value) ? value : Buffer.from(JSON.stringify(value ?? null)), Buffer.from('\n'));
  }
  return Buffer.concat(parts);
}

/**
 * What a core file of the process would hold: every region that it can write to, Node's buffers included. Linux, as root or
 * the same user.
 */
async function memoryOf(pid: number, shared: 'with shared memory' | 'without' = 'with shared memory'): Promise<Buffer> {
  const regions = (await readFile(`/proc/${pid}/maps`, 'utf8')).split('\n').flatMap((line) => {
    const found = /^([0-9a-f]+)-([0-9a-f]+) rw.([ps])/.exec(line);
    return found === null || (found[3] === 's' && shared === 'without')
      ? []
      : [[Number(`0x${found[1]}`), Number(`0x${found[2]}`)] as const];
  });
  const memory = await open(`/proc/${pid}/mem`, 'r');
  const parts: Buffer[] = [];
  try {
    for (const [from, to] of regions) {
      for (let at = from; at < to; at += memoryChunk) {
        const chunk = Buffer.alloc(Math.min(memoryChunk, to - at));
        const read = await memory.read(chunk, 0, chunk.length, at).catch(() => null);
        if (read !== null) parts.push(chunk.subarray(0, read.bytesRead));
      }
    }
  } finally {
    await memory.close();
  }
  return Buffer.concat(parts);
}

const memoryChunk = 16 * 1024 * 1024;

/** The processes of the desk's own database: those whose working folder is in its data folder. */
async function databaseProcesses(dataFolder: string): Promise<number[]> {
  const pids = (await readdir('/proc')).filter((name) => /^\d+$/.test(name));
  const folders = await Promise.all(pids.map((pid) => readlink(`/proc/${pid}/cwd`).catch(() => '')));
  return pids.filter((_, i) => folders[i]?.startsWith(dataFolder) === true).map(Number);
}

describe('a reported private key', { timeout: 300_000 }, () => {
  let served: Served;
  let issued: Issued;
  let wanted: readonly Buffer[];
  beforeAll(async () => {
    served = await Served.open({
      silenceSeconds: 2,
      nodeArgs: ['--heapsnapshot-signal=SIGUSR2'],
    });
    issued = await served.issue(['hygiene.example'], 'it@hygiene.example');
    wanted = traces(issued.keyPem);
    await served.report('researcher@keywatch.example', `In the text as well:\n\n${issued.keyPem}\n`, [
      { name: 'server.key', content: issued.keyPem },
    ]);
    await until(async () => (await served.ocsp(issued)).includes('revoked'));
    await until(() => served.lettersTo('researcher@keywatch.example').length >= 3);
  });
  afterAll(() => served.close());

  test('is told apart from what is not it', () => {
    expect(tracesIn(Buffer.from(issued.keyPem), wanted)).toBeGreaterThan(20);
    expect(tracesIn(Buffer.from('-----BEGIN PRIVATE KEY-----'), wanted)).toBe(0);
  });

  test('is in no file of the data folder or of the temporary folder', async () => {
    const files = [...(await filesUnder(served.dataFolder)), ...(await filesUnder(join(served.place.folder, 'tmp')))];
    expect(files.length).toBeGreaterThan(100);
    for (const file of files) {
      const bytes = await readFile(file).catch(() => Buffer.alloc(0));
      if (tracesIn(bytes, wanted) > 0) expect.fail(`the key is in ${file}`);
    }
    const planted = await served.place.file('planted.txt', issued.keyPem);
    expect(tracesIn(await readFile(planted), wanted)).toBeGreaterThan(0);
  });

  // Before anything is planted there.
  test('is in no memory of the database, where a core file or a swapped page would show it', async () => {
    const pids = await databaseProcesses(served.dataFolder);
    expect(pids.length).toBeGreaterThan(3);
    for (const [place, pid] of pids.entries()) {
      // What they share is the same for all of them. One that has ended meanwhile has no memory.
      const memory = await memoryOf(pid, place === 0 ? 'with shared memory' : 'without').catch(() => Buffer.alloc(0));
      expect(tracesIn(memory, wanted), `process ${pid}`).toBe(0);
    }
    // The twin: this process holds the key, and the same look finds it.
    expect(tracesIn(await memoryOf(process.pid), wanted)).toBeGreaterThan(0);
  });

  test('is in no table, and would be found in one', async () => {
    const database = await connect({ dataFolder: served.dataFolder });
    try {
      expect(tracesIn(await everyValue(database.pool), wanted)).toBe(0);
      await database.pool.query('CREATE TABLE planted (value text)');
      await database.pool.query('INSERT INTO planted VALUES ($1)', [issued.keyPem]);
      expect(tracesIn(await everyValue(database.pool), wanted)).toBeGreaterThan(0);
      await database.pool.query('DROP TABLE planted');
    } finally {
      await database.stop();
    }
  });

  test('is in no letter and no line of the log', () => {
    expect(tracesIn(Buffer.from(served.desk.err + served.desk.out), wanted)).toBe(0);
    expect(tracesIn(Buffer.from(JSON.stringify(served.letters)), wanted)).toBe(0);
    expect(served.desk.err.length).toBeGreaterThan(50);
  });

  test('is not in the memory of the desk', async () => {
    served.desk.child.kill('SIGUSR2');
    const snapshot = await until(async () => {
      const name = (await readdir(served.place.folder)).find((file) => file.endsWith('.heapsnapshot'));
      const bytes = name === undefined ? null : await readFile(join(served.place.folder, name));
      return bytes?.subarray(-20).includes(']}') === true ? bytes : null;
    });
    const [line = ''] = issued.keyPem.split('\n').slice(1);
    expect(snapshot.includes(line)).toBe(false);
    expect(tracesIn(snapshot, wanted)).toBe(0);
    // The snapshot is a real one of a desk that has done this case.
    expect(snapshot.includes('rescind')).toBe(true);
  });
});

describe('a desk whose intake is a process of its own', { timeout: 300_000 }, () => {
  test('has the key in no memory but that of intake', async () => {
    const served = await Served.open({ silenceSeconds: 2, roles: 'worker,web' });
    const intake = served.also('intake');
    try {
      await intake.says(/Ready\./);
      const issued = await served.issue(['apart.example'], 'it@apart.example');
      const wanted = traces(issued.keyPem);
      await served.report('researcher@keywatch.example', issued.keyPem, []);
      await until(() => served.lettersTo('researcher@keywatch.example').length >= 3);
      expect(tracesIn(await memoryOf(served.desk.child.pid as number), wanted)).toBe(0);
      // The twin: a process that was told the key is found out by the same look.
      expect(tracesIn(await memoryOf(process.pid), wanted)).toBeGreaterThan(0);
    } finally {
      await intake.stop();
      await served.close();
    }
  });
});
