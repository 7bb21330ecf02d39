import { describe, expect, it } from 'vitest';
import { reasonCodes } from '../../desk/facts.ts';
import { at } from '../../foundation/time/time.ts';
import { VirtualTime } from '../../foundation/time/virtual-time.ts';
import { memoryInventory } from './memory.ts';
import { recordOf } from './record.ts';
import { sampleCertificate } from './sample.ts';
import { checkToken, judgeRevocationAsked, mintToken, reasonChoices, tokenIdIn } from './subscriber-access.ts';

const now = at('2026-07-01T12:00:00Z');
const about = {
  id: 'tok-1',
  subscriber: 'SUB-1',
  scopes: ['list', 'revoke'] as const,
  expiresAt: at('2026-10-01T00:00:00Z'),
};

describe("a subscriber's token", () => {
  const { token, text } = mintToken(about);

  it('opens what it is for until it expires, and nothing else', () => {
    expect(tokenIdIn(text)).toBe('tok-1');
    expect(checkToken(text, token, 'list', now)).toBe('ok');
    expect(checkToken(text, token, 'renew', now)).toBe('out-of-scope');
    expect(checkToken(text, token, 'list', about.expiresAt)).toBe('expired');
    expect(checkToken(mintToken(about).text, token, 'list', now)).toBe('wrong');
    expect(checkToken(mintToken({ ...about, id: 'tok-2' }).text, token, 'list', now)).toBe('wrong');
    for (const nonsense of ['', 'rsub__', `${text}x`, text.slice(0, -1)]) {
      expect(checkToken(nonsense, token, 'list', now)).toBe('wrong');
    }
  });

  it('is kept without its secret', () => {
    expect(JSON.stringify(token)).not.toContain(text.split('_').at(-1));
  });
});

describe('a revocation asked for by a subscriber', () => {
  const { token } = mintToken(about);
  const certificateOf = async (subscriber: string, reason?: 'superseded' | 'keyCompromise') => {
    const inventory = memoryInventory(new VirtualTime(now));
    const revoked = reason === undefined ? null : { at: now, reason };
    await inventory.add([recordOf(sampleCertificate(), { subscriber, revoked })]);
    return (await inventory.walk({ after: null, limit: 1 })).matches[0]!.certificate;
  };

  it('offers five choices with no reason as the default, and never privilegeWithdrawn', () => {
    expect(reasonChoices.filter((choice) => choice.isDefault).map((choice) => choice.reason)).toEqual(['unspecified']);
    expect(reasonChoices.map((choice) => choice.reason).sort()).toEqual(
      Object.keys(reasonCodes)
        .filter((reason) => reason !== 'privilegeWithdrawn')
        .sort(),
    );
  });

  it('is accepted for the own certificate, and leaves the reason out when none is given', async () => {
    const certificate = await certificateOf('SUB-1');
    for (const reason of [null, 'unspecified'] as const) {
      expect(judgeRevocationAsked({ token, certificate, reason, now })).toMatchObject({
        answer: 'accept',
        reason: null,
      });
    }
    expect(judgeRevocationAsked({ token, certificate, reason: 'keyCompromise', now })).toMatchObject({
      answer: 'accept',
      scope: 'this-certificate',
      askForProof: true,
    });
  });

  it("is refused for another's certificate exactly as for one that does not exist", async () => {
    const foreign = judgeRevocationAsked({ token, certificate: await certificateOf('SUB-2'), reason: null, now });
    expect(foreign).toEqual(judgeRevocationAsked({ token, certificate: null, reason: null, now }));
    expect(foreign).toEqual({ answer: 'refuse', code: 'not_yours' });
  });

  it('is refused with a reason that is the CA’s, after expiry, and when it would change nothing', async () => {
    const certificate = await certificateOf('SUB-1');
    const ask = (over: object) => judgeRevocationAsked({ token, certificate, reason: null, now, ...over });
    expect(ask({ reason: 'privilegeWithdrawn' })).toMatchObject({ code: 'reason_not_allowed' });
    expect(ask({ now: at('2027-01-01T00:00:00Z') })).toMatchObject({ code: 'expired' });
    expect(ask({ certificate: await certificateOf('SUB-1', 'superseded') })).toMatchObject({ code: 'already_revoked' });
  });

  it('may raise the reason of a revoked certificate to keyCompromise, once', async () => {
    const ask = async (was: 'superseded' | 'keyCompromise') =>
      judgeRevocationAsked({ token, certificate: await certificateOf('SUB-1', was), reason: 'keyCompromise', now });
    expect(await ask('superseded')).toMatchObject({ answer: 'accept', reason: 'keyCompromise' });
    expect(await ask('keyCompromise')).toMatchObject({ code: 'already_revoked' });
  });
});
