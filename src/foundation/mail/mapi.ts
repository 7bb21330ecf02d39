/** What Outlook's own formats (TNEF, .msg) hold of one message, in the shape both readers fill. */
import { decodeText } from './charset.ts';
import { decompressRtf, rtfToText } from './rtf.ts';

export interface MapiItem {
  readonly subject: string;
  /** Running text: the plain body, or the text of the RTF. */
  readonly text: string;
  readonly html: string;
  /** Transport headers as they came by mail, Received lines included; empty for what never travelled. */
  readonly headers: string;
  readonly senderName: string;
  readonly senderAddress: string;
  readonly attachments: readonly MapiAttachment[];
  /** False when the file ended in the middle: something may be missing. */
  readonly complete: boolean;
}

export interface MapiAttachment {
  readonly fileName: string;
  readonly mediaType: string;
  readonly bytes: Uint8Array;
  /** A message attached as such. */
  readonly item: MapiItem | null;
}

/** Property values by id ([MS-OXPROPS]), already reduced to bytes with their type. */
export type MapiProperties = ReadonlyMap<number, { readonly type: number; readonly bytes: Uint8Array }>;

export const property = {
  subject: 0x0037,
  transportHeaders: 0x007d,
  senderName: 0x0c1a,
  senderAddress: 0x0c1f,
  senderSmtpAddress: 0x5d01,
  body: 0x1000,
  rtfCompressed: 0x1009,
  html: 0x1013,
  codePage: 0x3fde,
  attachData: 0x3701,
  attachFileName: 0x3704,
  attachLongFileName: 0x3707,
  attachMediaType: 0x370e,
} as const;

const UNICODE = 0x001f;

/** Text of a property; eight-bit text is decoded by the item's code page. */
export function textOf(properties: MapiProperties, id: number, codePage: string | null): string {
  const found = properties.get(id);
  if (found === undefined) return '';
  const text =
    found.type === UNICODE
      ? Buffer.from(found.bytes.buffer, found.bytes.byteOffset, found.bytes.byteLength & ~1).toString('utf16le')
      : decodeText(found.bytes, codePage).text;
  return text.replace(/\0[\s\S]*$/, '');
}

/** Assembles an item; RTF serves where there is no other text, and HTML wrapped in RTF comes out as text. */
export function mapiItem(
  properties: MapiProperties,
  attachments: readonly MapiAttachment[],
  codePage: string | null,
  fallback: { readonly subject?: string; readonly text?: string; readonly complete?: boolean } = {},
): MapiItem {
  const plain = textOf(properties, property.body, codePage) || (fallback.text ?? '');
  const html = properties.get(property.html);
  const rtf = properties.get(property.rtfCompressed);
  const fromRtf =
    plain.trim() === '' && rtf !== undefined ? rtfToText(decompressRtf(rtf.bytes)).replace(/^\ufffd+$/, '') : '';
  return {
    subject: textOf(properties, property.subject, codePage) || (fallback.subject ?? ''),
    text: plain.trim() === '' ? fromRtf : plain,
    html:
      html === undefined
        ? ''
        : html.type === UNICODE
          ? textOf(properties, property.html, codePage)
          : decodeText(html.bytes, codePage).text,
    headers: textOf(properties, property.transportHeaders, codePage),
    senderName: textOf(properties, property.senderName, codePage),
    senderAddress:
      textOf(properties, property.senderSmtpAddress, codePage) || textOf(properties, property.senderAddress, codePage),
    attachments,
    complete: fallback.complete ?? true,
  };
}
