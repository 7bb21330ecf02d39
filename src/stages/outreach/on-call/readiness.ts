/**
 * Who could not be reached tonight: a list, not a feeling. For the people on call and for subscribers alike: a contact
 * counts as good only when it has worked within a year and has not failed since.
 */
import { hasCome, type Instant, isBefore } from '../../../foundation/time/time.ts';

export type ContactChannel = 'email' | 'phone' | 'sms' | 'web-push' | 'webhook';

/**
 * What came of one try. `answered` is a person, `delivered` only a machine at the other end; `sent` means that our own
 * next hop took it, which proves nothing about the other end.
 */
export type AttemptResult =
  | 'sent'
  | 'delivered'
  | 'answered'
  | 'no-answer'
  | 'voicemail'
  | 'busy'
  | 'wrong-number'
  | 'bounced'
  | 'delayed';

export interface ContactAttempt {
  readonly channel: ContactChannel;
  readonly to: string;
  readonly at: Instant;
  readonly result: AttemptResult;
  /** Who tried: a person for a call, the desk for a letter. */
  readonly by: string;
}

export type ContactHealth =
  | { readonly state: 'good'; readonly provenAt: Instant }
  | { readonly state: 'failed'; readonly since: Instant; readonly result: AttemptResult }
  | { readonly state: 'stale'; readonly provenAt: Instant }
  | { readonly state: 'unproven' };

/** A contact is proven again each year and after each bounce. */
const provenForDays = 365;

const proves: readonly AttemptResult[] = ['delivered', 'answered'];
const failsForGood: readonly AttemptResult[] = ['bounced', 'wrong-number'];

export function contactHealth(attempts: readonly ContactAttempt[], now: Instant): ContactHealth {
  const ordered = attempts.toSorted((a, b) => Temporal.Instant.compare(a.at, b.at));
  const proven = ordered.findLast((a) => proves.includes(a.result));
  const failed = ordered.findLast((a) => failsForGood.includes(a.result));
  if (failed !== undefined && (proven === undefined || isBefore(proven.at, failed.at))) {
    return { state: 'failed', since: failed.at, result: failed.result };
  }
  if (proven === undefined) return { state: 'unproven' };
  const until = proven.at.add({ hours: provenForDays * 24 });
  return { state: hasCome(until, now) ? 'stale' : 'good', provenAt: proven.at };
}

export interface Reachable {
  readonly who: string;
  readonly contacts: readonly { readonly channel: ContactChannel; readonly to: string }[];
}

export interface Unready {
  readonly who: string;
  /** `nobody-home`: no contact works. `one-way`: only one does. `reverify`: they work, but not proven lately. */
  readonly problem: 'nobody-home' | 'one-way' | 'reverify';
  readonly contacts: readonly {
    readonly channel: ContactChannel;
    readonly to: string;
    readonly health: ContactHealth;
  }[];
}

/** Those who could not be reached, or only just, worst first. `attempts` may hold anybody's. */
export function unready(
  people: readonly Reachable[],
  attempts: readonly ContactAttempt[],
  now: Instant,
): readonly Unready[] {
  const byContact = Map.groupBy(attempts, (a) => `${a.channel} ${a.to}`);
  const judged = people.flatMap(({ who, contacts }): Unready[] => {
    const looked = contacts.map((contact) => ({
      ...contact,
      health: contactHealth(byContact.get(`${contact.channel} ${contact.to}`) ?? [], now),
    }));
    const alive = looked.filter((c) => c.health.state === 'good' || c.health.state === 'stale');
    const good = looked.filter((c) => c.health.state === 'good');
    if (alive.length === 0) return [{ who, problem: 'nobody-home', contacts: looked }];
    if (new Set(alive.map((c) => c.channel)).size < 2) return [{ who, problem: 'one-way', contacts: looked }];
    return good.length === alive.length ? [] : [{ who, problem: 'reverify', contacts: looked }];
  });
  const order = ['nobody-home', 'one-way', 'reverify'];
  return judged.toSorted((a, b) => order.indexOf(a.problem) - order.indexOf(b.problem));
}

/** How often a contact that is not proven is tested again; a test a day would teach people to look away. */
const testAgainDays = 7;

/** Contacts that are owed a test page: not proven within the year, and not tested lately. Calls are made by people. */
export function testsDue(
  people: readonly Reachable[],
  attempts: readonly ContactAttempt[],
  now: Instant,
): readonly { readonly who: string; readonly channel: ContactChannel; readonly to: string }[] {
  const byContact = Map.groupBy(attempts, (a) => `${a.channel} ${a.to}`);
  return people.flatMap(({ who, contacts }) =>
    contacts.flatMap(({ channel, to }) => {
      if (channel === 'phone') return [];
      const own = byContact.get(`${channel} ${to}`) ?? [];
      const last = own
        .map((a) => a.at)
        .toSorted(Temporal.Instant.compare)
        .at(-1);
      const rested = last === undefined || hasCome(last.add({ hours: testAgainDays * 24 }), now);
      return rested && contactHealth(own, now).state !== 'good' ? [{ who, channel, to }] : [];
    }),
  );
}

/** When to call again: soon after a busy line, later after nobody answered, never after a wrong number. */
export function nextCallAt(attempts: readonly ContactAttempt[]): Instant | null {
  const calls = attempts.filter((a) => a.channel === 'phone').toSorted((a, b) => Temporal.Instant.compare(a.at, b.at));
  const last = calls.at(-1);
  if (last === undefined || last.result === 'answered' || last.result === 'wrong-number') return null;
  return last.at.add({ minutes: last.result === 'busy' ? 5 : Math.min(60, 15 * calls.length) });
}
