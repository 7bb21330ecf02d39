/** The window of one certificate: a pure function of the certificate, the advice and the policy. */
import type { Fingerprint } from '../../foundation/brand.ts';
import { type Duration, hasCome, type Instant, latest } from '../../foundation/time/time.ts';
import type { Advice } from './advice.ts';
import type { WindowPolicy } from './policy.ts';

export interface Window {
  readonly start: Instant;
  /** RFC 9773 section 4.2: must be after `start`; a client takes anything else for no answer. */
  readonly end: Instant;
}

export interface Renewable {
  readonly fingerprint: Fingerprint;
  readonly notBefore: Instant;
  readonly notAfter: Instant;
}

/** One second is read as invalid by a client in use (acmez); minutes leave no doubt. */
const widthMin = Temporal.Duration.from({ minutes: 2 });

/** The everyday window. */
export function normalWindow(certificate: Renewable, policy: WindowPolicy): Window {
  const from = certificate.notBefore.epochMilliseconds;
  const to = certificate.notAfter.epochMilliseconds;
  const lifetime = Math.max(to - from, 0);
  const rule =
    policy.normal.find((entry) => entry.lifetimeBelow === null || lifetime < ms(entry.lifetimeBelow)) ??
    policy.normal.at(-1)!;
  const centre = to - lifetime * rule.leftAtCentre;
  return windowOf(centre - (lifetime * rule.width) / 2, centre + (lifetime * rule.width) / 2);
}

/**
 * The window of an advised certificate: fixed, the same at every poll and on every node. Once its end has passed it lies
 * in the past altogether, which still says "now".
 */
export function advisedWindow(certificate: Renewable, advice: Advice, policy: WindowPolicy): Window {
  // A deadline that has already gone by when the decision falls must not turn the window round.
  const end = latest(advice.endBy, advice.decidedAt);
  const room = end.epochMilliseconds - advice.decidedAt.epochMilliseconds - ms(policy.spreadWidth);
  if (advice.pace === 'at-once' || room <= 0) {
    return windowOf(advice.decidedAt.epochMilliseconds - ms(policy.urgentReachesBack), end.epochMilliseconds);
  }
  const start = advice.decidedAt.epochMilliseconds + room * fractionOf(certificate.fingerprint, 0);
  return windowOf(start, start + ms(policy.spreadWidth));
}

/** Revoked without an advice of ours (by the subscriber, say): clients are told to replace it until it expires. */
export function revokedWindow(revokedAt: Instant, policy: WindowPolicy): Window {
  return windowOf(revokedAt.epochMilliseconds - ms(policy.urgentReachesBack), revokedAt.epochMilliseconds);
}

/** Retry-After in whole seconds: at most what the policy says, never more. */
export function retryAfterSeconds(fingerprint: Fingerprint, urgent: boolean, policy: WindowPolicy): number {
  const { normal, urgent: soon, jitter } = policy.retryAfter;
  const whole = ms(urgent ? soon : normal) / 1000;
  return Math.max(60, Math.round(whole * (1 - jitter * fractionOf(fingerprint, 12))));
}

/** Of several advices for one certificate the one that ends first governs. */
export function governing(advices: readonly Advice[]): Advice | null {
  return advices.reduce<Advice | null>(
    (best, advice) => (best === null || !hasCome(best.endBy, advice.endBy) ? advice : best),
    null,
  );
}

/** 0 to 1, uniform over certificates and always the same for one: 48 bits of its fingerprint from hex digit `from`. */
function fractionOf(fingerprint: Fingerprint, from: number): number {
  return Number.parseInt(fingerprint.slice(from, from + 12), 16) / 2 ** 48;
}

/** Whole seconds, because clients exist that cut fractions off; never shorter than `widthMin`. */
function windowOf(startMs: number, endMs: number): Window {
  const start = Math.floor(startMs / 1000) * 1000;
  const end = Math.max(Math.floor(endMs / 1000) * 1000, start + ms(widthMin));
  return { start: Temporal.Instant.fromEpochMilliseconds(start), end: Temporal.Instant.fromEpochMilliseconds(end) };
}

const lengths = new WeakMap<Duration, number>();

/** Milliseconds of a policy's duration: the same few objects at every poll, so each is worked out once. */
function ms(duration: Duration): number {
  let length = lengths.get(duration);
  if (length === undefined) {
    length = duration.total('milliseconds');
    lengths.set(duration, length);
  }
  return length;
}
