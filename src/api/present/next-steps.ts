/** The steps that follow by themselves, in sentences. */
import type { Action } from '../../desk/actions.ts';
import { type Case, matterOf, outstanding } from '../../desk/case.ts';
import type { PlanPolicy } from '../../desk/plan.ts';
import { planAhead } from '../../desk/plan-ahead.ts';
import { type Instant, rfc3339 } from '../../foundation/time/time.ts';
import type * as c from '../contract/index.ts';
import { sentenceOfAction } from './sentences.ts';

export function nextSteps(current: Case, policy: PlanPolicy, now: Instant, stepsMax = 8): c.NextStep[] {
  const steps: c.NextStep[] = [];
  for (const { action, at, atOnce } of planAhead(current, policy, now)) {
    const what = sentenceOfAction(action, owedBy(current, action));
    if (what === null) continue;
    steps.push({
      what,
      at: atOnce ? null : rfc3339(at),
      by: 'desk',
      team: 'team' in action ? action.team : null,
      matterId: 'matterId' in action ? action.matterId : null,
    });
    if (steps.length >= stepsMax) break;
  }
  return steps;
}

function owedBy(current: Case, action: Action): number {
  const matter = 'matterId' in action && action.matterId !== null ? matterOf(current, action.matterId) : undefined;
  return matter === undefined ? 0 : outstanding(matter);
}
