import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createServer, type RequestListener, type Server } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import { type AddressInfo, createServer as createTcpServer, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { networkTransport, textOf } from './transport.ts';

let folder: string;
const pem = (name: string) => readFileSync(join(folder, name), 'utf8');
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'rescind-transport-'));
  for (const name of ['server', 'client']) {
    const args = `req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout ${name}.key -out ${name}.pem -days 2`;
    const subject = ['-subj', `/CN=${name}`, '-addext', 'subjectAltName=IP:127.0.0.1'];
    execFileSync('openssl', [...args.split(' '), ...subject], { cwd: folder, stdio: 'ignore' });
  }
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const open: { close(): void }[] = [];
afterEach(() => {
  for (const one of open.splice(0)) one.close();
});

function port(server: Server | ReturnType<typeof createTcpServer>): Promise<number> {
  return new Promise((resolve) => {
    server.listen(0, '127.0.0.1', () => resolve((server.address() as AddressInfo).port));
    open.push({
      close: () => {
        server.close();
        if ('closeAllConnections' in server) server.closeAllConnections();
      },
    });
  });
}

const post = (url: string) => ({ method: 'POST', url, body: '{"revoke":1}' }) as const;

describe('a call says whether the CA can have seen the request', () => {
  test('an answer is an answer, whatever its status', async () => {
    const seen: string[] = [];
    const handler: RequestListener = (request, response) => {
      request.on('data', (part) => seen.push(String(part)));
      request.on('end', () => response.writeHead(409, { 'X-Reason': 'already' }).end('no'));
    };
    const url = `http://127.0.0.1:${await port(createServer(handler))}/`;
    const transport = networkTransport();
    const call = await transport.call(post(url));
    expect(call).toMatchObject({ ok: true, answer: { status: 409, headers: { 'x-reason': 'already' } } });
    expect(call.ok && textOf(call.answer)).toBe('no');
    expect(seen).toEqual(['{"revoke":1}']);
    await transport.close();
  });

  test('nobody listens: not reached', async () => {
    const server = createServer();
    const free = await port(server);
    await new Promise((resolve) => server.close(resolve));
    expect(await networkTransport().call(post(`http://127.0.0.1:${free}/`))).toEqual({
      ok: false,
      code: 'unreachable',
      reached: false,
    });
    expect(await networkTransport().call(post('http://no-such-host.invalid/'))).toMatchObject({
      ok: false,
      reached: false,
    });
  });

  test('the CA is not the one that is trusted: not reached', async () => {
    const server = createTlsServer({ key: pem('server.key'), cert: pem('server.pem') }, (_, response) =>
      response.end('ok'),
    );
    const url = `https://127.0.0.1:${await port(server)}/`;
    expect(await networkTransport().call(post(url))).toEqual({ ok: false, code: 'tls', reached: false });
    expect(await networkTransport({ ca: pem('client.pem') }).call(post(url))).toEqual({
      ok: false,
      code: 'tls',
      reached: false,
    });
    expect(await networkTransport({ ca: pem('server.pem') }).call(post(url))).toMatchObject({ ok: true });
  });

  test('the client certificate is shown where it is asked for', async () => {
    const server = createTlsServer(
      {
        key: pem('server.key'),
        cert: pem('server.pem'),
        ca: pem('client.pem'),
        requestCert: true,
        rejectUnauthorized: true,
      },
      (_, response) => response.end('ok'),
    );
    const url = `https://127.0.0.1:${await port(server)}/`;
    const without = await networkTransport({ ca: pem('server.pem') }).call(post(url));
    expect(without.ok).toBe(false);
    const transport = networkTransport({
      ca: pem('server.pem'),
      certificate: pem('client.pem'),
      key: pem('client.key'),
    });
    expect(await transport.call(post(url))).toMatchObject({ ok: true, answer: { status: 200 } });
    await transport.close();
  });

  test('the CA took the request and never answered: reached, timeout', async () => {
    const got: string[] = [];
    const server = createServer((request) => request.on('data', (part) => got.push(String(part))));
    const url = `http://127.0.0.1:${await port(server)}/`;
    const call = await networkTransport({ withinMs: 300 }).call(post(url));
    expect(call).toEqual({ ok: false, code: 'timeout', reached: true });
    expect(got).toEqual(['{"revoke":1}']);
  });

  test('the CA took the request and hung up, before or in the middle of the answer: reached, connection lost', async () => {
    const hangUp = (answer: string) => (socket: Socket) => {
      socket.once('data', () => socket.end(answer));
      socket.on('error', () => {});
    };
    for (const answer of ['', 'HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\nhalf']) {
      const url = `http://127.0.0.1:${await port(createTcpServer(hangUp(answer)))}/`;
      expect(await networkTransport().call(post(url)), answer).toEqual({
        ok: false,
        code: 'connection-lost',
        reached: true,
      });
    }
  });

  test('an endless answer is cut off: reached', async () => {
    const server = createServer((_, response) => {
      const chunk = Buffer.alloc(1024 * 1024);
      const more = () => {
        while (response.write(chunk)) if (response.destroyed) return;
        response.once('drain', more);
      };
      more();
    });
    const url = `http://127.0.0.1:${await port(server)}/`;
    expect(await networkTransport().call(post(url))).toMatchObject({ ok: false, code: 'bad-answer', reached: true });
  });
});
