/**
 * "Renew now" for subscribers without ACME: a signed webhook (standardwebhooks.com: id, timestamp and HMAC-SHA256 over
 * both and the body). The receiver can check who sent it and that it is fresh; it carries no secret and nothing it could
 * not read in the letter.
 */
import { createHmac, timingSafeEqual } from 'node:crypto';
import { hasCome, type Instant, rfc3339 } from '../../foundation/time/time.ts';
import type { Window } from './windows.ts';

export interface RenewNow {
  /** The same for every attempt to deliver this message, so that a receiver can drop what it has seen. */
  readonly id: string;
  readonly at: Instant;
  readonly subscriber: string;
  readonly certificates: readonly {
    readonly serial: string;
    readonly sha256: string;
    readonly names: readonly string[];
  }[];
  readonly window: Window;
  /** Revoked then, whatever the answer. */
  readonly revokedBy: Instant;
  /** The key must not be used again. */
  readonly newKey: boolean;
  readonly explanationUrl: string | null;
}

/** Certificates per message; more go out as several. */
export const renewNowCertificatesMax = 1_000;
/** How old a message may be for its receiver, and how far its clock may be ahead. */
export const freshFor = Temporal.Duration.from({ minutes: 5 });

export interface SignedWebhook {
  readonly body: string;
  readonly headers: Readonly<Record<string, string>>;
}

/** `secret`: at least 24 bytes, one for each receiver. `at` of the signature is the moment of this attempt. */
export function signRenewNow(message: RenewNow, secret: Uint8Array, at: Instant): SignedWebhook {
  const body = JSON.stringify({
    type: 'certificate.renew-now',
    timestamp: rfc3339(message.at),
    data: {
      subscriber: message.subscriber,
      certificates: message.certificates.slice(0, renewNowCertificatesMax),
      suggestedWindow: { start: rfc3339(message.window.start), end: rfc3339(message.window.end) },
      revokedBy: rfc3339(message.revokedBy),
      newKey: message.newKey,
      explanationURL: message.explanationUrl,
    },
  });
  const timestamp = String(Math.floor(at.epochMilliseconds / 1000));
  return {
    body,
    headers: {
      'content-type': 'application/json',
      'webhook-id': message.id,
      'webhook-timestamp': timestamp,
      'webhook-signature': `v1,${signature(message.id, timestamp, body, secret).toString('base64')}`,
    },
  };
}

/** What a receiver does; here so that the tests, the documentation and the lab subscriber do the same. */
export function verifyRenewNow(webhook: SignedWebhook, secret: Uint8Array, now: Instant): boolean {
  const { 'webhook-id': id, 'webhook-timestamp': timestamp, 'webhook-signature': signatures } = webhook.headers;
  if (!id || !timestamp || !/^\d{1,12}$/.test(timestamp) || !signatures) return false;
  const at = Temporal.Instant.fromEpochMilliseconds(Number(timestamp) * 1000);
  if (hasCome(at.add(freshFor), now) || !hasCome(at, now.add(freshFor))) return false;
  const expected = signature(id, timestamp, webhook.body, secret);
  // Several signatures stand side by side while a secret is being changed.
  return signatures.split(' ').some((entry) => {
    const given = entry.startsWith('v1,') ? Buffer.from(entry.slice(3), 'base64') : Buffer.alloc(0);
    return given.length === expected.length && timingSafeEqual(given, expected);
  });
}

function signature(id: string, timestamp: string, body: string, secret: Uint8Array): Buffer {
  return createHmac('sha256', secret).update(`${id}.${timestamp}.${body}`).digest();
}
