/**
 * The automation policies of the configuration, asked by the lab CA before it signs. Whether an order is a renewal the
 * inventory knows: the account holds, or held, a certificate with one of its names.
 */
import { hash } from 'node:crypto';
import { z } from 'zod';
import { type AutomationPolicy, judgeOrder } from '../assurance/adoption/index.ts';
import { hasCome, type Instant } from '../foundation/time/time.ts';
import type { OrderPolicy } from '../lab-ca/index.ts';
import type { Inventory } from '../stages/inventory/index.ts';

const instant = z
  .string()
  .max(40)
  .transform((text, context) => {
    try {
      return Temporal.Instant.from(text);
    } catch {
      context.addIssue({ code: 'custom', message: 'an instant is written as RFC 3339, like 2026-10-01T00:00:00Z' });
      return z.NEVER;
    }
  });
const common = { from: instant, because: z.string().min(1).max(500) };
const step = z.discriminatedUnion('step', [
  z.strictObject({ step: z.literal('remind'), ...common }),
  z.strictObject({ step: z.literal('shorten'), lifetimeMaxDays: z.number().int().min(1).max(398), ...common }),
  z.strictObject({ step: z.literal('require-acme'), ...common }),
]);
export const automationShape = z
  .array(z.strictObject({ account: z.string().min(1).max(200), steps: z.array(step).min(1).max(20) }))
  .max(10_000)
  .refine((all) => new Set(all.map((one) => one.account)).size === all.length, 'an account has one policy')
  .default([]);

export function policiesOf(configured: z.infer<typeof automationShape>): ReadonlyMap<string, AutomationPolicy> {
  return new Map(
    configured.map(({ account, steps }) => [
      account,
      {
        account,
        steps: steps.map((one) =>
          one.step === 'shorten'
            ? { ...one, lifetimeMax: Temporal.Duration.from({ hours: 24 * one.lifetimeMaxDays }) }
            : one,
        ),
      },
    ]),
  );
}

/** An order that names no account falls under the policy of whoever holds its names: leaving the account out is no way round. */
export function automationPolicy(
  policies: ReadonlyMap<string, AutomationPolicy>,
  inventory: () => Pick<Inventory, 'find'>,
  now: () => Instant,
): OrderPolicy {
  return async (order) => {
    if (policies.size === 0) return { answer: 'allow', lifetime: order.lifetime, tell: [] };
    const holders = order.orderedBy === 'acme' ? [] : await holdersOf(inventory(), order.names);
    const account = order.subscriber ?? holders.find((holder) => policies.has(holder)) ?? null;
    const policy = account === null ? null : (policies.get(account) ?? null);
    const isRenewal = account !== null && holders.includes(account);
    return judgeOrder(policy, { ...order, account: account ?? '', isRenewal }, now());
  };
}

/** SHA-256 of what holds and what is coming: another value when either changes, by an edit or because a day has come. */
export function policyDigest(policy: AutomationPolicy, now: Instant): string {
  const steps = policy.steps.map((one) => [
    one.step,
    one.step === 'shorten' ? one.lifetimeMax.total('seconds') : null,
    one.from.toString(),
    one.because,
    hasCome(one.from, now),
  ]);
  return hash('sha256', JSON.stringify(steps), 'hex');
}

/** The subscribers who hold, or held, a certificate with one of these names. */
export async function holdersOf(inventory: Pick<Inventory, 'find'>, names: readonly string[]): Promise<string[]> {
  const holders = new Set<string>();
  for (const name of names) {
    const { matches } = await inventory.find({ by: 'name', value: name.toLowerCase() });
    for (const { certificate } of matches) if (certificate.subscriber !== null) holders.add(certificate.subscriber);
  }
  return [...holders];
}
