/**
 * Outgoing webhooks: the change feed, pushed and signed. `docs/api.md` says how a receiver checks the signature. Bodies
 * carry ids and types; whoever wants more asks the API.
 */
import { z } from 'zod';
import { Id, Instant, Seq } from './scalars.ts';

export const Webhook = z
  .object({
    webhookId: Id,
    url: z.string(),
    types: z.array(z.string()).describe('Event types; empty: all.'),
    by: z.string(),
    addedAt: Instant,
    sentSeq: Seq.describe('Everything up to this sequence number is delivered or was not asked for.'),
    deliveredAt: Instant.nullable(),
    problem: z.string().nullable().describe('Why the last attempt failed; null when it did not.'),
    nextAttemptAt: Instant.nullable(),
  })
  .meta({ id: 'Webhook' });
export type Webhook = z.infer<typeof Webhook>;
export const Webhooks = z.object({ now: Instant, rows: z.array(Webhook) }).meta({ id: 'Webhooks' });
export type Webhooks = z.infer<typeof Webhooks>;

export const WebhookIn = z
  .object({
    url: z.url({ protocol: /^https?$/ }).max(2000),
    types: z
      .array(z.string().regex(/^[A-Za-z]{3,60}$/))
      .max(50)
      .default([]),
    because: z.string().max(2000).default(''),
  })
  .meta({ id: 'WebhookIn' });
export type WebhookIn = z.output<typeof WebhookIn>;
export const WebhookAdded = z
  .object({ now: Instant, webhook: Webhook, secret: z.string().describe('Shown once; signs every delivery.') })
  .meta({ id: 'WebhookAdded' });
export type WebhookAdded = z.infer<typeof WebhookAdded>;

/** What a delivery carries. */
export const WebhookDelivery = z
  .object({
    webhookId: Id,
    seq: Seq,
    at: Instant,
    type: z.string(),
    caseId: Id.nullable(),
    account: z.string().nullable().describe('Of `AutomationPolicyChanged`: whose policy to ask for again.'),
  })
  .meta({ id: 'WebhookDelivery' });
export type WebhookDelivery = z.infer<typeof WebhookDelivery>;
