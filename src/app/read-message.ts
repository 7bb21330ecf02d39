/**
 * Opens one stored message in the reading room, recognises what it is, finds every certificate it concerns and hands the
 * facts to `fileReport`. The readable message never comes here with a private key in it.
 */
import type { MarkSource, ReceiptMark } from '../desk/clock/receipt-mark.ts';
import type { Reporter } from '../desk/events.ts';
import type { CertificateFacts, EvidenceItem, Label, Reason, Triage } from '../desk/facts.ts';
import type { Authority } from '../desk/identify.ts';
import type { CaseId, Fingerprint, Serial } from '../foundation/brand.ts';
import type { Message } from '../foundation/mail/message.ts';
import type { Instant } from '../foundation/time/time.ts';
import { forRecognition, type IdentifierList, identifierLists, serialWords } from './identifier-list.ts';
import { identifyReporter, type SenderRules } from './identify-reporter.ts';
import type { CertificateBook, CertificateBytes, CoreParts, FoundKeys, Reading, Room, WeakKeys } from './ports.ts';
import type { ReadReport } from './read-report.ts';

/** What the inventory is asked about one message. */
export interface Finder extends CertificateBook {
  bySerials(serials: readonly string[]): Promise<readonly CertificateFacts[]>;
  byNames(names: readonly string[]): Promise<readonly CertificateFacts[]>;
  /** Which of these names stand in certificates of ours. */
  namesAmong(names: readonly string[]): Promise<ReadonlySet<string>>;
  /** Every certificate with one of these key hashes, whichever of the three indexes it stands in. */
  byKeys(hashes: readonly string[]): Promise<readonly CertificateFacts[]>;
  byCrtshIds(ids: readonly string[]): Promise<readonly CertificateFacts[]>;
  bytesOf(fingerprints: readonly Fingerprint[]): Promise<ReadonlyMap<Fingerprint, Uint8Array>>;
}

export interface ReadParts extends CoreParts {
  readonly room: Room;
  readonly finder: Finder;
  readonly weakKeys: WeakKeys;
  readonly senders: SenderRules;
  readonly triage: (message: Message, objects: Reading['objects'], isOurs: (name: string) => boolean) => Triage;
  readonly receiptMarks: (message: Message, arrival: ArrivalFacts) => Promise<readonly ReceiptMark[]>;
  readonly mayAutoReply: (message: Message, arrival: ArrivalFacts, thread: CaseId | null) => Promise<boolean>;
  readonly asksFor: (message: Message, triage: Triage) => string | null;
  /** Case that a message answers, by what it was sent to and by its In-Reply-To and References. */
  readonly threadOf: (message: Message, arrival: ArrivalFacts) => Promise<CaseId | null>;
  /** Our own control letter came back: no report, and proof that letters leave the house. */
  readonly isControl?: (message: Message) => Promise<boolean>;
  /** Locked keys of earlier reports of a case, opened with pass phrases that this message gives. */
  readonly unlockEarlier?: (caseId: CaseId, message: Message) => Promise<readonly EvidenceItem[]>;
}

/** What a member of staff typed in beside the text (phone, letter, another system's ticket). */
export interface Entry {
  readonly from: string | null;
  readonly claims: Label | null;
  readonly asksFor: string | null;
  readonly subjects: readonly Fingerprint[];
  readonly firstKnownAt: Instant | null;
  readonly caseId: CaseId | null;
  /** CRL reason that the holder chose in the console; it counts for the holder's own request and nothing else (FM27). */
  readonly reason: Reason | null;
  /** The CA's ACME server took a revokeCert request and verified who signed it (RFC 8555 section 7.6). */
  readonly acme: AcmeRequest | null;
}

export interface AcmeRequest {
  /** Signed by the certificate's own key, by the account it was issued to, or by another that controls all its names. */
  readonly by: 'certificate-key' | 'account' | 'authorisations';
  readonly fingerprint: Fingerprint;
}

/** What the channel knew of a message before anybody read it. */
export interface ArrivalFacts {
  readonly marks: readonly ReceiptMark[];
  readonly acceptedAt: Instant;
  /** Null when there was no envelope; empty for the null sender. */
  readonly envelopeFrom: string | null;
  readonly envelopeTo: readonly string[];
}

export interface StoredMessage extends ArrivalFacts {
  readonly reportId: string;
  readonly bytes: Uint8Array;
  readonly sealed: boolean;
  readonly keyId: string | null;
  /** A hint for the reading room; true when in doubt. */
  readonly mayHoldKey?: boolean;
  readonly sha256: string;
  readonly channel: string;
  readonly source: string;
  /** What staff typed in beside the text; only entries of our own staff have one. */
  readonly entryOf: (message: Message) => Entry | null;
}

export type ReadMessage =
  | { readonly to: 'case'; readonly read: ReadReport; readonly reading: Reading }
  | { readonly to: 'file'; readonly triage: Triage; readonly reading: Reading };

/** Certificates of one domain that a mere host name may concern. */
const byNameMax = 200;
/** Hashes of a message that are also tried as hashes of keys. */
const keysMax = 2_000;
/** Distinct keys of named certificates that are checked for weakness at once. */
const weakChecksMax = 2_000;

/** What one message is, before anything is asked of other messages: may be found out for many at the same time. */
export interface OpenedMessage {
  readonly reading: Reading;
  readonly entry: Entry | null;
  /** The message as recognisers see it. */
  readonly short: Message;
  /** Host names of the message that stand in certificates of ours. */
  readonly ours: ReadonlySet<string>;
  readonly triage: Triage;
  readonly acme: readonly EvidenceItem[];
  /** Null for what is to be filed; a thread may still lead it to a case. */
  readonly scope: Scope | null;
}

/** What a message is about, as far as it follows from itself and the inventory. */
interface Scope {
  readonly named: readonly CertificateFacts[];
  /** Found in the message, computed from keys of the certificates it names, or verified by our own ACME server. */
  readonly evidence: readonly EvidenceItem[];
  readonly byKey: readonly CertificateFacts[];
  readonly marks: readonly ReceiptMark[];
}

export async function openMessage(parts: ReadParts, stored: StoredMessage): Promise<OpenedMessage> {
  const receivedAt = stored.marks.find((m) => m.trusted)?.at ?? parts.time.now();
  const { bytes, sealed, keyId, reportId, mayHoldKey = true } = stored;
  const found = new Map<Fingerprint, CertificateFacts>();
  const reading = await parts.room.read({ bytes, sealed, keyId, reportId, receivedAt, mayHoldKey }, (keys) =>
    lookUp(parts, keys, found),
  );
  const entry = stored.entryOf(reading.message);
  const short = forRecognition(reading.message);
  const ours = await oursAmong(parts, short);
  const proposed = parts.triage(short, reading.objects, (name) => ours.has(name.toLowerCase()));
  const acme = await acmeEvidence(parts, entry?.acme ?? null);
  const triage = withEntry(proposed, entry, [...reading.evidence, ...acme]);
  const opened = { reading, entry, short, ours, acme, triage };
  return { ...opened, scope: triage.action === 'file' ? null : await scopeOf(parts, stored, opened) };
}

async function scopeOf(
  parts: ReadParts,
  stored: StoredMessage,
  { reading, entry, short, ours, triage, acme }: Omit<OpenedMessage, 'scope'>,
): Promise<Scope> {
  const [named, marks] = await Promise.all([
    namedBy(parts, triage, entry, ours, identifierLists(reading.message), serialWords(short)),
    parts.receiptMarks(reading.message, stored),
  ]);
  const evidence = [...reading.evidence, ...(await weakAmong(parts, triage.label, named)), ...acme];
  return { named, evidence, marks: [...marks, ...entryMarks(entry)], byKey: await cascade(parts, evidence) };
}

/** Where it goes. Looks at earlier messages and their cases, so messages are asked one after the other. */
export async function placeMessage(
  parts: ReadParts,
  stored: StoredMessage,
  opened: OpenedMessage,
): Promise<ReadMessage> {
  const { reportId } = stored;
  const { reading, entry, triage } = opened;
  const thread = entry?.caseId ?? (await parts.threadOf(reading.message, stored));
  const own = stored.channel !== 'manual' && ((await parts.isControl?.(reading.message)) ?? false);
  if (own || (triage.action === 'file' && thread === null)) return { to: 'file', triage, reading };

  const scope = opened.scope ?? (await scopeOf(parts, stored, opened));
  const unlocked = thread === null ? [] : ((await parts.unlockEarlier?.(thread, reading.message)) ?? []);
  const mayAutoReply = await parts.mayAutoReply(reading.message, stored, thread);
  const reporter = await reporterOf(parts, { message: reading.message, triage, entry, mayAutoReply });
  const authority = authorityOf(entry);
  const read: ReadReport = {
    report: {
      reportId,
      channel: stored.channel,
      source: stored.source,
      marks: scope.marks,
      reporter,
      subject: reading.message.subject,
      messageId: reading.message.messageIdSynthetic ? null : reading.message.messageId,
      contentSha256: stored.sha256,
      asksFor: entry?.asksFor ?? parts.asksFor(reading.message, triage),
    },
    triage,
    evidence: [...scope.evidence, ...unlocked],
    named: scope.named,
    authority,
    byKey: unique([...scope.byKey, ...(await cascade(parts, unlocked))]),
    awaiting: awaitingOf(triage, reading),
    thread,
  };
  return { to: 'case', read, reading };
}

/** The holder's reason, and who the ACME server found entitled to one certificate. */
function authorityOf(entry: Entry | null): Authority | null {
  if (entry === null) return null;
  if (entry.acme?.by === 'account') return { reason: entry.reason, certificate: entry.acme.fingerprint };
  // Whoever controls the names may end their use in this certificate; it shows nothing about the key (TLS BR 4.9.1.1 (9)).
  if (entry.acme?.by === 'authorisations')
    return { reason: 'cessationOfOperation', certificate: entry.acme.fingerprint };
  return entry.reason === null ? null : { reason: entry.reason, certificate: null };
}

/** A revokeCert request signed by the certificate's key: the CA's own ACME server verified the signature. */
async function acmeEvidence(parts: ReadParts, acme: AcmeRequest | null): Promise<readonly EvidenceItem[]> {
  if (acme === null || acme.by !== 'certificate-key') return [];
  const certificates = await parts.finder.byFingerprints([acme.fingerprint]);
  return certificates.map((certificate) => ({
    source: 'ACME revokeCert',
    form: 'jws',
    verdict: 'proven-key',
    spkiSha256: certificate.spkiHash,
    keyType: null,
    bits: null,
    findings: [],
    matches: [certificate.fingerprint],
    refutedFor: [],
    proof: null,
    because: 'The request to revoke was signed with the private key of the certificate; the ACME server verified it.',
  }));
}

async function lookUp(
  parts: ReadParts,
  keys: FoundKeys,
  found: Map<Fingerprint, CertificateFacts>,
): Promise<readonly CertificateBytes[]> {
  const facts = [
    ...(await parts.finder.byKeys(keys.keyHashes)),
    ...(await parts.finder.byFingerprints(keys.fingerprints as Fingerprint[])),
  ];
  for (const fact of facts) found.set(fact.fingerprint, fact);
  const bytes = await parts.finder.bytesOf([...found.keys()]);
  return [...bytes].map(([fingerprint, der]) => ({ fingerprint, der }));
}

/** Every certificate with a proven key, whoever holds it (TLS BR 6.1.2): also those the report does not name. */
export async function cascade(
  parts: { readonly finder: Pick<Finder, 'byKeys' | 'byFingerprints'> },
  evidence: readonly EvidenceItem[],
): Promise<readonly CertificateFacts[]> {
  const proven = evidence.filter(
    (e) => e.verdict === 'proven-key' || e.verdict === 'proven-statement' || e.verdict === 'computable',
  );
  if (proven.length === 0) return [];
  const hashes = proven.flatMap((e) => (e.spkiSha256 === null ? [] : [e.spkiSha256]));
  const facts = [
    ...(await parts.finder.byKeys(hashes)),
    ...(await parts.finder.byFingerprints(proven.flatMap((e) => e.matches))),
  ];
  return unique(facts);
}

/** Host names of the message that stand in certificates of ours. */
async function oursAmong(parts: ReadParts, message: Message): Promise<ReadonlySet<string>> {
  const names = new Set<string>();
  for (const block of message.texts)
    for (const name of block.text.toLowerCase().matchAll(hostName)) if (names.size < hostNamesMax) names.add(name[0]);
  return names.size === 0 ? names : await parts.finder.namesAmong([...names]);
}

const hostName = /(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.){1,8}[a-z]{2,24}/g;
const hostNamesMax = 100_000;

async function namedBy(
  parts: ReadParts,
  triage: Triage,
  entry: Entry | null,
  ours: ReadonlySet<string>,
  list: IdentifierList,
  words: readonly string[],
): Promise<readonly CertificateFacts[]> {
  const { artifacts } = triage;
  const { finder } = parts;
  const fingerprints = [
    ...artifacts.fingerprintsSha256,
    ...artifacts.derivedFingerprintsSha256,
    ...(entry?.subjects ?? []),
    ...list.fingerprints,
  ] as Fingerprint[];
  const byFingerprint = await finder.byFingerprints(fingerprints);
  const found = new Set<string>(byFingerprint.map((c) => c.serial));
  const serials = [...artifacts.serials, ...artifacts.derivedSerials, ...list.serials, ...words].filter(
    (s) => !found.has(s),
  ) as Serial[];
  const facts = [
    ...byFingerprint,
    ...(await finder.bySerials(serials)),
    ...(await finder.byKeys([...artifacts.spkiSha256, ...artifacts.fingerprintsSha256].slice(0, keysMax))),
    ...(await finder.byCrtshIds(artifacts.crtshIds)),
    ...(list.names.length === 0 ? [] : await finder.byNames(list.names)),
  ];
  if (facts.length > 0 || triage.label === 'not-a-report') return unique(facts);
  // Nothing but host names: only those the message is about, and only where that is few certificates.
  const names = artifacts.domains.filter((d) => ours.has(d));
  const byName = await finder.byNames(names);
  return byName.length > byNameMax && names.length < byName.length / 2 ? [] : unique(byName);
}

export interface WeakParts {
  readonly finder: Pick<Finder, 'bytesOf' | 'byKeys' | 'byFingerprints'>;
  readonly weakKeys: WeakKeys;
}

/** Keys of named certificates that anybody can compute, where the report is about keys (TLS BR 4.9.1.1 (4)). */
export async function weakAmong(
  parts: WeakParts,
  label: Label,
  named: readonly CertificateFacts[],
): Promise<readonly EvidenceItem[]> {
  if (label !== 'weak-key' && label !== 'key-compromise') return [];
  const byKey = new Map(named.map((c) => [c.spkiHash, c]));
  const few = [...byKey.values()].slice(0, weakChecksMax);
  const bytes = await parts.finder.bytesOf(few.map((c) => c.fingerprint));
  return parts.weakKeys.check(
    few.flatMap((c) => {
      const der = bytes.get(c.fingerprint);
      return der === undefined ? [] : [{ fingerprint: c.fingerprint, der, spkiHash: c.spkiHash }];
    }),
  );
}

async function reporterOf(
  parts: ReadParts,
  read: {
    readonly message: Message;
    readonly triage: Triage;
    readonly entry: Entry | null;
    readonly mayAutoReply: boolean;
  },
): Promise<Reporter> {
  const { message, triage, entry, mayAutoReply } = read;
  const { senders: rules, directory } = parts;
  return identifyReporter(message, { rules, directory, language: triage.language, mayAutoReply, entry });
}

/**
 * Staff may name the label; the shorter of their limit and the text's governs (FM12), so the trigger that the text itself
 * shows is kept. Proof beats every opinion.
 */
function withEntry(proposed: Triage, entry: Entry | null, evidence: readonly EvidenceItem[]): Triage {
  const proven = evidence.some((e) => e.verdict === 'proven-key' || e.verdict === 'proven-statement');
  const base: Triage = proven
    ? {
        ...proposed,
        label: 'key-compromise',
        action: 'open-case',
        deadlineHours: 24,
        trigger: 'TLS-03',
        route: 'pki-team',
      }
    : proposed;
  if (entry?.acme != null && !proven) {
    return {
      ...base,
      label: 'subscriber-request',
      action: 'open-case',
      deadlineHours: 24,
      trigger: 'TLS-01',
      route: 'ssl-support',
    };
  }
  if (entry?.claims === null || entry === null) return base;
  if (proven || entry.claims === base.label)
    return { ...base, action: entry.claims === 'not-a-report' && !proven ? base.action : 'open-case' };
  if (base.label === 'not-a-report')
    return {
      ...base,
      label: entry.claims,
      action: 'open-case',
      deadlineHours: null,
      trigger: null,
      route: base.route ?? 'pki-team',
    };
  const shorter = base.deadlineHours === 24;
  return {
    ...base,
    label: shorter ? base.label : entry.claims,
    action: 'open-case',
    trigger: shorter ? base.trigger : null,
    deadlineHours: shorter ? 24 : null,
  };
}

function entryMarks(entry: Entry | null): readonly ReceiptMark[] {
  if (entry?.firstKnownAt == null) return [];
  const source: MarkSource = 'staff-first-heard';
  return [{ source, at: entry.firstKnownAt, trusted: false, detail: 'Stated by staff when the entry was made.' }];
}

/** A reported address is evidence not yet looked at: when nothing in hand proves anything, it is fetched. */
function awaitingOf(triage: Triage, reading: Reading): string | null {
  const keyMatter = triage.label === 'key-compromise' || triage.label === 'weak-key';
  if (!keyMatter || triage.artifacts.urls.length === 0) return null;
  const proven = reading.evidence.some((e) => e.verdict === 'proven-key' || e.verdict === 'proven-statement');
  return proven ? null : `${triage.artifacts.urls.length} reported address(es)`;
}

function unique(facts: readonly CertificateFacts[]): readonly CertificateFacts[] {
  return [...new Map(facts.map((f) => [f.fingerprint, f])).values()];
}
