/** IR01 to IR05 and IR24: the form of a report. */
import { hasCome } from '../../../foundation/time/time.ts';
import { toCompletePattern } from '../draft-words.ts';
import {
  factorsOf,
  fieldsOf,
  isNotApplicable,
  type ReadReport,
  type ReadSection,
  same,
  sectionOf,
  tableOf,
} from '../read-report.ts';
import {
  actionColumns,
  currentTemplate,
  fields,
  fullReportTitle,
  kinds,
  optionalFields,
  preliminaryFields,
  preliminaryTitle,
  relatedColumns,
  type Section,
  sections,
  sources,
  statuses,
  supersededAt,
} from '../template.ts';
import { type Doc, error, type Finding } from './finding.ts';

/** A template superseded more than 30 days ago must not be used (CCADB Policy 6.1). */
const graceDays = 30;

export function templateInForce({ report, context }: Doc): Finding[] {
  const used = context.templateVersion ?? versionOf(report);
  const line = report.kind?.line ?? 1;
  if (used === null) {
    return [
      error(
        'IR01',
        line,
        `This is no report of a known template: it begins with neither "${fullReportTitle}" nor "${preliminaryTitle}".`,
      ),
    ];
  }
  const superseded = supersededAt(used);
  if (superseded === null || !hasCome(superseded.add({ hours: 24 * graceDays }), context.now)) return [];
  return [
    error(
      'IR01',
      line,
      `Template ${used} was superseded on ${superseded.toString().slice(0, 10)}; write it in ${currentTemplate}.`,
    ),
  ];
}

/** The version a text follows, told by its headings; 3.x are alike and count as the current one. */
function versionOf(report: ReadReport): string | null {
  const kind = report.kind?.text ?? '';
  if (same(kind, fullReportTitle) || same(kind, preliminaryTitle)) return currentTemplate;
  if (same(kind, 'Incident Report') || same(kind, 'Audit Incident Report')) return '2.0';
  return report.sections.some((s) => same(s.heading, 'Summary')) ? '2.0' : null;
}

export function sectionsComplete({ report }: Doc): Finding[] {
  const end = report.lines.length;
  const found: Finding[] = [];
  let last = 0;
  for (const name of sections) {
    const section = sectionOf(report, name);
    if (section === undefined) {
      found.push(error('IR02', end, `The section "${name}" is missing.`));
      continue;
    }
    if (section.line < last)
      found.push(error('IR02', section.line, `"${name}" is out of order; the order is ${sections.join(', ')}.`));
    last = Math.max(last, section.line);
    found.push(...fieldsComplete(section, name));
    if (fields[name].length === 0 && section.lines.every(({ text }) => text.trim() === '')) {
      found.push(error('IR02', section.line, `"${name}" is empty; write N/A where nothing applies.`));
    }
  }
  const known = report.sections.filter((s) => sections.some((name) => same(name, s.heading)));
  if (known.length > 0) found.push(...gaps(report), ...tableColumns(report));
  return found;
}

export function preliminaryComplete({ report }: Doc): Finding[] {
  const summary = sectionOf(report, 'Summary');
  if (summary === undefined) return [error('IR02', report.lines.length, 'The section "Summary" is missing.')];
  const present = fieldsOf(summary, 'Summary');
  const missing = preliminaryFields.flatMap((label): Finding[] => {
    const field = present.find((f) => f.label === label);
    if (field === undefined) return [error('IR02', summary.line, `"${label}" is missing.`)];
    return field.value === ''
      ? [error('IR02', field.line, `"${label}" is empty; write N/A where nothing applies.`)]
      : [];
  });
  return [...missing, ...gaps(report)];
}

function fieldsComplete(section: ReadSection, name: Section): Finding[] {
  if (name === 'Root Cause Analysis') return factorsComplete(section);
  const present = fieldsOf(section, name);
  return fields[name].flatMap((label): Finding[] => {
    const field = present.find((f) => f.label === label);
    if (field === undefined) {
      return optionalFields.includes(label) ? [] : [error('IR02', section.line, `"${label}" is missing in "${name}".`)];
    }
    if (field.value === '' && label !== 'Timeline summary') {
      return [error('IR02', field.line, `"${label}" is empty; write N/A where nothing applies.`)];
    }
    return [];
  });
}

/** Every contributing factor has the whole block. */
function factorsComplete(section: ReadSection): Finding[] {
  const factors = factorsOf(section);
  if (factors.length === 0) return [error('IR02', section.line, 'There is no "Contributing Factor 1: title" block.')];
  const all = fieldsOf(section, 'Root Cause Analysis');
  return factors.flatMap((factor, index) => {
    const end = factors[index + 1]?.line ?? Number.POSITIVE_INFINITY;
    const own = all.filter((f) => f.line > factor.line && f.line < end);
    return fields['Root Cause Analysis'].flatMap((label): Finding[] => {
      const field = own.find((f) => f.label === label);
      if (field === undefined) {
        if (optionalFields.includes(label)) return [];
        return [error('IR02', factor.line, `"${label}" is missing in Contributing Factor ${factor.number}.`)];
      }
      return field.value === ''
        ? [error('IR02', field.line, `"${label}" is empty; write N/A where nothing applies.`)]
        : [];
    });
  });
}

function gaps(report: ReadReport): Finding[] {
  return report.lines.flatMap(({ line, text }) => {
    const gap = toCompletePattern.exec(text);
    return gap === null ? [] : [error('IR02', line, `Still open: ${gap[0]}`)];
  });
}

function tableColumns(report: ReadReport): Finding[] {
  const check = (name: Section, columns: readonly string[]): Finding[] => {
    const section = sectionOf(report, name);
    if (section === undefined) return [];
    const table = tableOf(section);
    if (table === null) {
      return isNotApplicable(section.lines.map((l) => l.text).join(' '))
        ? []
        : [error('IR02', section.line, `"${name}" has no table with the columns ${columns.join(' | ')}.`)];
    }
    const right =
      columns.length === table.header.cells.length && columns.every((c, i) => same(c, table.header.cells[i] ?? ''));
    return right
      ? []
      : [
          error(
            'IR02',
            table.header.line,
            `The ${table.header.cells.length} columns of "${name}" are not ${columns.join(' | ')}.`,
          ),
        ];
  };
  return [...check('Related Incidents', relatedColumns), ...check('Action Items', actionColumns)];
}

export function ccadbId({ report }: Doc): Finding[] {
  const field = summaryField(report, 'CA Owner CCADB unique ID');
  if (field === undefined || /^A\d{6}$/.test(field.value) || toCompletePattern.test(field.value)) return [];
  return [error('IR03', field.line, 'The CCADB unique ID is the letter A and six digits.')];
}

export function enumerations({ report }: Doc): Finding[] {
  const found: Finding[] = [];
  const source = summaryField(report, 'Source of incident disclosure');
  if (source !== undefined && source.value !== '' && !sources.some((s) => same(s, source.value.replace(/\.$/, '')))) {
    found.push(error('IR04', source.line, `The source of disclosure is one of ${sources.join(', ')}.`));
  }
  const section = sectionOf(report, 'Action Items');
  const table = section === undefined ? null : tableOf(section);
  if (table === null) return found;
  const column = (label: string) => table.header.cells.findIndex((cell) => same(cell, label));
  for (const row of table.rows.filter(({ cells }) => !cells.some((cell) => toCompletePattern.test(cell)))) {
    const kind = row.cells[column('Kind')];
    if (kind !== undefined && !(kinds as readonly string[]).includes(kind)) {
      found.push(error('IR04', row.line, `Kind is one of ${kinds.join(', ')}, not "${kind}".`));
    }
    const status = row.cells[column('Status')];
    if (status !== undefined && !(statuses as readonly string[]).includes(status)) {
      found.push(error('IR04', row.line, `Status is one of ${statuses.join(', ')}, not "${status}".`));
    }
    const due = row.cells[column('Due Date')];
    if (due !== undefined && !/^\d{4}-\d{2}-\d{2}$/.test(due) && !isNotApplicable(due)) {
      found.push(error('IR04', row.line, `A due date is YYYY-MM-DD, not "${due}".`));
    }
  }
  return found;
}

/** Document, version and section of each policy. */
export function policies({ report }: Doc): Finding[] {
  const field = summaryField(report, 'Relevant policies');
  if (field === undefined || field.value === '' || toCompletePattern.test(field.value)) return [];
  const parts = field.value
    .split(/;|\n/)
    .map((part) => part.trim())
    .filter((part) => part.length > 3);
  return parts.flatMap((part): Finding[] => {
    const version = /(?:v(?:ersion)?\.?\s*)?\d+\.\d+(?:\.\d+)*/i.test(
      part.replace(/(?:§|sections?|sec\.?|clauses?)\s*\d+(?:\.\d+)*/gi, ''),
    );
    const section = /(?:§|sections?|sec\.|clauses?|appendix)\s*[A-Z]?\d*(?:\.\d+)*/i.test(part);
    if (version && section) return [];
    const lacks = [version ? null : 'version', section ? null : 'section'].filter((x) => x !== null).join(' and ');
    return [error('IR05', field.line, `A policy is named without its ${lacks}: "${part.slice(0, 80)}".`)];
  });
}

export function bugTitle({ report, context }: Doc): Finding[] {
  const title = context.bugTitle ?? report.title?.text;
  if (title === undefined) return [];
  const line = report.title?.line ?? 1;
  const owner = /^([^:]{1,200}):\s*\S/.exec(title)?.[1];
  if (owner === undefined)
    return [error('IR24', line, 'The title begins with the CA Owner name, a colon, and a short title.')];
  if (context.caOwnerName !== undefined && owner.trim() !== context.caOwnerName) {
    return [error('IR24', line, `The title names "${owner.trim()}"; the CCADB says "${context.caOwnerName}".`)];
  }
  return [];
}

function summaryField(report: ReadReport, label: string) {
  const section = sectionOf(report, 'Summary');
  return section === undefined ? undefined : fieldsOf(section, 'Summary').find((f) => f.label === label);
}
