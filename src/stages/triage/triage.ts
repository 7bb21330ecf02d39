/**
 * Triage: what a message is about, what identifiers it carries, how long the CA has if it is true, and who gets it.
 * Pure and deterministic; no network, no clock. The reading room's findings come in as facts.
 */
import type { Artifacts, Because, Label, Triage, Verdict } from '../../desk/facts.ts';
import type { Message } from '../../foundation/mail/message.ts';
import { excerptOf } from './because.ts';
import { decideAction } from './decide.ts';
import { subjectDomains } from './domains.ts';
import { type Duty, type DutyFacts, dutyOf, teamOf } from './duty.ts';
import type { Reading } from './knowledge/reading.ts';
import { featuresOf, sentenceFeatures } from './model/features.ts';
import { logits, type Model, predict, type Scores } from './model/linear.ts';
import type { ObjectFacts } from './recognise/index.ts';
import { type Rules, rulesInForce } from './rules.ts';
import { defaultThresholds, type Thresholds } from './thresholds.ts';
import { type Understood, understand } from './understand.ts';

export interface TriageContext {
  /** What the reading room found in the message; null when it has not looked, then a light look of our own decides. */
  readonly objects: ObjectFacts | null;
  /** Whether the inventory knows a certificate for this name. */
  readonly ownDomains?: (name: string) => boolean;
  readonly verdictStrongest?: Verdict | null;
  /** Others than those in force, for the rules lab. */
  readonly thresholds?: Thresholds;
  readonly rules?: Pick<Rules, 'lexicons' | 'model'>;
}

const reasonsMax = 12;

export function triage(message: Message, context: TriageContext): Triage {
  const { lexicons, model } = context.rules ?? rulesInForce();
  return judge(understand(message, context.objects, lexicons), context, model);
}

/** The verdict on a message that has been read, under a given model: the committed one, or one of an evaluation. */
export function judge(understood: Understood, context: Omit<TriageContext, 'objects'>, model: Model): Triage {
  const { message, language, reading, recognised } = understood;
  const scores = predict(model, featuresOf(understood));
  const thresholds = context.thresholds ?? defaultThresholds;
  const { label, score } = proposeLabel(scores, recognised.artifacts, context.verdictStrongest ?? null);
  const report = label !== 'not-a-report';

  const about = aboutCertificates(reading) || holdsCertificate(recognised.artifacts);
  const domains = subjectDomains(message, recognised, label, about);
  const artifacts: Artifacts = { ...recognised.artifacts, domains };
  const evidence = evidenceOf(artifacts, domains, context.ownDomains);
  const { action, why } = decideAction({
    report,
    score,
    anchored: isAnchored(understood, label),
    evidence,
    language,
    letters: lettersOf(reading),
    objects: isObjection(reading),
    unreadable: message.problems,
    thresholds,
  });
  return {
    label,
    score: Math.round(score * 1000) / 1000,
    action,
    ...proposeDuty(label, scores, understood),
    route: action === 'file' ? null : (teamOf[label] ?? 'ssl-support'),
    language,
    artifacts,
    because: [
      ...reasonsOf(understood, model),
      ...evidence.map((one) => ({ signal: one, weight: 1, excerpt: '' })),
      ...why,
    ].slice(0, reasonsMax),
  };
}

/** The hours are those of the label, unless another label that is nearly as likely owes more haste. */
function proposeDuty(label: Label, scores: Scores, { reading, signals, recognised }: Understood): Duty {
  const facts: DutyFacts = {
    short: scores.short >= (cautious.has(label) ? shortFrom : shortSureFrom),
    malware: reading.sentences.some((one) => one.concepts.has('CODESIGN')),
    namesCertificate: namesCertificate(recognised.artifacts),
    unauthorised: signals.some((one) => one.signal.name.startsWith('certificate that its owner')),
    wildcard: reading.sentences.some((one) => one.words.includes('xwildhost')),
  };
  const duty = dutyOf(label, facts);
  if (label === 'not-a-report' || duty.deadlineHours === 24) return duty;
  for (const [other, probability] of scores.labels) {
    if (probability < plausibleFrom || other === label) continue;
    const hours = dutyOf(other, facts).deadlineHours;
    if (hours !== null && (duty.deadlineHours === null || hours < duty.deadlineHours))
      return { ...duty, deadlineHours: hours };
  }
  return duty;
}

/** "Never longer than true" against "exact": a third is enough doubt for the shorter class. */
const shortFrom = 0.35;
const plausibleFrom = 0.35;
/** Labels of which both classes are common; the others have one and leave it only on good ground. */
const cautious: ReadonlySet<Label> = new Set(['domain-control', 'misissuance', 'weak-key']);
const shortSureFrom = 0.8;

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

const certificateConcepts = [
  'CERT',
  'PRIVKEY',
  'KEY',
  'CTLOG',
  'CSR',
  'REVOKE',
  'VALIDATION',
  'DCVTROUBLE',
  'CHAIN',
  'CAAWORD',
];

function aboutCertificates(reading: Reading): boolean {
  return reading.sentences.some((one) => certificateConcepts.some((concept) => one.concepts.has(concept)));
}

function holdsCertificate(artifacts: Artifacts): boolean {
  return artifacts.hasCertificate || artifacts.hasCsr;
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

/** Signals first; where they say little, the sentences whose words weigh most in the model. */
function reasonsOf(understood: Understood, model: Model): Because[] {
  const bySignal = understood.signals
    .map(({ signal, excerpt }) => ({ signal: signal.name, weight: signal.weight, excerpt: excerptOf(excerpt) }))
    .sort((a, b) => Math.abs(b.weight) - Math.abs(a.weight))
    .slice(0, signalsMax);
  const sentences = understood.reading.sentences
    .slice(0, sentencesMax)
    .map((sentence) => ({ sentence, weight: logits(model.sentences, sentenceFeatures(sentence))[0]! }))
    .sort((a, b) => Math.abs(b.weight) - Math.abs(a.weight))
    .slice(0, 2)
    .map(({ sentence, weight }) => ({
      signal: weight > 0 ? 'words as in reports' : 'words as in ordinary mail',
      weight: Math.round(weight * 100) / 100,
      excerpt: excerptOf(sentence.text),
    }));
  return [...bySignal, ...sentences.filter((one) => one.weight !== 0)];
}

const signalsMax = 8;
const sentencesMax = 40;

const anchors =
  'CERT ISSUER_YOU PRIVKEY CSR CTLOG CRLOCSP CAAWORD REVOKE PHISH VICTIM MALWARE CODESIGN COMPROMISE HASCOPY BOUGHTDOMAIN LOSTDOMAIN NOTREQUESTED'.split(
    ' ',
  );
const subjectAnchors = ['CONTACTBOUNCE', 'NORESPONSE', 'SECURELY', 'POLICE', 'NOTREQUESTED'];

function isAnchored({ reading, signals }: Understood, label: Label): boolean {
  if (signals.some((one) => one.signal.weight > 0 && !one.tentative)) return true;
  const wanted = label === 'other-problem' || label === 'ca-noncompliance' ? [...anchors, ...subjectAnchors] : anchors;
  return reading.sentences.some((one) => wanted.some((concept) => one.concepts.has(concept)));
}

function lettersOf(reading: Reading): number {
  return reading.sentences.reduce(
    (sum, one) => sum + (one.zone === 'quoted' ? 0 : one.text.replace(/[^\p{L}]/gu, '').length),
    0,
  );
}

/** A court, a lawyer or a subscriber speaks against a revocation or asks for time: never filed, whatever it is. */
function isObjection(reading: Reading): boolean {
  const own = new Set(reading.sentences.filter((one) => one.zone !== 'quoted').flatMap((one) => [...one.concepts]));
  return own.has('HOLD') && ['REVOKE', 'CERT', 'COURT', 'WISH'].some((one) => own.has(one)) && !own.has('NEWSLETTER');
}
