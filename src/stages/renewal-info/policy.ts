/** When certificates should renew, as data an operator can read and change. Fractions are of a certificate's lifetime. */
import type { Duration } from '../../foundation/time/time.ts';

export interface WindowPolicy {
  /** The first entry whose `lifetimeBelow` is longer than the certificate's lifetime governs; null is "any". */
  readonly normal: readonly {
    readonly lifetimeBelow: Duration | null;
    /** How much of the lifetime is left at the window's centre. */
    readonly leftAtCentre: number;
    readonly width: number;
  }[];
  /**
   * How far before the decision an urgent window begins. A client picks a moment at random inside the window, so a long
   * past makes nearly every pick lie in the past (renew now), keeps slow clocks out of trouble, and is the same answer at
   * every poll and from every node, while `now` stays inside the window, which rate-limit exemptions ask for.
   */
  readonly urgentReachesBack: Duration;
  /** Width of one certificate's window when a case with days to spare is spread, so that renewals do not stampede. */
  readonly spreadWidth: Duration;
  readonly retryAfter: {
    /** RFC 9773 section 4.3: six hours are what makes ARI useful under a 24-hour limit. */
    readonly normal: Duration;
    readonly urgent: Duration;
    /** Taken off, never added: 0.2 gives 80 to 100 % of the value, always the same for the same certificate. */
    readonly jitter: number;
  };
}

/** Normal windows as Let's Encrypt's Boulder has them (determineARIWindow). */
export const defaultWindowPolicy: WindowPolicy = {
  normal: [
    { lifetimeBelow: Temporal.Duration.from({ hours: 240 }), leftAtCentre: 1 / 2, width: 0.02 },
    { lifetimeBelow: null, leftAtCentre: 1 / 3, width: 0.02 },
  ],
  urgentReachesBack: Temporal.Duration.from({ hours: 720 }),
  spreadWidth: Temporal.Duration.from({ hours: 1 }),
  retryAfter: {
    normal: Temporal.Duration.from({ hours: 6 }),
    urgent: Temporal.Duration.from({ hours: 1 }),
    jitter: 0.2,
  },
};
