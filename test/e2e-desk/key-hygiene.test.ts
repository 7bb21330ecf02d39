/**
 * After a whole run no place of the desk holds the private key that was reported: not a table, a file, a log line, a
 * temporary file or the memory of the desk. A twin plants the key in each place and must be caught.
 */
import { createPrivateKey } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
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
