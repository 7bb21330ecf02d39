/**
 * Events and actions as sentences: the timeline, the log and "what happens by itself" all read from here, so that the
 * same thing is never called by two names.
 */
import type { Action } from '../../desk/actions.ts';
import type { Event, InventoryReach } from '../../desk/events.ts';
import type { Team } from '../../desk/facts.ts';
import { type Instant, rfc3339 } from '../../foundation/time/time.ts';
import type * as c from '../contract/index.ts';

const teams: Record<Team, string> = {
  'pki-team': 'PKI team',
  'pki-support': 'PKI support',
  'ssl-support': 'SSL support',
  compliance: 'compliance',
};

export function count(n: number, one: string): string {
  return `${n.toLocaleString('en-GB')} ${one}${n === 1 ? '' : 's'}`;
}

function utc(at: Instant): string {
  const text = rfc3339(at);
  return `${text.slice(0, 10)} ${text.slice(11, 19)} UTC`;
}

function who(person: string): string {
  return person.replace(/^(person|token|subscriber):/, '');
}

/** The event in one sentence, past tense, fit for an incident report. */
export function sentenceOf(event: Event): string {
  switch (event.type) {
    case 'ReportReceived':
      return `Report ${event.report.reportId} arrived at ${event.report.source} from ${event.report.reporter.address ?? 'an unknown sender'}.`;
    case 'ReportJoined':
      return `Report ${event.report.reportId} joined this case: ${event.because}`;
    case 'ReceiptMarkAdded':
      return `A receipt mark of ${utc(event.mark.at)} was added: ${event.because}`;
    case 'TriageProposed':
      return `Looks like ${event.triage.label} (score ${event.triage.score.toFixed(2)}).`;
    case 'TriageConfirmed':
      return `Recognised as ${event.label}: ${event.because}`;
    case 'ReportDismissed':
      return `Report ${event.reportId} was concluded: ${event.because}`;
    case 'CaseRouted':
      return `Routed to ${teams[event.team]}: ${event.because}`;
    case 'HandedOff':
      return `Handed from ${teams[event.from]} to ${teams[event.to]}: ${event.because}`;
    case 'HandOffTaken':
      return `${capital(teams[event.team])} took the case.`;
    case 'StaffPaged':
      return `${capital(teams[event.team])} was paged (${event.step.split('/').at(-1)})${event.accepted ? '.' : '; no channel accepted the page.'}`;
    case 'ReporterAcknowledged':
      return 'Receipt was acknowledged to the reporter.';
    case 'EvidenceVerified':
      return `${event.item.source}: ${event.item.because}`;
    case 'EvidenceRejected':
      return `${event.item.source} proves nothing: ${event.item.because}`;
    case 'EvidenceAwaited':
      return `Evidence is awaited: ${event.what}`;
    case 'EvidenceLooked':
      return event.found
        ? `Found where the report points: ${event.seen}`
        : `Looked where the report points: ${event.seen}`;
    case 'LetterRefused':
      return `Letter “${event.letter}” to the reporter was refused: ${event.problem}`;
    case 'CertificatesIdentified': {
      const { matter } = event;
      const limit = matter.dueAt === null ? 'no revocation limit' : `due ${utc(matter.dueAt)}`;
      return `${count(matter.set.count, 'certificate')} of ${count(matter.set.subscriberCount, 'subscriber')} identified; ${matter.rule.document} ${matter.rule.section}, ${limit}.`;
    }
    case 'CertificatesSearched':
      return `Searched again for certificates with ${count(event.keys, 'proven key')}: ${event.found === 0 ? 'none beside those known' : count(event.found, 'more certificate')}. ${reachInWords(event.reach)}`;
    case 'MatterReclassified':
      return `Now under ${event.rule.document} ${event.rule.section} as ${event.label}: ${event.because}`;
    case 'ClockMovedEarlier':
      return `The clock’s start moved earlier, to ${utc(event.startAt)}: ${event.because}`;
    case 'MatterClosed':
      return `Closed without revocation: ${event.because}`;
    case 'KeyBlocked':
      return `${count(event.keys.length, 'key')} blocked: never to be certified again.`;
    case 'RenewalAdvised':
      return `ARI asks for replacement by ${utc(event.windowEndAt)}.`;
    case 'ReplacementSeen':
      return `${count(event.count, 'certificate')} seen replaced.`;
    case 'SubscriberContacted':
      return event.sent + event.failed === 0
        ? `Letter “${event.step}” to subscribers: nobody to write to.`
        : `Letter “${event.step}” to subscribers: ${event.sent} sent${event.failed === 0 ? '' : `, ${event.failed} failed`}.`;
    case 'ContactFailed':
      return `${event.subscriber ?? 'A subscriber'} could not be reached (${event.step}): ${event.problem}`;
    case 'SubscriberAnswered':
      return `${who(event.subscriber)} answered: ${event.answer.replaceAll('-', ' ')}.`;
    case 'RequestDeclined':
      return `Request “${event.asked.replaceAll('-', ' ')}” was declined: ${event.because}`;
    case 'PreliminaryReportSent':
      return event.to === 'reporter'
        ? 'The preliminary report went to the reporter.'
        : `The preliminary report went to subscribers: ${event.sent} sent${event.failed === 0 ? '' : `, ${event.failed} failed`}.`;
    case 'FinalReportSent':
      return event.to === 'reporter'
        ? 'The final report went to the reporter.'
        : `The final report went to subscribers: ${event.sent} sent${event.failed === 0 ? '' : `, ${event.failed} failed`}.`;
    case 'ApprovalGiven':
      return `${who(event.person)} approved the revocation: ${event.because}`;
    case 'RevocationScheduled':
      return `${count(event.count, 'certificate')} scheduled for ${utc(event.notBeforeAt)} by ${event.people.map(who).join(' and ')}: ${event.because}`;
    case 'HoldPlaced':
      return `${count(event.count, 'certificate')} held until ${utc(event.untilAt)} by ${event.people.map(who).join(' and ')} (${event.basis}). The limit stands.`;
    case 'HoldReleased':
      return `The hold on ${count(event.count, 'certificate')} ended: ${event.because}`;
    case 'RevocationAuthorized':
      return `Revocation was authorised: ${event.because}`;
    case 'RevocationAttempted':
      return `The CA was asked to revoke ${count(event.count, 'certificate')}.`;
    case 'RevocationAccepted':
      return `The CA accepted ${count(event.count, 'revocation')}${event.already === 0 ? '' : `, ${event.already} of them already done`}. Not yet seen by relying parties.`;
    case 'RevocationFailed':
      return `${count(event.count, 'revocation')} not carried out (${event.outcome}): ${event.problem}`;
    case 'RevocationPublished':
      return `${count(event.count, 'certificate')} seen as revoked: ${event.seen}.`;
    case 'PublicationAwaited':
      return `${count(event.missing, 'revocation')} not yet to be seen: ${event.problem}`;
    case 'CertificatesExpired':
      return `${count(event.count, 'certificate')} expired.`;
    case 'AlarmRaised':
      return `Alarm (${event.component}): ${event.because}`;
    case 'DeadlineMissed':
      return `The limit of ${utc(event.dueAt)} passed (${event.clock}); ${event.missing.toLocaleString('en-GB')} still owed.`;
    case 'IncidentOpened':
      return `An incident was opened: ${event.because}`;
    case 'NoteWritten':
      return event.text;
    case 'CaseClosed':
      return `Closed: ${event.because}`;
    default:
      return unnamed(event);
  }
}

export function kindOf(event: Event): c.TimelineEntry['kind'] {
  switch (event.type) {
    case 'ReportReceived':
    case 'ReportJoined':
    case 'SubscriberAnswered':
      return 'received';
    case 'StaffPaged':
    case 'ReporterAcknowledged':
    case 'SubscriberContacted':
    case 'PreliminaryReportSent':
    case 'FinalReportSent':
    case 'RequestDeclined':
      return 'sent';
    case 'LetterRefused':
      return 'alarm';
    case 'KeyBlocked':
    case 'RenewalAdvised':
    case 'RevocationAttempted':
    case 'RevocationAccepted':
      return 'ca';
    case 'EvidenceVerified':
    case 'EvidenceRejected':
    case 'EvidenceLooked':
    case 'CertificatesSearched':
    case 'ReplacementSeen':
    case 'RevocationPublished':
    case 'CertificatesExpired':
      return 'seen';
    case 'ContactFailed':
    case 'RevocationFailed':
    case 'PublicationAwaited':
    case 'AlarmRaised':
    case 'DeadlineMissed':
    case 'IncidentOpened':
      return 'alarm';
    default:
      return event.by.startsWith('person:') ? 'person' : 'decided';
  }
}

export function timelineEntry(seq: number, event: Event): c.TimelineEntry {
  return {
    seq,
    at: rfc3339(event.at),
    by: event.by,
    type: event.type,
    text: sentenceOf(event),
    kind: kindOf(event),
    matterId:
      'matterId' in event ? event.matterId : event.type === 'CertificatesIdentified' ? event.matter.matterId : null,
    reportId: 'reportId' in event ? event.reportId : 'report' in event ? event.report.reportId : null,
  };
}

/** What the desk will do by itself, as a sentence; null for housekeeping that nobody needs to read. */
export function sentenceOfAction(action: Action, certificates: number): string | null {
  const these = count(certificates, 'certificate');
  switch (action.do) {
    case 'route':
      return `Route to ${teams[action.team]}.`;
    case 'page':
      return `Page ${teams[action.team]}: ${action.because}`;
    case 'acknowledge':
      return 'Acknowledge receipt to the reporter.';
    case 'block-keys':
      return 'Block the keys for issuance.';
    case 'search-again':
      // A check of the desk upon itself; what it finds is an event and then has steps of its own.
      return null;
    case 'look-for-evidence':
      return 'Look where the report points.';
    case 'advise-renewal':
      return 'Ask ACME clients to replace now (ARI).';
    case 'contact-subscribers':
      return `Write to the subscribers (${action.step}).`;
    case 'report-to-reporter':
      return 'Report the findings to the reporter.';
    case 'decline':
      return 'Decline the request in writing; it moves nothing.';
    case 'authorize':
      return `Revoke ${these}. An answer is not awaited.`;
    case 'revoke':
      return action.again ? `Order the revocation of ${these} again.` : `Order the revocation of ${these}.`;
    case 'probe':
      return 'Look at CRL and OCSP.';
    case 'release-hold':
      return 'End the hold and revoke what it held.';
    case 'finish-with-subscribers':
      return 'Tell the subscribers that it is done.';
    case 'finish-with-reporter':
      return 'Tell the reporter that it is done.';
    case 'alarm':
      return `Raise an alarm: ${action.because}`;
    case 'open-incident':
      return 'Open an incident.';
    case 'miss-deadline':
      return `The ${action.clock === 'revocation' ? 'limit' : 'limit of the preliminary report'} passes unmet.`;
    case 'close':
      return 'Close the case.';
    default:
      return unnamed(action);
  }
}

function capital(text: string): string {
  return text.slice(0, 1).toUpperCase() + text.slice(1);
}

/**
 * The compiler shows every new event and action that has no sentence yet. At run time the board must not go blank for
 * the lack of a sentence, so this gives the bare word instead of throwing.
 */
function unnamed(value: never): string {
  const { type, do: act } = value as { type?: string; do?: string };
  return type ?? act ?? 'something without a name';
}

/** How far the answer may be trusted: "none" is a statement about every certificate the CA ever issued. */
function reachInWords({ indexed, issued, untilAt }: InventoryReach): string {
  // Both numbers, because neither bounds the other: an inventory also holds what other sources brought.
  const of = issued === null ? '' : `, ${issued} issued by the CA’s own count`;
  return `${count(indexed, 'certificate')} indexed${of}; ${untilAt === null ? 'no source says up to when' : `complete up to ${utc(untilAt)}`}.`;
}
