import type { Case, Matter } from '../../src/desk/case.ts';
import type { Command } from '../../src/desk/commands.ts';
import { decide } from '../../src/desk/decide.ts';
import type { Event, MatterFacts, Reporter, ReportFacts } from '../../src/desk/events.ts';
import { evolve } from '../../src/desk/evolve.ts';
import type { EvidenceItem, Triage } from '../../src/desk/facts.ts';
import type { PlanPolicy } from '../../src/desk/plan.ts';
import { isRefusal, type Refusal } from '../../src/desk/refusal.ts';
import type { CaseId, Fingerprint, Serial, SpkiHash } from '../../src/foundation/brand.ts';
import { at, hours, type Instant } from '../../src/foundation/time/time.ts';

export { at };
export const caseId = 'case-1' as CaseId;
export const received = at('2024-08-31T17:49:00Z');

export function aReporter(changes: Partial<Reporter> = {}): Reporter {
  return {
    address: 'researcher@keywatch.example',
    name: '',
    kind: 'third-party',
    subscriber: null,
    language: 'en',
    mayAutoReply: true,
    ...changes,
  };
}

export function aReport(changes: Partial<ReportFacts> & { receivedAt?: Instant } = {}): ReportFacts {
  const { receivedAt = received, ...rest } = changes;
  return {
    reportId: 'r1',
    channel: 'smtp',
    source: 'support@ca.example/inbox',
    marks: [{ source: 'own-acceptance', at: receivedAt, trusted: true, detail: 'mx.ca.example' }],
    reporter: aReporter(),
    subject: 'private keys for four of your certificates',
    messageId: '<1@keywatch.example>',
    contentSha256: '00',
    asksFor: null,
    ...rest,
  };
}

export function aTriage(changes: Partial<Triage> = {}): Triage {
  return {
    label: 'key-compromise',
    score: 0.99,
    action: 'open-case',
    deadlineHours: 24,
    trigger: 'TLS-03',
    route: 'pki-team',
    language: 'en',
    artifacts: {
      fingerprintsSha256: [],
      serials: [],
      crtshIds: [],
      spkiSha256: [],
      domains: [],
      urls: [],
      hasPrivateKey: false,
      hasCertificate: false,
      hasCsr: false,
      derivedFingerprintsSha256: [],
      derivedSerials: [],
    },
    because: [],
    ...changes,
  };
}

export function anItem(changes: Partial<EvidenceItem> = {}): EvidenceItem {
  return {
    source: 'keys.zip>1.pem',
    form: 'private-key',
    verdict: 'proven-key',
    spkiSha256: 'aa' as SpkiHash,
    keyType: 'rsa',
    bits: 2048,
    findings: [],
    matches: ['f1' as Fingerprint],
    refutedFor: [],
    proof: null,
    because: 'The key signed a fresh statement that verifies under the certificate’s own key.',
    ...changes,
  };
}

export function aMatter(changes: Partial<MatterFacts> = {}): MatterFacts {
  return {
    matterId: 'm1',
    reportId: 'r1',
    label: 'key-compromise',
    basis: 'proof',
    verdict: 'proven-key',
    rule: {
      id: 'TLS-03',
      document: 'TLS BR',
      version: '2.2.6',
      section: '4.9.1.1 (3)',
      limitSeconds: 86_400,
      softLimitSeconds: null,
    },
    profile: 'tls',
    reason: 'keyCompromise',
    startAt: received,
    dueAt: received.add(hours(24)),
    keys: ['aa' as SpkiHash],
    set: {
      setId: 's1',
      count: 4,
      digest: 'd',
      listed: [
        {
          fingerprint: 'f1' as Fingerprint,
          serial: '4a' as Serial,
          name: 'shop.customer.example',
          subscriber: 'SUB-1',
          notAfter: at('2025-01-28T00:00:00Z'),
        },
      ],
      subscriberCount: 1,
      subscribers: ['SUB-1'],
    },
    ...changes,
  };
}

export function aReceive(changes: Partial<Extract<Command, { do: 'receive' }>> = {}): Command {
  return {
    do: 'receive',
    report: aReport(),
    triage: aTriage(),
    evidence: [anItem()],
    awaiting: null,
    matters: [aMatter()],
    touches: [],
    joins: null,
    ...changes,
  };
}

/** The default policy in miniature: six hours of silence, two hours to publish, one approval for our own findings. */
export const aPolicy: PlanPolicy = {
  approvalsNeeded: (matter) => (matter.basis === 'records' ? 1 : 0),
  cutOffAt: (matter) => matter.startAt.add(hours(6)),
  publishMargin: hours(2),
  ladder: (matter) => [
    { step: 'reminder', at: matter.startAt.add(hours(1)), what: 'letter', team: 'pki-team' },
    { step: 'page-3h', at: matter.startAt.add(hours(3)), what: 'page', team: 'pki-team' },
  ],
};

export function apply(current: Case | null, events: readonly Event[]): Case {
  const after = events.reduce<Case | null>((c, e) => evolve(caseId, c, e), current);
  if (after === null) throw new Error('no events');
  return after;
}

/** Decides and folds; throws when the desk refuses, so that a test says which. */
export function decided(current: Case | null, command: Command, now: Instant = received, by = 'desk'): Case {
  const decision = decide(current, command, { now, by });
  if (isRefusal(decision)) throw new Error(`refused: ${decision.code}`);
  return apply(current, decision);
}

export function refusalOf(current: Case | null, command: Command, now: Instant = received): Refusal {
  const decision = decide(current, command, { now, by: 'person:a' });
  if (!isRefusal(decision)) throw new Error('not refused');
  return decision;
}

export function firstMatter(current: Case): Matter {
  const matter = current.matters[0];
  if (matter === undefined) throw new Error('no matter');
  return matter;
}
