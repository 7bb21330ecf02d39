/**
 * What an operator's policy says of one order. The lab CA asks before it signs and does as it is told: it can be made to
 * issue for a shorter time or not at all, never for longer.
 */
import type { Duration } from '../foundation/time/time.ts';

export interface PolicyQuestion {
  readonly subscriber: string | null;
  readonly names: readonly string[];
  readonly orderedBy: 'acme' | 'api';
  /** As the order or its profile asks. */
  readonly lifetime: Duration;
}

export type PolicyAnswer =
  | {
      readonly answer: 'allow';
      readonly lifetime: Duration;
      /** Sentences for the subscriber. */
      readonly tell: readonly string[];
    }
  | { readonly answer: 'refuse'; readonly because: string };

export type OrderPolicy = (order: PolicyQuestion) => PolicyAnswer | Promise<PolicyAnswer>;

/** Without a policy everything is allowed as asked; a policy that answers with more than was asked for is not followed. */
export async function askPolicy(policy: OrderPolicy | undefined, order: PolicyQuestion): Promise<PolicyAnswer> {
  const answer = await policy?.(order);
  if (answer === undefined) return { answer: 'allow', lifetime: order.lifetime, tell: [] };
  if (answer.answer === 'refuse') return answer;
  const isLonger = Temporal.Duration.compare(answer.lifetime, order.lifetime) > 0;
  return isLonger ? { ...answer, lifetime: order.lifetime } : answer;
}
