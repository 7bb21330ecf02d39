/**
 * From raw bytes to `Message`: the one door through which mail enters the house. It never throws and never gives up
 * on a message because of one part: what cannot be read is named in `problems`, and everything else is still read.
 */
import { createHash } from 'node:crypto';
import { parseAddresses } from './addresses.ts';
import { automaticKind } from './automatic.ts';
import { MESSAGE_BYTES_MAX } from './bounds.ts';
import { latin1 } from './charset.ts';
import { Collected } from './collected.ts';
import type { Message } from './message.ts';
import { type Part, readTree } from './mime.ts';
import {
  addressesOf,
  dateOf,
  deliveredTo,
  first,
  headerMap,
  messageIds,
  originalSender,
  receivedOf,
  returnPathOf,
} from './part-headers.ts';
import { withLineFeeds } from './parts.ts';
import { readBounceWords } from './reports.ts';
import { Walk } from './walk.ts';
import type { Opener } from './wrappings.ts';

export interface ReadOptions {
  /** Every key that the desk holds; all are tried, whoever the message is addressed to. */
  readonly openers?: readonly Opener[];
}

/**
 * Reads one message. Bounded in bytes, parts, depth and text (`bounds.ts`); linear in the size of the message.
 * `problems` codes: `empty`, `too_large`, `headers_missing`, `headers_too_large`, `header_malformed`, `mime_too_deep`,
 * `too_many_parts`, `mime_no_boundary`, `mime_unclosed`, `charset_unknown`, `charset_mismatch`, `encrypted`,
 * `external_body`, `partial`, `text_truncated`, `html_too_large`, `tnef_unreadable`, `msg_unreadable`, `unreadable`.
 */
export async function readMessage(bytes: Uint8Array, options: ReadOptions = {}): Promise<Message> {
  try {
    return await read(bytes, options.openers ?? []);
  } catch (cause) {
    return unreadable(bytes, cause);
  }
}

/** Codes after which a person has to look at the original, because text or evidence may be missing. */
export const unreadableProblems: ReadonlySet<string> = new Set([
  'unreadable',
  'empty',
  'headers_missing',
  'too_large',
  'mime_too_deep',
  'too_many_parts',
  'encrypted',
  'partial',
  'external_body',
  'text_truncated',
  'tnef_unreadable',
  'msg_unreadable',
]);

async function read(raw: Uint8Array, openers: readonly Opener[]): Promise<Message> {
  const collected = new Collected();
  let bytes = withLineFeeds(raw);
  if (bytes.length > MESSAGE_BYTES_MAX) {
    collected.problems.add('too_large');
    bytes = bytes.subarray(0, MESSAGE_BYTES_MAX);
  }
  if (bytes.length === 0) collected.problems.add('empty');
  const tree = readTree(bytes, collected.budget);
  for (const problem of tree.problems) collected.problems.add(problem);
  const root = tree.root;
  const headers = headerMap(root);
  if (headers.size === 0 && bytes.length > 0) collected.problems.add('headers_missing');
  const subject = first(headers, 'subject');
  await new Walk(collected, openers).walk(root, { role: 'own', subject, report: null });
  return compose(collected, bytes, root, headers, subject);
}

function compose(
  collected: Collected,
  bytes: Uint8Array,
  root: Part,
  headers: ReadonlyMap<string, readonly string[]>,
  subject: string,
): Message {
  const from = addressesOf(root, 'from');
  const returnPath = returnPathOf(root);
  const reportType = root.type === 'multipart/report' ? (root.parameters.get('report-type') ?? '').toLowerCase() : '';
  const automatic = automaticKind({
    headers,
    rootType: root.type,
    reportType,
    from: from[0]?.address ?? '',
    returnPath,
    subject,
    hasDeliveryStatus: collected.hasDeliveryStatus,
    hasDisposition: collected.hasDisposition,
    hasFeedback: collected.feedback !== null,
    hasCalendar: collected.hasCalendar,
  });
  if (automatic === 'bounce' && collected.failures.length === 0) readBounce(collected, headers);
  const given = messageIds(first(headers, 'message-id'))[0] ?? null;
  return {
    messageId: given ?? `<${createHash('sha256').update(bytes).digest('hex').slice(0, 40)}@synthetic.invalid>`,
    messageIdSynthetic: given === null,
    inReplyTo: messageIds(first(headers, 'in-reply-to')),
    references: messageIds((headers.get('references') ?? []).join(' ')),
    from,
    replyTo: addressesOf(root, 'reply-to'),
    originalFrom: originalSender(root, from),
    sender: addressesOf(root, 'sender')[0] ?? null,
    to: addressesOf(root, 'to'),
    cc: addressesOf(root, 'cc'),
    deliveredTo: deliveredTo(root),
    returnPath,
    subject,
    date: dateOf(root),
    received: receivedOf(root),
    automatic,
    texts: collected.texts,
    attachments: collected.attachments,
    inner: collected.inner,
    failures: collected.failures,
    feedback: collected.feedback,
    links: [...collected.links],
    problems: [...collected.problems],
    headers,
  };
}

/** A bounce without a delivery status: recipients from the words, the original from the text behind a marker. */
function readBounce(collected: Collected, headers: ReadonlyMap<string, readonly string[]>): void {
  const said = collected.texts.filter((block) => block.role !== 'attachment').map((block) => block.text);
  collected.failures = [...readBounceWords(said.join('\n'))];
  for (const address of parseAddresses((headers.get('x-failed-recipients') ?? []).join(','))) {
    if (address.address !== '' && !collected.failures.some((failure) => failure.recipient === address.address)) {
      collected.failures.push({
        recipient: address.address,
        action: 'failed',
        status: '',
        permanent: true,
        diagnostic: '',
        arrivalDate: null,
      });
    }
  }
  if (collected.inner.some((message) => message.kind === 'bounce-original')) return;
  const text = said.join('\n');
  const from = text.search(
    /^-{2,}[^\n]{0,60}(?:copy of (?:the|your) message|original message|returned message|unsent message)[^\n]{0,80}$/im,
  );
  if (from < 0) return;
  const original = text.slice(text.indexOf('\n', from) + 1).replace(/^\s+/, '');
  const tree = readTree(Buffer.from(original, 'utf8'), collected.budget);
  if (tree.root.fields.length >= 2) collected.addInner(tree.root, 'bounce-original', '1');
}

function unreadable(bytes: Uint8Array, cause: unknown): Message {
  const hash = createHash('sha256').update(bytes).digest('hex');
  const head = latin1(bytes.subarray(0, 64 * 1024));
  return {
    messageId: `<${hash.slice(0, 40)}@synthetic.invalid>`,
    messageIdSynthetic: true,
    inReplyTo: [],
    references: [],
    from: [],
    replyTo: [],
    originalFrom: null,
    sender: null,
    to: [],
    cc: [],
    deliveredTo: [],
    returnPath: null,
    subject: '',
    date: null,
    received: [],
    automatic: 'no',
    texts: head.trim() === '' ? [] : [{ role: 'machine', text: head, path: '1' }],
    attachments: [],
    inner: [],
    failures: [],
    feedback: null,
    links: [],
    problems: ['unreadable', `reader_${cause instanceof Error ? cause.name : 'error'}`],
    headers: new Map(),
  };
}
