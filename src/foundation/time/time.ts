/**
 * What tells the time. The *clock* in this house is the regulatory clock (`desk/clock`); this is the thing that
 * says what instant it is. Everything outside this folder is handed a `Time` or an `Instant` and never asks the
 * runtime, so a replay of a 35-hour incident runs in seconds and a test never sleeps.
 */
export type Instant = Temporal.Instant;
export type Duration = Temporal.Duration;

export interface Time {
  now(): Instant;
  /** Resolves at `until` (at once if it has passed) or when `signal` aborts, whichever is first. Never rejects. */
  waitUntil(until: Instant, signal?: AbortSignal): Promise<void>;
}

/** Parses an RFC 3339 instant; throws RangeError on anything else. */
export function at(text: string): Instant {
  return Temporal.Instant.from(text);
}

export function hours(n: number): Duration {
  return Temporal.Duration.from({ hours: n });
}

export function milliseconds(n: number): Duration {
  return Temporal.Duration.from({ milliseconds: n });
}

export function minutes(n: number): Duration {
  return Temporal.Duration.from({ minutes: n });
}

export function seconds(n: number): Duration {
  return Temporal.Duration.from({ seconds: n });
}

export function isBefore(a: Instant, b: Instant): boolean {
  return Temporal.Instant.compare(a, b) < 0;
}

/** `a` is at or after `b`: a limit that has come has come, on the second. */
export function hasCome(b: Instant, now: Instant): boolean {
  return Temporal.Instant.compare(now, b) >= 0;
}

export function earliest(first: Instant, ...others: readonly Instant[]): Instant {
  return others.reduce((a, b) => (isBefore(b, a) ? b : a), first);
}

export function latest(first: Instant, ...others: readonly Instant[]): Instant {
  return others.reduce((a, b) => (isBefore(a, b) ? b : a), first);
}

/**
 * RFC 3339 UTC with whole seconds and `Z`, the only form in which an instant leaves the house. By way of `Date`, whose
 * text is the same but for the milliseconds and five times as fast: renewal information is asked for all day.
 */
export function rfc3339(instant: Instant): string {
  return `${new Date(instant.epochMilliseconds).toISOString().slice(0, -5)}Z`;
}
