/**
 * Triage: what a message is about, what identifiers it carries, how long the CA has if it is true, and who gets it.
 * Pure and deterministic; no network, no clock. The reading room's findings come in as facts.
 */
import type { Artifacts, Because, Label, Triage, Verdict } from '../../desk/facts.ts';
import type { Message } from '../../foundation/mail/message.ts';
import { excerptOf } from './because.ts';
import { decideAction } from './decide.ts';
import { subjectDomains } from './domains.ts';
import { dutyOf, teamOf } from './duty.ts';
import type { Reading } from './knowledge/reading.ts';
import type { SignalFound } from './knowledge/signals.ts';
import { featuresOf } from './model/features.ts';
import { committedModel, predict, type Scores } from './model/linear.ts';
import type { ObjectFacts } from './recognise/index.ts';
import { defaultThresholds, type Thresholds } from './thresholds.ts';
import { understand } from './understand.ts';

export interface TriageContext {
  /** What the reading room found in the message; null when it has not looked, then a light look of our own decides. */
  readonly objects: ObjectFacts | null;
  /** Whether the inventory knows a certificate for this name. */
  readonly ownDomains?: (name: string) => boolean;
  readonly verdictStrongest?: Verdict | null;
  readonly thresholds?: Thresholds;
}

const reasonsMax = 12;

export function triage(message: Message, context: TriageContext): Triage {
  const understood = understand(message, context.objects);
  const { language, reading, signals, recognised } = understood;
  const scores = predict(committedModel(), featuresOf(understood));
  const { label, score } = proposeLabel(scores, recognised.artifacts, context.verdictStrongest ?? null);
  const report = label !== 'not-a-report';

  const duty = dutyOf(label, {
    short: scores.short >= 0.35,
    namesCertificate: namesCertificate(recognised.artifacts),
    unauthorised: signals.some((one) => one.signal.name.startsWith('certificate that its owner')),
    wildcard: reading.sentences.some((one) => one.words.includes('xwildhost')),
    statesReason: false,
  });
  const domains = subjectDomains(message, recognised, label, aboutCertificates(reading));
  const artifacts: Artifacts = { ...recognised.artifacts, domains };
  const evidence = evidenceOf(artifacts, domains, context.ownDomains);
  const { action, why } = decideAction({
    report,
    score,
    evidence,
    language,
    unreadable: message.problems,
    thresholds: context.thresholds ?? defaultThresholds,
  });
  return {
    label,
    score: Math.round(score * 1000) / 1000,
    action,
    ...duty,
    route: action === 'file' ? null : (teamOf[label] ?? 'ssl-support'),
    language,
    artifacts,
    because: [...reasonsOf(signals), ...evidence.map((one) => ({ signal: one, weight: 1, excerpt: '' })), ...why].slice(
      0,
      reasonsMax,
    ),
  };
}

function proposeLabel(scores: Scores, artifacts: Artifacts, verdict: Verdict | null): { label: Label; score: number } {
  // A key in the message is key compromise, whatever is written around it (corpus rule 3).
  if (artifacts.hasPrivateKey || verdict === 'proven-key' || verdict === 'proven-statement') {
    return { label: 'key-compromise', score: Math.max(scores.report, 0.99) };
  }
  if (verdict === 'computable') return { label: 'weak-key', score: Math.max(scores.report, 0.97) };
  if (scores.report < 0.5) return { label: 'not-a-report', score: scores.report };
  const [best] = [...scores.labels].sort((a, b) => b[1] - a[1]);
  return { label: best![0], score: scores.report };
}

function namesCertificate(artifacts: Artifacts): boolean {
  return (
    artifacts.hasCertificate ||
    artifacts.fingerprintsSha256.length + artifacts.serials.length + artifacts.crtshIds.length > 0
  );
}

const certificateConcepts = ['CERT', 'PRIVKEY', 'KEY', 'CTLOG', 'CSR', 'REVOKE', 'VALIDATION', 'DCVTROUBLE', 'CHAIN', 'CAAWORD'];

function aboutCertificates(reading: Reading): boolean {
  return reading.sentences.some((one) => certificateConcepts.some((concept) => one.concepts.has(concept)));
}

/** Evidence as promise 5 of the design defines it; a domain counts only when the inventory says that it is ours. */
function evidenceOf(
  artifacts: Artifacts,
  domains: readonly string[],
  ownDomains: TriageContext['ownDomains'],
): string[] {
  const evidence: string[] = [];
  if (artifacts.hasPrivateKey) evidence.push('private key enclosed');
  if (artifacts.hasCertificate) evidence.push('certificate enclosed');
  if (artifacts.hasCsr) evidence.push('certificate request enclosed');
  if (artifacts.fingerprintsSha256.length > 0) evidence.push('certificate fingerprint');
  if (artifacts.serials.length > 0) evidence.push('certificate serial number');
  if (artifacts.crtshIds.length > 0) evidence.push('crt.sh id');
  if (artifacts.spkiSha256.length > 0) evidence.push('key hash');
  if (ownDomains && domains.some(ownDomains)) evidence.push('name in our inventory');
  return evidence;
}

function reasonsOf(signals: readonly SignalFound[]): Because[] {
  return signals
    .map(({ signal, excerpt }) => ({ signal: signal.name, weight: signal.weight, excerpt: excerptOf(excerpt) }))
    .sort((a, b) => Math.abs(b.weight) - Math.abs(a.weight));
}
