import type { Event } from '../desk/events.ts';

/** What an event looks like at rest: JSON, every instant an RFC 3339 string under a key `at`, `…At` or `notAfter`. */
export type EventJson = { readonly [key: string]: unknown };

const instantKey = /(^at|At|^notAfter|^notBefore)$/;

export function eventToJson(event: Event): EventJson {
  return JSON.parse(JSON.stringify(event)) as EventJson;
}

/** Throws RangeError when a stored instant cannot be read, which would mean that the log was changed by hand. */
export function eventFromJson(json: EventJson): Event {
  return revive(json) as Event;
}

function revive(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(revive);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, inner]) => [
      key,
      typeof inner === 'string' && instantKey.test(key) ? Temporal.Instant.from(inner) : revive(inner),
    ]),
  );
}
