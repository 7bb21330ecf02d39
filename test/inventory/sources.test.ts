import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { inventoryCommand } from '../../src/cli/inventory.ts';
import { writePem } from '../../src/foundation/pki/pem.ts';
import { at } from '../../src/foundation/time/time.ts';
import { VirtualTime } from '../../src/foundation/time/virtual-time.ts';
import {
  type Entry,
  type Inventory,
  importFrom,
  memoryInventory,
  readCa,
  readFiles,
  readLog,
  readStaticLog,
  recordOf,
} from '../../src/stages/inventory/index.ts';
import { sampleCertificate } from '../../src/stages/inventory/sample.ts';
import { readCsv } from '../../src/stages/inventory/sources/csv.ts';
import { tilePath } from '../../src/stages/inventory/sources/ct.ts';

const time = new VirtualTime(at('2026-07-01T12:00:00Z'));
let inventory: Inventory;
beforeEach(() => {
  inventory = memoryInventory(time);
});

const take = (entries: AsyncIterable<Entry>) => importFrom(inventory, entries, { time });
const pem = (der: Uint8Array) => writePem('CERTIFICATE', der);
async function* chunks(text: string, size: number) {
  for (let i = 0; i < text.length; i += size) yield text.slice(i, i + size);
}

describe('files', () => {
  let folder: string;
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'rescind-inventory-'));
  });
  afterEach(async () => rm(folder, { recursive: true }));

  it('takes PEM and DER from a folder whatever the files are called, and lists what it could not read', async () => {
    await mkdir(join(folder, 'b'));
    await mkdir(join(folder, '.git'));
    const broken = pem(sampleCertificate()).replace(/[A-Za-z0-9]{40}/, '!'.repeat(40));
    const flat = pem(sampleCertificate({ serial: '05' })).replaceAll('\n', '');
    await writeFile(
      join(folder, 'a.txt'),
      `subject=...\r\n${pem(sampleCertificate()).replaceAll('\n', '\r\n')}${broken}`,
    );
    await writeFile(join(folder, 'b/no-extension'), Buffer.concat([sampleCertificate(), sampleCertificate()]));
    await writeFile(join(folder, 'b/flat'), flat);
    await writeFile(join(folder, 'c.der'), sampleCertificate().subarray(0, 100));
    await writeFile(join(folder, 'empty'), '');
    await writeFile(join(folder, 'notes.md'), 'nothing here');
    await writeFile(join(folder, '.git/x.pem'), pem(sampleCertificate()));
    const report = await take(readFiles([folder]));
    expect(report).toMatchObject({ read: 8, stored: 4, rejectedCount: 4 });
    expect(report.rejected).toEqual([
      { at: join(folder, 'a.txt#2'), problem: 'not base64' },
      { at: join(folder, 'c.der#1'), problem: expect.stringContaining('element leaves its parent') },
      { at: join(folder, 'empty'), problem: 'the file is empty' },
      { at: join(folder, 'notes.md'), problem: 'no certificate in it' },
    ]);
    expect((await take(readFiles([join(folder, 'a.txt')]))).stored).toBe(0);
  });

  it('fails at once when a named path does not exist', async () => {
    await expect(take(readFiles([folder, join(folder, 'absent')]))).rejects.toThrow(/cannot open/);
  });

  it('answers on the command line with the lines of the contract', async () => {
    const der = sampleCertificate({ serial: '4a10c3' });
    await writeFile(join(folder, 'a.pem'), pem(der));
    const lines: string[] = [];
    const rescind = async (...args: string[]) => {
      lines.length = 0;
      const command = inventoryCommand({
        open: async () => ({ inventory, close: async () => {} }),
        time,
        fetch: () => Promise.reject(new Error('no network')),
        out: (line) => lines.push(line),
        err: () => {},
        exit: (code) => lines.push(`exit ${code}`),
      });
      await command.parseAsync(args, { from: 'user' });
      return lines.map((line) => (line.startsWith('{') ? JSON.parse(line) : line));
    };
    const watermark = { rows: 1, issuedCount: null, upTo: null };
    expect(await rescind('import', folder, '--json')).toEqual([
      { read: 1, stored: 1, rejected: [], perSecond: expect.any(Number), watermark, rejectedCount: 0 },
    ]);
    expect(await rescind('find', '4A:10:C3', '--json')).toMatchObject([
      {
        sha256: recordOf(der).fingerprint,
        serial: '4a10c3',
        notAfter: '2026-08-30T00:00:00Z',
        status: 'good',
        watermark,
      },
    ]);
    expect(await rescind('find', '4a10c4', '--json')).toEqual([]);
    expect(await rescind('stats', '--json')).toEqual([
      { certificates: 1, precertificates: 0, revoked: 0, expired: 0, watermark, completeness: null },
    ]);
    expect(await rescind('import', join(folder, 'absent'))).toEqual(['exit 2']);
    expect(await rescind('import', '--ca', 'https://ca.example/list')).toEqual(['exit 1']);
  });
});

describe('CSV', () => {
  it('takes rows that carry the certificate, and lets others add to a known one', async () => {
    const [first, second] = [sampleCertificate({ serial: '0a01' }), sampleCertificate({ serial: '0a02' })];
    await inventory.add([recordOf(second)]);
    const text = [
      '\ufeffSerial Number;Certificate;Customer ID;Tags;Revoked At;Reason',
      `0A:01;"${pem(first)}";"SUB ""1""";a b;;`,
      ';;;;;',
      '0a02;;SUB-2;;2026-06-30 10:00:00;key compromise',
      'ffff;;SUB-3;;;',
      `0a09;${Buffer.from(first).toString('base64')};;;;`,
      '0a02;;;;yesterday;',
      '0a02;;;;2026-06-30T10:00:00Z;certificateHold',
      ';;SUB-9;;;',
      'a;b;c;d;e;f;g',
    ].join('\r\n');
    for (const size of [1, 7, 100_000]) {
      const report = await take(readCsv(chunks(text, size), 'x.csv'));
      expect(report.read).toBe(9);
      expect(report.rejected.map(({ at, problem }) => `${at} ${problem}`)).toEqual([
        expect.stringMatching(/^x\.csv:\d+ neither a certificate/),
        expect.stringMatching(/no such certificate in the inventory/),
        expect.stringMatching(/serial \(hex\) is not that of the certificate/),
        expect.stringMatching(/revoked_at is no instant/),
        expect.stringMatching(/reason is none of RFC 5280/),
        expect.stringMatching(/neither a certificate/),
        expect.stringMatching(/7 fields under 6 columns/),
      ]);
    }
    const facts = (await inventory.walk({ after: null, limit: 10 })).matches.map((match) => match.certificate);
    expect(facts).toMatchObject([
      { serial: 'a01', subscriber: 'SUB "1"', tags: ['a', 'b'] },
      { serial: 'a02', subscriber: 'SUB-2', revoked: { reason: 'keyCompromise' }, status: 'revoked' },
    ]);
  });

  it('says so when a quote is never closed or no column is known', async () => {
    const problems = async (text: string) => (await take(readCsv(chunks(text, 5), 'x'))).rejected.map((r) => r.problem);
    expect(await problems('sha256,tags\n"abc')).toEqual(['a quoted field is not closed']);
    expect(await problems('foo,bar\n1,2')).toEqual([expect.stringContaining('no column is known')]);
  });
});

describe('the list of the CA', () => {
  const list = Array.from({ length: 5 }, (_, n) => sampleCertificate({ serial: `c${n}` }));
  let failAt = -1;
  const asked: string[] = [];
  const ca = async (address: string) => {
    asked.push(address);
    if (asked.length === failAt) throw new Error('connection reset');
    const after = Number(new URL(address).searchParams.get('after') ?? 0);
    const part = list.slice(after, after + 2);
    return Response.json({
      certificates: part.map((der) => ({ der: Buffer.from(der).toString('base64'), subscriber: 'SUB-1' })),
      next: String(after + part.length),
      more: after + part.length < list.length,
      issued: list.length,
      upTo: '2026-07-01T11:59:00Z',
    });
  };
  const read = async () =>
    take(readCa('https://ca.example/list', await inventory.progress('ca:https://ca.example/list'), { fetch: ca }));

  it('makes the inventory complete, and resumes where a broken run ended', async () => {
    failAt = 3;
    await expect(read()).rejects.toThrow(/resumes from its last position/);
    expect((await inventory.stats()).watermark).toEqual({ rows: 4, issuedCount: 5, upTo: null });
    const report = await read();
    expect(asked.at(-1)).toContain('after=4');
    expect(report).toMatchObject({ read: 1, stored: 1 });
    expect(report.watermark).toEqual({ rows: 5, issuedCount: 5, upTo: at('2026-07-01T11:59:00Z') });
  });

  it('refuses an answer that is no such list', async () => {
    const html = async () => new Response('<html>login</html>');
    await expect(take(readCa('https://ca.example/', null, { fetch: html }))).rejects.toThrow(/not JSON/);
    const other = async () => Response.json({ hello: 1 });
    await expect(take(readCa('https://ca.example/', null, { fetch: other }))).rejects.toThrow(/not a list/);
  });
});

describe('logs', () => {
  const uint = (value: number, size: number) => {
    const bytes = Buffer.alloc(size);
    bytes.writeUIntBE(value, 0, size);
    return bytes;
  };
  const vector = (bytes: Uint8Array, size: number) => Buffer.concat([uint(bytes.length, size), bytes]);
  const stamped = (type: number) => Buffer.concat([Buffer.alloc(8), uint(type, 2)]);
  const ours = 'Example TLS CA 1';
  const logged = [
    { type: 0, der: sampleCertificate({ serial: '01', issuer: ours }) },
    { type: 1, der: sampleCertificate({ serial: '02', issuer: ours, precertificate: true }) },
    { type: 0, der: sampleCertificate({ serial: '03', issuer: 'Somebody Else' }) },
    { type: 0, der: Buffer.from('not a certificate') },
    { type: 1, der: sampleCertificate({ serial: '04', issuer: ours, precertificate: true }) },
  ];
  const issuers = new Set([recordOf(logged[0]!.der).issuerHash]);

  const rfc6962 = (size: () => number) => async (address: string) => {
    const { pathname, searchParams } = new URL(address);
    if (pathname.endsWith('/get-sth')) return Response.json({ tree_size: size(), timestamp: 1_782_900_000_000 });
    const start = Number(searchParams.get('start'));
    // At most two at a time, as a log may.
    const part = logged.slice(start, Math.min(Number(searchParams.get('end')) + 1, start + 2));
    return Response.json({
      entries: part.map(({ type, der }) => ({
        leaf_input: Buffer.concat([
          uint(0, 2),
          stamped(type),
          type === 0 ? vector(der, 3) : Buffer.concat([Buffer.alloc(32), vector(Buffer.from('tbs'), 3)]),
          uint(0, 2),
        ]).toString('base64'),
        extra_data: (type === 0 ? vector(Buffer.alloc(0), 3) : vector(der, 3)).toString('base64'),
      })),
    });
  };

  it('are read from an RFC 6962 log, ours only, and on from where the last run ended', async () => {
    let size = 3;
    const read = async () =>
      take(
        readLog('https://log.example/2026/', await inventory.progress('ct:https://log.example/2026'), {
          fetch: rfc6962(() => size),
          issuers,
        }),
      );
    expect(await read()).toMatchObject({ read: 2, stored: 2, rejected: [] });
    size = 5;
    const second = await read();
    expect(second).toMatchObject({ read: 2, stored: 1 });
    expect(second.rejected).toMatchObject([{ at: 'https://log.example/2026#3' }]);
    expect(await inventory.stats()).toMatchObject({ certificates: 3, precertificates: 2 });
    // A log does not know how many the CA issued.
    expect((await inventory.stats()).watermark).toEqual({ rows: 3, issuedCount: null, upTo: null });
  });

  it('are read from a static log, through partial tiles and gzip', async () => {
    const leaf = ({ type, der }: { type: number; der: Uint8Array }) =>
      Buffer.concat([
        stamped(type),
        ...(type === 0 ? [vector(der, 3)] : [Buffer.alloc(32), vector(Buffer.from('tbs'), 3)]),
        uint(0, 2),
        ...(type === 0 ? [] : [vector(der, 3)]),
        vector(Buffer.alloc(32), 2),
      ]);
    const all = Array.from({ length: 300 }, (_, n) => logged[n % 2 === 0 ? 0 : 1]!);
    all[299] = logged[4]!;
    let size = 258;
    const asked: string[] = [];
    const fetch = async (address: string) => {
      asked.push(new URL(address).pathname);
      if (address.endsWith('/checkpoint')) {
        const blob = Buffer.concat([Buffer.alloc(4), uint(0, 2), uint(1_782_900_000_000, 6), Buffer.alloc(70)]);
        return new Response(`log.example/2026\n${size}\nroot=\n\n\u2014 log.example/2026 ${blob.toString('base64')}\n`);
      }
      if (address.endsWith('/tile/data/000')) return new Response(gzipSync(Buffer.concat(all.slice(0, 256).map(leaf))));
      const width = Number(/001\.p\/(\d+)$/.exec(address)?.[1] ?? 0);
      return width
        ? new Response(Buffer.concat(all.slice(256, 256 + width).map(leaf)))
        : new Response('', { status: 404 });
    };
    const source = 'ct:https://log.example/2026';
    const read = async () =>
      take(readStaticLog('https://log.example/2026', await inventory.progress(source), { fetch, issuers }));
    expect(await read()).toMatchObject({ read: 258, stored: 2 });
    size = 300;
    expect(await read()).toMatchObject({ read: 42, stored: 1 });
    expect(asked).toEqual(
      ['checkpoint', 'tile/data/000', 'tile/data/001.p/2', 'checkpoint', 'tile/data/001.p/44'].map((p) => `/2026/${p}`),
    );
    expect(await inventory.progress(source)).toMatchObject({ position: '300', upTo: at('2026-07-01T10:00:00Z') });
    expect([tilePath(0), tilePath(999), tilePath(1000), tilePath(1234067)]).toEqual([
      '000',
      '999',
      'x001/000',
      'x001/x234/067',
    ]);
  });

  it('stops with a Fault and keeps its position when a tile is damaged', async () => {
    const fetch = async (address: string) =>
      new Response(address.endsWith('/checkpoint') ? 'log.example\n3\nroot=\n' : Buffer.alloc(20));
    await expect(take(readStaticLog('https://log.example', null, { fetch }))).rejects.toThrow(/tile cannot be read/);
    const broken = Buffer.concat([Buffer.of(0x1f, 0x8b), Buffer.alloc(40, 7)]);
    const zipped = async (address: string) =>
      new Response(address.endsWith('/checkpoint') ? 'log.example\n3\nroot=\n' : broken);
    await expect(take(readStaticLog('https://log.example', null, { fetch: zipped }))).rejects.toThrow(
      /cannot be unpacked/,
    );
    expect(await inventory.progress('ct:https://log.example')).toBeNull();
  });
});
