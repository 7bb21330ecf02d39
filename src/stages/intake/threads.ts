/**
 * Which conversation a message belongs to. Subjects and plain numbers can be copied by anybody, so only two things
 * count: a reply address that carries our own keyed hash, and the ids a message names. What a message brings that is new
 * still makes a case of its own: that decision is made with its evidence (`app/read-report.ts`).
 */
import { createHmac, timingSafeEqual } from 'node:crypto';
import type { CaseId } from '../../foundation/brand.ts';
import type { Message } from '../../foundation/mail/message.ts';
import type { Instant } from '../../foundation/time/time.ts';

/** Keys for our hashes, newest first; older ones still open what they signed. */
export type ThreadSecrets = readonly (string | Uint8Array)[];

/** RFC 5321 section 4.5.3.1.1. A longer address would be refused by the servers on its way. */
const LOCAL_PART_MAX = 64;
/** Longer than any case, shorter than a mailbox that somebody inherits. */
const VALID_DAYS = 183;
/** 80 bits, too many to guess through a mail server: 16 characters. */
const TAG_BYTES = 10;
const TAG_CHARACTERS = 16;
const DAY_CHARACTERS = 3;

/**
 * `reports+ID.DAY.TAG@ca.example` without the points: the address to answer to until its day is over. Null where the
 * address would be longer than mail allows; then letters are answered at `base`.
 */
export function replyAddress(caseId: CaseId, base: string, secrets: ThreadSecrets, now: Instant): string | null {
  const at = base.lastIndexOf('@');
  const [secret] = secrets;
  const id = shortId(caseId);
  if (at < 1 || secret === undefined || id === null) return null;
  const day = (daysOf(now) + VALID_DAYS).toString(36).padStart(DAY_CHARACTERS, '0');
  const local = `${base.slice(0, at)}+${id}${day}${tagOf(secret, id, day)}`;
  return local.length > LOCAL_PART_MAX ? null : `${local}${base.slice(at)}`;
}

/** The case an address was made for; null for any that we did not make, and for one whose day is over. */
export function caseOfReplyAddress(address: string, secrets: ThreadSecrets, now: Instant): CaseId | null {
  const found = new RegExp(`\\+(_?[a-z0-9-]{1,60})([0-9a-z]{${DAY_CHARACTERS}})([a-z2-7]{${TAG_CHARACTERS}})@`).exec(
    address.slice(0, 400).toLowerCase(),
  );
  if (found === null) return null;
  const [, id, day, tag] = found as unknown as [string, string, string, string];
  const given = Buffer.from(tag);
  const ours = secrets.some((secret) => timingSafeEqual(given, Buffer.from(tagOf(secret, id, day))));
  return ours && daysOf(now) <= Number.parseInt(day, 36) ? longId(id) : null;
}

/** The first case that one of the addresses was made for. */
export function caseSentTo(addresses: readonly string[], secrets: ThreadSecrets, now: Instant): CaseId | null {
  for (const address of addresses.slice(0, ADDRESSES_MAX)) {
    const caseId = caseOfReplyAddress(address, secrets, now);
    if (caseId !== null) return caseId;
  }
  return null;
}

/** Addresses of one message that are looked at. */
const ADDRESSES_MAX = 200;

const daysOf = (now: Instant): number => Math.floor(now.epochMilliseconds / 86_400_000);

function tagOf(secret: string | Uint8Array, id: string, day: string): string {
  return base32(createHmac('sha256', secret).update(`reply\n${id}\n${day}`).digest().subarray(0, TAG_BYTES));
}

const uuid = /^case-([0-9a-f]{8})-([0-9a-f]{4})-([0-9a-f]{4})-([0-9a-f]{4})-([0-9a-f]{12})$/;
const uuidCharacters = 26;

/** Ids as the desk makes them are written short; others, behind a mark, as they are if an address can hold them. */
function shortId(caseId: CaseId): string | null {
  const parts = uuid.exec(caseId);
  if (parts !== null) return base32(Buffer.from(parts.slice(1).join(''), 'hex'));
  return /^[a-z0-9-]{1,40}$/.test(caseId) ? `_${caseId}` : null;
}

function longId(id: string): CaseId | null {
  if (id.startsWith('_')) return id.slice(1) as CaseId;
  if (id.length !== uuidCharacters) return null;
  const hex = fromBase32(id).subarray(0, 16).toString('hex');
  return `case-${hex.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5')}` as CaseId;
}

/** RFC 4648 section 6, in lower case and without padding. */
const letters = 'abcdefghijklmnopqrstuvwxyz234567';

function base32(bytes: Uint8Array): string {
  let text = '';
  let held = 0;
  let bits = 0;
  for (const byte of bytes) {
    held = ((held << 8) | byte) & 0xfff;
    bits += 8;
    for (; bits >= 5; bits -= 5) text += letters[(held >> (bits - 5)) & 31];
  }
  return bits === 0 ? text : text + letters[(held << (5 - bits)) & 31];
}

function fromBase32(text: string): Buffer {
  const bytes: number[] = [];
  let held = 0;
  let bits = 0;
  for (const letter of text) {
    held = ((held << 5) | Math.max(0, letters.indexOf(letter))) & 0xfff;
    bits += 5;
    if (bits < 8) continue;
    bits -= 8;
    bytes.push((held >> bits) & 0xff);
  }
  return Buffer.from(bytes);
}

/** Ids kept per message; the nearest ones matter. */
const THREAD_KEYS_MAX = 60;

/** Its own id and those it names, nearest first: what the ledger looks threads up by. */
export function threadKeys(message: Message): readonly string[] {
  const named = [...message.inReplyTo, ...message.references.toReversed()];
  const bounced = message.inner.flatMap((inner) => (inner.messageId === null ? [] : [inner.messageId]));
  const own = message.messageId === null ? [] : [message.messageId];
  return [...new Set([...own, ...named, ...bounced].map((id) => id.toLowerCase()))].slice(0, THREAD_KEYS_MAX);
}
