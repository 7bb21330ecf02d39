/** Goes through the parts of a message in reading order and hands each to whoever can read it. */
import type { Collected, Context, Open } from './collected.ts';
import type { InnerMessage, TextRole } from './message.ts';
import { contentOf, isMessage, type Part } from './mime.ts';
import { looksLikeMsg, readMsg } from './msg.ts';
import { first, headerMap, headerWords } from './part-headers.ts';
import { isCms, isPgpMessage, otherLeaves, pgpMessage, textLeaves } from './parts.ts';
import { readDeliveryStatus, readFeedback } from './reports.ts';
import { looksLikeTnef, readTnef } from './tnef.ts';
import {
  addForwardedItem,
  addItem,
  type Opener,
  type Opening,
  openSealed,
  visitCms,
  visitEncrypted,
} from './wrappings.ts';

export class Walk {
  private readonly collected: Collected;
  private readonly opening: Opening;

  constructor(collected: Collected, openers: readonly Opener[]) {
    this.collected = collected;
    this.opening = { collected, openers, insideEncrypted: false };
  }

  /** Depth-first in reading order, without recursion over the tree: nesting is cheap to forge. */
  async walk(root: Part, context: Context): Promise<void> {
    const stack: Open[] = [{ part: root, context }];
    for (let next = stack.pop(); next !== undefined; next = stack.pop()) {
      const inside = await this.visit(next.part, next.context);
      for (let i = inside.length - 1; i >= 0; i--) stack.push(inside[i] as Open);
    }
  }

  /** Reads one part; returns the parts inside it that are still to be read. */
  private async visit(part: Part, context: Context): Promise<Open[]> {
    if (part.stray !== '')
      this.collected.addPlain(part.stray, part, { ...context, role: machineUnlessInner(context.role) });
    if (isMessage(part.type)) return await this.visitMessage(part, context);
    if (!part.type.startsWith('multipart/') || part.children.length === 0) {
      return await this.visitLeaf(part, context);
    }
    if (part.type === 'multipart/encrypted') return await visitEncrypted(this.opening, part, context);
    if (part.type === 'multipart/alternative') return this.visitAlternative(part, context);
    if (part.type === 'multipart/report') {
      const report = (part.parameters.get('report-type') ?? '').toLowerCase();
      return part.children.map((child) => ({ part: child, context: { ...context, report: report || 'report' } }));
    }
    return part.children.map((child) => ({ part: child, context }));
  }

  /** The richest text is read once: plain words, and of the HTML only what the plain text does not show. */
  private visitAlternative(part: Part, context: Context): Open[] {
    const leaves = textLeaves(part);
    const plain = leaves.filter((leaf) => leaf.type === 'text/plain' && leaf.disposition !== 'attachment');
    const html = leaves.filter((leaf) => leaf.type === 'text/html' && leaf.disposition !== 'attachment');
    if (plain.length === 0 || html.length === 0) return part.children.map((child) => ({ part: child, context }));
    const plainTexts = plain.map((leaf) => this.collected.textOf(leaf));
    if (plainTexts.every((text) => text.trim().length < 2))
      return part.children.map((child) => ({ part: child, context }));
    for (const [i, leaf] of plain.entries()) this.collected.addPlain(plainTexts[i] as string, leaf, context);
    for (const leaf of html) this.collected.addHtmlBeside(leaf, plainTexts.join('\n'), context);
    const read = new Set<Part>([...plain, ...html]);
    const rest: Open[] = [];
    for (const leaf of otherLeaves(part, read)) rest.push({ part: leaf, context });
    return rest;
  }

  private async visitMessage(part: Part, context: Context): Promise<Open[]> {
    const kind = innerKind(context.report);
    let message = part.children[0];
    if (message === undefined) {
      const bytes = contentOf(part);
      message = this.collected.subtree(bytes, part.path);
      if (message === undefined) return [];
    }
    this.collected.addInner(message, kind, part.path);
    const subject = first(headerMap(message), 'subject');
    this.collected.addText(innerRole(kind), headerWords(message), part.path);
    return [{ part: message, context: { role: innerRole(kind), subject, report: null } }];
  }

  private async visitLeaf(part: Part, context: Context): Promise<Open[]> {
    switch (part.type) {
      case 'message/delivery-status':
      case 'message/global-delivery-status':
        this.collected.hasDeliveryStatus = true;
        this.collected.failures.push(...readDeliveryStatus(contentOf(part)));
        this.collected.addText('machine', this.collected.textOf(part), part.path);
        return [];
      case 'message/feedback-report':
        this.collected.feedback ??= readFeedback(contentOf(part));
        this.collected.addText('machine', this.collected.textOf(part), part.path);
        return [];
      case 'message/disposition-notification':
        this.collected.hasDisposition = true;
        this.collected.addText('machine', this.collected.textOf(part), part.path);
        return [];
      case 'text/rfc822-headers':
      case 'message/rfc822-headers': {
        const headersOnly = this.collected.subtree(contentOf(part), part.path);
        if (headersOnly === undefined) return [];
        this.collected.addInner(headersOnly, innerKind(context.report), part.path);
        this.collected.addText('machine', headerWords(headersOnly), part.path);
        return [];
      }
      case 'message/partial':
        this.collected.problems.add('partial');
        this.collected.addText(context.role, this.collected.textOf(part), part.path);
        return [];
      case 'message/external-body':
        this.collected.problems.add('external_body');
        this.collected.addText(
          'machine',
          [...part.parameters].map(([name, value]) => `${name}: ${value}`).join('\n'),
          part.path,
        );
        this.collected.addText('machine', this.collected.textOf(part), part.path);
        return [];
      default:
        return await this.visitContent(part, context);
    }
  }

  private async visitContent(part: Part, context: Context): Promise<Open[]> {
    const named = part.fileName.toLowerCase();
    const attached = part.disposition === 'attachment' || named !== '';
    if (part.type === 'text/html' && !attached) {
      this.collected.addHtml(part, context);
      return [];
    }
    if ((part.type.startsWith('text/') && !attached) || part.type.startsWith('multipart/')) {
      if (part.type === 'text/calendar') this.collected.hasCalendar = true;
      const text = this.collected.textOf(part);
      this.collected.addPlain(text, part, part.type === 'text/calendar' ? { ...context, role: 'machine' } : context);
      return text.includes(pgpMessage)
        ? await openSealed(this.opening, part, 'pgp-inline', Buffer.from(text, 'utf8'), context)
        : [];
    }
    const bytes = contentOf(part);
    if (isCms(part, named)) {
      const inside = await visitCms(this.opening, part, bytes, context);
      if (inside !== null) return inside;
    }
    if (part.type === 'application/ms-tnef' || named === 'winmail.dat' || looksLikeTnef(bytes)) {
      const item = readTnef(bytes);
      if (item === null || !item.complete) this.collected.problems.add('tnef_unreadable');
      // What is torn is kept as it came as well.
      if (item !== null && !item.complete) this.collected.addAttachment(part, bytes);
      if (item !== null) return addItem(this.collected, item, part, context);
    }
    if (part.type === 'application/vnd.ms-outlook' || named.endsWith('.msg')) {
      const item = looksLikeMsg(bytes) ? readMsg(bytes) : null;
      if (item !== null) return addForwardedItem(this.collected, item, part);
      this.collected.problems.add('msg_unreadable');
    }
    if (/\.(?:asc|pgp|gpg)$/.test(named) && isPgpMessage(bytes) && !this.opening.insideEncrypted) {
      const opened = await openSealed(this.opening, part, 'pgp-file', bytes, context);
      if (opened.length > 0) return opened;
    }
    if (/\.eml$/.test(named) && part.type !== 'text/html') {
      const message = this.collected.subtree(bytes, part.path);
      if (message !== undefined && message.fields.length > 1) {
        this.collected.addInner(message, 'forward', part.path);
        this.collected.addText('forwarded', headerWords(message), part.path);
        return [
          {
            part: message,
            context: { role: 'forwarded', subject: first(headerMap(message), 'subject'), report: null },
          },
        ];
      }
    }
    this.collected.addAttachment(part, bytes);
    return [];
  }
}

const machineUnlessInner = (role: TextRole): TextRole => (role === 'own' ? 'machine' : role);

function innerKind(report: string | null): InnerMessage['kind'] {
  if (report === null) return 'forward';
  return report === 'feedback-report' ? 'feedback-original' : 'bounce-original';
}

/** What stood in a bounced or reported message was said by somebody else, like a forward. */
const innerRole = (_kind: InnerMessage['kind']): TextRole => 'forwarded';
