import { oneLine } from '../../../foundation/text.ts';
import type { EnclosedFile } from '../messenger.ts';
import type { LetterCertificates } from './letter.ts';
import { absolute } from './when.ts';

/** Certificates written out in the letter; the others stand in the enclosed list. */
export const listedInText = 20;
const enclosedRowsMax = 10_000;

/** The whole list as CSV where the letter cannot show it. A leading sign would be a formula to a spreadsheet. */
export function listFile(certificates: LetterCertificates): readonly EnclosedFile[] {
  if (certificates.listed.length <= listedInText) return [];
  const cell = (text: string) => `"${(/^[=+\-@\t\r]/.test(text) ? `'${text}` : text).replaceAll('"', '""')}"`;
  const rows = certificates.listed
    .slice(0, enclosedRowsMax)
    .map((c) => [c.serial, c.fingerprint, oneLine(c.name, 253), absolute(c.notAfter).slice(0, 10)].map(cell).join(','));
  const content = `${['serial,sha256,name,notAfter', ...rows].join('\r\n')}\r\n`;
  return [{ fileName: 'certificates.csv', mediaType: 'text/csv; charset=utf-8', content }];
}
