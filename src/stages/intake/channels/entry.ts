/** What the report API, the web form and staff entry have in common: fields that become one message. */
import { createHash } from 'node:crypto';
import { z } from 'zod';
import { Fault } from '../../../foundation/fault.ts';
import { composeMessage } from '../../../foundation/mail/compose.ts';
import type { Instant } from '../../../foundation/time/time.ts';
import type { Answer } from '../channel.ts';

/** Bytes of attachments in one entry, decoded. */
export const ENTRY_BYTES_MAX = 100 * 1024 * 1024;

export const attachmentSchema = z.strictObject({
  fileName: z.string().min(1).max(255),
  mediaType: z.string().max(200).default('application/octet-stream'),
  contentBase64: z.string().regex(/^[A-Za-z0-9+/_=\s-]*$/, 'must be base64'),
});

export const instantSchema = z.iso.datetime({ offset: true }).transform((text) => Temporal.Instant.from(text));

export interface EntryFields {
  readonly channel: string;
  readonly name: string;
  readonly address: string;
  readonly to: string;
  readonly subject: string;
  readonly text: string;
  /** Lines of fields that mail has no place for. */
  readonly lines: readonly (readonly [label: string, value: string])[];
  readonly date: Instant | null;
  /** What staff say of it; believed on the staff channel alone. */
  readonly headers?: readonly (readonly [name: string, value: string])[];
  readonly attachments: readonly z.infer<typeof attachmentSchema>[];
}

/** The entry as bytes: the same entry gives the same bytes. */
export function entryBytes(entry: EntryFields): Uint8Array {
  const files = entry.attachments.map((file) => ({
    fileName: file.fileName,
    mediaType: file.mediaType,
    bytes: Buffer.from(file.contentBase64, 'base64'),
  }));
  if (files.reduce((sum, file) => sum + file.bytes.length, 0) > ENTRY_BYTES_MAX) {
    throw new Fault('message_too_large', `Attachments of one report may have ${ENTRY_BYTES_MAX} bytes together.`);
  }
  const said = entry.lines.filter(([, value]) => value.trim() !== '').map(([label, value]) => `${label}: ${value}`);
  return composeMessage({
    from: entry.name === '' && entry.address === '' ? null : { name: entry.name, address: entry.address.toLowerCase() },
    to: entry.to === '' ? [] : [{ name: '', address: entry.to }],
    subject: entry.subject.trim() === '' ? firstWords(entry.text) : entry.subject,
    text: said.length === 0 ? entry.text : `${entry.text}\n\n${said.join('\n')}`,
    date: entry.date,
    messageId: null,
    headers: [['X-Rescind-Channel', entry.channel], ...(entry.headers ?? [])],
    attachments: files,
  });
}

/** A subject for an entry without one: its first 60 characters. */
export const firstWords = (text: string): string => text.trim().replace(/\s+/g, ' ').slice(0, 60);

/** The key of an entry that brings none: the same words from the same person are the same entry. */
export function contentKey(bytes: Uint8Array): string {
  return `content/${createHash('sha256').update(bytes).digest('hex')}`;
}

/** JSON of a bounded body, or the answer that says what is wrong with it. */
export function parseBody<T>(
  body: Uint8Array,
  schema: z.ZodType<T>,
): { ok: true; value: T } | { ok: false; answer: Answer } {
  let json: unknown;
  try {
    json = JSON.parse(Buffer.from(body).toString('utf8'));
  } catch {
    return { ok: false, answer: { status: 400, body: { code: 'not_json', message: 'The body is not JSON.' } } };
  }
  const parsed = schema.safeParse(json);
  if (parsed.success) return { ok: true, value: parsed.data };
  const problems = parsed.error.issues
    .slice(0, 50)
    .map((issue) => ({ path: issue.path.join('.'), message: issue.message }));
  return { ok: false, answer: { status: 422, body: { code: 'invalid', message: 'Some fields are wrong.', problems } } };
}

/** What a caller is told when nothing was stored. */
export function answerForFault(error: unknown): Answer {
  const code = error instanceof Fault ? error.code : 'store_unavailable';
  if (code === 'message_too_large') return { status: 413, body: { code, message: (error as Fault).message } };
  return {
    status: 503,
    retryAfterSeconds: 30,
    body: {
      code: 'store_unavailable',
      message: 'The report could not be stored at the moment. Send the same again: it will be recognised.',
    },
  };
}
