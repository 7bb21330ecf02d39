/**
 * A CA database's export as CSV (RFC 4180). A row either carries the certificate (`certificate`: PEM or base64 DER) with
 * whatever else it says of it, or names one already known (`sha256`, or `serial` in hex) and adds to it: subscriber,
 * account, tags, revocation. A bare listing is not taken as a certificate on purpose: it could not be found by key, nor
 * could a proof be verified under its key, and "no match" would become untrue.
 */
import { createReadStream } from 'node:fs';
import { type Reason, reasonCodes } from '../../../desk/facts.ts';
import { Fault } from '../../../foundation/fault.ts';
import type { Instant } from '../../../foundation/time/time.ts';
import { serialOf } from '../query.ts';
import type { Annotations } from '../record.ts';
import type { Entry } from './import.ts';
import { entryOf, fromBase64 } from './pem.ts';

/** A certificate of the largest size, in base64 with PEM around it. */
export const fieldCharactersMax = 3_000_000;
export const columnsMax = 256;
/** Subscriber, account, tags and the like. */
export const annotationCharactersMax = 1_000;

/** Column names as CA systems and crt.sh write them, by the name used here. */
const spellings: Readonly<Record<string, readonly string[]>> = {
  certificate: ['certificate', 'pem', 'der', 'cert', 'raw', 'x509'],
  serial: ['serial', 'serialnumber', 'serialno', 'certificateserialnumber'],
  sha256: ['sha256', 'sha256fingerprint', 'fingerprint', 'fingerprintsha256', 'sha256hash'],
  subscriber: ['subscriber', 'customer', 'subscriberid', 'customerid'],
  account: ['account', 'accountid', 'registrationid'],
  tags: ['tags', 'labels'],
  revokedAt: ['revokedat', 'revocationdate', 'revocationtime'],
  reason: ['reason', 'revocationreason', 'reasoncode'],
};

/** Whether a first line looks like the header of such an export. */
export function isCsvHeader(line: string): boolean {
  const known = Object.values(spellings).flat();
  const columns = line.split(/[,;\t]/).map(plain);
  return columns.some((column) => known.includes(column));
}

/** `at` is `PATH:LINE`, the header being line 1. */
export async function* readCsvFile(path: string, name: string): AsyncGenerator<Entry> {
  yield* readCsv(createReadStream(path, 'utf8'), name);
}

export async function* readCsv(text: AsyncIterable<string>, name: string): AsyncGenerator<Entry> {
  let columns: readonly (string | null)[] | null = null;
  for await (const { fields, line, problem } of rowsOf(text)) {
    const at = `${name}:${line}`;
    if (problem !== null) {
      yield { kind: 'rejected', at, problem };
      return;
    }
    if (columns === null) {
      columns = fields.map(columnOf);
      if (columns.every((column) => column === null)) {
        yield { kind: 'rejected', at, problem: `no column is known; known are ${Object.keys(spellings).join(', ')}` };
        return;
      }
    } else if (fields.length > 1 || fields[0]!.trim() !== '') yield entryOfRow(columns, fields, at);
  }
}

/** Any other CSV of the CA's, row by row under its own column names in lower case; `row` is empty where `problem` is not null. */
export async function* readRows(path: string): AsyncGenerator<{
  readonly at: string;
  readonly row: ReadonlyMap<string, string>;
  readonly problem: string | null;
}> {
  let columns: readonly string[] | null = null;
  const text = createReadStream(path, 'utf8').on('error', () => {});
  try {
    for await (const { fields, line, problem } of rowsOf(text)) {
      const at = `${path}:${line}`;
      if (problem !== null) {
        yield { at, row: new Map(), problem };
        return;
      }
      if (columns === null) {
        columns = fields.slice(0, columnsMax).map((field) => plain(field));
        continue;
      }
      if (fields.length === 1 && fields[0]!.trim() === '') continue;
      const row = new Map<string, string>();
      columns.forEach((column, i) => {
        const value = (fields[i] ?? '').trim();
        if (value !== '') row.set(column, value.slice(0, annotationCharactersMax));
      });
      yield { at, row, problem: null };
    }
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException;
    if (code === undefined) throw cause;
    throw new Fault('path_not_readable', `${path} cannot be read (${code}).`, { cause });
  }
}

function entryOfRow(columns: readonly (string | null)[], fields: readonly string[], at: string): Entry {
  if (fields.length > columns.length) {
    return { kind: 'rejected', at, problem: `${fields.length} fields under ${columns.length} columns` };
  }
  const row = new Map<string, string>();
  columns.forEach((column, i) => {
    const value = (fields[i] ?? '').trim();
    if (column !== null && value !== '') row.set(column, value);
  });
  const annotations = annotationsOf(row);
  if (typeof annotations === 'string') return { kind: 'rejected', at, problem: annotations };
  const certificate = row.get('certificate');
  if (certificate !== undefined) return agreeing(entryOf(derOf(certificate), at, annotations), row, at);
  const sha256 = hexOf(row.get('sha256'), 64);
  const serial = hexOf(row.get('serial'), null);
  if (sha256 !== null) return { kind: 'annotation', at, of: { fingerprint: sha256 }, annotations };
  if (serial !== null) return { kind: 'annotation', at, of: { serial: serialOf(serial) }, annotations };
  return { kind: 'rejected', at, problem: 'neither a certificate, nor the sha256 or serial of a known one' };
}

/** A row must not say one thing and enclose another. */
function agreeing(entry: Entry, row: ReadonlyMap<string, string>, at: string): Entry {
  if (entry.kind !== 'certificate') return entry;
  const sha256 = hexOf(row.get('sha256'), 64);
  if (sha256 !== null && sha256 !== entry.record.fingerprint) {
    return { kind: 'rejected', at, problem: 'sha256 is not that of the certificate in the same row' };
  }
  const serial = hexOf(row.get('serial'), null);
  if (serial !== null && serialOf(serial) !== entry.record.serial) {
    return { kind: 'rejected', at, problem: 'serial (hex) is not that of the certificate in the same row' };
  }
  return entry;
}

/** A text says what is wrong with the row. */
function annotationsOf(row: ReadonlyMap<string, string>): Annotations | string {
  const revokedAt = row.get('revokedAt');
  const at = instantOf(revokedAt);
  if (revokedAt !== undefined && at === null) return 'revoked_at is no instant (RFC 3339)';
  const reason = reasonOf(row.get('reason'));
  if (reason === undefined) return 'reason is none of RFC 5280';
  const control = [...row].find(([column, value]) => column !== 'certificate' && /\p{Cc}/u.test(value));
  if (control !== undefined) return `${control[0]} holds a control character`;
  const long = [...row].find(([column, value]) => column !== 'certificate' && value.length > annotationCharactersMax);
  if (long !== undefined) return `${long[0]} has more than ${annotationCharactersMax} characters`;
  return {
    subscriber: row.get('subscriber') ?? null,
    account: row.get('account') ?? null,
    tags: (row.get('tags') ?? '').split(/[\s,;|]+/).filter((tag) => tag !== ''),
    revoked: at === null ? null : { at, reason },
  };
}

/** Undefined: not a reason. certificateHold (6) and removeFromCRL (8) are none a public CA may give. */
function reasonOf(text: string | undefined): Reason | null | undefined {
  if (text === undefined) return null;
  const known = Object.entries(reasonCodes).find(
    ([name, code]) => String(code) === text || name.toLowerCase() === text.toLowerCase().replace(/[\s_-]/g, ''),
  );
  return known?.[0] as Reason | undefined;
}

function derOf(text: string): Uint8Array | null {
  return fromBase64(text.replace(/-----(BEGIN|END) [A-Z0-9 ]+-----/g, ''));
}

function hexOf(text: string | undefined, digits: number | null): string | null {
  const bare = (text ?? '')
    .replace(/^0x/i, '')
    .replace(/[\s:-]/g, '')
    .toLowerCase();
  if (!/^[0-9a-f]{1,64}$/.test(bare)) return null;
  return digits === null || bare.length === digits ? bare : null;
}

/** RFC 3339, or a bare date or `date time` meant as UTC, as databases export it. */
function instantOf(text: string | undefined): Instant | null {
  if (text === undefined) return null;
  const bare = text.trim().replace(' ', 'T');
  const full = /^\d{4}-\d\d-\d\d$/.test(bare)
    ? `${bare}T00:00:00Z`
    : /(Z|[+-]\d\d(:?\d\d)?)$/i.test(bare)
      ? bare
      : `${bare}Z`;
  try {
    return Temporal.Instant.from(full);
  } catch {
    return null;
  }
}

function columnOf(header: string): string | null {
  const bare = plain(header);
  return Object.entries(spellings).find(([, known]) => known.includes(bare))?.[0] ?? null;
}

function plain(header: string): string {
  return header.toLowerCase().replace(/[^a-z0-9]/g, '');
}

interface CsvRow {
  readonly fields: readonly string[];
  /** Line on which the row begins, from 1. */
  readonly line: number;
  readonly problem: string | null;
}

/** RFC 4180 with any of comma, semicolon and tab as separator (the header decides); quotes may hold line breaks. */
async function* rowsOf(text: AsyncIterable<string>): AsyncGenerator<CsvRow> {
  let fields: string[] = [];
  let parts: string[] = [];
  let length = 0;
  let quoted = false;
  let afterQuote = false;
  let line = 1;
  let beganAt = 1;
  let separator: string | null = null;
  let first = true;

  for await (let chunk of text) {
    if (first && chunk.startsWith('\ufeff')) chunk = chunk.slice(1);
    first = false;
    let from = 0;
    const take = (to: number) => {
      parts.push(chunk.slice(from, to));
      length += to - from;
    };
    for (let i = 0; i < chunk.length; i++) {
      const c = chunk[i]!;
      if (c === '\n') line++;
      if (quoted) {
        if (c !== '"') continue;
        take(i);
        from = i + 1;
        quoted = false;
        afterQuote = true;
        continue;
      }
      if (c === '"') {
        // A quote right after a closing one is a quote of the text.
        if (afterQuote) parts.push('"');
        take(i);
        from = i + 1;
        quoted = true;
        afterQuote = false;
        continue;
      }
      afterQuote = false;
      const ends = c === '\n';
      if (separator === null && (c === ',' || c === ';' || c === '\t')) separator = c;
      if (!ends && c !== separator) continue;
      take(ends && chunk[i - 1] === '\r' && from < i ? i - 1 : i);
      from = i + 1;
      fields.push(parts.join('').replace(/\r$/, ''));
      parts = [];
      length = 0;
      if (fields.length > columnsMax)
        return yield { fields, line: beganAt, problem: `more than ${columnsMax} columns` };
      if (!ends) continue;
      yield { fields, line: beganAt, problem: null };
      fields = [];
      beganAt = line;
    }
    take(chunk.length);
    if (length > fieldCharactersMax) {
      return yield { fields, line: beganAt, problem: `a field of more than ${fieldCharactersMax} characters` };
    }
  }
  if (quoted) return yield { fields, line: beganAt, problem: 'a quoted field is not closed' };
  const last = parts.join('').replace(/\r$/, '');
  if (last !== '' || fields.length > 0) yield { fields: [...fields, last], line: beganAt, problem: null };
}
