/**
 * ARI as a service of its own, for any CA: its inventory is the source, one line in its ACME directory leads here
 * (`directoryEntry`), and it runs on as many nodes as wanted, which agree through the store.
 */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { getRequestListener } from '@hono/node-server';
import { Hono } from 'hono';
import type { Time } from '../../foundation/time/time.ts';
import { certIdIn, plainAnswer, renewalInfoRoutes } from './http.ts';
import type { RenewalInfo } from './service.ts';

export interface StandAlone {
  readonly url: string;
  /** Stops taking requests, then writes the last counts. */
  stop(): Promise<void>;
}

/** Idle clients are let go; a poll is one request every few hours. */
const keepAliveMs = 5_000;
const headersMs = 10_000;
const headerBytesMax = 8 * 1024;

export function standAloneApp(renewalInfo: RenewalInfo, time: Time, isReady: () => boolean): Hono {
  const app = new Hono();
  app.get('/healthz', (c) => c.json({ ok: true }));
  app.get('/readyz', (c) => c.json({ ok: isReady(), certificates: renewalInfo.book.count }, isReady() ? 200 : 503));
  app.route('/', renewalInfoRoutes(renewalInfo, time));
  return app;
}

/** Answers as soon as it has read the inventory; until then `/readyz` says 503. */
export async function serveRenewalInfo(options: {
  readonly renewalInfo: RenewalInfo;
  readonly time: Time;
  readonly host: string;
  /** 0 takes any free port. */
  readonly port: number;
}): Promise<StandAlone> {
  const { renewalInfo, time } = options;
  let ready = false;
  const app = standAloneApp(renewalInfo, time, () => ready);
  const others = getRequestListener(app.fetch);
  const server = createServer(
    { keepAliveTimeout: keepAliveMs, headersTimeout: headersMs, maxHeaderSize: headerBytesMax },
    (request, response) => {
      // The one question asked millions of times takes the short way; same answers, by the same function.
      const certId = request.method === 'GET' ? certIdIn(request.url ?? '') : null;
      if (certId === null) void others(request, response);
      else void poll(certId, request, response);
    },
  );
  async function poll(certId: string, request: IncomingMessage, response: ServerResponse): Promise<void> {
    const answer = renewalInfo.answer(certId, time.now());
    const { status, headers, body } = plainAnswer(answer instanceof Promise ? await answer : answer);
    response.writeHead(status, { ...headers, 'content-length': Buffer.byteLength(body) });
    response.end(body);
    request.resume();
  }
  await listening(server, options);
  const stopping = new AbortController();
  await renewalInfo.load();
  ready = true;
  const running = renewalInfo.run(stopping.signal);
  const { address, port, family } = server.address() as AddressInfo;
  return {
    url: `http://${family === 'IPv6' ? `[${address}]` : address}:${port}`,
    async stop() {
      ready = false;
      await new Promise<void>((resolve) => {
        server.close(() => resolve());
        server.closeIdleConnections();
      });
      stopping.abort();
      await running;
    },
  };
}

function listening(server: Server, { host, port }: { readonly host: string; readonly port: number }): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, host, () => {
      server.off('error', reject);
      resolve();
    });
  });
}
