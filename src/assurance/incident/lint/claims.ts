/** IR15 and IR18 to IR22: what is claimed, what is left out, and who is named. */
import { isBefore } from '../../../foundation/time/time.ts';
import {
  type Field,
  fieldsOf,
  isNotApplicable,
  type ReadReport,
  sectionOf,
  sectionText,
  tableOf,
} from '../read-report.ts';
import { type Doc, error, type Finding, warning } from './finding.ts';

const delayWords =
  /revocation[ -]delay|delayed revocation|delay(?:ed)? (?:in|of|the) revo|late revocation|not revoked within|fail(?:ed|ure) to revoke|revoked (?:too )?late|beyond the (?:24|120)/i;

/** The report itself is about a revocation that missed its limit: its title or text says so, or its Analysis does. */
export function isDelayReport({ report, context }: Pick<Doc, 'report' | 'context'>): boolean {
  if (context.revocationDelay !== undefined) return context.revocationDelay;
  const own = [context.bugTitle ?? report.title?.text ?? '', sectionText(sectionOf(report, 'Summary'))].join('\n');
  if (delayWords.test(own)) return true;
  return /\bdelay/i.test(analysisOf(report)?.value ?? '');
}

function analysisOf(report: ReadReport): Field | undefined {
  const impact = sectionOf(report, 'Impact');
  return impact === undefined ? undefined : fieldsOf(impact, 'Impact').find((f) => f.label === 'Analysis');
}

export function delayExplained(doc: Doc): Finding[] {
  if (!doc.delayed) return [];
  const { report, timeline } = doc;
  const found: Finding[] = [];
  const analysis = analysisOf(report);
  const line = analysis?.line ?? sectionOf(report, 'Impact')?.line ?? 1;
  const text = analysis?.value ?? '';
  if (text === '' || isNotApplicable(text)) {
    found.push(
      error(
        'IR15',
        line,
        'With a delayed revocation "Analysis" is mandatory: factors, rationale, harm to third parties.',
      ),
    );
  } else if (
    !text.includes('[to be completed') &&
    !/\bharm|\bimpact on\b|\boutage|\bthird part|\brelying part/i.test(text)
  ) {
    found.push(
      error('IR15', line, '"Analysis" does not argue extensive harm to third parties, nor say that there was none.'),
    );
  }
  const at = sectionOf(report, 'Timeline')?.line ?? 1;
  const says = (pattern: RegExp) => timeline.entries.some((e) => pattern.test(e.text));
  if (!says(/expect(?:ed|s)?\b.{0,60}\b(?:revo|complet)|\b(?:revo\w*|completion)\b.{0,60}\bexpect/i)) {
    found.push(error('IR15', at, 'The timeline does not say when completion of revocation was expected.'));
  }
  const completed =
    /\b(?:all|the last|\d+)\b.{0,60}\brevoked\b|\brevocation\b.{0,60}\b(?:complete|completed|published)|\bcomplet\w+\b.{0,40}\brevo/i;
  if (!timeline.entries.some((e) => completed.test(e.text) && !/expected|planned|will be/i.test(e.text))) {
    found.push(error('IR15', at, 'The timeline does not say when revocation was actually completed.'));
  }
  const section = sectionOf(report, 'Action Items');
  const rows = section === undefined ? [] : (tableOf(section)?.rows ?? []);
  if (!rows.some((row) => /revo|deadline|in time|limit|delay/i.test(row.cells.join(' ')))) {
    found.push(error('IR15', section?.line ?? 1, 'No Action Item works against delay in future.'));
  }
  return found;
}

const twoYearsHours = 730 * 24;

export function relatedLookedFor({ report, context }: Doc): Finding[] {
  const section = sectionOf(report, 'Related Incidents');
  if (section === undefined) return [];
  const table = tableOf(section);
  const rows = table?.rows.filter((row) => row.cells.some((cell) => /\d{6,}/.test(cell))) ?? [];
  if (rows.length === 0)
    return [warning('IR18', section.line, 'No related incident is named; look back two years and at other CAs.')];
  const found: Finding[] = [];
  const since = context.now.subtract({ hours: twoYearsHours });
  const dates = rows.flatMap((row) => /\d{4}-\d{2}-\d{2}/.exec(row.cells.join(' '))?.[0] ?? []);
  if (dates.length > 0 && dates.every((date) => isBefore(Temporal.Instant.from(`${date}T00:00:00Z`), since))) {
    found.push(warning('IR18', section.line, 'Every related incident is older than two years.'));
  }
  const owner = context.caOwnerName ?? /^([^:]{1,200}):/.exec(context.bugTitle ?? report.title?.text ?? '')?.[1];
  if (owner !== undefined && rows.every((row) => row.cells.join(' ').toLowerCase().includes(owner.toLowerCase()))) {
    found.push(warning('IR18', section.line, 'Every related incident is our own; look at other CAs.'));
  }
  return found;
}

const bareClaims: readonly [RegExp, string][] = [
  [
    /\bno (?:known |evidence of |sign of |actual )?(?:misuse|abuse|security (?:impact|risk|issue)|impact|harm)\b/i,
    'claims no impact',
  ],
  [
    /\b(?:subscribers?|customers?)\b.{0,40}\b(?:did not|didn['’]t|failed to|refused to|was slow|were slow|unresponsive|never)\b/i,
    'puts it on the subscriber',
  ],
  [
    /\b(?:reporter|researcher)\b.{0,40}\b(?:did not|didn['’]t|failed to|should have|wrong (?:address|channel)|instead of)\b/i,
    'puts it on the reporter',
  ],
];
const data =
  /https?:\/\/|\b\d{2,}\b.{0,30}\b(?:log|request|record|certificate|check)|\bbecause we (?:checked|searched|examined)/i;

export function claimsHaveData({ report }: Doc): Finding[] {
  return report.lines.flatMap(({ line, text }) =>
    bareClaims.flatMap(([pattern, what]) => {
      const hit = pattern.exec(text);
      return hit === null || data.test(text)
        ? []
        : [warning('IR19', line, `"${hit[0].slice(0, 80)}" ${what} without data.`)];
    }),
  );
}

const namedReporter =
  /\b(?:[Rr]eported by|[Rr]eporter|[Rr]esearcher),?\s+((?:(?:Mr|Ms|Mrs|Dr)\.?\s+)?\p{Lu}\p{Ll}+\s+\p{Lu}\p{Ll}+)/u;

/** Capitals that are no person. */
const noName =
  /\b(?:Certificate|Problem|Report|CA|Root|Store|Program|Policy|Mozilla|Chrome|Google|Apple|Microsoft|Security|Team|Third|Party|All|The|We|Our)\b/;

export function reporterPrivate({ report, context }: Doc): Finding[] {
  const { reporters } = context;
  if (reporters !== undefined) {
    return reporters
      .filter((reporter) => !reporter.consents && reporter.name.trim().length > 2)
      .flatMap((reporter) => {
        const hit = report.lines.find(({ text }) => text.toLowerCase().includes(reporter.name.toLowerCase()));
        return hit === undefined ? [] : [error('IR20', hit.line, 'Names a reporter who has not agreed to be named.')];
      });
  }
  if (/\bconsent(?:ed)?\b.{0,40}\bnam|\bagreed to be named\b|\bwith (?:their|his|her) consent\b/i.test(report.all))
    return [];
  return report.lines.flatMap(({ line, text }) => {
    const name = namedReporter.exec(text)?.[1];
    return name === undefined || noName.test(name)
      ? []
      : [error('IR20', line, 'Names a reporter, and no consent is on record.')];
  });
}

const vague =
  /\b(?:promptly|as soon as possible|asap|periodically|in a timely manner|where appropriate|as appropriate|regularly|shortly|in due course|takes? (?:this|security) (?:very )?seriously|utmost (?:care|importance))\b/i;

export function plainSpeech({ report }: Doc): Finding[] {
  return report.lines.flatMap(({ line, text }) => {
    const hit = vague.exec(text);
    return hit === null ? [] : [warning('IR21', line, `"${hit[0]}" says nothing that can be measured.`)];
  });
}

/** A missed limit needs a report of its own, or this has to be it. */
export function delayReportedApart(doc: Doc): Finding[] {
  const { context, report } = doc;
  const missed = context.missedDeadline;
  if (missed !== undefined) {
    return missed.delayReportLinked
      ? []
      : [error('IR22', 1, 'A revocation deadline was missed, and no separate delay report is linked.')];
  }
  const late = lateness(doc);
  if (late === null || doc.delayed) return [];
  if (
    /\bbug\b.{0,80}\bdelay|\bdelay\w*\b.{0,80}\bbug\b|revocation[ -]delay/i.test(
      sectionText(sectionOf(report, 'Related Incidents')),
    )
  )
    return [];
  return [
    error(
      'IR22',
      late.line,
      `Revocation came ${late.hours} hours after the report was received; the delay needs a separate report, linked here.`,
    ),
  ];
}

/** Hours from receipt to revocation by the timeline, where they exceed the shortest limit that the text speaks of. */
function lateness({ timeline, report }: Pick<Doc, 'timeline' | 'report'>): { hours: number; line: number } | null {
  const received = timeline.entries.find(
    (e) =>
      e.at !== null &&
      /\b(?:received|reached|reported|arrived|sent)\b/i.test(e.text) &&
      /\b(?:reports?|reported|CPR|notice|notification)\b/i.test(e.text),
  );
  const revoked = timeline.entries.findLast(
    (e) =>
      e.at !== null &&
      /\brevoked\b|revocation (?:was )?(?:completed?|published)/i.test(e.text) &&
      !/expected|planned|will be/i.test(e.text),
  );
  if (received?.at == null || revoked?.at == null) return null;
  const hours = received.at.until(revoked.at).total('hours');
  const limit = /key[ -]?compromise|private keys?|compromised/i.test(sectionText(sectionOf(report, 'Summary')))
    ? 24
    : 120;
  return hours > limit ? { hours: Math.floor(hours), line: revoked.line } : null;
}
