/**
 * From the desk's own words to the contract: pure functions of a case, its policy and the instant. Whoever serves
 * `DeskPort` brings rows (letters, sequence numbers) and gets screens.
 */
import { type Case, heldCount, type Matter, outstanding, type Report, stageOf } from '../../desk/case.ts';
import { clockStart } from '../../desk/clock/receipt-mark.ts';
import type { Event, ListedCertificate } from '../../desk/events.ts';
import { hasAuthority, type PlanPolicy, preliminaryLimit } from '../../desk/plan.ts';
import { questions } from '../../desk/questions.ts';
import { hasCome, type Instant, isBefore, rfc3339 } from '../../foundation/time/time.ts';
import type * as c from '../contract/index.ts';
import { nextSteps } from './next-steps.ts';
import { count, sentenceOf, timelineEntry } from './sentences.ts';

const namesShown = 4;
const timelineMax = 500;
const reviewLimitSeconds = 3600;
const reviewRule: c.RuleRef = {
  id: 'DESK-REVIEW',
  document: 'Desk policy',
  version: '1',
  section: 'review',
  limitSeconds: reviewLimitSeconds,
};
const preliminaryRule: c.RuleRef = {
  id: 'TLS-4.9.5',
  document: 'TLS BR',
  version: 'in force',
  section: '4.9.5',
  limitSeconds: preliminaryLimit.total('seconds'),
};

export interface NumberedEvent {
  readonly seq: number;
  readonly event: Event;
}

export interface CaseParts {
  readonly current: Case;
  /** All events of the case, oldest first. */
  readonly events: readonly NumberedEvent[];
  readonly letters: readonly c.LetterSummary[];
  readonly lettersTotal: number;
  readonly policy: PlanPolicy;
  readonly now: Instant;
}

export function presentCase(parts: CaseParts): c.CaseView {
  const { current, events, policy, now } = parts;
  const taken = events.findLast(({ event }) => event.type === 'HandOffTaken');
  const names = certificateNames(current);
  return {
    now: rfc3339(now),
    seq: current.seq,
    caseId: current.caseId,
    title: titleOf(current),
    stage: stageOf(current),
    team: current.team,
    routedAt: moment(current.routedAt),
    takenAt: moment(current.takenAt),
    takenBy: current.takenAt === null ? null : (taken?.event.by ?? null),
    receivedAt: rfc3339(current.receivedAt),
    clocks: clocksOf(current, policy),
    reports: current.reports.map(presentReport),
    evidence: current.reports.flatMap((report) => presentEvidence(report, events, names)),
    matters: current.matters.map((matter) => presentMatter(current, matter, policy, now)),
    questions: questions(current, policy).map((q) => ({
      questionId: q.questionId,
      ask: q.ask,
      askedAt: rfc3339(q.askedAt),
      team: q.team,
      text: q.text,
      reportId: 'reportId' in q ? q.reportId : null,
      matterId: 'matterId' in q ? q.matterId : null,
      proposal: q.proposal,
      peopleNeeded: q.ask === 'approve-revocation' ? q.peopleNeeded : null,
      peopleGiven: q.ask === 'approve-revocation' ? [...q.peopleGiven] : [],
    })),
    next: nextSteps(current, policy, now),
    letters: parts.letters.slice(0, 200),
    lettersTotal: parts.lettersTotal,
    timeline: events.slice(-timelineMax).map(({ seq, event }) => timelineEntry(seq, event)),
    timelineTotal: events.length,
    incident:
      current.incidentAt === null
        ? null
        : { openedAt: rfc3339(current.incidentAt), because: current.incidentBecause ?? '' },
    closedAt: moment(current.closedAt),
  };
}

/** The first instant at which this case is due, for sorting; `~` sorts what has no limit to the end. */
export function boardDueOf(current: Case, policy: PlanPolicy): string {
  const dues = clocksOf(current, policy)
    .filter((k) => k.state === 'running' || k.state === 'missed' || k.state === 'no-limit')
    .map((k) => k.dueAt ?? '~');
  return dues.sort()[0] ?? '~';
}

export function waitsForPerson(current: Case, policy: PlanPolicy): boolean {
  return questions(current, policy).some((q) => q.ask !== 'take');
}

/** One line of the board. `last` is the latest event, for those who scan. */
export function presentBoardRow(parts: {
  readonly current: Case;
  readonly last: Event;
  readonly policy: PlanPolicy;
  readonly now: Instant;
}): c.BoardRow {
  const { current, last, policy, now } = parts;
  const live = current.matters.filter((m) => m.closed === null);
  const asked = questions(current, policy).filter((q) => q.ask !== 'take');
  const cutOffs = live.flatMap((m) => cutOffOf(m, policy) ?? []).sort(Temporal.Instant.compare);
  const clocks = clocksOf(current, policy)
    .filter((k) => k.state === 'running' || k.state === 'missed' || k.state === 'no-limit')
    .map((k) => ({ kind: k.kind, startAt: k.startAt, dueAt: k.dueAt, rule: k.rule }))
    .sort((a, b) => ((a.dueAt ?? '~') < (b.dueAt ?? '~') ? -1 : 1));
  const question = asked[0];
  const step = nextSteps(current, policy, now, 1)[0] ?? null;
  const personFirst = question !== undefined && (step === null || step.at !== null);
  return {
    caseId: current.caseId,
    seq: current.seq,
    title: titleOf(current),
    label: labelOf(current),
    stage: stageOf(current),
    team: current.team,
    takenAt: moment(current.takenAt),
    verdict:
      live.find((m) => m.verdict !== null)?.verdict ?? current.reports.flatMap((r) => r.evidence)[0]?.verdict ?? null,
    clocks,
    cutOffAt: moment(cutOffs[0] ?? null),
    certificates: live.map((m) => countsOf(m, now)).reduce(addCounts, noCounts),
    subscriber: live.map(subscriberOf).find((s) => s !== 'none') ?? 'none',
    next: personFirst
      ? {
          what: question.text,
          at: null,
          by: 'person',
          team: question.team,
          matterId: 'matterId' in question ? question.matterId : null,
        }
      : step,
    questions: asked.length,
    missed: live.some((m) => m.missed) || current.reports.some((r) => r.preliminaryMissed),
    lastAt: rfc3339(current.lastAt),
    last: sentenceOf(last),
  };
}

/** One line for a case that is over; null while it is not. */
export function presentRecentCase(current: Case, last: Event): c.RecentCase | null {
  const stage = stageOf(current);
  if (stage !== 'closed' && stage !== 'dismissed') return null;
  const counted = current.matters.filter((m) => m.closed === null);
  const margins = counted.flatMap((m) =>
    m.dueAt === null || m.publishedAt === null ? [] : [m.publishedAt.until(m.dueAt).total('seconds')],
  );
  return {
    caseId: current.caseId,
    title: titleOf(current),
    label: labelOf(current),
    stage,
    endedAt: rfc3339(current.closedAt ?? current.lastAt),
    published: counted.reduce((sum, m) => sum + m.published, 0),
    total: counted.reduce((sum, m) => sum + m.set.count, 0),
    marginSeconds: margins.length === 0 ? null : Math.floor(Math.min(...margins)),
    missed: counted.some((m) => m.missed) || current.reports.some((r) => r.preliminaryMissed),
    because: sentenceOf(last),
  };
}

/** A message that waits for a person, with what was found and why it is uncertain. */
export function presentInboxItem(current: Case, report: Report): c.InboxItem {
  const { triage } = report;
  const score = triage?.score ?? null;
  const artifacts = triage?.artifacts;
  const list = (kind: string, values: readonly string[] | undefined) =>
    (values ?? []).slice(0, 20).map((value) => ({ kind, value, ours: null }));
  return {
    caseId: current.caseId,
    reportId: report.reportId,
    seq: current.seq,
    channel: report.channel,
    source: report.source,
    from: report.reporter.address ?? 'unknown sender',
    subject: report.subject,
    language: triage?.language ?? report.reporter.language,
    receivedAt: rfc3339(report.startAt),
    dueAt: rfc3339(report.startAt.add(preliminaryLimit)),
    label: report.label ?? triage?.label ?? null,
    score,
    proposal: score === null || (score >= 0.35 && score < 0.5) ? 'unknown' : score >= 0.5 ? 'report' : 'not-a-report',
    verdict: report.evidence[0]?.verdict ?? null,
    because: (triage?.because ?? []).map((b) => ({ ...b })),
    artifacts: [
      ...list('serial', artifacts?.serials),
      ...list('fingerprint', artifacts?.fingerprintsSha256),
      ...list('crt.sh', artifacts?.crtshIds),
      ...list('key', artifacts?.spkiSha256),
      ...list('domain', artifacts?.domains),
      ...list('url', artifacts?.urls),
    ],
  };
}

export function titleOf(current: Case): string {
  const sets = current.matters.filter((m) => m.closed === null).map((m) => m.set);
  const total = sets.reduce((sum, set) => sum + set.count, 0);
  const listed = sets.flatMap((set) => set.listed);
  const first = listed[0];
  if (first !== undefined && total <= 50) return total === 1 ? first.name : `${first.name} and ${total - 1} more`;
  if (total > 0) {
    const subscribers = sets.reduce((sum, set) => sum + set.subscriberCount, 0);
    return `${count(total, 'certificate')}, ${count(subscribers, 'subscriber')}`;
  }
  const report = current.reports[0];
  const subject = report?.subject.trim() ?? '';
  const from = report?.reporter.address ?? 'an unknown sender';
  return subject === '' ? `Message from ${from}` : `“${subject.slice(0, 80)}” from ${from}`;
}

function labelOf(current: Case): c.Label | null {
  const matter = current.matters.find((m) => m.closed === null) ?? current.matters[0];
  return matter?.label ?? current.reports[0]?.label ?? null;
}

function clocksOf(current: Case, policy: PlanPolicy): c.ClockView[] {
  return [
    ...current.matters.filter((m) => m.closed === null).map((m) => matterClock(m, policy)),
    ...current.reports.flatMap((r) => reportClock(current, r)),
  ];
}

function matterClock(matter: Matter, policy: PlanPolicy): c.ClockView {
  const met = matter.set.count > 0 && outstanding(matter) === 0;
  const allegation = matter.basis === 'claim';
  const state = met ? 'met' : matter.dueAt === null || allegation ? 'no-limit' : matter.missed ? 'missed' : 'running';
  const shown = matter.dueAt === null ? 'no limit' : rfc3339(matter.dueAt);
  const why = allegation
    ? `Nothing is shown yet. If it comes to be shown, the limit is ${shown}, counted from receipt.`
    : matter.dueAt === null
      ? 'This rule sets no revocation limit.'
      : 'Counted from the earliest trusted receipt; ends when relying parties see the revocation.';
  return {
    clockId: `${matter.matterId}/revocation`,
    kind: 'revocation',
    reportId: matter.reportId,
    matterId: matter.matterId,
    rule: ruleOf(matter),
    startAt: rfc3339(matter.startAt),
    dueAt: allegation ? null : moment(matter.dueAt),
    cutOffAt: moment(cutOffOf(matter, policy)),
    state,
    metAt: met ? moment(matter.publishedAt) : null,
    why,
  };
}

function reportClock(current: Case, report: Report): c.ClockView[] {
  if (report.dismissed !== null) return [];
  const { reportId } = report;
  const base = { reportId, matterId: null, startAt: rfc3339(report.startAt), cutOffAt: null };
  const clocks: c.ClockView[] = [];
  if (stageOf(current) === 'review' && !report.confirmed) {
    clocks.push({
      ...base,
      clockId: `${reportId}/review`,
      kind: 'review',
      rule: reviewRule,
      dueAt: rfc3339(report.startAt.add({ seconds: reviewLimitSeconds })),
      state: 'running',
      metAt: null,
      why: 'No machine dismisses what may be a report; a person looks within the hour.',
    });
  }
  const answerable = report.reporter.address !== null && report.reporter.kind !== 'staff';
  if (answerable) {
    clocks.push({
      ...base,
      clockId: `${reportId}/preliminary-report`,
      kind: 'preliminary-report',
      rule: preliminaryRule,
      dueAt: rfc3339(report.startAt.add(preliminaryLimit)),
      state: report.preliminaryAt !== null ? 'met' : report.preliminaryMissed ? 'missed' : 'running',
      metAt: moment(report.preliminaryAt),
      why: 'Findings are owed to reporter and subscriber within 24 hours of receipt.',
    });
  }
  return clocks;
}

/** When revocation goes ahead; null while nobody may revoke yet (promise 6). */
function cutOffOf(matter: Matter, policy: PlanPolicy): Instant | null {
  if (matter.set.count === 0 || matter.basis === 'claim') return null;
  const decided = hasAuthority(matter) || matter.approvals.length >= Math.max(1, policy.approvalsNeeded(matter));
  return decided ? policy.cutOffAt(matter) : null;
}

function presentReport(report: Report): c.ReportView {
  const chosen = clockStart(report.marks);
  return {
    reportId: report.reportId,
    channel: report.channel,
    source: report.source,
    subject: report.subject,
    from: {
      name: report.reporter.name,
      address: report.reporter.address,
      kind: report.reporter.kind,
      language: report.reporter.language,
    },
    receivedAt: rfc3339(report.startAt),
    marks: report.marks.map((mark) => ({
      source: mark.source,
      at: rfc3339(mark.at),
      trusted: mark.trusted,
      chosen: mark === chosen,
      detail: mark.detail,
    })),
    label: report.label,
    score: report.triage?.score ?? null,
    confirmed: report.confirmed,
    dismissed: report.dismissed,
    because: (report.triage?.because ?? []).map((b) => ({ ...b })),
    contentSha256: report.contentSha256,
    acknowledgedAt: moment(report.acknowledgedAt),
    preliminaryAt: moment(report.preliminaryAt),
    finalAt: moment(report.finalAt),
    awaiting: report.awaiting,
  };
}

function presentEvidence(
  report: Report,
  events: readonly NumberedEvent[],
  names: ReadonlyMap<string, ListedCertificate>,
): c.EvidenceView[] {
  const named = (fingerprint: string) => {
    const found = names.get(fingerprint);
    return { fingerprint, serial: found?.serial ?? '0', name: found?.name ?? 'not in this case' };
  };
  return report.evidence.map((item) => {
    const seen = events.find(
      ({ event }) =>
        (event.type === 'EvidenceVerified' || event.type === 'EvidenceRejected') &&
        event.reportId === report.reportId &&
        event.item.source === item.source,
    );
    return {
      reportId: report.reportId,
      source: item.source,
      form: item.form,
      verdict: item.verdict,
      spkiSha256: item.spkiSha256,
      keyType: item.keyType,
      bits: item.bits,
      findings: item.findings.map((f) => ({ ...f })),
      matches: item.matches.map(named),
      refutedFor: item.refutedFor.map(named),
      proof: item.proof !== null,
      because: item.because,
      at: rfc3339(seen?.event.at ?? report.startAt),
    };
  });
}

export function presentMatter(current: Case, matter: Matter, policy: PlanPolicy, now: Instant): c.MatterView {
  const needed = policy.approvalsNeeded(matter);
  return {
    matterId: matter.matterId,
    reportId: matter.reportId,
    label: matter.label,
    basis: matter.basis,
    verdict: matter.verdict,
    rule: ruleOf(matter),
    profile: matter.profile,
    reason: matter.reason,
    startAt: rfc3339(matter.startAt),
    dueAt: moment(matter.dueAt),
    cutOffAt: moment(cutOffOf(matter, policy)),
    setId: matter.set.setId,
    digest: matter.set.digest,
    certificates: countsOf(matter, now),
    names: matter.set.listed.slice(0, namesShown).map((l) => l.name),
    subscribers: matter.set.subscriberCount,
    subscriber: subscriberOf(matter),
    keysBlockedAt: moment(matter.keysBlockedAt),
    renewalAdvisedAt: moment(matter.renewalAdvisedAt),
    approvals: [...matter.approvals],
    // An allegation has no number of approvals that would do: it is closed or proven.
    approvalsNeeded: Number.isFinite(needed) ? needed : 0,
    authorizedAt: moment(matter.authorizedAt),
    publishedAt: moment(matter.publishedAt),
    holds: matter.holds.map((h) => ({
      holdId: h.holdId,
      count: h.count,
      untilAt: rfc3339(h.untilAt),
      basis: h.basis,
      people: [...h.people],
      releasedAt: moment(h.releasedAt),
    })),
    schedules: matter.notBefores.map((w) => ({ at: rfc3339(w.at), count: w.count })),
    ladder: ladderOf(current, matter, policy, now),
    failures: matter.failures,
    closed: matter.closed,
  };
}

function ladderOf(current: Case, matter: Matter, policy: PlanPolicy, now: Instant): c.LadderStepView[] {
  const noticeAt = matter.steps.get('notice') ?? matter.subscriberToldAt;
  const cutOffAt = cutOffOf(matter, policy);
  const steps: c.LadderStepView[] = [];
  if (noticeAt !== null)
    steps.push({
      step: 'notice',
      at: rfc3339(noticeAt),
      what: 'letter',
      team: 'ssl-support',
      state: 'done',
      doneAt: rfc3339(noticeAt),
      detail: null,
    });
  for (const step of policy.ladder(matter)) {
    const doneAt =
      step.what === 'letter' ? matter.steps.get(step.step) : current.pages.get(`${matter.matterId}/${step.step}`);
    steps.push({
      step: step.step,
      at: rfc3339(step.at),
      what: step.what,
      team: step.team,
      state: doneAt !== undefined ? 'done' : hasCome(step.at, now) || outstanding(matter) === 0 ? 'skipped' : 'later',
      doneAt: moment(doneAt ?? null),
      detail: null,
    });
  }
  if (cutOffAt !== null) {
    steps.push({
      step: 'revoke',
      at: rfc3339(cutOffAt),
      what: 'authorize',
      team: null,
      state: matter.authorizedAt === null ? 'later' : 'done',
      doneAt: moment(matter.authorizedAt),
      detail: matter.authorizedAt === null ? 'No answer is needed.' : null,
    });
  }
  if (matter.dueAt !== null) {
    const met = outstanding(matter) === 0;
    steps.push({
      step: 'limit',
      at: rfc3339(matter.dueAt),
      what: 'due',
      team: null,
      state: met ? 'done' : isBefore(now, matter.dueAt) ? 'later' : 'failed',
      doneAt: met ? moment(matter.publishedAt) : null,
      detail: `${matter.rule.document} ${matter.rule.section}`,
    });
  }
  steps.sort((a, b) => (a.at < b.at ? -1 : 1));
  const next = steps.find((s) => s.state === 'later');
  return steps.map((s) => (s === next ? { ...s, state: 'next' } : s));
}

const noCounts: c.CertificateCounts = {
  total: 0,
  published: 0,
  accepted: 0,
  held: 0,
  scheduled: 0,
  expired: 0,
  failing: 0,
  replaced: 0,
};

function countsOf(matter: Matter, now: Instant): c.CertificateCounts {
  const scheduled = matter.notBefores.reduce((sum, w) => sum + (isBefore(now, w.at) ? w.count : 0), 0);
  const held = heldCount(matter);
  const waiting = Math.max(0, matter.set.count - matter.expired - matter.accepted - Math.max(scheduled, held));
  return {
    total: matter.set.count,
    published: matter.published,
    accepted: matter.accepted,
    held,
    scheduled,
    expired: matter.expired,
    failing: matter.failures > 0 ? waiting : 0,
    replaced: matter.replaced,
  };
}

function addCounts(a: c.CertificateCounts, b: c.CertificateCounts): c.CertificateCounts {
  return {
    total: a.total + b.total,
    published: a.published + b.published,
    accepted: a.accepted + b.accepted,
    held: a.held + b.held,
    scheduled: a.scheduled + b.scheduled,
    expired: a.expired + b.expired,
    failing: a.failing + b.failing,
    replaced: a.replaced + b.replaced,
  };
}

function subscriberOf(matter: Matter): c.SubscriberState {
  if (matter.set.subscriberCount === 0) return 'none';
  if (matter.subscriberAgreedAt !== null) return 'answered';
  if (matter.contactFailures > 0) return 'unreachable';
  return matter.subscriberToldAt === null ? 'not-told' : 'told';
}

function ruleOf(matter: Matter): c.RuleRef {
  const { id, document, version, section, limitSeconds } = matter.rule;
  return { id, document, version, section, limitSeconds };
}

function certificateNames(current: Case): ReadonlyMap<string, ListedCertificate> {
  return new Map(current.matters.flatMap((m) => m.set.listed.map((l) => [l.fingerprint as string, l] as const)));
}

function moment(at: Instant | null): string | null {
  return at === null ? null : rfc3339(at);
}
