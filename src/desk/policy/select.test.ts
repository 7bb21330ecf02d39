import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { at } from '../../foundation/time/time.ts';
import { labels, type Profile, reasonCodes } from '../facts.ts';
import { rulesInForce } from './in-force.ts';
import { hour } from './rule.ts';
import { dueAt, type Question, reportDutyFor, ruleFor, selectRule } from './select.ts';

const now = at('2026-08-01T00:00:00Z');
const profiles: readonly Profile[] = ['tls', 'smime', 'code-signing', 'sub-ca'];
const ask = (question: Partial<Question> & Pick<Question, 'label'>) =>
  ruleFor({ trigger: null, profile: 'tls', at: now, ...question });

const anyQuestion: fc.Arbitrary<Question> = fc.record(
  {
    label: fc.constantFrom(...labels.filter((l) => l !== 'not-a-report')),
    trigger: fc.oneof(fc.constant(null), fc.subarray(rulesInForce(now).map((r) => r.id)), fc.string()),
    profile: fc.constantFrom(...profiles),
    at: fc.integer({ min: 0, max: 4_000_000_000 }).map((s) => Temporal.Instant.fromEpochMilliseconds(s * 1000)),
    reporterKind: fc.constantFrom('third-party', 'subscriber', 'staff', 'root-program'),
  },
  { requiredKeys: ['label', 'trigger', 'profile', 'at'] },
);

describe('the rule that governs', () => {
  it.each([
    ['key-compromise', null, 'TLS-03', 24, 'keyCompromise'],
    ['key-compromise', 'TLS-04', 'TLS-04', 24, 'keyCompromise'],
    ['weak-key', null, 'TLS-04', 24, 'keyCompromise'],
    ['weak-key', 'TLS-06', 'TLS-06', 120, 'superseded'],
    ['misissuance', null, 'TLS-12', 120, 'superseded'],
    ['misissuance', 'TLS-05', 'TLS-05', 24, 'superseded'],
    ['domain-control', null, 'TLS-05', 24, 'superseded'],
    ['domain-control', 'TLS-09', 'TLS-09', 120, 'cessationOfOperation'],
    ['misuse', null, 'TLS-07', 120, 'privilegeWithdrawn'],
    ['misuse', 'TLS-10', 'TLS-10', 120, 'privilegeWithdrawn'],
    ['subscriber-request', null, 'TLS-01', 24, null],
    ['subscriber-request', 'TLS-02', 'TLS-02', 24, 'privilegeWithdrawn'],
    ['wrong-information', null, 'TLS-13', 120, 'privilegeWithdrawn'],
    ['ca-noncompliance', null, 'TLS-12', 120, 'superseded'],
    ['other-problem', null, 'TLS-00', 24, null],
  ] as const)('for %s with trigger %s is %s: %i hours, %s', (label, trigger, id, limitHours, reason) => {
    const rule = ask({ label, trigger });
    expect(rule.id).toBe(id);
    expect(rule.limitSeconds).toBe(limitHours * hour);
    expect(rule.reason).toBe(reason);
  });

  it('for conduct of the CA without a subscriber certificate sets no revocation limit', () => {
    const rule = ask({ label: 'ca-noncompliance', concernsCertificate: false });
    expect(rule.limitSeconds).toBeNull();
    expect(rule.revocationDuty).toBe('none');
  });

  it('for a key exposed by a method keeps 24 hours until two different people have signed', () => {
    const question = { label: 'key-compromise', trigger: 'TLS-16' } as const;
    expect(ask(question).limitSeconds).toBe(24 * hour);
    expect(ask({ ...question, longerLimitSignedBy: ['asha'] }).limitSeconds).toBe(24 * hour);
    expect(ask({ ...question, longerLimitSignedBy: ['asha', 'asha'] }).limitSeconds).toBe(24 * hour);
    const signed = ask({ ...question, longerLimitSignedBy: ['asha', 'ben'] });
    expect(signed.limitSeconds).toBe(120 * hour);
    expect(signed.reason).toBe('keyCompromise');
  });

  it('is found in the words of any rulebook', () => {
    expect(ask({ label: 'key-compromise', trigger: 'TLS-03', profile: 'smime' }).id).toBe('SMIME-03');
    expect(ask({ label: 'misissuance', trigger: 'TLS-05', profile: 'code-signing' }).id).toBe('CS-11');
  });

  it('for suspect code is 24 hours under the code signing requirements and 5 days elsewhere', () => {
    expect(ask({ label: 'misuse', profile: 'code-signing' }).id).toBe('CS-06');
    expect(ask({ label: 'misuse', profile: 'code-signing' }).limitSeconds).toBe(24 * hour);
    expect(ask({ label: 'misuse', trigger: 'CS-06' }).limitSeconds).toBe(120 * hour);
  });

  it('for a key exposed by a method is 24 hours for code signing with nobody signing anything', () => {
    expect(ask({ label: 'key-compromise', trigger: 'CS-05', profile: 'code-signing' }).id).toBe('CS-05');
  });

  it('for a subordinate CA is seven days', () => {
    for (const label of labels) {
      if (label === 'not-a-report') continue;
      expect(ask({ label, profile: 'sub-ca' }).limitSeconds).toBe(7 * 24 * hour);
    }
  });

  it('exempts short-lived TLS certificates from revocation and from nothing else', () => {
    const rule = ask({ label: 'key-compromise', shortLived: true });
    expect(rule.revocationDuty).toBe('exempt');
    expect(rule.limitSeconds).toBeNull();
    expect(rule.reason).toBe('keyCompromise');
    expect(reportDutyFor('tls', now).limitSeconds).toBe(24 * hour);
    expect(ask({ label: 'key-compromise', shortLived: true, profile: 'smime' }).limitSeconds).toBe(24 * hour);
  });

  it('gives a notice of a root program 24 hours and the reason of what is alleged', () => {
    const rule = ask({ label: 'misissuance', reporterKind: 'root-program' });
    expect(rule.id).toBe('MS-NOTICE');
    expect(rule.limitSeconds).toBe(24 * hour);
    expect(rule.reason).toBe('superseded');
    expect(ask({ label: 'key-compromise', reporterKind: 'root-program' }).id).toBe('TLS-03');
  });

  it('is total: every question has a rule of the profile asked for, or one that binds any', () => {
    fc.assert(
      fc.property(anyQuestion, (question) => {
        const { rule, because } = selectRule(question);
        expect([question.profile, 'any']).toContain(rule.profile);
        expect(because.length).toBeGreaterThan(0);
      }),
    );
  });

  it('is never longer than the row of any trigger named, and a key compromise always keeps the shortest', () => {
    const tls = rulesInForce(now).filter((r) => r.profile === 'tls');
    const limit = (s: number | null) => s ?? Number.POSITIVE_INFINITY;
    fc.assert(
      fc.property(
        fc.constantFrom(...labels.filter((l) => l !== 'not-a-report')),
        fc.subarray(tls, { minLength: 1 }),
        (label, named) => {
          const rule = ask({ label, trigger: named.map((r) => r.id) });
          for (const row of named) expect(limit(rule.limitSeconds)).toBeLessThanOrEqual(limit(row.limitSeconds));
          if (rule.reason === 'keyCompromise') expect(rule.limitSeconds).toBe(24 * hour);
        },
      ),
    );
  });

  it('is not lengthened by a trigger that the label cannot have', () => {
    expect(ask({ label: 'key-compromise', trigger: 'TLS-07' }).limitSeconds).toBe(24 * hour);
    expect(ask({ label: 'other-problem', trigger: 'TLS-12' }).limitSeconds).toBe(24 * hour);
    expect(ask({ label: 'misuse', trigger: 'TLS-03' }).limitSeconds).toBe(24 * hour);
  });

  it('counts a day as 86,400 seconds and the deadline itself as the last compliant instant', () => {
    const due = dueAt(at('2024-08-31T17:49:00Z'), ask({ label: 'key-compromise' }));
    expect(due?.toString()).toBe('2024-09-01T17:49:00Z');
    expect(dueAt(now, ask({ label: 'misuse' }))?.toString()).toBe('2026-08-06T00:00:00Z');
    expect(dueAt(now, { limitSeconds: null })).toBeNull();
  });

  it('rules a replay of an older incident by the oldest version there is', () => {
    expect(ask({ label: 'key-compromise', at: at('2017-07-01T00:00:00Z') }).version).toBe('2.2.6');
  });

  it('names only reasons that a CRL may carry', () => {
    for (const rule of rulesInForce(now)) {
      expect(rule.reason).not.toBe('unspecified');
      if (rule.reason !== null) expect(Object.keys(reasonCodes)).toContain(rule.reason);
    }
  });
});
