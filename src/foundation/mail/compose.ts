/**
 * Messages that did not come as mail (a form, a telephone note, a ticket from another system) written as one, so that
 * everything in the ledger is read by the same reader. Deterministic: the same entry gives the same bytes, and a
 * repeated delivery is recognised by its hash.
 */
import { createHash } from 'node:crypto';
import { oneLine } from '../text.ts';
import type { Instant } from '../time/time.ts';
import type { Address } from './message.ts';
import { messageIds } from './part-headers.ts';

export interface Entry {
  readonly from: Address | null;
  readonly to: readonly Address[];
  readonly subject: string;
  readonly text: string;
  /** When the writer wrote it, if known. */
  readonly date: Instant | null;
  readonly messageId: string | null;
  /** Further headers, e.g. `X-Rescind-Channel`; values are encoded as needed. */
  readonly headers: readonly (readonly [name: string, value: string])[];
  readonly attachments: readonly {
    readonly fileName: string;
    readonly mediaType: string;
    readonly bytes: Uint8Array;
  }[];
}

/** An entry as RFC 5322 bytes with CRLF. */
export function composeMessage(entry: Entry): Uint8Array {
  const lines: string[] = [];
  if (entry.from !== null) lines.push(`From: ${mailbox(entry.from)}`);
  if (entry.to.length > 0) lines.push(`To: ${entry.to.map(mailbox).join(',\r\n ')}`);
  lines.push(`Subject: ${encodeWords(entry.subject)}`);
  if (entry.date !== null) lines.push(`Date: ${mailDate(entry.date)}`);
  if (entry.messageId !== null) lines.push(`Message-ID: ${messageIds(entry.messageId)[0] ?? '<unknown@invalid>'}`);
  for (const [name, value] of entry.headers) {
    if (/^[A-Za-z][A-Za-z0-9-]{0,76}$/.test(name)) lines.push(`${name}: ${encodeWords(value)}`);
  }
  lines.push('MIME-Version: 1.0');
  const text = [
    'Content-Type: text/plain; charset=utf-8',
    'Content-Transfer-Encoding: base64',
    '',
    base64Lines(Buffer.from(entry.text, 'utf8')),
  ];
  if (entry.attachments.length === 0) return Buffer.from([...lines, ...text, ''].join('\r\n'), 'utf8');
  const boundary = `=_${createHash('sha256').update(entry.text).update(entry.subject).digest('hex').slice(0, 32)}`;
  lines.push(`Content-Type: multipart/mixed; boundary="${boundary}"`, '', `--${boundary}`, ...text);
  for (const file of entry.attachments) {
    const name = extendedName(file.fileName);
    const type = /^[a-z0-9!#$&^_.+-]{1,80}\/[a-z0-9!#$&^_.+-]{1,80}$/i.test(file.mediaType)
      ? file.mediaType
      : 'application/octet-stream';
    // A container type would be taken apart instead of kept as the file it is.
    const kept = /^(?:multipart|message)\//i.test(type) ? 'application/octet-stream' : type;
    lines.push(
      `--${boundary}`,
      `Content-Type: ${kept}`,
      'Content-Transfer-Encoding: base64',
      `Content-Disposition: attachment; filename*=utf-8''${name}`,
      '',
      base64Lines(file.bytes),
    );
  }
  lines.push(`--${boundary}--`, '');
  return Buffer.from(lines.join('\r\n'), 'utf8');
}

/** RFC 5322 date in UTC. */
export function mailDate(at: Instant): string {
  const utc = at.toZonedDateTimeISO('UTC');
  const two = (n: number): string => String(n).padStart(2, '0');
  const day = ['Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat', 'Sun'][utc.dayOfWeek - 1];
  const month = 'Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec'.split(' ')[utc.month - 1];
  return `${day}, ${two(utc.day)} ${month} ${utc.year} ${two(utc.hour)}:${two(utc.minute)}:${two(utc.second)} +0000`;
}

function mailbox(address: Address): string {
  const plain = oneLine(address.address, 1_000).replace(/[<>,;\s]/g, '');
  const name = oneLine(address.name, 1_000);
  if (name === '') return plain === '' ? 'unknown' : `<${plain}>`;
  const shown = /^[\x20-\x7e]*$/.test(name) ? `"${name.replace(/["\\]/g, '')}"` : encodeWords(name);
  return plain === '' ? shown : `${shown} <${plain}>`;
}

/** RFC 2047 where needed; folded so that no line exceeds 78 characters by much. Header injection ends here. */
function encodeWords(text: string): string {
  const line = oneLine(text, 2_000);
  if (/^[\x20-\x7e]*$/.test(line) && !line.includes('=?') && line.length < 900) return line;
  const words: string[] = [];
  let chunk = '';
  for (const character of line) {
    if (Buffer.byteLength(chunk + character, 'utf8') > 42) {
      words.push(chunk);
      chunk = '';
    }
    chunk += character;
  }
  words.push(chunk);
  return words.map((part) => `=?utf-8?B?${Buffer.from(part, 'utf8').toString('base64')}?=`).join('\r\n ');
}

const extendedName = (name: string): string =>
  encodeURIComponent(oneLine(name, 200)).replace(/['()*]/g, (c) => `%${c.charCodeAt(0).toString(16).toUpperCase()}`);

function base64Lines(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
    .toString('base64')
    .replace(/.{1,76}/g, '$&\r\n')
    .trimEnd();
}
