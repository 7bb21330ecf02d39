/**
 * What a subscriber's own software may do with a token: list its certificates, ask for their revocation, order renewals.
 * A token is for one subscriber and a few scopes; its secret is shown once and kept as a hash. Pure but for the dice.
 */
import { createHash, randomBytes, timingSafeEqual } from 'node:crypto';
import type { Reason } from '../../desk/facts.ts';
import { mayChoose } from '../../desk/policy/reason.ts';
import { hasCome, type Instant, isBefore } from '../../foundation/time/time.ts';
import type { InventoryCertificate } from './inventory.ts';

export const subscriberScopes = ['list', 'revoke', 'renew'] as const;
export type SubscriberScope = (typeof subscriberScopes)[number];

export interface SubscriberToken {
  readonly id: string;
  readonly subscriber: string;
  readonly scopes: readonly SubscriberScope[];
  /** Lower-case hex SHA-256 of the secret. 256 random bits need no slow hash. */
  readonly secretHash: string;
  readonly expiresAt: Instant;
}

const prefix = 'rsub';
const tokenPattern = /^rsub_([A-Za-z0-9-]{1,64})_([A-Za-z0-9_-]{43})$/;

/** The text is shown to the subscriber once. Its prefix lets secret scanners know it for what it is. */
export function mintToken(about: Omit<SubscriberToken, 'secretHash'>): { token: SubscriberToken; text: string } {
  const secret = randomBytes(32).toString('base64url');
  return { token: { ...about, secretHash: hashOf(secret) }, text: `${prefix}_${about.id}_${secret}` };
}

/** The id under which the stored token is found; null when the text is no token. */
export function tokenIdIn(text: string): string | null {
  return tokenPattern.exec(text)?.[1] ?? null;
}

export type TokenCheck = 'ok' | 'wrong' | 'expired' | 'out-of-scope';

export function checkToken(text: string, stored: SubscriberToken, scope: SubscriberScope, now: Instant): TokenCheck {
  const [, id, secret] = tokenPattern.exec(text) ?? [];
  if (id !== stored.id || secret === undefined) return 'wrong';
  if (!timingSafeEqual(Buffer.from(hashOf(secret), 'hex'), Buffer.from(stored.secretHash, 'hex'))) return 'wrong';
  if (hasCome(stored.expiresAt, now)) return 'expired';
  return stored.scopes.includes(scope) ? 'ok' : 'out-of-scope';
}

/**
 * The choices a subscriber is offered and when to take which. TLS BR 7.2.2: easy to choose, "no reason" is the default,
 * privilegeWithdrawn is the CA's alone. The texts are what the Subscriber Agreement has to explain.
 */
export const reasonChoices: readonly { readonly reason: Reason; readonly isDefault: boolean; readonly when: string }[] =
  [
    { reason: 'unspecified', isDefault: true, when: 'No reason, or none of those below fits.' },
    {
      reason: 'keyCompromise',
      isDefault: false,
      when: 'You know or suspect that somebody else has the private key. The key is blocked and must not be used again.',
    },
    { reason: 'superseded', isDefault: false, when: 'You have replaced the certificate and no longer need this one.' },
    {
      reason: 'cessationOfOperation',
      isDefault: false,
      when: 'You no longer own or use all of the names, or the service is discontinued.',
    },
    {
      reason: 'affiliationChanged',
      isDefault: false,
      when: 'The name of your organisation or other information about it in the certificate has changed.',
    },
  ];

export type RevocationAsked =
  | {
      readonly answer: 'accept';
      /** Null leaves the extension out. */
      readonly reason: Reason | null;
      /** A subscriber's word is authority over the subscriber's own certificates, and over nobody else's (Mozilla). */
      readonly scope: 'this-certificate';
      /** Only proof blocks a key for everybody; the subscriber's word asks for it. */
      readonly askForProof: boolean;
    }
  | { readonly answer: 'refuse'; readonly code: 'not_yours' | 'expired' | 'reason_not_allowed' | 'already_revoked' };

/** A token's request to revoke one certificate. An unknown certificate and somebody else's are answered alike. */
export function judgeRevocationAsked(asked: {
  readonly token: SubscriberToken;
  readonly certificate: InventoryCertificate | null;
  readonly reason: Reason | null;
  readonly now: Instant;
}): RevocationAsked {
  const { token, certificate, now } = asked;
  const reason = asked.reason === 'unspecified' ? null : asked.reason;
  if (certificate === null || certificate.subscriber !== token.subscriber)
    return { answer: 'refuse', code: 'not_yours' };
  if (reason !== null && !mayChoose(reason)) return { answer: 'refuse', code: 'reason_not_allowed' };
  if (isBefore(certificate.notAfter, now)) return { answer: 'refuse', code: 'expired' };
  // TLS BR 7.2.2: a revoked certificate may still have its reason raised to keyCompromise.
  const raises = reason === 'keyCompromise' && certificate.revoked?.reason !== 'keyCompromise';
  if (certificate.revoked !== null && !raises) return { answer: 'refuse', code: 'already_revoked' };
  return { answer: 'accept', reason, scope: 'this-certificate', askForProof: reason === 'keyCompromise' };
}

function hashOf(secret: string): string {
  return createHash('sha256').update(secret).digest('hex');
}
