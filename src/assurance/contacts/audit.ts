/**
 * Compares every place in which the CA publishes a contact, with each other and with what the desk really reads. A
 * difference is a finding with an owner and a date: CCADB Policy 1 gives 14 days, and the clock runs from when it was
 * first seen, however often the audit runs after that.
 */
import { dutyById } from '../../desk/policy/in-force.ts';
import { hasCome, type Instant } from '../../foundation/time/time.ts';
import { type Place, type PublishedContact, places, type Reading } from './published.ts';

export type FindingKind =
  | 'place-unread'
  | 'place-stale'
  | 'place-empty'
  | 'contact-missing'
  | 'not-monitored'
  | 'dead-address'
  | 'place-faulty';

export interface ContactFinding {
  /** Stable over runs: kind, place and contact. */
  readonly id: string;
  readonly kind: FindingKind;
  readonly place: Place | null;
  readonly contact: string | null;
  readonly message: string;
  readonly owner: 'compliance' | 'pki-team';
  readonly since: Instant;
  /** When it has to be put right. */
  readonly dueAt: Instant;
}

export interface AuditInput {
  /** The newest reading of each place. */
  readonly readings: readonly Reading[];
  /** Mail addresses and forms that the desk takes reports from, lower case. */
  readonly monitored: readonly string[];
  /** Addresses from which the last test report did not become a case in time. */
  readonly deadAddresses: readonly string[];
  /** Places that the CA publishes in; all that are known when left out. */
  readonly places?: readonly Place[];
  /** When findings of earlier runs were first seen, by id. */
  readonly firstSeen: ReadonlyMap<string, Instant>;
  readonly now: Instant;
}

/** A reading older than this says nothing about today. */
const staleAfterHours = 36;

export function auditContacts(input: AuditInput): readonly ContactFinding[] {
  const { readings, now } = input;
  const found: Omit<ContactFinding, 'since' | 'dueAt'>[] = [];
  const say = (kind: FindingKind, place: Place | null, contact: string | null, message: string) =>
    found.push({
      id: [kind, place ?? '', contact ?? ''].join('/'),
      kind,
      place,
      contact,
      message,
      owner: kind === 'dead-address' || kind === 'not-monitored' ? 'pki-team' : 'compliance',
    });

  for (const place of input.places ?? places) {
    const reading = readings.find((r) => r.place === place);
    if (reading === undefined) say('place-unread', place, null, `${nameOf(place)} has not been read yet.`);
    else if (!reading.ok) say('place-unread', place, null, `${nameOf(place)} cannot be read: ${reading.problem}`);
    else {
      if (hasCome(reading.readAt.add({ hours: staleAfterHours }), now)) {
        say('place-stale', place, null, `${nameOf(place)} was last read ${reading.readAt.toString()}.`);
      }
      if (mails(reading.contacts).length === 0)
        say('place-empty', place, null, `${nameOf(place)} names no mail address.`);
      for (const problem of reading.problems) say('place-faulty', place, null, `${nameOf(place)}: ${problem}`);
    }
  }

  const published = readings.flatMap((r) =>
    r.ok ? mails(r.contacts).map((address) => ({ address, place: r.place })) : [],
  );
  const everywhere = [...new Set(published.map((p) => p.address))].toSorted();
  for (const address of everywhere) {
    const at = published.filter((p) => p.address === address).map((p) => p.place);
    for (const reading of readings) {
      if (!reading.ok || at.includes(reading.place) || mails(reading.contacts).length === 0) continue;
      say(
        'contact-missing',
        reading.place,
        address,
        `${address} stands in ${at.map(nameOf).join(', ')} but not in ${nameOf(reading.place)}.`,
      );
    }
    if (!input.monitored.includes(address)) {
      say('not-monitored', null, address, `${address} is published, but the desk does not read it.`);
    }
    if (input.deadAddresses.includes(address)) {
      say('dead-address', null, address, `A test report to ${address} did not become a case in time.`);
    }
  }
  return found.map((finding) => {
    const since = input.firstSeen.get(finding.id) ?? now;
    return { ...finding, since, dueAt: since.add({ seconds: limitOf(finding.kind, since) }) };
  });
}

/** A dead or unread address loses reports today; a difference between documents has the CCADB's 14 days. */
function limitOf(kind: FindingKind, since: Instant): number {
  if (kind === 'dead-address' || kind === 'not-monitored') return 3600;
  return dutyById('CCADB_DEFAULT', since).limitSeconds;
}

function mails(contacts: readonly PublishedContact[]): readonly string[] {
  return contacts.filter((c) => c.kind === 'email').map((c) => c.value);
}

function nameOf(place: Place): string {
  const names: Record<Place, string> = {
    'cps-1.5.2': 'CPS 1.5.2',
    'cps-4.9.12': 'CPS 4.9.12',
    ccadb: 'the CCADB',
    'web-page': 'the web page',
    'security-txt': 'security.txt',
    'acme-directory': 'the ACME directory',
  };
  return names[place];
}
