/**
 * Taking a page with one tap or one word. The link is a capability: signed over case, person, contact and expiry, good
 * for nothing but taking that case, harmless when it is used twice. It confirms nothing and revokes nothing. The link of
 * a test page names no case: using it says only that this contact works.
 */
import { createHmac, timingSafeEqual } from 'node:crypto';
import { hasCome, type Instant } from '../../../foundation/time/time.ts';

export interface TakeClaim {
  /** Null: a test of the contact. */
  readonly caseId: string | null;
  readonly person: string;
  /** The contact it was sent to, `channel to`: who answers here has been reached here. */
  readonly contact: string;
  readonly expiresAt: Instant;
}

export type TakeAnswer =
  | { readonly ok: true; readonly caseId: string | null; readonly person: string; readonly contact: string }
  | { readonly ok: false; readonly code: 'link_invalid' | 'link_expired' };

const partMax = 500;

/** `case.person.contact.expiry.signature`, each part base64url. `secret` is at least 32 bytes of the desk's own. */
export function takeToken(claim: TakeClaim, secret: Uint8Array): string {
  const body = [
    claim.caseId ?? '',
    claim.person,
    claim.contact,
    String(Math.floor(claim.expiresAt.epochMilliseconds / 1000)),
  ]
    .map((part) => Buffer.from(part).toString('base64url'))
    .join('.');
  return `${body}.${sign(body, secret)}`;
}

export function readTakeToken(token: string, secret: Uint8Array, now: Instant): TakeAnswer {
  const parts = token.split('.');
  const [caseId, person, contact, expiry, signature] = parts;
  if (parts.length !== 5 || parts.some((part) => part.length > partMax)) return { ok: false, code: 'link_invalid' };
  const expected = Buffer.from(sign(parts.slice(0, 4).join('.'), secret));
  const given = Buffer.from(signature ?? '');
  if (expected.length !== given.length || !timingSafeEqual(expected, given)) return { ok: false, code: 'link_invalid' };
  const text = (part = '') => Buffer.from(part, 'base64url').toString();
  const expiresAt = Temporal.Instant.fromEpochMilliseconds(Number(text(expiry)) * 1000);
  if (hasCome(expiresAt, now)) return { ok: false, code: 'link_expired' };
  return { ok: true, caseId: text(caseId) || null, person: text(person), contact: text(contact) };
}

/** A reply to a page by mail, chat or SMS: the first word decides, in the languages of the rota. */
export function readPageReply(text: string): 'take' | 'hand-on' | 'unclear' {
  const word = /\p{L}+/u.exec(text.slice(0, 200))?.[0]?.toLowerCase() ?? '';
  if (takeWords.has(word)) return 'take';
  if (handOnWords.has(word)) return 'hand-on';
  return 'unclear';
}

const takeWords = new Set([
  'ack',
  'acknowledge',
  'acknowledged',
  'take',
  'taken',
  'mine',
  'übernehme',
  'nehme',
  'prends',
  'tomo',
  'prendo',
  'neem',
  'assumo',
]);
const handOnWords = new Set(['pass', 'next', 'no', 'cannot', 'weiter', 'nein', 'passe', 'non', 'paso']);

function sign(body: string, secret: Uint8Array): string {
  return createHmac('sha256', secret).update(`rescind-take-v2\n${body}`).digest('base64url');
}
