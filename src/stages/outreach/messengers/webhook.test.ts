import { describe, expect, it } from 'vitest';
import { at } from '../../../foundation/time/time.ts';
import { aLetter, messengerContract } from '../messenger.contract.ts';
import { httpSink } from './http-sink.ts';
import { bodyOf, signatureOf, targetProblem, type WebhookTarget, webhookMessenger } from './webhook.ts';

const time = { now: () => at('2026-08-01T00:00:00Z') };
const target = (url: string, more: Partial<WebhookTarget> = {}): WebhookTarget => ({
  url,
  style: 'json',
  secret: 'shared',
  routingKey: null,
  ...more,
});

messengerContract('webhook', async () => {
  const sink = await httpSink();
  return {
    messenger: webhookMessenger({ targets: { pager: target(sink.url) }, timeoutMilliseconds: 20_000 }, time),
    to: 'pager',
    behave: sink.behave,
    taken: () =>
      sink.taken.map(({ headers, body }) => ({ id: String(headers['idempotency-key']), text: body.toString() })),
    stop: sink.stop,
  };
});

describe('a page by webhook', () => {
  it('carries a signature over its time and its body that the receiver can recompute', async () => {
    const sink = await httpSink();
    const messenger = webhookMessenger({ targets: { pager: target(sink.url) }, timeoutMilliseconds: 20_000 }, time);
    await messenger.send([aLetter('pager', 'p1')]);
    await sink.stop();
    const request = sink.taken[0]!;
    const signature = request.headers['x-rescind-signature'];
    const body = request.body.toString();
    expect(signature).toBe(signatureOf('shared', 1_785_542_400, body));
    expect(signature).not.toBe(signatureOf('other', 1_785_542_400, body));
  });

  it('has the body that each receiver understands', () => {
    const letter = aLetter('pager', 'p1', { subject: 'Due <!channel>', text: 'See <https://evil.example|here> & now' });
    const read = (style: WebhookTarget['style']) =>
      JSON.parse(bodyOf(target('https://x.example', { style, routingKey: 'R' }), letter, '2026-08-01T00:00:00Z'));
    expect(read('slack').text).toBe('*Due &lt;!channel&gt;*\nSee &lt;https://evil.example|here&gt; &amp; now');
    expect(read('teams').attachments[0].content.body[0].text).toBe('Due <!channel>');
    expect(read('pagerduty')).toMatchObject({ routing_key: 'R', event_action: 'trigger', dedup_key: 'p1' });
    expect(read('json')).toMatchObject({ id: 'p1', sentAt: '2026-08-01T00:00:00Z' });
  });

  it('goes only to a configured https address', () => {
    expect(targetProblem(target('https://hooks.example/x'))).toBeNull();
    expect(targetProblem(target('http://127.0.0.1:9/x'))).toBeNull();
    expect(targetProblem(target('http://hooks.example/x'))).toContain('https');
    expect(targetProblem(target('https://user:pw@hooks.example/'))).toContain('password');
    expect(targetProblem(target('nonsense'))).toContain('not a URL');
    expect(targetProblem(target('https://x.example', { style: 'pagerduty' }))).toContain('routing key');
  });
});
