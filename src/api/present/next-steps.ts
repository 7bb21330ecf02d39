/**
 * What happens by itself and when, if nothing else changes: `plan` asked again at each instant at which it would wake.
 * The same function that will act tells the screen, so the two cannot differ.
 */
import type { Action } from '../../desk/actions.ts';
import { type Case, matterOf, outstanding } from '../../desk/case.ts';
import { type PlanPolicy, plan } from '../../desk/plan.ts';
import { type Instant, rfc3339 } from '../../foundation/time/time.ts';
import type * as c from '../contract/index.ts';
import { sentenceOfAction } from './sentences.ts';

const wakesMax = 40;

export function nextSteps(current: Case, policy: PlanPolicy, now: Instant, stepsMax = 8): c.NextStep[] {
  const known = new Set<string>();
  const steps: c.NextStep[] = [];
  let at: Instant | null = now;
  for (let wakes = 0; at !== null && wakes < wakesMax && steps.length < stepsMax; wakes++) {
    const planned: ReturnType<typeof plan> = plan(current, policy, at);
    for (const action of planned.actions) {
      const key = JSON.stringify(action);
      if (known.has(key)) continue;
      known.add(key);
      const what = sentenceOfAction(action, owedBy(current, action));
      if (what === null) continue;
      steps.push({
        what,
        at: wakes === 0 ? null : rfc3339(at),
        by: 'desk',
        team: 'team' in action ? action.team : null,
        matterId: 'matterId' in action ? action.matterId : null,
      });
    }
    at = planned.wakeAt;
  }
  return steps.slice(0, stepsMax);
}

function owedBy(current: Case, action: Action): number {
  const matter = 'matterId' in action && action.matterId !== null ? matterOf(current, action.matterId) : undefined;
  return matter === undefined ? 0 : outstanding(matter);
}
