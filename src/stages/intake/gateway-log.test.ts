import { describe, expect, it } from 'vitest';
import { readMessage } from '../../foundation/mail/read-message.ts';
import { at, rfc3339 } from '../../foundation/time/time.ts';
import { type GatewayEvent, gatewayMarks, mailedAs } from './gateway-log.ts';

const event = (change: Partial<GatewayEvent> = {}): GatewayEvent => ({
  at: at('2024-08-31T17:49:00Z'),
  action: 'refuse',
  envelopeFrom: 'Ann@reporter.example',
  envelopeTo: ['revoke@ca.example'],
  messageId: null,
  ...change,
});
const marks = async (events: readonly GatewayEvent[], acceptedAt = '2024-09-05T12:00:00Z'): Promise<string[]> => {
  const message = await readMessage(Buffer.from('From: ann@reporter.example\r\nMessage-ID: <1@x>\r\n\r\nkey'));
  const arrival = {
    envelopeFrom: 'ann@reporter.example',
    envelopeTo: ['support@ca.example'],
    acceptedAt: at(acceptedAt),
  };
  const found = gatewayMarks(mailedAs(message, arrival), events);
  return found.map((mark) => `${mark.source} ${rfc3339(mark.at)} ${mark.trusted}`);
};

describe('the log of our own mail gateway', () => {
  it('starts the clock at the attempt that was refused, when the same sender comes again', async () => {
    expect(await marks([event()])).toEqual(['gateway-log 2024-08-31T17:49:00Z true']);
  });

  it('starts the clock where the filter took what it then held', async () => {
    const held = event({ action: 'hold', envelopeFrom: 'relay@elsewhere.example', messageId: '<1@x>' });
    expect(await marks([held])).toEqual(['gateway-log 2024-08-31T17:49:00Z true']);
  });

  it.each([
    ['another sender', event({ envelopeFrom: 'bob@reporter.example' })],
    ['another domain', event({ envelopeTo: ['x@other.example'] })],
    ['another message', event({ action: 'hold', messageId: '<2@x>' })],
    ['an attempt of last year', event({ at: at('2023-08-31T17:49:00Z') })],
    ['something that came later', event({ at: at('2024-09-06T00:00:00Z') })],
  ])('is silent about %s', async (_what, other) => {
    expect(await marks([other])).toEqual([]);
  });
});
