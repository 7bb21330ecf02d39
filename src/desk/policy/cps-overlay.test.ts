import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { at } from '../../foundation/time/time.ts';
import {
  actFor,
  approvalActs,
  type CpsOverlay,
  checkOverlay,
  defaultPolicy,
  limitUnder,
  policyOf,
  ruleUnder,
} from './cps-overlay.ts';
import { dutiesInForce, rulesInForce } from './in-force.ts';
import { ladderNames, type Step, stepsFor } from './ladder.ts';

const rows = [...rulesInForce(at('2026-08-01T00:00:00Z')), ...dutiesInForce(at('2026-08-01T00:00:00Z'))];
const cps = { document: 'Example CPS', version: '4.2' };
const overlay = (rest: Partial<CpsOverlay>): CpsOverlay => ({ ...cps, ...rest });
const accepted = (o: CpsOverlay) => {
  const result = policyOf(o);
  if (!result.ok) throw new Error(result.problems.map((p) => `${p.path}: ${p.message}`).join('; '));
  return result.policy;
};

const anyOverlay: fc.Arbitrary<CpsOverlay> = fc.record({
  document: fc.constant('CPS'),
  version: fc.constant('1'),
  limits: fc.dictionary(
    fc.constantFrom(...rows.map((r) => r.id), 'NO-SUCH'),
    fc.integer({ min: -10, max: 3_000_000 }),
    { maxKeys: 6 },
  ),
  publishMarginSeconds: fc.integer({ min: -1, max: 100_000 }),
  silenceSeconds: fc.integer({ min: -1, max: 50_000 }),
  approvals: fc.dictionary(fc.constantFrom(...approvalActs, 'nonsense'), fc.integer({ min: -1, max: 3 }), {
    maxKeys: 4,
  }),
});

describe('the operator’s overlay', () => {
  it('never lengthens anything, whatever an operator writes', () => {
    fc.assert(
      fc.property(anyOverlay, (written) => {
        const result = policyOf(written);
        if (!result.ok) return;
        for (const row of rows) {
          const limit = limitUnder(result.policy, row);
          if (row.limitSeconds === null) expect(limit).toBeNull();
          else expect(limit).toBeLessThanOrEqual(row.limitSeconds);
        }
        expect(result.policy.silenceSeconds).toBeLessThanOrEqual(defaultPolicy.silenceSeconds);
        for (const act of approvalActs) {
          expect(result.policy.approvals[act]).toBeGreaterThanOrEqual(defaultPolicy.approvals[act]);
        }
      }),
      { numRuns: 500 },
    );
  });

  it('never lengthens a rule even where bad data got past the check', () => {
    const rule = rows.find((r) => r.id === 'TLS-03')!;
    expect(limitUnder({ ...defaultPolicy, limits: { 'TLS-03': 999_999 } }, rule)).toBe(86_400);
  });

  it('shortens a rule and says so in the citation', () => {
    const rule = rulesInForce(at('2026-08-01T00:00:00Z')).find((r) => r.id === 'TLS-07')!;
    const shorter = ruleUnder(accepted(overlay({ limits: { 'TLS-07': 172_800 } })), rule);
    expect(shorter.limitSeconds).toBe(172_800);
    expect(shorter.softLimitSeconds).toBe(86_400);
    expect(shorter.section).toContain('Example CPS 4.2');
    expect(ruleUnder(accepted(overlay({ limits: { 'TLS-07': 3600 } })), rule).softLimitSeconds).toBeNull();
  });

  it.each([
    [{ limits: { 'TLS-03': 86_401 } }, 'limits.TLS-03', 'may only shorten'],
    [{ limits: { 'TLS-99': 60 } }, 'limits.TLS-99', 'There is no rule'],
    [{ limits: { LOG_RETENTION: 60 } }, 'limits.LOG_RETENTION', 'minimum'],
    [{ limits: { 'TLS-SL': 60 } }, 'limits.TLS-SL', 'sets no limit'],
    [{ limits: { 'TLS-03': 0 } }, 'limits.TLS-03', 'whole number'],
    [{ silenceSeconds: 21_601 }, 'silenceSeconds', 'may only shorten'],
    [{ publishMarginSeconds: 60 }, 'publishMarginSeconds', 'reserved for publication'],
    [{ approvals: { 'place-hold': 1 } }, 'approvals.place-hold', 'at least 2'],
    [{ approvals: { 'longer-limit': 0 } }, 'approvals.longer-limit', 'at least 2'],
    [{ approvals: { constructor: 1 } }, 'approvals.constructor', 'There is no act'],
  ] as const)('refuses %j and says where and why', (bad, path, words) => {
    const problems = checkOverlay(overlay(bad as Partial<CpsOverlay>));
    expect(problems).toHaveLength(1);
    expect(problems[0]?.path).toBe(path);
    expect(problems[0]?.message).toContain(words);
    expect(policyOf(overlay(bad as Partial<CpsOverlay>)).ok).toBe(false);
  });

  it.each([
    [null, ''],
    [{ ...cps, silence: 5 }, 'silence'],
    [{ version: '1' }, 'document'],
    [{ ...cps, silenceSeconds: 'six hours' }, 'silenceSeconds'],
    [{ ...cps, limits: { 'TLS-03': '1 h' } }, 'limits.TLS-03'],
    [{ ...cps, limits: [1] }, 'limits'],
    [{ ...cps, ladders: { '24-hours': 'soon' } }, 'ladders.24-hours'],
    [{ ...cps, ladders: { '24-hours': [{ id: 'x' }] } }, 'ladders.24-hours[0].says'],
  ])('says where %j is no overlay at all', (written, path) => {
    const problems = checkOverlay(written);
    expect(problems[0]?.path).toBe(path);
    expect(problems[0]?.message).not.toBe('');
  });

  it('never throws, whatever a configuration file holds', () => {
    fc.assert(
      fc.property(fc.anything(), fc.anything(), fc.anything(), (limits, approvals, ladders) => {
        expect(Array.isArray(checkOverlay({ ...cps, limits, approvals, ladders }))).toBe(true);
      }),
    );
  });

  it('may bring every ladder forward, and may delay or drop no step of any', () => {
    const start = at('2026-08-01T00:00:00Z');
    const due = at('2026-08-02T00:00:00Z');
    for (const name of ladderNames) {
      const usual = defaultPolicy.ladders[name];
      const sooner = usual.map((s) => ({ ...s, offsetSeconds: s.anchor === 'start' ? 0 : s.offsetSeconds + 60 }));
      const policy = accepted(overlay({ ladders: { [name]: sooner } }));
      expect(stepsFor(policy.ladders[name], start, due)[0]?.at.toString()).toBe(start.toString());
      usual.forEach((step, index) => {
        const delayed = usual.with(index, {
          ...step,
          offsetSeconds: step.anchor === 'start' ? step.offsetSeconds + 1 : step.offsetSeconds - 1,
        });
        expect(checkOverlay(overlay({ ladders: { [name]: delayed } })).length, `${name} ${step.id}`).toBeGreaterThan(0);
        expect(checkOverlay(overlay({ ladders: { [name]: usual.toSpliced(index, 1) } })).length).toBeGreaterThan(0);
        const softer: Step = { ...step, skipWhen: [...step.skipWhen, 'taken', 'answered'] };
        if (step.skipWhen.length < 2) {
          expect(checkOverlay(overlay({ ladders: { [name]: usual.with(index, softer) } })).length).toBeGreaterThan(0);
        }
      });
    }
  });
});

describe('authority to revoke', () => {
  it('comes from proof without a person, from records with one, and from a bare claim never', () => {
    expect(actFor({ basis: 'proof', verdict: 'proven-key' })).toBe('revoke-proven-compromise');
    expect(actFor({ basis: 'proof', verdict: 'computable' })).toBe('revoke-proven-compromise');
    expect(actFor({ basis: 'proof', verdict: 'possession-only' })).toBe('no-authority');
    expect(actFor({ basis: 'proof', verdict: 'refuted' })).toBe('no-authority');
    expect(actFor({ basis: 'records', verdict: null })).toBe('revoke-on-records');
    expect(actFor({ basis: 'claim', verdict: 'claim-only' })).toBe('no-authority');
    expect(defaultPolicy.approvals['revoke-proven-compromise']).toBe(0);
    expect(defaultPolicy.approvals['revoke-on-own-request']).toBe(0);
    expect(defaultPolicy.approvals['place-hold']).toBe(2);
    expect(defaultPolicy.approvals['longer-limit']).toBe(2);
  });
});
