/** IR12 to IR14, IR16 and IR17: what was learnt turns into something that changes and can be measured. */
import {
  factorsOf,
  fieldsOf,
  isNotApplicable,
  itemsOf,
  type Line,
  sectionOf,
  type TableRow,
  tableOf,
} from '../read-report.ts';
import { type Doc, error, type Finding, warning } from './finding.ts';

export function lessonsAnswered({ report }: Doc): Finding[] {
  const section = sectionOf(report, 'Lessons Learned');
  if (section === undefined) return [];
  const rows = actionRows({ report });
  return fieldsOf(section, 'Lessons Learned').flatMap((field): Finding[] => {
    const label = field.label;
    if (label === 'What went well' || isNotApplicable(field.value) || field.value.includes('[to be completed'))
      return [];
    const loose = itemsOf(field).filter((item) => !isNotApplicable(item.text) && !answered(item, rows));
    return loose.map(({ line, text }) =>
      label === 'Where we got lucky'
        ? warning('IR13', line, `No Action Item answers this piece of luck: "${text.slice(0, 80)}".`)
        : error('IR12', line, `No Action Item answers this: "${text.slice(0, 80)}". Name one, e.g. "(Action Item 2)".`),
    );
  });
}

export function factorsAnswered({ report }: Doc): Finding[] {
  const section = sectionOf(report, 'Root Cause Analysis');
  const actions = sectionOf(report, 'Action Items');
  const table = actions === undefined ? null : tableOf(actions);
  if (section === undefined || table === null) return [];
  const column = table.header.cells.findIndex((cell) => /root cause/i.test(cell));
  const found: Finding[] = [];
  const causes = table.rows.map((row) => row.cells[column] ?? '');
  table.rows.forEach((row, index) => {
    if (column >= 0 && (causes[index] ?? '').trim() === '') {
      found.push(error('IR14', row.line, '"Corresponding Root Cause(s)" is empty.'));
    }
  });
  for (const factor of factorsOf(section)) {
    const number = new RegExp(`(?<!\\d)${factor.number}(?!\\d)`);
    if (!causes.some((cause) => number.test(cause) || alike(cause, factor.title) >= 2)) {
      found.push(error('IR14', factor.line, `No Action Item answers Contributing Factor ${factor.number}.`));
    }
  }
  return found;
}

const training =
  /\b(?:re-?)?train(?:ed|ing|ings)?\b|\bawareness\b|\bremind(?:ed|er|ing)?\b|\brefresher\b|\bsensiti[sz]|\bbriefing\b|\bworkshop\b/i;
const control =
  /\b(?:automat|monitor|alert|alarm|implement|deploy|software|system|tool|block|lint|test|probe|check|page[rds]?|rota|acme|ari|script|pipeline|database|enforce)/i;

export function notOnlyTraining({ report }: Doc): Finding[] {
  const rows = actionRows({ report }).filter((row) => !row.cells.some((cell) => cell.includes('[to be completed')));
  const first = rows[0];
  if (first === undefined) return [];
  const onlyTraining = rows.every(
    (row) => training.test(row.cells[0] ?? '') && !control.test((row.cells[0] ?? '').replace(training, '')),
  );
  return onlyTraining
    ? [warning('IR16', first.line, 'Every Action Item is training; root programs call that insufficient.')]
    : [];
}

const measure =
  /\d|%|\b(?:all|every|each|no longer|zero|none|refus(?:es|ed)|fails?|passes|published|daily|weekly|monthly|quarterly)\b/i;
const evidence = /https?:\/\/|\b(?:publish\w*|public\w*|bugs?|crt\.sh|attach\w*|disclos\w*|post(?:ed)?|cps)\b/i;

export function actionsMeasurable({ report }: Doc): Finding[] {
  const section = sectionOf(report, 'Action Items');
  const rows = actionRows({ report });
  if (section === undefined || rows.length === 0) return [];
  const found: Finding[] = [];
  const all = rows.map((row) => row.cells.join(' | '));
  if (!all.some((row) => /\b(?:Prevent|Mitigate)\b/.test(row))) {
    found.push(warning('IR17', section.line, 'No Action Item prevents or mitigates; all of them only detect.'));
  }
  const criteria = tableOf(section)?.header.cells.findIndex((cell) => /evaluation/i.test(cell)) ?? -1;
  if (criteria < 0 || !rows.some((row) => measure.test(row.cells[criteria] ?? ''))) {
    found.push(warning('IR17', section.line, 'No Action Item has a criterion that can be measured.'));
  }
  if (!all.some((row) => evidence.test(row))) {
    found.push(warning('IR17', section.line, 'No Action Item points to evidence that the public can see.'));
  }
  return found;
}

function actionRows({ report }: Pick<Doc, 'report'>): readonly TableRow[] {
  const section = sectionOf(report, 'Action Items');
  return section === undefined ? [] : (tableOf(section)?.rows ?? []);
}

/** By number ("Action Item 2", "AI-2"), or by two words of substance in common. */
function answered(item: Line, rows: readonly TableRow[]): boolean {
  const numbers = [...item.text.matchAll(/\b(?:action item|action|AI)[ -]?#?(\d{1,3})/gi)].map((m) => Number(m[1]));
  if (numbers.length > 0) return numbers.some((n) => n >= 1 && n <= rows.length);
  const factors = [...item.text.matchAll(/\b(?:contributing factor|root cause)\s*#?(\d{1,3})/gi)].map(
    (m) => m[1] ?? '',
  );
  if (factors.some((n) => rows.some((row) => new RegExp(`(?<!\\d)${n}(?!\\d)`).test(row.cells[2] ?? '')))) return true;
  return rows.some((row) => alike(item.text, row.cells.join(' ')) >= 2);
}

/** Stems of words of five letters and more that two texts share: `recognised` and `recognition` are one. */
function alike(a: string, b: string): number {
  const stems = (text: string) =>
    new Set(
      (text.toLowerCase().match(/\p{L}{5,}/gu) ?? [])
        .filter((w) => !common.has(w))
        .map((w) => w.slice(0, 6))
        .filter((stem) => stem !== 'report'),
    );
  const other = stems(b);
  return [...stems(a)].filter((stem) => other.has(stem)).length;
}

const common = new Set([
  'certificate',
  'certificates',
  'action',
  'their',
  'there',
  'which',
  'would',
  'should',
  'about',
  'after',
  'before',
  'contributing',
  'factor',
  'within',
  'hours',
]);
