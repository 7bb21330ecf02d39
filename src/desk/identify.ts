/**
 * Scope: which certificates a report concerns, and on what ground. Scope follows from what was *proven*, item by item:
 * three good keys lend no credit to the fourth (FM17), a claim widens nothing (FM18), and a proven key reaches every
 * certificate that carries it, whoever holds them (TLS BR 6.1.2, 4.9.1.1 (3)).
 */
import type { Fingerprint, SpkiHash } from '../foundation/brand.ts';
import { type Instant, isBefore } from '../foundation/time/time.ts';
import type { Basis, Reporter, RuleRef } from './events.ts';
import {
  type CertificateFacts,
  type EvidenceItem,
  type Label,
  type Profile,
  proving,
  type Reason,
  type Verdict,
} from './facts.ts';

export interface IdentifyInput {
  readonly label: Label;
  /** Rule id that triage or a person proposes, e.g. `TLS-05`; null leaves it to the label. */
  readonly trigger: string | null;
  /** The limit that the text itself allows at most; the shorter of this and the label's governs (FM12). */
  readonly hoursAtMost: number | null;
  readonly reporter: Reporter;
  readonly asksFor: string | null;
  readonly evidence: readonly EvidenceItem[];
  /** Certificates that the message names, by identifier, enclosed certificate or list. */
  readonly named: readonly CertificateFacts[];
  /** Every certificate with a key that the evidence proves, by fingerprint: the cascade. */
  readonly byKey: readonly CertificateFacts[];
  /** What an authenticated request brings beside its text; null for everything that is only a message. */
  readonly authority?: Authority | null;
  readonly now: Instant;
}

export interface Authority {
  /** The reason that the request carries; null leaves it to the rule. */
  readonly reason: Reason | null;
  /** The one certificate to which an ACME request entitles; null: the sender's own, as always. */
  readonly certificate: Fingerprint | null;
}

export interface Group {
  readonly label: Label;
  readonly basis: Basis;
  readonly verdict: Verdict | null;
  readonly rule: RuleRef;
  readonly reason: Reason;
  readonly profile: Profile;
  readonly keys: readonly SpkiHash[];
  readonly certificates: readonly CertificateFacts[];
}

export interface RuleChoice {
  readonly rule: RuleRef;
  readonly reason: Reason;
}

export type ChooseRule = (input: {
  readonly label: Label;
  readonly trigger: string | null;
  readonly hoursAtMost: number | null;
  readonly profile: Profile;
  readonly shortLived: boolean;
  readonly at: Instant;
}) => RuleChoice;

/** Splits what a report concerns into groups that share ground, rule and reason. Each becomes a matter with its clock. */
export function identify(input: IdentifyInput, chooseRule: ChooseRule): readonly Group[] {
  const groups = new Map<
    string,
    { group: Omit<Group, 'certificates' | 'keys'>; keys: Set<SpkiHash>; certificates: CertificateFacts[] }
  >();
  const add = (
    certificate: CertificateFacts,
    label: Label,
    trigger: string | null,
    basis: Basis,
    verdict: Verdict | null,
  ): void => {
    const hoursAtMost = basis === 'proof' ? null : input.hoursAtMost;
    const { profile, shortLived } = certificate;
    const chosen = chooseRule({ label, trigger, hoursAtMost, profile, shortLived, at: input.now });
    const { rule } = chosen;
    const reason = chosenByHolder(input, label, basis) ?? chosen.reason;
    const id = `${basis}|${verdict ?? ''}|${rule.id}|${rule.limitSeconds ?? ''}|${reason}|${profile}`;
    const entry = groups.get(id) ?? {
      group: { label, basis, verdict, rule, reason, profile },
      keys: new Set(),
      certificates: [],
    };
    entry.certificates.push(certificate);
    if (basis === 'proof') entry.keys.add(certificate.spkiHash);
    groups.set(id, entry);
  };

  const strength = provenStrength(input.evidence);
  const done = new Set<Fingerprint>();
  for (const certificate of input.byKey) {
    const verdict = strength.get(certificate.fingerprint) ?? strength.get(certificate.spkiHash);
    if (verdict === undefined || done.has(certificate.fingerprint)) continue;
    done.add(certificate.fingerprint);
    const computable = verdict === 'computable';
    const label = computable && input.label === 'weak-key' ? 'weak-key' : 'key-compromise';
    add(certificate, label, computable ? 'TLS-04' : 'TLS-03', 'proof', verdict);
  }

  const refuted = new Set<string>(input.evidence.filter((e) => e.verdict === 'refuted').flatMap((e) => e.refutedFor));
  const weak = parameterFault(input.evidence);
  for (const certificate of input.named) {
    const { fingerprint } = certificate;
    if (done.has(fingerprint) || refuted.has(fingerprint) || isBefore(certificate.notAfter, input.now)) continue;
    done.add(fingerprint);
    const { basis, verdict } = groundOf(certificate, input);
    const parameter = weak.has(certificate.spkiHash);
    add(
      certificate,
      input.label,
      parameter ? 'TLS-06' : input.trigger,
      parameter ? 'records' : basis,
      parameter ? null : verdict,
    );
  }
  return [...groups.values()].map(({ group, keys, certificates }) => ({ ...group, keys: [...keys], certificates }));
}

/** A holder's own request carries the holder's reason, of those a holder may choose (TLS BR 7.2.2; FM27). */
function chosenByHolder({ authority }: IdentifyInput, label: Label, basis: Basis): Reason | null {
  const reason = authority?.reason ?? null;
  if (basis !== 'subscriber' || label !== 'subscriber-request' || reason === 'privilegeWithdrawn') return null;
  return reason;
}

/** Strongest proving verdict per certificate and per key. */
function provenStrength(evidence: readonly EvidenceItem[]): ReadonlyMap<string, Verdict> {
  const strength = new Map<string, Verdict>();
  const note = (id: string, verdict: Verdict): void => {
    const before = strength.get(id);
    if (before === undefined || proving.indexOf(verdict) < proving.indexOf(before)) strength.set(id, verdict);
  };
  for (const item of evidence) {
    if (!proving.includes(item.verdict)) continue;
    for (const fingerprint of item.matches) note(fingerprint, item.verdict);
    // A proof verified under one certificate's own key holds for every certificate with that very key.
    if (item.spkiSha256 !== null && item.matches.length > 0) note(item.spkiSha256, item.verdict);
  }
  return strength;
}

function parameterFault(evidence: readonly EvidenceItem[]): ReadonlySet<SpkiHash> {
  const faulty = evidence.filter((e) => e.findings.some((f) => f.verdict === 'parameter'));
  return new Set(faulty.flatMap((e) => (e.spkiSha256 === null ? [] : [e.spkiSha256])));
}

/** What a certificate that is only named rests on. */
function groundOf(certificate: CertificateFacts, input: IdentifyInput): { basis: Basis; verdict: Verdict | null } {
  const { reporter, label, authority } = input;
  if (authority != null && authority.certificate === certificate.fingerprint)
    return { basis: 'subscriber', verdict: null };
  const holder = reporter.subscriber !== null && reporter.subscriber === certificate.subscriber;
  const keyMatter = label === 'key-compromise' || label === 'weak-key';
  if (reporter.kind === 'root-program') return { basis: 'root-program', verdict: null };
  if (keyMatter) {
    const verdict = weakestGround(certificate, input.evidence);
    // The holder's own *request* is authority for the holder's certificates, and for nobody else's. A holder who only
    // tells us something has asked for nothing: a named person looks first. One who disputes has claimed the contrary.
    if (!holder || input.asksFor === 'no-action') return { basis: 'claim', verdict };
    return { basis: input.asksFor === 'revoke' ? 'subscriber' : 'records', verdict };
  }
  if (label === 'subscriber-request')
    return { basis: holder && input.asksFor !== 'no-action' ? 'subscriber' : 'claim', verdict: null };
  if (label === 'other-problem' || label === 'not-a-report') return { basis: 'claim', verdict: null };
  return { basis: 'records', verdict: null };
}

function weakestGround(certificate: CertificateFacts, evidence: readonly EvidenceItem[]): Verdict {
  const signed = evidence.some(
    (e) =>
      e.verdict === 'possession-only' &&
      (e.spkiSha256 === certificate.spkiHash || e.matches.includes(certificate.fingerprint)),
  );
  return signed ? 'possession-only' : 'claim-only';
}
