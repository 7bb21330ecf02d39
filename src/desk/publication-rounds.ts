/**
 * How often the desk looks for a revocation that the CA has accepted and nobody can see, and how often it orders it
 * again. Close at first, while it may still be in time; thinner later, because what has not come in a week comes by the
 * people who were alarmed, and a case whose story is thousands of equal lines can be read by nobody and is slow to load.
 */
import { type Duration, hours, type Instant, isBefore, minutes } from '../foundation/time/time.ts';

interface Pace {
  readonly look: Duration;
  readonly order: Duration;
}

/** By how long the revocation has been accepted. Ordering again is harmless: an honest CA answers "already". */
const paces: readonly (Pace & { readonly within: Duration })[] = [
  { within: hours(6), look: minutes(5), order: minutes(30) },
  { within: hours(48), look: minutes(15), order: minutes(30) },
  // The longest limits are 5 and 7 days: until then an hour is all that may be lost.
  { within: hours(24 * 7), look: hours(1), order: hours(1) },
];
const paceAtLast: Pace = { look: hours(6), order: hours(6) };

export function lookPause(acceptedAt: Instant, now: Instant): Duration {
  return paceAt(acceptedAt, now).look;
}

export function orderPause(acceptedAt: Instant, now: Instant): Duration {
  return paceAt(acceptedAt, now).order;
}

function paceAt(acceptedAt: Instant, now: Instant): Pace {
  return paces.find(({ within }) => isBefore(now, acceptedAt.add(within))) ?? paceAtLast;
}
