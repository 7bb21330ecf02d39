/**
 * What the desk asks people, and what it proposes. A person confirms or says otherwise; where the desk does not know,
 * it says so and proposes nothing. Silence is never an answer and moves no deadline.
 */
import type { Instant } from '../foundation/time/time.ts';
import { type Case, isOpened, type Matter, outstanding, type Report, stageOf } from './case.ts';
import type { Label, Team } from './facts.ts';
import { hasAuthority, type PlanPolicy } from './plan.ts';

export type Question = {
  /** Stable while the question stands, so that two people answer the same one. */
  readonly questionId: string;
  readonly askedAt: Instant;
  readonly team: Team;
  readonly text: string;
} & (
  | { readonly ask: 'is-it-a-report'; readonly reportId: string; readonly proposal: Label | null }
  | {
      readonly ask: 'approve-revocation';
      readonly matterId: string;
      readonly proposal: 'approve';
      readonly peopleNeeded: number;
      readonly peopleGiven: readonly string[];
    }
  | { readonly ask: 'close-claim'; readonly matterId: string; readonly proposal: 'ask-for-proof' }
  | { readonly ask: 'which-certificates'; readonly reportId: string; readonly proposal: null }
  | { readonly ask: 'take'; readonly proposal: 'take' }
);

export function questions(current: Case, policy: PlanPolicy): readonly Question[] {
  const stage = stageOf(current);
  if (stage === 'closed' || stage === 'dismissed') return [];
  const team = current.team ?? 'pki-team';
  const asked: Question[] = [];
  for (const report of current.reports) {
    const question = aboutReport(current, report, team);
    if (question !== null) asked.push(question);
  }
  for (const matter of current.matters) {
    const question = aboutMatter(matter, team, policy);
    if (question !== null) asked.push(question);
  }
  if (isOpened(current) && current.routedAt !== null && current.takenAt === null) {
    asked.push({
      ask: 'take',
      questionId: `${current.caseId}/take`,
      askedAt: current.routedAt,
      team,
      proposal: 'take',
      text: 'Take this case.',
    });
  }
  return asked;
}

function aboutReport(current: Case, report: Report, team: Team): Question | null {
  const { reportId } = report;
  if (report.dismissed !== null) return null;
  const base = { reportId, team, askedAt: report.startAt };
  if (!report.confirmed && !(isOpened(current) && report !== current.reports[0])) {
    const label = report.triage?.label ?? null;
    const proposal = label === null || label === 'not-a-report' || (report.triage?.score ?? 0) < 0.5 ? null : label;
    const text =
      proposal === null
        ? 'Is this a report? The desk does not know.'
        : `This looks like ${proposal}. Confirm, or say what it is.`;
    return { ask: 'is-it-a-report', questionId: `${reportId}/report`, ...base, proposal, text };
  }
  const own = current.matters.some((m) => m.reportId === reportId);
  const known = current.reports[0]?.reportId !== reportId && current.matters.length > 0;
  if (
    report.confirmed &&
    !own &&
    !known &&
    report.verdictAt === null &&
    (report.awaiting === null || report.looks > 0)
  ) {
    return {
      ask: 'which-certificates',
      questionId: `${reportId}/certificates`,
      ...base,
      proposal: null,
      text: 'No certificate of ours could be identified from this report. Name them, or conclude with a reason.',
    };
  }
  return null;
}

function aboutMatter(matter: Matter, team: Team, policy: PlanPolicy): Question | null {
  if (matter.closed !== null || hasAuthority(matter) || outstanding(matter) === 0) return null;
  const { matterId } = matter;
  const base = { matterId, team, askedAt: matter.identifiedAt };
  const these = `${matter.set.count} certificate${matter.set.count === 1 ? '' : 's'}`;
  if (matter.basis === 'claim') {
    return {
      ask: 'close-claim',
      questionId: `${matterId}/claim`,
      ...base,
      proposal: 'ask-for-proof',
      text: `Nothing is shown about ${these}. Close the claim with a reason and ask for proof; the report is answered either way.`,
    };
  }
  const peopleNeeded = Math.max(1, policy.approvalsNeeded(matter));
  if (matter.approvals.length >= peopleNeeded) return null;
  return {
    ask: 'approve-revocation',
    questionId: `${matterId}/approve/${matter.approvals.length}`,
    ...base,
    proposal: 'approve',
    peopleNeeded,
    peopleGiven: matter.approvals,
    text: `${matter.rule.document} ${matter.rule.section}: revoke ${these} with reason ${matter.reason}?`,
  };
}
