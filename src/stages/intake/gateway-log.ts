/**
 * What the CA's own mail gateway did before the desk could see a message. A session that our own server refused, or a
 * mail that its filter holds, has reached the CA: when the report turns up, by whatever way, the clock starts there.
 */
import type { ReceiptMark } from '../../desk/clock/receipt-mark.ts';
import { domainOf } from '../../foundation/mail/addresses.ts';
import type { Message } from '../../foundation/mail/message.ts';
import type { Instant } from '../../foundation/time/time.ts';

/** One line of the gateway's log. */
export interface GatewayEvent {
  readonly at: Instant;
  /** `refuse`: the sender was told no; `hold`: the filter keeps it; `move`: it was put into another folder. */
  readonly action: 'refuse' | 'hold' | 'move';
  readonly envelopeFrom: string;
  readonly envelopeTo: readonly string[];
  /** Null where the session ended before the message was sent. */
  readonly messageId: string | null;
}

/** A refusal belongs to a report of the same sender that comes within this time. */
export const REFUSAL_DAYS_MAX = 14;

/** Where lines are kept: they are shipped at other times than the mail they speak of, and outlive a restart. */
export interface GatewayBook {
  /** Durable when it resolves; the same line again is one line. False when it was there already. */
  note(event: GatewayEvent): Promise<boolean>;
  /** Lines that may concern a message of these senders, or with this id, that was accepted then. */
  about(message: Pick<Mailed, 'senders' | 'messageId' | 'acceptedAt'>): Promise<readonly GatewayEvent[]>;
}

/** What of a message is compared with the log. */
export interface Mailed {
  /** Lower case: envelope, Return-Path, From. */
  readonly senders: readonly string[];
  readonly recipients: readonly string[];
  /** Null when the message brought none. */
  readonly messageId: string | null;
  readonly acceptedAt: Instant;
}

export function mailedAs(
  message: Message,
  arrival: {
    readonly envelopeFrom: string | null;
    readonly envelopeTo: readonly string[];
    readonly acceptedAt: Instant;
  },
): Mailed {
  const senders = [arrival.envelopeFrom ?? '', message.returnPath ?? '', message.from[0]?.address ?? ''];
  return {
    senders: [...new Set(senders.map((address) => address.toLowerCase()).filter((address) => address !== ''))],
    recipients: [...arrival.envelopeTo, ...message.deliveredTo, ...message.to.map((to) => to.address)],
    messageId: message.messageIdSynthetic ? null : message.messageId,
    acceptedAt: arrival.acceptedAt,
  };
}

/**
 * Marks of the log lines that concern this message. A line with its Message-ID is the message itself; a refusal
 * without one is taken for an earlier attempt of the same sender at the same domain of ours.
 */
export function gatewayMarks(mailed: Mailed, events: readonly GatewayEvent[]): readonly ReceiptMark[] {
  const domains = new Set(mailed.recipients.map(domainOf).filter(Boolean));
  return events.flatMap((event): ReceiptMark[] => {
    if (Temporal.Instant.compare(event.at, mailed.acceptedAt) > 0) return [];
    const same = event.messageId !== null && event.messageId === mailed.messageId;
    const attempted =
      event.action === 'refuse' &&
      event.messageId === null &&
      mailed.senders.includes(event.envelopeFrom.toLowerCase()) &&
      (event.envelopeTo.length === 0 || event.envelopeTo.some((to) => domains.has(domainOf(to)))) &&
      mailed.acceptedAt.since(event.at).total('hours') <= REFUSAL_DAYS_MAX * 24;
    if (!same && !attempted) return [];
    return [{ source: 'gateway-log', at: event.at, trusted: true, detail: words[event.action] }];
  });
}

const words: Readonly<Record<GatewayEvent['action'], string>> = {
  refuse: 'Our mail gateway refused an attempt of this sender then',
  hold: 'Our mail gateway had taken it and held it',
  move: 'Our mail gateway had taken it and put it aside',
};
