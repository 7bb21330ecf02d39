/**
 * What a desk asks before it is needed: do the people on call hear us? Contacts that have not worked within the year,
 * or have failed since, get a test page in working hours; somebody on call whom nothing reaches wakes the others now.
 */
import { type Duration, hasCome, hours, type Instant, minutes } from '../foundation/time/time.ts';
import type { Fetch } from '../stages/inventory/sources/http.ts';
import type { ContactLog } from '../stages/outreach/on-call/contact-log.ts';
import { contactHealth, testsDue } from '../stages/outreach/on-call/readiness.ts';
import type { Contact, Duty } from './duty.ts';
import type { Cause } from './night-watch.ts';
import type { Paging } from './paging.ts';
import { auditPublished } from './published-contacts.ts';
import type { Desk } from './wiring.ts';

/** What is older says nothing about tonight: a contact is proven for a year. */
const lookBack = hours(400 * 24);
const workingHours = { from: 9, until: 16 } as const;

const peopleEvery = minutes(15);
const placesEvery = hours(12);

/** Looks at people each quarter of an hour and at published places twice a day; in between says what it last found. */
export function preparation(
  desk: Pick<Desk, 'pool' | 'canaries' | 'config' | 'contacts' | 'log'>,
  parts: { readonly duty: Duty | null; readonly paging: Pick<Paging, 'test'> },
  fetch: Fetch = (url, init) => globalThis.fetch(url, init),
): (now: Instant) => Promise<readonly Cause[]> {
  const people = atMostEvery(peopleEvery, (now) => peaceTime({ ...parts, contacts: desk.contacts }, now));
  const places = atMostEvery(placesEvery, async (now) => {
    const { findings } = await auditPublished(desk, fetch, now);
    for (const { id, message } of findings) desk.log.warn({ finding: id }, message);
    // An address that nobody reads loses reports tonight; a difference between documents has days.
    return findings
      .filter((finding) => finding.owner === 'pki-team')
      .map(({ id, message }) => ({ id: `contact/${id}`, words: message }));
  });
  return async (now) => [...(await people(now)), ...(await places(now))];
}

function atMostEvery(
  every: Duration,
  look: (now: Instant) => Promise<readonly Cause[]>,
): (now: Instant) => Promise<readonly Cause[]> {
  let last: { readonly at: Instant; readonly causes: readonly Cause[] } | null = null;
  return async (now) => {
    if (last !== null && !hasCome(last.at.add(every), now)) return last.causes;
    last = { at: now, causes: await look(now) };
    return last.causes;
  };
}

export async function peaceTime(
  parts: { readonly duty: Duty | null; readonly contacts: ContactLog; readonly paging: Pick<Paging, 'test'> },
  now: Instant,
): Promise<readonly Cause[]> {
  const { duty, contacts, paging } = parts;
  if (duty === null || duty.rota === null) return [];
  const attempts = await contacts.since(now.subtract(lookBack), 'staff');
  if (isWorkingHour(duty, now)) {
    const due = testsDue(duty.people, attempts, now);
    if (due.length > 0)
      await paging.test(
        due.map(({ who, channel, to }) => ({ who, contact: { channel, to } as Contact })),
        now,
      );
  }
  const dead = duty.onCallAt(now).filter(({ person }) => {
    const own = duty.contactsOf(person);
    const failed = ({ channel, to }: Contact) =>
      contactHealth(
        attempts.filter((a) => a.channel === channel && a.to === to),
        now,
      ).state === 'failed';
    return own.length > 0 && own.every(failed);
  });
  return dead.map(({ person }) => ({
    id: `on-call/${person}/unreachable`,
    words: `${person} is on call, and every way to ${person} has failed. Put somebody else on call.`,
  }));
}

/** By the clock of the first level's hand-over: a test at night would be an alarm. */
function isWorkingHour(duty: Duty, now: Instant): boolean {
  const zone = /\[([^\]]+)\]$/.exec(duty.rota?.levels[0]?.from ?? '')?.[1] ?? 'UTC';
  const local = now.toZonedDateTimeISO(zone);
  return local.dayOfWeek <= 5 && local.hour >= workingHours.from && local.hour < workingHours.until;
}
