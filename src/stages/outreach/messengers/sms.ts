/**
 * Pages by SMS through an operator's gateway: a JSON POST with a bearer token, which is what nearly every gateway takes
 * in one spelling or another; the names of its fields are settings. A page by SMS is the subject and the link, bounded,
 * because it is read on a locked screen at night.
 */

import { oneLine } from '../../../foundation/text.ts';
import type { Messenger, Outgoing, SendOutcome } from '../messenger.ts';
import { httpPost, urlProblem } from './http-post.ts';
import { inTurn } from './in-turn.ts';

export interface SmsSettings {
  readonly url: string;
  readonly token: string;
  /** Sender name or number as the gateway knows it. */
  readonly from: string;
  /** What the gateway calls its fields. */
  readonly fields: { readonly to: string; readonly from: string; readonly text: string; readonly reference: string };
  readonly timeoutMilliseconds: number;
}

export const smsDefaults = {
  fields: { to: 'to', from: 'from', text: 'text', reference: 'reference' },
  timeoutMilliseconds: 20_000,
} as const;

const requestsAtOnce = 4;
/** Three concatenated messages in the GSM alphabet. */
const textMax = 459;

export function smsMessenger(settings: SmsSettings, call: typeof fetch = fetch): Messenger {
  return {
    name: 'sms',
    channel: 'sms',
    send: (letters, signal) => inTurn(letters, requestsAtOnce, (letter) => sendOne(letter, settings, call, signal)),
    async close() {},
  };
}

/** `+` and 8 to 15 digits (E.164); blanks and punctuation people write are taken out. Null for anything else. */
export function phoneNumber(text: string): string | null {
  const bare = text.replace(/\(0\)|[\s()./-]/g, '');
  return /^\+[1-9]\d{7,14}$/.test(bare) ? bare : null;
}

/** Subject first, then the first link of the text: what it is, how long is left, and where to tap. */
export function smsText(letter: Pick<Outgoing, 'subject' | 'text'>): string {
  const link = /https:\/\/\S{1,300}/.exec(letter.text)?.[0];
  const room = textMax - (link === undefined ? 0 : link.length + 1);
  return link === undefined ? oneLine(letter.subject, room) : `${oneLine(letter.subject, room)} ${link}`;
}

async function sendOne(
  letter: Outgoing,
  settings: SmsSettings,
  call: typeof fetch,
  signal: AbortSignal | undefined,
): Promise<SendOutcome> {
  const to = phoneNumber(letter.to);
  if (to === null) return { outcome: 'refused', problem: 'This is not a telephone number with country code.' };
  const wrong = urlProblem(settings.url);
  if (wrong !== null) return { outcome: 'refused', problem: wrong };
  const { fields, timeoutMilliseconds } = settings;
  const body = JSON.stringify({
    [fields.to]: to,
    [fields.from]: settings.from,
    [fields.text]: smsText(letter),
    [fields.reference]: letter.letterId,
  });
  const headers = {
    'Content-Type': 'application/json',
    Authorization: `Bearer ${settings.token}`,
    'Idempotency-Key': letter.letterId,
  };
  return httpPost({ url: settings.url, headers, body, timeoutMilliseconds }, call, signal);
}
