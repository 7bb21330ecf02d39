/** IR10, IR11 and IR25: figures agree with the certificate list, and both with the case. */
import { isBefore } from '../../../foundation/time/time.ts';
import { readCsv } from '../appendix.ts';
import { type Field, fieldsOf, isNotApplicable, sectionOf } from '../read-report.ts';
import { readInstant } from '../read-timeline.ts';
import { appendixColumns, revokedValues } from '../template.ts';
import { type Doc, error, type Finding } from './finding.ts';

/** Rows of one message list: what is wrong with the hundredth is wrong with the first. */
const rowFindingsMax = 20;

export function counts(doc: Doc): Finding[] {
  const total = countOf(doc, 'Total number of certificates');
  const remaining = countOf(doc, 'Total number of "remaining valid" certificates');
  const found: Finding[] = [];
  for (const { field, value } of [total, remaining]) {
    if (
      field !== undefined &&
      value === null &&
      !isNotApplicable(field.value) &&
      !field.value.includes('[to be completed')
    ) {
      found.push(error('IR10', field.line, `"${field.label}" is a number.`));
    }
  }
  if (total.value !== null && remaining.value !== null && remaining.value > total.value) {
    found.push(error('IR10', remaining.field?.line ?? 1, `${remaining.value} remain valid of ${total.value}.`));
  }
  const list = listOf(doc);
  if (list === null || remaining.value === null) return found;
  const at = (column: string) => appendixColumns.indexOf(column as (typeof appendixColumns)[number]);
  const valid = list.rows.filter((row) => {
    const notAfter = readInstant(row[at('Not after')] ?? '');
    const alive = notAfter?.at == null || isBefore(doc.context.now, notAfter.at);
    return alive && row[at('Is revoked?')] !== 'Yes';
  }).length;
  if (valid !== remaining.value) {
    found.push(
      error(
        'IR10',
        remaining.field?.line ?? 1,
        `The list holds ${valid} time-valid unrevoked certificates, the report says ${remaining.value}.`,
      ),
    );
  }
  return found;
}

export function list(doc: Doc): Finding[] {
  const read = listOf(doc);
  if (read === null) return [];
  const { header, rows, line } = read;
  const wrong = appendixColumns.findIndex((column, index) => header[index] !== column);
  if (wrong >= 0) {
    return [
      error(
        'IR11',
        line,
        `Column ${wrong + 1} of the list is "${header[wrong] ?? ''}"; it is "${appendixColumns[wrong]}".`,
      ),
    ];
  }
  const found: Finding[] = [];
  rows.forEach((row, index) => {
    const say = (message: string) =>
      found.push(error('IR11', line + index + 1, `Certificate ${index + 1}: ${message}`));
    const [pre, leaf, , , , , serial, , revoked, revokedAt, reason] = row;
    for (const hash of [pre, leaf])
      if (!/^(?:[0-9a-fA-F]{64}|N\/A)$/.test(hash ?? '')) say('a hash is 64 hex digits or N/A.');
    if (pre === 'N/A' && leaf === 'N/A') say('neither hash is given.');
    if (!/^[0-9a-fA-F]+$/.test(serial ?? '')) say('the serial number is hex.');
    if (!(revokedValues as readonly string[]).includes(revoked ?? ''))
      say(`"Is revoked?" is one of ${revokedValues.join(', ')}.`);
    if ((revoked === 'Yes' || revoked === 'Planned') && (revokedAt ?? 'N/A') === 'N/A')
      say('the revocation date is missing.');
    if (revoked === 'Yes' && (reason ?? '') === '')
      say('the revocation reason is missing; N/A where none is published.');
  });
  return found.slice(0, rowFindingsMax);
}

export function snapshot(doc: Doc): Finding[] {
  const { snapshot: own } = doc.context;
  if (own === undefined) return [];
  const differs = (label: string, expected: number): Finding[] => {
    const { field, value } = countOf(doc, label);
    if (value === null || value === expected) return [];
    return [error('IR25', field?.line ?? 1, `The report says ${value}, the case ${expected}: "${label}".`)];
  };
  return [
    ...differs('Total number of certificates', own.certificatesTotal),
    ...differs('Total number of "remaining valid" certificates', own.certificatesRemainingValid),
  ];
}

function countOf({ report }: Doc, label: string): { field: Field | undefined; value: number | null } {
  const section = sectionOf(report, 'Impact');
  const field = section === undefined ? undefined : fieldsOf(section, 'Impact').find((f) => f.label === label);
  const digits = /^\s*(\d{1,3}(?:[,. ']\d{3})+|\d+)(?![\d.,])/.exec(field?.value ?? '')?.[1];
  return { field, value: digits === undefined ? null : Number(digits.replace(/\D/g, '')) };
}

interface List {
  readonly header: readonly string[];
  readonly rows: readonly (readonly string[])[];
  readonly line: number;
}

/** The attached list, or the one written into the Appendix, with or without a fence. */
function listOf({ report, context }: Doc): List | null {
  const appendix = sectionOf(report, 'Appendix');
  if (context.appendixCsv !== undefined) {
    const [header = [], ...rows] = readCsv(context.appendixCsv);
    return { header, rows, line: appendix?.line ?? 1 };
  }
  const lines = appendix?.lines ?? [];
  const start = lines.findIndex(({ text }) => /sha-?256/i.test(text) && text.split(',').length >= 6);
  if (start < 0) return null;
  const length = lines.slice(start).findIndex(({ text }) => text.trim() === '' || text.trimStart().startsWith('```'));
  const own = lines.slice(start, length < 0 ? undefined : start + length);
  const [header = [], ...rows] = readCsv(own.map((l) => l.text).join('\n'));
  return {
    header: header.map((cell) => cell.trim()),
    rows: rows.map((row) => row.map((cell) => cell.trim())),
    line: own[0]?.line ?? 1,
  };
}
