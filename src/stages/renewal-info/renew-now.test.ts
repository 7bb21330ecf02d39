import { createHmac, randomBytes } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { at } from '../../foundation/time/time.ts';
import { signRenewNow, verifyRenewNow } from './renew-now.ts';

const now = at('2026-07-01T12:00:00Z');
const message = {
  id: 'msg_1',
  at: now,
  subscriber: 'SUB-1',
  certificates: [{ serial: '4a10c3', sha256: 'ab'.repeat(32), names: ['www.shop.example'] }],
  window: { start: at('2026-06-01T12:00:00Z'), end: at('2026-07-01T18:00:00Z') },
  revokedBy: at('2026-07-02T11:00:00Z'),
  newKey: true,
  explanationUrl: null,
};

describe('the signed "renew now"', () => {
  const secret = randomBytes(32);
  const signed = signRenewNow(message, secret, now);

  it('is signed as Standard Webhooks says, over id, timestamp and body', () => {
    const content = `msg_1.1782907200.${signed.body}`;
    const expected = createHmac('sha256', secret).update(content).digest('base64');
    expect(signed.headers['webhook-signature']).toBe(`v1,${expected}`);
    expect(JSON.parse(signed.body).data).toMatchObject({ revokedBy: '2026-07-02T11:00:00Z', newKey: true });
  });

  it('verifies while fresh, and with an old secret beside the new one', () => {
    expect(verifyRenewNow(signed, secret, now.add({ minutes: 4 }))).toBe(true);
    const both = {
      ...signed,
      headers: { ...signed.headers, 'webhook-signature': `v1,AAAA ${signed.headers['webhook-signature']}` },
    };
    expect(verifyRenewNow(both, secret, now)).toBe(true);
  });

  it('does not verify when changed, replayed, from the future, unsigned or signed by another', () => {
    expect(verifyRenewNow({ ...signed, body: signed.body.replace('SUB-1', 'SUB-2') }, secret, now)).toBe(false);
    expect(verifyRenewNow(signed, secret, now.add({ minutes: 5 }))).toBe(false);
    expect(verifyRenewNow(signed, secret, now.subtract({ minutes: 6 }))).toBe(false);
    expect(verifyRenewNow(signed, randomBytes(32), now)).toBe(false);
    for (const header of ['webhook-id', 'webhook-timestamp', 'webhook-signature']) {
      expect(verifyRenewNow({ ...signed, headers: { ...signed.headers, [header]: '' } }, secret, now)).toBe(false);
    }
  });
});
