/** A real HTTP receiver for tests: takes, refuses, defers, or takes and breaks the line. */
import { createServer, type IncomingHttpHeaders, type Server } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import type { Behaviour } from '../messenger.contract.ts';

export interface Taken {
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer;
}

export interface HttpSink {
  readonly url: string;
  readonly taken: readonly Taken[];
  behave(behaviour: Behaviour): Promise<void>;
  stop(): Promise<void>;
}

export async function httpSink(): Promise<HttpSink> {
  const taken: Taken[] = [];
  let behaviour: Behaviour = 'accept';
  const sockets = new Set<Socket>();
  const server: Server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      if (behaviour === 'refuse') return response.writeHead(410).end();
      if (behaviour === 'later') return response.writeHead(503).end();
      taken.push({ headers: request.headers, body: Buffer.concat(chunks) });
      if (behaviour === 'lost') return request.socket.destroy();
      return response.writeHead(201).end('ok');
    });
  });
  server.on('connection', (socket) => {
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const close = () =>
    new Promise<void>((resolve) => {
      for (const socket of sockets) socket.destroy();
      server.close(() => resolve());
    });
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/hook`,
    taken,
    async behave(next) {
      behaviour = next;
      if (next === 'absent') await close();
    },
    async stop() {
      if (behaviour !== 'absent') await close();
    },
  };
}
