/**
 * The quarterly report: the same figures as Markdown, as CSV and as one HTML page. The public edition names no subscriber;
 * the list with names is a CSV of its own for the CA's staff.
 */
import { type Duration, rfc3339 } from '../../foundation/time/time.ts';
import { barChart, lineChart } from './charts.ts';
import { type Adoption, type Figures, type Readiness, share } from './figures.ts';

/** One earlier quarter, oldest first; the trend is as long as this list. */
export interface Earlier {
  readonly label: string;
  readonly overall: Figures;
  readonly readiness: Readonly<Record<Readiness, number>>;
}

export interface AdoptionReport {
  readonly ca: string;
  /** `2026 Q3` */
  readonly label: string;
  readonly adoption: Adoption;
  readonly earlier: readonly Earlier[];
}

interface Measure {
  readonly id: string;
  readonly title: string;
  readonly of: (entry: Earlier) => number | null;
}

const subscribersOf = (entry: Earlier) => Object.values(entry.readiness).reduce((sum, count) => sum + count, 0);

/** What the trend follows; each a share of 0 to 1. */
const measures: readonly Measure[] = [
  { id: 'acme_share', title: 'Ordered by ACME', of: ({ overall }) => share(overall.acme, overall.certificates) },
  { id: 'ari_share', title: 'Agent listens to ARI', of: ({ overall }) => share(overall.polling, overall.certificates) },
  { id: 'manual_share', title: 'Ordered by hand', of: ({ overall }) => share(overall.manual, overall.certificates) },
  {
    id: 'ready_share',
    title: 'Subscribers who replaced within the limit',
    of: (entry) => share(entry.readiness.shown, subscribersOf(entry)),
  },
  {
    id: 'failed_share',
    title: 'Subscribers who did not',
    of: (entry) => share(entry.readiness.failed, subscribersOf(entry)),
  },
];

const readinessWords: Readonly<Record<Readiness, string>> = {
  shown: 'replaced everything within the limit',
  failed: 'did not',
  open: 'were asked and still have time',
  untried: 'have never been asked',
};

export function adoptionMarkdown(report: AdoptionReport): string {
  const { adoption } = report;
  const entries = entriesOf(report);
  const lines = [
    `# Ready to replace in ${words(adoption.limit)}: ${plain(report.ca)}, ${plain(report.label)}`,
    '',
    `As of ${rfc3339(adoption.at)}; advices counted from ${rfc3339(adoption.since)}.`,
    '',
    ...summary(adoption).map((sentence) => `- ${sentence}`),
    '',
    `| | ${entries.map((entry) => plain(entry.label)).join(' | ')} |`,
    `| --- |${' ---: |'.repeat(entries.length)}`,
    ...measures.map(({ title, of }) => `| ${title} | ${entries.map((entry) => percent(of(entry))).join(' | ')} |`),
    `| Median time to replace | ${entries.map((entry) => medianWords(entry.overall)).join(' | ')} |`,
    '',
  ];
  return lines.join('\n');
}

/** One line per quarter; shares with four digits, times in seconds, nothing where nothing was measured. */
export function adoptionCsv(report: AdoptionReport): string {
  const header = [
    'quarter',
    'certificates',
    'subscribers',
    ...measures.map(({ id }) => id),
    'median_replacement_seconds',
  ];
  const rows = entriesOf(report).map((entry) => [
    entry.label,
    entry.overall.certificates,
    subscribersOf(entry),
    ...measures.map(({ of }) => of(entry)?.toFixed(4) ?? ''),
    entry.overall.medianReplacement?.total('seconds') ?? '',
  ]);
  return csv([header, ...rows]);
}

/** For the CA's own staff: names, most urgent first. Not for publication. */
export function subscribersCsv(adoption: Adoption): string {
  const header =
    'subscriber,readiness,certificates,acme,api,manual,unknown,ari,advised,replaced,median_replacement_seconds';
  const rows = adoption.perSubscriber.map((one) => [
    one.subscriber,
    one.readiness,
    one.certificates,
    one.acme,
    one.api,
    one.manual,
    one.unknown,
    one.polling,
    one.advised,
    one.replaced,
    one.medianReplacement?.total('seconds') ?? '',
  ]);
  return csv([header.split(','), ...rows]);
}

/** One page that needs nothing else: no script, no font, no image from anywhere. */
export function adoptionHtml(report: AdoptionReport): string {
  const { adoption } = report;
  const entries = entriesOf(report);
  const title = `Ready to replace in ${words(adoption.limit)}: ${report.ca}, ${report.label}`;
  const { overall, readiness } = adoption;
  const orders = [
    { label: 'ACME', value: overall.acme },
    { label: 'own software', value: overall.api },
    { label: 'by hand', value: overall.manual },
    { label: 'unknown', value: overall.unknown },
  ];
  const ready = (Object.keys(readinessWords) as Readiness[]).map((key) => ({
    label: readinessWords[key],
    value: readiness[key],
  }));
  const head = ['', ...entries.map((entry) => entry.label)];
  const rows = measures.map(({ title: name, of }) => [name, ...entries.map((entry) => percent(of(entry)))]);
  rows.push(['Median time to replace', ...entries.map((entry) => medianWords(entry.overall))]);
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${escaped(title)}</title>
<style>
:root { color-scheme: light dark; --line: #1f6f8b; --soft: #8884; }
body { font: 16px/1.5 system-ui, sans-serif; max-width: 46rem; margin: 2rem auto; padding: 0 1rem; }
table { border-collapse: collapse; width: 100%; margin: 1rem 0; font-variant-numeric: tabular-nums; }
th, td { text-align: right; padding: .25rem .5rem; border-bottom: 1px solid var(--soft); }
th:first-child, td:first-child { text-align: left; font-weight: normal; }
svg { width: 100%; height: auto; } svg text { font: 13px system-ui, sans-serif; fill: currentColor; }
figure { margin: 1.5rem 0; } figcaption { font-weight: 600; }
</style>
</head>
<body>
<h1>${escaped(title)}</h1>
<p>As of ${rfc3339(adoption.at)}; advices counted from ${rfc3339(adoption.since)}.</p>
<ul>
${summary(adoption)
  .map((sentence) => `<li>${escaped(sentence)}</li>`)
  .join('\n')}
</ul>
${figure('How certificates are ordered', barChart(orders))}
${figure(`Subscribers and the limit of ${words(adoption.limit)}`, barChart(ready))}
${
  entries.length < 2
    ? ''
    : figure(
        'Trend',
        lineChart(
          entries.map((entry) => entry.label),
          measures.map(({ title: label, of }) => ({ label, values: entries.map(of) })),
        ),
      )
}
<table>
<thead><tr>${head.map((cell) => `<th scope="col">${escaped(cell)}</th>`).join('')}</tr></thead>
<tbody>
${rows.map(([first, ...rest]) => `<tr><th scope="row">${escaped(first!)}</th>${rest.map((cell) => `<td>${escaped(cell)}</td>`).join('')}</tr>`).join('\n')}
</tbody>
</table>
</body>
</html>
`;
}

function summary({ overall, readiness, subscribers, limit }: Adoption): string[] {
  const median = overall.medianReplacement;
  return [
    `${overall.certificates} certificates of ${subscribers} subscribers; ${percent(share(overall.acme, overall.certificates))} ordered by ACME, ${percent(share(overall.manual, overall.certificates))} by hand.`,
    `The agents of ${percent(share(overall.polling, overall.certificates))} listen to ARI and would be told within hours.`,
    overall.advised === 0
      ? 'Nobody was asked to replace a certificate in this time.'
      : `${overall.advised} certificates were to be replaced, ${overall.replaced} were${median === null ? '' : `; half of them within ${words(median)}`}.`,
    `Of the subscribers, ${readiness.shown} ${readinessWords.shown} of ${words(limit)}, ${readiness.failed} ${readinessWords.failed}, ${readiness.open} ${readinessWords.open}, ${readiness.untried} ${readinessWords.untried}.`,
  ];
}

function entriesOf(report: AdoptionReport): readonly Earlier[] {
  const { overall, readiness } = report.adoption;
  return [...report.earlier, { label: report.label, overall, readiness }];
}

function percent(value: number | null): string {
  return value === null ? '–' : `${(value * 100).toFixed(1)} %`;
}

function medianWords(figures: Figures): string {
  if (figures.medianReplacement !== null) return words(figures.medianReplacement);
  return figures.advised === 0 ? '–' : 'more than half not replaced';
}

function words(duration: Duration): string {
  const minutes = duration.total('minutes');
  if (minutes < 60) return `${Math.max(1, Math.round(minutes))} min`;
  const hours = minutes / 60;
  return hours <= 72 ? `${Number(hours.toFixed(1))} h` : `${Number((hours / 24).toFixed(1))} days`;
}

function figure(caption: string, chart: string): string {
  return `<figure><figcaption>${escaped(caption)}</figcaption>\n${chart}\n</figure>`;
}

/** RFC 4180; a cell that a spreadsheet would take for a formula gets an apostrophe before it. */
function csv(rows: readonly (readonly (string | number)[])[]): string {
  const cell = (value: string | number) => {
    const text = typeof value === 'string' && /^[=+\-@\t\r]/.test(value) ? `'${value}` : String(value);
    return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
  };
  return `${rows.map((row) => row.map(cell).join(',')).join('\r\n')}\r\n`;
}

function plain(text: string): string {
  return text.replace(/[\r\n]+/g, ' ').replace(/([\\|*_`<>[\]])/g, '\\$1');
}

function escaped(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;');
}
