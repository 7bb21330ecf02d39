/**
 * Pages by webhook, in the body the receiver understands: Slack, Microsoft Teams, PagerDuty's events API, or our own
 * JSON. Every request is signed over its time and its body, so that a receiver can tell ours from anybody else's and an
 * old one from a new one.
 *
 * Only addresses from the configuration are called, only over https (or http on the own machine), and no redirect is
 * followed: a page is not a way to make the desk fetch things.
 */
import { createHmac } from 'node:crypto';
import { oneLine } from '../../../foundation/text.ts';
import { rfc3339, type Time } from '../../../foundation/time/time.ts';
import type { Messenger, Outgoing, SendOutcome } from '../messenger.ts';
import { httpPost, urlProblem } from './http-post.ts';
import { inTurn } from './in-turn.ts';

export type WebhookStyle = 'slack' | 'teams' | 'pagerduty' | 'json';

export interface WebhookSettings {
  /** Webhook name, which is what a page is addressed to, to where it goes. */
  readonly targets: Readonly<Record<string, WebhookTarget>>;
  readonly timeoutMilliseconds: number;
}

export interface WebhookTarget {
  readonly url: string;
  readonly style: WebhookStyle;
  /** Shared secret of the signature; null: unsigned, for receivers whose address is the secret. */
  readonly secret: string | null;
  /** PagerDuty integration key; null for the other styles. */
  readonly routingKey: string | null;
}

const requestsAtOnce = 8;
const textMax = 3_000;

/**
 * `X-Rescind-Signature: t=<unix seconds>,v1=<hex HMAC-SHA256 of "t.body">`. A receiver recomputes it and refuses a `t`
 * older than five minutes.
 */
export function signatureOf(secret: string, unixSeconds: number, body: string): string {
  const digest = createHmac('sha256', secret).update(`${unixSeconds}.${body}`).digest('hex');
  return `t=${unixSeconds},v1=${digest}`;
}

export function webhookMessenger(
  settings: WebhookSettings,
  time: Pick<Time, 'now'>,
  call: typeof fetch = fetch,
): Messenger {
  return {
    name: 'webhook',
    channel: 'webhook',
    send: (letters, signal) => inTurn(letters, requestsAtOnce, (letter) => post(letter, settings, time, call, signal)),
    async close() {},
  };
}

/** Why a configured target cannot be used; null when it can. Asked by `config check` as well. */
export function targetProblem(target: WebhookTarget): string | null {
  const wrong = urlProblem(target.url);
  if (wrong !== null) return wrong;
  if (target.style === 'pagerduty' && target.routingKey === null) return 'PagerDuty wants a routing key.';
  return null;
}

/** The request body for one style. Pure, so that it can be shown before it is sent. */
export function bodyOf(target: WebhookTarget, letter: Outgoing, sentAt: string): string {
  const subject = oneLine(letter.subject, 200);
  const text = letter.text.slice(0, textMax);
  switch (target.style) {
    case 'slack':
      // Slack reads &, < and > as markup: escaped, so that no text becomes a link or mentions a channel.
      return JSON.stringify({ text: `*${slackText(subject)}*\n${slackText(text)}` });
    case 'teams':
      return JSON.stringify({
        type: 'message',
        attachments: [
          {
            contentType: 'application/vnd.microsoft.card.adaptive',
            content: {
              type: 'AdaptiveCard',
              version: '1.4',
              body: [
                { type: 'TextBlock', text: subject, weight: 'Bolder', wrap: true },
                { type: 'TextBlock', text, wrap: true },
              ],
            },
          },
        ],
      });
    case 'pagerduty':
      // dedup_key: the same page twice is one alert.
      return JSON.stringify({
        routing_key: target.routingKey,
        event_action: 'trigger',
        dedup_key: letter.letterId,
        payload: {
          summary: subject,
          source: 'rescind',
          severity: 'critical',
          timestamp: sentAt,
          custom_details: { text },
        },
      });
    case 'json':
      return JSON.stringify({ id: letter.letterId, subject, text, language: letter.language, sentAt });
  }
}

async function post(
  letter: Outgoing,
  settings: WebhookSettings,
  time: Pick<Time, 'now'>,
  call: typeof fetch,
  signal: AbortSignal | undefined,
): Promise<SendOutcome> {
  const target = settings.targets[letter.to];
  if (target === undefined)
    return { outcome: 'refused', problem: `There is no webhook called ${oneLine(letter.to, 50)}.` };
  const wrong = targetProblem(target);
  if (wrong !== null) return { outcome: 'refused', problem: wrong };

  const now = time.now();
  const body = bodyOf(target, letter, rfc3339(now));
  const unixSeconds = Math.floor(now.epochMilliseconds / 1000);
  const headers = {
    'Content-Type': 'application/json',
    // The same page twice has the same key, whatever happened to the first answer.
    'Idempotency-Key': letter.letterId,
    ...(target.secret === null ? {} : { 'X-Rescind-Signature': signatureOf(target.secret, unixSeconds, body) }),
  };
  return httpPost({ url: target.url, headers, body, timeoutMilliseconds: settings.timeoutMilliseconds }, call, signal);
}

function slackText(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
}
