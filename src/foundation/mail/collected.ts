/**
 * What has been read of one message so far: words, files, messages inside, links, and what could not be read. Everything
 * that a message may have many of is counted here against its bound.
 */
import { splitText } from './blocks.ts';
import {
  type Budget,
  INNER_MESSAGES_MAX,
  LINKS_MAX,
  newBudget,
  TEXT_BLOCKS_MAX,
  TEXT_CHARS_MAX,
  UNWRAP_DEPTH_MAX,
} from './bounds.ts';
import { decodeText, latin1 } from './charset.ts';
import { htmlToText } from './html.ts';
import type { Attachment, DeliveryFailure, Feedback, InnerMessage, TextBlock, TextRole } from './message.ts';
import { contentOf, type Part, readTree } from './mime.ts';
import { addressesOf, dateOf, first, headerMap, messageIds, receivedOf } from './part-headers.ts';
import { isTextual, mayEmbed, rebase, unflow, withLineFeeds } from './parts.ts';
import { readXArf } from './reports.ts';
import { extractEmbedded } from './transfer.ts';
import { unseenLines } from './unseen.ts';

/** In whose words a part speaks. */
export interface Context {
  readonly role: TextRole;
  readonly subject: string;
  /** report-type of the multipart/report around this part, if any. */
  readonly report: string | null;
}

/** A part that is still to be read. */
export interface Open {
  readonly part: Part;
  readonly context: Context;
}

export class Collected {
  readonly budget: Budget = newBudget();
  readonly problems = new Set<string>();
  readonly texts: TextBlock[] = [];
  readonly attachments: Attachment[] = [];
  readonly inner: InnerMessage[] = [];
  readonly links = new Set<string>();
  failures: DeliveryFailure[] = [];
  feedback: Feedback | null = null;
  hasDeliveryStatus = false;
  hasDisposition = false;
  hasCalendar = false;
  private unwrapped = 0;

  addText(role: TextRole, text: string, path: string): void {
    const trimmed = this.bounded(text).trim();
    if (trimmed === '') return;
    if (this.texts.length >= TEXT_BLOCKS_MAX || this.budget.texts <= 0) {
      this.problems.add('text_truncated');
      return;
    }
    this.budget.texts -= trimmed.length;
    this.texts.push({ role, text: trimmed, path });
  }

  addPlain(text: string, part: Part, context: Context): void {
    if (context.role === 'machine') {
      this.addText('machine', text, part.path);
      return;
    }
    const split = splitText(this.bounded(text), context.role, context.subject, part.path);
    for (const block of split.blocks) this.addText(block.role, block.text, part.path);
    for (const forward of split.forwards) if (this.inner.length < INNER_MESSAGES_MAX) this.inner.push(forward);
  }

  addHtml(part: Part, context: Context): void {
    const html = htmlToText(this.textOf(part));
    if (html.problem !== null) this.problems.add(html.problem);
    this.addLinks(html.links);
    this.addPlain(html.text, part, context);
    this.addText('machine', html.hidden, part.path);
  }

  addHtmlBeside(part: Part, plain: string, context: Context): void {
    const html = htmlToText(this.textOf(part));
    if (html.problem !== null) this.problems.add(html.problem);
    this.addLinks(html.links.filter((link) => !plain.includes(link)));
    const unseen = unseenLines(html.text, plain);
    if (unseen !== '') this.addPlain(unseen, part, context);
    this.addText('machine', unseenLines(html.hidden, plain), part.path);
  }

  addLinks(links: readonly string[]): void {
    for (const link of links) if (this.links.size < LINKS_MAX) this.links.add(link);
  }

  addAttachment(part: Part, bytes: Uint8Array): void {
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

  addInner(message: Part, kind: InnerMessage['kind'], path: string): void {
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

  textOf(part: Part): string {
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

  private bounded(text: string): string {
    if (text.length <= TEXT_CHARS_MAX) return text;
    this.problems.add('text_truncated');
    return text.slice(0, TEXT_CHARS_MAX);
  }

  /** Parses bytes that were hidden in an encoding as a message of their own; undefined when the limit is reached. */
  subtree(bytes: Uint8Array, path: string, type = 'text/plain'): Part | undefined {
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

  bareContent(bytes: Uint8Array, path: string, fileName: string): Part {
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
}
