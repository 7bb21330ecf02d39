/** An instant as a letter says it: absolute in UTC, and how long that is from now, in the reader's language. */
import type { Instant } from '../../../foundation/time/time.ts';

export interface WhenWords {
  readonly inTime: (length: string) => string;
  readonly ago: (length: string) => string;
  readonly atOnce: string;
}

/** `2024-09-01 17:49 UTC (in 23 hours, 59 minutes)`. Both are rounded down: never later than the truth. */
export function when(at: Instant, now: Instant, words: WhenWords, language: string): string {
  const seconds = Math.trunc(now.until(at).total('seconds'));
  const length = lengthOf(Math.abs(seconds), language);
  const relative = length === null ? words.atOnce : seconds > 0 ? words.inTime(length) : words.ago(length);
  return `${absolute(at)} (${relative})`;
}

/** `2024-09-01 17:49 UTC`. */
export function absolute(at: Instant): string {
  const text = at.round({ smallestUnit: 'minute', roundingMode: 'floor' }).toString();
  return `${text.slice(0, 10)} ${text.slice(11, 16)} UTC`;
}

/** Days and hours above two days, hours and minutes below; null under a minute. */
function lengthOf(seconds: number, language: string): string | null {
  const minutes = Math.floor(seconds / 60);
  if (minutes === 0) return null;
  const days = minutes >= 2 * 24 * 60 ? Math.floor(minutes / (24 * 60)) : 0;
  const hours = Math.floor((minutes - days * 24 * 60) / 60);
  const rest = days > 0 ? 0 : minutes % 60;
  const parts = {
    ...(days > 0 ? { days } : {}),
    ...(hours > 0 ? { hours } : {}),
    ...(rest > 0 ? { minutes: rest } : {}),
  };
  return formatFor(language).format(parts);
}

/** Formats are costly to make and a mass mailing asks for the same one thousands of times. */
const formats = new Map<string, Intl.DurationFormat>();

function formatFor(language: string): Intl.DurationFormat {
  const known = formats.get(language);
  if (known !== undefined) return known;
  const made = new Intl.DurationFormat(language, { style: 'long', numberingSystem: 'latn' });
  formats.set(language, made);
  return made;
}
