/**
 * Works off duties (letters, probes, attempts) as they come due. The attempt is counted before `act` is called; a
 * duty that dies with its worker comes back with `attempts` one higher, and `act` then looks before it does again.
 */
import { Fault } from '../../foundation/fault.ts';
import type { Json } from '../../foundation/log/canonical.ts';
import { type Duration, earliest, type Instant, minutes, seconds, type Time } from '../../foundation/time/time.ts';
import type { ClaimedDuty, Duties } from '../store/duties.ts';
import { isOutage } from '../store/faults.ts';
import type { Heartbeats } from '../store/heartbeats.ts';
import type { JobLog } from './log.ts';
import { surviving } from './wake-ups.ts';

type Acted =
  | { readonly result: 'done'; readonly outcome: Json }
  | { readonly result: 'retry'; readonly at: Instant; readonly outcome: Json }
  /** For good: a person has to do something else. */
  | { readonly result: 'failed'; readonly outcome: Json };

export interface DutyParts {
  readonly duties: Duties;
  readonly heartbeats: Heartbeats;
  /** What to do for each kind. Kinds without an entry are left to other processes. */
  readonly act: Readonly<Record<string, (duty: ClaimedDuty, now: Instant) => Promise<Acted>>>;
  readonly log: JobLog;
  readonly concurrency?: number;
  readonly lease?: Duration;
}

export interface DutyRounds {
  /** Does every duty due at `now` once and says how many. One that asks to be retried at once waits a moment. */
  runDue(now: Instant): Promise<number>;
  start(time: Time, signal: AbortSignal): Promise<void>;
}

const lookEvery = seconds(1);
/** Pause after a failure that `act` did not plan for: doubles per attempt, at most ten minutes. */
const retryFirstSeconds = 5;
const retryMostSeconds = 600;
/** A retry sooner than this would spin. */
const retrySoonest = seconds(1);
const dutiesHeartbeat = 'duties';

export function dutyRounds(parts: DutyParts): DutyRounds {
  const kinds = Object.keys(parts.act);
  const { concurrency = 4, lease = minutes(2) } = parts;

  async function runDue(now: Instant): Promise<number> {
    let count = 0;
    for (;;) {
      const claimed = await parts.duties.claimDue(now, concurrency, now.add(lease), kinds);
      if (claimed.length === 0) return count;
      count += claimed.length;
      await Promise.all(claimed.map((duty) => doOne(duty, now)));
    }
  }

  async function doOne(duty: ClaimedDuty, now: Instant): Promise<void> {
    const acted = await attempt(duty, now);
    if (acted.result === 'done') await parts.duties.complete(duty, now, acted.outcome);
    else if (acted.result === 'failed') await parts.duties.fail(duty, now, acted.outcome);
    else {
      const soonest = now.add(retrySoonest);
      const at = earliest(acted.at, soonest).equals(acted.at) ? soonest : acted.at;
      await parts.duties.retry(duty, at, acted.outcome);
    }
  }

  async function attempt(duty: ClaimedDuty, now: Instant): Promise<Acted> {
    const act = parts.act[duty.kind];
    if (!act) throw new Error(`a duty of kind ${duty.kind} was claimed though nobody here does those`);
    try {
      return await act(duty, now);
    } catch (error) {
      if (isOutage(error)) throw error;
      const code = error instanceof Fault ? error.code : 'bug';
      parts.log.error(
        { duty: duty.id, kind: duty.kind, caseId: duty.caseId, attempts: duty.attempts, code },
        'a duty failed and is tried again',
      );
      const pause = Math.min(retryFirstSeconds * 2 ** Math.min(duty.attempts - 1, 20), retryMostSeconds);
      return { result: 'retry', at: now.add(seconds(pause)), outcome: { code } };
    }
  }

  return {
    runDue,
    start: (time, signal) =>
      surviving(parts.log, time, signal, async () => {
        const now = time.now();
        await runDue(now);
        await parts.heartbeats.beat({ name: dutiesHeartbeat, at: now, detail: '' });
        const look = time.now().add(lookEvery);
        await time.waitUntil(earliest(look, (await parts.duties.nextDueAt()) ?? look), signal);
      }),
  };
}
