/**
 * A note by one of our own people or machines about something said: a telephone call, a chat, a visit. The CA heard
 * of the problem when it was *said*, so the time written in the note is a mark (`staff-first-heard`).
 */
import type { Message } from '../../foundation/mail/message.ts';
import { type Instant, isBefore } from '../../foundation/time/time.ts';

export interface FirstHeard {
  readonly at: Instant;
  /** False when the zone is only a guess; then a person confirms it. */
  readonly trusted: boolean;
  readonly detail: string;
}

const noteWords =
  /\b(?:call(?:er)? ?note|call (?:log|record|summary|memo)|phone (?:note|call|memo|message)|telephone (?:note|call|memo|message)|voice ?mail|hotline note|chat (?:note|log|transcript)|telefonnotiz|gesprächsnotiz|anrufnotiz|rückrufbitte|note d'appel|nota de llamada|nota di chiamata|belnotitie|nota de chamada|notatka z rozmowy|запись звонка|arama notu)\b|通話メモ|電話メモ|来电记录|通话记录|통화 기록/i;

/** A wall-clock time is read as the latest moment before the note was sent, and not longer ago than this. */
const AGO_HOURS_MAX = 24;
/** Characters of the text searched for a time. */
const LOOK_CHARS = 4_000;

/** A note that a machine wrote as the call ended is so young that the zone follows from it. */
const WRITTEN_AT_ONCE_MINUTES_MAX = 5;

/** Offsets in use anywhere on Earth that are not whole hours, and the whole hours. */
const offsetsInUse: readonly string[] = [
  ...Array.from({ length: 27 }, (_, n) => n - 12).map((hour) => offsetText(hour * 60)),
  ...[-570, -210, -150, 210, 270, 330, 345, 390, 525, 570, 630, 765].map(offsetText),
];

function offsetText(minutes: number): string {
  const size = Math.abs(minutes);
  const two = (n: number): string => String(n).padStart(2, '0');
  return `${minutes < 0 ? '-' : '+'}${two(Math.floor(size / 60))}:${two(size % 60)}`;
}

/**
 * The instant at which the conversation began, or null when the note names none. A wall-clock time without zone is
 * read in each of the staff's zones, and the reading closest before the note was written is the one that was meant.
 * Where no zone of the staff is configured, any zone will do that makes the note one written as the call ended.
 */
export function firstHeard(message: Message, staffZones: readonly string[]): FirstHeard | null {
  const words = message.texts.find((block) => block.role === 'own')?.text.slice(0, LOOK_CHARS) ?? '';
  if (!noteWords.test(message.subject) && !noteWords.test(words.slice(0, 400))) return null;
  const written = message.date?.zoneKnown === true ? message.date.at : message.received[0]?.date?.at;
  if (written === undefined) return null;
  const range = timeRange(message.subject) ?? labelledTime(words) ?? timeRange(words);
  if (range === null) return null;
  const known = staffZones.length > 0;
  const zones = known ? ['UTC', ...staffZones, ...zonesOfHops(message)] : offsetsInUse;
  let best: { start: Instant; end: Instant; zone: string } | null = null;
  for (const zone of zones) {
    const end = lastBefore(range.end, zone, written);
    if (end === null) continue;
    const start = end.subtract({ minutes: minutesBetween(range.start, range.end) });
    if (best === null || isBefore(best.end, end)) best = { start, end, zone };
  }
  if (best === null || written.since(best.start).total('hours') > AGO_HOURS_MAX) return null;
  return {
    at: best.start,
    trusted: known || written.since(best.end).total('minutes') <= WRITTEN_AT_ONCE_MINUTES_MAX,
    detail: `Note by our own staff: conversation began ${clockText(range.start)} (${best.zone}), note written ${written.toString()}`,
  };
}

interface WallClock {
  readonly hour: number;
  readonly minute: number;
}

const clockText = (time: WallClock): string =>
  `${String(time.hour).padStart(2, '0')}:${String(time.minute).padStart(2, '0')}`;

function minutesBetween(start: WallClock, end: WallClock): number {
  return (end.hour * 60 + end.minute - start.hour * 60 - start.minute + 1440) % 1440;
}

/** `08:47-08:52`: when it began and ended. */
function timeRange(text: string): { start: WallClock; end: WallClock } | null {
  const found =
    /(?<![\d:.])(\d{1,2})[:.](\d{2})(?::\d{2})?\s?(?:-|–|—|to|bis|until)\s?(\d{1,2})[:.](\d{2})(?![\d:])/.exec(
      text.slice(0, LOOK_CHARS),
    );
  if (found === null) return null;
  return wallClocks([found[1], found[2], found[3], found[4]]);
}

/** `Call received: 08:47`, `Time: 8.47`. */
function labelledTime(text: string): { start: WallClock; end: WallClock } | null {
  const found =
    /^\s{0,4}(?:call(?:ed)?(?: received| started| time)?|time(?: of call)?|started|begin|received|uhrzeit|anruf um|heure|hora|ora|tijd)\s{0,2}[:：]\s{0,4}(?:\S{0,12} )?(\d{1,2})[:.](\d{2})(?![\d:.])/im.exec(
      text,
    );
  if (found === null) return null;
  return wallClocks([found[1], found[2], found[1], found[2]]);
}

function wallClocks(digits: readonly (string | undefined)[]): { start: WallClock; end: WallClock } | null {
  const [a, b, c, d] = digits.map(Number) as [number, number, number, number];
  if (a > 23 || c > 23 || b > 59 || d > 59) return null;
  return { start: { hour: a, minute: b }, end: { hour: c, minute: d } };
}

/** The offsets in which our own servers stamped this message: where staff work is likely written there. */
function zonesOfHops(message: Message): readonly string[] {
  const offsets = [message.date?.text, ...message.received.map((hop) => hop.date?.text)].map(
    (text) =>
      /([+-]\d{2}):?(\d{2})\b/
        .exec(text ?? '')
        ?.slice(1, 3)
        .join(':') ?? null,
  );
  return [
    ...new Set(offsets.filter((offset) => offset !== null && offset !== '+00:00' && offset !== '-00:00')),
  ] as string[];
}

/** The last time before `until` at which a clock in `zone` showed `time`; null for a zone nobody knows. */
function lastBefore(time: WallClock, zone: string, until: Instant): Instant | null {
  try {
    const day = until.toZonedDateTimeISO(zone);
    const today = day.withPlainTime({ hour: time.hour, minute: time.minute });
    const found = today.epochNanoseconds <= until.epochNanoseconds ? today : today.subtract({ days: 1 });
    return found.toInstant();
  } catch {
    return null;
  }
}
