/**
 * A report read back from Markdown, tolerant of how people write it: bold or plain labels, `*` or `-`, values on the
 * next lines, tables with or without outer bars. Every part keeps its line for the linter. One pass, bounded.
 */
import { fields, fullReportTitle, preliminaryTitle, type Section } from './template.ts';

/** Longest report that is read. */
const reportCharsMax = 2_000_000;

export interface Line {
  /** From 1. */
  readonly line: number;
  readonly text: string;
}

export interface Field {
  readonly label: string;
  readonly line: number;
  readonly value: string;
}

export interface TableRow {
  readonly line: number;
  readonly cells: readonly string[];
}

export interface ReadSection {
  /** As written. */
  readonly heading: string;
  readonly line: number;
  readonly lines: readonly Line[];
}

export interface ReadReport {
  readonly lines: readonly Line[];
  /** Text of `# …` when the file starts with the bug's title. */
  readonly title: Line | null;
  /** Text of the first `## …`. */
  readonly kind: Line | null;
  readonly sections: readonly ReadSection[];
  readonly all: string;
}

export function readReport(markdown: string): ReadReport {
  const all = markdown.slice(0, reportCharsMax);
  const lines = all.split(/\r\n|\n|\r/).map((text, index) => ({ line: index + 1, text }));
  const headings = lines.filter(({ text }) => /^#{1,3}\s/.test(text));
  const level = (n: number) => headings.find(({ text }) => new RegExp(`^#{${n}}\\s`).test(text)) ?? null;
  const bare = (found: Line | null): Line | null =>
    found === null ? null : { line: found.line, text: found.text.replace(/^#+/, '').trim() };
  const known = headings.find((h) => kinds.some((kind) => same(bare(h)?.text ?? '', kind))) ?? null;
  const title = level(1);
  const starts = headings.filter(({ text }) => /^###\s/.test(text));
  return {
    lines,
    all,
    title: title === known ? null : bare(title),
    kind: bare(known ?? level(2)),
    sections: starts.map((start) => {
      const next = headings.find((h) => h.line > start.line);
      return {
        heading: bare(start)?.text ?? '',
        line: start.line,
        lines: lines.slice(start.line, next === undefined ? lines.length : next.line - 1),
      };
    }),
  };
}

/** Everything but one section: a related incident's story is not this one's. */
export function textWithout(report: ReadReport, name: Section): string {
  const left = sectionOf(report, name);
  const end = left === undefined ? 0 : left.line + left.lines.length;
  return report.lines
    .filter(({ line }) => left === undefined || line < left.line || line > end)
    .map(({ text }) => text)
    .join('\n');
}

/** Headings that say what kind of report it is, at whatever level. */
const kinds = [fullReportTitle, preliminaryTitle, 'Incident Report', 'Audit Incident Report'];

/** Labels that the guidelines' own definitions spell otherwise. */
const aliases: Readonly<Record<string, string>> = { Other: 'Additional' };

export function sectionOf(report: ReadReport, name: Section): ReadSection | undefined {
  return report.sections.find((s) => same(s.heading, name));
}

export function sectionText(section: ReadSection | undefined): string {
  return section?.lines.map((l) => l.text).join('\n') ?? '';
}

/** Labels compare without case, quotes and apostrophes of any shape, and the closing colon. */
export function same(a: string, b: string): boolean {
  return plain(a) === plain(b);
}

/** Longer than any label; what is longer equals none. */
const labelMax = 300;

function plain(text: string): string {
  return text
    .slice(0, labelMax)
    .toLowerCase()
    .replace(/[\u2018\u2019\u02bc'`"\u201c\u201d*_]/g, '')
    .replace(/\s+/g, ' ')
    .replace(/[:\s]+$/, '')
    .trim();
}

/** Labelled bullets of a section in order. A value runs until the next known label; nested bullets belong to it. */
export function fieldsOf(section: ReadSection, name: Section): readonly Field[] {
  const known: readonly string[] = fields[name];
  const found: { label: string; line: number; value: string[] }[] = [];
  for (const { line, text } of section.lines) {
    const alias = labelled(
      text,
      Object.keys(aliases).filter((a) => known.includes(aliases[a] ?? '')),
    );
    const label = labelled(text, known) ?? (alias === null ? null : { ...alias, label: aliases[alias.label] ?? '' });
    if (label !== null) found.push({ label: label.label, line, value: [label.rest] });
    else if (/^\s*(?:[-*+]\s+)?(?:\*\*|#{4,6}\s)?\s*contributing factor/i.test(text))
      found.push({ label: '', line, value: [] });
    else found.at(-1)?.value.push(text);
  }
  return found
    .filter((f) => f.label !== '')
    .map((f) => ({ label: f.label, line: f.line, value: f.value.join('\n').trim() }));
}

function labelled(text: string, known: readonly string[]): { label: string; rest: string } | null {
  const bullet = /^\s*(?:[-*+]\s+|#{4,6}\s+)?(.*)$/.exec(text)?.[1] ?? '';
  const stripped = bullet.replace(/\*\*|__/g, '');
  for (const label of known) {
    const head = stripped.slice(0, label.length);
    if (!same(head, label)) continue;
    const rest = /^\s*:?\s*(.*)$/.exec(stripped.slice(label.length));
    // A label is followed by a colon, ends the line, or ends in a question mark of its own.
    if (!/^\s*(?::|$)/.test(stripped.slice(label.length)) && !label.endsWith('?')) continue;
    return { label, rest: rest?.[1]?.trim() ?? '' };
  }
  return null;
}

export interface ReadTable {
  readonly header: TableRow;
  readonly rows: readonly TableRow[];
}

/** The first Markdown table of a section; null when there is none. */
export function tableOf(section: ReadSection): ReadTable | null {
  const separator = section.lines.findIndex(({ text }) =>
    /^\s*\|?\s*:?-{3,}:?\s*(?:\|\s*:?-{3,}:?\s*)*\|?\s*$/.test(text),
  );
  const head = section.lines[separator - 1];
  if (separator < 1 || head === undefined || !head.text.includes('|')) return null;
  const rows: TableRow[] = [];
  for (const { line, text } of section.lines.slice(separator + 1)) {
    if (!text.includes('|')) break;
    rows.push({ line, cells: cellsOf(text) });
  }
  return { header: { line: head.line, cells: cellsOf(head.text) }, rows };
}

function cellsOf(text: string): readonly string[] {
  return text
    .trim()
    .replace(/^\|/, '')
    .replace(/(?<!\\)\|$/, '')
    .split(/(?<!\\)\|/)
    .map((cell) => cell.trim().replaceAll('\\|', '|'));
}

export interface Factor {
  readonly number: number;
  readonly line: number;
  readonly title: string;
}

/** `Contributing Factor 1: title`, as a heading or in bold. */
export function factorsOf(section: ReadSection): readonly Factor[] {
  const found = section.lines.flatMap(({ line, text }) => {
    const m =
      /^\s*(?:[-*+]\s+)?(?:#{4,6}\s+|\*\*)\s*contributing factor\s*#?\s*(\d{1,3})?\s*#?\s*[:.\u2013-]?\s*(.*?)(?:\*\*)?\s*$/i.exec(
        text.slice(0, 2_000),
      );
    return m === null ? [] : [{ number: m[1], line, title: (m[2] ?? '').replaceAll('**', '') }];
  });
  return found.map((factor, index) => ({
    ...factor,
    number: factor.number === undefined ? index + 1 : Number(factor.number),
  }));
}

/** Items of a field: nested bullets, or the value itself when it has none. */
export function itemsOf(field: Field): readonly Line[] {
  const rows = field.value.split('\n');
  const bullets = rows.flatMap((text, index): Line[] => {
    const m = /^\s*(?:[-*+]|\d+[.)])\s+(.+)$/.exec(text);
    return m === null ? [] : [{ line: field.line + index, text: (m[1] ?? '').trim() }];
  });
  if (bullets.length > 0) return bullets;
  return field.value === '' ? [] : [{ line: field.line, text: field.value }];
}

export function isNotApplicable(value: string): boolean {
  return /^\s*n\s*\/?\s*a\b\.?/i.test(value);
}
