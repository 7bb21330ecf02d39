import assert from 'node:assert/strict';
import type { CaseId } from '../foundation/brand.ts';
import { unreachable } from '../foundation/brand.ts';
import { earliest, type Instant, isBefore } from '../foundation/time/time.ts';
import type { Case, Matter, Report } from './case.ts';
import { clockStart } from './clock/receipt-mark.ts';
import type { Event, MatterFacts, ReportFacts } from './events.ts';
import { proves } from './facts.ts';

/** Folds a whole history. Null for an empty one: a case begins with the report that was received. */
export function replay(caseId: CaseId, events: readonly Event[]): Case | null {
  return events.reduce<Case | null>((current, event) => evolve(caseId, current, event), null);
}

/** One event further. Total: an event that was once appended can always be folded again. */
export function evolve(caseId: CaseId, before: Case | null, event: Event): Case {
  if (before === null) {
    assert(event.type === 'ReportReceived', 'a case begins with ReportReceived');
    return begin(caseId, event.report, event.at);
  }
  const current = { ...before, seq: before.seq + 1, lastAt: event.at };
  switch (event.type) {
    case 'ReportReceived':
    case 'ReportJoined':
      return { ...current, reports: [...current.reports, newReport(event.report)], closedAt: null };
    case 'ReceiptMarkAdded':
      return onReport(current, event.reportId, (r) => {
        const marks = [...r.marks, event.mark];
        return { ...r, marks, startAt: earliest(r.startAt, clockStart(marks)?.at ?? r.startAt) };
      });
    case 'TriageProposed':
      return onReport(current, event.reportId, (r) => ({
        ...r,
        triage: event.triage,
        label: r.label ?? event.triage.label,
      }));
    case 'TriageConfirmed':
      return onReport(current, event.reportId, (r) => ({ ...r, label: event.label, confirmed: true, dismissed: null }));
    case 'ReportDismissed':
      return onReport(current, event.reportId, (r) => ({ ...r, dismissed: event.because }));
    case 'CaseRouted':
      return { ...current, team: event.team, routedAt: current.routedAt ?? event.at };
    case 'HandedOff':
      return { ...current, team: event.to, takenAt: null };
    case 'HandOffTaken':
      return { ...current, takenAt: event.at };
    case 'StaffPaged':
      return { ...current, pages: new Map(current.pages).set(event.step, event.at) };
    case 'ReporterAcknowledged':
      return onReport(current, event.reportId, (r) => ({ ...r, acknowledgedAt: r.acknowledgedAt ?? event.at }));
    case 'LetterRefused':
      return onReport(current, event.reportId, (r) => ({
        ...r,
        refusedLetters: new Set(r.refusedLetters).add(event.letter),
      }));
    case 'EvidenceVerified':
    case 'EvidenceRejected':
      return onReport(current, event.reportId, (r) => ({
        ...r,
        evidence: [...r.evidence, event.item],
        verdictAt: event.at,
      }));
    case 'EvidenceAwaited':
      return onReport(current, event.reportId, (r) => ({ ...r, awaiting: event.what }));
    case 'EvidenceLooked':
      return onReport(current, event.reportId, (r) => ({
        ...r,
        looks: r.looks + 1,
        lookAgainAt: event.lookAgainAt,
        captures: event.captures,
        // After the first look the findings so far may go out; later looks only add. Once something is proven they show how
        // long it stays public, and nothing waits for them.
        awaiting: event.lookAgainAt === null || r.evidence.some((e) => proves(e.verdict)) ? null : r.awaiting,
      }));
    case 'CertificatesSearched':
      return onReport(current, event.reportId, (r) => ({
        ...r,
        searches: r.searches + 1,
        searchAgainAt: event.searchAgainAt,
      }));
    case 'CertificatesIdentified':
      return { ...current, matters: [...current.matters, newMatter(event.matter, event.at)], closedAt: null };
    case 'MatterReclassified':
      return onMatter(current, event.matterId, (m) => ({
        ...m,
        label: event.label,
        basis: event.basis,
        rule: event.rule,
        reason: event.reason,
        dueAt: event.dueAt,
        verdict: event.verdict,
        closed: null,
      }));
    case 'ClockMovedEarlier':
      return onMatter(current, event.matterId, (m) => {
        assert(!isBefore(m.startAt, event.startAt), 'a clock only ever moves earlier (promise 2)');
        return { ...m, startAt: event.startAt, dueAt: event.dueAt };
      });
    case 'MatterClosed':
      return onMatter(current, event.matterId, (m) => ({ ...m, closed: event.because }));
    case 'KeyBlocked':
      return onMatter(current, event.matterId, (m) => ({ ...m, keysBlockedAt: m.keysBlockedAt ?? event.at }));
    case 'RenewalAdvised':
      return onMatter(current, event.matterId, (m) => ({ ...m, renewalAdvisedAt: m.renewalAdvisedAt ?? event.at }));
    case 'ReplacementSeen':
      return onMatter(current, event.matterId, (m) => ({ ...m, replaced: event.count }));
    case 'SubscriberContacted':
      return onMatter(current, event.matterId, (m) => ({
        ...m,
        steps: new Map(m.steps).set(event.step, event.at),
        subscriberToldAt: event.sent > 0 ? (m.subscriberToldAt ?? event.at) : m.subscriberToldAt,
        contactFailures: m.contactFailures + event.failed,
      }));
    case 'ContactFailed':
      return onMatter(current, event.matterId, (m) => ({ ...m, contactFailures: m.contactFailures + 1 }));
    case 'SubscriberAnswered':
      return onMatter(current, event.matterId, (m) => ({
        ...m,
        subscriberAgreedAt: event.answer === 'agrees' ? (m.subscriberAgreedAt ?? event.at) : m.subscriberAgreedAt,
      }));
    case 'RequestDeclined':
      return onReport(current, event.reportId, (r) => ({ ...r, declined: true }));
    case 'PreliminaryReportSent':
      return event.to === 'reporter'
        ? onReport(current, event.reportId, (r) => ({ ...r, preliminaryAt: r.preliminaryAt ?? event.at }))
        : onMatter(current, event.matterId, (m) => ({
            ...m,
            subscriberPreliminaryAt: m.subscriberPreliminaryAt ?? event.at,
          }));
    case 'FinalReportSent':
      return event.to === 'reporter'
        ? onReport(current, event.reportId, (r) => ({ ...r, finalAt: r.finalAt ?? event.at }))
        : onMatter(current, event.matterId, (m) => ({ ...m, subscriberFinalAt: m.subscriberFinalAt ?? event.at }));
    case 'ApprovalGiven':
      return onMatter(current, event.matterId, (m) =>
        m.approvals.includes(event.person) ? m : { ...m, approvals: [...m.approvals, event.person] },
      );
    case 'RevocationScheduled':
      return onMatter(current, event.matterId, (m) => ({
        ...m,
        notBefores: [...m.notBefores, { at: event.notBeforeAt, count: event.count }],
      }));
    case 'HoldPlaced':
      return onMatter(current, event.matterId, (m) => ({
        ...m,
        holds: [
          ...m.holds,
          {
            holdId: event.holdId,
            count: event.count,
            untilAt: event.untilAt,
            basis: event.basis,
            people: event.people,
            releasedAt: null,
          },
        ],
      }));
    case 'HoldReleased':
      return onMatter(current, event.matterId, (m) => ({
        ...m,
        holds: m.holds.map((h) => (h.holdId === event.holdId ? { ...h, releasedAt: event.at } : h)),
      }));
    case 'RevocationAuthorized':
      return onMatter(current, event.matterId, (m) => ({ ...m, authorizedAt: m.authorizedAt ?? event.at }));
    case 'RevocationAttempted':
      return onMatter(current, event.matterId, (m) => ({ ...m, attemptedAt: event.at }));
    case 'RevocationAccepted':
      return onMatter(current, event.matterId, (m) => ({
        ...m,
        accepted: m.accepted + event.count,
        acceptedAt: event.at,
        retryAt: null,
        failures: 0,
        lookAgainAt: null,
      }));
    case 'RevocationFailed':
      return onMatter(current, event.matterId, (m) => ({ ...m, retryAt: event.retryAt, failures: m.failures + 1 }));
    case 'RevocationPublished':
      return onMatter(current, event.matterId, (m) => ({
        ...m,
        published: m.published + event.count,
        publishedAt: event.at,
      }));
    case 'PublicationAwaited':
      return onMatter(current, event.matterId, (m) => ({ ...m, lookAgainAt: event.lookAgainAt }));
    case 'CertificatesExpired':
      return onMatter(current, event.matterId, (m) => ({ ...m, expired: m.expired + event.count }));
    case 'AlarmRaised':
      return event.matterId === null
        ? current
        : onMatter(current, event.matterId, (m) => ({ ...m, alarmed: new Set(m.alarmed).add(event.component) }));
    case 'DeadlineMissed': {
      const { matterId, reportId } = event;
      if (matterId !== null) return onMatter(current, matterId, (m) => ({ ...m, missed: true }));
      return reportId === null ? current : onReport(current, reportId, (r) => ({ ...r, preliminaryMissed: true }));
    }
    case 'IncidentOpened':
      return {
        ...current,
        incidentAt: current.incidentAt ?? event.at,
        incidentBecause: current.incidentBecause ?? event.because,
      };
    case 'NoteWritten':
      return current;
    case 'CaseClosed':
      return { ...current, closedAt: event.at };
    default:
      return unreachable(event);
  }
}

function begin(caseId: CaseId, facts: ReportFacts, at: Instant): Case {
  return {
    caseId,
    seq: 1,
    receivedAt: at,
    lastAt: at,
    reports: [newReport(facts)],
    matters: [],
    team: null,
    routedAt: null,
    takenAt: null,
    pages: new Map(),
    incidentAt: null,
    incidentBecause: null,
    closedAt: null,
  };
}

function newReport(facts: ReportFacts): Report {
  const start = clockStart(facts.marks);
  assert(start !== null, 'intake always adds its own acceptance as a trusted mark');
  return {
    ...facts,
    startAt: start.at,
    triage: null,
    label: null,
    confirmed: false,
    dismissed: null,
    evidence: [],
    awaiting: null,
    lookAgainAt: null,
    looks: 0,
    captures: [],
    searches: 0,
    searchAgainAt: null,
    verdictAt: null,
    acknowledgedAt: null,
    preliminaryAt: null,
    finalAt: null,
    declined: false,
    refusedLetters: new Set(),
    preliminaryMissed: false,
  };
}

function newMatter(facts: MatterFacts, at: Instant): Matter {
  return {
    ...facts,
    identifiedAt: at,
    keysBlockedAt: null,
    renewalAdvisedAt: null,
    replaced: 0,
    steps: new Map(),
    contactFailures: 0,
    subscriberToldAt: null,
    subscriberPreliminaryAt: null,
    subscriberFinalAt: null,
    subscriberAgreedAt: null,
    approvals: [],
    authorizedAt: null,
    holds: [],
    notBefores: [],
    attemptedAt: null,
    accepted: 0,
    acceptedAt: null,
    published: 0,
    publishedAt: null,
    expired: 0,
    retryAt: null,
    failures: 0,
    lookAgainAt: null,
    alarmed: new Set(),
    missed: false,
    closed: null,
  };
}

function onReport(current: Case, reportId: string, change: (report: Report) => Report): Case {
  return { ...current, reports: current.reports.map((r) => (r.reportId === reportId ? change(r) : r)) };
}

function onMatter(current: Case, matterId: string, change: (matter: Matter) => Matter): Case {
  return { ...current, matters: current.matters.map((m) => (m.matterId === matterId ? change(m) : m)) };
}
