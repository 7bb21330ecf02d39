import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  aMatter,
  anItem,
  aPolicy,
  aReceive,
  aReport,
  aReporter,
  aTriage,
  at,
  decided,
  firstMatter,
  received,
  refusalOf,
} from '../../test/support/desk-builders.ts';
import { hours, type Instant, isBefore } from '../foundation/time/time.ts';
import type { Action } from './actions.ts';
import { type Case, stageOf } from './case.ts';
import type { Event } from './events.ts';
import { plan, revocableNow } from './plan.ts';
import { questions } from './questions.ts';

const names = (actions: readonly Action[]) => actions.map((a) => a.do);
const record = (current: Case, now: Instant, ...events: Event[]) => decided(current, { do: 'record', events }, now);

/** Performs what the plan says as a world in which everything works at once. */
function perform(current: Case, now: Instant): Case {
  let state = current;
  for (let i = 0; i < 40; i++) {
    const { actions } = plan(state, aPolicy, now);
    if (actions.length === 0) return state;
    state = record(state, now, ...actions.flatMap((a) => outcome(state, a, now)));
  }
  throw new Error('the plan never comes to rest');
}

function outcome(current: Case, action: Action, now: Instant): Event[] {
  const base = { at: now, by: 'desk' } as const;
  switch (action.do) {
    case 'route':
      return [{ type: 'CaseRouted', ...base, team: action.team, because: action.because }];
    case 'page':
      return [{ type: 'StaffPaged', ...base, step: action.step, team: action.team, accepted: true }];
    case 'acknowledge':
      return [{ type: 'ReporterAcknowledged', ...base, reportId: action.reportId, letterId: 'l', language: 'en' }];
    case 'search-again':
      return [
        {
          type: 'CertificatesSearched',
          ...base,
          ...{ reportId: action.reportId, keys: 1, found: 0, searchAgainAt: null },
          reach: { indexed: 4, issued: 4, untilAt: now },
        },
      ];
    case 'look-for-evidence':
      return [
        {
          type: 'EvidenceLooked',
          ...base,
          reportId: action.reportId,
          found: false,
          seen: '404',
          captures: [],
          lookAgainAt: null,
        },
      ];
    case 'block-keys':
      return [{ type: 'KeyBlocked', ...base, matterId: action.matterId, keys: [] }];
    case 'advise-renewal':
      return [{ type: 'RenewalAdvised', ...base, matterId: action.matterId, windowEndAt: now }];
    case 'contact-subscribers':
      return [
        { type: 'SubscriberContacted', ...base, matterId: action.matterId, step: action.step, sent: 1, failed: 0 },
        ...(action.step === 'notice'
          ? [
              {
                type: 'PreliminaryReportSent',
                ...base,
                to: 'subscriber',
                matterId: action.matterId,
                sent: 1,
                failed: 0,
              } as const,
            ]
          : []),
      ];
    case 'report-to-reporter':
      return [{ type: 'PreliminaryReportSent', ...base, to: 'reporter', reportId: action.reportId, letterId: 'l' }];
    case 'decline':
      return [{ type: 'RequestDeclined', ...base, reportId: action.reportId, asked: 'more-time', because: 'no' }];
    case 'authorize':
      return [{ type: 'RevocationAuthorized', ...base, matterId: action.matterId, because: action.because }];
    case 'revoke': {
      const matter = firstMatter(current);
      const count = revocableNow(matter, now);
      return [
        { type: 'RevocationAttempted', ...base, matterId: action.matterId, batchId: 'b', count, digest: 'd' },
        { type: 'RevocationAccepted', ...base, matterId: action.matterId, batchId: 'b', count, already: 0 },
      ];
    }
    case 'probe': {
      const matter = firstMatter(current);
      return [
        {
          type: 'RevocationPublished',
          ...base,
          matterId: action.matterId,
          count: matter.accepted - matter.published,
          digest: 'd',
          seen: 'crl 7',
        },
      ];
    }
    case 'release-hold':
      return [
        {
          type: 'HoldReleased',
          ...base,
          matterId: action.matterId,
          holdId: action.holdId,
          count: 1,
          people: [],
          because: 'lapsed',
        },
      ];
    case 'finish-with-subscribers':
      return [{ type: 'FinalReportSent', ...base, to: 'subscriber', matterId: action.matterId, sent: 1, failed: 0 }];
    case 'finish-with-reporter':
      return [{ type: 'FinalReportSent', ...base, to: 'reporter', reportId: action.reportId, letterId: 'l' }];
    case 'alarm':
      return [
        {
          type: 'AlarmRaised',
          ...base,
          matterId: action.matterId,
          component: action.component,
          because: action.because,
        },
      ];
    case 'open-incident':
      return [{ type: 'IncidentOpened', ...base, because: action.because }];
    case 'miss-deadline':
      return [
        {
          type: 'DeadlineMissed',
          ...base,
          clock: action.clock,
          matterId: action.matterId,
          reportId: action.reportId,
          dueAt: action.dueAt,
          missing: action.missing,
        },
      ];
    case 'close':
      return [{ type: 'CaseClosed', ...base, because: action.because }];
  }
}

describe('the order on a proven key compromise', () => {
  it('blocks the key, steers ACME clients and tells everybody before anything is revoked', () => {
    const { actions, wakeAt } = plan(decided(null, aReceive()), aPolicy, received);
    expect(names(actions)).toEqual([
      'route',
      'page',
      'acknowledge',
      'report-to-reporter',
      'block-keys',
      'advise-renewal',
      'contact-subscribers',
    ]);
    // First the second look for certificates with the key, once it is blocked; the cut-off comes after that.
    expect(wakeAt?.toString()).toBe('2024-08-31T17:50:00Z');
  });

  it('revokes at the cut-off although nobody answered, and closes when relying parties see it', () => {
    const waiting = perform(decided(null, aReceive()), received);
    expect(firstMatter(waiting).authorizedAt).toBeNull();
    const done = perform(waiting, received.add(hours(6)));
    expect(firstMatter(done).published).toBe(4);
    expect(stageOf(done)).toBe('closed');
    expect(done.incidentAt).toBeNull();
  });

  it('goes at once when the subscriber agrees', () => {
    const told = perform(decided(null, aReceive()), received);
    const agreed = decided(
      told,
      { do: 'answer', matterId: 'm1', reportId: null, subscriber: 'SUB-1', answer: 'agrees' },
      received.add(hours(1)),
    );
    expect(firstMatter(perform(agreed, received.add(hours(1)))).published).toBe(4);
  });

  it('an answer that pleads for time changes nothing about the cut-off (promise 4)', () => {
    const told = perform(decided(null, aReceive()), received);
    const pleaded = decided(
      told,
      { do: 'answer', matterId: 'm1', reportId: null, subscriber: 'SUB-1', answer: 'asks-more-time' },
      received.add(hours(1)),
    );
    expect(firstMatter(perform(pleaded, received.add(hours(6)))).published).toBe(4);
  });

  it('opens the incident before the limit passes and marks the case late after it, when the CA does not act', () => {
    const waiting = perform(decided(null, aReceive()), received);
    const risky = plan(waiting, aPolicy, received.add(hours(22))).actions;
    expect(names(risky)).toContain('open-incident');
    expect(names(risky)).not.toContain('miss-deadline');
    expect(names(plan(waiting, aPolicy, received.add(hours(24))).actions)).not.toContain('miss-deadline');
    expect(names(plan(waiting, aPolicy, received.add(hours(24)).add({ seconds: 1 })).actions)).toContain(
      'miss-deadline',
    );
  });
});

describe('the clock', () => {
  it('a later report never moves the start', () => {
    const opened = decided(null, aReceive());
    const joined = decided(
      opened,
      aReceive({
        report: aReport({ reportId: 'r2', receivedAt: received.add(hours(3)) }),
        matters: [],
        touches: ['m1'],
        joins: 'same key',
      }),
    );
    expect(firstMatter(joined).startAt.toString()).toBe('2024-08-31T17:49:00Z');
  });

  it('an earlier receipt found later moves it earlier', () => {
    const opened = decided(null, aReceive());
    const joined = decided(
      opened,
      aReceive({
        report: aReport({ reportId: 'r2', receivedAt: at('2024-08-30T10:00:00Z') }),
        matters: [],
        touches: ['m1'],
        joins: 'same key',
      }),
    );
    expect(firstMatter(joined).dueAt?.toString()).toBe('2024-08-31T10:00:00Z');
  });

  it('no sequence of marks and reports moves a start later (promise 2)', () => {
    const offset = fc.integer({ min: -100_000, max: 100_000 });
    fc.assert(
      fc.property(fc.array(fc.record({ offset, trusted: fc.boolean() }), { maxLength: 12 }), (marks) => {
        let current = decided(null, aReceive());
        marks.forEach(({ offset: s, trusted }, i) => {
          const before = firstMatter(current).startAt;
          const receivedAt = received.add({ seconds: s });
          const report = aReport({
            reportId: `x${i}`,
            marks: [
              { source: 'own-acceptance', at: received.add({ seconds: 200_000 }), trusted: true, detail: '' },
              { source: 'date-header', at: receivedAt, trusted, detail: '' },
            ],
          });
          current = decided(current, aReceive({ report, matters: [], touches: ['m1'], joins: 'same certificates' }));
          expect(isBefore(before, firstMatter(current).startAt)).toBe(false);
        });
      }),
    );
  });

  it('staff may say that the CA knew earlier, and never that it knew later', () => {
    const opened = decided(null, aReceive());
    const mark = { source: 'staff-first-heard', trusted: false, detail: 'call log' } as const;
    const earlier = decided(opened, {
      do: 'first-known',
      reportId: 'r1',
      because: 'call',
      mark: { ...mark, at: received.subtract(hours(2)) },
    });
    expect(firstMatter(earlier).startAt.toString()).toBe('2024-08-31T15:49:00Z');
    expect(
      refusalOf(opened, {
        do: 'first-known',
        reportId: 'r1',
        because: 'x',
        mark: { ...mark, at: received.add(hours(2)) },
      }).code,
    ).toBe('clock_only_earlier');
  });
});

describe('authority (promise 6)', () => {
  it('a bare claim revokes nothing, however long nobody looks', () => {
    const claim = decided(
      null,
      aReceive({ evidence: [], matters: [aMatter({ basis: 'claim', verdict: 'claim-only' })] }),
    );
    let current = claim;
    for (let h = 0; h <= 200; h++) current = perform(current, received.add(hours(h)));
    expect(firstMatter(current).attemptedAt).toBeNull();
    expect(refusalOf(claim, { do: 'approve', matterId: 'm1', person: 'a', because: '' }).code).toBe('no_proof');
    expect(current.reports[0]?.preliminaryAt).not.toBeNull();
  });

  it('our own finding needs a named person, and then goes ahead', () => {
    const found = decided(
      null,
      aReceive({
        triage: aTriage({ label: 'misissuance' }),
        evidence: [],
        matters: [aMatter({ label: 'misissuance', basis: 'records', verdict: null })],
      }),
    );
    expect(questions(found, aPolicy).map((q) => q.ask)).toContain('approve-revocation');
    expect(firstMatter(perform(found, received.add(hours(6)))).attemptedAt).toBeNull();
    const approved = decided(found, { do: 'approve', matterId: 'm1', person: 'a', because: 'checked' });
    expect(firstMatter(perform(approved, received.add(hours(6)))).published).toBe(4);
  });

  it('an order without authority is a bug that stops before it is history', () => {
    const opened = decided(null, aReceive());
    const attempt = {
      type: 'RevocationAttempted',
      at: received,
      by: 'desk',
      matterId: 'm1',
      batchId: 'b',
      count: 4,
      digest: 'd',
    } as const;
    expect(() => record(opened, received, attempt)).toThrow(/promise 6/);
  });

  it('a proven key cannot be dismissed by a click', () => {
    expect(refusalOf(decided(null, aReceive()), { do: 'dismiss', reportId: 'r1', because: 'spam' }).code).toBe(
      'evidence_is_proven',
    );
  });

  it('refuted evidence is kept with its verdict and makes no matter', () => {
    const current = decided(null, aReceive({ evidence: [anItem({ verdict: 'refuted', matches: [] })], matters: [] }));
    expect(current.reports[0]?.evidence[0]?.verdict).toBe('refuted');
    expect(current.matters).toHaveLength(0);
  });
});

describe('holds', () => {
  const held = () => {
    const told = perform(decided(null, aReceive()), received);
    return decided(told, {
      do: 'hold',
      matterId: 'm1',
      holdId: 'h1',
      count: 1,
      digest: 'd',
      untilAt: received.add(hours(170)),
      basis: 'court order',
      people: ['a', 'b'],
      because: 'order',
    });
  };

  it('a hold needs two people and a document, and covers no more than is left', () => {
    const opened = decided(null, aReceive());
    const base = {
      do: 'hold',
      matterId: 'm1',
      holdId: 'h',
      count: 1,
      digest: '',
      untilAt: received,
      basis: 'court',
      people: ['a', 'b'],
      because: '',
    } as const;
    expect(refusalOf(opened, { ...base, people: ['a', 'a'] }).code).toBe('two_people');
    expect(refusalOf(opened, { ...base, basis: ' ' }).code).toBe('basis_missing');
    expect(refusalOf(opened, { ...base, count: 5 }).code).toBe('hold_too_wide');
  });

  it('moves no deadline, and the order is re-armed on the second it lapses', () => {
    expect(firstMatter(held()).dueAt?.toString()).toBe('2024-09-01T17:49:00Z');
    const later = perform(held(), received.add(hours(23)));
    expect(names(plan(later, aPolicy, received.add(hours(170))).actions)).toContain('release-hold');
  });

  it('a schedule cannot reach past the limit', () => {
    const opened = decided(null, aReceive());
    const command = {
      do: 'schedule',
      matterId: 'm1',
      count: 1,
      digest: '',
      people: ['a'],
      because: '',
      notBeforeAt: received.add(hours(24)),
    } as const;
    expect(refusalOf(opened, command).code).toBe('beyond_the_limit');
  });
});

describe('people and letters', () => {
  it('a message that only a person can judge is a question with a page, and is never dropped', () => {
    const current = decided(
      null,
      aReceive({
        triage: aTriage({ action: 'human-review', label: 'other-problem', score: 0.4 }),
        evidence: [],
        matters: [],
      }),
    );
    expect(stageOf(current)).toBe('review');
    expect(questions(current, aPolicy)).toMatchObject([{ ask: 'is-it-a-report', proposal: null }]);
    expect(names(plan(current, aPolicy, received).actions)).toContain('page');
    expect(plan(perform(current, received), aPolicy, received.add(hours(1))).actions.some((a) => a.do === 'page')).toBe(
      true,
    );
  });

  it('an automatic sender gets no acknowledgement but keeps its case and its report with findings (RFC 3834)', () => {
    const reporter = aReporter({ mayAutoReply: false });
    const done = perform(decided(null, aReceive({ report: aReport({ reporter }) })), received);
    expect(done.reports[0]?.acknowledgedAt).toBeNull();
    expect(done.reports[0]?.preliminaryAt).not.toBeNull();
  });

  it('the preliminary report never waits longer than twenty hours for a person', () => {
    const claim = decided(null, aReceive({ evidence: [], matters: [aMatter({ basis: 'records', verdict: null })] }));
    expect(names(plan(claim, aPolicy, received).actions)).not.toContain('report-to-reporter');
    expect(names(plan(claim, aPolicy, received.add(hours(20))).actions)).toContain('report-to-reporter');
  });

  it('a plea for more time is refused in writing', () => {
    const current = decided(null, aReceive({ report: aReport({ asksFor: 'more-time' }) }));
    expect(names(plan(current, aPolicy, received).actions)).toContain('decline');
  });
});

describe('planning', () => {
  it('is idempotent: what is done is not planned again', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 40 }), (h) => {
        const rest = perform(decided(null, aReceive()), received.add(hours(h)));
        expect(plan(rest, aPolicy, received.add(hours(h))).actions).toEqual([]);
      }),
    );
  });

  it('always wakes before anything it owes: no gap in which a limit could pass unseen', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 1, max: 6 * 3600 }), { maxLength: 20 }), (steps) => {
        let now = received;
        let current = perform(decided(null, aReceive()), now);
        for (const step of steps) {
          const { wakeAt } = plan(current, aPolicy, now);
          if (wakeAt === null) break;
          expect(isBefore(now, wakeAt)).toBe(true);
          now = isBefore(wakeAt, now.add({ seconds: step })) ? wakeAt : now.add({ seconds: step });
          current = perform(current, now);
        }
        const matter = firstMatter(current);
        if (!isBefore(now, received.add(hours(6)))) expect(matter.published).toBe(4);
      }),
    );
  });
});
