/** Outlook .msg files ([MS-OXMSG]): how staff forward what they found when they drag it out of a mailbox. */
import { type CompoundEntry, looksLikeCompoundFile, readCompoundFile } from './cfb.ts';
import { canonicalCharset } from './charset.ts';
import { type MapiAttachment, type MapiItem, mapiItem, property, textOf } from './mapi.ts';
import { cleanFileName } from './mime.ts';

const ATTACHMENTS_MAX = 1_000;
const EMBEDDED_DEPTH_MAX = 10;
const EMBEDDED_MESSAGE = '__substg1.0_3701000D';

export const looksLikeMsg = looksLikeCompoundFile;

/** Null when it is no .msg (a Word document is a compound file too). */
export function readMsg(bytes: Uint8Array): MapiItem | null {
  const root = readCompoundFile(bytes);
  if (root === null || !root.children.some((entry) => entry.name.startsWith('__properties_version1'))) return null;
  return itemOf(root, 0, 32);
}

function itemOf(storage: CompoundEntry, depth: number, headerBytes: number): MapiItem {
  const properties = propertiesOf(storage);
  const codePage = codePageOf(storage, headerBytes);
  const attachments: MapiAttachment[] = [];
  for (const entry of storage.children) {
    if (entry.kind !== 'storage' || !entry.name.startsWith('__attach_version1.0_')) continue;
    if (attachments.length >= ATTACHMENTS_MAX) break;
    const own = propertiesOf(entry);
    const embedded = entry.children.find((child) => child.name === EMBEDDED_MESSAGE && child.kind === 'storage');
    const name = textOf(own, property.attachLongFileName, codePage) || textOf(own, property.attachFileName, codePage);
    attachments.push({
      fileName: cleanFileName(name),
      mediaType: textOf(own, property.attachMediaType, codePage) || 'application/octet-stream',
      bytes: own.get(property.attachData)?.bytes ?? new Uint8Array(0),
      item: embedded === undefined || depth >= EMBEDDED_DEPTH_MAX ? null : itemOf(embedded, depth + 1, 24),
    });
  }
  return mapiItem(properties, attachments, codePage);
}

/** `__substg1.0_IIIITTTT`: property id and type in hex. */
function propertiesOf(storage: CompoundEntry): Map<number, { type: number; bytes: Uint8Array }> {
  const out = new Map<number, { type: number; bytes: Uint8Array }>();
  for (const entry of storage.children) {
    const found = /^__substg1\.0_([0-9A-F]{4})([0-9A-F]{4})$/i.exec(entry.name);
    if (found === null || entry.kind !== 'stream') continue;
    out.set(Number.parseInt(found[1] as string, 16), {
      type: Number.parseInt(found[2] as string, 16),
      bytes: entry.read(),
    });
  }
  return out;
}

const MESSAGE_CODE_PAGE_TAG = 0x3ffd;
const INTERNET_CODE_PAGE_TAG = 0x3fde;
const LOCALE_TAG = 0x3ff1;

/** Windows locales whose eight-bit text is not western ([MS-LCID]); the low ten bits are the language. */
const localeCharsets = new Map<number, string>([
  [0x11, 'shift_jis'],
  [0x12, 'euc-kr'],
  [0x04, 'gb18030'],
  [0x19, 'windows-1251'],
  [0x22, 'windows-1251'],
  [0x1f, 'windows-1254'],
  [0x01, 'windows-1256'],
  [0x0d, 'windows-1255'],
  [0x08, 'windows-1253'],
  [0x15, 'windows-1250'],
  [0x05, 'windows-1250'],
  [0x0e, 'windows-1250'],
  [0x1e, 'windows-874'],
  [0x2a, 'windows-1258'],
]);
const TAIWAN = 0x0404;
const HONG_KONG = 0x0c04;

/**
 * Code page of eight-bit text: the message's own, or that of the locale it was written in; the code page it travelled
 * in (often ISO-2022-JP) only where nothing else is said.
 */
function codePageOf(storage: CompoundEntry, headerBytes: number): string | null {
  const list = storage.children.find((entry) => entry.name.startsWith('__properties_version1'))?.read();
  if (list === undefined) return null;
  const view = Buffer.from(list.buffer, list.byteOffset, list.byteLength);
  const values = new Map<number, number>();
  for (let at = headerBytes; at + 16 <= view.length; at += 16)
    values.set(view.readUInt16LE(at + 2), view.readUInt32LE(at + 8));
  const own = values.get(MESSAGE_CODE_PAGE_TAG);
  if (own !== undefined) return charsetOf(own);
  const locale = values.get(LOCALE_TAG) ?? 0;
  const spoken = locale === TAIWAN || locale === HONG_KONG ? 'big5' : localeCharsets.get(locale & 0x3ff);
  return spoken ?? charsetOf(values.get(INTERNET_CODE_PAGE_TAG) ?? 0);
}

const charsetOf = (codePage: number): string | null =>
  canonicalCharset(codePage === 65001 ? 'utf-8' : codePage === 1200 ? 'utf-16le' : `windows-${codePage}`);
