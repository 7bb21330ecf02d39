/**
 * One look at an address that a reporter sent. The address is hostile until shown otherwise: resolved once, every
 * answer checked, the connection pinned to a checked address, the same again for each redirect, everything counted.
 * What comes back is bytes for the reading room and a record of where they came from; nothing is kept here.
 */
import { hash } from 'node:crypto';
import { lookup } from 'node:dns/promises';
import http from 'node:http';
import https from 'node:https';
import { type BlockList, isIP } from 'node:net';
import type { TLSSocket } from 'node:tls';
import { brotliDecompressSync, gunzipSync, inflateSync, zstdDecompressSync } from 'node:zlib';
import { isPublicAddress } from './addresses.ts';
import { rawAddress } from './viewers.ts';

export const FETCH_BYTES_MAX = 20 * 1024 * 1024;
export const FETCH_RATIO_MAX = 100;
export const FETCH_REDIRECTS_MAX = 5;
export const CONNECT_MILLISECONDS_MAX = 10_000;
export const FETCH_MILLISECONDS_MAX = 30_000;
const URL_CHARACTERS_MAX = 4096;
const ADDRESSES_MAX = 16;
const PORTS = [80, 443];

export interface TransportRequest {
  readonly url: URL;
  /** Connect here and nowhere else. */
  readonly address: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly signal: AbortSignal;
}

export interface TransportResponse {
  readonly status: number;
  /** Lower-case names. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body: AsyncIterable<Uint8Array>;
  /** Address that answered; null when the transport cannot say. */
  readonly remoteAddress: string | null;
  readonly tls: { readonly leafSha256: string | null; readonly trusted: boolean } | null;
}

/** Resolver and transport are handed in, so that a replay can serve a simulated web. */
export interface FetcherParts {
  readonly resolve?: (host: string) => Promise<readonly string[]>;
  readonly transport?: (request: TransportRequest) => Promise<TransportResponse>;
  readonly ports?: readonly number[];
  /** The operator's own public ranges: not to be reached from the desk either. */
  readonly ownRanges?: BlockList | null;
  readonly userAgent?: string;
}

/** Where bytes came from: what an incident report cites. Holds no content. */
export interface Capture {
  readonly url: string;
  readonly fetchedUrl: string;
  readonly finalUrl: string;
  readonly redirects: readonly string[];
  readonly addresses: readonly string[];
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly tlsLeafSha256: string | null;
  readonly tlsTrusted: boolean | null;
  readonly length: number;
  readonly sha256: string;
}

export type Fetched =
  | {
      readonly ok: true;
      readonly bytes: Uint8Array;
      readonly finalUrl: string;
      readonly fileName: string;
      readonly mediaType: string;
      readonly capture: Capture;
    }
  | { readonly ok: false; readonly problem: FetchProblem; readonly detail: string };

export type FetchProblem =
  | 'bad_url'
  | 'scheme_not_allowed'
  | 'port_not_allowed'
  | 'credentials_in_url'
  | 'unknown_name'
  | 'address_not_public'
  | 'too_many_redirects'
  | 'downgraded'
  | 'no_connection'
  | 'timeout'
  | 'too_large'
  | 'bad_encoding'
  | 'http_status';

class Refused extends Error {
  readonly problem: FetchProblem;
  constructor(problem: FetchProblem, detail: string) {
    super(detail);
    this.problem = problem;
  }
}

const USER_AGENT = 'Rescind revocation desk (fetches what a certificate problem report names)';
/** A page may answer robots with something else than people: one neutral second try. */
const NEUTRAL_USER_AGENT = 'Mozilla/5.0 (compatible)';
const HEADERS_KEPT = [
  'content-type',
  'content-length',
  'content-encoding',
  'last-modified',
  'etag',
  'date',
  'server',
  'location',
];

export interface SafeFetcher {
  /** Never throws for what the web does. */
  fetch(url: string): Promise<Fetched>;
}

export function createFetcher(parts: FetcherParts = {}): SafeFetcher {
  return {
    async fetch(url) {
      const first = await attempt(url, parts, parts.userAgent ?? USER_AGENT);
      if (first.ok || first.problem !== 'http_status' || !/^(401|403|406|429)/.test(first.detail)) return first;
      const second = await attempt(url, parts, NEUTRAL_USER_AGENT);
      return second.ok ? second : first;
    },
  };
}

async function attempt(text: string, parts: FetcherParts, userAgent: string): Promise<Fetched> {
  const signal = AbortSignal.timeout(FETCH_MILLISECONDS_MAX);
  try {
    return await follow(text, parts, userAgent, signal);
  } catch (cause) {
    if (cause instanceof Refused) return { ok: false, problem: cause.problem, detail: cause.message };
    const late = signal.aborted || (cause as { name?: string }).name === 'TimeoutError';
    return { ok: false, problem: late ? 'timeout' : 'no_connection', detail: codeOf(cause) };
  }
}

function codeOf(cause: unknown): string {
  const code = (cause as { code?: unknown }).code;
  return typeof code === 'string' ? code : 'the connection failed';
}

async function follow(text: string, parts: FetcherParts, userAgent: string, signal: AbortSignal): Promise<Fetched> {
  const asked = parseUrl(text, parts);
  let url = rawAddress(asked);
  const redirects: string[] = [];
  const addresses: string[] = [];
  for (;;) {
    checkUrl(url, parts);
    const address = await checkedAddress(url.hostname, parts);
    addresses.push(address);
    const request = { url, address, signal, headers: headersFor(url, userAgent) };
    const response = await (parts.transport ?? httpTransport)(request);
    if (response.remoteAddress !== null && !isPublicAddress(response.remoteAddress, parts.ownRanges ?? null)) {
      throw new Refused('address_not_public', 'the connection ended up at an address that is not public');
    }
    const location = response.headers.location;
    if (response.status >= 300 && response.status < 400 && location !== undefined) {
      await discard(response.body);
      if (redirects.length >= FETCH_REDIRECTS_MAX)
        throw new Refused('too_many_redirects', `more than ${FETCH_REDIRECTS_MAX}`);
      const next = nextUrl(location, url);
      if (url.protocol === 'https:' && next.protocol === 'http:') {
        throw new Refused('downgraded', 'a redirect from https to http');
      }
      redirects.push(next.href);
      url = rawAddress(next);
      continue;
    }
    const raw = await readBody(response.body, signal);
    if (response.status < 200 || response.status >= 300) throw new Refused('http_status', String(response.status));
    const bytes = decode(raw, response.headers['content-encoding'] ?? '');
    const kept = Object.fromEntries(Object.entries(response.headers).filter(([name]) => HEADERS_KEPT.includes(name)));
    return {
      ok: true,
      bytes,
      finalUrl: url.href,
      fileName: decodeURIComponentSafe(url.pathname.split('/').at(-1) ?? ''),
      mediaType: (response.headers['content-type'] ?? 'application/octet-stream').split(';')[0]!.trim().toLowerCase(),
      capture: {
        url: text,
        fetchedUrl: rawAddress(asked).href,
        finalUrl: url.href,
        redirects,
        addresses,
        status: response.status,
        headers: kept,
        tlsLeafSha256: response.tls?.leafSha256 ?? null,
        tlsTrusted: response.tls?.trusted ?? null,
        length: bytes.length,
        sha256: hash('sha256', bytes, 'hex'),
      },
    };
  }
}

function parseUrl(text: string, parts: FetcherParts): URL {
  if (text.length > URL_CHARACTERS_MAX || !URL.canParse(text)) throw new Refused('bad_url', 'this is no address');
  const url = new URL(text);
  checkUrl(url, parts);
  return url;
}

function nextUrl(location: string, base: URL): URL {
  if (location.length > URL_CHARACTERS_MAX || !URL.canParse(location, base.href)) {
    throw new Refused('bad_url', 'a redirect to something that is no address');
  }
  return new URL(location, base);
}

function checkUrl(url: URL, parts: FetcherParts): void {
  if (url.protocol !== 'http:' && url.protocol !== 'https:') throw new Refused('scheme_not_allowed', url.protocol);
  if (url.username !== '' || url.password !== '') throw new Refused('credentials_in_url', 'user name in the address');
  const port = url.port === '' ? (url.protocol === 'https:' ? 443 : 80) : Number(url.port);
  if (!(parts.ports ?? PORTS).includes(port)) throw new Refused('port_not_allowed', String(port));
}

/** Resolved once; every answer must be public, or a name with one inner and one outer address would be a coin toss. */
async function checkedAddress(hostname: string, parts: FetcherParts): Promise<string> {
  const host = hostname.replace(/^\[|\]$/g, '');
  const answers = isIP(host) === 0 ? await resolved(host, parts) : [host];
  if (answers.length === 0) throw new Refused('unknown_name', 'the name is unknown');
  if (answers.length > ADDRESSES_MAX || !answers.every((answer) => isPublicAddress(answer, parts.ownRanges ?? null))) {
    throw new Refused('address_not_public', 'the name leads to an address that is not public');
  }
  return answers[0] as string;
}

async function resolved(host: string, parts: FetcherParts): Promise<readonly string[]> {
  try {
    return await (parts.resolve ?? systemResolve)(host);
  } catch {
    throw new Refused('unknown_name', 'the name is unknown');
  }
}

async function systemResolve(host: string): Promise<readonly string[]> {
  const answers = await lookup(host, { all: true, verbatim: true });
  return answers.map((answer) => answer.address);
}

function headersFor(url: URL, userAgent: string): Record<string, string> {
  return { host: url.host, 'user-agent': userAgent, accept: '*/*', 'accept-encoding': 'identity' };
}

async function discard(body: AsyncIterable<Uint8Array>): Promise<void> {
  for await (const _ of body) break;
}

async function readBody(body: AsyncIterable<Uint8Array>, signal: AbortSignal): Promise<Buffer> {
  const parts: Uint8Array[] = [];
  let length = 0;
  for await (const part of body) {
    signal.throwIfAborted();
    length += part.length;
    if (length > FETCH_BYTES_MAX) throw new Refused('too_large', `more than ${FETCH_BYTES_MAX} bytes`);
    parts.push(part);
  }
  return Buffer.concat(parts);
}

/** We ask for none, but servers compress all the same. */
function decode(raw: Buffer, encoding: string): Buffer {
  const maxOutputLength = Math.min(FETCH_BYTES_MAX, Math.max(1024 * 1024, raw.length * FETCH_RATIO_MAX));
  const decoders: Readonly<Record<string, (bytes: Buffer) => Buffer>> = {
    gzip: (bytes) => gunzipSync(bytes, { maxOutputLength }),
    'x-gzip': (bytes) => gunzipSync(bytes, { maxOutputLength }),
    deflate: (bytes) => inflateSync(bytes, { maxOutputLength }),
    br: (bytes) => brotliDecompressSync(bytes, { maxOutputLength }),
    zstd: (bytes) => zstdDecompressSync(bytes, { maxOutputLength }),
  };
  const name = encoding.trim().toLowerCase();
  if (name === '' || name === 'identity') return raw;
  const decoder = decoders[name];
  if (decoder === undefined) throw new Refused('bad_encoding', name.slice(0, 40));
  try {
    return decoder(raw);
  } catch (cause) {
    const large = (cause as { code?: string }).code === 'ERR_BUFFER_TOO_LARGE';
    throw new Refused(
      large ? 'too_large' : 'bad_encoding',
      large ? 'expands beyond the limit' : 'the body does not decompress',
    );
  }
}

function decodeURIComponentSafe(text: string): string {
  try {
    return decodeURIComponent(text).slice(0, 200);
  } catch {
    return text.slice(0, 200);
  }
}

/** The real web. TLS trust is noted and not required: evidence may sit on a broken host. */
function httpTransport(request: TransportRequest): Promise<TransportResponse> {
  const { url, address, headers, signal } = request;
  return new Promise((resolve, reject) => {
    const family = isIP(address);
    const options: https.RequestOptions = {
      method: 'GET',
      headers: { ...headers },
      signal,
      agent: false,
      rejectUnauthorized: false,
      // The checked address, whatever the resolver would say by now.
      lookup: (_host, lookupOptions, done) => {
        if ((lookupOptions as { all?: boolean }).all === true) done(null, [{ address, family }]);
        else done(null, address, family);
      },
    };
    const outgoing = (url.protocol === 'https:' ? https : http).request(url, options, (response) => {
      clearTimeout(connecting);
      const plain: Record<string, string> = {};
      for (const [name, value] of Object.entries(response.headers)) {
        if (value !== undefined) plain[name] = Array.isArray(value) ? value.join(', ') : value;
      }
      const socket = response.socket as TLSSocket;
      const leaf = url.protocol === 'https:' ? socket.getPeerCertificate() : null;
      resolve({
        status: response.statusCode ?? 0,
        headers: plain,
        body: response,
        remoteAddress: response.socket.remoteAddress ?? null,
        tls:
          leaf === null
            ? null
            : {
                leafSha256: leaf.raw === undefined ? null : hash('sha256', leaf.raw, 'hex'),
                trusted: socket.authorized,
              },
      });
    });
    const connecting = setTimeout(
      () => outgoing.destroy(new Refused('timeout', 'no answer in time')),
      CONNECT_MILLISECONDS_MAX,
    );
    outgoing.on('error', (cause) => {
      clearTimeout(connecting);
      reject(cause);
    });
    outgoing.end();
  });
}
