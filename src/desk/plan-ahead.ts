/**
 * What happens by itself and when, if nothing else changes: `plan` asked again at each instant at which it would wake.
 * The same function that will act tells the screen and writes the preview, so they cannot differ.
 */
import type { Instant } from '../foundation/time/time.ts';
import type { Action } from './actions.ts';
import type { Case } from './case.ts';
import { type PlanPolicy, plan } from './plan.ts';

const wakesMax = 40;

/** Each action once, in order of time; `atOnce` for those that are due now. */
export function* planAhead(
  current: Case,
  policy: PlanPolicy,
  now: Instant,
): Generator<{ readonly action: Action; readonly at: Instant; readonly atOnce: boolean }> {
  const known = new Set<string>();
  let at: Instant | null = now;
  for (let wakes = 0; at !== null && wakes < wakesMax; wakes++) {
    const planned: ReturnType<typeof plan> = plan(current, policy, at);
    for (const action of planned.actions) {
      const key = JSON.stringify(action);
      if (known.has(key)) continue;
      known.add(key);
      yield { action, at, atOnce: wakes === 0 };
    }
    at = planned.wakeAt;
  }
}
