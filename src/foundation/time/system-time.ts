import { setTimeout as sleep } from 'node:timers/promises';
import type { Instant, Time } from './time.ts';

/** The longest single timer the runtime takes (2^31-1 ms); longer waits are made of several. */
const timerMaxMs = 2_147_483_647;

/** The real clock of the machine. */
export class SystemTime implements Time {
  now(): Instant {
    return Temporal.Now.instant();
  }

  async waitUntil(until: Instant, signal?: AbortSignal): Promise<void> {
    for (;;) {
      const left = until.epochMilliseconds - this.now().epochMilliseconds;
      if (left <= 0 || signal?.aborted) return;
      try {
        await sleep(Math.min(left, timerMaxMs), undefined, signal ? { signal } : {});
      } catch {
        return; // Aborted: the caller asked to stop waiting.
      }
    }
  }
}
