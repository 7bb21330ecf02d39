/**
 * Dates of mail (RFC 5322 3.3 and 4.3), read without the JavaScript Date constructor: that one reads a date without
 * zone as local time, rejects IST and the military letters, and turns second 60 into second 00, a minute early. A
 * clock must never come from a library's default, so a zone that is not certain says so.
 */
import type { ParsedDate } from './message.ts';

/** Dates longer than this are not dates. */
const DATE_CHARS_MAX = 200;

/**
 * Reads one date. Null when there is no date in it. `zoneKnown` is false when the zone is missing, ambiguous
 * (`IST` is India, Ireland and Israel; military letters were specified backwards in RFC 822, so RFC 5322 4.3 says to
 * take them as unknown) or unheard of; the instant is then the reading as UTC.
 */
export function parseDate(text: string): ParsedDate | null {
  const raw = text.slice(0, DATE_CHARS_MAX).trim();
  if (raw === '') return null;
  const comment = /\(([^()]{1,40})\)/.exec(raw)?.[1]?.trim() ?? '';
  const plain = raw
    .replace(/\([^()]*\)/g, ' ')
    .replace(/\s+/g, ' ')
    .trim();
  const fields = rfc5322(plain) ?? iso8601(plain) ?? asctime(plain);
  if (fields === null) return null;
  const zone = zoneOf(fields.zone, comment);
  const seconds = epochSeconds(fields, zone.offsetMinutes);
  if (seconds === null) return null;
  return { at: Temporal.Instant.fromEpochMilliseconds(seconds * 1000), zoneKnown: zone.known, text: raw };
}

interface Fields {
  readonly year: number;
  readonly month: number;
  readonly day: number;
  readonly hour: number;
  readonly minute: number;
  readonly second: number;
  readonly zone: string;
}

const months = ['jan', 'feb', 'mar', 'apr', 'may', 'jun', 'jul', 'aug', 'sep', 'oct', 'nov', 'dec'];

/** Month names met in headers of localised software; English first (RFC 5322 knows no other). */
const foreignMonths = new Map<string, number>([
  ['mär', 3],
  ['mrz', 3],
  ['mai', 5],
  ['okt', 10],
  ['dez', 12],
  ['fev', 2],
  ['fév', 2],
  ['avr', 4],
  ['abr', 4],
  ['aoû', 8],
  ['aou', 8],
  ['ago', 8],
  ['déc', 12],
  ['dic', 12],
  ['ene', 1],
  ['mrt', 3],
  ['mei', 5],
  ['set', 9],
  ['out', 10],
  ['gen', 1],
  ['mag', 5],
  ['giu', 6],
  ['lug', 7],
  ['ott', 10],
]);

function monthOf(name: string): number | null {
  const low = name.toLowerCase();
  const exact = months.indexOf(low.slice(0, 3));
  if (exact >= 0) return exact + 1;
  return foreignMonths.get(low.slice(0, 3)) ?? null;
}

// `Sat, 31 Aug 2024 23:19:05 +0530`, the weekday and the seconds being optional, dots as separators tolerated.
const rfcPattern =
  /^(?:\p{L}{2,12}\.?,? ?)?(\d{1,2})[ -](\p{L}{3,12})\.?[ -](\d{2,5}),? (\d{1,2})[:.](\d{2})(?:[:.](\d{2})(?:[.,]\d{1,9})?)?(?: ?([ap]m))?(?: ?(\S.{0,40}))?$/iu;

function rfc5322(text: string): Fields | null {
  const found = rfcPattern.exec(text);
  if (found === null) return null;
  const month = monthOf(found[2] as string);
  if (month === null) return null;
  return {
    year: fullYear(found[3] as string),
    month,
    day: Number(found[1]),
    hour: twelveHours(Number(found[4]), found[7]),
    minute: Number(found[5]),
    second: Number(found[6] ?? 0),
    zone: (found[8] ?? '').trim(),
  };
}

// `2024-08-31T23:19:05.123+05:30`, and the Go style of bulk senders: `2026-08-09 05:20:08.000000 +0000 UTC m=+970534.4`.
const isoPattern =
  /^(\d{4})[-/.](\d{1,2})[-/.](\d{1,2})[T ,]{1,2}(\d{1,2}):(\d{2})(?::(\d{2})(?:[.,]\d{1,9})?)?(?: ?(\S.{0,60}))?$/i;

function iso8601(text: string): Fields | null {
  const found = isoPattern.exec(text);
  if (found === null) return null;
  return {
    year: Number(found[1]),
    month: Number(found[2]),
    day: Number(found[3]),
    hour: Number(found[4]),
    minute: Number(found[5]),
    second: Number(found[6] ?? 0),
    zone: (found[7] ?? '').replace(/ m=[+-][\d.]+$/, '').trim(),
  };
}

// `Sat Aug 31 23:19:05 2024`, `Sat Aug 31 23:19:05 IST 2024`, `Aug 31, 2024 11:19 PM`.
const asctimePattern =
  /^(?:\p{L}{2,12}\.?,? )?(\p{L}{3,12})\.? (\d{1,2}),? (?:(\d{4}),? )?(\d{1,2}):(\d{2})(?::(\d{2}))?(?: ?([ap]m))?(?: ([A-Z+][A-Za-z0-9+:-]{0,9}|-\d{4}))?(?: (\d{4}))?(?: ([A-Z+-][A-Za-z0-9+:-]{0,9}))?$/iu;

function asctime(text: string): Fields | null {
  const found = asctimePattern.exec(text);
  if (found === null) return null;
  const month = monthOf(found[1] as string);
  const year = found[3] ?? found[9];
  if (month === null || year === undefined) return null;
  return {
    year: Number(year),
    month,
    day: Number(found[2]),
    hour: twelveHours(Number(found[4]), found[7]),
    minute: Number(found[5]),
    second: Number(found[6] ?? 0),
    zone: (found[8] ?? found[10] ?? '').trim(),
  };
}

function twelveHours(hour: number, half: string | undefined): number {
  if (half === undefined) return hour;
  return (hour % 12) + (half.toLowerCase() === 'pm' ? 12 : 0);
}

/** RFC 5322 4.3: two digits 00-49 are 20xx, 50-99 are 19xx; three digits count from 1900. */
function fullYear(digits: string): number {
  const year = Number(digits);
  if (digits.length === 2) return year < 50 ? 2000 + year : 1900 + year;
  return digits.length === 3 ? 1900 + year : year;
}

interface Zone {
  readonly offsetMinutes: number;
  readonly known: boolean;
}

/** Zone names that mean one thing everywhere they are met (RFC 5322 4.3 defines the first ten). */
const zoneNames = new Map<string, number>([
  ['UT', 0],
  ['UTC', 0],
  ['GMT', 0],
  ['EST', -300],
  ['EDT', -240],
  ['CST', -360],
  ['CDT', -300],
  ['MST', -420],
  ['MDT', -360],
  ['PST', -480],
  ['PDT', -420],
  ['CET', 60],
  ['CEST', 120],
  ['MEZ', 60],
  ['MESZ', 120],
  ['EET', 120],
  ['EEST', 180],
  ['WET', 0],
  ['WEST', 60],
  ['MSK', 180],
  ['JST', 540],
  ['KST', 540],
  ['HKT', 480],
  ['SGT', 480],
  ['NZST', 720],
  ['NZDT', 780],
  ['AEST', 600],
  ['AEDT', 660],
  ['HST', -600],
  ['AKST', -540],
  ['AKDT', -480],
]);

const unknownZone: Zone = { offsetMinutes: 0, known: false };

function zoneOf(text: string, comment: string): Zone {
  // The number speaks; a name behind it is decoration.
  const numeric = /^(?:GMT|UTC|UT)? ?([+-])(\d{1,2}):?(\d{2})?(?![\d:])/i.exec(text);
  if (numeric !== null) return numericZone(numeric[1] as string, numeric[2] as string, numeric[3] ?? '00');
  const name = (text === '' ? comment : text).toUpperCase().replace(/[^A-Z].*$/, '');
  if (text === '' && /^[+-]\d{4}$/.test(comment)) {
    return numericZone(comment.slice(0, 1), comment.slice(1, 3), comment.slice(3));
  }
  if (name === 'Z' && /^Z$/i.test(text)) return { offsetMinutes: 0, known: true };
  const offset = zoneNames.get(name);
  return offset === undefined ? unknownZone : { offsetMinutes: offset, known: true };
}

function numericZone(sign: string, hoursText: string, minutesText: string): Zone {
  const minutes = Number(hoursText) * 60 + Number(minutesText);
  // -0000 (RFC 5322 3.3): the instant is right, only the local zone is not told.
  if (minutes > 14 * 60 || Number(minutesText) > 59) return unknownZone;
  return { offsetMinutes: sign === '-' ? -minutes : minutes, known: true };
}

const daysInMonth = (year: number, month: number): number =>
  month === 2
    ? year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0)
      ? 29
      : 28
    : month % 2 === (month > 7 ? 1 : 0)
      ? 30
      : 31;

/** Null when the fields name no day. Second 60 is the leap second: the first instant of the next minute. */
function epochSeconds(fields: Fields, offsetMinutes: number): number | null {
  const { year, month, day, hour, minute, second } = fields;
  if (year < 1900 || year > 9999 || month < 1 || month > 12) return null;
  if (day < 1 || day > daysInMonth(year, month) || hour > 24 || minute > 59 || second > 60) return null;
  if (hour === 24 && (minute > 0 || second > 0)) return null;
  return Date.UTC(year, month - 1, day, 0, 0, 0) / 1000 + hour * 3600 + minute * 60 + second - offsetMinutes * 60;
}

/** Longest shown date looked at. */
const SHOWN_CHARS_MAX = 160;

/** First letters of month names as mail programs show them, per month, in the languages of `languages.ts`. */
const shownMonths: readonly RegExp[] = [
  /^(?:jan|янв|січ|oca|sty|ene|gen|led|ian|ιαν|tammi|ינו|يناير|जन|tháng 1$|giêng|janv)/i,
  /^(?:feb|fév|fev|фев|лют|şub|lut|úno|φεβ|helmi|פבר|فبراير|फ़?र|tháng 2$)/i,
  /^(?:mar|mär|mrz|maa|maar|мар|бер|márc|bře|μαρ|maalis|מרץ|مارس|मार्च|tháng 3$|mrt)/i,
  /^(?:apr|abr|avr|апр|квіт|nis|kwi|dub|ápr|απρ|huhti|אפר|أبريل|अप्रै|tháng 4$)/i,
  /^(?:may|mai|mag|mei|maj|мая|май|трав|kvě|máj|μαΐ|μάι|touko|מאי|مايو|मई|tháng 5$)/i,
  /^(?:jun|juin|giu|июн|черв|haz|cze|červn|čvn|iun|ιουν|kesä|יונ|يونيو|जून|tháng 6$)/i,
  /^(?:jul|juil|lug|июл|лип|tem|lip|červen|čvc|iul|ιουλ|heinä|יול|يوليو|जुल|tháng 7$)/i,
  /^(?:aug|ago|aoû|авг|серп|ağu|sie|srp|αυγ|elo|אוג|أغسطس|अग|tháng 8$)/i,
  /^(?:sep|set|сен|вер|eyl|wrz|zář|szept|σεπ|syys|ספט|سبتمبر|सित|tháng 9$)/i,
  /^(?:oct|okt|out|ott|окт|жов|eki|paź|říj|οκτ|loka|אוק|أكتوبر|अक्|tháng 10$)/i,
  /^(?:nov|ноя|лист|kas|lis|noi|νοε|marras|נוב|نوفمبر|नव|tháng 11$)/i,
  /^(?:dec|dez|dic|déc|дек|груд|ara|gru|pro|δεκ|joulu|דצמ|ديسمبر|दिस|tháng 12$)/i,
];

/**
 * Reads a date as a mail program shows it above forwarded text (`Montag, 2. September 2024 10:15`,
 * `2024年9月2日 10:15`, `Monday, September 2, 2024 10:15 AM`). These rarely name a zone, and purely numeric dates do
 * not say which number is the month; then `zoneKnown` is false and the instant is a guess for a person to confirm.
 */
export function parseDisplayedDate(text: string): ParsedDate | null {
  const raw = text.slice(0, SHOWN_CHARS_MAX).trim();
  const exact = parseDate(raw);
  if (exact !== null) return exact;
  const time = /(?<!\d)(\d{1,2})(?:[:.hH时時시](\d{2}))(?:[:.](\d{2}))?(?: ?(?:分|분))?(?: ?([ap])\.?m\.?)?/i.exec(
    raw.replace(/\d{1,4}[./-]\d{1,2}[./-]\d{1,4}/, (date) => ' '.repeat(date.length)),
  );
  const day = shownDay(raw);
  if (day === null) return null;
  const half = time?.[4] === undefined ? shownHalf(raw) : `${time[4]}m`;
  const zone = /(?:GMT|UTC)? ?[+-]\d{1,2}:?\d{2}\b|\b(?:UTC|GMT|CEST|CET|[ECMP][SD]T|MSK|JST)\b/.exec(
    raw.slice(time === null ? raw.length : time.index),
  );
  const found = zone === null ? unknownZone : zoneOf(zone[0].trim(), '');
  const epoch = epochSeconds(
    {
      ...day,
      hour: twelveHours(Number(time?.[1] ?? 0), half),
      minute: Number(time?.[2] ?? 0),
      second: Number(time?.[3] ?? 0),
      zone: '',
    },
    found.offsetMinutes,
  );
  if (epoch === null) return null;
  return {
    at: Temporal.Instant.fromEpochMilliseconds(epoch * 1000),
    zoneKnown: found.known && time !== null,
    text: raw,
  };
}

/** 午前/午後, 上午/下午, 오전/오후 and the like, written before the time. */
function shownHalf(raw: string): string | undefined {
  if (/午後|下午|오후|م(?=\s|$)/.test(raw)) return 'pm';
  return /午前|上午|오전/.test(raw) ? 'am' : undefined;
}

function shownDay(raw: string): { year: number; month: number; day: number } | null {
  const eastern = /(\d{4})\s?[年년]\s?(\d{1,2})\s?[月월]\s?(\d{1,2})\s?[日일]?/.exec(raw);
  if (eastern !== null) return { year: Number(eastern[1]), month: Number(eastern[2]), day: Number(eastern[3]) };
  const iso = /(?<!\d)(\d{4})[-/.](\d{1,2})[-/.](\d{1,2})(?!\d)/.exec(raw);
  if (iso !== null) return { year: Number(iso[1]), month: Number(iso[2]), day: Number(iso[3]) };
  const dotted = /(?<!\d)(\d{1,2})[./-](\d{1,2})[./-](\d{4})(?!\d)/.exec(raw);
  if (dotted !== null) {
    const [first, second] = [Number(dotted[1]), Number(dotted[2])];
    return first > 12 || second <= 12
      ? { year: Number(dotted[3]), month: second, day: first }
      : { year: Number(dotted[3]), month: first, day: second };
  }
  const year = /(?<!\d)((?:19|20)\d{2})(?!\d)/.exec(raw)?.[1];
  const words = raw.match(/\p{L}[\p{L}\p{M}]{2,}/gu) ?? [];
  const vietnamese = /tháng (\d{1,2})/i.exec(raw)?.[1];
  const day = /(?<![\d:.])(\d{1,2})(?:st|nd|rd|th|er|\.|º|o)?(?![\d:h])/i.exec(raw)?.[1];
  if (year === undefined || day === undefined) return null;
  if (vietnamese !== undefined) return { year: Number(year), month: Number(vietnamese), day: Number(day) };
  for (const name of words) {
    // Some weekdays begin like a month (`martes`, `maandag`).
    const month = shownMonths.findIndex((pattern) => pattern.test(name));
    if (month >= 0 && !weekdays.test(name)) return { year: Number(year), month: month + 1, day: Number(day) };
  }
  return null;
}

/** Weekday names that begin like a month. */
const weekdays = /^(?:mardi|martes|marted|maandag|marți|mon|montag)\p{L}*$/iu;
