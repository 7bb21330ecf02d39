/** How instants and gaps stand in a report. */
import type { Instant } from '../../foundation/time/time.ts';

/** `2024-08-31 17:49 UTC`: IRG 3.2 wants UTC and minutes. */
export function absolute(at: Instant): string {
  const text = at.round({ smallestUnit: 'minute', roundingMode: 'floor' }).toString();
  return `${text.slice(0, 10)} ${text.slice(11, 16)} UTC`;
}

/** `11 h 05 min`, between two instants whichever is first. */
export function between(a: Instant, b: Instant): string {
  const minutes = Math.floor(Math.abs(a.until(b).total('minutes')));
  const hours = Math.floor(minutes / 60);
  return hours === 0 ? `${minutes} min` : `${hours} h ${String(minutes % 60).padStart(2, '0')} min`;
}

/**
 * Marks what only people can write. The linter refuses a report that still has one, so that a draft cannot be posted
 * by mistake.
 */
export function toComplete(what: string): string {
  return `[to be completed: ${what}]`;
}

export const toCompletePattern = /\[to be completed: [^\]]*\]/u;

/** Text of others inside Markdown: one line, no table bars, no HTML. */
export function inline(text: string): string {
  return text
    .replace(/\p{Cc}+/gu, ' ')
    .replaceAll('|', '\\|')
    .replaceAll('<', '&lt;')
    .trim();
}
