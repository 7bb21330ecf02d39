/** Validation over real sockets: a small DNS server, a web server and a TLS server on this machine. */
import { execFileSync } from 'node:child_process';
import { hash } from 'node:crypto';
import { createSocket, type Socket } from 'node:dgram';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createServer as createTlsServer } from 'node:tls';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { checkCaa, networkWorld, type ValidationWorld, validate } from '../../src/lab-ca/acme/validation.ts';

type Records = Record<string, Record<number, Buffer[]>>;
const typeA = 1;
const typeTxt = 16;
const typeCaa = 257;

/** Answers A, TXT and CAA from a table; a name under `broken.test` gets SERVFAIL, an unknown one NXDOMAIN. */
function dnsServer(records: Records): Promise<{ address: string; socket: Socket }> {
  const socket = createSocket('udp4');
  socket.on('message', (query, peer) => {
    const labels: string[] = [];
    let at = 12;
    while (query[at] !== 0) {
      labels.push(query.toString('latin1', at + 1, at + 1 + query[at]!));
      at += 1 + query[at]!;
    }
    const type = query.readUInt16BE(at + 1);
    const question = query.subarray(12, at + 5);
    const name = labels.join('.').toLowerCase();
    const found = records[name]?.[type] ?? [];
    const code = name.endsWith('broken.test') ? 2 : records[name] === undefined ? 3 : 0;
    const head = Buffer.alloc(12);
    query.copy(head, 0, 0, 2);
    head.writeUInt16BE(0x8180 | code, 2);
    head.writeUInt16BE(1, 4);
    head.writeUInt16BE(code === 0 ? found.length : 0, 6);
    const answers = found.map((data) => {
      const fixed = Buffer.alloc(12);
      fixed.writeUInt16BE(0xc00c, 0);
      fixed.writeUInt16BE(type, 2);
      fixed.writeUInt16BE(1, 4);
      fixed.writeUInt16BE(data.length, 10);
      return Buffer.concat([fixed, data]);
    });
    socket.send(Buffer.concat([head, question, ...(code === 0 ? answers : [])]), peer.port, peer.address);
  });
  return new Promise((resolve) =>
    socket.bind(0, '127.0.0.1', () => resolve({ address: `127.0.0.1:${socket.address().port}`, socket })),
  );
}

const a = Buffer.from([127, 0, 0, 1]);
const txt = (text: string) => Buffer.concat([Buffer.from([text.length]), Buffer.from(text)]);
const caa = (tag: string, value: string, critical = 0) =>
  Buffer.concat([Buffer.from([critical, tag.length]), Buffer.from(tag + value)]);

const token = 'the-token';
const thumbprint = 'the-thumbprint';
const authorization = `${token}.${thumbprint}`;
const digest = hash('sha256', authorization, 'buffer');

let folder: string;
let world: ValidationWorld;
const closing: (() => void)[] = [];
const files = new Map<string, { status: number; text: string; location?: string }>();
let certificate = 'good';

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'rescind-acme-network-'));
  const make = (name: string, san: string, proof: string) =>
    execFileSync(
      'openssl',
      [
        ...`req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout ${name}.key -out ${name}.pem -days 2 -subj /CN=x`.split(
          ' ',
        ),
        '-addext',
        `subjectAltName=${san}`,
        '-addext',
        `1.3.6.1.5.5.7.1.31=${proof}`,
      ],
      { cwd: folder, stdio: 'ignore' },
    );
  const octets = (bytes: Buffer) => `FORMAT:HEX,OCT:${bytes.toString('hex').toUpperCase()}`;
  make('good', 'DNS:shop.test', `critical,ASN1:${octets(digest)}`);
  make('other-name', 'DNS:other.test', `critical,ASN1:${octets(digest)}`);
  make('two-names', 'DNS:shop.test,DNS:other.test', `critical,ASN1:${octets(digest)}`);
  make('other-proof', 'DNS:shop.test', `critical,ASN1:${octets(Buffer.alloc(32))}`);
  make('not-critical', 'DNS:shop.test', `ASN1:${octets(digest)}`);

  const web: Server = createServer((request, response) => {
    const file = files.get(`${request.headers.host} ${request.url}`) ?? { status: 404, text: 'no' };
    response.writeHead(file.status, file.location === undefined ? {} : { location: file.location }).end(file.text);
  });
  await new Promise<void>((resolve) => web.listen(0, '127.0.0.1', resolve));
  const tls = createTlsServer({
    ALPNProtocols: ['acme-tls/1'],
    SNICallback: (_name, done) => {
      void import('node:tls').then(({ createSecureContext }) =>
        done(
          null,
          createSecureContext({
            key: readFileSync(join(folder, `${certificate}.key`)),
            cert: readFileSync(join(folder, `${certificate}.pem`)),
          }),
        ),
      );
    },
  });
  tls.on('tlsClientError', () => {});
  await new Promise<void>((resolve) => tls.listen(0, '127.0.0.1', resolve));
  const dns = await dnsServer({
    'shop.test': { [typeA]: [a] },
    'www.shop.test': { [typeA]: [a] },
    '_acme-challenge.shop.test': { [typeTxt]: [txt('something else'), txt(digest.toString('base64url'))] },
    '_acme-challenge.www.shop.test': { [typeTxt]: [txt('only this')] },
    'closed.test': { [typeCaa]: [caa('issue', ';')] },
    'ours.test': {
      [typeCaa]: [caa('issue', 'ca.example; validationmethods=dns-01'), caa('issuewild', 'other.example')],
    },
    'strange.test': { [typeCaa]: [caa('tbs', 'x', 128)] },
  });
  closing.push(
    () => web.close(),
    () => tls.close(),
    () => dns.socket.close(),
  );
  world = networkWorld({
    dnsServers: [dns.address],
    httpPort: (web.address() as AddressInfo).port,
    tlsPort: (tls.address() as AddressInfo).port,
  });
});
afterAll(() => {
  for (const close of closing) close();
  rmSync(folder, { recursive: true, force: true });
});

const prove = (type: 'http-01' | 'dns-01' | 'tls-alpn-01', name = 'shop.test') =>
  validate(world, { type, token, thumbprint, name });
const problem = async (work: Promise<unknown>) =>
  work.then(
    () => null,
    (error: { type?: string }) => error.type,
  );

describe('http-01', () => {
  test('reads the file, follows redirects, and refuses anything else', async () => {
    expect(await problem(prove('http-01'))).toBe('unauthorized');
    files.set(`shop.test /.well-known/acme-challenge/${token}`, { status: 200, text: `${authorization}\n` });
    expect(await problem(prove('http-01'))).toBeNull();
    files.set(`shop.test /.well-known/acme-challenge/${token}`, { status: 200, text: 'x'.repeat(100_000) });
    expect(await problem(prove('http-01'))).toBe('connection');
    expect(await problem(prove('http-01', 'nowhere.test'))).toBe('dns');
    expect(await problem(prove('http-01', 'a.broken.test'))).toBe('dns');
  });
});

describe('dns-01', () => {
  test('finds the digest among other records', async () => {
    expect(await problem(prove('dns-01'))).toBeNull();
    expect(await problem(prove('dns-01', 'www.shop.test'))).toBe('unauthorized');
    expect(await problem(prove('dns-01', 'nowhere.test'))).toBe('unauthorized');
    expect(await problem(prove('dns-01', 'a.broken.test'))).toBe('dns');
  });
});

describe('tls-alpn-01', () => {
  for (const [name, wanted] of [
    ['good', null],
    ['other-name', 'unauthorized'],
    ['two-names', 'unauthorized'],
    ['other-proof', 'unauthorized'],
    ['not-critical', 'unauthorized'],
  ] as const) {
    test(`${name}: ${wanted ?? 'passes'}`, async () => {
      certificate = name;
      expect(await problem(prove('tls-alpn-01'))).toBe(wanted);
    });
  }
});

describe('CAA over the wire', () => {
  const check = (name: string, more: object = {}) =>
    problem(
      checkCaa(world, {
        name,
        wildcard: false,
        identities: ['ca.example'],
        accountUrl: 'https://acme/1',
        method: 'dns-01',
        ...more,
      }),
    );
  test('is found by climbing, and refuses what it does not permit or cannot read', async () => {
    expect(await check('a.b.shop.test')).toBeNull();
    expect(await check('a.b.closed.test')).toBe('caa');
    expect(await check('www.ours.test')).toBeNull();
    expect(await check('www.ours.test', { method: 'http-01' })).toBe('caa');
    expect(await check('ours.test', { wildcard: true })).toBe('caa');
    expect(await check('www.strange.test')).toBe('caa');
    expect(await check('a.broken.test')).toBe('dns');
  });
});
