/**
 * The change feed. A reader that lost the line comes back with `Last-Event-ID` and misses nothing: changes are replayed
 * by global sequence. `tick` carries the server's instant, so that countdowns follow our clock and not the reader's.
 */
import type { Context } from 'hono';
import { streamSSE } from 'hono/streaming';
import { rfc3339, type Time } from '../foundation/time/time.ts';
import type { DeskPort } from './port.ts';

export interface FeedOptions {
  readonly desk: DeskPort;
  readonly time: Time;
  /** Length between ticks in real milliseconds: transport, not policy, so it does not go through `Time`. */
  readonly tickMs: number;
}

/** Readers at once; beyond that the screen polls. */
const readersMax = 500;

export function createFeed(options: FeedOptions): (context: Context) => Response | Promise<Response> {
  let readers = 0;
  return async (context) => {
    if (readers >= readersMax) {
      context.header('retry-after', '30');
      return context.text('Too many readers of the change feed.', 503);
    }
    const last = context.req.header('last-event-id') ?? context.req.query('after');
    const after = last !== undefined && /^\d{1,15}$/.test(last) ? Number(last) : await options.desk.seq();
    context.header('cache-control', 'no-store');
    context.header('x-accel-buffering', 'no');
    return streamSSE(context, async (stream) => {
      readers += 1;
      const ended = new AbortController();
      stream.onAbort(() => ended.abort());
      const tick = async () => {
        const data = JSON.stringify({ now: rfc3339(options.time.now()), seq: await options.desk.seq() });
        await stream.writeSSE({ event: 'tick', data });
      };
      const timer = setInterval(() => void tick().catch(() => ended.abort()), options.tickMs);
      try {
        await tick();
        for await (const change of options.desk.changes(after, ended.signal)) {
          if (ended.signal.aborted) break;
          await stream.writeSSE({ event: 'change', id: String(change.seq), data: JSON.stringify(change) });
        }
      } finally {
        clearInterval(timer);
        readers -= 1;
      }
    });
  };
}
