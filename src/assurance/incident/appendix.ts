/** The certificate list of the Appendix: RFC 4180, columns in the order the guidelines fix, safe to open in a sheet. */
import type { Instant } from '../../foundation/time/time.ts';
import { absolute } from './draft-words.ts';
import type { AppendixCertificate } from './facts.ts';
import { appendixColumns } from './template.ts';

/** From this many certificates the guidelines allow one crt.sh link per line instead. */
export const linksAllowedFrom = 10_000;

/** The comma-separated list. `personal` drops subject and names (S/MIME: serial and SHA-256 suffice). */
export function appendixCsv(
  certificates: readonly AppendixCertificate[],
  options: { personal?: boolean } = {},
): string {
  const hide = options.personal === true;
  const rows = certificates.map((c) => [
    c.precertificateSha256 ?? 'N/A',
    c.certificateSha256 ?? 'N/A',
    hide ? 'N/A' : c.subject,
    c.issuer,
    absolute(c.notBefore),
    absolute(c.notAfter),
    c.serial,
    hide ? 'N/A' : c.names.join(' '),
    c.revoked,
    dateOrNone(c.revokedAt),
    c.reason ?? 'N/A',
  ]);
  return [appendixColumns, ...rows].map((cells) => `${cells.map(csvCell).join(',')}\r\n`).join('');
}

/** One crt.sh SHA-256 search per line, for ten thousand certificates and more. */
export function appendixLinks(certificates: readonly AppendixCertificate[]): string {
  return certificates
    .flatMap((c) => c.certificateSha256 ?? c.precertificateSha256 ?? [])
    .map((sha256) => `https://crt.sh/?sha256=${sha256}\n`)
    .join('');
}

/** Reads RFC 4180 back; for the linter. Bounded: a list is at most `rowsMax` rows. */
const rowsMax = 200_000;

export function readCsv(text: string): readonly (readonly string[])[] {
  const rows: string[][] = [];
  let row: string[] = [];
  let cell = '';
  let quoted = false;
  const endCell = () => {
    row.push(cell);
    cell = '';
  };
  const endRow = () => {
    endCell();
    if (row.length > 1 || row[0] !== '') rows.push(row);
    row = [];
  };
  for (let i = 0; i < text.length && rows.length < rowsMax; i++) {
    const c = text[i] as string;
    if (quoted) {
      if (c !== '"') cell += c;
      else if (text[i + 1] === '"') {
        cell += '"';
        i++;
      } else quoted = false;
    } else if (c === '"' && cell === '') quoted = true;
    else if (c === ',') endCell();
    else if (c === '\n') endRow();
    else if (c !== '\r') cell += c;
  }
  if (cell !== '' || row.length > 0) endRow();
  return rows;
}

function dateOrNone(at: Instant | null): string {
  return at === null ? 'N/A' : absolute(at);
}

/** A leading sign would be a formula; a serial or a name never needs one. */
function csvCell(text: string): string {
  const safe = /^[=+\-@\t\r]/.test(text) ? `'${text}` : text;
  return /[",\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}
