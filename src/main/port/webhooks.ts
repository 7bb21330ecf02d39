import { randomBytes } from 'node:crypto';
import type * as c from '../../api/contract/index.ts';
import type { DeskPort, HouseAct } from '../../api/port.ts';
import { refuse } from '../../desk/refusal.ts';
import { rfc3339 } from '../../foundation/time/time.ts';
import { urlProblem } from '../../stages/outreach/messengers/http-post.ts';
import { postgresWebhooks, type StoredWebhook } from '../webhook-store.ts';
import { webhookSecret } from '../webhooks.ts';
import type { Desk } from '../wiring.ts';

export function deskWebhooks(
  desk: Pick<Desk, 'pool' | 'store' | 'time'>,
  secret: Uint8Array,
  record: (act: HouseAct) => Promise<void>,
): Pick<DeskPort, 'webhooks' | 'addWebhook' | 'removeWebhook'> {
  const store = postgresWebhooks(desk.pool);
  const now = (): string => rfc3339(desk.time.now());
  return {
    webhooks: async () => ({ now: now(), rows: (await store.all()).map(present) }),
    async addWebhook({ url, types, because }, by) {
      const wrong = urlProblem(url);
      if (wrong !== null) return refuse('webhook_refused', wrong);
      const webhook = {
        ...{ webhookId: `hook-${randomBytes(6).toString('hex')}`, url, types, by: by.id, addedAt: desk.time.now() },
        sentSeq: (await desk.store.log.head()).size,
      };
      if (!(await store.add(webhook))) return refuse('too_many_webhooks', 'There are 20 webhooks. Remove one first.');
      const about = { webhookId: webhook.webhookId, host: new URL(url).host };
      await record({ type: 'WebhookAdded', by: by.id, because, about });
      return {
        now: now(),
        webhook: present({ ...webhook, deliveredAt: null, problem: null, failures: 0, nextAttemptAt: null }),
        secret: webhookSecret(secret, webhook.webhookId),
      };
    },
    async removeWebhook(webhookId, by) {
      const removed = await store.remove(webhookId);
      if (removed) await record({ type: 'WebhookRemoved', by: by.id, because: '', about: { webhookId } });
      return removed;
    },
  };
}

function present(w: StoredWebhook): c.Webhook {
  const at = (instant: StoredWebhook['deliveredAt']) => (instant === null ? null : rfc3339(instant));
  return {
    ...{ webhookId: w.webhookId, url: w.url, types: [...w.types], by: w.by, sentSeq: w.sentSeq, problem: w.problem },
    ...{ addedAt: rfc3339(w.addedAt), deliveredAt: at(w.deliveredAt), nextAttemptAt: at(w.nextAttemptAt) },
  };
}
