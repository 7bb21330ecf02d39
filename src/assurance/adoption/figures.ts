/**
 * How ready subscribers are for a revocation in 24 hours, measured and not asked: who renews by ACME, whose agent listens to
 * ARI, how long a replacement took after the last "renew now", and who would not have made it. Pure: certificates and what
 * happened to them go in, figures come out.
 */
import { type Duration, hasCome, type Instant, isBefore } from '../../foundation/time/time.ts';

/** How a certificate was ordered. `api`: the subscriber's own software without ACME; `manual`: a person at a form. */
export type Ordered = 'acme' | 'api' | 'manual' | 'unknown';

export interface AdoptionCertificate {
  readonly subscriber: string;
  readonly ordered: Ordered;
  /** Last time its agent asked for renewal information; null when it never did. */
  readonly polledAt: Instant | null;
  readonly notAfter: Instant;
}

/** One certificate that was told to be replaced, in a case or in a drill. */
export interface AdvisedCertificate {
  readonly subscriber: string;
  readonly advisedAt: Instant;
  readonly replacedAt: Instant | null;
}

/**
 * `shown`: replaced everything asked for in time. `failed`: did not. `untried`: was never asked, so nobody knows.
 * An `open` one is still within the limit.
 */
export type Readiness = 'shown' | 'failed' | 'open' | 'untried';

export interface Figures {
  readonly certificates: number;
  readonly acme: number;
  readonly api: number;
  readonly manual: number;
  readonly unknown: number;
  /** Certificates whose agent asked within `pollingWithin`. */
  readonly polling: number;
  readonly advised: number;
  readonly replaced: number;
  /** Over the advised certificates, those not (yet) replaced counting as longest; null when more than half are not. */
  readonly medianReplacement: Duration | null;
}

export interface SubscriberFigures extends Figures {
  readonly subscriber: string;
  readonly readiness: Readiness;
}

export interface Adoption {
  readonly at: Instant;
  /** Advices counted from here. */
  readonly since: Instant;
  readonly limit: Duration;
  readonly overall: Figures;
  readonly subscribers: number;
  readonly readiness: Readonly<Record<Readiness, number>>;
  /** In order of urgency: failed first, then untried without automation, then by number of certificates. */
  readonly perSubscriber: readonly SubscriberFigures[];
}

/** An agent that listens asks every few hours; one that has not asked for two days does not. */
export const pollingWithin = Temporal.Duration.from({ hours: 48 });
export const replacementLimit = Temporal.Duration.from({ hours: 24 });

export function adoptionOf(input: {
  readonly certificates: readonly AdoptionCertificate[];
  readonly advised: readonly AdvisedCertificate[];
  readonly since: Instant;
  readonly now: Instant;
  readonly limit?: Duration;
}): Adoption {
  const limit = input.limit ?? replacementLimit;
  const live = input.certificates.filter((certificate) => !isBefore(certificate.notAfter, input.now));
  const advised = input.advised.filter(
    (one) => !isBefore(one.advisedAt, input.since) && hasCome(one.advisedAt, input.now),
  );
  const liveBy = Map.groupBy(live, (certificate) => certificate.subscriber);
  const advisedBy = Map.groupBy(advised, (one) => one.subscriber);
  const names = [...new Set([...liveBy.keys(), ...advisedBy.keys()])];
  const perSubscriber = names
    .map((subscriber): SubscriberFigures => {
      const mine = advisedBy.get(subscriber) ?? [];
      return {
        subscriber,
        ...figuresOf(liveBy.get(subscriber) ?? [], mine, input.now),
        readiness: readinessOf(mine, limit, input.now),
      };
    })
    .sort(byUrgency);
  const readiness = { shown: 0, failed: 0, open: 0, untried: 0 };
  for (const one of perSubscriber) readiness[one.readiness]++;
  return {
    at: input.now,
    since: input.since,
    limit,
    overall: figuresOf(live, advised, input.now),
    subscribers: names.length,
    readiness,
    perSubscriber,
  };
}

/** 0 to 1; null of nothing, because "0 %" would be an accusation. */
export function share(part: number, whole: number): number | null {
  return whole === 0 ? null : part / whole;
}

function figuresOf(
  certificates: readonly AdoptionCertificate[],
  advised: readonly AdvisedCertificate[],
  now: Instant,
): Figures {
  const ordered = (how: Ordered) => certificates.filter((certificate) => certificate.ordered === how).length;
  const listens = ({ polledAt }: AdoptionCertificate) =>
    polledAt !== null && !isBefore(polledAt, now.subtract(pollingWithin));
  return {
    certificates: certificates.length,
    acme: ordered('acme'),
    api: ordered('api'),
    manual: ordered('manual'),
    unknown: ordered('unknown'),
    polling: certificates.filter(listens).length,
    advised: advised.length,
    replaced: advised.filter((one) => one.replacedAt !== null).length,
    medianReplacement: medianReplacement(advised),
  };
}

function medianReplacement(advised: readonly AdvisedCertificate[]): Duration | null {
  if (advised.length === 0) return null;
  const seconds = advised.map((one) =>
    one.replacedAt === null ? Number.POSITIVE_INFINITY : one.advisedAt.until(one.replacedAt).total('seconds'),
  );
  seconds.sort((a, b) => a - b);
  const upper = seconds[Math.floor(seconds.length / 2)]!;
  const lower = seconds[Math.floor((seconds.length - 1) / 2)]!;
  const median = (lower + upper) / 2;
  return Number.isFinite(median) ? Temporal.Duration.from({ seconds: Math.round(median) }) : null;
}

function readinessOf(advised: readonly AdvisedCertificate[], limit: Duration, now: Instant): Readiness {
  if (advised.length === 0) return 'untried';
  const late = (one: AdvisedCertificate) => isBefore(one.advisedAt.add(limit), one.replacedAt ?? now);
  if (advised.some(late)) return 'failed';
  return advised.every((one) => one.replacedAt !== null) ? 'shown' : 'open';
}

const urgency: readonly Readiness[] = ['failed', 'open', 'untried', 'shown'];

function byUrgency(a: SubscriberFigures, b: SubscriberFigures): number {
  const automated = (one: SubscriberFigures) => share(one.polling, one.certificates) ?? 1;
  return (
    urgency.indexOf(a.readiness) - urgency.indexOf(b.readiness) ||
    automated(a) - automated(b) ||
    b.certificates - a.certificates ||
    (a.subscriber < b.subscriber ? -1 : 1)
  );
}
