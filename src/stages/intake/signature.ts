/**
 * Signed calls of other systems of the CA: `X-Rescind-Signature: t=UNIXSECONDS,v1=HEX`, HMAC-SHA256 over `t.body` with
 * a shared secret. A secret of its own per source; old ones may stay listed while they are changed.
 */
import { createHmac, timingSafeEqual } from 'node:crypto';
import type { Instant } from '../../foundation/time/time.ts';

export const signatureHeader = 'x-rescind-signature';

/** A signature older or newer than this is a replay or a wrong clock. */
const SIGNATURE_AGE_SECONDS_MAX = 300;

/** Signs a body as a helpdesk or a gateway would. */
export function signCall(body: Uint8Array, secret: string, at: Instant): string {
  const stamp = Math.floor(at.epochMilliseconds / 1000);
  return `t=${stamp},v1=${mac(body, secret, String(stamp))}`;
}

export function isSignedCall(
  call: { readonly signature: string | undefined; readonly body: Uint8Array },
  secrets: readonly string[],
  now: Instant,
): boolean {
  const found = /^t=(\d{1,12}),v1=([0-9a-f]{64})$/.exec(call.signature ?? '');
  if (found === null) return false;
  const age = Math.abs(now.epochMilliseconds / 1000 - Number(found[1]));
  if (age > SIGNATURE_AGE_SECONDS_MAX) return false;
  const given = Buffer.from(found[2] as string, 'hex');
  return secrets.some((secret) =>
    timingSafeEqual(given, Buffer.from(mac(call.body, secret, found[1] as string), 'hex')),
  );
}

const mac = (body: Uint8Array, secret: string, stamp: string): string =>
  createHmac('sha256', secret).update(`${stamp}.`).update(body).digest('hex');
