/** Which CRLReason is published. A wrong code is itself an incident (MRSP 6.1.1). */
import type { Reason } from '../facts.ts';
import type { Rule } from './rule.ts';

/**
 * Strongest first, for a certificate to which several triggers apply (Mozilla wiki, "Revocation Reasons"). No reason
 * at all is the weakest.
 */
export const reasonPrecedence: readonly Reason[] = [
  'keyCompromise',
  'privilegeWithdrawn',
  'cessationOfOperation',
  'affiliationChanged',
  'superseded',
  'unspecified',
];

/**
 * What a subscriber may choose; `unspecified` and null both leave the extension out. privilegeWithdrawn is missing on
 * purpose: TLS BR 7.2.2 leaves it to the CA.
 */
export const subscriberReasons: readonly Reason[] = [
  'unspecified',
  'keyCompromise',
  'affiliationChanged',
  'superseded',
  'cessationOfOperation',
];

export function mayChoose(reason: Reason): boolean {
  return subscriberReasons.includes(reason);
}

/** The strongest of several reasons; null when none of them is to be published. */
export function strongestReason(reasons: readonly (Reason | null)[]): Reason | null {
  return reasonPrecedence.find((reason) => reason !== 'unspecified' && reasons.includes(reason)) ?? null;
}

/**
 * The reason to publish under `rule`. A subscriber's own choice counts only for the subscriber's own plain request and
 * only where it is one of the five; everywhere else the rule decides. Never `unspecified`: null means leave it out.
 */
export function reasonFor(rule: Rule, chosenBySubscriber: Reason | null = null): Reason | null {
  if (rule.kind !== 'subscriber-request' || chosenBySubscriber === null) return rule.reason;
  if (chosenBySubscriber === 'unspecified' || !mayChoose(chosenBySubscriber)) return rule.reason;
  return chosenBySubscriber;
}

/**
 * TLS BR 7.2.2: verifiable evidence of key compromise against a certificate revoked for another reason SHOULD change
 * the entry to keyCompromise. The other way round nothing ever changes: a second call never weakens a reason.
 */
export function mayReplaceReason(published: Reason | null, next: Reason | null): boolean {
  return next === 'keyCompromise' && published !== 'keyCompromise';
}
