/**
 * Pages by Web Push: to the phone of whoever is on call, encrypted for their browser, so that the push service carries
 * a page it cannot read. The Topic is derived from the letter's id: a second try replaces the first on the screen.
 */
import { createHash, generateKeyPairSync, randomBytes } from 'node:crypto';
import { oneLine } from '../../../foundation/text.ts';
import type { Time } from '../../../foundation/time/time.ts';
import type { Messenger, Outgoing, SendOutcome } from '../messenger.ts';
import { httpPost, urlProblem } from './http-post.ts';
import { inTurn } from './in-turn.ts';
import { type PushKeys, plainMax, sealPush, vapidHeader } from './web-push-seal.ts';

export interface PushSubscription {
  readonly endpoint: string;
  readonly keys: PushKeys;
}

export interface WebPushSettings {
  /** `mailto:` or `https:` by which a push service reaches the operator. */
  readonly subject: string;
  /** VAPID key, PKCS#8 PEM, P-256. */
  readonly privateKey: string;
  readonly timeoutMilliseconds: number;
  /** How long a push service keeps trying: a page older than that is of no use. */
  readonly keepSeconds: number;
}

export const webPushDefaults = { timeoutMilliseconds: 20_000, keepSeconds: 900 } as const;

const requestsAtOnce = 8;

/** `find` gives the subscription a page is addressed to; null when the person has taken it back. */
export function webPushMessenger(
  settings: WebPushSettings,
  find: (to: string) => Promise<PushSubscription | null>,
  time: Pick<Time, 'now'>,
  call: typeof fetch = fetch,
): Messenger {
  const sendOne = async (letter: Outgoing, signal: AbortSignal | undefined): Promise<SendOutcome> => {
    const subscription = await find(letter.to);
    if (subscription === null) return { outcome: 'refused', problem: 'This browser is no longer subscribed.' };
    const wrong = urlProblem(subscription.endpoint);
    if (wrong !== null) return { outcome: 'refused', problem: wrong };
    let body: Uint8Array<ArrayBuffer>;
    try {
      body = sealPush(payloadOf(letter), subscription.keys, freshKey(), randomBytes(16));
    } catch {
      return { outcome: 'refused', problem: 'The keys of this subscription are not usable.' };
    }
    const unixSeconds = Math.floor(time.now().epochMilliseconds / 1000);
    const { endpoint } = subscription;
    const headers = {
      'Content-Encoding': 'aes128gcm',
      'Content-Type': 'application/octet-stream',
      TTL: String(settings.keepSeconds),
      Urgency: 'high',
      Topic: createHash('sha256').update(letter.letterId).digest('base64url').slice(0, 32),
      Authorization: vapidHeader({ endpoint, subject: settings.subject, privateKey: settings.privateKey, unixSeconds }),
    };
    return httpPost({ url: endpoint, headers, body, timeoutMilliseconds: settings.timeoutMilliseconds }, call, signal);
  };
  return {
    name: 'web-push',
    channel: 'web-push',
    send: (letters, signal) => inTurn(letters, requestsAtOnce, (letter) => sendOne(letter, signal)),
    async close() {},
  };
}

/** What the service worker shows: never more than fits one record, and nothing that a lock screen should not show. */
function payloadOf(letter: Outgoing): Uint8Array {
  const url = /https:\/\/\S{1,500}/.exec(letter.text)?.[0] ?? null;
  const shape = (body: string) =>
    JSON.stringify({ id: letter.letterId, title: oneLine(letter.subject, 200), body, url });
  const full = Buffer.from(shape(oneLine(letter.text, 1_000)));
  return full.length <= plainMax ? full : Buffer.from(shape('')).subarray(0, plainMax);
}

function freshKey(): Uint8Array {
  const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  return Buffer.from(privateKey.export({ format: 'jwk' }).d ?? '', 'base64url');
}
