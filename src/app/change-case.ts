/** The only way a case changes: load, decide, append; again from the start when somebody else was faster. */
import type { Case } from '../desk/case.ts';
import type { Command } from '../desk/commands.ts';
import { decide } from '../desk/decide.ts';
import type { Actor, Event } from '../desk/events.ts';
import { evolve, replay } from '../desk/evolve.ts';
import { plan } from '../desk/plan.ts';
import { isRefusal, type Refusal, refuse } from '../desk/refusal.ts';
import type { CaseId } from '../foundation/brand.ts';
import { Fault } from '../foundation/fault.ts';
import type { Instant } from '../foundation/time/time.ts';
import type { CaseFile, DeskPolicy } from './ports.ts';

const attemptsMax = 20;

export interface ChangeParts {
  readonly cases: CaseFile;
  readonly policy: DeskPolicy;
}

export async function loadCase(cases: CaseFile, caseId: CaseId): Promise<Case | null> {
  return replay(caseId, await cases.load(caseId));
}

/**
 * `command` may look at the case as it is now: a value, or a function of the case. Who has just loaded the case may hand
 * it over (`known`): when somebody was faster, it is loaded again.
 */
export async function changeCase(
  parts: ChangeParts,
  caseId: CaseId,
  command: Command | ((current: Case | null) => Command),
  context: { readonly now: Instant; readonly by: Actor; readonly known?: Case | null },
): Promise<Case | Refusal> {
  for (let attempt = 1; ; attempt++) {
    const given = attempt === 1 ? context.known : undefined;
    const current = given === undefined ? await loadCase(parts.cases, caseId) : given;
    const wanted = typeof command === 'function' ? command(current) : command;
    if (current === null && wanted.do !== 'receive') return refuse('case_unknown', `There is no case ${caseId}.`);
    const decision = decide(current, wanted, context);
    if (isRefusal(decision)) return decision;
    if (decision.length === 0 && current !== null) return current;
    try {
      return await appendTo(parts, caseId, current, decision, context.now);
    } catch (error) {
      if (!(error instanceof Fault) || error.code !== 'case_changed' || attempt >= attemptsMax) throw error;
    }
  }
}

/** Appends, with the wake-up that follows from the case as it will be. */
export async function appendTo(
  parts: ChangeParts,
  caseId: CaseId,
  current: Case | null,
  events: readonly Event[],
  now: Instant,
): Promise<Case> {
  const after = events.reduce<Case | null>((state, event) => evolve(caseId, state, event), current);
  if (after === null) throw new Error('a case begins with an event');
  const next = plan(after, parts.policy, now);
  await parts.cases.append(caseId, current?.seq ?? 0, events, after, next.actions.length > 0 ? now : next.wakeAt);
  return after;
}
