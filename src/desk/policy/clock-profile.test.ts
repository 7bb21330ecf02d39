import { describe, expect, it } from 'vitest';
import { at } from '../../foundation/time/time.ts';
import { clocksOf } from './clock-profile.ts';
import { isShortLived } from './short-lived.ts';

const receivedAt = at('2026-08-01T00:00:00Z');

describe('the draft ballot’s clock', () => {
  it('is shown beside the one from receipt and binds nothing by default', () => {
    const { binding, forInformation } = clocksOf(
      { receivedAt, actionableAt: at('2026-08-01T10:00:00Z'), limitSeconds: 86_400 },
      'receipt',
      at('2027-06-01T00:00:00Z'),
    );
    expect(binding.revokeDueAt?.toString()).toBe('2026-08-02T00:00:00Z');
    expect(forInformation.revokeDueAt?.toString()).toBe('2026-08-02T10:00:00Z');
  });

  it('binds nothing before its date even when chosen, and does after', () => {
    const question = { receivedAt, actionableAt: null, limitSeconds: 86_400 };
    expect(clocksOf(question, 'draft-622', at('2027-02-14T23:59:59Z')).binding.profile).toBe('receipt');
    const after = clocksOf(question, 'draft-622', at('2027-02-15T00:00:00Z')).binding;
    expect(after.profile).toBe('draft-622');
    expect(after.revokeDueAt?.toString()).toBe('2026-08-03T00:00:00Z');
  });
});

describe('a short-lived certificate', () => {
  const days = (issued: string, seconds: number, profile: 'tls' | 'smime' = 'tls') =>
    isShortLived({ profile, notBefore: at(issued), notAfter: at(issued).add({ seconds }) });

  it('has at most seven days, counting the last second, since 2026-03-15 and ten days before', () => {
    expect(days('2026-03-15T00:00:00Z', 604_799)).toBe(true);
    expect(days('2026-03-15T00:00:00Z', 604_800)).toBe(false);
    expect(days('2026-03-14T23:59:59Z', 863_999)).toBe(true);
    expect(days('2026-03-14T23:59:59Z', 864_000)).toBe(false);
    expect(days('2024-03-14T23:59:59Z', 3600)).toBe(false);
  });

  it('exists for TLS only', () => {
    expect(days('2026-08-01T00:00:00Z', 3600, 'smime')).toBe(false);
  });
});
