/**
 * What reached the CA by telephone, letter, chat, a post in public or another system, entered by a member of staff.
 * "First heard at" starts the clock: the CA knew when it was told, not when somebody found the time to type.
 */
import { z } from 'zod';
import type { ReceiptMark } from '../../../desk/clock/receipt-mark.ts';
import { labels, type Reason, reasonCodes } from '../../../desk/facts.ts';
import { rfc3339 } from '../../../foundation/time/time.ts';
import { type Answer, type ChannelContext, type Delivery, defineChannel, type Listening } from '../channel.ts';
import { answerForFault, attachmentSchema, contentKey, entryBytes, instantSchema, parseBody } from './entry.ts';

const settings = z.strictObject({ mailbox: z.string().default('staff-entry@ca.example') });

export const heardBy = ['phone', 'letter', 'chat', 'social', 'in-person', 'ticket', 'public-tracker', 'other'] as const;

export const manualEntrySchema = z.strictObject({
  heardBy: z.enum(heardBy),
  /** When the CA was first told. Null: now. */
  firstHeardAt: instantSchema.nullable().default(null),
  /** What shows it: a call record, a link, a postmark. */
  proof: z.string().max(4_000).default(''),
  reporter: z
    .strictObject({ name: z.string().max(300).default(''), contact: z.string().max(320).default('') })
    .prefault({}),
  subject: z.string().max(1_000).default(''),
  text: z.string().min(1).max(4_000_000),
  certificates: z.array(z.string().max(2_000)).max(100_000).default([]),
  attachments: z.array(attachmentSchema).max(200).default([]),
  /** What the member of staff understood; the desk's own reading may only shorten the limit that follows from it. */
  label: z.enum(labels).nullable().default(null),
  asksFor: z.enum(['revoke', 'hold', 'more-time', 'investigate', 'no-action']).nullable().default(null),
  /** CRL reason that the holder chose in the customer's console, by its RFC 5280 name. */
  reason: z
    .enum(Object.keys(reasonCodes) as [Reason, ...Reason[]])
    .nullable()
    .default(null),
  /** The case it belongs to, if staff know. */
  caseId: z.string().max(200).nullable().default(null),
});

export const manualChannel = defineChannel({
  name: 'manual',
  about: 'Staff enter what they heard by telephone, letter, chat or in public, with the time they first heard it.',
  settings,
  open: (source, chosen) => ({
    name: 'manual',
    source,
    listen: async (context): Promise<Listening> => ({
      addresses: [],
      accept: (delivery) => accept(source, chosen.mailbox, delivery, context),
      close: async () => undefined,
    }),
  }),
});

async function accept(source: string, mailbox: string, delivery: Delivery, context: ChannelContext): Promise<Answer> {
  const parsed = parseBody(delivery.body, manualEntrySchema);
  if (!parsed.ok) return parsed.answer;
  const entry = parsed.value;
  const now = context.time.now();
  if (entry.firstHeardAt !== null && Temporal.Instant.compare(entry.firstHeardAt, now) > 0) {
    return {
      status: 422,
      body: {
        code: 'first_heard_in_future',
        message: `It is ${rfc3339(now)}; a report cannot have been heard after that.`,
      },
    };
  }
  const isAddress = entry.reporter.contact.includes('@');
  const by = delivery.enteredBy ?? 'unknown';
  const heard: readonly ReceiptMark[] =
    entry.firstHeardAt === null
      ? []
      : [
          {
            source: 'staff-first-heard',
            at: entry.firstHeardAt,
            trusted: true,
            detail: `First heard by ${entry.heardBy}, entered by ${by}${entry.proof === '' ? '' : ` (${entry.proof.slice(0, 200)})`}`,
          },
        ];
  try {
    const bytes = entryBytes({
      channel: `manual/${entry.heardBy}`,
      name: entry.reporter.name,
      address: isAddress ? entry.reporter.contact : '',
      to: mailbox,
      subject: entry.subject,
      text: entry.text,
      lines: [
        ['Certificates', entry.certificates.join('\n')],
        ['Contact', isAddress ? '' : entry.reporter.contact],
      ],
      date: null,
      headers: [
        ...(entry.label === null ? [] : [['X-Rescind-Label', entry.label] as const]),
        ...(entry.asksFor === null ? [] : [['X-Rescind-Asks-For', entry.asksFor] as const]),
        ...(entry.reason === null ? [] : [['X-Rescind-Reason', entry.reason] as const]),
        ...(entry.caseId === null ? [] : [['X-Rescind-Case', entry.caseId] as const]),
      ],
      attachments: entry.attachments,
    });
    const key = delivery.headers['idempotency-key'];
    const received = await context.receive(bytes, {
      channel: 'manual',
      source,
      sourceKey: key === undefined ? contentKey(bytes) : `key/${key.slice(0, 200)}`,
      sightedAs: null,
      folder: null,
      mailbox,
      envelopeFrom: isAddress ? entry.reporter.contact : null,
      envelopeTo: [mailbox],
      markSource: 'own-acceptance',
      detail: `Entered by ${by}`,
      furtherMarks: heard,
    });
    return { status: 202, body: { reports: [{ receipt: received.receiptId, fresh: received.fresh }] } };
  } catch (error) {
    return answerForFault(error);
  }
}
