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

/** PidTagInternetCodepage / PidTagMessageCodepage from the fixed-size property list. */
function codePageOf(storage: CompoundEntry, headerBytes: number): string | null {
  const list = storage.children.find((entry) => entry.name.startsWith('__properties_version1'))?.read();
  if (list === undefined) return null;
  const view = Buffer.from(list.buffer, list.byteOffset, list.byteLength);
  for (let at = headerBytes; at + 16 <= view.length; at += 16) {
    const id = view.readUInt16LE(at + 2);
    if (id !== 0x3fde && id !== 0x3ffd) continue;
    const number = view.readUInt32LE(at + 8);
    return canonicalCharset(number === 65001 ? 'utf-8' : number === 1200 ? 'utf-16le' : `windows-${number}`);
  }
  return null;
}
