/**
 * Writes a form or JSON report as one RFC 5322 message, so that intake has one door and what is sealed is one thing.
 * The composer encodes every header value, so nothing a visitor types can become a header of its own.
 */
import { createHash } from 'node:crypto';
import MailComposer from 'nodemailer/lib/mail-composer/index.js';
import { oneLine } from '../../foundation/text.ts';
import { type Instant, rfc3339 } from '../../foundation/time/time.ts';

export interface WrittenReport {
  readonly text: string;
  readonly subject: string;
  readonly name: string;
  readonly email: string;
  readonly certificates: readonly string[];
  readonly asksFor: string | null;
  readonly attachments: readonly { readonly name: string; readonly mediaType: string; readonly bytes: Uint8Array }[];
}

/** Characters of one line; more than the routes let in, so that nothing of a report is cut. */
const lineMax = 100_000;
const nameMax = 200;
const addressPattern = /^[^\s<>,;:"()[\]\\]+@[^\s<>,;:"()[\]\\]+$/;

export async function composeReport(
  report: WrittenReport,
  channel: 'web-form' | 'api',
  now: Instant,
): Promise<Uint8Array> {
  const hash = contentHash(report);
  const lines = [report.text.trim()];
  if (report.certificates.length > 0)
    lines.push('', 'Certificates:', ...report.certificates.map((c) => `  ${oneLine(c, lineMax)}`));
  if (report.asksFor !== null) lines.push('', `Asks for: ${oneLine(report.asksFor, lineMax)}`);
  const email = report.email.trim();
  const mail = new MailComposer({
    // Without an address there is no From at all: the desk then knows that nobody can be answered.
    ...(addressPattern.test(email) ? { from: { name: oneLine(report.name, nameMax), address: email } } : {}),
    subject: oneLine(report.subject === '' ? firstLine(report.text) : report.subject, lineMax),
    text: `${lines.join('\n')}\n`,
    messageId: `<${hash.slice(0, 40)}@${channel}.invalid>`,
    // Same report on the same day, same bytes: pressing the button again is recognised as one report.
    baseBoundary: hash.slice(0, 24),
    headers: { 'X-Rescind-Channel': channel, 'X-Rescind-Day': rfc3339(now).slice(0, 10) },
    disableUrlAccess: true,
    disableFileAccess: true,
    attachments: report.attachments.map((a) => ({
      filename: oneLine(a.name, nameMax) || 'file',
      contentType: /^[\w.+-]+\/[\w.+-]+$/.test(a.mediaType) ? a.mediaType : 'application/octet-stream',
      contentTransferEncoding: 'base64' as const,
      content: Buffer.from(a.bytes),
    })),
  });
  return new Promise((resolve, reject) => {
    mail
      .compile()
      .build((error: Error | null, message: Buffer) =>
        error === null ? resolve(withoutDate(message)) : reject(error),
      );
  });
}

/** The composer dates what it writes by the machine's clock. When a report came is for its receipt to say. */
function withoutDate(message: Buffer): Buffer {
  const end = message.indexOf('\r\n\r\n');
  const head = message.toString('latin1', 0, end).replace(/^Date: [^\r\n]*\r\n/m, '');
  return Buffer.concat([Buffer.from(head, 'latin1'), message.subarray(end)]);
}

/** SHA-256 over what the reporter sent, in order, each part with its length. */
function contentHash(report: WrittenReport): string {
  const hash = createHash('sha256');
  const add = (part: string | Uint8Array): void => {
    const bytes = typeof part === 'string' ? Buffer.from(part) : part;
    hash.update(`${bytes.length}:`).update(bytes);
  };
  for (const part of [report.text, report.subject, report.name, report.email, ...report.certificates]) add(part);
  for (const a of report.attachments) {
    add(a.name);
    add(a.bytes);
  }
  return hash.digest('hex');
}

function firstLine(text: string): string {
  return text.trim().split('\n', 1)[0]?.slice(0, 120) ?? '';
}
