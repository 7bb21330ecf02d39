/** Turns the operator's policy (rulebooks plus overlay) into what planning and scope ask of it. */
import type { Matter } from '../desk/case.ts';
import type { RuleRef } from '../desk/events.ts';
import type { Team } from '../desk/facts.ts';
import type { ChooseRule } from '../desk/identify.ts';
import type { LadderStep } from '../desk/plan.ts';
import { actFor, type Policy, ruleUnder } from '../desk/policy/cps-overlay.ts';
import { ladderNameFor, type Step, stepsFor } from '../desk/policy/ladder.ts';
import { hour, type Rule } from '../desk/policy/rule.ts';
import { ruleFor } from '../desk/policy/select.ts';
import { earliest } from '../foundation/time/time.ts';
import type { DeskPolicy } from './ports.ts';

/** `inForce` is asked each time: a policy that is published while the desk runs holds from the next plan on. */
export function deskPolicy(inForce: () => Policy): DeskPolicy {
  const margin = (): Temporal.Duration => Temporal.Duration.from({ seconds: inForce().publishMarginSeconds });
  return {
    get publishMargin() {
      return margin();
    },
    chooseRule: (question) => chooseRuleUnder(inForce())(question),
    approvalsNeeded(matter) {
      const act = actFor(matter);
      return act === 'no-authority' ? Number.POSITIVE_INFINITY : inForce().approvals[act];
    },
    cutOffAt(matter) {
      const wanted = matter.startAt.add({ seconds: silenceFor(matter, inForce()) });
      return matter.dueAt === null ? wanted : earliest(wanted, matter.dueAt.subtract(margin()));
    },
    ladder: (matter) => ladderOf(matter, inForce()),
  };
}

/**
 * How long a silent subscriber is waited for. Proven compromise and everything else with 24 hours: the policy's
 * silence. The longer limits: a day, the SHOULD of TLS BR 4.9.1.1, so that a subscriber can replace before.
 */
function silenceFor(matter: Matter, policy: Policy): number {
  if (matter.basis === 'root-program' || matter.basis === 'subscriber') return 0;
  const limit = matter.rule.limitSeconds ?? 24 * hour;
  return limit <= 24 * hour
    ? policy.silenceSeconds
    : (matter.rule.softLimitSeconds ?? 24 * hour) - policy.publishMarginSeconds;
}

const letterActions: readonly Step['action'][] = ['second-channel', 'reminder', 'last-call'];
const pageActions: readonly Step['action'][] = ['page', 'call', 'executive-page', 'force', 'hard-trigger'];

function ladderOf(matter: Matter, policy: Policy): readonly LadderStep[] {
  const { reason, rule, basis } = matter;
  const proven = basis === 'proof';
  const name = ladderNameFor({ reason, limitSeconds: rule.limitSeconds, proven, bySubscriber: basis === 'subscriber' });
  return stepsFor(policy.ladders[name], matter.startAt, matter.dueAt).flatMap(({ at, step }): LadderStep[] => {
    // The first page is the case's own (plan.ts, planRouting): it does not wait for a matter.
    if (step.id === 'page') return [];
    if (letterActions.includes(step.action)) return [{ step: step.id, at, what: 'letter', team: 'ssl-support' }];
    if (pageActions.includes(step.action)) return [{ step: step.id, at, what: 'page', team: teamFor(step) }];
    return [];
  });
}

function teamFor(step: Step): Team {
  if (step.audience === 'subscriber') return 'ssl-support';
  return step.audience === 'executive' || step.audience === 'compliance' ? 'compliance' : 'pki-team';
}

function chooseRuleUnder(policy: Policy): ChooseRule {
  return ({ label, trigger, hoursAtMost, profile, shortLived, at }) => {
    const chosen = ruleUnder(policy, ruleFor({ label, trigger, profile, shortLived, at }));
    return { rule: refOf(chosen, hoursAtMost), reason: chosen.reason ?? 'unspecified' };
  };
}

/** The shorter of the rule's limit and what the report's own text allows at most governs (FM12). */
function refOf(rule: Rule, hoursAtMost: number | null): RuleRef {
  const { id, document, version, section, limitSeconds, softLimitSeconds } = rule;
  const atMost = hoursAtMost === null ? null : hoursAtMost * hour;
  const limit = limitSeconds === null || atMost === null ? limitSeconds : Math.min(limitSeconds, atMost);
  return { id, document, version, section, limitSeconds: limit, softLimitSeconds };
}
