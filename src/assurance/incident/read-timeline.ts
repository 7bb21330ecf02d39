/**
 * Timeline entries with the instant they name and how they name the zone. A bare zone name is never trusted: the
 * incident this desk exists for was once reported in "IST" and later, with the same figures, in "ITC", which is no zone.
 */
import type { Instant } from '../../foundation/time/time.ts';
import type { Line, ReadSection } from './read-report.ts';

export type Zone =
  | { readonly is: 'utc' | 'offset' | 'none' }
  /** `IST`, `PST`, `ITC`: a name that says no offset. */
  | { readonly is: 'bare'; readonly name: string };

export interface ReadEntry extends Line {
  /** Null where the zone is not known or the date makes no sense. */
  readonly at: Instant | null;
  readonly precise: boolean;
  readonly zone: Zone;
}

export interface ReadTimeline {
  readonly entries: readonly ReadEntry[];
  /** `All times are UTC` stands above: entries without a zone are UTC. */
  readonly statedUtc: boolean;
}

const date = '(\\d{4}-\\d{2}-\\d{2})';
const time = '(\\d{1,2}:\\d{2})(?::\\d{2}(?:\\.\\d+)?)?';
const zone =
  '\\s*((?:Z|\\(?UTC(?:\\s*[+\\u2212-]\\s*\\d{1,2}(?::?\\d{2})?)?\\)?|[+\\u2212-]\\d{2}:?\\d{2}|\\(?[A-Z]{2,5}\\)?)(?![A-Za-z]))?(?:\\s*\\(?(UTC\\s*[+\\u2212-]\\s*\\d{1,2}(?::?\\d{2})?)\\)?)?';
const full = new RegExp(`${date}(?:T|,?\\s+(?:at\\s+)?)${time}${zone}`);
const timeOnly = new RegExp(`^${time}${zone}`);
const dateOnly = new RegExp(date);

export function readTimeline(section: ReadSection | undefined): ReadTimeline {
  const lines = section?.lines ?? [];
  const statedUtc = lines.some(({ text }) => /\b(?:all|the)\b[^.]{0,40}\btimes?\b[^.]{0,40}\bUTC\b/i.test(text));
  const entries: ReadEntry[] = [];
  let day: string | null = null;
  for (const { line, text } of lines) {
    const bare = text
      .replace(/\*\*|__|`/g, '')
      .replace(/^\s*(?:[-*+]\s+|\|\s*|#{4,6}\s+)?/, '')
      .trim();
    const whole = full.exec(bare);
    if (whole !== null && whole.index < 3) {
      day = whole[1] ?? day;
      entries.push(entry(line, bare, whole[1] ?? '', whole[2] ?? '', whole[3], whole[4], statedUtc));
      continue;
    }
    const short = timeOnly.exec(bare);
    if (short !== null && day !== null) {
      entries.push(entry(line, bare, day, short[1] ?? '', short[2], short[3], statedUtc));
      continue;
    }
    const onlyDate = dateOnly.exec(bare);
    if (onlyDate === null || onlyDate.index > 2) continue;
    day = onlyDate[1] ?? null;
    const rest = bare.slice((onlyDate[1] ?? '').length).replace(/^[\s:.,-]+/, '');
    if (rest !== '' && !rest.startsWith('---')) {
      entries.push({ line, text: bare, at: instantOf(day ?? '', '00:00', 0), precise: false, zone: { is: 'none' } });
    }
  }
  return { entries, statedUtc };
}

function entry(
  line: number,
  text: string,
  day: string,
  clock: string,
  zoneText: string | undefined,
  explicit: string | undefined,
  statedUtc: boolean,
): ReadEntry {
  const { zone: read, minutes } = readZone(zoneText, explicit);
  const known = read.is === 'utc' || read.is === 'offset' || (read.is === 'none' && statedUtc);
  return { line, text, precise: true, zone: read, at: known ? instantOf(day, clock, minutes) : null };
}

/** The zone of a time: `UTC`, `Z`, an offset, a bare name, or nothing. An offset beside a name saves the name. */
function readZone(text: string | undefined, explicit: string | undefined): { zone: Zone; minutes: number } {
  const offset = offsetOf(explicit) ?? offsetOf(text);
  if (offset !== null) return { zone: { is: 'offset' }, minutes: offset };
  const name = (text ?? '').replace(/[()\s]/g, '');
  if (name === '') return { zone: { is: 'none' }, minutes: 0 };
  if (name === 'Z' || name === 'UTC') return { zone: { is: 'utc' }, minutes: 0 };
  return { zone: { is: 'bare', name }, minutes: 0 };
}

/** `2024-08-31 17:49 UTC` and its like anywhere in a text, for single dates such as the summary's. */
export function readInstant(text: string): ReadEntry | null {
  const m = full.exec(text.replace(/\*\*|`/g, ''));
  if (m !== null) return entry(0, text, m[1] ?? '', m[2] ?? '', m[3], m[4], false);
  const only = dateOnly.exec(text);
  return only === null
    ? null
    : { line: 0, text, at: instantOf(only[1] ?? '', '00:00', 0), precise: false, zone: { is: 'none' } };
}

function offsetOf(text: string | undefined): number | null {
  const m = /([+\u2212-])\s*(\d{1,2}):?(\d{2})?/.exec(text ?? '');
  if (m === null) return null;
  const minutes = Number(m[2]) * 60 + Number(m[3] ?? '0');
  return m[1] === '+' ? minutes : -minutes;
}

function instantOf(day: string, clock: string, offsetMinutes: number): Instant | null {
  try {
    return Temporal.Instant.from(`${day}T${clock.padStart(5, '0')}:00Z`).subtract({ minutes: offsetMinutes });
  } catch {
    return null;
  }
}
