/**
 * The report API: `POST /reports`, one report or thousands in a call. An Idempotency-Key makes a repeated call harmless;
 * without one, the same report is recognised by its content. "202" is said when every report of the call is durable.
 * The public web form uses the same operation under its own channel name.
 */
import { z } from 'zod';
import type { ReceiptMark } from '../../../desk/clock/receipt-mark.ts';
import { type Answer, type ChannelContext, type Delivery, defineChannel, type Listening } from '../channel.ts';
import { answerForFault, attachmentSchema, contentKey, entryBytes, instantSchema, parseBody } from './entry.ts';

const settings = z.strictObject({
  /** Under which name receipts appear: the API itself or the public form. */
  form: z.boolean().default(false),
  /** Address that the composed message is addressed to. */
  mailbox: z.string().default('problem-reporting@ca.example'),
});

/** Reports in one call, and calls are further bounded by the bytes of an HTTP body. */
export const REPORTS_MAX = 10_000;
/** Reports of one call that are stored at the same time. */
const PARALLEL = 16;

/** One report as the API takes it. Published as JSON schema with the API. */
export const reportSchema = z.strictObject({
  reporter: z
    .strictObject({ name: z.string().max(300).default(''), email: z.string().max(320).default('') })
    .prefault({}),
  subject: z.string().max(1_000).default(''),
  text: z.string().max(4_000_000),
  /** Serials, SHA-256 fingerprints, crt.sh links, host names: whatever names the certificates. */
  certificates: z.array(z.string().max(2_000)).max(100_000).default([]),
  topic: z.string().max(200).default(''),
  /** Revocation reason asked for, if any. */
  reason: z.string().max(200).default(''),
  /** When the reporter noticed it; shown, never the start of our clock. */
  noticedAt: instantSchema.nullable().default(null),
  attachments: z.array(attachmentSchema).max(200).default([]),
  /** The caller's own id of this report. */
  reference: z.string().max(200).default(''),
});

export const reportsSchema = z.union([
  reportSchema.transform((report) => [report]),
  z.strictObject({ reports: z.array(reportSchema).min(1).max(REPORTS_MAX) }).transform((call) => call.reports),
]);

export const apiChannel = defineChannel({
  name: 'api',
  about: 'Takes reports as JSON, one or thousands in a call; the public web form uses it too.',
  settings,
  open: (source, chosen) => ({
    name: chosen.form ? 'web-form' : 'api',
    source,
    listen: async (context): Promise<Listening> => ({
      addresses: [],
      accept: (delivery) => accept(source, chosen, delivery, context),
      close: async () => undefined,
    }),
  }),
});

/** Idempotency keys: printable, bounded (draft-ietf-httpapi-idempotency-key-header). */
const IDEMPOTENCY_KEY = /^[\x21-\x7e]{1,200}$/;

async function accept(
  source: string,
  chosen: z.infer<typeof settings>,
  delivery: Delivery,
  context: ChannelContext,
): Promise<Answer> {
  const key = delivery.headers['idempotency-key'];
  if (key !== undefined && !IDEMPOTENCY_KEY.test(key)) {
    return {
      status: 400,
      body: { code: 'bad_idempotency_key', message: 'Idempotency-Key: 1 to 200 visible characters.' },
    };
  }
  const parsed = parseBody(delivery.body, reportsSchema);
  if (!parsed.ok) return parsed.answer;
  const reports = parsed.value;
  const results: { receipt: string; fresh: boolean }[] = new Array(reports.length);
  let reused = false;
  try {
    await inParallel(reports.length, async (n) => {
      const report = reports[n] as z.infer<typeof reportSchema>;
      const bytes = bytesOf(report, chosen);
      const received = await context.receive(bytes, {
        channel: chosen.form ? 'web-form' : 'api',
        source,
        sourceKey: key === undefined ? contentKey(bytes) : `key/${key}/${n + 1}`,
        sightedAs: null,
        folder: null,
        mailbox: chosen.mailbox,
        envelopeFrom: report.reporter.email === '' ? null : report.reporter.email,
        envelopeTo: [chosen.mailbox],
        markSource: chosen.form ? 'web-form' : 'webhook',
        detail: `${chosen.form ? 'Web form' : 'Report API'} from ${delivery.peer}`,
        furtherMarks: noticed(report.noticedAt),
      });
      reused ||= received.keyReused;
      results[n] = { receipt: received.receiptId, fresh: received.fresh };
    });
  } catch (error) {
    return answerForFault(error);
  }
  // Both contents are kept; the caller learns that the key does not name one of them (Internet-Draft section 2.6).
  if (reused) {
    return {
      status: 422,
      body: {
        code: 'idempotency_key_reused',
        message: 'Another content came under this key. Both are kept.',
        reports: results,
      },
    };
  }
  return { status: 202, body: { reports: results } };
}

function noticed(at: Temporal.Instant | null): readonly ReceiptMark[] {
  if (at === null) return [];
  return [{ source: 'date-header', at, trusted: false, detail: 'The reporter says that it was noticed then' }];
}

function bytesOf(report: z.infer<typeof reportSchema>, chosen: z.infer<typeof settings>): Uint8Array {
  return entryBytes({
    channel: chosen.form ? 'web-form' : 'api',
    name: report.reporter.name,
    address: report.reporter.email,
    to: chosen.mailbox,
    subject: report.subject,
    text: report.text,
    lines: [
      ['Topic', report.topic],
      ['Certificates', report.certificates.join('\n')],
      ['Reason', report.reason],
      ['Reference', report.reference],
    ],
    date: null,
    attachments: report.attachments,
  });
}

/** Runs `work` for 0..count-1, a few at a time; the first failure stops new ones. */
async function inParallel(count: number, work: (n: number) => Promise<void>): Promise<void> {
  let next = 0;
  const worker = async (): Promise<void> => {
    while (next < count) await work(next++);
  };
  try {
    await Promise.all(Array.from({ length: Math.min(PARALLEL, count) }, worker));
  } finally {
    next = count;
  }
}
