/** TNEF (winmail.dat, [MS-OXTNEF]): what Outlook wraps text and files in when it should not. Bounded, never throws. */
import { canonicalCharset, decodeText } from './charset.ts';
import { type MapiAttachment, type MapiItem, mapiItem, property, textOf } from './mapi.ts';
import { cleanFileName } from './mime.ts';

const SIGNATURE = 0x223e9f78;
const ATTRIBUTES_MAX = 10_000;
const PROPERTIES_MAX = 5_000;
const EMBEDDED_DEPTH_MAX = 10;

const attribute = {
  subject: 0x8004,
  attachData: 0x800f,
  attachTitle: 0x8010,
  body: 0x800c,
  attachRenderData: 0x9002,
  properties: 0x9003,
  attachProperties: 0x9005,
  codePage: 0x9007,
} as const;

export function looksLikeTnef(bytes: Uint8Array): boolean {
  return bytes.length > 6 && Buffer.from(bytes.subarray(0, 4)).readUInt32LE(0) === SIGNATURE;
}

/** Null when it is not TNEF; whatever could be read otherwise. */
export function readTnef(bytes: Uint8Array, depth = 0): MapiItem | null {
  if (!looksLikeTnef(bytes) || depth > EMBEDDED_DEPTH_MAX) return null;
  const view = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  let codePage: string | null = null;
  let properties: Properties = new Map();
  let subject = new Uint8Array(0) as Uint8Array;
  let body = new Uint8Array(0) as Uint8Array;
  const files: { title: Uint8Array; data: Uint8Array; properties: Properties }[] = [];
  let at = 6;
  for (let n = 0; n < ATTRIBUTES_MAX && at + 9 <= view.length; n++) {
    const id = view.readUInt16LE(at + 1);
    const length = view.readUInt32LE(at + 5);
    const data = bytes.subarray(at + 9, Math.min(view.length, at + 9 + length));
    at += 9 + length + 2;
    const last = files.at(-1);
    if (id === attribute.codePage && data.length >= 4) {
      const number = Buffer.from(data).readUInt32LE(0);
      codePage = canonicalCharset(number === 65001 ? 'utf-8' : `windows-${number}`);
    } else if (id === attribute.subject) subject = data;
    else if (id === attribute.body) body = data;
    else if (id === attribute.properties) properties = readProperties(data);
    else if (id === attribute.attachRenderData)
      files.push({ title: new Uint8Array(0), data: new Uint8Array(0), properties: new Map() });
    else if (id === attribute.attachTitle && last !== undefined) last.title = data;
    else if (id === attribute.attachData && last !== undefined) last.data = data;
    else if (id === attribute.attachProperties && last !== undefined) last.properties = readProperties(data);
  }
  const attachments = files.map((file): MapiAttachment => {
    const object = file.properties.get(property.attachData);
    const embedded = object === undefined ? null : readTnef(object.bytes.subarray(16), depth + 1);
    const name =
      textOf(file.properties, property.attachLongFileName, codePage) ||
      textOf(file.properties, property.attachFileName, codePage) ||
      decodeText(file.title, codePage).text;
    return {
      fileName: cleanFileName(name),
      mediaType: textOf(file.properties, property.attachMediaType, codePage) || 'application/octet-stream',
      bytes: file.data.length > 0 ? file.data : (object?.bytes.subarray(16) ?? file.data),
      item: embedded,
    };
  });
  return mapiItem(properties, attachments, codePage, {
    subject: decodeText(subject, codePage).text,
    text: decodeText(body, codePage).text,
    complete: at === view.length,
  });
}

type Properties = Map<number, { type: number; bytes: Uint8Array }>;

/** Bytes of the fixed-size types of [MS-OXCDATA] 2.11.1. */
const fixedSizes = new Map<number, number>([
  [0x0002, 4],
  [0x0003, 4],
  [0x0004, 4],
  [0x0005, 8],
  [0x0006, 8],
  [0x0007, 8],
  [0x000a, 4],
  [0x000b, 4],
  [0x0014, 8],
  [0x0040, 8],
  [0x0048, 16],
]);

/** A MAPI property list. Stops at the first thing it does not understand; what came before is kept. */
function readProperties(data: Uint8Array): Properties {
  const view = Buffer.from(data.buffer, data.byteOffset, data.byteLength);
  const out: Properties = new Map();
  if (view.length < 4) return out;
  const count = Math.min(view.readUInt32LE(0), PROPERTIES_MAX);
  let at = 4;
  for (let n = 0; n < count && at + 4 <= view.length; n++) {
    const type = view.readUInt16LE(at);
    const id = view.readUInt16LE(at + 2);
    at += 4;
    if (id >= 0x8000) at = skipName(view, at);
    const many = (type & 0x1000) !== 0;
    const plain = type & ~0x1000;
    const fixed = fixedSizes.get(plain);
    if (fixed !== undefined && !many) {
      out.set(id, { type: plain, bytes: data.subarray(at, at + fixed) });
      at += fixed;
      continue;
    }
    if (at + 4 > view.length || at < 0) return out;
    const values = view.readUInt32LE(at);
    at += 4;
    for (let v = 0; v < Math.min(values, PROPERTIES_MAX); v++) {
      if (fixed !== undefined) {
        at += fixed;
        continue;
      }
      if (at + 4 > view.length) return out;
      const length = view.readUInt32LE(at);
      at += 4;
      if (!out.has(id)) out.set(id, { type: plain, bytes: data.subarray(at, Math.min(view.length, at + length)) });
      at += length + ((4 - (length % 4)) % 4);
    }
  }
  return out;
}

/** Named properties carry a GUID and a number or a name before their value. */
function skipName(view: Buffer, at: number): number {
  if (at + 24 > view.length) return view.length;
  const kind = view.readUInt32LE(at + 16);
  const length = view.readUInt32LE(at + 20);
  return kind === 0 ? at + 24 : at + 24 + length + ((4 - (length % 4)) % 4);
}
