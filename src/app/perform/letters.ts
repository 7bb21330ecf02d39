/**
 * Letters to reporters and subscribers. Each is written from the case's facts, sent once (its Message-ID follows from
 * what it is for), and recorded in the outbox with what the next mail server answered.
 */
import type { Matter, Report } from '../../desk/case.ts';
import type { InventoryReach, ReporterLetter } from '../../desk/events.ts';
import type { CertificateFacts } from '../../desk/facts.ts';
import { preliminaryLimit } from '../../desk/plan.ts';
import { ruleById } from '../../desk/policy/in-force.ts';
import type { CaseId, Fingerprint } from '../../foundation/brand.ts';
import { Fault } from '../../foundation/fault.ts';
import { earliest, type Instant } from '../../foundation/time/time.ts';
import type { Contact } from '../../stages/outreach/directory/directory.ts';
import type {
  LetterBody,
  LetterCertificates,
  LetterFinding,
  LetterRequest,
  LetterRule,
  Sender,
  WrittenLetter,
} from '../../stages/outreach/letters/letter.ts';
import { publishedFact, publishedFacts } from '../../stages/outreach/letters/published-fact.ts';
import { type Automatic, type Messenger, messageIdOf, type Outgoing } from '../../stages/outreach/messenger.ts';
import type { Letter } from '../../stages/outreach/outbox/outbox.ts';
import type { CoreParts } from '../ports.ts';
import type { Ground } from './perform.ts';

export interface LetterParts {
  readonly messenger: Messenger;
  /** How far the inventory may be trusted to be complete at the moment. */
  readonly inventoryReach: () => Promise<InventoryReach>;
  readonly writeLetter: (request: LetterRequest) => WrittenLetter;
  readonly sender: Sender;
  /** Called after the letters of a step went out, so that somebody looks whether they arrive. */
  readonly followLetters?: (caseId: CaseId, matterId: string, step: string, now: Instant) => Promise<void>;
  /** Alarms people; the same way as every alarm. */
  readonly alarmPeople?: (caseId: CaseId, component: string, because: string, now: Instant) => Promise<void>;
  /** Address to which answers about a case go; null where they go to the sender of the letter. */
  readonly replyTo?: (caseId: CaseId, now: Instant) => string | null;
  /** Domain of our Message-IDs. */
  readonly mailDomain: string;
  readonly links: {
    status(caseId: string, reportId: string): string | null;
    action(caseId: string, subscriber: string): string | null;
    readonly proof: string | null;
    /** How a subscriber lets certificates renew by themselves. */
    readonly guide?: string | null;
  };
}

type Parts = CoreParts & LetterParts;

/** What the next hop did not take is tried again; meanwhile people know, because notices are what revocation is not tied to. */
const lettersAlarm = 'bulk-mail';

/** Letters per call of the messenger. */
const chunk = 250;
/** Certificates a letter names; the rest is a number and the list on the subscriber's page. */
const namedMax = 20;
/** In a mass revocation a letter names fewer: the list is in the subscriber's console, and the letter has to leave now. */
const manyCertificates = 10_000;
const namedOfMany = 3;

export async function acknowledge(parts: Parts, ground: Ground, report: Report): Promise<void> {
  const matters = ground.case.matters.filter((m) => m.reportId === report.reportId);
  const dues = matters.flatMap((m) => m.dueAt ?? []);
  const [first, ...others] = dues;
  const sent = await toReporter(parts, ground, report, 'acknowledgement', 'auto-replied', {
    kind: 'acknowledgement',
    ...reporterBase(parts, ground, report),
    reportDueAt: report.startAt.add(preliminaryLimit),
    revokeDueAt: first === undefined ? null : earliest(first, ...others),
    proofUrl: parts.links.proof,
  });
  if (sent === null) return;
  await ground.append({
    type: 'ReporterAcknowledged',
    at: ground.now,
    by: 'desk',
    reportId: report.reportId,
    letterId: sent.letterId,
    language: sent.language,
  });
}

/** The report with findings of TLS BR 4.9.5: proof, refutation, or what is still missing, item by item. */
export async function reportToReporter(parts: Parts, ground: Ground, report: Report): Promise<void> {
  const sent = await toReporter(
    parts,
    ground,
    report,
    'preliminary-report',
    'no',
    findingsLetter(parts, ground, report, await parts.inventoryReach()),
  );
  if (sent === null) return;
  await ground.append({
    type: 'PreliminaryReportSent',
    at: ground.now,
    by: 'desk',
    to: 'reporter',
    reportId: report.reportId,
    letterId: sent.letterId,
  });
}

function findingsLetter(parts: Parts, ground: Ground, report: Report, searched: InventoryReach): LetterBody {
  const base = reporterBase(parts, ground, report);
  const findings = findingsOf(report);
  const matters = mattersFor(ground, report);
  const live = matters.filter((m) => m.closed === null && m.basis !== 'claim');
  if (live.length === 0 && findings.length > 0 && report.evidence.every((e) => e.verdict === 'refuted'))
    return { kind: 'refutation', ...base, findings };
  if (live.length === 0 && matters.some((m) => m.basis === 'claim'))
    return { kind: 'request-for-proof', ...base, findings, challenge: null, proofUrl: parts.links.proof };
  const leading = soonest(live);
  return {
    kind: 'preliminary-report',
    ...base,
    findings,
    searched,
    certificates: certificatesOf(live),
    rule: leading === undefined ? null : letterRule(leading, ground.now),
    revokeDueAt: leading?.dueAt ?? null,
    plannedAt: leading === undefined ? null : parts.policy.cutOffAt(leading),
    published: publishedFacts(live),
  };
}

export async function finishWithReporter(parts: Parts, ground: Ground, report: Report): Promise<void> {
  const matters = mattersFor(ground, report).filter((m) => m.closed === null);
  const published = publishedFacts(matters);
  const leading = soonest(matters);
  const outcome =
    published === null
      ? ({ state: 'not-revoked', because: 'Nothing was to be revoked, or the certificates have expired.' } as const)
      : ({ state: 'revoked', published, reason: reasonShown(leading) } as const);
  const rule = leading === undefined ? null : letterRule(leading, ground.now);
  const sent = await toReporter(parts, ground, report, 'final-report', 'no', {
    kind: 'final-report',
    ...reporterBase(parts, ground, report),
    rule,
    outcome,
  });
  if (sent === null) return;
  await ground.append({
    type: 'FinalReportSent',
    at: ground.now,
    by: 'desk',
    to: 'reporter',
    reportId: report.reportId,
    letterId: sent.letterId,
  });
}

export async function declinePlea(parts: Parts, ground: Ground, report: Report): Promise<void> {
  const asked = report.asksFor as 'more-time' | 'hold' | 'no-action';
  const leading = soonest(ground.case.matters.filter((m) => m.closed === null));
  const sent = await toReporter(parts, ground, report, 'refusal', 'no', {
    kind: 'refusal-of-more-time',
    audience: report.reporter.kind === 'subscriber' ? 'subscriber' : 'reporter',
    asked,
    theirSubject: report.subject,
    rule: leading === undefined ? null : letterRule(leading, ground.now),
    dueAt: leading?.dueAt ?? null,
  });
  if (sent === null) return;
  const because = 'The rules leave no room for it; the limit runs on.';
  await ground.append({
    type: 'RequestDeclined',
    at: ground.now,
    by: 'desk',
    reportId: report.reportId,
    asked,
    because,
  });
}

/**
 * One letter to each subscriber of a set, in parallel with everything else: no answer is waited for. The first letter
 * is the preliminary report to the subscriber as well.
 */
export async function contactSubscribers(
  parts: Parts,
  ground: Ground,
  matter: Matter,
  step: string,
  again = false,
): Promise<void> {
  const receivedAt = matter.startAt;
  const report = ground.case.reports.find((r) => r.reportId === matter.reportId);
  const { sent, failed, open } = await toSubscribers(
    parts,
    ground,
    matter,
    { step, again },
    (contact, certificates) => {
      const base = subscriberBase(parts, ground, matter, contact, certificates);
      const plannedAt = parts.policy.cutOffAt(matter);
      if (step !== 'notice')
        return {
          kind: 'reminder',
          ...base,
          noticeAt: matter.subscriberToldAt ?? receivedAt,
          dueAt: matter.dueAt,
          plannedAt,
          last: step === 'last-call',
        };
      const findings = report === undefined ? [] : findingsOf(report).filter((f) => f.verdict !== 'refuted');
      return {
        kind: 'notice',
        ...base,
        receivedAt,
        findings,
        dueAt: matter.dueAt,
        plannedAt,
        renewalAdvised: matter.renewalAdvisedAt !== null,
      };
    },
  );
  const base = { at: ground.now, by: 'desk', matterId: matter.matterId } as const;
  if (open > 0) {
    const because = `${open} letter(s) to subscribers are not taken by the mail server.`;
    if (!matter.alarmed.has(lettersAlarm)) {
      await parts.alarmPeople?.(ground.case.caseId, lettersAlarm, because, ground.now);
      await ground.append({ type: 'AlarmRaised', ...base, component: lettersAlarm, because });
    }
    // What was accepted is in the outbox; the next attempt sends the rest.
    throw new Fault('letters_not_sent', because, { outcome: 'unknown' });
  }
  if (sent > 0) await parts.followLetters?.(ground.case.caseId, matter.matterId, step, ground.now);
  if (again) return;
  const contacted = { type: 'SubscriberContacted', ...base, step, sent, failed } as const;
  if (step === 'notice')
    await ground.append(contacted, { type: 'PreliminaryReportSent', ...base, to: 'subscriber', sent, failed });
  else await ground.append(contacted);
}

export async function finishWithSubscribers(parts: Parts, ground: Ground, matter: Matter): Promise<void> {
  const published = publishedFact(matter);
  const none = { sent: 0, failed: 0 };
  const { sent, failed } =
    published === null
      ? none
      : await toSubscribers(parts, ground, matter, { step: 'final', again: false }, (contact, certificates) => ({
          kind: 'final-report',
          ...subscriberBase(parts, ground, matter, contact, certificates),
          published,
          guideUrl: parts.links.guide ?? null,
        }));
  await ground.append({
    type: 'FinalReportSent',
    at: ground.now,
    by: 'desk',
    to: 'subscriber',
    matterId: matter.matterId,
    sent,
    failed,
  });
}

async function toReporter(
  parts: Parts,
  ground: Ground,
  report: Report,
  letter: ReporterLetter,
  automatic: Automatic,
  body: LetterBody,
): Promise<{ letterId: string; language: string } | null> {
  const to = report.reporter.address;
  if (to === null) return null;
  const written = parts.writeLetter({
    sender: parts.sender,
    caseId: ground.case.caseId,
    language: report.reporter.language,
    now: ground.now,
    body,
  });
  const letterId = `${ground.case.caseId}/${report.reportId}/${letter}`;
  const outgoing = outgoingOf(letterId, to, written, automatic, report.messageId, replyToOf(parts, ground));
  const [outcome] = await parts.messenger.send([outgoing]);
  const accepted = outcome?.outcome === 'accepted';
  const problem = outcome === undefined || outcome.outcome === 'accepted' ? null : outcome.problem;
  await parts.outbox.record([
    recorded(parts, ground, outgoing, written, {
      matterId: null,
      reportId: report.reportId,
      audience: 'reporter',
      accepted,
      problem,
    }),
  ]);
  if (accepted) return { letterId, language: written.language };
  if (outcome?.outcome === 'refused') {
    await ground.append({
      type: 'LetterRefused',
      at: ground.now,
      by: 'desk',
      reportId: report.reportId,
      letter,
      problem: problem ?? '',
    });
    return null;
  }
  throw new Fault('letter_not_sent', 'The mail server did not take a letter; it is sent again in a minute.', {
    outcome: 'unknown',
  });
}

async function toSubscribers(
  parts: Parts,
  ground: Ground,
  matter: Matter,
  { step, again }: { readonly step: string; readonly again: boolean },
  body: (contact: Contact, certificates: LetterCertificates) => LetterBody,
): Promise<{ sent: number; failed: number; open: number }> {
  const theirs = [...(await parts.sets.bySubscriber(matter.set.setId))];
  const named = matter.set.count > manyCertificates ? namedOfMany : namedMax;
  let sent = 0;
  let failed = 0;
  let open = 0;
  for (let i = 0; i < theirs.length; i += chunk) {
    const slice = new Map(theirs.slice(i, i + chunk));
    const contacts = (await parts.directory.bySubscriber([...slice.keys()])).filter(
      (c) => addressFor(c, step) !== undefined,
    );
    const facts = await factsFor(
      parts,
      contacts.flatMap((c) => (slice.get(c.subscriber) ?? []).slice(0, named)),
    );
    const letters = contacts.flatMap((contact) => {
      const to = addressFor(contact, step);
      if (to === undefined) return [];
      const certificates = listOf(slice.get(contact.subscriber) ?? [], facts);
      const written = parts.writeLetter({
        sender: parts.sender,
        caseId: ground.case.caseId,
        language: contact.language,
        now: ground.now,
        body: body(contact, certificates),
      });
      const letterId = `${ground.case.caseId}/${matter.matterId}/${step}/${contact.subscriber}`;
      return [{ outgoing: outgoingOf(letterId, to, written, 'no', null, replyToOf(parts, ground)), written }];
    });
    const done = again ? new Set<string>() : await parts.outbox.sent(letters.map((l) => l.outgoing.letterId));
    const unsent = letters.filter((l) => !done.has(l.outgoing.letterId));
    const outcomes = await parts.messenger.send(unsent.map((l) => l.outgoing));
    await parts.outbox.record(
      unsent.map(({ outgoing, written }, n) => {
        const outcome = outcomes[n];
        const accepted = outcome?.outcome === 'accepted';
        const problem = outcome === undefined || outcome.outcome === 'accepted' ? null : outcome.problem;
        return recorded(parts, ground, outgoing, written, {
          matterId: matter.matterId,
          reportId: null,
          audience: 'subscriber',
          accepted,
          problem,
        });
      }),
    );
    const accepted = outcomes.filter((o) => o.outcome === 'accepted').length + done.size;
    sent += accepted;
    open += outcomes.filter((o) => o.outcome === 'retry').length;
    failed += (step === 'second-channel' ? letters.length : slice.size) - accepted;
  }
  return { sent, failed, open };
}

function addressFor(contact: Contact, step: string): string | undefined {
  return step === 'second-channel' ? contact.addresses[1] : contact.addresses[0];
}

async function factsFor(
  parts: Parts,
  wanted: readonly Fingerprint[],
): Promise<ReadonlyMap<Fingerprint, CertificateFacts>> {
  return new Map((await parts.book.byFingerprints(wanted)).map((f) => [f.fingerprint, f]));
}

function listOf(
  fingerprints: readonly Fingerprint[],
  facts: ReadonlyMap<Fingerprint, CertificateFacts>,
): LetterCertificates {
  const listed = fingerprints.slice(0, namedMax).flatMap((f) => {
    const fact = facts.get(f);
    return fact === undefined
      ? []
      : [{ serial: fact.serial, name: fact.names[0] ?? '', notAfter: fact.notAfter, fingerprint: f }];
  });
  return { count: fingerprints.length, listed };
}

function outgoingOf(
  letterId: string,
  to: string,
  written: WrittenLetter,
  automatic: Automatic,
  inReplyTo: string | null,
  replyTo: string | null,
): Outgoing {
  const { subject, text, html, language, enclosed } = written;
  return {
    letterId,
    to,
    subject,
    text,
    html,
    language,
    automatic,
    inReplyTo,
    references: inReplyTo === null ? [] : [inReplyTo],
    replyTo,
    enclosed,
  };
}

function replyToOf(parts: Parts, ground: Ground): string | null {
  return parts.replyTo?.(ground.case.caseId, ground.now) ?? null;
}

function recorded(
  parts: Parts,
  ground: Ground,
  outgoing: Outgoing,
  written: WrittenLetter,
  rest: {
    readonly matterId: string | null;
    readonly reportId: string | null;
    readonly audience: 'reporter' | 'subscriber';
    readonly accepted: boolean;
    readonly problem: string | null;
  },
): Letter {
  const { matterId, reportId, audience, accepted, problem } = rest;
  return {
    letterId: outgoing.letterId,
    caseId: ground.case.caseId,
    matterId,
    reportId,
    kind: written.kind,
    audience,
    to: outgoing.to,
    language: written.language,
    subject: written.subject,
    text: written.text,
    messageId: messageIdOf(outgoing.letterId, parts.mailDomain),
    state: accepted ? 'sent' : 'failed',
    at: ground.now,
    problem,
  };
}

function reporterBase(parts: Parts, ground: Ground, report: Report) {
  return {
    audience: 'reporter' as const,
    receivedAt: report.startAt,
    theirSubject: report.subject,
    statusUrl: parts.links.status(ground.case.caseId, report.reportId),
  };
}

function subscriberBase(
  parts: Parts,
  ground: Ground,
  matter: Matter,
  contact: Contact,
  certificates: LetterCertificates,
) {
  return {
    audience: 'subscriber' as const,
    certificates,
    rule: letterRule(matter, ground.now),
    reason: reasonShown(matter),
    actionUrl: parts.links.action(ground.case.caseId, contact.subscriber),
  };
}

/** Matters the report brought, or those of the case it joined. */
function mattersFor(ground: Ground, report: Report): readonly Matter[] {
  const own = ground.case.matters.filter((m) => m.reportId === report.reportId);
  return own.length > 0 ? own : ground.case.matters;
}

function findingsOf(report: Report): readonly LetterFinding[] {
  return report.evidence.map((e) => ({ what: e.source, verdict: e.verdict, because: e.because }));
}

function certificatesOf(matters: readonly Matter[]): LetterCertificates {
  return {
    count: matters.reduce((sum, m) => sum + m.set.count, 0),
    listed: matters.flatMap((m) => m.set.listed).slice(0, namedMax),
  };
}

function soonest(matters: readonly Matter[]): Matter | undefined {
  const at = (m: Matter): number => m.dueAt?.epochMilliseconds ?? Number.POSITIVE_INFINITY;
  return [...matters].sort((a, b) => at(a) - at(b))[0];
}

function letterRule(matter: Matter, now: Instant): LetterRule {
  const { document, version, section, id } = matter.rule;
  return { document, version, section, kind: ruleById(id, now)?.kind ?? 'undetermined' };
}

function reasonShown(matter: Matter | undefined): Matter['reason'] | null {
  return matter === undefined || matter.reason === 'unspecified' ? null : matter.reason;
}
