/** What `/readyz` answers: can this desk keep its promises right now, and if not, what is wrong. */
import type pg from 'pg';
import { Fault } from '../../foundation/fault.ts';
import type { Instant } from '../../foundation/time/time.ts';
import { run } from '../store/statements.ts';
import { stalled, type WatchdogParts } from './watchdog.ts';

interface HealthCheck {
  readonly name: string;
  readonly ok: boolean;
  readonly message: string;
}

export interface Health {
  /** `down`: nothing can be taken in safely. `degraded`: taken in, but not worked on in time. */
  readonly state: 'ready' | 'degraded' | 'down';
  readonly checks: readonly HealthCheck[];
}

/** Never throws: a health check that fails is the answer. */
export async function health(pool: pg.Pool, watchdog: WatchdogParts, now: Instant): Promise<Health> {
  const database = await databaseCheck(pool, now);
  if (!database.ok) return { state: 'down', checks: [database] };
  try {
    const stalls = await stalled(watchdog, now);
    const loops = Object.keys(watchdog.expected).map((name): HealthCheck => {
      const stall = stalls.find((s) => s.name === name);
      return { name, ok: stall === undefined, message: stall?.message ?? 'running' };
    });
    const others = stalls
      .filter((s) => !(s.name in watchdog.expected))
      .map(({ name, message }) => ({ name, ok: false, message }));
    const checks = [database, ...loops, ...others];
    return { state: checks.every((check) => check.ok) ? 'ready' : 'degraded', checks };
  } catch (error) {
    return { state: 'down', checks: [{ name: 'database', ok: false, message: sentence(error) }] };
  }
}

/** Reading is not enough: a full disk reads. */
async function databaseCheck(pool: pg.Pool, now: Instant): Promise<HealthCheck> {
  try {
    await run(
      pool,
      `INSERT INTO store.heartbeat (name, at, detail) VALUES ('health', $1, '')
       ON CONFLICT (name) DO UPDATE SET at = excluded.at`,
      [now.toString()],
    );
    return { name: 'database', ok: true, message: 'reads and writes' };
  } catch (error) {
    return { name: 'database', ok: false, message: sentence(error) };
  }
}

function sentence(error: unknown): string {
  return error instanceof Fault ? error.message : 'The database cannot be asked.';
}
