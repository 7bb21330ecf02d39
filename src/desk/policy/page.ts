/**
 * The policy page (`docs/policy.md`), written from the data and from nothing else, so that what an auditor reads is
 * what the desk does. A test fails when the checked-in page is not this one.
 */
import { clockProfiles } from './clock-profile.ts';
import { approvalActs, type Policy } from './cps-overlay.ts';
import { ladderNames, type Step } from './ladder.ts';
import { reasonPrecedence, subscriberReasons } from './reason.ts';
import { day, hour, type Rule, type Rulebook, type RulebookVersion } from './rule.ts';

export function policyPage(books: readonly Rulebook[], policy: Policy): string {
  return `${[
    '# Policy',
    'This page is generated from `src/desk/policy` (`node src/cli/policy.ts > docs/policy.md`). Do not edit it: change the data.',
    'Every limit runs from **receipt** of the report, anywhere at the CA, to **published** revocation: what relying parties can see. ' +
      'An hour is 3,600 seconds and a day 86,400; there are no business days. Where several rows apply, the shortest limit and the strongest reason govern. ' +
      'Triggers are in our own words; the document decides.',
    ...books.map(bookSection),
    '## From what instant a limit counts',
    table(
      ['profile', 'document', 'status', 'effective from', 'last checked', 'in words'],
      clockProfiles.map((p) => [`\`${p.id}\``, p.document, p.status, p.effectiveFrom, p.lastChecked, p.inWords]),
    ),
    '## Reasons',
    `Strongest first: ${reasonPrecedence.filter((r) => r !== 'unspecified').join(', ')}; no reason last (the extension is left out, \`unspecified\` is never encoded). ` +
      `A subscriber may choose ${subscriberReasons.filter((r) => r !== 'unspecified').join(', ')} or none. \`certificateHold\` does not exist here.`,
    '## Who has to approve',
    `Values of ${policy.document} ${policy.version}. An overlay may ask for more people, never for fewer.`,
    table(
      ['act', 'people'],
      approvalActs.map((act) => [act, String(policy.approvals[act])]),
    ),
    '## Margins',
    table(
      ['what', 'length'],
      [
        ['reserved before the deadline for publication', lengthInWords(policy.publishMarginSeconds)],
        ['silence of the subscriber, from receipt, on proven compromise', lengthInWords(policy.silenceSeconds)],
      ],
    ),
    '## Ladders',
    ...ladderNames.map((name) => ladderSection(name, policy.ladders[name])),
  ].join('\n\n')}\n`;
}

/** `24 h`, `5 d`, `90 min`, `2 h 30 min`, in the largest units that say it exactly. */
export function lengthInWords(seconds: number | null): string {
  if (seconds === null) return 'none';
  if (seconds === 0) return '0 min';
  if (seconds >= 2 * day && seconds % day === 0) return `${seconds / day} d`;
  const parts: [number, string][] = [
    [Math.floor(seconds / hour), 'h'],
    [Math.floor((seconds % hour) / 60), 'min'],
    [seconds % 60, 's'],
  ];
  return parts
    .filter(([n]) => n > 0)
    .map(([n, unit]) => `${n} ${unit}`)
    .join(' ');
}

function bookSection(book: Rulebook): string {
  return [`## ${book.document}`, ...book.versions.flatMap(versionSection)].join('\n\n');
}

function versionSection(version: RulebookVersion): string[] {
  const until = version.effectiveUntil === null ? '' : ` until ${version.effectiveUntil}`;
  const head = `Version ${version.version}, in force from ${version.effectiveFrom}${until}, last checked ${version.lastChecked}.`;
  const rules =
    version.rules.length === 0
      ? []
      : [
          table(
            ['id', 'section', 'trigger', 'limit', 'should', 'reason'],
            version.rules.map((r) => [
              r.id,
              r.section,
              r.note === null ? r.trigger : `${r.trigger}. *${r.note}*`,
              r.revocationDuty === 'owed' ? lengthInWords(r.limitSeconds) : r.revocationDuty,
              r.softLimitSeconds === null ? '' : lengthInWords(r.softLimitSeconds),
              reasonCell(r),
            ]),
          ),
        ];
  const duties = table(
    ['id', 'section', 'for', 'from', 'to', 'limit', 'should'],
    version.duties.map((d) => [
      d.id,
      d.section,
      d.profile,
      d.fromEvent,
      d.toEvent,
      `${d.bound === 'at-least' ? 'at least ' : ''}${lengthInWords(d.limitSeconds)}`,
      d.softLimitSeconds === null ? '' : lengthInWords(d.softLimitSeconds),
    ]),
  );
  return [head, ...rules, ...(version.duties.length === 0 ? [] : [duties])];
}

function reasonCell(rule: Rule): string {
  if (rule.revocationDuty !== 'owed') return '';
  const reason = rule.reason ?? 'none';
  return rule.reasonFrom === 'document' ? reason : `${reason} (ours)`;
}

function ladderSection(name: string, steps: readonly Step[]): string {
  const rows = steps.map((s) => [
    s.anchor === 'start' ? `T+${lengthInWords(s.offsetSeconds)}` : `due − ${lengthInWords(s.offsetSeconds)}`,
    s.action,
    s.audience,
    s.says,
    s.skipWhen.join(', '),
  ]);
  return [`### ${name}`, table(['when', 'step', 'to', 'what', 'falls away when'], rows)].join('\n\n');
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]) => `| ${cells.map((c) => c.replaceAll('|', '\\|')).join(' | ')} |`;
  return [line(head), `|${' --- |'.repeat(head.length)}`, ...rows.map(line)].join('\n');
}
