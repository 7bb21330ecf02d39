/**
 * Load, plan, do what is missing, append what happened; again until nothing is due. Losing or doubling a wake-up is
 * harmless, and so is dying anywhere in here: the next run plans from scratch.
 */
import type { Action } from '../desk/actions.ts';
import type { Case } from '../desk/case.ts';
import { decide } from '../desk/decide.ts';
import type { Event } from '../desk/events.ts';
import { plan } from '../desk/plan.ts';
import { isRefusal } from '../desk/refusal.ts';
import type { CaseId } from '../foundation/brand.ts';
import { Fault } from '../foundation/fault.ts';
import { earliest, type Instant } from '../foundation/time/time.ts';
import { appendTo, loadCase } from './change-case.ts';
import { type Ground, type PerformParts, perform } from './perform/perform.ts';

/** A plan that has not come to rest after this many rounds is a bug; the case wakes again a minute later. */
const roundsMax = 2_000;
/** What could not be done (a relay that is down) is tried again this much later. */
const tryAgainAfter = Temporal.Duration.from({ minutes: 1 });

/** Says how far the case was read and when it is to be looked at next; null when nothing is owed any more. */
export async function advanceCase(
  parts: PerformParts,
  caseId: CaseId,
): Promise<{ readonly seq: number; readonly wakeAt: Instant | null }> {
  let seq = 0;
  const undone = new Set<string>();
  for (let round = 0; round < roundsMax; round++) {
    const now = parts.time.now();
    const current = await loadCase(parts.cases, caseId);
    if (current === null) return { seq: 0, wakeAt: null };
    seq = current.seq;
    const { actions, wakeAt } = plan(current, parts.policy, now);
    const action = actions.find((a) => !undone.has(keyOf(a)));
    if (action === undefined) {
      const again = now.add(tryAgainAfter);
      return { seq, wakeAt: undone.size === 0 ? wakeAt : earliest(again, wakeAt ?? again) };
    }
    const after = await performed(parts, current, action, now);
    if (after === null) undone.add(keyOf(action));
    else if (after.seq > seq && undone.size === 0) {
      // What is to be done next is planned upon the case as it is then; that there is nothing left shows already.
      const next = plan(after, parts.policy, parts.time.now());
      if (next.actions.length === 0) return { seq: after.seq, wakeAt: next.wakeAt };
    }
  }
  parts.log.error({ caseId }, 'The plan of a case does not come to rest; it is tried again in a minute.');
  return { seq, wakeAt: parts.time.now().add(tryAgainAfter) };
}

/** The case after the action, or as it was when somebody else changed it first: plan again. Null when it did not happen. */
async function performed(parts: PerformParts, before: Case, action: Action, now: Instant): Promise<Case | null> {
  let current = before;
  const append = async (...events: readonly Event[]): Promise<Case> => {
    const decision = decide(current, { do: 'record', events }, { now, by: 'desk' });
    if (isRefusal(decision)) throw new Error(decision.message);
    if (decision.length > 0) current = await appendTo(parts, current.caseId, current, decision, now);
    return current;
  };
  const ground: Ground = { case: before, append, now };
  try {
    const seq = before.seq;
    await perform(parts, ground, action);
    return current.seq > seq ? current : null;
  } catch (error) {
    if (error instanceof Fault && error.code === 'case_changed') return before;
    if (!(error instanceof Fault)) throw error;
    parts.log.warn({ caseId: before.caseId, action: action.do, code: error.code }, error.message);
    return null;
  }
}

function keyOf(action: Action): string {
  return JSON.stringify(action, (key, value: unknown) => (key === 'because' ? undefined : value));
}
