/**
 * What programs and people wrap mail in: OpenPGP, S/MIME, Outlook's TNEF and .msg. Each gives back the parts inside it,
 * to be read like the rest.
 */
import { INNER_MESSAGES_MAX } from './bounds.ts';
import { readCms } from './cms.ts';
import type { Collected, Context, Open } from './collected.ts';
import { htmlToText } from './html.ts';
import type { MapiItem } from './mapi.ts';
import { contentOf, type Part } from './mime.ts';
import { headerWords } from './part-headers.ts';
import { unseenLines } from './unseen.ts';

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

/** A message while it is opened. */
export interface Opening {
  readonly collected: Collected;
  /** All are tried, whoever the message is addressed to. */
  readonly openers: readonly Opener[];
  /** The parts of an envelope nobody could open have been reported once. */
  insideEncrypted: boolean;
}

export async function visitEncrypted(opening: Opening, part: Part, context: Context): Promise<Open[]> {
  const opened = await openSealed(opening, part, 'pgp-mime', contentOf(part.children.at(-1) ?? part), context);
  if (opened.length > 0) return opened;
  opening.insideEncrypted = true;
  return part.children.map((child) => ({ part: child, context: { ...context, role: 'machine' } }));
}

/** Tries every opener. What opens is read like the rest; what does not is a problem that a person sees. */
export async function openSealed(
  opening: Opening,
  part: Part,
  form: SealedPart['form'],
  bytes: Uint8Array,
  context: Context,
): Promise<Open[]> {
  const { collected } = opening;
  for (const opener of opening.openers) {
    const opened = await tryOpen(opener, { form, bytes });
    if (opened === null) continue;
    // Inline text and single files are bare content; MIME forms hold an entity with headers of its own.
    const isEntity = form === 'pgp-mime' || form === 'smime';
    const inside = isEntity
      ? collected.subtree(opened, part.path)
      : collected.bareContent(
          opened,
          part.path,
          form === 'pgp-file' ? part.fileName.replace(/\.(?:asc|pgp|gpg)$/i, '') : '',
        );
    if (inside !== undefined) return [{ part: inside, context }];
  }
  collected.problems.add('encrypted');
  return [];
}

/** S/MIME: the entity inside an opaque signature or an envelope. Null when the bytes are nothing of the kind. */
export async function visitCms(
  opening: Opening,
  part: Part,
  bytes: Uint8Array,
  context: Context,
): Promise<Open[] | null> {
  const { collected } = opening;
  const cms = readCms(bytes);
  if (cms === null) return null;
  if (cms.kind === 'enveloped') {
    const opened = await openSealed(opening, part, 'smime', bytes, context);
    if (opened.length > 0) return opened;
    collected.addAttachment(part, bytes);
    return [];
  }
  // A signature without content (degenerate: a bag of certificates) is an attachment like any other.
  if (cms.content === null || cms.content.length === 0) return null;
  const inside = collected.subtree(cms.content, part.path);
  return inside === undefined ? [] : [{ part: inside, context }];
}

/** TNEF carries the text and files of the message around it. */
export function addItem(collected: Collected, item: MapiItem, part: Part, context: Context): Open[] {
  if (item.text.trim() !== '') collected.addPlain(item.text, part, context);
  if (item.html !== '') {
    const html = htmlToText(item.html);
    collected.addLinks(html.links);
    if (item.text.trim() === '') collected.addPlain(html.text, part, context);
    else collected.addPlain(unseenLines(html.text, item.text), part, context);
    collected.addText('machine', unseenLines(html.hidden, item.text), part.path);
  }
  const inside: Open[] = [];
  for (const [i, file] of item.attachments.entries()) {
    const place = `${part.path}>${file.fileName === '' ? i + 1 : file.fileName}`;
    if (file.item !== null) inside.push(...addForwardedItem(collected, file.item, { ...part, path: place }));
    else {
      const leaf = {
        ...collected.bareContent(file.bytes, place, file.fileName || `file-${i + 1}`),
        type: typeOf(file.mediaType),
      };
      inside.push({ part: leaf, context });
    }
  }
  return inside;
}

/** A message in Outlook's own format: its transport headers, if it ever travelled, are as good as a forward's. */
export function addForwardedItem(collected: Collected, item: MapiItem, part: Part): Open[] {
  const headers = item.headers.replace(/^Microsoft Mail Internet Headers[^\n]*\n/i, '').trim();
  const travelled =
    headers === '' ? undefined : collected.subtree(Buffer.from(`${headers}\r\n\r\n`, 'utf8'), part.path);
  if (travelled !== undefined && travelled.fields.length > 1) {
    collected.addInner(travelled, 'forward', part.path);
    collected.addText('forwarded', headerWords(travelled), part.path);
  } else if (collected.inner.length < INNER_MESSAGES_MAX) {
    const address = item.senderAddress.includes('@') ? item.senderAddress.toLowerCase() : '';
    const from = item.senderName === '' && address === '' ? null : { name: item.senderName, address };
    collected.inner.push({
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
    collected.addText('forwarded', `From: ${item.senderName} <${address}>\nSubject: ${item.subject}`, part.path);
  }
  return addItem(collected, item, part, { role: 'forwarded', subject: item.subject, report: null });
}

async function tryOpen(opener: Opener, sealed: SealedPart): Promise<Uint8Array | null> {
  try {
    return await opener.open(sealed);
  } catch {
    return null;
  }
}

const typeOf = (mediaType: string): string =>
  /^[a-z0-9!#$&^_.+-]{1,80}\/[a-z0-9!#$&^_.+-]{1,120}$/i.test(mediaType)
    ? mediaType.toLowerCase()
    : 'application/octet-stream';
