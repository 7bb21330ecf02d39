/**
 * Notices when the desk has stopped looking. Two sides: inside, the loops write heartbeats and `stalled` reads them,
 * for `/readyz` and for a second process; outside, a dead man's switch is told after each full sweep, and pages people
 * when it is not told any more. The second one also works when everything in here is dead.
 */
import type { Duration, Instant } from '../../foundation/time/time.ts';
import { isBefore, minutes, rfc3339 } from '../../foundation/time/time.ts';
import type { CaseStore } from '../store/case-store.ts';
import type { Heartbeats } from '../store/heartbeats.ts';
import type { JobLog } from './log.ts';

export interface Stall {
  readonly name: string;
  /** Fit for a page to a person. */
  readonly message: string;
}

export interface WatchdogParts {
  readonly heartbeats: Heartbeats;
  readonly cases: Pick<CaseStore, 'nextWakeAt'>;
  /** The loops that must beat, with how long they may be silent. */
  readonly expected: Readonly<Record<string, Duration>>;
}

export const expectedDefaults: Readonly<Record<string, Duration>> = { 'wake-ups': minutes(3), sweep: minutes(5) };
/** How far behind its wish the oldest wake-up may be. */
const wakeUpLateMax = minutes(3);

/** What has stopped, at `now`. Empty when all is well. Throws a `Fault` when the database cannot be asked. */
export async function stalled(parts: WatchdogParts, now: Instant): Promise<readonly Stall[]> {
  const beats = new Map((await parts.heartbeats.all()).map((beat) => [beat.name, beat.at]));
  const silent = Object.entries(parts.expected).flatMap(([name, most]): Stall[] => {
    const last = beats.get(name);
    if (last === undefined) return [{ name, message: `${name} has never run.` }];
    if (!isBefore(last, now.subtract(most))) return [];
    return [{ name, message: `${name} last ran at ${rfc3339(last)}. Deadlines are not watched. Restart the desk.` }];
  });
  // The age of the oldest open duty is the alarm that no silent worker can suppress (failures.md, FM28).
  const oldest = await parts.cases.nextWakeAt();
  if (oldest === null || !isBefore(oldest, now.subtract(wakeUpLateMax))) return silent;
  return [...silent, { name: 'oldest', message: `A case has waited since ${rfc3339(oldest)} to be looked at.` }];
}

/** The last part of `stalled`, for callers that want a yes or no. */
export async function isStalled(parts: WatchdogParts, now: Instant): Promise<boolean> {
  return (await stalled(parts, now)).length > 0;
}

const pingTimeoutMs = 10_000;

/**
 * Tells a dead man's switch (any URL that takes a GET, e.g. of a monitoring service) that a sweep was complete. Never
 * throws and never holds up a sweep; a switch that cannot be reached is logged, and will itself notice.
 */
export function deadMansSwitch(url: string, log: JobLog, send: typeof fetch = fetch): () => void {
  let underWay = false;
  return () => {
    if (underWay) return;
    underWay = true;
    send(url, { method: 'GET', redirect: 'error', signal: AbortSignal.timeout(pingTimeoutMs) })
      .then(async (response) => {
        await response.body?.cancel();
        if (!response.ok) log.warn({ status: response.status }, "the dead man's switch did not accept the ping");
      })
      .catch((error: unknown) =>
        log.warn({ error: error instanceof Error ? error.name : 'unknown' }, "the dead man's switch cannot be reached"),
      )
      .finally(() => {
        underWay = false;
      });
  };
}
