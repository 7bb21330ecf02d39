/**
 * Work that no duty depends on: imports, reports, tidying up. pg-boss decides when by the database's clock and may run
 * late or twice after a crash; nothing with a deadline belongs here.
 */

import type pg from 'pg';
import { PgBoss } from 'pg-boss';
import { asFault } from '../store/faults.ts';
import type { JobLog } from './log.ts';

export interface HousekeepingJob {
  /** Lower case with dashes; also the name of its queue. */
  readonly name: string;
  /** Cron expression in UTC; null for one that runs only when asked. */
  readonly cron: string | null;
  /** Doing it twice is harmless. Aborted when the desk stops or `minutesMax` have passed. */
  readonly run: (signal: AbortSignal) => Promise<void>;
  readonly minutesMax?: number;
}

export interface Housekeeping {
  /** Asks for a run as soon as possible; two requests before it starts are one. */
  ask(name: string): Promise<void>;
  stop(): Promise<void>;
}

const minutesDefault = 30;
const retries = 3;
const stopMs = 10_000;
const schema = 'housekeeping';

export async function startHousekeeping(
  connection: pg.ClientConfig,
  jobs: readonly HousekeepingJob[],
  log: JobLog,
  options: { readonly pollSeconds?: number } = {},
): Promise<Housekeeping> {
  const { connectionString, host, port, user, password, database } = connection;
  const boss = new PgBoss({
    ...(connectionString
      ? { connectionString }
      : { host: host!, port: port!, user: user!, password: password as string, database: database! }),
    schema,
    application_name: 'rescind housekeeping',
    max: 3,
  });
  boss.on('error', (error) => log.warn({ error: error.name }, 'housekeeping stumbled and goes on'));
  const stopping = new AbortController();
  try {
    await boss.start();
    for (const job of jobs) await install(boss, job, log, stopping.signal, options.pollSeconds ?? 5);
    await forgetOthers(boss, new Set(jobs.map((job) => job.name)));
  } catch (error) {
    await boss.stop({ graceful: false }).catch(() => {});
    throw asFault(error);
  }
  return {
    ask: async (name) => {
      await boss.send(name, null, { singletonKey: name }).catch((error: unknown) => {
        throw asFault(error);
      });
    },
    stop: async () => {
      stopping.abort();
      await boss.stop({ graceful: true, timeout: stopMs });
    },
  };
}

async function install(
  boss: PgBoss,
  job: HousekeepingJob,
  log: JobLog,
  stopping: AbortSignal,
  pollSeconds: number,
): Promise<void> {
  const minutesMax = job.minutesMax ?? minutesDefault;
  const settings = {
    policy: 'short' as const,
    retryLimit: retries,
    retryBackoff: true,
    expireInSeconds: minutesMax * 60,
  };
  await boss.createQueue(job.name, settings);
  if (job.cron === null) await boss.unschedule(job.name);
  else await boss.schedule(job.name, job.cron, null, { tz: 'UTC' });
  await boss.work(job.name, { pollingIntervalSeconds: pollSeconds, batchSize: 1 }, async () => {
    try {
      await job.run(AbortSignal.any([stopping, AbortSignal.timeout(minutesMax * 60_000)]));
    } catch (error) {
      log.error({ job: job.name, error: error instanceof Error ? error.name : 'unknown' }, 'a housekeeping job failed');
      throw error;
    }
  });
}

/** A schedule outlives the release that made it. */
async function forgetOthers(boss: PgBoss, known: ReadonlySet<string>): Promise<void> {
  for (const { name } of await boss.getSchedules()) if (!known.has(name)) await boss.unschedule(name);
}
