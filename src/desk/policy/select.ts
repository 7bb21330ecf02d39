/**
 * From what is alleged to the rule that governs. Conservative by construction: where more than one row could apply, the
 * shortest limit governs; a key compromise keeps 24 hours even where its row would allow five days, unless two people
 * have signed; a trigger nobody has named yet gets the row that a careful reader would fear.
 */
import assert from 'node:assert/strict';
import { unreachable } from '../../foundation/brand.ts';
import type { Instant } from '../../foundation/time/time.ts';
import type { Label, Profile, Reason } from '../facts.ts';
import { dutyById, rulesInForce } from './in-force.ts';
import { strongestReason } from './reason.ts';
import type { Duty, Rule, TriggerKind } from './rule.ts';

export type ReporterKind = 'third-party' | 'subscriber' | 'staff' | 'root-program';

export interface Question {
  readonly label: Label;
  /** Rule ids proposed by triage or confirmed by a person, in the words of any rulebook; null or empty: none named. */
  readonly trigger: string | readonly string[] | null;
  /** Of the certificate. One report may concern several profiles: ask once for each. */
  readonly profile: Profile;
  /** The instant whose rulebook version governs: when the matter arose. */
  readonly at: Instant;
  readonly reporterKind?: ReporterKind;
  readonly shortLived?: boolean;
  /** Only asked for `ca-noncompliance`: whether a subscriber certificate is concerned. Default true. */
  readonly concernsCertificate?: boolean;
  /** Names of the two or more people who signed that the longer limit applies. Fewer than two change nothing. */
  readonly longerLimitSignedBy?: readonly string[];
}

export interface Selection {
  readonly rule: Rule;
  /** Every row that was weighed, shortest limit first. */
  readonly considered: readonly Rule[];
  /** Why this one, in a sentence fit for the screen. */
  readonly because: string;
}

/** The rule that governs. See `selectRule` for the reasons. Total: every label of every profile has a rule. */
export function ruleFor(question: Question): Rule {
  return selectRule(question).rule;
}

export function selectRule(question: Question): Selection {
  const rules = rulesInForce(question.at);
  if (question.label === 'not-a-report') {
    return { rule: kindIn(rules, 'no-report', 'any'), considered: [], because: 'The message is not a report.' };
  }

  const base = governing(question, rules);
  if (question.reporterKind === 'root-program') return noticed(base, kindIn(rules, 'root-program-notice', 'any'));
  if (question.shortLived === true && question.profile === 'tls') {
    return exempt(base, kindIn(rules, 'short-lived', 'tls'));
  }
  return base;
}

/** TLS BR 4.9.5 and its sisters: the 24-hour answer, owed on every report whatever its label or certificate. */
export function reportDutyFor(profile: Profile, at: Instant): Duty {
  switch (profile) {
    case 'smime':
      return dutyById('CPR_PRELIM_SMIME', at);
    // CSBR 4.9.5 only wants the investigation begun; the desk answers within the same 24 hours all the same.
    case 'code-signing':
      return dutyById('CPR_BEGIN_CS', at);
    case 'tls':
    case 'sub-ca':
      return dutyById('CPR_PRELIM_TLS', at);
    default:
      return unreachable(profile);
  }
}

/** The last compliant instant; null when the rule sets no limit. One hour is 3,600 seconds, one day 86,400. */
export function dueAt(start: Instant, rule: { readonly limitSeconds: number | null }): Instant | null {
  return rule.limitSeconds === null ? null : start.add({ seconds: rule.limitSeconds });
}

/** The shortest limit first; none at all last. For equal limits the stronger reason first. */
function byUrgency(a: Rule, b: Rule): number {
  const limit = (rule: Rule) => rule.limitSeconds ?? Number.POSITIVE_INFINITY;
  if (limit(a) !== limit(b)) return limit(a) < limit(b) ? -1 : 1;
  if (a.reason === b.reason) return 0;
  return strongestReason([a.reason, b.reason]) === a.reason ? -1 : 1;
}

function governing(question: Question, rules: readonly Rule[]): Selection {
  const { label, profile } = question;
  if (label === 'ca-noncompliance' && question.concernsCertificate === false) {
    const rule = kindIn(rules, 'no-certificate', 'any');
    return {
      rule,
      considered: [rule],
      because: 'No subscriber certificate is concerned, so nothing is to be revoked.',
    };
  }

  const named = triggersOf(question.trigger).flatMap((id) => {
    const rule = rules.find((r) => r.id === id);
    return rule === undefined ? [] : [ownRow(rules, rule.kind, profile)];
  });
  const feared = ownRow(rules, fearedKind(label, profile), profile);
  // A trigger that the label can have says which row it is. One that it cannot have only ever adds a shorter limit.
  const fits = named.filter((rule) => kindsOf(label).includes(rule.kind));
  const considered = [...new Set(fits.length > 0 ? named : [...named, feared])].sort(byUrgency);
  const first = considered[0];
  assert(first !== undefined, 'every label has a row in every profile');
  return keptShort(first, considered, question, rules);
}

/**
 * TLS-16 and SMIME-15 carry keyCompromise with five days. Every key compromise gets the short limit, unless two
 * different people signed for the long one.
 */
function keptShort(rule: Rule, considered: readonly Rule[], question: Question, rules: readonly Rule[]): Selection {
  const short = ownRow(rules, 'key-compromise', question.profile);
  const isLong =
    rule.reason === 'keyCompromise' && byUrgency(short, rule) < 0 && short.limitSeconds !== rule.limitSeconds;
  if (!isLong) return { rule, considered, because: `${rule.id}: ${rule.trigger}.` };
  const signers = new Set(question.longerLimitSignedBy ?? []);
  if (signers.size >= 2) {
    return { rule, considered, because: `${rule.id}: ${rule.trigger}. Signed by ${[...signers].join(' and ')}.` };
  }
  return {
    rule: { ...short, trigger: rule.trigger },
    considered: [short, ...considered],
    because: `${rule.id} allows longer, but a key compromise keeps the limit of ${short.id} unless two people sign otherwise.`,
  };
}

/** MS TRP 2.1.13: 24 hours from the notice whatever the reason; the reason stays that of the underlying row. */
function noticed(base: Selection, notice: Rule): Selection {
  const considered = [...base.considered, notice].sort(byUrgency);
  if (base.rule.limitSeconds !== null && base.rule.limitSeconds <= (notice.limitSeconds ?? 0)) {
    return { ...base, considered };
  }
  const reason: Reason | null = base.rule.revocationDuty === 'owed' ? base.rule.reason : notice.reason;
  return {
    rule: { ...notice, reason },
    considered,
    because: 'A notice of a root program has its own 24 hours, whatever the reason.',
  };
}

function exempt(base: Selection, exemption: Rule): Selection {
  if (base.rule.revocationDuty !== 'owed') return base;
  return {
    rule: { ...exemption, reason: base.rule.reason },
    considered: base.considered,
    because: `${base.rule.id} would apply, but the certificate is short-lived: revoking is optional, the answer within 24 hours is not.`,
  };
}

/** Rows that a label can stand for. */
function kindsOf(label: Label): readonly TriggerKind[] {
  switch (label) {
    case 'key-compromise':
      return ['key-compromise', 'key-computable', 'key-exposed'];
    case 'weak-key':
      return ['key-computable', 'key-parameters', 'key-exposed', 'key-compromise'];
    case 'misissuance':
      return [
        'issuance-non-compliant',
        'validation-unreliable',
        'information-inaccurate',
        'request-unauthorised',
        'key-parameters',
      ];
    case 'domain-control':
      return ['validation-unreliable', 'right-to-name-ended', 'request-unauthorised'];
    case 'misuse':
      return ['misuse', 'wildcard-misleading', 'agreement-breach', 'suspect-code'];
    case 'subscriber-request':
      return ['subscriber-request', 'request-unauthorised'];
    case 'wrong-information':
      return ['information-inaccurate', 'information-changed', 'right-to-name-ended'];
    case 'ca-noncompliance':
      return ['issuance-non-compliant', 'policy-document', 'right-to-issue-ended', 'validation-unreliable'];
    case 'other-problem':
      // Nothing fits before a person has looked: a proposed trigger may shorten, never lengthen.
      return [];
    case 'not-a-report':
      return [];
    default:
      return unreachable(label);
  }
}

/** The row to fear when nobody has named one. */
function fearedKind(label: Label, profile: Profile): TriggerKind {
  switch (label) {
    case 'key-compromise':
      return 'key-compromise';
    case 'weak-key':
      return 'key-computable';
    case 'misissuance':
      return 'issuance-non-compliant';
    // Lost right to a name (5 days) or validation that cannot be relied on (24 hours): the shorter until somebody says.
    case 'domain-control':
      return 'validation-unreliable';
    case 'misuse':
      return profile === 'code-signing' ? 'suspect-code' : 'misuse';
    case 'subscriber-request':
      return 'subscriber-request';
    case 'wrong-information':
      return 'information-inaccurate';
    case 'ca-noncompliance':
      return 'issuance-non-compliant';
    case 'other-problem':
    case 'not-a-report':
      return 'undetermined';
    default:
      return unreachable(label);
  }
}

/** What to look for where a rulebook has no row of a kind, nearest first. The last of each exists in all. */
const nearest: Partial<Record<TriggerKind, readonly TriggerKind[]>> = {
  'key-computable': ['key-compromise'],
  'key-exposed': ['key-compromise'],
  'key-parameters': ['key-compromise'],
  'validation-unreliable': ['issuance-non-compliant'],
  'suspect-code': ['misuse'],
  'wildcard-misleading': ['misuse'],
  'agreement-breach': ['issuance-non-compliant'],
  'right-to-name-ended': ['information-changed', 'information-inaccurate'],
  'information-changed': ['information-inaccurate'],
  'right-to-issue-ended': ['policy-document'],
};

/** The row of this profile for what happened, or the nearest the document has. */
function ownRow(rules: readonly Rule[], kind: TriggerKind, profile: Profile): Rule {
  const candidates = [kind, ...(nearest[kind] ?? []), 'undetermined' as const];
  for (const candidate of candidates) {
    const found = rules.find((rule) => rule.kind === candidate && rule.profile === profile);
    if (found !== undefined) return found;
  }
  return assert.fail(`profile ${profile} has no row for an undetermined report`);
}

function kindIn(rules: readonly Rule[], kind: TriggerKind, profile: Rule['profile']): Rule {
  const found = rules.find((rule) => rule.kind === kind && rule.profile === profile);
  assert(found !== undefined, `the rulebooks hold a row ${kind} for ${profile}`);
  return found;
}

function triggersOf(trigger: Question['trigger']): readonly string[] {
  if (trigger === null) return [];
  const list = typeof trigger === 'string' ? trigger.split(/[\s,]+/) : trigger;
  return list.filter((id) => id !== '');
}
