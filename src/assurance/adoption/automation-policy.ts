/**
 * What an account owes to automation, as data, and what that means for one order. The lab CA asks this question; other CAs
 * ask it by webhook. A policy only ever makes orders shorter or refuses their channel; it issues nothing.
 */
import type { Duration, Instant } from '../../foundation/time/time.ts';
import { hasCome } from '../../foundation/time/time.ts';

export type AutomationStep =
  | { readonly step: 'remind' }
  | { readonly step: 'shorten'; readonly lifetimeMax: Duration }
  /** A renewal must come by ACME; a first certificate for a name may still be ordered by hand. */
  | { readonly step: 'require-acme' };

export interface AutomationPolicy {
  readonly account: string;
  /** Each from its day on, so that the subscriber is told before it holds. */
  readonly steps: readonly (AutomationStep & { readonly from: Instant; readonly because: string })[];
}

export interface Order {
  readonly account: string;
  readonly orderedBy: 'acme' | 'api' | 'manual';
  readonly isRenewal: boolean;
  readonly lifetime: Duration;
}

export type OrderAnswer =
  | {
      readonly answer: 'allow';
      /** At most what was asked for. */
      readonly lifetime: Duration;
      /** Sentences for the subscriber; empty when there is nothing to say. */
      readonly tell: readonly string[];
    }
  | { readonly answer: 'refuse'; readonly code: 'acme_required'; readonly because: string };

/** Without a policy everything is allowed as asked. */
export function judgeOrder(policy: AutomationPolicy | null, order: Order, now: Instant): OrderAnswer {
  const inForce = (policy?.steps ?? []).filter((step) => hasCome(step.from, now));
  const coming = (policy?.steps ?? []).filter((step) => !hasCome(step.from, now));
  const tell: string[] = [];
  let lifetime = order.lifetime;
  for (const step of inForce) {
    switch (step.step) {
      case 'remind':
        if (order.orderedBy !== 'acme') tell.push(step.because);
        break;
      case 'shorten':
        if (Temporal.Duration.compare(step.lifetimeMax, lifetime) < 0) {
          lifetime = step.lifetimeMax;
          tell.push(step.because);
        }
        break;
      case 'require-acme':
        if (order.isRenewal && order.orderedBy !== 'acme') {
          return { answer: 'refuse', code: 'acme_required', because: step.because };
        }
        break;
    }
  }
  if (order.orderedBy !== 'acme') for (const step of coming) tell.push(step.because);
  return { answer: 'allow', lifetime, tell };
}
