/** What sources ask of the network: injected, so that a test serves a log from memory and nothing leaves the machine. */
import { Fault } from '../../../foundation/fault.ts';

export type Fetch = (
  url: string,
  init?: { headers?: Record<string, string>; signal?: AbortSignal },
) => Promise<Response>;

export interface HttpOptions {
  readonly fetch: Fetch;
  readonly headers?: Record<string, string>;
  /** A log or CA that does not answer within it counts as failed; the next run resumes. */
  readonly timeoutMs?: number;
}

const timeoutMsDefault = 30_000;

/** The body, at most `bytesMax`. Throws Fault `source_failed` (nothing was changed; resume later). */
export async function getBytes(url: string, bytesMax: number, options: HttpOptions): Promise<Uint8Array> {
  const failed = (why: string, cause?: unknown) =>
    new Fault('source_failed', `${url}: ${why}; the import resumes from its last position`, { cause });
  let response: Response;
  try {
    response = await options.fetch(url, {
      ...(options.headers ? { headers: options.headers } : {}),
      signal: AbortSignal.timeout(options.timeoutMs ?? timeoutMsDefault),
    });
  } catch (cause) {
    throw failed('no answer', cause);
  }
  if (response.status !== 200) {
    await response.body?.cancel();
    throw failed(`status ${response.status}`);
  }
  const parts: Uint8Array[] = [];
  let length = 0;
  try {
    for await (const part of response.body ?? []) {
      length += part.length;
      if (length > bytesMax) throw failed(`more than ${bytesMax} bytes`);
      parts.push(part);
    }
  } catch (cause) {
    throw cause instanceof Fault ? cause : failed('the answer broke off', cause);
  }
  return Buffer.concat(parts);
}

export async function getJson(url: string, bytesMax: number, options: HttpOptions): Promise<unknown> {
  const bytes = await getBytes(url, bytesMax, options);
  try {
    return JSON.parse(Buffer.from(bytes).toString('utf8'));
  } catch (cause) {
    throw new Fault('source_failed', `${url}: not JSON`, { cause });
  }
}
