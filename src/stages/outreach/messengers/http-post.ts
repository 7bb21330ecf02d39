/** One POST to a configured receiver, and what its answer means. No redirect is followed; the body of an answer is not read. */
import type { SendOutcome } from '../messenger.ts';

export interface HttpPost {
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string | Uint8Array<ArrayBuffer>;
  readonly timeoutMilliseconds: number;
}

export async function httpPost(
  request: HttpPost,
  call: typeof fetch,
  signal: AbortSignal | undefined,
): Promise<SendOutcome> {
  if (signal?.aborted === true) return { outcome: 'retry', problem: 'Stopped before it was sent.' };
  const timeout = AbortSignal.timeout(request.timeoutMilliseconds);
  try {
    const answer = await call(request.url, {
      method: 'POST',
      redirect: 'manual',
      signal: signal === undefined ? timeout : AbortSignal.any([timeout, signal]),
      headers: request.headers,
      body: request.body,
    });
    await answer.body?.cancel();
    return outcomeOfStatus(answer.status);
  } catch (error) {
    return outcomeOfFailure(error);
  }
}

/** Why an address cannot be called; null when it can. A messenger calls out over TLS, or to the own machine. */
export function urlProblem(text: string): string | null {
  if (!URL.canParse(text)) return 'This is not a URL.';
  const url = new URL(text);
  const own = ['127.0.0.1', 'localhost', '[::1]'].includes(url.hostname);
  if (url.protocol !== 'https:' && !(own && url.protocol === 'http:')) return 'It has to be called over https.';
  return url.username === '' && url.password === '' ? null : 'Put no password into the address; use the secret.';
}

function outcomeOfStatus(status: number): SendOutcome {
  if (status >= 200 && status < 300) return { outcome: 'accepted', detail: `HTTP ${status}` };
  const problem = `The receiver answered HTTP ${status}.`;
  const later = status === 408 || status === 425 || status === 429 || status >= 500;
  return { outcome: later ? 'retry' : 'refused', problem };
}

function outcomeOfFailure(error: unknown): SendOutcome {
  const cause = (error as { cause?: { code?: unknown } }).cause?.code;
  if (typeof cause === 'string' && ['ECONNREFUSED', 'ENOTFOUND', 'EHOSTUNREACH', 'ENETUNREACH'].includes(cause)) {
    return { outcome: 'retry', problem: 'The receiver could not be reached.' };
  }
  return { outcome: 'unknown', problem: 'The receiver did not answer; it may have been taken.' };
}
