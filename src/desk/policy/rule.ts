/**
 * What a rule is. Rules are effective-dated data with a citation, never constants in code: several dates in them lie
 * in the future or the past, and a closed case keeps the version that governed it. A change of a document is a new
 * `RulebookVersion`; an old one is never edited.
 *
 * Two shapes: a `Rule` says why a certificate has to go and by when; a `Duty` is every other interval that a document
 * sets (preliminary report, CRL period, incident report). Lengths stand in whole seconds, because that is how the
 * documents define an hour (3,600) and a day (86,400): no business days, no rounding to midnight.
 */
import type { Profile, Reason } from '../facts.ts';

export const hour = 3600;
export const day = 86_400;

/** Where a rule is written. Dates are `YYYY-MM-DD`, read as 00:00 UTC. */
export interface Citation {
  readonly document: string;
  readonly version: string;
  readonly section: string;
  readonly effectiveFrom: string;
  readonly effectiveUntil: string | null;
  /** The day on which somebody last compared this row with the document. */
  readonly lastChecked: string;
}

/**
 * What happened, in one vocabulary for all rulebooks, so that a trigger named in the words of one document finds its
 * counterpart in another (`TLS-03` on a certificate for e-mail is `SMIME-03`).
 */
export const triggerKinds = [
  'subscriber-request',
  'request-unauthorised',
  'key-compromise',
  'key-computable',
  'key-exposed',
  'key-parameters',
  'validation-unreliable',
  'misuse',
  'suspect-code',
  'wildcard-misleading',
  'agreement-breach',
  'right-to-name-ended',
  'information-changed',
  'information-inaccurate',
  'issuance-non-compliant',
  'right-to-issue-ended',
  'policy-document',
  'root-program-notice',
  'undetermined',
  'short-lived',
  'no-certificate',
  'no-report',
] as const;
export type TriggerKind = (typeof triggerKinds)[number];

export interface Rule extends Citation {
  /** `TLS-03`: rulebook and the number that the document itself gives the trigger. */
  readonly id: string;
  /** `any` binds whatever the certificate is for. */
  readonly profile: Profile | 'any';
  readonly kind: TriggerKind;
  /** The trigger in our own words. */
  readonly trigger: string;
  /** MUST: from receipt to *published* revocation. Null: no duty to revoke. */
  readonly limitSeconds: number | null;
  /** SHOULD, where the document has one. */
  readonly softLimitSeconds: number | null;
  /** The CRLReason to publish; null: leave the extension out (unspecified is never encoded). */
  readonly reason: Reason | null;
  /** Whether the document ties this reason to the trigger, or we chose it because the document is silent. */
  readonly reasonFrom: 'document' | 'desk-default';
  /** `exempt` and `none` keep every duty to investigate and report; they only lift the revocation limit. */
  readonly revocationDuty: 'owed' | 'exempt' | 'none';
  readonly note: string | null;
}

export interface Duty extends Citation {
  readonly id: string;
  readonly profile: Profile | 'any';
  readonly fromEvent: string;
  readonly toEvent: string;
  readonly limitSeconds: number;
  readonly softLimitSeconds: number | null;
  /** `at-least` for the few minima (retention, shortest OCSP validity). */
  readonly bound: 'at-most' | 'at-least';
}

export interface RulebookVersion {
  readonly version: string;
  readonly effectiveFrom: string;
  readonly effectiveUntil: string | null;
  readonly lastChecked: string;
  readonly rules: readonly Rule[];
  readonly duties: readonly Duty[];
}

export interface Rulebook {
  readonly id: string;
  readonly document: string;
  /** Oldest first, without gaps. */
  readonly versions: readonly RulebookVersion[];
}

/** One row as a rulebook file writes it: number, what happened, trigger, and the reason where it is not the default. */
export interface RuleRow {
  readonly number: string;
  readonly kind: TriggerKind;
  readonly trigger: string;
  readonly limitSeconds: number | null;
  readonly softLimitSeconds?: number;
  readonly reason: Reason | null;
  readonly reasonFrom?: 'desk-default';
  readonly section?: string;
  readonly revocationDuty?: 'exempt' | 'none';
  readonly note?: string;
}

/** Turns rows into rules that each carry the whole citation, so that a rule can travel alone into an event or letter. */
export function rulesOf(
  shared: Citation & { readonly prefix: string; readonly profile: Profile | 'any' },
  rows: readonly RuleRow[],
): readonly Rule[] {
  const { prefix, profile, section, ...citation } = shared;
  return rows.map((row) => ({
    ...citation,
    id: `${prefix}-${row.number}`,
    section: row.section ?? `${section} (${Number(row.number)})`,
    profile,
    kind: row.kind,
    trigger: row.trigger,
    limitSeconds: row.limitSeconds,
    softLimitSeconds: row.softLimitSeconds ?? null,
    reason: row.reason,
    reasonFrom: row.reasonFrom ?? 'document',
    revocationDuty: row.revocationDuty ?? 'owed',
    note: row.note ?? null,
  }));
}

/** Duties of one document version; each row names its section. */
export function dutiesOf(
  citation: Omit<Citation, 'section'>,
  rows: readonly (Pick<Duty, 'id' | 'profile' | 'section' | 'fromEvent' | 'toEvent' | 'limitSeconds'> & {
    readonly softLimitSeconds?: number;
    readonly bound?: 'at-least';
  })[],
): readonly Duty[] {
  return rows.map((row) => ({
    ...citation,
    ...row,
    softLimitSeconds: row.softLimitSeconds ?? null,
    bound: row.bound ?? 'at-most',
  }));
}
