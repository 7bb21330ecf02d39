/**
 * When did this report reach the CA? Candidates for the clock's start, read from one message, each with its source,
 * whether it may move the clock, and the words that say why (TLS BR 4.9.5 counts from receipt; RFC 5321 4.4 says who
 * writes which line). Nothing is thrown away: a line that is not believed is shown as not believed.
 */
import type { MarkSource, ReceiptMark } from '../../desk/clock/receipt-mark.ts';
import { domainOf, isUnder } from '../../foundation/mail/addresses.ts';
import type { InnerMessage, Message, ReceivedHop } from '../../foundation/mail/message.ts';
import { type Instant, isBefore } from '../../foundation/time/time.ts';
import { firstHeard } from './first-heard.ts';

/** How and when this desk got the message into its hands: always a mark, and always trusted. */
export interface Acceptance {
  readonly source: MarkSource;
  readonly at: Instant;
  readonly detail: string;
}

/** Whom we believe. */
export interface Trust {
  /** Hosts that accept mail for us, as they call themselves in `Received … by`. A leading dot means "and all below". */
  readonly trustedHosts: readonly string[];
  /** Domains whose people and machines are ours. */
  readonly staffDomains: readonly string[];
  /** Zones in which staff write wall-clock times, IANA names; UTC is always tried too. */
  readonly staffZones?: readonly string[];
}

/** Trust as the command line has it from one host name: `mx.ca.example` accepts, `ca.example` is the staff. */
export function trustOfHost(host: string): Trust {
  const dot = host.indexOf('.');
  const domain = dot > 0 && host.indexOf('.', dot + 1) > 0 ? host.slice(dot + 1) : host;
  return { trustedHosts: [host.toLowerCase()], staffDomains: [domain.toLowerCase()] };
}

/**
 * All marks of one message. `acceptance` is null only where there is none: a file read from a disk says nothing
 * about when it was received.
 */
export function receiptMarks(input: {
  readonly message: Message;
  readonly acceptance: Acceptance | null;
  readonly trust: Trust;
}): readonly ReceiptMark[] {
  const { message, acceptance, trust } = input;
  const marks: ReceiptMark[] = [];
  if (acceptance !== null) {
    marks.push({ source: acceptance.source, at: acceptance.at, trusted: true, detail: acceptance.detail });
  }
  const chain = ownHops(message.received, trust);
  marks.push(...hopMarks(message.received, chain, trust, acceptance));
  const internal = isFromStaff(message, chain, trust);
  for (const inner of message.inner) marks.push(...innerMarks(inner, internal, trust, acceptance));
  if (internal) {
    const heard = firstHeard(message, trust.staffZones ?? []);
    if (heard !== null)
      marks.push({ source: 'staff-first-heard', at: heard.at, trusted: heard.trusted, detail: heard.detail });
  }
  const written = dateMark(message, chain, acceptance);
  if (written !== null) marks.push(written);
  return marks;
}

/**
 * This message's own acceptance: the date of the topmost `Received` that `host` wrote. Null when there is none or its
 * zone is unknown. (A content filter makes a host write two lines; command-line contract: the topmost counts.)
 */
export function receivedAtOf(message: Message, host: string): Instant | null {
  const wanted = host.toLowerCase();
  const hop = message.received.find((candidate) => candidate.by === wanted && candidate.date?.zoneKnown === true);
  return hop?.date?.at ?? null;
}

/**
 * Indexes of the hops that our own side wrote: down from the top while each was handed over by a host of ours. The
 * last one is the boundary, where the message came in from outside. What stands below was written by strangers,
 * whatever name it bears.
 */
export function ownHops(received: readonly ReceivedHop[], trust: Trust): readonly number[] {
  const own: number[] = [];
  for (const [i, hop] of received.entries()) {
    const accepted = isTrustedHost(hop.by, trust);
    // Mailbox and ticket servers behind the accepting hosts: above them, but only if our side handed over.
    if (!accepted && !(own.length === 0 && isHandedOverInside(hop, received[i + 1], trust))) break;
    if (accepted) own.push(i);
    if (!isHandedOverInside(hop, received[i + 1], trust)) break;
  }
  return own;
}

function isTrustedHost(host: string, trust: Trust): boolean {
  return trust.trustedHosts.some((trusted) =>
    trusted.startsWith('.') ? isUnder(host, trusted) : host === trusted.toLowerCase(),
  );
}

const isOurs = (host: string, trust: Trust): boolean =>
  host !== '' && (isTrustedHost(host, trust) || trust.staffDomains.some((domain) => isUnder(host, domain)));

/** The host that wrote `hop` got the message from one of ours, by what it *saw*, not by what the peer called itself. */
function isHandedOverInside(hop: ReceivedHop, below: ReceivedHop | undefined, trust: Trust): boolean {
  if (hop.fromVerified !== '') {
    return (isOurs(hop.fromVerified, trust) || hop.fromVerified === 'localhost') && !isOutsideLoopback(hop);
  }
  if (hop.fromAddress !== '')
    return isPrivate(hop.fromAddress) && (isOurs(hop.from, trust) || hop.from === 'localhost');
  return below !== undefined && hop.from !== '' && hop.from === below.by && isOurs(hop.from, trust);
}

const isOutsideLoopback = (hop: ReceivedHop): boolean =>
  hop.fromVerified === 'localhost' && hop.fromAddress !== '' && !isPrivate(hop.fromAddress);

/** RFC 1918, RFC 4193, loopback and link-local. */
function isPrivate(address: string): boolean {
  return (
    /^(?:10\.|127\.|192\.168\.|169\.254\.|172\.(?:1[6-9]|2\d|3[01])\.)/.test(address) ||
    /^(?:::1$|f[cd][0-9a-f]{2}:|fe80:)/i.test(address)
  );
}

function hopMarks(
  received: readonly ReceivedHop[],
  chain: readonly number[],
  trust: Trust,
  acceptance: Acceptance | null,
): readonly ReceiptMark[] {
  const marks: ReceiptMark[] = [];
  const boundary = chain.at(-1);
  for (const [i, hop] of received.entries()) {
    if (!isTrustedHost(hop.by, trust)) continue;
    if (hop.date === null) continue;
    const believed = chain.includes(i) && hop.date.zoneKnown;
    const future = acceptance !== null && isBefore(acceptance.at, hop.date.at);
    const why = !chain.includes(i)
      ? 'below a line that came from outside, so anybody could have written it'
      : !hop.date.zoneKnown
        ? 'its time zone is not known'
        : future
          ? 'later than our own acceptance'
          : i === boundary
            ? 'where it came in from outside'
            : 'on its way inside';
    marks.push({
      source: 'trusted-received',
      at: hop.date.at,
      trusted: believed && !future,
      detail: `Received by ${hop.by}: ${hop.date.text} (${why})`,
    });
  }
  return marks;
}

/**
 * One of our own people or machines sent this: a staff address in From, and a path that never left the house, or a
 * signature of our domain that our own server checked.
 */
export function isFromStaff(message: Message, chain: readonly number[], trust: Trust): boolean {
  const author = message.from[0];
  if (author === undefined || !trust.staffDomains.some((domain) => isUnder(domainOf(author.address), domain)))
    return false;
  const boundary = chain.at(-1);
  if (boundary === undefined) return false;
  const hop = message.received[boundary];
  if (hop !== undefined && isHandedOverInside(hop, message.received[boundary + 1], trust)) return true;
  return hasOwnSignature(message, trust);
}

/** RFC 8601: the topmost Authentication-Results is ours if its id is; anything below it may be forged. */
function hasOwnSignature(message: Message, trust: Trust): boolean {
  const results = message.headers.get('authentication-results')?.[0]?.slice(0, 4_000) ?? '';
  const [server = '', ...rest] = results.split(';');
  if (!isTrustedHost(server.trim().split(' ')[0]?.toLowerCase() ?? '', trust)) return false;
  return rest.some((result) => {
    const domain = /\bdkim\s*=\s*pass\b.*?\bheader\.[di]\s*=\s*@?([A-Za-z0-9.-]{1,253})/i.exec(result)?.[1];
    return domain !== undefined && trust.staffDomains.some((staff) => isUnder(domain, staff));
  });
}

/**
 * A report that lay in a colleague's inbox, or bounced off our own mail server, had been received when our own server
 * took it in the first place: its own chain says when. An outsider who encloses such a chain proves nothing.
 */
function innerMarks(
  inner: InnerMessage,
  fromStaff: boolean,
  trust: Trust,
  acceptance: Acceptance | null,
): readonly ReceiptMark[] {
  const who = inner.from === null ? 'an unknown sender' : inner.from.address || inner.from.name;
  const chain = ownHops(inner.received, trust);
  const boundary = chain.at(-1);
  const hop = boundary === undefined ? undefined : inner.received[boundary];
  if (hop !== undefined && hop.date !== null) {
    const future = acceptance !== null && isBefore(acceptance.at, hop.date.at);
    return [
      {
        source: 'forwarded-original',
        at: hop.date.at,
        trusted: fromStaff && hop.date.zoneKnown && !future,
        detail: `Enclosed message from ${who}, received by ${hop.by}: ${hop.date.text} (${
          fromStaff ? 'enclosed by our own side' : 'enclosed by somebody outside, so a person confirms it'
        })`,
      },
    ];
  }
  if (inner.date === null) return [];
  return [
    {
      source: 'forwarded-original',
      at: inner.date.at,
      trusted: false,
      detail: `Enclosed message from ${who}, dated ${inner.date.text} (${
        inner.date.zoneKnown ? 'no line of ours shows when we received it' : 'its time zone is not known'
      }; a person confirms it)`,
    },
  ];
}

/** Clocks of honest relays disagree by so much. */
const SKEW_SECONDS_MAX = 300;
/** A chain whose hops lie further apart than this does not support a Date. */
const TRANSIT_HOURS_MAX = 1;

/**
 * The sender's own Date. Behind a line of ours it can never matter (composition is not receipt); without one, as in
 * an imported archive, it may move the start earlier if the whole chain bears it out.
 */
function dateMark(message: Message, chain: readonly number[], acceptance: Acceptance | null): ReceiptMark | null {
  const date = message.date;
  if (date === null) return null;
  const supported = chain.length === 0 && isBorneOut(message, acceptance);
  const why = !date.zoneKnown
    ? 'its time zone is not known'
    : chain.length > 0
      ? 'the sender wrote it; our own line counts'
      : supported
        ? 'borne out by every relay on the way'
        : 'the sender wrote it, and nothing bears it out';
  return { source: 'date-header', at: date.at, trusted: supported, detail: `Date: ${date.text} (${why})` };
}

function isBorneOut(message: Message, acceptance: Acceptance | null): boolean {
  if (message.date === null || !message.date.zoneKnown || message.received.length === 0) return false;
  let before = message.date.at;
  for (const hop of message.received.toReversed()) {
    if (hop.date === null || !hop.date.zoneKnown) return false;
    const seconds = hop.date.at.since(before).total('seconds');
    if (seconds < -SKEW_SECONDS_MAX || seconds > TRANSIT_HOURS_MAX * 3600) return false;
    before = hop.date.at;
  }
  return acceptance === null || !isBefore(acceptance.at, message.date.at);
}
