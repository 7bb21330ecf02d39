/**
 * Total, synchronous, pure: `decide(case, command, context) -> events | refusal`. The promises of the house are
 * asserted here, where every change of a case passes (docs/architecture.md, "Promises").
 */
import assert from 'node:assert/strict';
import { type Instant, isBefore } from '../foundation/time/time.ts';
import { type Case, heldCount, type Matter, matterOf, outstanding, reportOf } from './case.ts';
import { clockStart } from './clock/receipt-mark.ts';
import type { Command } from './commands.ts';
import type { Actor, Event, MatterFacts } from './events.ts';
import { type EvidenceItem, proves } from './facts.ts';
import { type Refusal, refuse } from './refusal.ts';

export interface Context {
  readonly now: Instant;
  readonly by: Actor;
}

type Decision = readonly Event[] | Refusal;
type CommandOf<D extends Command['do']> = Extract<Command, { do: D }>;

export function decide(current: Case | null, command: Command, context: Context): Decision {
  if (command.do === 'receive') return receive(current, command, context);
  assert(current !== null, 'only a report opens a case');
  switch (command.do) {
    case 'add-evidence':
      return addEvidence(current, command, context);
    case 'confirm':
      return confirm(current, command, context);
    case 'dismiss':
      return dismiss(current, command, context);
    case 'close-matter':
      return closeMatter(current, command, context);
    case 'approve':
      return approve(current, command, context);
    case 'schedule':
      return schedule(current, command, context);
    case 'hold':
      return hold(current, command, context);
    case 'release':
      return release(current, command, context);
    case 'take':
      return [{ type: 'HandOffTaken', at: context.now, by: context.by, team: command.team }];
    case 'hand-off': {
      const from = current.team ?? 'pki-team';
      return [{ type: 'HandedOff', at: context.now, by: context.by, from, to: command.to, because: command.because }];
    }
    case 'answer': {
      const { matterId, reportId, subscriber, answer } = command;
      return [{ type: 'SubscriberAnswered', at: context.now, by: context.by, matterId, reportId, subscriber, answer }];
    }
    case 'first-known':
      return firstKnown(current, command, context);
    case 'note':
      return [{ type: 'NoteWritten', at: context.now, by: context.by, text: command.text }];
    case 'record':
      for (const event of command.events) assertPromises(current, event);
      return command.events;
  }
}

function receive(current: Case | null, command: CommandOf<'receive'>, { now, by }: Context): Decision {
  const { report, triage, evidence, matters, touches, joins, awaiting } = command;
  assert((current === null) === (joins === null), 'a report opens a case or joins one');
  const { reportId } = report;
  const events: Event[] = [
    joins === null
      ? { type: 'ReportReceived', at: now, by, report }
      : { type: 'ReportJoined', at: now, by, report, because: joins },
    { type: 'TriageProposed', at: now, by: 'desk', reportId, triage },
  ];
  for (const item of evidence) events.push(evidenceEvent(reportId, item, now));
  if (awaiting !== null) events.push({ type: 'EvidenceAwaited', at: now, by: 'desk', reportId, what: awaiting });
  const proven = matters.find((m) => m.basis === 'proof');
  if (triage.action === 'open-case' || proven !== undefined) {
    const label = proven?.label ?? triage.label;
    const because = proven === undefined ? 'Recognised as a report.' : 'A key is proven compromised.';
    events.push({ type: 'TriageConfirmed', at: now, by: 'desk', reportId, label, because });
  }
  if (joins !== null && triage.action === 'file' && evidence.length === 0 && matters.length === 0) {
    // Kept with the case and read there; it owes no report of its own (an answer, an out-of-office note, a receipt).
    events.push({
      type: 'ReportDismissed',
      at: now,
      by: 'desk',
      reportId,
      because: 'It answers this case and reports nothing itself.',
    });
  }
  events.push(...identified(matters, now, by));
  const start = clockStart(report.marks);
  assert(start !== null, 'intake always adds its own acceptance as a trusted mark');
  if (current !== null)
    events.push(...earlier(current, touches, start.at, now, 'An earlier receipt of the same matter was found.'));
  return events;
}

function addEvidence(current: Case, command: CommandOf<'add-evidence'>, { now, by }: Context): Decision {
  const { reportId, evidence, matters, awaiting, touches } = command;
  const report = reportOf(current, reportId);
  if (report === undefined) return refuse('report_unknown', 'This case has no such report. Reload the case.');
  const events: Event[] = evidence.map((item) => evidenceEvent(reportId, item, now));
  if (awaiting !== null) events.push({ type: 'EvidenceAwaited', at: now, by: 'desk', reportId, what: awaiting });
  const proven = matters.find((m) => m.basis === 'proof');
  if (proven !== undefined && !report.confirmed) {
    events.push({
      type: 'TriageConfirmed',
      at: now,
      by: 'desk',
      reportId,
      label: proven.label,
      because: 'A key is proven compromised.',
    });
  }
  return [
    ...events,
    ...identified(matters, now, by),
    ...earlier(current, touches, report.startAt, now, 'The same matter was reported earlier.'),
  ];
}

function confirm(current: Case, command: CommandOf<'confirm'>, { now, by }: Context): Decision {
  const { reportId, label, because, matters, replaces } = command;
  if (reportOf(current, reportId) === undefined)
    return refuse('report_unknown', 'This case has no such report. Reload the case.');
  if (label === 'not-a-report')
    return refuse(
      'label_is_no_report',
      'Confirming needs a duty. To say that nothing is owed, dismiss the report with a reason.',
    );
  return [
    { type: 'TriageConfirmed', at: now, by, reportId, label, because },
    ...replaces.map(
      (matterId): Event => ({
        type: 'MatterClosed',
        at: now,
        by,
        matterId,
        because: 'Replaced by the confirmed finding.',
      }),
    ),
    ...identified(matters, now, by),
  ];
}

function dismiss(current: Case, command: CommandOf<'dismiss'>, { now, by }: Context): Decision {
  const { reportId, because } = command;
  const proven = current.matters.some((m) => m.reportId === reportId && m.basis === 'proof');
  if (proven)
    return refuse(
      'evidence_is_proven',
      'A key in this report is proven compromised. It cannot be dismissed; the revocation goes ahead.',
    );
  if (because.trim() === '')
    return refuse('reason_missing', 'Say why nothing is owed: the reason is part of the record.');
  const closing = current.matters.filter((m) => m.reportId === reportId && m.closed === null);
  return [
    { type: 'ReportDismissed', at: now, by, reportId, because },
    ...closing.map((m): Event => ({ type: 'MatterClosed', at: now, by, matterId: m.matterId, because })),
  ];
}

function closeMatter(current: Case, command: CommandOf<'close-matter'>, { now, by }: Context): Decision {
  const { matterId, because, people } = command;
  const matter = matterOf(current, matterId);
  if (matter === undefined) return matterUnknown();
  if (matter.closed !== null) return [];
  if (matter.basis === 'proof')
    return refuse(
      'evidence_is_proven',
      'The key is proven compromised; this cannot be closed before the revocation is seen.',
    );
  if (people.length === 0) return refuse('person_missing', 'Only a named person may close a claim.');
  return [{ type: 'MatterClosed', at: now, by, matterId, because }];
}

function approve(current: Case, command: CommandOf<'approve'>, { now, by }: Context): Decision {
  const { matterId, person, because } = command;
  const matter = matterOf(current, matterId);
  if (matter === undefined) return matterUnknown();
  if (matter.closed !== null) return refuse('matter_closed', `This matter was closed: ${matter.closed}`);
  if (matter.basis === 'claim') {
    return refuse(
      'no_proof',
      'Nobody has shown anything about this certificate (promise 6). Ask for proof, or close the claim with a reason.',
    );
  }
  if (matter.approvals.includes(person))
    return refuse('same_person', 'This person has approved already; the second approval must be another person’s.');
  return [{ type: 'ApprovalGiven', at: now, by, matterId, person, because }];
}

function schedule(current: Case, command: CommandOf<'schedule'>, { now, by }: Context): Decision {
  const { matterId, count, digest, notBeforeAt, people, because } = command;
  const matter = matterOf(current, matterId);
  if (matter === undefined) return matterUnknown();
  if (matter.dueAt !== null && !isBefore(notBeforeAt, matter.dueAt)) {
    return refuse('beyond_the_limit', 'A schedule only orders work inside the limit. It cannot move past it.');
  }
  return [{ type: 'RevocationScheduled', at: now, by, matterId, count, digest, notBeforeAt, people, because }];
}

function hold(current: Case, command: CommandOf<'hold'>, { now, by }: Context): Decision {
  const { matterId, holdId, count, digest, untilAt, basis, people, because } = command;
  const matter = matterOf(current, matterId);
  if (matter === undefined) return matterUnknown();
  if (new Set(people).size < 2) return refuse('two_people', 'A hold is the recorded act of two named people.');
  if (basis.trim() === '')
    return refuse(
      'basis_missing',
      'Name the document that forbids the revocation (a court order). A wish is no basis.',
    );
  if (count > outstanding(matter) - heldCount(matter))
    return refuse('hold_too_wide', 'The hold names more certificates than are still to be revoked.');
  return [{ type: 'HoldPlaced', at: now, by, matterId, holdId, count, digest, untilAt, basis, people, because }];
}

function release(current: Case, command: CommandOf<'release'>, { now, by }: Context): Decision {
  const { matterId, holdId, people, because } = command;
  const placed = matterOf(current, matterId)?.holds.find((h) => h.holdId === holdId);
  if (placed === undefined) return refuse('hold_unknown', 'This matter has no such hold. Reload the case.');
  if (placed.releasedAt !== null) return [];
  return [{ type: 'HoldReleased', at: now, by, matterId, holdId, count: placed.count, people, because }];
}

/** Staff say when the CA first knew. Only ever earlier (promise 2): a later instant is refused, not recorded. */
function firstKnown(current: Case, command: CommandOf<'first-known'>, { now, by }: Context): Decision {
  const { reportId, mark, because } = command;
  const report = reportOf(current, reportId);
  if (report === undefined) return refuse('report_unknown', 'This case has no such report. Reload the case.');
  if (!isBefore(mark.at, report.startAt))
    return refuse('clock_only_earlier', 'The clock’s start only ever moves earlier. The recorded receipt stands.');
  const own = current.matters.filter((m) => m.reportId === reportId && m.closed === null).map((m) => m.matterId);
  return [
    { type: 'ReceiptMarkAdded', at: now, by, reportId, mark: { ...mark, trusted: true }, because },
    ...earlier(current, own, mark.at, now, because),
  ];
}

function earlier(
  current: Case,
  matterIds: readonly string[],
  startAt: Instant,
  now: Instant,
  because: string,
): Event[] {
  return matterIds.flatMap((matterId): Event[] => {
    const matter = matterOf(current, matterId);
    if (matter === undefined || matter.closed !== null || !isBefore(startAt, matter.startAt)) return [];
    const dueAt = matter.rule.limitSeconds === null ? null : startAt.add({ seconds: matter.rule.limitSeconds });
    return [{ type: 'ClockMovedEarlier', at: now, by: 'desk', matterId, startAt, dueAt, because }];
  });
}

function evidenceEvent(reportId: string, item: EvidenceItem, now: Instant): Event {
  const type = item.verdict === 'refuted' ? 'EvidenceRejected' : 'EvidenceVerified';
  return { type, at: now, by: 'desk', reportId, item };
}

function identified(matters: readonly MatterFacts[], now: Instant, by: Actor): Event[] {
  return matters.map((matter) => {
    assertMatter(matter);
    return { type: 'CertificatesIdentified', at: now, by, matter };
  });
}

function assertMatter(matter: MatterFacts): void {
  assert(
    matter.basis !== 'proof' || proves(matter.verdict),
    'promise 6: a matter rests on proof only with a proving verdict',
  );
  assert(matter.verdict !== 'refuted', 'promise 6: refuted evidence makes no matter');
  const due = matter.rule.limitSeconds === null ? null : matter.startAt.add({ seconds: matter.rule.limitSeconds });
  assert(
    due === null ? matter.dueAt === null : matter.dueAt !== null && !isBefore(due, matter.dueAt),
    'promise 4: a limit is the rule’s or shorter',
  );
}

/** What must hold before an outcome becomes history. */
function assertPromises(current: Case, event: Event): void {
  if (event.type === 'RevocationAttempted') {
    const matter = mustHave(current, event.matterId);
    assert(matter.authorizedAt !== null, 'promise 6: no revocation without authority');
    assert(matter.closed === null, 'promise 6: a closed claim revokes nothing');
  }
  if (event.type === 'RevocationAuthorized') {
    const matter = mustHave(current, event.matterId);
    assert(matter.basis !== 'claim', 'promise 6: a bare claim authorises nothing');
    assert(
      matter.basis !== 'records' || matter.approvals.length > 0,
      'promise 6: the CA’s own finding needs a named person',
    );
  }
  if (event.type === 'RevocationPublished') {
    const matter = mustHave(current, event.matterId);
    assert(event.count <= outstanding(matter), 'promise 3: no certificate is published twice');
    assert(event.seen !== '', 'promise 3: only a probe’s record publishes');
  }
  if (event.type === 'CaseClosed') {
    assert(
      current.matters.every((m) => m.closed !== null || outstanding(m) === 0),
      'promise 3: the clock stops when relying parties see it',
    );
  }
}

function mustHave(current: Case, matterId: string): Matter {
  const matter = matterOf(current, matterId);
  assert(matter !== undefined, 'outcomes are recorded for known matters');
  return matter;
}

function matterUnknown(): Refusal {
  return refuse('matter_unknown', 'This case has no such matter. Reload the case.');
}
