/**
 * Looks at every case at the instant it asked for, and at every open case once a minute whether it asked or not. The
 * second makes losing or doubling the first harmless. Nothing here decides what a case needs: `advance` does.
 */
import { Fault } from '../../foundation/fault.ts';
import type { Duration, Instant, Time } from '../../foundation/time/time.ts';
import { earliest, hasCome, minutes, seconds } from '../../foundation/time/time.ts';
import type { CaseStore, Claim } from '../store/case-store.ts';
import { isOutage } from '../store/faults.ts';
import type { Heartbeats } from '../store/heartbeats.ts';
import type { JobLog } from './log.ts';

/** What `advance` came to: how many events it had seen at the end, and when the case is to be looked at next. */
export interface Advanced {
  readonly seq: number;
  readonly wakeAt: Instant | null;
}

export interface WakeUpParts {
  readonly cases: CaseStore;
  readonly heartbeats: Heartbeats;
  /** Does everything the case needs at `now`. Doing it twice is harmless. Throws when the world failed. */
  readonly advance: (caseId: string, now: Instant) => Promise<Advanced>;
  readonly log: JobLog;
  readonly settings?: Partial<WakeUpSettings>;
  /** Told after each sweep that reached every case, e.g. to ping a dead man's switch. */
  readonly swept?: (now: Instant) => void;
}

interface WakeUpSettings {
  /** Cases worked on at the same time. */
  readonly concurrency: number;
  /** After this much silence of a worker its cases go to others. A running worker renews in time. */
  readonly lease: Duration;
  /** Other processes append too: how long their wake-ups may stay unnoticed. */
  readonly lookEvery: Duration;
  readonly sweepEvery: Duration;
  /** A case whose advance failed is tried again after this. */
  readonly retryAfter: Duration;
}

const wakeUpDefaults: WakeUpSettings = {
  concurrency: 4,
  lease: seconds(45),
  lookEvery: seconds(1),
  sweepEvery: minutes(1),
  retryAfter: seconds(30),
};

interface SweepReport {
  readonly cases: number;
  readonly failed: number;
  /** Held by somebody else at that moment: they are being looked at. */
  readonly busy: number;
}

export interface WakeUps {
  /** Does everything that is due at `now`, also what becomes due by doing it, and says how many cases it looked at. */
  runDue(now: Instant): Promise<number>;
  /** Looks at every open case once. */
  sweep(now: Instant): Promise<SweepReport>;
  /** Both, for ever, until `signal` aborts; then what is under way is finished. Survives the database going away. */
  start(time: Time, signal: AbortSignal): Promise<void>;
  /** A case may have become due in this process just now: look at once. */
  nudge(): void;
}

/** A case that asks to be looked at again and again at the same instant would keep the others waiting. */
const roundsMax = 20;
/** First and longest pause while the database is away. */
const backoffFirst = seconds(1);
const backoffMost = seconds(15);
const pageSize = 200;

const heartbeatNames = { wakeUps: 'wake-ups', sweep: 'sweep' } as const;

export function wakeUps(parts: WakeUpParts): WakeUps {
  const settings: WakeUpSettings = { ...wakeUpDefaults, ...parts.settings };
  let nudged: () => void = () => {};
  /** Set while `start` runs: what renews leases in real life. A caller of `runDue` owns time and needs no renewal. */
  let running: Time | null = null;

  async function runDue(now: Instant): Promise<number> {
    const rounds = new Map<string, number>();
    let looked = 0;
    for (;;) {
      const claims = await parts.cases.claimDue(now, settings.concurrency, now.add(settings.lease));
      if (claims.length === 0) return looked;
      looked += claims.length;
      await Promise.all(
        claims.map((claim) => {
          const round = (rounds.get(claim.caseId) ?? 0) + 1;
          rounds.set(claim.caseId, round);
          return lookAt(claim, now, round);
        }),
      );
    }
  }

  async function lookAt(claim: Claim, now: Instant, round: number): Promise<boolean> {
    const stopRenewing = renew(claim);
    try {
      const advanced = await parts.advance(claim.caseId, now);
      stopRenewing();
      const restless = advanced.wakeAt !== null && hasCome(advanced.wakeAt, now) && round >= roundsMax;
      if (restless) {
        parts.log.error({ caseId: claim.caseId }, 'a case does not come to rest; it is looked at again in a moment');
        await parts.cases.postpone(claim, now.add(settings.retryAfter));
      } else {
        await parts.cases.settle(claim, advanced);
      }
      return true;
    } catch (error) {
      stopRenewing();
      // With the database away nothing more can be done here: the lease runs out, and somebody looks again.
      if (isOutage(error)) throw error;
      const code = error instanceof Fault ? error.code : 'bug';
      parts.log.error(
        { caseId: claim.caseId, code, error: describe(error) },
        'looking at a case failed; it is tried again',
      );
      await parts.cases.postpone(claim, now.add(settings.retryAfter));
      return false;
    }
  }

  /** A mass revocation takes longer than a lease; without this a second worker would start on it too. */
  function renew(claim: Claim): () => void {
    const time = running;
    if (time === null) return () => {};
    const timer = setInterval(
      () => void parts.cases.postpone(claim, time.now().add(settings.lease)).catch(() => {}),
      settings.lease.total('milliseconds') / 3,
    );
    return () => clearInterval(timer);
  }

  async function sweep(now: Instant): Promise<SweepReport> {
    const report = { cases: 0, failed: 0, busy: 0 };
    for await (const page of parts.cases.openCases(pageSize)) {
      for (let i = 0; i < page.length; i += settings.concurrency) {
        const ids = page.slice(i, i + settings.concurrency).map((open) => open.caseId);
        const claims = await parts.cases.claim(ids, now, now.add(settings.lease));
        const looks = await Promise.all(claims.map((claim) => lookAt(claim, now, 1)));
        report.cases += claims.length;
        report.busy += ids.length - claims.length;
        report.failed += looks.filter((ok) => !ok).length;
      }
    }
    await parts.heartbeats.beat({
      name: heartbeatNames.sweep,
      at: now,
      detail: `${report.cases} cases, ${report.failed} failed`,
    });
    parts.swept?.(now);
    return report;
  }

  async function waitForWork(time: Time, signal: AbortSignal): Promise<void> {
    const now = time.now();
    const look = now.add(settings.lookEvery);
    const until = earliest(look, (await parts.cases.nextWakeAt()) ?? look);
    const woken = new AbortController();
    nudged = () => woken.abort();
    await time.waitUntil(until, AbortSignal.any([signal, woken.signal]));
  }

  async function start(time: Time, signal: AbortSignal): Promise<void> {
    running = time;
    const dueLoop = surviving(parts.log, time, signal, async () => {
      const now = time.now();
      await runDue(now);
      await parts.heartbeats.beat({ name: heartbeatNames.wakeUps, at: now, detail: '' });
      await waitForWork(time, signal);
    });
    const sweepLoop = surviving(parts.log, time, signal, async () => {
      const now = time.now();
      await sweep(now);
      await time.waitUntil(now.add(settings.sweepEvery), signal);
    });
    await Promise.all([dueLoop, sweepLoop]);
    running = null;
  }

  return { runDue, sweep, start, nudge: () => nudged() };
}

/** Repeats `round` until `signal` aborts. A round that throws is tried again after a pause that grows. */
export async function surviving(
  log: JobLog,
  time: Time,
  signal: AbortSignal,
  round: () => Promise<void>,
): Promise<void> {
  let pause = backoffFirst;
  while (!signal.aborted) {
    try {
      await round();
      pause = backoffFirst;
    } catch (error) {
      const code = error instanceof Fault ? error.code : 'bug';
      log.error({ code, pause: pause.toString(), error: describe(error) }, 'a loop stumbled and goes on after a pause');
      await time.waitUntil(time.now().add(pause), signal);
      const doubled = Temporal.Duration.from({ milliseconds: pause.total('milliseconds') * 2 });
      pause = Temporal.Duration.compare(doubled, backoffMost) > 0 ? backoffMost : doubled;
    }
  }
}

/** A name, never a message that somebody else wrote: an error text of a library may quote what it was given. */
function describe(error: unknown): string {
  if (error instanceof Fault) return error.message;
  return error instanceof Error ? `${error.name}: ${error.message.split('\n')[0]?.slice(0, 200)}` : 'unknown';
}
