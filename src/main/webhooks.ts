/**
 * The change feed, pushed: each webhook gets every event it asked for, in order, at least once, signed. A receiver that
 * fails holds up nobody but itself and is asked again, ever more slowly, until an administrator removes it; what it
 * missed comes after.
 */
import { createHmac } from 'node:crypto';
import type { WebhookDelivery } from '../api/contract/index.ts';
import { rfc3339, seconds, type Time } from '../foundation/time/time.ts';
import type { StoredEvent } from '../platform/store/case-store.ts';
import type { Store } from '../platform/store/store.ts';
import { httpPost } from '../stages/outreach/messengers/http-post.ts';
import { signatureOf } from '../stages/outreach/messengers/webhook.ts';
import { automationChanged } from './automation-changes.ts';
import { houseStream } from './port/house-log.ts';
import type { StoredWebhook, WebhookStore } from './webhook-store.ts';

const lookEvery = seconds(1);
const leaseFor = seconds(120);
const eventsPerLook = 100;
const timeoutMilliseconds = 10_000;
/** Seconds until the next attempt after so many failures; the last one goes on. */
const pauses = [5, 30, 120, 600, 3600];

/** Not kept anywhere: made again from the desk's own secret when it is needed. */
export function webhookSecret(deskSecret: Uint8Array, webhookId: string): string {
  return `whsec_${createHmac('sha256', deskSecret).update(`webhook ${webhookId}`).digest('base64url')}`;
}

export interface WebhookSender {
  /** One look at every webhook that is due. */
  round(): Promise<void>;
  run(signal: AbortSignal): Promise<void>;
}

export function webhookSender(parts: {
  readonly webhooks: WebhookStore;
  readonly store: Pick<Store, 'cases'>;
  readonly time: Time;
  readonly secret: Uint8Array;
  readonly onFault: (error: unknown) => void;
  readonly call?: typeof fetch;
}): WebhookSender {
  const { webhooks, store, time, secret } = parts;
  const call = parts.call ?? fetch;

  const post = async (webhook: StoredWebhook, delivery: WebhookDelivery): Promise<string | null> => {
    const body = JSON.stringify(delivery);
    const sentAt = Math.floor(time.now().epochMilliseconds / 1000);
    const outcome = await httpPost(
      {
        url: webhook.url,
        headers: {
          'content-type': 'application/json',
          'user-agent': 'rescind-webhook/1',
          // The same for every attempt: a receiver that has seen it answers 2xx and does nothing.
          'x-rescind-delivery': `${webhook.webhookId}/${delivery.seq}`,
          'x-rescind-signature': signatureOf(webhookSecret(secret, webhook.webhookId), sentAt, body),
        },
        body,
        timeoutMilliseconds,
      },
      call,
      undefined,
    );
    return outcome.outcome === 'accepted' ? null : outcome.problem;
  };

  const deliver = async (webhook: StoredWebhook): Promise<void> => {
    const events = await store.cases.eventsSince(webhook.sentSeq, eventsPerLook);
    let passed: number | null = null;
    for (const event of events) {
      if (webhook.types.length > 0 && !webhook.types.includes(event.type)) {
        passed = event.globalSeq;
        continue;
      }
      const problem = await post(webhook, {
        webhookId: webhook.webhookId,
        seq: event.globalSeq,
        at: rfc3339(event.at),
        type: event.type,
        caseId: event.caseId === houseStream ? null : event.caseId,
        account: event.type === automationChanged ? accountOf(event) : null,
      });
      if (problem !== null) {
        const pause = pauses[Math.min(webhook.failures, pauses.length - 1)] ?? 3600;
        await webhooks.failed(webhook.webhookId, problem, time.now().add({ seconds: pause }));
        return;
      }
      passed = null;
      await webhooks.delivered(webhook.webhookId, event.globalSeq, time.now());
    }
    if (passed !== null) await webhooks.delivered(webhook.webhookId, passed, null);
    await webhooks.release(webhook.webhookId);
  };

  const round = async (): Promise<void> => {
    const now = time.now();
    await Promise.all((await webhooks.claimDue(now, now.add(leaseFor))).map(deliver));
  };

  return {
    round,
    async run(signal) {
      while (!signal.aborted) {
        await round().catch(parts.onFault);
        await time.waitUntil(time.now().add(lookEvery), signal);
      }
    },
  };
}

function accountOf(event: StoredEvent): string | null {
  const { account } = (event.data as { about?: { account?: unknown } }).about ?? {};
  return typeof account === 'string' ? account : null;
}
