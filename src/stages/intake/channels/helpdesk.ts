/** The tickets of other help desks, read as tolerantly as their payloads vary; what is missing stays empty. */
import { createHash } from 'node:crypto';
import { parseDate } from '../../../foundation/mail/dates.ts';
import { htmlToText } from '../../../foundation/mail/html.ts';
import type { Instant } from '../../../foundation/time/time.ts';

export const helpdeskNames = ['generic', 'zammad', 'request-tracker', 'freshdesk'] as const;
export type HelpdeskName = (typeof helpdeskNames)[number];

export interface HelpdeskTicket {
  readonly id: string;
  readonly name: string;
  readonly address: string;
  readonly subject: string;
  readonly text: string;
  readonly queue: string;
  readonly createdAt: Instant | null;
  readonly attachments: readonly { fileName: string; mediaType: string; contentBase64: string }[];
}

/** Never throws: a payload of an unknown shape becomes a ticket whose text is the payload. */
export function ticketOf(helpdesk: HelpdeskName, payload: unknown): HelpdeskTicket {
  const ticket = readers[helpdesk](payload);
  const text = ticket.text.trim() === '' ? JSON.stringify(payload, null, 1).slice(0, 1_000_000) : ticket.text;
  const id =
    ticket.id === '' ? `content/${createHash('sha256').update(JSON.stringify(payload)).digest('hex')}` : ticket.id;
  return { ...ticket, text, id: `${helpdesk}/${id}`.slice(0, 300) };
}

const readers: Readonly<Record<HelpdeskName, (payload: unknown) => HelpdeskTicket>> = {
  generic: (payload) => ({
    id: words(payload, 'id'),
    name: words(payload, 'name', 'from.name', 'reporter.name'),
    address: words(payload, 'from.email', 'from', 'email', 'reporter.email'),
    subject: words(payload, 'subject', 'title'),
    text: body(payload, 'text', 'body', 'description', 'html'),
    queue: words(payload, 'mailbox', 'queue'),
    createdAt: instant(payload, 'receivedAt', 'received_at', 'createdAt', 'created_at'),
    attachments: files(
      value(payload, 'attachments'),
      ['fileName', 'filename', 'name'],
      ['contentBase64', 'content', 'data'],
    ),
  }),
  // Zammad: {ticket: {...}, article: {id, from, subject, body, content_type, created_at, attachments}}
  zammad: (payload) => ({
    id: joined(words(payload, 'ticket.id'), words(payload, 'article.id')),
    name: words(payload, 'ticket.customer.fullname') || nameOf(words(payload, 'article.from')),
    address: words(payload, 'ticket.customer.email') || addressIn(words(payload, 'article.from', 'article.reply_to')),
    subject: words(payload, 'article.subject', 'ticket.title'),
    text: body(payload, 'article.body'),
    queue: words(payload, 'ticket.group.name', 'ticket.group'),
    createdAt: earlier(
      instant(payload, 'article.created_at'),
      isFirst(payload) ? instant(payload, 'ticket.created_at') : null,
    ),
    attachments: files(value(payload, 'article.attachments'), ['filename'], ['data', 'content']),
  }),
  // Request Tracker: {ticket: {id, Subject, Requestors, Queue, Created}, transaction: {id, Content, Created, Type}}
  'request-tracker': (payload) => ({
    id: joined(words(payload, 'ticket.id', 'id'), words(payload, 'transaction.id')),
    name: nameOf(words(payload, 'ticket.Requestors', 'ticket.Requestor', 'Requestors', 'Requestor')),
    address: addressIn(words(payload, 'ticket.Requestors', 'ticket.Requestor', 'Requestors', 'Requestor')),
    subject: words(payload, 'ticket.Subject', 'Subject'),
    text: body(payload, 'transaction.Content', 'Content', 'Text'),
    queue: words(payload, 'ticket.Queue', 'Queue', 'ticket.Queue.Name'),
    createdAt: earlier(instant(payload, 'transaction.Created'), instant(payload, 'ticket.Created', 'Created')),
    attachments: files(value(payload, 'transaction.Attachments'), ['Filename', 'FileName'], ['Content', 'FileContent']),
  }),
  // Freshdesk automation: {freshdesk_webhook: {ticket_id, ticket_subject, ticket_description, ticket_requester_email, …}}
  freshdesk: (payload) => ({
    id: words(payload, 'freshdesk_webhook.ticket_id', 'ticket_id', 'id'),
    name: words(payload, 'freshdesk_webhook.ticket_requester_name', 'requester.name'),
    address: words(payload, 'freshdesk_webhook.ticket_requester_email', 'requester.email', 'email'),
    subject: words(payload, 'freshdesk_webhook.ticket_subject', 'subject'),
    text: body(
      payload,
      'freshdesk_webhook.ticket_description',
      'freshdesk_webhook.ticket_latest_public_comment',
      'description_text',
      'description',
    ),
    queue: words(payload, 'freshdesk_webhook.ticket_group_name', 'group'),
    createdAt: instant(payload, 'freshdesk_webhook.ticket_created_at', 'created_at'),
    attachments: files(value(payload, 'attachments'), ['name'], ['content', 'data']),
  }),
};

/** A ticket's creation time is that of its first article only. */
const isFirst = (payload: unknown): boolean => {
  const count = value(payload, 'ticket.article_count');
  return count === undefined || count === 1;
};

function value(payload: unknown, path: string): unknown {
  let at: unknown = payload;
  for (const key of path.split('.')) {
    if (at === null || typeof at !== 'object' || !Object.hasOwn(at, key)) return undefined;
    at = (at as Record<string, unknown>)[key];
  }
  return at;
}

function words(payload: unknown, ...paths: readonly string[]): string {
  for (const path of paths) {
    const found = value(payload, path);
    const one = Array.isArray(found) ? found[0] : found;
    if (typeof one === 'string' && one.trim() !== '') return one.trim().slice(0, 4_000_000);
    if (typeof one === 'number' && Number.isFinite(one)) return String(one);
  }
  return '';
}

/** Text, or HTML made text. */
function body(payload: unknown, ...paths: readonly string[]): string {
  const raw = words(payload, ...paths);
  if (!/<(?:p|div|br|html|body|span|table|blockquote|ul|pre)\b/i.test(raw.slice(0, 20_000))) return raw;
  const html = htmlToText(raw);
  return [html.text, html.hidden, ...html.links.filter((link) => !html.text.includes(link))].filter(Boolean).join('\n');
}

function instant(payload: unknown, ...paths: readonly string[]): Instant | null {
  for (const path of paths) {
    const raw = words(payload, path);
    const parsed = raw === '' ? null : parseDate(raw);
    if (parsed?.zoneKnown === true) return parsed.at;
  }
  return null;
}

function earlier(a: Instant | null, b: Instant | null): Instant | null {
  if (a === null || b === null) return a ?? b;
  return Temporal.Instant.compare(a, b) <= 0 ? a : b;
}

const joined = (a: string, b: string): string => [a, b].filter((piece) => piece !== '').join('/');
const addressIn = (text: string): string =>
  /[^\s<>"',;]{1,128}@[^\s<>"',;]{1,190}/.exec(text)?.[0]?.toLowerCase() ?? '';
const nameOf = (text: string): string =>
  text
    .replace(/<[^<>]{0,400}>/, '')
    .replace(/["']/g, '')
    .trim()
    .replace(/^\S{1,128}@\S{1,190}$/, '');

const FILES_MAX = 200;

function files(
  list: unknown,
  names: readonly string[],
  contents: readonly string[],
): readonly { fileName: string; mediaType: string; contentBase64: string }[] {
  if (!Array.isArray(list)) return [];
  return list.slice(0, FILES_MAX).flatMap((item: unknown) => {
    const content = words(item, ...contents);
    if (content === '') return [];
    const base64 = /^[A-Za-z0-9+/=\s]+$/.test(content);
    return [
      {
        fileName: words(item, ...names) || 'attachment',
        mediaType: words(item, 'mediaType', 'mime_type', 'content_type', 'ContentType') || 'application/octet-stream',
        contentBase64: base64 ? content : Buffer.from(content, 'utf8').toString('base64'),
      },
    ];
  });
}
