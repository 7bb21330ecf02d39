/** What reading a message needs besides storage: triage, marks, threads, what the writer wants. */
import type { PumpParts } from '../app/intake-pump.ts';
import type { Entry } from '../app/read-message.ts';
import { type Label, labels, type Reason, reasonCodes, type Triage } from '../desk/facts.ts';
import type { CaseId, Fingerprint } from '../foundation/brand.ts';
import type { Message } from '../foundation/mail/message.ts';
import type { Time } from '../foundation/time/time.ts';
import { type GatewayBook, gatewayMarks, mailedAs } from '../stages/intake/gateway-log.ts';
import { receiptMarks } from '../stages/intake/marks.ts';
import type { Receipt } from '../stages/intake/receipt.ts';
import { mayAutoReply } from '../stages/intake/reply-policy.ts';
import { caseSentTo, threadKeys } from '../stages/intake/threads.ts';
import { readAnswer } from '../stages/outreach/answers.ts';
import type { Outbox } from '../stages/outreach/outbox/outbox.ts';
import { triage } from '../stages/triage/triage.ts';
import type { Config } from './config.ts';

type Parts = Pick<
  PumpParts,
  | 'senders'
  | 'triage'
  | 'receiptMarks'
  | 'mayAutoReply'
  | 'asksFor'
  | 'threadOf'
  | 'entryOf'
  | 'threadKeys'
  | 'unreadable'
  | 'readAnswer'
>;

/** Longest list of ids that a message may say it answers. */
const referencesMax = 100;

export function readParts({
  config,
  outbox,
  gatewayBook,
  time,
  secret,
}: {
  readonly config: Config;
  readonly outbox: Outbox;
  readonly gatewayBook: GatewayBook;
  readonly time: Time;
  /** Signs the addresses to which answers go. */
  readonly secret: Uint8Array;
}): Parts {
  const { trustedHosts, staffDomains, staffZones } = config.intake;
  const trust = { trustedHosts, staffDomains, staffZones };
  return {
    senders: { trustedHosts, staffDomains, rootPrograms: config.intake.rootPrograms },
    triage: (message, objects, isOurs) => triage(message, { objects, ownDomains: isOurs }),
    async receiptMarks(message, arrival) {
      const [own, ...rest] = arrival.marks;
      const acceptance = own === undefined ? null : { source: own.source, at: own.at, detail: own.detail };
      const mailed = mailedAs(message, arrival);
      const lines = await gatewayBook.about(mailed);
      return [...receiptMarks({ message, acceptance, trust }), ...rest, ...gatewayMarks(mailed, lines)];
    },
    async mayAutoReply(message, { envelopeFrom }, thread) {
      const address = (message.replyTo[0] ?? message.from[0])?.address ?? '';
      const now = time.now();
      const since = { day: now.subtract({ hours: 24 }), hour: now.subtract({ hours: 1 }) };
      const sent = await outbox.acknowledged(address, since, thread);
      const ownAddresses = [/<([^<>]+)>/.exec(config.mail.from)?.[1] ?? config.mail.from];
      return mayAutoReply(message, { envelopeFrom: envelopeFrom ?? message.returnPath, ownAddresses, sent }).ok;
    },
    asksFor: (message) => asksForIn(message),
    async threadOf(message, { envelopeTo }) {
      const addresses = [
        ...envelopeTo,
        ...message.deliveredTo,
        ...[...message.to, ...message.cc].map((a) => a.address),
      ];
      const sentTo = caseSentTo(addresses, [secret], time.now());
      if (sentTo !== null) return sentTo;
      for (const id of [...message.inReplyTo, ...[...message.references].reverse()].slice(0, referencesMax)) {
        const letter = await outbox.byMessageId(id);
        if (letter !== null) return letter.caseId as CaseId;
      }
      return null;
    },
    entryOf: entryOf,
    threadKeys,
    unreadable,
    readAnswer,
  };
}

/** Pleas and agreements, in the words of the desk's rules. A bounce or an out-of-office note asks for nothing. */
function asksForIn(message: Message): string | null {
  const { answer } = readAnswer(message);
  if (answer === 'asks-more-time') return 'more-time';
  if (answer === 'agrees') return 'revoke';
  if (answer === 'disputes') return 'no-action';
  return null;
}

/** The lines that staff entry adds to the message it stores; believed on that channel alone. */
function entryOf(receipt: Receipt, message: Message): Entry | null {
  const ofHolder = receipt.channel === 'acme' || receipt.channel === 'subscriber-api';
  if (receipt.channel !== 'manual' && !ofHolder) return null;
  const header = (name: string): string | null => message.headers.get(name)?.[0]?.trim() || null;
  const claims = header('x-rescind-label');
  const known = header('x-rescind-first-known');
  return {
    from: message.from[0]?.address || null,
    claims: (labels as readonly string[]).includes(claims ?? '') ? (claims as Label) : null,
    asksFor: header('x-rescind-asks-for'),
    subjects: [],
    firstKnownAt: known === null ? null : Temporal.Instant.from(known),
    caseId: header('x-rescind-case') as CaseId | null,
    reason: reasonOf(header('x-rescind-reason')),
    acme: ofHolder ? acmeOf(header('x-rescind-acme')) : null,
  };
}

function reasonOf(text: string | null): Reason | null {
  return Object.keys(reasonCodes).find((name): name is Reason => name === text) ?? null;
}

/** `certificate-key <SHA-256>`, as the desk's own doors for holders write it. */
function acmeOf(text: string | null): Entry['acme'] {
  const read = /^(certificate-key|account|authorisations) ([0-9a-f]{64})$/.exec(text ?? '');
  return read === null
    ? null
    : { by: read[1] as NonNullable<Entry['acme']>['by'], fingerprint: read[2] as Fingerprint };
}

const unreadable: Triage = {
  label: 'other-problem',
  score: 0.5,
  action: 'human-review',
  deadlineHours: 24,
  trigger: null,
  route: 'pki-support',
  language: 'und',
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
  because: [{ signal: 'unreadable', weight: 1, excerpt: '' }],
};
