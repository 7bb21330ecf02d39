/**
 * The port through which a letter or a page leaves the house.
 *
 * Promise of `send`: one outcome for each letter, in order, and it never throws for what a server, a network or a
 * letter says. `accepted` means that the next hop has taken responsibility (a mail server's 250, a webhook's 2xx), not
 * that anybody has read it. `refused` is permanent: try another contact. `retry` did not happen and may be tried again.
 * After `unknown` it may have happened; sending again is harmless, because the Message-ID comes from the letter's id and
 * the reader's mail program shows one letter. A caller must not assume any order of delivery.
 *
 * A messenger keeps nothing between calls: what was sent is recorded by the outbox.
 */
import { createHash } from 'node:crypto';

export type Channel = 'email' | 'webhook' | 'sms' | 'web-push';

/** RFC 3834: an automatic answer says so; a report with findings is not automatic even when a machine sends it. */
export type Automatic = 'no' | 'auto-replied' | 'auto-generated';

export interface EnclosedFile {
  readonly fileName: string;
  readonly mediaType: string;
  readonly content: string;
}

export interface Outgoing {
  /** Derived from what the letter is for; see `Letter` in the outbox. The same id is the same letter. */
  readonly letterId: string;
  /** A mail address, a telephone number or a webhook's name, as the channel wants it. */
  readonly to: string;
  readonly subject: string;
  readonly text: string;
  /** Null: plain text only. */
  readonly html: string | null;
  readonly language: string;
  readonly automatic: Automatic;
  /** Message-IDs with angle brackets; the last of `references` is the one answered. */
  readonly inReplyTo: string | null;
  readonly references: readonly string[];
  /** Where an answer is to go, when that is another address than the letter's sender. */
  readonly replyTo?: string | null;
  readonly enclosed?: readonly EnclosedFile[];
}

export type SendOutcome =
  | { readonly outcome: 'accepted'; readonly detail: string }
  | { readonly outcome: 'refused' | 'retry' | 'unknown'; readonly problem: string };

export interface Messenger {
  readonly name: string;
  readonly channel: Channel;
  send(letters: readonly Outgoing[], signal?: AbortSignal): Promise<readonly SendOutcome[]>;
  /** Finishes what is under way and lets go of connections. */
  close(): Promise<void>;
}

/** The Message-ID of a letter: stable, opaque, and the same after a crash. */
export function messageIdOf(letterId: string, domain: string): string {
  return `<${createHash('sha256').update(letterId).digest('hex').slice(0, 40)}@${domain}>`;
}
