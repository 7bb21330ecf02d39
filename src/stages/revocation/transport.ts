/**
 * HTTP to a CA, with the one distinction that matters afterwards: did the request reach the CA or not? A refused
 * connection proves that nothing happened; a timeout proves nothing.
 */
import { type Agent as HttpAgent, Agent as PlainAgent, request as plainRequest } from 'node:http';
import { Agent as TlsAgent, request as tlsRequest } from 'node:https';
import type { FailureCode } from './connector.ts';

export interface CaRequest {
  readonly method: 'GET' | 'POST' | 'PUT' | 'HEAD';
  readonly url: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string | Uint8Array;
}

export interface CaAnswer {
  readonly status: number;
  /** Lower-case names. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Uint8Array;
}

export type CaResult =
  | { readonly ok: true; readonly answer: CaAnswer }
  /** `reached` false: the CA cannot have seen the request. */
  | { readonly ok: false; readonly code: FailureCode; readonly reached: boolean };

export interface CaTransport {
  call(request: CaRequest): Promise<CaResult>;
  close(): Promise<void>;
}

export interface TransportSettings {
  /** PEM of the authorities to trust instead of the system's. */
  readonly ca?: string;
  /** Client certificate for mutual TLS. */
  readonly certificate?: string;
  readonly key?: string;
  readonly serverName?: string;
  /** Milliseconds until an answer counts as lost; `answerWithinMs` when left out. */
  readonly withinMs?: number;
}

/** A revocation call that takes longer is an answer we do not wait for: the probe will look. */
export const answerWithinMs = 30_000;
export const answerBytesMax = 16 * 1024 * 1024;
const connectionsMax = 16;
const userAgent = 'rescind-revocation-desk';

export function networkTransport(settings: TransportSettings = {}): CaTransport {
  const common = { keepAlive: true, maxSockets: connectionsMax, scheduling: 'fifo' as const };
  const plain = new PlainAgent(common);
  const tls = new TlsAgent({
    ...common,
    minVersion: 'TLSv1.2',
    ...(settings.ca === undefined ? {} : { ca: settings.ca }),
    ...(settings.certificate === undefined ? {} : { cert: settings.certificate }),
    ...(settings.key === undefined ? {} : { key: settings.key }),
    ...(settings.serverName === undefined ? {} : { servername: settings.serverName }),
  });
  return {
    call: (request) => call(request, plain, tls, settings.withinMs ?? answerWithinMs),
    async close() {
      plain.destroy();
      tls.destroy();
    },
  };
}

/** A transport over a `fetch` function: an in-process CA in replays, a fake in tests. */
export function fetchTransport(fetch: (url: string, init: RequestInit) => Promise<Response>): CaTransport {
  return {
    async call(request) {
      try {
        const response = await fetch(request.url, {
          method: request.method,
          headers: { ...request.headers },
          ...(request.body === undefined ? {} : { body: request.body as string | Uint8Array<ArrayBuffer> }),
        });
        const body = new Uint8Array(await response.arrayBuffer());
        return {
          ok: true,
          answer: { status: response.status, headers: Object.fromEntries(response.headers), body },
        };
      } catch {
        return { ok: false, code: 'connection-lost', reached: true };
      }
    },
    async close() {},
  };
}

function call(request: CaRequest, plain: HttpAgent, tls: TlsAgent, withinMs: number): Promise<CaResult> {
  return new Promise((resolve) => {
    const secure = request.url.startsWith('https:');
    let reached = false;
    const fail = (code: FailureCode) => resolve({ ok: false, code, reached });
    const body = typeof request.body === 'string' ? Buffer.from(request.body, 'utf8') : request.body;
    const outgoing = (secure ? tlsRequest : plainRequest)(request.url, {
      method: request.method,
      agent: secure ? tls : plain,
      // RFC 8555 section 6.1 asks for a User-Agent; Pebble insists.
      headers: {
        'user-agent': userAgent,
        ...request.headers,
        ...(body === undefined ? {} : { 'content-length': String(body.length) }),
      },
      signal: AbortSignal.timeout(withinMs),
    });
    outgoing.on('socket', (socket) => {
      // A kept-alive connection is open already; otherwise the request can only leave once it is.
      if (outgoing.reusedSocket) reached = true;
      else
        socket.once(secure ? 'secureConnect' : 'connect', () => {
          reached = true;
        });
    });
    outgoing.on('response', (response) => {
      const parts: Buffer[] = [];
      let length = 0;
      response.on('data', (part: Buffer) => {
        length += part.length;
        if (length > answerBytesMax) {
          fail('bad-answer');
          outgoing.destroy();
        } else parts.push(part);
      });
      response.on('end', () => {
        const headers: Record<string, string> = {};
        for (const [name, value] of Object.entries(response.headers)) headers[name] = String(value);
        resolve({ ok: true, answer: { status: response.statusCode ?? 0, headers, body: Buffer.concat(parts) } });
      });
      response.on('error', () => fail('connection-lost'));
    });
    outgoing.on('error', (error: NodeJS.ErrnoException) => fail(codeOf(error, reached)));
    outgoing.end(body);
  });
}

function codeOf(error: NodeJS.ErrnoException, reached: boolean): FailureCode {
  if (error.name === 'AbortError' || error.name === 'TimeoutError' || error.code === 'ETIMEDOUT') return 'timeout';
  if (reached) return 'connection-lost';
  const code = error.code ?? '';
  return /^(CERT_|ERR_TLS|ERR_SSL|DEPTH_ZERO|SELF_SIGNED|UNABLE_TO|EPROTO|HOSTNAME)/.test(code) ? 'tls' : 'unreachable';
}

export function textOf(answer: CaAnswer): string {
  return Buffer.from(answer.body).toString('utf8');
}

/** The body as a JSON object, or null. */
export function jsonOf(answer: CaAnswer): Record<string, unknown> | null {
  try {
    const value: unknown = JSON.parse(textOf(answer));
    return typeof value === 'object' && value !== null && !Array.isArray(value)
      ? (value as Record<string, unknown>)
      : null;
  } catch {
    return null;
  }
}
