import { describe, expect, it } from 'vitest';
import { at, rfc3339 } from '../foundation/time/time.ts';
import { VirtualTime } from '../foundation/time/virtual-time.ts';
import type { GatewayEvent } from '../stages/intake/gateway-log.ts';
import { signCall } from '../stages/intake/signature.ts';
import { defaultConfig } from './config.ts';
import { gatewayDoor } from './gateway-door.ts';

const secret = 'a secret of the gateway';
const now = at('2026-03-08T08:10:00Z');

function aDoor(secrets: readonly string[] = [secret]) {
  const noted: GatewayEvent[] = [];
  const alarms: string[] = [];
  const config = defaultConfig();
  const desk = {
    config: { ...config, intake: { ...config.intake, gatewaySecrets: secrets } },
    time: new VirtualTime(now),
    noteGateway: async (line: GatewayEvent) => void noted.push(line),
    channelContext: { refused: ({ code }: { code: string }) => void alarms.push(code) },
    parts: { sender: { replyAddress: 'problem-reporting@ca.example' } },
  } as unknown as Parameters<typeof gatewayDoor>[0];
  const send = async (body: unknown, key = secret): Promise<number> => {
    const bytes = Buffer.from(JSON.stringify(body));
    const headers = { 'x-rescind-signature': signCall(bytes, key, now) };
    return (await gatewayDoor(desk).request('/api/v1/gateway-log', { method: 'POST', body: bytes, headers })).status;
  };
  return { noted, alarms, send };
}

const line = { at: '2026-03-07T21:00:04+01:00', action: 'refuse', from: 'finder@reporter.example' };

describe('the door for lines of the mail gateway', () => {
  it('takes a signed line, whatever its zone, and a clock that runs ahead hides nothing', async () => {
    const { noted, send } = aDoor();
    expect(await send({ lines: [line, { ...line, at: '2026-03-09T00:00:00Z' }] })).toBe(202);
    expect(noted.map((one) => rfc3339(one.at))).toEqual(['2026-03-07T20:00:04Z', '2026-03-08T08:10:00Z']);
  });

  it('tells people of a refusal at a published address, and not of refused spam', async () => {
    const { alarms, send } = aDoor();
    await send({ lines: [{ ...line, to: ['office@ca.example'] }] });
    expect(alarms).toEqual([]);
    await send({ lines: [{ ...line, to: ['Problem-Reporting@ca.example'] }] });
    expect(alarms).toEqual(['refused_by_gateway']);
  });

  it.each([
    ['is signed with another secret', 401, { lines: [line] }, 'another secret of nobody'],
    ['holds no lines', 422, { lines: [] }, secret],
    ['holds something else', 422, 'refused!', secret],
    ['names an action that no gateway has', 422, { lines: [{ ...line, action: 'drop' }] }, secret],
  ])('takes nothing from a call that %s', async (_what, status, body, key) => {
    const { noted, send } = aDoor();
    expect(await send(body, key)).toBe(status);
    expect(noted).toEqual([]);
  });

  it('is shut where no secret is configured', async () => {
    expect(await aDoor([]).send({ lines: [line] })).toBe(404);
  });
});
