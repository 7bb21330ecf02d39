/**
 * What an account owes to automation, for the CA that issues: what holds, what is coming, and what that means for one
 * order. A policy only makes orders shorter or refuses their channel; a CA that cannot ask issues as it would without.
 */
import { z } from 'zod';
import { Instant } from './scalars.ts';

export const AutomationQuery = z
  .object({
    orderedBy: z.enum(['acme', 'api', 'manual']).optional().describe('How the order came; with it, `order` is judged.'),
    lifetimeSeconds: z.coerce
      .number()
      .int()
      .min(1)
      .max(10 * 366 * 86_400)
      .optional()
      .describe('What the order asks for.'),
    names: z
      .string()
      .max(30_000)
      .optional()
      .describe(
        'DNS names of the order, separated by commas: an order for a name that the account holds is a renewal.',
      ),
  })
  .meta({ id: 'AutomationQuery' });
export type AutomationQuery = z.output<typeof AutomationQuery>;

const AutomationStep = z
  .object({
    step: z.enum(['remind', 'shorten', 'require-acme']),
    from: Instant,
    lifetimeMaxSeconds: z.number().int().nullable().describe('Of `shorten`; null for the others.'),
    because: z.string().describe('To be told to the subscriber.'),
  })
  .meta({ id: 'AutomationStep' });

export const AutomationPolicy = z
  .object({
    now: Instant,
    account: z.string(),
    digest: z.string().describe('Changes when anything below does; SHA-256.'),
    inForce: z.array(AutomationStep),
    coming: z.array(AutomationStep),
    order: z
      .object({
        answer: z.enum(['allow', 'refuse']),
        isRenewal: z.boolean(),
        lifetimeSeconds: z.number().int().nullable().describe('At most what was asked for; null when refused.'),
        tell: z.array(z.string()).describe('Sentences for the subscriber.'),
        because: z.string().nullable().describe('Why it is refused.'),
      })
      .nullable()
      .describe('Null when the query names no order.'),
  })
  .meta({ id: 'AutomationPolicy' });
export type AutomationPolicy = z.infer<typeof AutomationPolicy>;

export const AutomationPolicies = z
  .object({ now: Instant, rows: z.array(z.object({ account: z.string(), digest: z.string() })) })
  .meta({ id: 'AutomationPolicies' });
export type AutomationPolicies = z.infer<typeof AutomationPolicies>;
