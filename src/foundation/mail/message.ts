/**
 * One message after unwrapping: what a person would read, and the parts in which evidence hides. Produced by
 * `readMessage`; triage and the reading room work on this and never on raw MIME.
 */
import type { Instant } from '../time/time.ts';

export interface Address {
  readonly name: string;
  /** Lower case; empty when the header had none. */
  readonly address: string;
}

/** How a stretch of text came to be in the message: the writer's own words weigh more than quoted ones. */
export type TextRole = 'own' | 'quoted' | 'forwarded' | 'signature' | 'machine' | 'attachment';

export interface TextBlock {
  readonly role: TextRole;
  readonly text: string;
  /** Path of the part it came from, e.g. `1.2` or `1.3>keys.zip>readme.txt`. */
  readonly path: string;
}

/** A leaf of the MIME tree that is not running text. `bytes` are decoded. */
export interface Attachment {
  readonly path: string;
  readonly fileName: string;
  readonly mediaType: string;
  readonly bytes: Uint8Array;
}

/** A message inside the message: forwarded, bounced, or enclosed in a feedback report. */
export interface InnerMessage {
  readonly kind: 'forward' | 'inline-forward' | 'bounce-original' | 'feedback-original';
  readonly from: Address | null;
  readonly subject: string;
  /** Parsed tolerant of obsolete zones; null when it has none or it cannot be read. */
  readonly date: ParsedDate | null;
  readonly received: readonly ReceivedHop[];
  readonly messageId: string | null;
}

/** A date as the message gave it. `zoneKnown: false` means the instant is a guess and must not move a clock. */
export interface ParsedDate {
  readonly at: Instant;
  readonly zoneKnown: boolean;
  readonly text: string;
}

export interface ReceivedHop {
  /** Lower case, empty when absent. */
  readonly by: string;
  readonly from: string;
  readonly date: ParsedDate | null;
}

export type AutomaticKind =
  | 'no'
  | 'auto-reply'
  | 'bounce'
  | 'feedback-report'
  | 'read-receipt'
  | 'list'
  | 'calendar'
  | 'auto-generated';

export interface Message {
  readonly messageId: string | null;
  /** True when the id was made from the content, because the message had none. */
  readonly messageIdSynthetic: boolean;
  readonly inReplyTo: readonly string[];
  readonly references: readonly string[];
  readonly from: readonly Address[];
  readonly replyTo: readonly Address[];
  readonly to: readonly Address[];
  readonly deliveredTo: readonly string[];
  readonly returnPath: string | null;
  readonly subject: string;
  readonly date: ParsedDate | null;
  /** Topmost first. */
  readonly received: readonly ReceivedHop[];
  readonly automatic: AutomaticKind;
  readonly texts: readonly TextBlock[];
  readonly attachments: readonly Attachment[];
  readonly inner: readonly InnerMessage[];
  /** href targets and visible links of HTML parts that the plain text does not show. */
  readonly links: readonly string[];
  /** Codes of what could not be read, e.g. `mime_too_deep`, `encrypted`, `charset_unknown`. Never empty-by-silence. */
  readonly problems: readonly string[];
  readonly headers: ReadonlyMap<string, readonly string[]>;
}
