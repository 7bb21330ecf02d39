/**
 * What must happen next: a pure function from what we know, what the rules say, and what time it is. Everything else
 * in the house is plumbing that may crash: run it again and it does what is still missing, no more.
 *
 * Read `planMatter` first. Its order is the order of a proven key compromise: block the key, steer ACME clients, tell
 * the subscriber, revoke at the cut-off (silence extends nothing, promise 4), look from outside, tell everybody.
 */
import type { SpkiHash } from '../foundation/brand.ts';
import { hasCome, hours, type Instant, isBefore, latest, minutes } from '../foundation/time/time.ts';
import type { Action, Plan } from './actions.ts';
import { type Case, heldCount, isOpened, type Matter, outstanding, type Report, stageOf } from './case.ts';
import type { ReporterLetter } from './events.ts';
import { proves, type Team } from './facts.ts';
import { orderPause } from './publication-rounds.ts';

/** The operator's policy as planning needs it; `desk/policy` makes it from rulebooks and the CPS overlay. */
export interface PlanPolicy {
  /** Persons who must approve before this matter may be revoked; 0 where proof, holder or contract is the authority. */
  approvalsNeeded(matter: Matter): number;
  /** When revocation goes ahead without an answer. Never later than `due - publishMargin`. */
  cutOffAt(matter: Matter): Instant;
  /** Reserve for publication, retries and clock skew. */
  readonly publishMargin: Temporal.Duration;
  /** Letters and pages that climb towards the deadline, in order. */
  ladder(matter: Matter): readonly LadderStep[];
}

export interface LadderStep {
  readonly step: string;
  readonly at: Instant;
  readonly what: 'letter' | 'page';
  readonly team: Team;
}

/** TLS BR 4.9.5: the preliminary report is owed to reporter and subscriber within 24 hours of receipt. */
export const preliminaryLimit = hours(24);
/** Findings so far go out this early even when a decision is still open, so that 4.9.5 never hangs on a person. */
const preliminaryAtLatest = hours(20);
/** How long a message that only a person can read may wait before the page is repeated. */
const reviewRepeat = hours(1);
/** On-call people take a page within this time, or it goes out by the other way. */
const secondWayAfter = minutes(5);
/** Nobody took a case that was paged twice: the way to people is broken until somebody shows otherwise. */
const pagerAlarmAfter = minutes(16);
/** The block is a matter of seconds; what was being issued meanwhile is in the inventory by then. */
const firstSearchAfter = minutes(1);
const publicationAlarmAfter = minutes(30);
const failuresBeforeAlarm = 2;

export function plan(current: Case, policy: PlanPolicy, now: Instant): Plan {
  const todo = new Todo(now);
  if (current.closedAt !== null || stageOf(current) === 'dismissed') {
    for (const report of current.reports) {
      planDecline(todo, report);
      planSearch(todo, report);
    }
    return todo.plan();
  }
  planRouting(todo, current);
  for (const report of current.reports) planReport(todo, current, report);
  for (const matter of current.matters) if (matter.closed === null) planMatter(todo, current, matter, policy);
  planIncident(todo, current, policy);
  planClosing(todo, current);
  return todo.plan();
}

function planRouting(todo: Todo, current: Case): void {
  const team = current.team ?? current.reports[0]?.triage?.route ?? 'pki-team';
  if (current.routedAt === null) todo.act({ do: 'route', team, because: routeBecause(current) });
  if (!current.pages.has('first')) todo.act({ do: 'page', step: 'first', team, because: routeBecause(current) });
  planUntaken(todo, current, team);
  if (isOpened(current) || current.routedAt === null) return;
  // A message that no machine may dismiss and nobody has read: page again each hour until a person decides.
  for (let n = 1; n <= 24; n++) {
    const step = `review-${n}`;
    if (current.pages.has(step)) continue;
    const at = current.routedAt.add({ seconds: n * reviewRepeat.total('seconds') });
    todo.when(at, {
      do: 'page',
      step,
      team,
      because: 'This message waits for a person to decide whether it is a report.',
    });
    break;
  }
}

/** A page that nobody answers is paged again by another way, and then it is the pager that people hear about (FM06). */
function planUntaken(todo: Todo, current: Case, team: Team): void {
  const first = current.pages.get('first');
  if (first === undefined || current.takenAt !== null) return;
  const steps = [
    { step: 'second-way', at: first.add(secondWayAfter), because: 'Nobody has taken this case yet.' },
    { step: 'alarm-pager', at: first.add(pagerAlarmAfter), because: 'Nobody answers pages: the pager may be broken.' },
  ];
  for (const { step, at, because } of steps)
    if (!current.pages.has(step)) todo.when(at, { do: 'page', step, team, because });
}

function routeBecause(current: Case): string {
  const report = current.reports[0];
  const strongest = current.matters[0];
  if (strongest?.basis === 'proof') return `${strongest.set.count} certificate(s) with a key proven compromised.`;
  return report?.triage === null || report === undefined
    ? 'A message that could not be read.'
    : `Looks like ${report.triage.label}.`;
}

function planReport(todo: Todo, current: Case, report: Report): void {
  if (report.dismissed !== null) return;
  const { reporter } = report;
  const answerable = canAnswer(report, 'preliminary-report');
  if (canAnswer(report, 'acknowledgement') && reporter.mayAutoReply && report.acknowledgedAt === null)
    todo.act({ do: 'acknowledge', reportId: report.reportId });
  if (report.awaiting !== null || report.lookAgainAt !== null)
    todo.when(report.lookAgainAt ?? todo.now, { do: 'look-for-evidence', reportId: report.reportId });
  planSearch(todo, report);
  planDecline(todo, report);
  if (!answerable || report.preliminaryAt !== null) return;

  const dueAt = report.startAt.add(preliminaryLimit);
  if (hasFindings(current, report)) {
    todo.act({ do: 'report-to-reporter', reportId: report.reportId });
  } else {
    todo.when(report.startAt.add(preliminaryAtLatest), { do: 'report-to-reporter', reportId: report.reportId });
  }
  if (!report.preliminaryMissed) {
    // The limit itself is the last compliant instant, so it is missed one second later.
    todo.when(dueAt.add({ seconds: 1 }), {
      do: 'miss-deadline',
      clock: 'preliminary-report',
      matterId: null,
      reportId: report.reportId,
      dueAt,
      missing: 1,
    });
  }
}

/**
 * Between the lookup and the block somebody may have been given a certificate with the key, and an inventory lags behind
 * the CA. A closed case is searched for as well: what is found opens it again.
 */
function planSearch(todo: Todo, report: Report): void {
  if (report.verdictAt === null || provenKeys(report).length === 0) return;
  const at = report.searches === 0 ? report.verdictAt.add(firstSearchAfter) : report.searchAgainAt;
  if (at !== null) todo.when(at, { do: 'search-again', reportId: report.reportId });
}

/** Keys that this report has proven compromised, by canonical hash. */
export function provenKeys(report: Report): readonly SpkiHash[] {
  return report.evidence.flatMap((e) => (proves(e.verdict) && e.spkiSha256 !== null ? [e.spkiSha256] : []));
}

/** Colleagues need no letter; a sender without an address, or whose server said no for good, cannot be written to. */
function canAnswer(report: Report, letter: ReporterLetter): boolean {
  return report.reporter.address !== null && report.reporter.kind !== 'staff' && !report.refusedLetters.has(letter);
}

/** Pleas that rules do not allow for are refused in writing and move nothing (FM15, FM16). */
function planDecline(todo: Todo, report: Report): void {
  const plea = report.asksFor === 'more-time' || report.asksFor === 'hold' || report.asksFor === 'no-action';
  if (plea && !report.declined && canAnswer(report, 'refusal')) todo.act({ do: 'decline', reportId: report.reportId });
}

/** Every item has its verdict and every matter of this report its authority or its refusal. */
export function hasFindings(current: Case, report: Report): boolean {
  if ((report.awaiting !== null && report.looks === 0) || !report.confirmed) return false;
  const matters = current.matters.filter((m) => m.reportId === report.reportId);
  if (matters.length === 0) {
    // Nothing identified: a refutation is a finding, a report that joined known matters has theirs.
    return report.verdictAt !== null || current.matters.some((m) => m.authorizedAt !== null || m.closed !== null);
  }
  return matters.every(
    (m) => m.closed !== null || m.authorizedAt !== null || m.approvals.length > 0 || hasAuthority(m),
  );
}

/** Authority that needs no person (promise 6): proof under the certificate's own key, its holder, a binding notice. */
export function hasAuthority(matter: Matter): boolean {
  return matter.basis === 'proof' || matter.basis === 'subscriber' || matter.basis === 'root-program';
}

function planMatter(todo: Todo, current: Case, matter: Matter, policy: PlanPolicy): void {
  const { matterId } = matter;
  const left = outstanding(matter);
  const decided = hasAuthority(matter) || matter.approvals.length >= Math.max(1, policy.approvalsNeeded(matter));

  if (provesCompromise(matter) && matter.keysBlockedAt === null) todo.act({ do: 'block-keys', matterId });
  if (!decided || matter.set.count === 0) {
    planWaitingForPeople(todo, current, matter, policy);
    planMissed(todo, matter, left);
    return;
  }
  if (left > 0 && matter.renewalAdvisedAt === null) todo.act({ do: 'advise-renewal', matterId });
  planLadder(todo, current, matter, policy, left);
  planRevocation(todo, matter, policy, left);
  planMissed(todo, matter, left);
  if (left === 0 && matter.set.count > 0 && matter.subscriberFinalAt === null)
    todo.act({ do: 'finish-with-subscribers', matterId });
}

/** Only what shows that somebody else may hold the key blocks it: never a bare claim, never a refuted one (FM17, FM18). */
export function provesCompromise(matter: Matter): boolean {
  return proves(matter.verdict);
}

function planWaitingForPeople(todo: Todo, current: Case, matter: Matter, policy: PlanPolicy): void {
  for (const step of policy.ladder(matter)) {
    const name = `${matter.matterId}/${step.step}`;
    if (step.what !== 'page' || current.pages.has(name)) continue;
    todo.when(step.at, { do: 'page', step: name, team: step.team, because: 'A decision is still open.' });
  }
}

function planLadder(todo: Todo, current: Case, matter: Matter, policy: PlanPolicy, left: number): void {
  const { matterId } = matter;
  if (matter.subscriberPreliminaryAt === null) {
    todo.act({ do: 'contact-subscribers', matterId, step: 'notice' });
    return;
  }
  if (left === 0 || matter.subscriberAgreedAt !== null) return;
  for (const step of policy.ladder(matter)) {
    if (step.what === 'letter') {
      if (matter.steps.has(step.step) || matter.authorizedAt !== null) continue;
      todo.when(step.at, { do: 'contact-subscribers', matterId, step: step.step });
    } else {
      const name = `${matterId}/${step.step}`;
      if (current.pages.has(name)) continue;
      todo.when(step.at, {
        do: 'page',
        step: name,
        team: step.team,
        because: `${left} certificate(s) are not yet seen as revoked.`,
      });
    }
  }
}

function planRevocation(todo: Todo, matter: Matter, policy: PlanPolicy, left: number): void {
  const { matterId } = matter;
  if (left === 0) return;
  if (matter.authorizedAt === null) {
    if (matter.basis === 'subscriber') todo.act({ do: 'authorize', matterId, because: 'The subscriber asked for it.' });
    else if (matter.subscriberAgreedAt !== null)
      todo.act({ do: 'authorize', matterId, because: 'The subscriber agrees.' });
    else todo.when(policy.cutOffAt(matter), { do: 'authorize', matterId, because: cutOffBecause(matter) });
    return;
  }
  for (const hold of matter.holds) {
    // Re-armed on the second the hold lapses (FM31): nobody has to remember it.
    if (hold.releasedAt === null) todo.when(hold.untilAt, { do: 'release-hold', matterId, holdId: hold.holdId });
  }
  if (revocableNow(matter, todo.now) > 0)
    todo.when(matter.retryAt ?? todo.now, { do: 'revoke', matterId, again: false });
  for (const wave of matter.notBefores) if (isBefore(todo.now, wave.at)) todo.wake(wave.at);
  planPublication(todo, matter);
  if (matter.failures >= failuresBeforeAlarm && !matter.alarmed.has('revocation')) {
    todo.act({
      do: 'alarm',
      matterId,
      component: 'revocation',
      because: `The CA has not carried out ${matter.failures} orders.`,
    });
  }
}

function planPublication(todo: Todo, matter: Matter): void {
  const { matterId } = matter;
  if (matter.accepted <= matter.published || matter.acceptedAt === null) return;
  todo.when(matter.lookAgainAt ?? todo.now, { do: 'probe', matterId });
  const overdueAt = matter.acceptedAt.add(publicationAlarmAfter);
  if (!matter.alarmed.has('publication')) {
    todo.when(overdueAt, {
      do: 'alarm',
      matterId,
      component: 'publication',
      because: `${matter.accepted - matter.published} revocation(s) were accepted but relying parties cannot see them.`,
    });
  }
  // "Accepted" was perhaps a worker that does nothing (FM28): order again; an honest CA answers "already".
  const lastOrderAt = latest(matter.acceptedAt, matter.attemptedAt ?? matter.acceptedAt);
  todo.when(lastOrderAt.add(orderPause(matter.acceptedAt, lastOrderAt)), { do: 'revoke', matterId, again: true });
}

/** Certificates that may be ordered at this instant: neither accepted, held, expired nor scheduled for later. */
export function revocableNow(matter: Matter, now: Instant): number {
  const later = matter.notBefores.reduce((sum, w) => sum + (isBefore(now, w.at) ? w.count : 0), 0);
  // A held certificate may also be scheduled; counting it twice only delays until the earlier of both is over.
  return Math.max(0, matter.set.count - matter.expired - matter.accepted - Math.max(later, heldCount(matter)));
}

function cutOffBecause(matter: Matter): string {
  if (matter.basis === 'proof')
    return 'The compromise is proven and the cut-off has come; an answer is not a step of the process.';
  if (matter.basis === 'root-program') return 'A root program demands it.';
  return 'A named person confirmed the finding and the cut-off has come.';
}

function planMissed(todo: Todo, matter: Matter, left: number): void {
  if (matter.dueAt === null || matter.missed || left === 0 || matter.basis === 'claim') return;
  todo.when(matter.dueAt.add({ seconds: 1 }), {
    do: 'miss-deadline',
    clock: 'revocation',
    matterId: matter.matterId,
    reportId: null,
    dueAt: matter.dueAt,
    missing: left,
  });
}

function planIncident(todo: Todo, current: Case, policy: PlanPolicy): void {
  if (current.incidentAt !== null) return;
  for (const matter of current.matters) {
    if (matter.closed !== null || matter.dueAt === null || matter.basis === 'claim' || outstanding(matter) === 0)
      continue;
    // IRG 3.2: a delay foreseen needs its own report; opening it before the limit passes is the honest order.
    const at = matter.dueAt.subtract(policy.publishMargin);
    todo.when(at, {
      do: 'open-incident',
      because: `${outstanding(matter)} certificate(s) may not be seen as revoked by the limit.`,
    });
  }
}

function planClosing(todo: Todo, current: Case): void {
  const live = current.matters.filter((m) => m.closed === null);
  const reports = current.reports.filter((r) => r.dismissed === null);
  if (!isOpened(current) || live.some((m) => outstanding(m) > 0)) return;
  if (current.matters.length === 0 && reports.some((r) => !r.declined && r.verdictAt === null)) return;
  if (live.some((m) => m.subscriberFinalAt === null && m.set.count > 0)) return;
  for (const report of reports) {
    if (canAnswer(report, 'preliminary-report') && report.preliminaryAt === null) return;
    if (canAnswer(report, 'final-report') && live.length > 0 && report.finalAt === null) {
      todo.act({ do: 'finish-with-reporter', reportId: report.reportId });
      return;
    }
  }
  todo.act({
    do: 'close',
    because: live.length === 0 ? 'Every claim was answered with a reason.' : 'Every certificate is seen as revoked.',
  });
}

/** Collects what is due now, and the earliest instant at which something else will be. */
class Todo {
  readonly now: Instant;
  readonly #actions: Action[] = [];
  #wakeAt: Instant | null = null;

  constructor(now: Instant) {
    this.now = now;
  }

  act(action: Action): void {
    this.#actions.push(action);
  }

  when(at: Instant, action: Action): void {
    if (hasCome(at, this.now)) this.act(action);
    else this.wake(at);
  }

  wake(at: Instant): void {
    if (this.#wakeAt === null || isBefore(at, this.#wakeAt)) this.#wakeAt = at;
  }

  plan(): Plan {
    return { actions: this.#actions, wakeAt: this.#wakeAt };
  }
}
