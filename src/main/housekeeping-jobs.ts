/**
 * What the desk does by itself when nothing waits: it tidies up rows that can decide nothing any more (mail, cases, letters
 * and the log are none of them; how long those are kept is the operator's to say), and by night it holds new keys against
 * all others.
 */
import { setTimeout as pause } from 'node:timers/promises';
import type pg from 'pg';
import { forgetLapsedAccess } from '../api/access/postgres.ts';
import { forgetUploads } from '../api/uploads/store.ts';
import type { Log } from '../app/ports.ts';
import { Fault } from '../foundation/fault.ts';
import type { Instant, Time } from '../foundation/time/time.ts';
import { type HousekeepingJob, startHousekeeping } from '../platform/jobs/housekeeping.ts';
import { forgetGatewayLines } from '../stages/intake/postgres-gateway.ts';
import { forgetRenewNowMessages } from '../stages/renewal-info/index.ts';
import { forgetTestReports } from './watch-store.ts';
import type { Desk } from './wiring.ts';

/** Long enough for a quarterly look back. */
const daysKept = 100;
const pollSeconds = 60;
const againMilliseconds = 10 * 60_000;

type Forget = (pool: pg.Pool, now: Instant) => Promise<number>;

const longAgo = (now: Instant): Instant => now.subtract({ hours: 24 * daysKept });

/** Name, when (cron, UTC), and what is forgotten. */
const tidied: readonly (readonly [name: string, cron: string, forget: Forget])[] = [
  ['lapsed-sign-ins', '17 * * * *', forgetLapsedAccess],
  ['uploads', '37 * * * *', forgetUploads],
  ['gateway-lines', '23 3 * * *', forgetGatewayLines],
  ['test-reports', '29 3 * * *', (pool, now) => forgetTestReports(pool, longAgo(now))],
  ['renew-now-messages', '31 3 * * *', (pool, now) => forgetRenewNowMessages(pool, longAgo(now))],
];

export function housekeepingJobs(pool: pg.Pool, time: Time, log: Log): readonly HousekeepingJob[] {
  return tidied.map(([name, cron, forget]) => ({
    name,
    cron,
    async run() {
      const rows = await forget(pool, time.now());
      if (rows > 0) log.info({ job: name, rows }, 'Tidied up.');
    },
  }));
}

/** A million certificates that are taken up for the first time need an hour; what is left is for the next night. */
const primesMinutesMax = 240;

/** New moduli of the inventory against all others. What it finds becomes a receipt, and has its clock from there. */
export function sharedPrimesJob(desk: Pick<Desk, 'primes' | 'receive' | 'log'>): HousekeepingJob {
  return {
    name: 'shared-primes',
    cron: '41 1 * * *',
    minutesMax: primesMinutesMax,
    async run(signal) {
      const { taken, reported } = await desk.primes.night(desk.receive, signal);
      if (taken > 0) desk.log.info({ job: 'shared-primes', certificates: taken, reported }, 'Compared moduli.');
    },
  };
}

/** Until `signal` aborts. Where it cannot start (the database is away) the desk works on, and it is tried again. */
export async function keepHouse(
  parts: {
    readonly desk: Pick<Desk, 'pool' | 'time' | 'log' | 'primes' | 'receive'>;
    readonly connection: pg.ClientConfig;
  },
  signal: AbortSignal,
): Promise<void> {
  const { desk, connection } = parts;
  const { pool, time, log } = desk;
  const jobs = [...housekeepingJobs(pool, time, log), sharedPrimesJob(desk)];
  while (!signal.aborted) {
    const housekeeping = await startHousekeeping(connection, jobs, log, { pollSeconds }).catch((error: unknown) => {
      const code = error instanceof Fault ? error.code : 'bug';
      log.warn({ code }, 'Housekeeping could not start; it is tried again in ten minutes.');
      return null;
    });
    if (housekeeping === null) {
      await pause(againMilliseconds, undefined, { signal }).catch(() => undefined);
      continue;
    }
    if (!signal.aborted)
      await new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve(), { once: true }));
    await housekeeping.stop();
  }
}
