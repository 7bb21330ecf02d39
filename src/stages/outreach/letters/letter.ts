/**
 * What letters there are and what each must be told. A variable that a letter needs is a required field here, so a
 * letter with a hole in it does not compile; `writeLetter` checks once more at run time.
 */
import type { InventoryReach, ListedCertificate, RuleRef } from '../../../desk/events.ts';
import type { Reason, Verdict } from '../../../desk/facts.ts';
import type { TriggerKind } from '../../../desk/policy/rule.ts';
import type { Instant } from '../../../foundation/time/time.ts';
import type { EnclosedFile } from '../messenger.ts';
import type { PublishedFact } from './published-fact.ts';

/** Who writes. `caOwner` signs the letter; `replyAddress` is where answers go and is read by the desk. */
export interface Sender {
  readonly caOwner: string;
  readonly replyAddress: string;
  /** Day and night; null when the CA publishes none. */
  readonly phone: string | null;
}

/** The certificates a letter speaks of: a count, and the first of them by name. */
export interface LetterCertificates {
  readonly count: number;
  readonly listed: readonly Pick<ListedCertificate, 'serial' | 'name' | 'notAfter' | 'fingerprint'>[];
}

/** The rule a letter names, and what happened in its words. */
export type LetterRule = Pick<RuleRef, 'document' | 'version' | 'section'> & { readonly kind: TriggerKind };

/** One thing that was checked. `because` is fit for the reader and holds no key material. */
export interface LetterFinding {
  readonly what: string;
  readonly verdict: Verdict;
  readonly because: string;
}

interface ToReporter {
  readonly audience: 'reporter';
  readonly receivedAt: Instant;
  /** Subject of the report as received, for the thread; may be hostile. */
  readonly theirSubject: string;
  /** Signed link to the reporter's own page; null when there is none. */
  readonly statusUrl: string | null;
}

interface ToSubscriber {
  readonly audience: 'subscriber';
  readonly certificates: LetterCertificates;
  readonly rule: LetterRule;
  /** Null: no reason is published. */
  readonly reason: Reason | null;
  /** Signed link where the subscriber acknowledges, says "replaced" or disputes; null when there is none. */
  readonly actionUrl: string | null;
}

export type LetterBody =
  | (ToReporter & {
      readonly kind: 'acknowledgement';
      readonly reportDueAt: Instant;
      readonly revokeDueAt: Instant | null;
      /** Where evidence can be handed in, or a proof without sending the key; null when there is no such page. */
      readonly proofUrl: string | null;
    })
  | (ToReporter & {
      /** TLS BR 4.9.5: findings, not an acknowledgement. */
      readonly kind: 'preliminary-report';
      readonly findings: readonly LetterFinding[];
      /** How far the inventory reached when it was searched. */
      readonly searched: InventoryReach;
      readonly certificates: LetterCertificates;
      readonly rule: LetterRule | null;
      readonly revokeDueAt: Instant | null;
      /** When the desk intends to revoke at the latest; null while that is not decided. */
      readonly plannedAt: Instant | null;
      readonly published: PublishedFact | null;
    })
  | (ToReporter & {
      readonly kind: 'request-for-proof';
      readonly findings: readonly LetterFinding[];
      /** The text to sign with the key, made for this case; null when only the page gives one. */
      readonly challenge: string | null;
      readonly proofUrl: string | null;
    })
  | (ToReporter & { readonly kind: 'refutation'; readonly findings: readonly LetterFinding[] })
  | (ToReporter & {
      readonly kind: 'final-report';
      readonly rule: LetterRule | null;
      readonly outcome:
        | { readonly state: 'revoked'; readonly published: PublishedFact; readonly reason: Reason | null }
        | { readonly state: 'not-revoked'; readonly because: string };
    })
  | {
      readonly kind: 'refusal-of-more-time';
      readonly audience: 'reporter' | 'subscriber';
      readonly asked: 'more-time' | 'hold' | 'no-action';
      readonly theirSubject: string;
      readonly rule: LetterRule | null;
      readonly dueAt: Instant | null;
    }
  | (ToSubscriber & {
      /** First letter to the subscriber; it is the preliminary report of TLS BR 4.9.5 as well. */
      readonly kind: 'notice';
      readonly receivedAt: Instant;
      readonly findings: readonly LetterFinding[];
      readonly dueAt: Instant | null;
      /** When revocation goes ahead without an answer; null while that is not decided. */
      readonly plannedAt: Instant | null;
      /** ACME clients that follow renewal information have been told to renew. */
      readonly renewalAdvised: boolean;
    })
  | (ToSubscriber & {
      readonly kind: 'reminder';
      readonly noticeAt: Instant;
      readonly dueAt: Instant | null;
      readonly plannedAt: Instant | null;
      readonly last: boolean;
    })
  | (ToSubscriber & {
      readonly kind: 'final-report';
      readonly published: PublishedFact;
      /** How to renew by itself; null when the desk has no public address. */
      readonly guideUrl: string | null;
    })
  | {
      readonly kind: 'page';
      readonly audience: 'staff';
      readonly step: string;
      readonly because: string;
      readonly count: number;
      readonly dueAt: Instant | null;
      readonly nextAction: string;
      /** One tap takes the case. Null when the page cannot carry a link. */
      readonly takeUrl: string | null;
    };

export type LetterKind = LetterBody['kind'];

export interface LetterRequest {
  readonly sender: Sender;
  readonly caseId: string;
  /** ISO 639-1 as recognised; a language we have no words in falls back to English. */
  readonly language: string;
  readonly now: Instant;
  readonly body: LetterBody;
  /** A sentence or two added by a person; refused when it states a revocation nobody saw. */
  readonly note?: string;
}

export interface WrittenLetter {
  readonly kind: LetterKind;
  readonly subject: string;
  readonly text: string;
  readonly html: string;
  /** The language in which it is written, which may be the fallback. */
  readonly language: string;
  readonly enclosed: readonly EnclosedFile[];
}
