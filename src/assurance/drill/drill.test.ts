import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { at } from '../../foundation/time/time.ts';
import { byTeam, type DrillRun, drillsDue, scoreboard } from './competency.ts';
import { type AuditedMessage, auditResult, type BlindLabel, sample, wilson } from './routing-audit.ts';

const message = (n: number, more: Partial<AuditedMessage> = {}): AuditedMessage => ({
  messageId: `m${n}`,
  queue: 'support',
  language: 'en',
  verdict: 'file',
  ...more,
});

describe('the sample of the routing audit', () => {
  const many = Array.from({ length: 1_000 }, (_, n) =>
    message(n, { queue: n < 5 ? 'sales' : 'support', language: n % 100 === 99 ? 'hi' : 'en' }),
  );

  it('is the same for the same seed and another for another', () => {
    expect(sample(many, 50, '2026-Q3')).toEqual(sample(many.toReversed(), 50, '2026-Q3'));
    expect(sample(many, 50, '2026-Q3')).not.toEqual(sample(many, 50, '2026-Q4'));
  });

  it('has the size asked for, no message twice, and forgets no small queue and no rare language', () => {
    fc.assert(
      fc.property(fc.integer({ min: 3, max: 1_200 }), fc.string(), (size, seed) => {
        const drawn = sample(many, size, seed);
        expect(drawn).toHaveLength(Math.min(size, 1_000));
        expect(new Set(drawn.map((m) => m.messageId)).size).toBe(drawn.length);
        expect(new Set(drawn.map((m) => `${m.queue} ${m.language}`)).size).toBe(3);
      }),
    );
    expect(sample([], 10, 's')).toEqual([]);
  });
});

describe('the result of the routing audit', () => {
  const two = (messageId: string, first: BlindLabel['label'], second = first): BlindLabel[] => [
    { messageId, person: 'asha', label: first },
    { messageId, person: 'ben', label: second },
  ];
  const messages = [
    message(1, { verdict: 'open-case' }),
    message(2, { verdict: 'human-review' }),
    message(3),
    message(4),
    message(5),
  ];

  it('counts a filed report as a miss, with recall and its interval', () => {
    const result = auditResult(messages, [
      ...two('m1', 'key-compromise'),
      ...two('m2', 'misuse'),
      ...two('m3', 'key-compromise'),
      ...two('m4', 'not-a-report'),
    ]);
    expect(result.misses).toEqual(['m3']);
    expect(result.recall).toMatchObject({ share: 2 / 3, of: 3 });
    expect(result.confusion['key-compromise']).toEqual({ 'open-case': 1, 'human-review': 0, file: 1 });
    expect(result.kappa).toBe(1);
    expect(result.labelled).toBe(4);
  });

  it('leaves out what two people see differently, until a third has decided', () => {
    const labels = two('m3', 'key-compromise', 'not-a-report');
    expect(auditResult(messages, labels)).toMatchObject({ disputed: ['m3'], recall: null, misses: [] });
    const decided = auditResult(messages, labels, new Map([['m3', 'key-compromise']]));
    expect(decided).toMatchObject({ disputed: [], misses: ['m3'] });
  });

  it('counts no message that only one person labelled, and no person twice', () => {
    const same: BlindLabel[] = [
      { messageId: 'm1', person: 'asha', label: 'misuse' },
      { messageId: 'm1', person: 'asha', label: 'misuse' },
    ];
    expect(auditResult(messages, same).labelled).toBe(0);
  });

  it('says how little a small sample proves', () => {
    const none = wilson(30, 30);
    expect(none.share).toBe(1);
    expect(none.low).toBeCloseTo(0.8865, 3);
    expect(wilson(0, 10).low).toBe(0);
    fc.assert(
      fc.property(fc.nat(500), fc.integer({ min: 1, max: 500 }), (hits, of) => {
        const p = wilson(Math.min(hits, of), of);
        expect(p.low).toBeLessThanOrEqual(p.share + 1e-12);
        expect(p.high).toBeGreaterThanOrEqual(p.share - 1e-12);
      }),
    );
  });
});

const start = at('2026-08-01T00:00:00Z');
const run = (more: Partial<DrillRun> = {}): DrillRun => ({
  drillId: 'd1',
  team: 'pki-support',
  person: null,
  trueLabel: 'key-compromise',
  injectedAt: start,
  recognisedAt: start.add({ minutes: 2 }),
  routedAt: start.add({ minutes: 3 }),
  takenAt: start.add({ minutes: 10 }),
  decidedAt: start.add({ minutes: 30 }),
  decidedLabel: 'key-compromise',
  ...more,
});

describe('a drill', () => {
  it('measures each phase from injection, and counts what never happened', () => {
    const board = scoreboard([run(), run({ recognisedAt: start.add({ minutes: 8 }) }), run({ recognisedAt: null })]);
    expect(board.phases[0]).toEqual({
      phase: 'recognised',
      reached: 2,
      never: 1,
      medianSeconds: 300,
      slowestSeconds: 480,
      withinTarget: 1,
    });
  });

  it('names the mistake that costs: a report taken for none', () => {
    const board = scoreboard([run(), run({ drillId: 'd2', decidedLabel: 'not-a-report' })]);
    expect(board.underestimated).toEqual(['d2']);
    expect(board.rightLabel).toBe(1);
  });

  it('is shown by team', () => {
    expect([...byTeam([run(), run({ team: 'compliance' })]).keys()]).toEqual(['compliance', 'pki-support']);
  });

  it('is due by its plan; what was never done is due now', () => {
    const due = drillsDue([{ kind: 'mass-revocation', at: at('2025-07-01T00:00:00Z') }], start);
    expect(due.filter((d) => d.dueAt === null).map((d) => d.kind)).toEqual(['report', 'contact', 'handover']);
    expect(due.find((d) => d.kind === 'mass-revocation')).toMatchObject({
      overdue: true,
      dueAt: at('2026-07-01T00:00:00Z'),
    });
    const fresh = drillsDue([{ kind: 'mass-revocation', at: at('2026-07-01T00:00:00Z') }], start);
    expect(fresh.find((d) => d.kind === 'mass-revocation')?.overdue).toBe(false);
  });
});
