/** How time is written on screen: absolute with zone and relative, exact, the same everywhere. */

export type Urgency = 'calm' | 'half' | 'low' | 'last' | 'missed' | 'none';

/** By share of the limit that is left: above 50 %, to 25 %, to 10 %, under 10 %, passed. */
export function urgencyOf(startAt: string, dueAt: string | null, now: number): Urgency {
  if (dueAt === null) return 'none';
  const share = shareLeft(startAt, dueAt, now);
  if (share < 0) return 'missed';
  if (share < 0.1) return 'last';
  if (share < 0.25) return 'low';
  return share <= 0.5 ? 'half' : 'calm';
}

export function shareLeft(startAt: string, dueAt: string, now: number): number {
  const start = Date.parse(startAt);
  const due = Date.parse(dueAt);
  return (due - now) / Math.max(1, due - start);
}

export const urgencyWords: Record<Urgency, string> = {
  calm: 'more than half left',
  half: 'less than half left',
  low: 'less than a quarter left',
  last: 'less than a tenth left',
  missed: 'limit passed',
  none: 'no limit',
};

/** `11:48` hours and minutes to the second under six hours, `18 h 11 min` above, `2 d 14 h` beyond two days. */
export function span(ms: number): string {
  const sign = ms < 0 ? '−' : '';
  const s = Math.floor(Math.abs(ms) / 1000);
  const two = (n: number): string => String(n).padStart(2, '0');
  const h = Math.floor(s / 3600);
  if (h < 6) return `${sign}${two(h)}:${two(Math.floor((s % 3600) / 60))}:${two(s % 60)}`;
  if (h < 48) return `${sign}${h} h ${two(Math.floor((s % 3600) / 60))} min`;
  return `${sign}${Math.floor(h / 24)} d ${two(h % 24)} h`;
}

/** In words, for speech and titles: `in 11 min`, `35 min ago`. */
export function relative(ms: number): string {
  const s = Math.floor(Math.abs(ms) / 1000);
  const h = Math.floor(s / 3600);
  const m = Math.floor((s % 3600) / 60);
  const text =
    s < 60 ? `${s} s` : h === 0 ? `${m} min` : h < 48 ? `${h} h ${m} min` : `${Math.floor(h / 24)} d ${h % 24} h`;
  return ms >= 0 ? `in ${text}` : `${text} ago`;
}

const monthNames = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];

/** `03:19:00` today, `24 Nov 21:19` on another day; always UTC, and the caller writes the zone beside it. */
export function utc(iso: string, now: number, seconds = false): string {
  const day = iso.slice(0, 10);
  const clock = iso.slice(11, seconds ? 19 : 16);
  if (new Date(now).toISOString().slice(0, 10) === day) return clock;
  const date = `${Number(iso.slice(8, 10))} ${monthNames[Number(iso.slice(5, 7)) - 1]}`;
  const year = new Date(now).getUTCFullYear() === Number(iso.slice(0, 4)) ? '' : ` ${iso.slice(0, 4)}`;
  return `${date}${year} ${clock}`;
}

export function localTime(iso: string): string {
  return new Intl.DateTimeFormat(undefined, {
    year: 'numeric',
    month: 'short',
    day: 'numeric',
    hour: '2-digit',
    minute: '2-digit',
    second: '2-digit',
    timeZoneName: 'short',
  }).format(new Date(iso));
}

export const number = (n: number): string => n.toLocaleString('en-GB');
