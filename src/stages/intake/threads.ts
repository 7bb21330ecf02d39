/**
 * Which conversation a message belongs to. Subjects and plain numbers can be copied by anybody, so only three things
 * count: a reply address and a Message-ID that carry our own keyed hash, and the ids a message names. Whoever sends
 * from outside the conversation is linked, not merged: that decision is a person's (`app/`).
 */
import { createHmac, timingSafeEqual } from 'node:crypto';
import type { CaseId } from '../../foundation/brand.ts';
import { domainOf } from '../../foundation/mail/addresses.ts';
import type { DeliveryFailure, Message } from '../../foundation/mail/message.ts';

/** Keys for our hashes, newest first; older ones still open what they signed. */
export interface ThreadSecrets {
  readonly secrets: readonly string[];
}

/** Hex characters of the hash: 80 bits, too many to guess through a mail server. */
const TAG_CHARS = 20;

function tag(secret: string, purpose: string, text: string): string {
  return createHmac('sha256', secret).update(`${purpose}\n${text}`).digest('hex').slice(0, TAG_CHARS);
}

function isTag(given: string, keys: ThreadSecrets, purpose: string, text: string): boolean {
  if (given.length !== TAG_CHARS) return false;
  return keys.secrets.some((secret) => timingSafeEqual(Buffer.from(given), Buffer.from(tag(secret, purpose, text))));
}

/** `reports+CASE.TAG@ca.example`, the address to answer to. `CASE` must be letters, digits and dashes. */
export function replyAddress(caseId: CaseId, base: string, keys: ThreadSecrets): string {
  const at = base.lastIndexOf('@');
  const id = caseId.toLowerCase();
  return `${base.slice(0, at)}+${id}.${tag(newest(keys), 'reply', id)}${base.slice(at)}`;
}

/** The case an address was made for, or null for any that we did not make. */
export function caseOfReplyAddress(address: string, keys: ThreadSecrets): string | null {
  const found = /\+([a-z0-9-]{1,64})\.([0-9a-f]+)@/.exec(address.toLowerCase());
  if (found === null) return null;
  const [, id, given] = found as unknown as [string, string, string];
  return isTag(given, keys, 'reply', id) ? id : null;
}

/** Message-ID of a letter of ours, by which its bounces and answers are known. */
export function letterMessageId(letterId: string, domain: string, keys: ThreadSecrets): string {
  const id = letterId.toLowerCase().replace(/[^a-z0-9-]/g, '-');
  return `<${id}.${tag(newest(keys), 'letter', id)}@${domain}>`;
}

/** The letter a Message-ID was made for, or null for any that we did not make. */
export function letterOfMessageId(messageId: string, keys: ThreadSecrets): string | null {
  const found = /^<?([a-z0-9-]{1,120})\.([0-9a-f]+)@[^@>\s]+>?$/.exec(messageId.toLowerCase());
  if (found === null) return null;
  const [, id, given] = found as unknown as [string, string, string];
  return isTag(given, keys, 'letter', id) ? id : null;
}

function newest(keys: ThreadSecrets): string {
  const secret = keys.secrets[0];
  if (secret === undefined) throw new Error('a thread secret is configured before a letter is written');
  return secret;
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

export interface Conversation {
  /** Case whose reply address it was sent to. */
  readonly caseId: string | null;
  /** Letters of ours that it answers, nearest first. */
  readonly letters: readonly string[];
}

/** What our own hashes say about a message. */
export function conversationOf(message: Message, envelopeTo: readonly string[], keys: ThreadSecrets): Conversation {
  const addresses = [
    ...envelopeTo,
    ...message.deliveredTo,
    ...message.to.map((to) => to.address),
    ...message.cc.map((cc) => cc.address),
  ];
  let caseId: string | null = null;
  for (const address of addresses) caseId ??= caseOfReplyAddress(address, keys);
  const letters = threadKeys(message).flatMap((id) => letterOfMessageId(id, keys) ?? []);
  return { caseId, letters: [...new Set(letters)] };
}

/** A letter of ours that did not arrive. */
export interface Bounce {
  /** Null: not a letter of ours (backscatter), or the bounce does not say which. */
  readonly letterId: string | null;
  readonly caseId: string | null;
  readonly failures: readonly DeliveryFailure[];
  /** Nobody at this address will ever read it. A delay is not yet a failure. */
  readonly permanent: boolean;
}

/**
 * Reads a bounce. The letter is named by the enclosed original, by the ids the bounce refers to, by the reply address
 * it was sent back to, or, where software encloses nothing, by our Message-ID standing in its words.
 */
export function bounceOf(message: Message, envelopeTo: readonly string[], keys: ThreadSecrets): Bounce | null {
  if (message.automatic !== 'bounce') return null;
  const { caseId, letters } = conversationOf(message, envelopeTo, keys);
  const failures = message.failures.filter((failure) => failure.action === 'failed' || failure.action === 'delayed');
  return {
    letterId: letters[0] ?? letterInWords(message, keys),
    caseId,
    failures,
    permanent: failures.length === 0 ? !/delay|warning/i.test(message.subject) : failures.some((one) => one.permanent),
  };
}

/** Characters of a bounce searched for a Message-ID of ours. */
const WORDS_CHARS_MAX = 64 * 1024;

function letterInWords(message: Message, keys: ThreadSecrets): string | null {
  const words = message.texts
    .map((block) => block.text)
    .join('\n')
    .slice(0, WORDS_CHARS_MAX);
  for (const [, id] of words.matchAll(/message-id:\s{0,10}(<[^<>\s]{1,300}>)/gi)) {
    const letter = letterOfMessageId(id as string, keys);
    if (letter !== null) return letter;
  }
  return null;
}

/**
 * Whether a message counts as the answer of a person. Vacation notes, bounces and receipts never do: silence is
 * silence (promise 4).
 */
export function isAnswer(message: Message): boolean {
  return message.automatic === 'no' || message.automatic === 'list';
}

/** A sender who belongs to the conversation: an address we wrote to, or a colleague under the same domain. */
export function belongsTo(
  message: Message,
  participants: readonly string[],
  publicDomains: ReadonlySet<string>,
): boolean {
  const from = message.from[0]?.address ?? '';
  if (from === '') return false;
  const domain = domainOf(from);
  return participants.some((participant) => {
    const known = participant.toLowerCase();
    return known === from || (!publicDomains.has(domain) && domain !== '' && domainOf(known) === domain);
  });
}
