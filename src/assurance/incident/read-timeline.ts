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
const time = '(\\d{1,2}:\\d{2}(?::\\d{2}(?:\\.\\d+)?)?(?:\\s?[AaPp]\\.?[Mm]\\b\\.?)?)';
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
    const bare = isoDates(text)
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
  return { entries: entries.map((e) => withoutWords(e, entries, statedUtc)), statedUtc };
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
  const iso = isoDates(text);
  const m = full.exec(iso.replace(/\*\*|`/g, ''));
  if (m !== null) return entry(0, text, m[1] ?? '', m[2] ?? '', m[3], m[4], false);
  const only = dateOnly.exec(iso);
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
    return Temporal.Instant.from(`${day}T${clock24(clock)}:00Z`).subtract({ minutes: offsetMinutes });
  } catch {
    return null;
  }
}

/** `5:49 PM` as `17:49`; seconds are dropped. */
function clock24(text: string): string {
  const m = /^(\d{1,2}):(\d{2})(?:[^AaPp]*([AaPp]))?/.exec(text);
  const half = m?.[3]?.toLowerCase();
  const hour = Number(m?.[1] ?? '99');
  const full = half === undefined ? hour : (hour % 12) + (half === 'p' ? 12 : 0);
  return `${String(full).padStart(2, '0')}:${m?.[2] ?? '99'}`;
}

const months = ['jan', 'feb', 'mar', 'apr', 'may', 'jun', 'jul', 'aug', 'sep', 'oct', 'nov', 'dec'];
const monthName = '(Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec)[a-z]{0,6}\\.?';
const dayFirst = new RegExp(`\\b(\\d{1,2})(?:st|nd|rd|th)?\\s+${monthName},?\\s+(\\d{4})`, 'gi');
const monthFirst = new RegExp(`\\b${monthName}\\s+(\\d{1,2})(?:st|nd|rd|th)?,?\\s+(\\d{4})`, 'gi');

/** Dates in words or with slashes as `YYYY-MM-DD`; the guidelines do not ask for ISO 8601. */
function isoDates(text: string): string {
  const iso = (day: string, month: string, year: string) =>
    `${year}-${String(months.indexOf(month.slice(0, 3).toLowerCase()) + 1).padStart(2, '0')}-${day.padStart(2, '0')}`;
  return text
    .replace(dayFirst, (_, day: string, month: string, year: string) => iso(day, month, year))
    .replace(monthFirst, (_, month: string, day: string, year: string) => iso(day, month, year))
    .replace(/\b(\d{4})\/(\d{2})\/(\d{2})\b/g, '$1-$2-$3');
}

const zoneNames =
  /^(?:GMT|IST|PST|PDT|EST|EDT|CST|CDT|MST|MDT|AKST|HST|CET|CEST|MET|MEST|BST|WET|WEST|EET|EEST|MSK|TRT|GST|PKT|NPT|ICT|WIB|SGT|MYT|PHT|HKT|JST|KST|AEST|AEDT|ACST|AWST|NZST|NZDT|BRT|ART|CLT|COT|SAST|EAT|WAT|CAT|ITC|LT)$/;

/**
 * Capitals behind a time may be the first word of the entry (`17:49 CPR received`) and no zone. Names of zones always
 * count; others when they stand behind half of the times, or are set off from the text.
 */
function withoutWords(entry: ReadEntry, all: readonly ReadEntry[], statedUtc: boolean): ReadEntry {
  if (entry.zone.is !== 'bare') return entry;
  const { name } = entry.zone;
  const alike = all.filter((e) => e.zone.is === 'bare' && e.zone.name === name).length;
  const setOff = new RegExp(`\\d\\s*\\(?${name}\\)?\\s*(?:[:|\\u2013\\u2014-]|$)`).test(entry.text);
  if (zoneNames.test(name) || setOff || (alike >= 2 && alike * 2 >= all.length)) return entry;
  const time = full.exec(entry.text);
  const at = statedUtc && time !== null ? instantOf(time[1] ?? '', time[2] ?? '', 0) : null;
  return { ...entry, zone: { is: 'none' }, at };
}
