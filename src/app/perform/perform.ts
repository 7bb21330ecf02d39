/**
 * The edge obeys: one function for each action of the plan, idempotent, the attempt recorded before the call where the
 * call leaves the house. What each appends is what happened, never what was intended.
 */
import type { Action } from '../../desk/actions.ts';
import { type Case, type Matter, matterOf, type Report, reportOf } from '../../desk/case.ts';
import type { Event } from '../../desk/events.ts';
import { unreachable } from '../../foundation/brand.ts';
import type { Instant } from '../../foundation/time/time.ts';
import type { BlockedKeys, CoreParts, Looker, Pager, RenewalSteering, Revoker } from '../ports.ts';
import {
  acknowledge,
  contactSubscribers,
  declinePlea,
  finishWithReporter,
  finishWithSubscribers,
  type LetterParts,
  reportToReporter,
} from './letters.ts';
import { type EvidenceParts, lookForEvidence } from './look-for-evidence.ts';
import { probe } from './probe.ts';
import { revoke } from './revoke.ts';
import { searchAgain } from './search-again.ts';

export interface PerformParts extends CoreParts, LetterParts, EvidenceParts {
  readonly revoker: Revoker;
  readonly looker: Looker;
  readonly pager: Pager;
  /** Another way to the same people; null where the operator has set up none. */
  readonly secondPager: Pager | null;
  readonly blocked: BlockedKeys;
  readonly renewal: RenewalSteering;
}

/** One action's ground to stand on: the case as planned upon, and the way to say what happened. */
export interface Ground {
  readonly case: Case;
  readonly append: (...events: readonly Event[]) => Promise<Case>;
  readonly now: Instant;
}

export async function perform(parts: PerformParts, ground: Ground, action: Action): Promise<unknown> {
  const { append, now } = ground;
  const base = { at: now, by: 'desk' } as const;
  switch (action.do) {
    case 'route':
      return append({ type: 'CaseRouted', ...base, team: action.team, because: action.because });
    case 'page': {
      const { step, team, because } = action;
      const dueAt = nearestDue(ground.case);
      const page = { caseId: ground.case.caseId, step, team, because, dueAt };
      const second = step === 'second-way' || step === 'alarm-pager';
      const accepted = second ? await bySecondWay(parts, page, now) : await parts.pager.page(page, now);
      if (accepted || second) return append({ type: 'StaffPaged', ...base, step, team, accepted });
      // A pager that says no is itself an alarm; the page goes out by the other way in the same minute (FM06).
      const told = await bySecondWay(parts, page, now);
      const paged = { type: 'StaffPaged', ...base, step, team, accepted: told } as const;
      if (!told || ground.case.pages.has('alarm-pager')) return append(paged);
      const alarm = 'The pager did not take a page.';
      await bySecondWay(parts, { ...page, step: 'alarm-pager', because: alarm }, now);
      return append(paged, { type: 'StaffPaged', ...base, step: 'alarm-pager', team, accepted: true });
    }
    case 'acknowledge':
      return acknowledge(parts, ground, reportIn(ground, action.reportId));
    case 'report-to-reporter':
      return reportToReporter(parts, ground, reportIn(ground, action.reportId));
    case 'decline':
      return declinePlea(parts, ground, reportIn(ground, action.reportId));
    case 'finish-with-reporter':
      return finishWithReporter(parts, ground, reportIn(ground, action.reportId));
    case 'contact-subscribers':
      return contactSubscribers(parts, ground, matterIn(ground, action.matterId), action.step);
    case 'finish-with-subscribers':
      return finishWithSubscribers(parts, ground, matterIn(ground, action.matterId));
    case 'look-for-evidence':
      return lookForEvidence(parts, ground, reportIn(ground, action.reportId));
    case 'search-again':
      return searchAgain(parts, ground, reportIn(ground, action.reportId));
    case 'block-keys': {
      const matter = matterIn(ground, action.matterId);
      await parts.blocked.block(
        matter.keys,
        { caseId: ground.case.caseId, verdict: matter.verdict ?? 'computable' },
        now,
      );
      return append({ type: 'KeyBlocked', ...base, matterId: matter.matterId, keys: matter.keys });
    }
    case 'advise-renewal': {
      const matter = matterIn(ground, action.matterId);
      const windowEndAt = await parts.renewal.advise(ground.case.caseId, matter, now);
      return append({ type: 'RenewalAdvised', ...base, matterId: matter.matterId, windowEndAt });
    }
    case 'authorize':
      return append({ type: 'RevocationAuthorized', ...base, matterId: action.matterId, because: action.because });
    case 'revoke':
      return revoke(parts, ground, matterIn(ground, action.matterId), action.again);
    case 'probe':
      return probe(parts, ground, matterIn(ground, action.matterId));
    case 'release-hold': {
      const matter = matterIn(ground, action.matterId);
      const count = await parts.sets.release(matter.set.setId, action.holdId, now);
      const because = 'The hold has lapsed.';
      return append({
        type: 'HoldReleased',
        ...base,
        matterId: matter.matterId,
        holdId: action.holdId,
        count,
        people: [],
        because,
      });
    }
    case 'alarm': {
      const page = {
        caseId: ground.case.caseId,
        step: `alarm-${action.component}`,
        team: 'pki-team',
        because: action.because,
        dueAt: nearestDue(ground.case),
      } as const;
      if (!(await parts.pager.page(page, now))) await bySecondWay(parts, page, now);
      return append({
        type: 'AlarmRaised',
        ...base,
        matterId: action.matterId,
        component: action.component,
        because: action.because,
      });
    }
    case 'open-incident':
      return append({ type: 'IncidentOpened', ...base, because: action.because });
    case 'miss-deadline': {
      const { clock, matterId, reportId, dueAt, missing } = action;
      return append({ type: 'DeadlineMissed', ...base, clock, matterId, reportId, dueAt, missing });
    }
    case 'close':
      return append({ type: 'CaseClosed', ...base, because: action.because });
    default:
      return unreachable(action);
  }
}

async function bySecondWay(parts: PerformParts, page: Parameters<Pager['page']>[0], now: Instant): Promise<boolean> {
  return (await parts.secondPager?.page(page, now)) ?? false;
}

/** The earliest limit of the case that is still open; what a page says first. */
export function nearestDue(current: Case): Instant | null {
  return current.matters.reduce<Instant | null>((min, m) => {
    if (m.dueAt === null || m.closed !== null) return min;
    return min === null || Temporal.Instant.compare(m.dueAt, min) < 0 ? m.dueAt : min;
  }, null);
}

function matterIn(ground: Ground, matterId: string): Matter {
  const matter = matterOf(ground.case, matterId);
  if (matter === undefined) throw new Error(`the plan names a matter that is not in the case: ${matterId}`);
  return matter;
}

function reportIn(ground: Ground, reportId: string): Report {
  const report = reportOf(ground.case, reportId);
  if (report === undefined) throw new Error(`the plan names a report that is not in the case: ${reportId}`);
  return report;
}
