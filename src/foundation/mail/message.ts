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
  /** Path of the part that holds it, e.g. `2` or, inside another inner message, `2.1`. */
  readonly path: string;
  /** `headers`: read from a real header block. `words`: read from labels in running text, which a person confirms. */
  readonly confidence: 'headers' | 'words';
  readonly from: Address | null;
  readonly to: readonly Address[];
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
  /** What the sending host called itself. */
  readonly from: string;
  /** Host name that the receiving host itself found for the peer; empty when unknown. */
  readonly fromVerified: string;
  /** Address literal that the receiving host saw; empty when it wrote none. */
  readonly fromAddress: string;
  readonly id: string;
  /** The `for` clause. */
  readonly recipient: string;
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

/** One recipient of a delivery status notification (RFC 3464, or read from the words of software without one). */
export interface DeliveryFailure {
  readonly recipient: string;
  /** `failed`, `delayed`, `delivered`, `relayed`, `expanded`. */
  readonly action: string;
  /** `5.1.1`; empty when unknown. */
  readonly status: string;
  readonly permanent: boolean;
  readonly diagnostic: string;
  /** When the reporting server took the letter; null when it does not say. */
  readonly arrivalDate: ParsedDate | null;
}

/** A feedback report (RFC 5965 ARF, or X-ARF). Field names in lower case. */
export interface Feedback {
  readonly format: 'arf' | 'x-arf';
  /** `fraud`, `abuse`, …; for X-ARF the report type. */
  readonly type: string;
  readonly fields: ReadonlyMap<string, readonly string[]>;
}

export interface Message {
  readonly messageId: string | null;
  /** True when the id was made from the content, because the message had none. */
  readonly messageIdSynthetic: boolean;
  readonly inReplyTo: readonly string[];
  readonly references: readonly string[];
  readonly from: readonly Address[];
  readonly replyTo: readonly Address[];
  /** Who really wrote, where a list or relay has rewritten From (X-Original-From, Reply-To of a "via", Resent-From). */
  readonly originalFrom: Address | null;
  readonly sender: Address | null;
  readonly to: readonly Address[];
  readonly cc: readonly Address[];
  readonly deliveredTo: readonly string[];
  /** Envelope sender as recorded on delivery; empty for the null sender `<>`, null when not recorded. */
  readonly returnPath: string | null;
  readonly subject: string;
  readonly date: ParsedDate | null;
  /** Topmost first. */
  readonly received: readonly ReceivedHop[];
  readonly automatic: AutomaticKind;
  readonly texts: readonly TextBlock[];
  readonly attachments: readonly Attachment[];
  readonly inner: readonly InnerMessage[];
  readonly failures: readonly DeliveryFailure[];
  readonly feedback: Feedback | null;
  /** href targets and visible links of HTML parts that the plain text does not show. */
  readonly links: readonly string[];
  /** Codes of what could not be read, e.g. `mime_too_deep`, `encrypted`, `charset_unknown`. Never empty-by-silence. */
  readonly problems: readonly string[];
  readonly headers: ReadonlyMap<string, readonly string[]>;
}
