/** Running text of Office documents (docx, xlsx, pptx, odt): their XML parts with paragraphs as lines and tags gone. */

const TEXT_PART = /^(?:word|xl|ppt|visio)\/.*\.xml$|^content\.xml$/i;
const SKIP_PART =
  /^(?:\[content_types\]\.xml|_rels\/|docprops\/|.*\/_rels\/|.*\/theme\/|.*\.rels$|meta-inf\/|settings\.xml|styles\.xml)/i;

export function isOfficePath(path: string): boolean {
  return path === '[Content_Types].xml' || path === 'mimetype';
}

/** `text`: strip to running text; `skip`: holds no words; `as-is`: an embedded file. */
export function officePart(path: string): 'text' | 'skip' | 'as-is' {
  if (SKIP_PART.test(path)) return 'skip';
  return TEXT_PART.test(path) ? 'text' : 'as-is';
}

export function officeText(xml: Uint8Array): Buffer {
  const source = Buffer.from(xml.buffer, xml.byteOffset, xml.length).toString('utf8');
  const text = source
    .replace(/<(?:w:br|w:cr|text:line-break)\b[^>]*>/g, '\n')
    .replace(/<(?:w:tab|text:tab)\b[^>]*>/g, '\t')
    .replace(/<text:s\b[^>]*>/g, ' ')
    .replace(/<\/(?:w:p|a:p|text:p|text:h|row|si|c)>/g, '\n')
    .replace(/<[^>]*>/g, '')
    .replace(/&#x([0-9a-f]{1,6});/gi, (_, hex: string) => character(Number.parseInt(hex, 16)))
    .replace(/&#(\d{1,7});/g, (_, digits: string) => character(Number(digits)))
    .replace(/&lt;/g, '<')
    .replace(/&gt;/g, '>')
    .replace(/&quot;/g, '"')
    .replace(/&apos;/g, "'")
    .replace(/&amp;/g, '&');
  return Buffer.from(text, 'utf8');
}

function character(code: number): string {
  return code > 0 && code <= 0x10ffff ? String.fromCodePoint(code) : '';
}
