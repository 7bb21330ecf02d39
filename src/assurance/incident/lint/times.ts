/** IR06 to IR09: when things happened, and whether the reader can know it. */
import { type Instant, isBefore } from '../../../foundation/time/time.ts';
import { fieldsOf, sectionOf, textWithout } from '../read-report.ts';
import { type ReadEntry, readInstant } from '../read-timeline.ts';
import { type Doc, error, type Finding, warning } from './finding.ts';

export function summaryDates({ report }: Doc): Finding[] {
  const section = sectionOf(report, 'Summary');
  if (section === undefined) return [];
  const all = fieldsOf(section, 'Summary');
  const found: Finding[] = [];
  const read = (which: string): { at: Instant; line: number; expected: boolean } | null => {
    const field = all.find((f) => f.label === `Non-compliance ${which} date`);
    if (field === undefined || field.value === '') {
      found.push(error('IR06', field?.line ?? section.line, `The ${which} date is missing.`));
      return null;
    }
    if (field.value.includes('[to be completed')) return null;
    const instant = readInstant(field.value);
    if (instant === null) {
      found.push(error('IR06', field.line, `The ${which} date is not a date.`));
      return null;
    }
    const zoned = instant.precise
      ? instant.zone.is === 'utc' || instant.zone.is === 'offset'
      : /\bUTC\b/.test(field.value);
    if (!zoned) {
      found.push(error('IR06', field.line, `The ${which} date says no offset; write UTC.`));
    }
    return instant.at === null ? null : { at: instant.at, line: field.line, expected: /expected/i.test(field.value) };
  };
  const start = read('start');
  const identified = read('identified');
  const end = read('end');
  if (start !== null && end !== null && isBefore(end.at, start.at) && !end.expected) {
    found.push(error('IR06', end.line, 'The incident ends before it starts.'));
  }
  if (start !== null && identified !== null && isBefore(identified.at, start.at)) {
    found.push(
      warning('IR06', start.line, 'It was identified before it started: only a delay foreseen in advance can be so.'),
    );
  }
  return found;
}

export function zones({ timeline }: Doc): Finding[] {
  return timeline.entries.flatMap((entry): Finding[] => {
    if (entry.zone.is === 'bare') {
      return [error('IR07', entry.line, `"${entry.zone.name}" names no offset; write UTC, or the offset beside it.`)];
    }
    if (entry.zone.is === 'none' && entry.precise && !timeline.statedUtc) {
      return [error('IR07', entry.line, 'This time says no zone; write UTC.')];
    }
    return [];
  });
}

export function order({ report, timeline }: Doc): Finding[] {
  const section = sectionOf(report, 'Timeline');
  if (section === undefined) return [];
  const found: Finding[] = [];
  let latest: ReadEntry | null = null;
  for (const entry of timeline.entries) {
    if (!entry.precise) found.push(warning('IR08', entry.line, 'This entry has a date but no minute.'));
    if (entry.at === null) continue;
    if (latest?.at != null && isBefore(entry.at, latest.at) && (entry.precise || latest.precise)) {
      found.push(warning('IR08', entry.line, 'This entry is earlier than the one before it.'));
    }
    latest = entry;
  }
  if (timeline.entries.length === 0)
    return [...found, warning('IR08', section.line, 'The timeline has no entry with a date.')];
  const aware = timeline.entries.findIndex(({ text }) =>
    /\b(?:aware|identified|discover|noticed|received|reported|report (?:reached|arrived))/i.test(text),
  );
  if (aware === 0) {
    found.push(warning('IR08', section.line, 'No entry lies before discovery: say when the fault was introduced.'));
  }
  return found;
}

const mentionsReport =
  /\b(?:CPRs?|problem reports?)\b|\bresearcher\b.{0,60}\b(?:told|report|notif|inform)|\breported\b.{0,60}\bby an? (?:\w+ )?researcher/i;

/** Where a report came in: when, what the filer was told, what the subscriber was told. */
export function reportAnswered({ report }: Doc): Finding[] {
  if (!mentionsReport.test(textWithout(report, 'Related Incidents'))) return [];
  const section = sectionOf(report, 'Timeline');
  if (section === undefined) return [];
  const says = (pattern: RegExp) => section.lines.some(({ text }) => pattern.test(text));
  const wanted: [RegExp, string][] = [
    [/\b(?:received|reached|receipt|arrived|accepted)\b/i, 'when the problem report was received'],
    [
      /\b(?:preliminary report|findings|repl(?:y|ied)|answer(?:ed)?|responded)\b.{0,80}\b(?:reporter|filer|researcher|submitter)\b|\b(?:reporter|filer|researcher|submitter)\b.{0,60}\b(?:preliminary report|findings|repl(?:y|ied)|answered)\b/i,
      'when the preliminary report was given to the filer',
    ],
    [
      /\b(?:preliminary report|notice|notified|informed|told|findings)\b.{0,80}\b(?:subscribers?|customers?)\b|\b(?:subscribers?|customers?)\b.{0,60}\b(?:notified|informed|told|preliminary report)\b/i,
      'when the preliminary report was given to the subscriber',
    ],
  ];
  return wanted.flatMap(([pattern, what]) =>
    says(pattern) ? [] : [error('IR09', section.line, `The timeline does not say ${what}; write it, or N/A and why.`)],
  );
}
