/**
 * From raw bytes to `Message`: the one door through which mail enters the house. It never throws and never gives up
 * on a message because of one part: what cannot be read is named in `problems`, and everything else is still read.
 */
import { createHash } from 'node:crypto';
import { parseAddresses } from './addresses.ts';
import { automaticKind } from './automatic.ts';
import { splitText } from './blocks.ts';
import {
  type Budget,
  INNER_MESSAGES_MAX,
  LINKS_MAX,
  MESSAGE_BYTES_MAX,
  newBudget,
  TEXT_BLOCKS_MAX,
  TEXT_CHARS_MAX,
  UNWRAP_DEPTH_MAX,
} from './bounds.ts';
import { decodeText, latin1 } from './charset.ts';
import { readCms } from './cms.ts';
import { htmlToText } from './html.ts';
import type { MapiItem } from './mapi.ts';
import type { Attachment, DeliveryFailure, Feedback, InnerMessage, Message, TextBlock, TextRole } from './message.ts';
import { contentOf, isMessage, type Part, readTree } from './mime.ts';
import { looksLikeMsg, readMsg } from './msg.ts';
import {
  addressesOf,
  dateOf,
  deliveredTo,
  first,
  headerMap,
  headerWords,
  messageIds,
  originalSender,
  receivedOf,
  returnPathOf,
} from './part-headers.ts';
import {
  isCms,
  isPgpMessage,
  isTextual,
  mayEmbed,
  otherLeaves,
  pgpMessage,
  rebase,
  textLeaves,
  unflow,
  withLineFeeds,
} from './parts.ts';
import { readBounceWords, readDeliveryStatus, readFeedback, readXArf } from './reports.ts';
import { looksLikeTnef, readTnef } from './tnef.ts';
import { extractEmbedded } from './transfer.ts';
import { unseenLines } from './unseen.ts';

export interface ReadOptions {
  /** Every key that the desk holds; all are tried, whoever the message is addressed to. */
  readonly openers?: readonly Opener[];
}

/** Something that may turn an encrypted or opaque part into its plain bytes. */
export interface Opener {
  readonly name: string;
  /** Plain MIME bytes (or the bare content), or null when this opener does not fit. May throw; that counts as null. */
  readonly open: (part: SealedPart) => Promise<Uint8Array | null>;
}

export interface SealedPart {
  readonly form: 'pgp-mime' | 'pgp-inline' | 'pgp-file' | 'smime';
  readonly bytes: Uint8Array;
}

/**
 * Reads one message. Bounded in bytes, parts, depth and text (`bounds.ts`); linear in the size of the message.
 * `problems` codes: `empty`, `too_large`, `headers_missing`, `headers_too_large`, `header_malformed`, `mime_too_deep`,
 * `too_many_parts`, `mime_no_boundary`, `mime_unclosed`, `charset_unknown`, `charset_mismatch`, `encrypted`,
 * `external_body`, `partial`, `text_truncated`, `html_too_large`, `tnef_unreadable`, `msg_unreadable`, `unreadable`.
 */
export async function readMessage(bytes: Uint8Array, options: ReadOptions = {}): Promise<Message> {
  try {
    return await new Reading(options).read(bytes);
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

class Reading {
  private readonly options: ReadOptions;
  private readonly budget: Budget = newBudget();
  private readonly problems = new Set<string>();
  private readonly texts: TextBlock[] = [];
  private readonly attachments: Attachment[] = [];
  private readonly inner: InnerMessage[] = [];
  private readonly links = new Set<string>();
  private failures: DeliveryFailure[] = [];
  private feedback: Feedback | null = null;
  private hasDeliveryStatus = false;
  private hasDisposition = false;
  private hasCalendar = false;
  private unwrapped = 0;
  /** The parts of an envelope nobody could open have been reported once. */
  private insideEncrypted = false;

  constructor(options: ReadOptions) {
    this.options = options;
  }

  async read(raw: Uint8Array): Promise<Message> {
    let bytes = withLineFeeds(raw);
    if (bytes.length > MESSAGE_BYTES_MAX) {
      this.problems.add('too_large');
      bytes = bytes.subarray(0, MESSAGE_BYTES_MAX);
    }
    if (bytes.length === 0) this.problems.add('empty');
    const tree = readTree(bytes, this.budget);
    for (const problem of tree.problems) this.problems.add(problem);
    const root = tree.root;
    const headers = headerMap(root);
    if (headers.size === 0 && bytes.length > 0) this.problems.add('headers_missing');
    const subject = first(headers, 'subject');
    await this.walk(root, { role: 'own', subject, report: null });
    return this.compose(bytes, root, headers, subject);
  }

  private compose(
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
      hasDeliveryStatus: this.hasDeliveryStatus,
      hasDisposition: this.hasDisposition,
      hasFeedback: this.feedback !== null,
      hasCalendar: this.hasCalendar,
    });
    if (automatic === 'bounce' && this.failures.length === 0) this.readBounce(headers);
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
      texts: this.texts,
      attachments: this.attachments,
      inner: this.inner,
      failures: this.failures,
      feedback: this.feedback,
      links: [...this.links],
      problems: [...this.problems],
      headers,
    };
  }

  /** Depth-first in reading order, without recursion over the tree: nesting is cheap to forge. */
  private async walk(root: Part, context: Context): Promise<void> {
    const stack: { part: Part; context: Context }[] = [{ part: root, context }];
    for (let next = stack.pop(); next !== undefined; next = stack.pop()) {
      const inside = await this.visit(next.part, next.context);
      for (let i = inside.length - 1; i >= 0; i--) stack.push(inside[i] as { part: Part; context: Context });
    }
  }

  /** Reads one part; returns the parts inside it that are still to be read. */
  private async visit(part: Part, context: Context): Promise<{ part: Part; context: Context }[]> {
    if (part.stray !== '') this.addPlain(part.stray, part, { ...context, role: machineUnlessInner(context.role) });
    if (isMessage(part.type)) return await this.visitMessage(part, context);
    if (!part.type.startsWith('multipart/') || part.children.length === 0) {
      return await this.visitLeaf(part, context);
    }
    if (part.type === 'multipart/encrypted') return await this.visitEncrypted(part, context);
    if (part.type === 'multipart/alternative') return this.visitAlternative(part, context);
    if (part.type === 'multipart/report') {
      const report = (part.parameters.get('report-type') ?? '').toLowerCase();
      return part.children.map((child) => ({ part: child, context: { ...context, report: report || 'report' } }));
    }
    return part.children.map((child) => ({ part: child, context }));
  }

  /** The richest text is read once: plain words, and of the HTML only what the plain text does not show. */
  private visitAlternative(part: Part, context: Context): { part: Part; context: Context }[] {
    const leaves = textLeaves(part);
    const plain = leaves.filter((leaf) => leaf.type === 'text/plain' && leaf.disposition !== 'attachment');
    const html = leaves.filter((leaf) => leaf.type === 'text/html' && leaf.disposition !== 'attachment');
    if (plain.length === 0 || html.length === 0) return part.children.map((child) => ({ part: child, context }));
    const plainTexts = plain.map((leaf) => this.textOf(leaf));
    if (plainTexts.every((text) => text.trim().length < 2))
      return part.children.map((child) => ({ part: child, context }));
    for (const [i, leaf] of plain.entries()) this.addPlain(plainTexts[i] as string, leaf, context);
    for (const leaf of html) this.addHtmlBeside(leaf, plainTexts.join('\n'), context);
    const read = new Set<Part>([...plain, ...html]);
    const rest: { part: Part; context: Context }[] = [];
    for (const leaf of otherLeaves(part, read)) rest.push({ part: leaf, context });
    return rest;
  }

  private async visitMessage(part: Part, context: Context): Promise<{ part: Part; context: Context }[]> {
    const kind = innerKind(context.report);
    let message = part.children[0];
    if (message === undefined) {
      const bytes = contentOf(part);
      message = this.subtree(bytes, part.path);
      if (message === undefined) return [];
    }
    this.addInner(message, kind, part.path);
    const subject = first(headerMap(message), 'subject');
    this.addText(innerRole(kind), headerWords(message), part.path);
    return [{ part: message, context: { role: innerRole(kind), subject, report: null } }];
  }

  /** Parses bytes that were hidden in an encoding as a message of their own; undefined when the limit is reached. */
  private subtree(bytes: Uint8Array, path: string, type = 'text/plain'): Part | undefined {
    this.unwrapped++;
    this.budget.bytes -= bytes.length;
    if (this.unwrapped > UNWRAP_DEPTH_MAX * 20 || this.budget.bytes < 0) {
      this.problems.add('mime_too_deep');
      return undefined;
    }
    const tree = readTree(withLineFeeds(bytes), this.budget, type);
    for (const problem of tree.problems) this.problems.add(problem);
    rebase(tree.root, path);
    return tree.root;
  }

  private async visitLeaf(part: Part, context: Context): Promise<{ part: Part; context: Context }[]> {
    switch (part.type) {
      case 'message/delivery-status':
      case 'message/global-delivery-status':
        this.hasDeliveryStatus = true;
        this.failures.push(...readDeliveryStatus(contentOf(part)));
        this.addText('machine', this.textOf(part), part.path);
        return [];
      case 'message/feedback-report':
        this.feedback ??= readFeedback(contentOf(part));
        this.addText('machine', this.textOf(part), part.path);
        return [];
      case 'message/disposition-notification':
        this.hasDisposition = true;
        this.addText('machine', this.textOf(part), part.path);
        return [];
      case 'text/rfc822-headers':
      case 'message/rfc822-headers': {
        const headersOnly = this.subtree(contentOf(part), part.path);
        if (headersOnly === undefined) return [];
        this.addInner(headersOnly, innerKind(context.report), part.path);
        this.addText('machine', headerWords(headersOnly), part.path);
        return [];
      }
      case 'message/partial':
        this.problems.add('partial');
        this.addText(context.role, this.textOf(part), part.path);
        return [];
      case 'message/external-body':
        this.problems.add('external_body');
        this.addText('machine', [...part.parameters].map(([name, value]) => `${name}: ${value}`).join('\n'), part.path);
        this.addText('machine', this.textOf(part), part.path);
        return [];
      default:
        return await this.visitContent(part, context);
    }
  }

  private async visitContent(part: Part, context: Context): Promise<{ part: Part; context: Context }[]> {
    const named = part.fileName.toLowerCase();
    const attached = part.disposition === 'attachment' || named !== '';
    if (part.type === 'text/html' && !attached) {
      this.addHtml(part, context);
      return [];
    }
    if ((part.type.startsWith('text/') && !attached) || part.type.startsWith('multipart/')) {
      if (part.type === 'text/calendar') this.hasCalendar = true;
      const text = this.textOf(part);
      this.addPlain(text, part, part.type === 'text/calendar' ? { ...context, role: 'machine' } : context);
      return text.includes(pgpMessage)
        ? await this.openSealed(part, 'pgp-inline', Buffer.from(text, 'utf8'), context)
        : [];
    }
    const bytes = contentOf(part);
    if (isCms(part, named)) {
      const inside = await this.visitCms(part, bytes, context);
      if (inside !== null) return inside;
    }
    if (part.type === 'application/ms-tnef' || named === 'winmail.dat' || looksLikeTnef(bytes)) {
      const item = readTnef(bytes);
      if (item === null || !item.complete) this.problems.add('tnef_unreadable');
      // What is torn is kept as it came as well.
      if (item !== null && !item.complete) this.addAttachment(part, bytes);
      if (item !== null) return this.addItem(item, part, context);
    }
    if (part.type === 'application/vnd.ms-outlook' || named.endsWith('.msg')) {
      const item = looksLikeMsg(bytes) ? readMsg(bytes) : null;
      if (item !== null) return this.addForwardedItem(item, part);
      this.problems.add('msg_unreadable');
    }
    if (/\.(?:asc|pgp|gpg)$/.test(named) && isPgpMessage(bytes) && !this.insideEncrypted) {
      const opened = await this.openSealed(part, 'pgp-file', bytes, context);
      if (opened.length > 0) return opened;
    }
    if (/\.eml$/.test(named) && part.type !== 'text/html') {
      const message = this.subtree(bytes, part.path);
      if (message !== undefined && message.fields.length > 1) {
        this.addInner(message, 'forward', part.path);
        this.addText('forwarded', headerWords(message), part.path);
        return [
          {
            part: message,
            context: { role: 'forwarded', subject: first(headerMap(message), 'subject'), report: null },
          },
        ];
      }
    }
    this.addAttachment(part, bytes);
    return [];
  }

  private async visitEncrypted(part: Part, context: Context): Promise<{ part: Part; context: Context }[]> {
    const opened = await this.openSealed(part, 'pgp-mime', contentOf(part.children.at(-1) ?? part), context);
    if (opened.length > 0) return opened;
    this.insideEncrypted = true;
    return part.children.map((child) => ({ part: child, context: { ...context, role: 'machine' } }));
  }

  /** Tries every opener. What opens is read like the rest; what does not is a problem that a person sees. */
  private async openSealed(
    part: Part,
    form: SealedPart['form'],
    bytes: Uint8Array,
    context: Context,
  ): Promise<{ part: Part; context: Context }[]> {
    for (const opener of this.options.openers ?? []) {
      const opened = await tryOpen(opener, { form, bytes });
      if (opened === null) continue;
      // Inline text and single files are bare content; MIME forms hold an entity with headers of its own.
      const isEntity = form === 'pgp-mime' || form === 'smime';
      const inside = isEntity
        ? this.subtree(opened, part.path)
        : this.bareContent(
            opened,
            part.path,
            form === 'pgp-file' ? part.fileName.replace(/\.(?:asc|pgp|gpg)$/i, '') : '',
          );
      if (inside !== undefined) return [{ part: inside, context }];
    }
    this.problems.add('encrypted');
    return [];
  }

  private bareContent(bytes: Uint8Array, path: string, fileName: string): Part {
    this.budget.bytes -= bytes.length;
    return {
      path,
      fields: [],
      type: fileName === '' ? 'text/plain' : 'application/octet-stream',
      parameters: new Map(),
      disposition: fileName === '' ? '' : 'attachment',
      fileName,
      encoding: 'binary',
      body: bytes,
      children: [],
      stray: '',
    };
  }

  /** S/MIME: the entity inside an opaque signature or an envelope. Null when the bytes are nothing of the kind. */
  private async visitCms(
    part: Part,
    bytes: Uint8Array,
    context: Context,
  ): Promise<{ part: Part; context: Context }[] | null> {
    const cms = readCms(bytes);
    if (cms === null) return null;
    if (cms.kind === 'enveloped') {
      const opened = await this.openSealed(part, 'smime', bytes, context);
      if (opened.length > 0) return opened;
      this.addAttachment(part, bytes);
      return [];
    }
    // A signature without content (degenerate: a bag of certificates) is an attachment like any other.
    if (cms.content === null || cms.content.length === 0) return null;
    const inside = this.subtree(cms.content, part.path);
    return inside === undefined ? [] : [{ part: inside, context }];
  }

  /** TNEF carries the text and files of the message around it. */
  private addItem(item: MapiItem, part: Part, context: Context): { part: Part; context: Context }[] {
    if (item.text.trim() !== '') this.addPlain(item.text, part, context);
    if (item.html !== '') {
      const html = htmlToText(item.html);
      this.addLinks(html.links);
      if (item.text.trim() === '') this.addPlain(html.text, part, context);
      else this.addPlain(unseenLines(html.text, item.text), part, context);
      this.addText('machine', unseenLines(html.hidden, item.text), part.path);
    }
    const inside: { part: Part; context: Context }[] = [];
    for (const [i, file] of item.attachments.entries()) {
      const place = `${part.path}>${file.fileName === '' ? i + 1 : file.fileName}`;
      if (file.item !== null) inside.push(...this.addForwardedItem(file.item, { ...part, path: place }));
      else {
        const leaf = {
          ...this.bareContent(file.bytes, place, file.fileName || `file-${i + 1}`),
          type: typeOf(file.mediaType),
        };
        inside.push({ part: leaf, context });
      }
    }
    return inside;
  }

  /** A message in Outlook's own format: its transport headers, if it ever travelled, are as good as a forward's. */
  private addForwardedItem(item: MapiItem, part: Part): { part: Part; context: Context }[] {
    const headers = item.headers.replace(/^Microsoft Mail Internet Headers[^\n]*\n/i, '').trim();
    const travelled = headers === '' ? undefined : this.subtree(Buffer.from(`${headers}\r\n\r\n`, 'utf8'), part.path);
    if (travelled !== undefined && travelled.fields.length > 1) {
      this.addInner(travelled, 'forward', part.path);
      this.addText('forwarded', headerWords(travelled), part.path);
    } else if (this.inner.length < INNER_MESSAGES_MAX) {
      const address = item.senderAddress.includes('@') ? item.senderAddress.toLowerCase() : '';
      const from = item.senderName === '' && address === '' ? null : { name: item.senderName, address };
      this.inner.push({
        kind: 'forward',
        path: part.path,
        confidence: 'headers',
        from,
        to: [],
        subject: item.subject,
        date: null,
        received: [],
        messageId: null,
      });
      this.addText('forwarded', `From: ${item.senderName} <${address}>\nSubject: ${item.subject}`, part.path);
    }
    return this.addItem(item, part, { role: 'forwarded', subject: item.subject, report: null });
  }

  private addAttachment(part: Part, bytes: Uint8Array): void {
    this.attachments.push({ path: part.path, fileName: part.fileName, mediaType: part.type, bytes });
    if (part.type === 'text/calendar' || part.fileName.toLowerCase().endsWith('.ics')) this.hasCalendar = true;
    if (!isTextual(part, bytes)) return;
    const decoded = decodeText(bytes, part.parameters.get('charset') ?? null);
    let text = decoded.text;
    if (part.type === 'text/html' || /\.html?$/i.test(part.fileName)) {
      const html = htmlToText(text);
      this.addLinks(html.links);
      text = `${html.text}\n${html.hidden}`;
    }
    if (
      this.feedback === null &&
      /(?:json|yaml|x-arf)|^text\/plain$/.test(part.type) &&
      /arf|report/i.test(part.fileName)
    ) {
      this.feedback = readXArf(text);
    }
    this.addText('attachment', text, part.path);
  }

  private textOf(part: Part): string {
    const bytes = this.withoutEmbedded(part, contentOf(part));
    const decoded = decodeText(bytes, part.parameters.get('charset') ?? null);
    if (decoded.problem !== null) this.problems.add(decoded.problem);
    return unflow(decoded.text, part);
  }

  /** Takes uuencoded and yEnc files out of a text while it is still bytes: yEnc uses all of them. */
  private withoutEmbedded(part: Part, bytes: Uint8Array): Uint8Array {
    if (part.type !== 'text/plain' || !mayEmbed(bytes)) return bytes;
    const { text, files } = extractEmbedded(latin1(bytes));
    for (const [i, file] of files.entries()) {
      this.attachments.push({
        path: `${part.path}>${i + 1}`,
        fileName: file.fileName,
        mediaType: 'application/octet-stream',
        bytes: file.bytes,
      });
    }
    return files.length === 0 ? bytes : Buffer.from(text, 'latin1');
  }

  private addPlain(text: string, part: Part, context: Context): void {
    if (context.role === 'machine') {
      this.addText('machine', text, part.path);
      return;
    }
    const split = splitText(this.bounded(text), context.role, context.subject, part.path);
    for (const block of split.blocks) this.addText(block.role, block.text, part.path);
    for (const forward of split.forwards) if (this.inner.length < INNER_MESSAGES_MAX) this.inner.push(forward);
  }

  private addHtml(part: Part, context: Context): void {
    const html = htmlToText(this.textOf(part));
    if (html.problem !== null) this.problems.add(html.problem);
    this.addLinks(html.links);
    this.addPlain(html.text, part, context);
    this.addText('machine', html.hidden, part.path);
  }

  private addHtmlBeside(part: Part, plain: string, context: Context): void {
    const html = htmlToText(this.textOf(part));
    if (html.problem !== null) this.problems.add(html.problem);
    this.addLinks(html.links.filter((link) => !plain.includes(link)));
    const unseen = unseenLines(html.text, plain);
    if (unseen !== '') this.addPlain(unseen, part, context);
    this.addText('machine', unseenLines(html.hidden, plain), part.path);
  }

  private addLinks(links: readonly string[]): void {
    for (const link of links) if (this.links.size < LINKS_MAX) this.links.add(link);
  }

  private addText(role: TextRole, text: string, path: string): void {
    const trimmed = this.bounded(text).trim();
    if (trimmed === '') return;
    if (this.texts.length >= TEXT_BLOCKS_MAX || this.budget.texts <= 0) {
      this.problems.add('text_truncated');
      return;
    }
    this.budget.texts -= trimmed.length;
    this.texts.push({ role, text: trimmed, path });
  }

  private bounded(text: string): string {
    if (text.length <= TEXT_CHARS_MAX) return text;
    this.problems.add('text_truncated');
    return text.slice(0, TEXT_CHARS_MAX);
  }

  private addInner(message: Part, kind: InnerMessage['kind'], path: string): void {
    if (this.inner.length >= INNER_MESSAGES_MAX) return;
    const headers = headerMap(message);
    this.inner.push({
      kind,
      path,
      confidence: 'headers',
      from: addressesOf(message, 'from')[0] ?? null,
      to: addressesOf(message, 'to'),
      subject: first(headers, 'subject'),
      date: dateOf(message),
      received: receivedOf(message),
      messageId: messageIds(first(headers, 'message-id'))[0] ?? null,
    });
  }

  /** A bounce without a delivery status: recipients from the words, the original from the text behind a marker. */
  private readBounce(headers: ReadonlyMap<string, readonly string[]>): void {
    const said = this.texts.filter((block) => block.role !== 'attachment').map((block) => block.text);
    this.failures = [...readBounceWords(said.join('\n'))];
    for (const address of parseAddresses((headers.get('x-failed-recipients') ?? []).join(','))) {
      if (address.address !== '' && !this.failures.some((failure) => failure.recipient === address.address)) {
        this.failures.push({
          recipient: address.address,
          action: 'failed',
          status: '',
          permanent: true,
          diagnostic: '',
          arrivalDate: null,
        });
      }
    }
    if (this.inner.some((message) => message.kind === 'bounce-original')) return;
    const text = said.join('\n');
    const from = text.search(
      /^-{2,}[^\n]{0,60}(?:copy of (?:the|your) message|original message|returned message|unsent message)[^\n]{0,80}$/im,
    );
    if (from < 0) return;
    const original = text.slice(text.indexOf('\n', from) + 1).replace(/^\s+/, '');
    const tree = readTree(Buffer.from(original, 'utf8'), this.budget);
    if (tree.root.fields.length >= 2) this.addInner(tree.root, 'bounce-original', '1');
  }
}

async function tryOpen(opener: Opener, sealed: SealedPart): Promise<Uint8Array | null> {
  try {
    return await opener.open(sealed);
  } catch {
    return null;
  }
}

interface Context {
  readonly role: TextRole;
  readonly subject: string;
  /** report-type of the multipart/report around this part, if any. */
  readonly report: string | null;
}

const typeOf = (mediaType: string): string =>
  /^[a-z0-9!#$&^_.+-]{1,80}\/[a-z0-9!#$&^_.+-]{1,120}$/i.test(mediaType)
    ? mediaType.toLowerCase()
    : 'application/octet-stream';

const machineUnlessInner = (role: TextRole): TextRole => (role === 'own' ? 'machine' : role);

function innerKind(report: string | null): InnerMessage['kind'] {
  if (report === null) return 'forward';
  return report === 'feedback-report' ? 'feedback-original' : 'bounce-original';
}

/** What stood in a bounced or reported message was said by somebody else, like a forward. */
const innerRole = (_kind: InnerMessage['kind']): TextRole => 'forwarded';

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
