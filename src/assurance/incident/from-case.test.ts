import { describe, expect, it } from 'vitest';
import { aMatter, anItem, aReport, at, caseId, received } from '../../../test/support/desk-builders.ts';
import type { Event } from '../../desk/events.ts';
import { replay } from '../../desk/evolve.ts';
import { draftReport } from './draft.ts';
import { incidentFacts } from './from-case.ts';
import { lintReport } from './lint.ts';
import { readReport, sectionOf } from './read-report.ts';
import { readTimeline } from './read-timeline.ts';

const ist = (text: string) => at(`${text}:00+05:30`);
const desk = 'desk';
const person = 'person:asha.rao@ca.example';
const m = { matterId: 'm1', by: desk } as const;

/** The incident this desk exists for, in the desk's own events, at the minutes of the public record. */
const seed: readonly Event[] = [
  { type: 'ReportReceived', at: received, by: desk, report: aReport() },
  {
    type: 'CaseRouted',
    at: ist('2024-09-01T10:30'),
    by: person,
    team: 'pki-team',
    because: 'found in the support queue by asha.rao',
  },
  { type: 'EvidenceVerified', at: ist('2024-09-01T11:15'), by: desk, reportId: 'r1', item: anItem() },
  { type: 'CertificatesIdentified', at: ist('2024-09-01T11:15'), by: desk, matter: aMatter() },
  { type: 'SubscriberContacted', at: ist('2024-09-01T12:45'), ...m, step: 'notice', sent: 1, failed: 0 },
  { type: 'PreliminaryReportSent', at: ist('2024-09-01T12:45'), ...m, to: 'subscriber', sent: 1, failed: 0 },
  {
    type: 'PreliminaryReportSent',
    at: ist('2024-09-01T12:45'),
    by: desk,
    to: 'reporter',
    reportId: 'r1',
    letterId: 'l1',
  },
  {
    type: 'DeadlineMissed',
    at: at('2024-09-01T17:49:01Z'),
    by: desk,
    clock: 'revocation',
    matterId: 'm1',
    reportId: null,
    dueAt: received.add({ hours: 24 }),
    missing: 4,
  },
  { type: 'IncidentOpened', at: ist('2024-09-02T09:40'), by: person, because: 'customer silent' },
  { type: 'RevocationAuthorized', at: ist('2024-09-02T10:10'), ...m, because: 'The subscriber agrees.' },
  { type: 'RevocationAttempted', at: ist('2024-09-02T10:23'), ...m, batchId: 'b', count: 4, digest: 'd' },
  { type: 'RevocationAccepted', at: ist('2024-09-02T10:23'), ...m, batchId: 'b', count: 4, already: 0 },
  {
    type: 'RevocationPublished',
    at: ist('2024-09-02T10:24'),
    ...m,
    count: 4,
    digest: 'd',
    seen: 'CRL 7, OCSP revoked',
  },
];

const facts = incidentFacts({
  current: replay(caseId, seed)!,
  events: seed,
  caOwner: { name: 'Example Trust', ccadbId: 'A000123' },
  certificates: [],
  certificateTypes: ['DV'],
});
const text = draftReport(facts);

describe('the report drafted from the case that started it', () => {
  it('starts the clock at 17:49 UTC, the violation a day later, and ends it when relying parties could see it', () => {
    expect(facts.startAt?.toString()).toBe('2024-09-01T17:49:00Z');
    expect(facts.identifiedAt?.toString()).toBe('2024-09-02T04:10:00Z');
    expect(facts.endAt?.toString()).toBe('2024-09-02T04:54:00Z');
    expect(facts.certificatesTotal).toBe(4);
    expect(facts.certificatesRemainingValid).toBe(0);
    expect(facts.revocationDelay).toBe(true);
    expect(facts.title).toBe('Delayed revocation of 4 certificates');
    expect(text).toContain('not published within 24 hours of receipt of the certificate problem report');
  });

  it('names the 11 h 11 min in which nobody recognised the report', () => {
    expect(facts.factors.map((f) => f.title)).toContain('The report was not recognised at once');
    expect(text).toContain('it took 11 h 11 min');
    expect(text).toContain('From 2024-08-31 17:49 UTC to 2024-09-01 05:00 UTC.');
  });

  it('names no person, no address and no subscriber', () => {
    expect(text).not.toMatch(/asha|rao@|keywatch|SUB-1|customer silent/i);
  });

  it('leaves to people what only people know, and nothing else is wrong with it', () => {
    const { errors } = lintReport(text, { now: at('2024-09-03T00:00:00Z'), templateVersion: '3.2' });
    const other = errors.filter((f) => !f.message.startsWith('Still open') && f.rule !== 'IR12');
    expect(other.map((f) => `${f.rule} ${f.message}`)).toEqual([
      'IR14 No Action Item answers Contributing Factor 1.',
      'IR14 No Action Item answers Contributing Factor 2.',
      'IR14 No Action Item answers Contributing Factor 3.',
      'IR15 No Action Item works against delay in future.',
    ]);
  });

  it('tells its timeline in order and in UTC', () => {
    const entries = readTimeline(sectionOf(readReport(text), 'Timeline')).entries;
    expect(entries.length).toBeGreaterThan(8);
    for (const entry of entries) expect(entry.zone.is).toBe('utc');
    const instants = entries.map((e) => e.at?.epochMilliseconds ?? 0);
    expect(instants).toEqual(instants.toSorted((a, b) => a - b));
  });
});

it('a report that nobody answered is an incident of its own kind', () => {
  const dueAt = received.add({ hours: 24 });
  const events: Event[] = [
    seed[0]!,
    {
      type: 'DeadlineMissed',
      at: dueAt,
      by: desk,
      clock: 'preliminary-report',
      matterId: null,
      reportId: 'r1',
      dueAt,
      missing: 1,
    },
  ];
  const silent = incidentFacts({
    current: replay(caseId, events)!,
    events,
    caOwner: { name: 'Example Trust', ccadbId: null },
    certificates: [],
    certificateTypes: [],
  });
  expect(silent.title).toBe('Preliminary report not given within 24 hours');
  expect(silent.revocationDelay).toBe(false);
  expect(silent.policies).toEqual([{ document: 'TLS BR', version: '2.2.6', section: '4.9.5' }]);
});

it('a thousand publications of a mass revocation are one entry with their sum', () => {
  const many = Array.from(
    { length: 1_000 },
    (_, n): Event => ({
      type: 'RevocationPublished',
      at: received.add({ minutes: n }),
      ...m,
      count: 83,
      digest: String(n),
      seen: 'CRL',
    }),
  );
  const events = [...seed.slice(0, 4), ...many];
  const { timeline } = incidentFacts({
    current: replay(caseId, events)!,
    events,
    caOwner: { name: 'Example Trust', ccadbId: null },
    certificates: [],
    certificateTypes: [],
  });
  const published = timeline.filter((e) => e.kind === 'revocation-completed');
  expect(published).toHaveLength(1);
  expect(published[0]?.text).toContain('83000 certificates');
});
