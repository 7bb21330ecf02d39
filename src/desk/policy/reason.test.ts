import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { at } from '../../foundation/time/time.ts';
import { type Reason, reasonCodes } from '../facts.ts';
import { rulesInForce } from './in-force.ts';
import { mayChoose, mayReplaceReason, reasonFor, reasonPrecedence, strongestReason } from './reason.ts';

const rules = rulesInForce(at('2026-08-01T00:00:00Z'));
const own = (id: string) => rules.find((r) => r.id === id)!;
const anyReason = fc.constantFrom(...(Object.keys(reasonCodes) as Reason[]));

describe('the reason that is published', () => {
  it("is the subscriber's own choice on the subscriber's own plain request", () => {
    expect(reasonFor(own('TLS-01'), 'superseded')).toBe('superseded');
    expect(reasonFor(own('TLS-01'), 'unspecified')).toBeNull();
    expect(reasonFor(own('TLS-01'))).toBeNull();
  });

  it('is never privilegeWithdrawn by choice of a subscriber', () => {
    expect(mayChoose('privilegeWithdrawn')).toBe(false);
    expect(reasonFor(own('TLS-01'), 'privilegeWithdrawn')).toBeNull();
  });

  it('follows the rule, whatever a subscriber asks for, when it is not a plain request', () => {
    expect(reasonFor(own('TLS-03'), 'superseded')).toBe('keyCompromise');
    expect(reasonFor(own('TLS-12'), 'keyCompromise')).toBe('superseded');
  });

  it('is the strongest of all that apply, in any order', () => {
    fc.assert(
      fc.property(fc.array(fc.option(anyReason), { maxLength: 8 }), (reasons) => {
        const strongest = strongestReason(reasons);
        expect(strongest).toBe(strongestReason([...reasons].reverse()));
        for (const reason of reasons) {
          if (reason === null || reason === 'unspecified') continue;
          expect(reasonPrecedence.indexOf(strongest!)).toBeLessThanOrEqual(reasonPrecedence.indexOf(reason));
        }
      }),
    );
  });

  it('may be raised to keyCompromise and never lowered', () => {
    expect(mayReplaceReason('superseded', 'keyCompromise')).toBe(true);
    expect(mayReplaceReason(null, 'keyCompromise')).toBe(true);
    expect(mayReplaceReason('keyCompromise', 'superseded')).toBe(false);
    expect(mayReplaceReason('superseded', 'privilegeWithdrawn')).toBe(false);
  });
});
