/**
 * When the desk may answer by itself (RFC 3834, with the signs that software uses instead of it), to whom, and how
 * often. Suppressing our reply never suppresses the case: scanners and bridges that must not be answered file genuine
 * reports. The preliminary report of TLS BR 4.9.5 is not an automatic reply and does not ask here.
 */
import { domainOf, isUnder } from '../../foundation/mail/addresses.ts';
import type { Message } from '../../foundation/mail/message.ts';

export interface ReplyContext {
  /** Envelope sender as the channel knows it; null when there was none (a form, an archive). */
  readonly envelopeFrom: string | null;
  /** Addresses that the desk itself writes from. */
  readonly ownAddresses: readonly string[];
  /** Automatic replies already sent: to this address within a day, within this thread, and by the desk in an hour. */
  readonly sent: { readonly toAddressToday: number; readonly inThread: number; readonly thisHour: number };
}

export type ReplyDecision =
  | { readonly ok: true; readonly to: string }
  | {
      readonly ok: false;
      readonly because:
        | 'no_address'
        | 'null_sender'
        | 'bounce'
        | 'automatic'
        | 'list'
        | 'own_message'
        | 'machine_address'
        | 'reply_to_ours'
        | 'suppressed_by_sender'
        | 'cap_address'
        | 'cap_thread'
        | 'cap_desk';
      /** A cap that was reached is an alarm (a loop, or an attack); a courtesy is not. */
      readonly alarm: boolean;
    };

/** RFC 3834 section 2: answering each of a sender's messages is how loops begin. */
export const REPLIES_PER_ADDRESS_DAY_MAX = 5;
export const REPLIES_PER_THREAD_MAX = 2;
export const REPLIES_PER_HOUR_MAX = 2_000;

/** May this message be answered automatically, and where does the answer go? */
export function mayAutoReply(message: Message, context: ReplyContext): ReplyDecision {
  const no = (because: Extract<ReplyDecision, { ok: false }>['because'], alarm = false): ReplyDecision => ({
    ok: false,
    because,
    alarm,
  });
  const returnPath = context.envelopeFrom ?? message.returnPath;
  if (message.automatic === 'bounce') return no('bounce');
  if (returnPath === '') return no('null_sender');
  if (message.automatic === 'list') return no('list');
  if (message.automatic !== 'no') return no('automatic');
  const suppress = header(message, 'x-auto-response-suppress').toLowerCase();
  if (/\b(?:all|autoreply|oof)\b/.test(suppress)) return no('suppressed_by_sender');
  if (message.headers.has('x-loop') || message.headers.has('x-rescind-desk')) return no('own_message');
  const to = replyTarget(message, returnPath);
  if (to === null) return no('no_address');
  if (isOwn(to, context.ownAddresses)) return no('own_message');
  if (isMachine(to)) return no('machine_address');
  if (context.sent.toAddressToday >= REPLIES_PER_ADDRESS_DAY_MAX) return no('cap_address', true);
  if (context.sent.inThread >= REPLIES_PER_THREAD_MAX) return no('cap_thread');
  if (context.sent.thisHour >= REPLIES_PER_HOUR_MAX) return no('cap_desk', true);
  return { ok: true, to };
}

/** Headers that every automatic reply of ours carries, so that nobody's software answers it. */
export function autoReplyHeaders(message: Message): readonly (readonly [string, string])[] {
  const answered = message.messageIdSynthetic ? null : message.messageId;
  const references = [...message.references.slice(-20), ...(answered === null ? [] : [answered])];
  return [
    ['Auto-Submitted', 'auto-replied'],
    ['X-Auto-Response-Suppress', 'All'],
    ['X-Rescind-Desk', 'auto-reply'],
    ...(answered === null ? [] : ([['In-Reply-To', answered]] as const)),
    ...(references.length === 0 ? [] : ([['References', references.join(' ')]] as const)),
  ];
}

const header = (message: Message, name: string): string => message.headers.get(name)?.[0] ?? '';

/** RFC 3834 section 4: to the envelope sender; Reply-To where there is no envelope; From last. */
function replyTarget(message: Message, returnPath: string | null): string | null {
  // Mailing services put a tag of their own into the envelope of a person's mail; nobody reads answers there.
  const envelope = /^bounces?[+=.-]/i.test(returnPath ?? '') ? '' : (returnPath ?? '');
  const candidates = [envelope, message.replyTo[0]?.address ?? '', message.from[0]?.address ?? ''];
  return candidates.map((one) => one.toLowerCase()).find((one) => /^[^\s@]+@[^\s@]+$/.test(one)) ?? null;
}

function isOwn(address: string, own: readonly string[]): boolean {
  const plain = address.replace(/\+[^@]*@/, '@');
  return own.some((one) => one.toLowerCase() === plain);
}

function isMachine(address: string): boolean {
  const local = address.slice(0, address.lastIndexOf('@'));
  return (
    /^(?:mailer-daemon|postmaster|no-?reply|do-?not-?reply|bounces?|owner-.*|.*-(?:request|owner|bounces?|return))(?:[+=-].*)?$/.test(
      local,
    ) || isUnder(domainOf(address), 'invalid')
  );
}
