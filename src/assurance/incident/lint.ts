/**
 * Reads an incident report as a root program would, before it is posted: 25 rules from the CCADB Incident Reporting
 * Guidelines 3.2 and from what reviewers have asked for. Pure; the same text and context give the same answer.
 */

import {
  claimsHaveData,
  delayExplained,
  delayReportedApart,
  isDelayReport,
  plainSpeech,
  relatedLookedFor,
  reporterPrivate,
} from './lint/claims.ts';
import { closable } from './lint/closing.ts';
import { counts, list, snapshot } from './lint/figures.ts';
import type { Doc, Finding, LintContext } from './lint/finding.ts';
import { actionsMeasurable, factorsAnswered, lessonsAnswered, notOnlyTraining } from './lint/remedies.ts';
import {
  bugTitle,
  ccadbId,
  enumerations,
  policies,
  preliminaryComplete,
  sectionsComplete,
  templateInForce,
} from './lint/structure.ts';
import { order, reportAnswered, summaryDates, zones } from './lint/times.ts';
import { readReport, same, sectionOf } from './read-report.ts';
import { readTimeline } from './read-timeline.ts';
import { preliminaryTitle } from './template.ts';

export type { LintContext } from './lint/finding.ts';

export interface LintLine {
  readonly rule: string;
  readonly line: number;
  readonly message: string;
}

export interface LintAnswer {
  readonly errors: readonly LintLine[];
  readonly warnings: readonly LintLine[];
}

const always: readonly ((doc: Doc) => Finding[])[] = [
  templateInForce,
  ccadbId,
  enumerations,
  policies,
  claimsHaveData,
  reporterPrivate,
  plainSpeech,
  bugTitle,
];

const inFull: readonly ((doc: Doc) => Finding[])[] = [
  sectionsComplete,
  summaryDates,
  zones,
  order,
  reportAnswered,
  counts,
  list,
  lessonsAnswered,
  factorsAnswered,
  delayExplained,
  notOnlyTraining,
  actionsMeasurable,
  relatedLookedFor,
  delayReportedApart,
  closable,
  snapshot,
];

export function lintReport(markdown: string, context: LintContext): LintAnswer {
  const report = readReport(markdown);
  const timeline = readTimeline(sectionOf(report, 'Timeline'));
  const doc: Doc = { report, timeline, context, delayed: isDelayReport({ report, context }) };
  const preliminary = report.kind !== null && same(report.kind.text, preliminaryTitle);
  const rules = [...always, ...(preliminary ? [preliminaryComplete] : inFull)];
  const found = rules
    .flatMap((rule) => rule(doc))
    .sort((a, b) => a.line - b.line || (a.rule < b.rule ? -1 : a.rule > b.rule ? 1 : 0));
  const only = (severity: Finding['severity']): LintLine[] =>
    found.filter((f) => f.severity === severity).map(({ rule, line, message }) => ({ rule, line, message }));
  return { errors: only('error'), warnings: only('warning') };
}
