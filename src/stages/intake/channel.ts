/**
 * The port through which reports reach the desk. One verb: `listen`.
 *
 * A channel promises:
 * - What it says it has taken is durable (`receive` has resolved); what it could not store it leaves with the sender,
 *   telling it to come again (SMTP 4xx, HTTP 503, a mail left unread), never "received".
 * - The same thing delivered twice is one receipt; two things are never one.
 * - One message that cannot be taken does not keep the next one waiting.
 * - It reports to the ledger how many messages it has seen, so that a difference is found by counting.
 * - It changes nothing at the source: a mailbox is read without marking, moving or deleting.
 * - `close` finishes what it has begun and takes nothing new.
 */
import type { z } from 'zod';
import type { Instant, Time } from '../../foundation/time/time.ts';
import type { Ledger } from './ledger.ts';
import type { ChannelName } from './receipt.ts';
import type { ReceiveReport } from './receive-report.ts';

export interface ChannelContext {
  readonly receive: ReceiveReport;
  readonly ledger: Pick<Ledger, 'unrecorded' | 'reportSeen' | 'cursor' | 'moveCursor'>;
  readonly time: Time;
  /** A message was turned away for good. Somebody has to know: a refused report has been received (TLS BR 4.9.5). */
  readonly refused: (refusal: Refused) => void;
  /** The channel cannot work as it should; cleared by the next `working`. */
  readonly trouble: (trouble: Trouble) => void;
}

export interface Refused {
  readonly source: string;
  readonly at: Instant;
  readonly envelopeFrom: string | null;
  readonly envelopeTo: readonly string[];
  readonly peer: string;
  /** `message_too_large`, `bad_signature`, … */
  readonly code: string;
}

export interface Trouble {
  readonly source: string;
  readonly at: Instant;
  /** `unreachable`, `login_refused`, `store_unavailable`, `folder_unreadable`, `message_unreadable`, `not_recorded`. */
  readonly code: string;
  /** Words for the operator, without content of any message. */
  readonly detail: string;
}

/** One HTTP-like delivery to a channel that is called instead of listening. */
export interface Delivery {
  /** Lower-case names. */
  readonly headers: Readonly<Record<string, string | undefined>>;
  readonly body: Uint8Array;
  readonly peer: string;
  /** The member of staff who enters it (manual entries only). */
  readonly enteredBy?: string;
}

export interface Answer {
  /** 202 taken, 4xx wrong, 503 come again. */
  readonly status: number;
  readonly body: unknown;
  readonly retryAfterSeconds?: number;
}

export interface Listening {
  /** Where it listens, e.g. `smtp 127.0.0.1:2525`; for people and for tests that let the system choose a port. */
  readonly addresses: readonly string[];
  /** Channels that are called: takes one delivery. Never throws. */
  readonly accept?: (delivery: Delivery) => Promise<Answer>;
  /** Channels that fetch: looks now instead of at the next interval, and resolves when everything there is recorded. */
  readonly look?: () => Promise<void>;
  close(): Promise<void>;
}

export interface Channel {
  readonly name: ChannelName;
  readonly source: string;
  listen(context: ChannelContext): Promise<Listening>;
}

/** A kind of channel as the registry lists it. */
export interface ChannelKind<Settings> {
  readonly name: ChannelName;
  /** One sentence for the documentation. */
  readonly about: string;
  readonly settings: z.ZodType<Settings>;
  open(source: string, settings: Settings): Channel;
}

export function defineChannel<Settings>(kind: ChannelKind<Settings>): ChannelKind<Settings> {
  return kind;
}
