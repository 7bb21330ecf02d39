/**
 * Facts for a report, from a case and its events: what is known is taken over, what only people know stays empty and
 * becomes a marked gap in the draft. Nothing is made up.
 */
import { type Case, type Matter, outstanding } from '../../desk/case.ts';
import type { Event } from '../../desk/events.ts';
import { reportDutyFor } from '../../desk/policy/select.ts';
import { earliest, type Instant, latest } from '../../foundation/time/time.ts';
import { caseTimeline, gapsOf } from './case-timeline.ts';
import { toComplete } from './draft-words.ts';
import type { AppendixCertificate, CaOwner, IncidentFacts, Policy } from './facts.ts';

export interface CaseRecord {
  readonly current: Case;
  readonly events: readonly Event[];
  readonly caOwner: CaOwner;
  /** Of the matters concerned; empty when they are not at hand (a preview). */
  readonly certificates: readonly AppendixCertificate[];
  /** `DV`, `OV`, …, from policy OIDs. */
  readonly certificateTypes: readonly string[];
}

type Missed = Extract<Event, { type: 'DeadlineMissed' }>;

export function incidentFacts(record: CaseRecord): IncidentFacts {
  const { current, events, caOwner } = record;
  const missed = events.filter((e): e is Missed => e.type === 'DeadlineMissed');
  const late = missed.filter((e) => e.clock === 'revocation');
  const concerned = concernedMatters(current, late);
  const total = concerned.reduce((sum, m) => sum + m.set.count, 0);
  const remaining = concerned.reduce((sum, m) => sum + outstanding(m), 0);
  const foreseen = concerned.some((m) => m.dueAt !== null && outstanding(m) > 0);
  const delay = late.length > 0 || (missed.length === 0 && foreseen);
  const ownReport = current.reports.every((r) => r.reporter.kind === 'staff');
  return {
    caOwner,
    title: titleOf({ delay, total, missed }),
    description: describe({ delay, missed, total, concerned }),
    startAt: startOf(missed, concerned),
    identifiedAt: current.incidentAt,
    endAt: remaining === 0 ? endOf(concerned, current) : null,
    endExpectedAt: null,
    policies: policiesOf(current, concerned, missed),
    source: ownReport ? 'Self Reported' : 'Third Party Reported',
    certificatesTotal: total,
    certificatesRemainingValid: remaining,
    certificateTypes: record.certificateTypes,
    heuristic: null,
    issuanceStopped: null,
    revocationDelay: delay,
    analysis: null,
    considerations: null,
    timeline: caseTimeline(events),
    related: [],
    factors: gapsOf(events).map((gap) => ({
      ...gap,
      description: `${gap.description} ${toComplete('why')}`,
      detection: toComplete('how it was noticed, and why not sooner'),
      interaction: null,
      methodology: null,
    })),
    lessons: {
      well: [],
      notWell: gapsOf(events).map((gap) => ({ text: gap.description, actions: [] })),
      lucky: [],
      additional: [],
    },
    actions: [],
    certificates: record.certificates,
  };
}

/** Matters whose limit was missed; before any is, all that are open. */
function concernedMatters(current: Case, late: readonly Missed[]): readonly Matter[] {
  const ids = new Set(late.map((e) => e.matterId));
  const own = current.matters.filter((m) => ids.has(m.matterId));
  return own.length > 0 ? own : current.matters.filter((m) => m.closed === null);
}

function titleOf({ delay, total, missed }: { delay: boolean; total: number; missed: readonly Missed[] }): string {
  const these = total === 1 ? '1 certificate' : `${total} certificates`;
  if (delay) return `Delayed revocation of ${these}`;
  if (missed.length > 0) return 'Preliminary report not given within 24 hours';
  return `Certificate problem report about ${these}`;
}

function describe(known: {
  delay: boolean;
  missed: readonly Missed[];
  total: number;
  concerned: readonly Matter[];
}): string {
  const { delay, missed, total, concerned } = known;
  const sentences: string[] = [];
  const hours = concerned[0]?.rule.limitSeconds;
  const limit = hours == null ? '' : ` within ${hours / 3600} hours of receipt`;
  if (delay && missed.length > 0) {
    sentences.push(
      `Revocation of ${total} certificate(s) was not published${limit} of the certificate problem report.`,
    );
  } else if (delay) {
    sentences.push(
      `Revocation of ${total} certificate(s) may not be published${limit} of the certificate problem report.`,
    );
  }
  if (missed.some((e) => e.clock === 'preliminary-report')) {
    sentences.push('The preliminary report on a certificate problem report was not given within 24 hours of receipt.');
  }
  return sentences.join(' ');
}

function startOf(missed: readonly Missed[], concerned: readonly Matter[]): Instant | null {
  const instants = missed.length > 0 ? missed.map((e) => e.dueAt) : concerned.flatMap((m) => m.dueAt ?? []);
  const [first, ...others] = instants;
  return first === undefined ? null : earliest(first, ...others);
}

function endOf(concerned: readonly Matter[], current: Case): Instant | null {
  const instants = concerned.flatMap((m) => m.publishedAt ?? []);
  const [first, ...others] = instants;
  if (first !== undefined) return latest(first, ...others);
  const answered = current.reports.flatMap((r) => r.preliminaryAt ?? []);
  const [one, ...more] = answered;
  return one === undefined ? null : latest(one, ...more);
}

function policiesOf(current: Case, concerned: readonly Matter[], missed: readonly Missed[]): readonly Policy[] {
  const rules: readonly Policy[] = concerned.map((m) => m.rule);
  const profile = concerned[0]?.profile ?? 'tls';
  const report = missed.some((e) => e.clock === 'preliminary-report')
    ? [reportDutyFor(profile, current.receivedAt)]
    : [];
  const all = [...rules, ...report].map(({ document, version, section }) => ({ document, version, section }));
  return all.filter((p, index) => all.findIndex((q) => JSON.stringify(q) === JSON.stringify(p)) === index);
}
