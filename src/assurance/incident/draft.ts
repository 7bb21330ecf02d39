/**
 * The full incident report, written from facts: CCADB IRG 3.2 Markdown with the published labels in the published
 * order. What the events know is filled in; what only people can say (why, what was learnt, what will change) is a
 * marked gap that the linter refuses, never an invented sentence.
 */

import { linksAllowedFrom } from './appendix.ts';
import { absolute, inline, toComplete } from './draft-words.ts';
import type { ActionItem, ContributingFactor, IncidentFacts, Lesson } from './facts.ts';
import { actionColumns, fullReportTitle, relatedColumns } from './template.ts';

/** The bug's title: CCADB owner name, colon, short title (IRG 3.2). */
export function bugTitle(facts: Pick<IncidentFacts, 'caOwner' | 'title'>): string {
  return `${facts.caOwner.name}: ${facts.title}`;
}

export function draftReport(facts: IncidentFacts): string {
  return `${[
    `## ${fullReportTitle}`,
    summary(facts),
    impact(facts),
    timeline(facts),
    related(facts),
    causes(facts.factors),
    lessons(facts.lessons),
    actions(facts.actions),
    appendix(facts),
  ].join('\n\n')}\n`;
}

function summary(facts: IncidentFacts): string {
  const end =
    facts.endAt !== null
      ? absolute(facts.endAt)
      : facts.endExpectedAt !== null
        ? `${absolute(facts.endExpectedAt)} (expected)`
        : toComplete('when it ended or is expected to end');
  return section('Summary', [
    field('CA Owner CCADB unique ID', facts.caOwner.ccadbId ?? toComplete('A and six digits, from the CCADB')),
    field(
      'Incident description',
      facts.description || toComplete('what happened, for a reader who knows nothing of it'),
    ),
    '- **Timeline summary:**',
    `  ${field('Non-compliance start date', facts.startAt === null ? toComplete('date and time') : absolute(facts.startAt))}`,
    `  ${field('Non-compliance identified date', facts.identifiedAt === null ? toComplete('date and time') : absolute(facts.identifiedAt))}`,
    `  ${field('Non-compliance end date', end)}`,
    field(
      'Relevant policies',
      facts.policies.length === 0
        ? toComplete('document, version and section')
        : facts.policies.map((p) => `${p.document} ${p.version}, section ${p.section}`).join('; '),
    ),
    field('Source of incident disclosure', facts.source),
  ]);
}

function impact(facts: IncidentFacts): string {
  const heuristic =
    facts.heuristic ??
    (facts.certificates.length > 0 && facts.certificates.length < linksAllowedFrom
      ? 'The full corpus of affected certificates is in the Appendix.'
      : toComplete('how a third party finds the affected certificates'));
  const analysis = facts.revocationDelay
    ? (facts.analysis ??
      toComplete(
        'factors and rationale for the delay, the extensive harm to third parties it avoided, why that was exceptional and unavoidable',
      ))
    : (facts.analysis ?? 'N/A');
  return section('Impact', [
    field('Total number of certificates', String(facts.certificatesTotal)),
    field('Total number of "remaining valid" certificates', String(facts.certificatesRemainingValid)),
    field(
      'Affected certificate types',
      facts.certificateTypes.join(', ') || toComplete('DV, IV, OV or EV, by policy OID'),
    ),
    field('Incident heuristic', heuristic),
    field(
      'Was issuance stopped in response to this incident, and why or why not?',
      facts.issuanceStopped === null
        ? toComplete('Yes or No, and why')
        : `${facts.issuanceStopped.answer}. ${facts.issuanceStopped.because}`,
    ),
    field('Analysis', analysis),
    field('Additional considerations', facts.considerations ?? 'N/A'),
  ]);
}

function timeline(facts: IncidentFacts): string {
  const entries = [...facts.timeline]
    .sort((a, b) => Temporal.Instant.compare(a.at, b.at))
    .map((entry) => `- ${absolute(entry.at)}: ${inline(entry.text)}`);
  return section('Timeline', [
    'All times are UTC.',
    '',
    ...(entries.length === 0 ? [`- ${toComplete('events')}`] : entries),
  ]);
}

function related(facts: IncidentFacts): string {
  const rows = facts.related.map((r) => [
    `[${r.bug}](https://bugzilla.mozilla.org/show_bug.cgi?id=${r.bug})`,
    r.openedOn,
    inline(r.description),
  ]);
  const missing = [
    toComplete('bug'),
    toComplete('date'),
    toComplete('similar incidents of two years, of other CAs too'),
  ];
  return section('Related Incidents', table(relatedColumns, rows.length === 0 ? [missing] : rows));
}

function causes(factors: readonly ContributingFactor[]): string {
  if (factors.length === 0) return section('Root Cause Analysis', [toComplete('contributing factors')]);
  return section(
    'Root Cause Analysis',
    factors.flatMap((factor, index) => [
      ...(index === 0 ? [] : ['']),
      `**Contributing Factor ${index + 1}: ${inline(factor.title)}**`,
      '',
      field('Description', factor.description),
      field('Timeline', factor.timeline),
      field('Detection', factor.detection),
      field('Interaction with other factors', factor.interaction ?? 'N/A'),
      field('Root Cause Analysis methodology used', factor.methodology ?? 'N/A'),
    ]),
  );
}

function lessons(all: IncidentFacts['lessons']): string {
  const block = (label: string, items: readonly Lesson[], gap: string | null): string[] => {
    if (items.length === 0) return [field(label, gap === null ? 'N/A' : toComplete(gap))];
    return [`- **${label}:**`, ...items.map((item) => `  - ${inline(item.text)}${actionRefs(item.actions)}`)];
  };
  return section('Lessons Learned', [
    ...block('What went well', all.well, 'what limited the damage'),
    ...block("What didn't go well", all.notWell, 'what has to change, each with its Action Item'),
    ...block('Where we got lucky', all.lucky, null),
    ...block('Additional', all.additional, null),
  ]);
}

function actionRefs(numbers: readonly number[]): string {
  return numbers.length === 0 ? '' : ` (${numbers.map((n) => `Action Item ${n}`).join(', ')})`;
}

function actions(items: readonly ActionItem[]): string {
  const rows = items.map((action, index) => [
    `${index + 1}. ${inline(action.item)}`,
    action.kind,
    action.factors.map((n) => `Contributing Factor ${n}`).join(', ') || toComplete('contributing factor'),
    inline(action.evaluation),
    action.dueOn,
    action.status,
  ]);
  const missing = [
    toComplete('what will change; training alone is not enough'),
    toComplete('Prevent, Mitigate or Detect'),
    toComplete('contributing factor'),
    toComplete('how a third party can measure it'),
    toComplete('YYYY-MM-DD'),
    'Ongoing',
  ];
  return section('Action Items', table(actionColumns, rows.length === 0 ? [missing] : rows));
}

function appendix(facts: IncidentFacts): string {
  const count = facts.certificates.length;
  if (count === 0) return section('Appendix', ['N/A']);
  const what =
    count < linksAllowedFrom
      ? `The attached file \`certificates.csv\` lists all ${count} affected certificates.`
      : `The attached file \`certificates.txt\` links all ${count} affected certificates by SHA-256.`;
  return section('Appendix', [what]);
}

function section(name: string, lines: readonly string[]): string {
  return `### ${name}\n\n${lines.join('\n')}`;
}

function field(label: string, value: string): string {
  return `- **${label}:** ${value.replace(/\s*\n\s*/g, ' ')}`;
}

function table(columns: readonly string[], rows: readonly (readonly string[])[]): string[] {
  const line = (cells: readonly string[]) => `| ${cells.join(' | ')} |`;
  return [line(columns), line(columns.map(() => '---')), ...rows.map(line)];
}
