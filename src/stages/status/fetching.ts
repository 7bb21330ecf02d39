/** Reads a bounded answer over HTTP within a bounded time, and says in a code why not when it cannot. */
import { hash } from 'node:crypto';

export type Fetch = (url: string, init?: RequestInit) => Promise<Response>;

export interface Answer {
  readonly httpStatus: number | null;
  readonly body: Uint8Array | null;
  readonly sha256: string | null;
  readonly etag: string | null;
  readonly age: number | null;
  readonly date: string | null;
  /** `http-503`, `timeout`, `too-large`, `unreachable`, `not-http`; null when a body with status 200 (or a 304) came. */
  readonly problem: string | null;
}

export async function fetchBounded(
  fetch: Fetch,
  url: string,
  limits: { readonly bytesMax: number; readonly withinMs: number },
  init: RequestInit = {},
): Promise<Answer> {
  const nothing = { httpStatus: null, body: null, sha256: null, etag: null, age: null, date: null };
  if (!/^https?:\/\//i.test(url)) return { ...nothing, problem: 'not-http' };
  try {
    const response = await fetch(url, { ...init, signal: AbortSignal.timeout(limits.withinMs) });
    const head = {
      httpStatus: response.status,
      etag: response.headers.get('etag'),
      age: ageOf(response.headers.get('age')),
      date: response.headers.get('date'),
    };
    if (response.status === 304) return { ...nothing, ...head, problem: null };
    const body = await readBounded(response, limits.bytesMax);
    if (body === null) return { ...nothing, ...head, problem: 'too-large' };
    const sha256 = hash('sha256', body, 'hex');
    return { ...head, body, sha256, problem: response.status === 200 ? null : `http-${response.status}` };
  } catch (error) {
    const name = (error as { name?: string }).name;
    return { ...nothing, problem: name === 'TimeoutError' || name === 'AbortError' ? 'timeout' : 'unreachable' };
  }
}

async function readBounded(response: Response, bytesMax: number): Promise<Uint8Array | null> {
  if (response.body === null) return new Uint8Array();
  const parts: Uint8Array[] = [];
  let length = 0;
  const reader = response.body.getReader();
  for (;;) {
    const { done, value } = await reader.read();
    if (done) break;
    length += value.length;
    if (length > bytesMax) {
      await reader.cancel();
      return null;
    }
    parts.push(value);
  }
  return parts.length === 1 ? parts[0]! : new Uint8Array(Buffer.concat(parts));
}

function ageOf(header: string | null): number | null {
  return header !== null && /^\d{1,9}$/.test(header) ? Number(header) : null;
}
