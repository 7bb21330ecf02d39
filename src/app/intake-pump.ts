/**
 * Turns receipts into cases or files them. A receipt is claimed under a lease, so a reader that dies is replaced; one
 * that cannot be read after several attempts becomes a person's, with its clock running (promise 1).
 */

import type { ReceiptMark } from '../desk/clock/receipt-mark.ts';
import type { Triage } from '../desk/facts.ts';
import type { CaseId } from '../foundation/brand.ts';
import { Fault } from '../foundation/fault.ts';
import type { Json } from '../foundation/log/canonical.ts';
import type { Message } from '../foundation/mail/message.ts';
import { type Duration, hasCome, milliseconds, minutes, seconds } from '../foundation/time/time.ts';
import type { Readings } from '../platform/store/readings.ts';
import { contentHash } from '../stages/intake/content-hash.ts';
import { type Claim, type Ledger, READ_ATTEMPTS_MAX } from '../stages/intake/ledger.ts';
import type { Receipt, ReceiptFacts } from '../stages/intake/receipt.ts';
import type { AnswerReading } from '../stages/outreach/answers.ts';
import { noteAnswer, noteBounce } from './answers.ts';
import { blockForeignKeys } from './foreign-keys.ts';
import { Noting, type UnderWay } from './noting.ts';
import type { BlockedKeys, Reading } from './ports.ts';
import {
  type Entry,
  type OpenedMessage,
  openMessage,
  placeMessage,
  type ReadMessage,
  type ReadParts,
  type StoredMessage,
} from './read-message.ts';
import { fileReport } from './read-report.ts';
import { isLocked } from './unlock-earlier.ts';

export interface PumpParts extends ReadParts {
  readonly ledger: Ledger;
  readonly readings: Readings;
  readonly entryOf: (receipt: Receipt, message: Message) => Entry | null;
  readonly threadKeys: (message: Message) => readonly string[];
  /** A report nobody could read is still a report: its case says so. */
  readonly unreadable: Triage;
  /** Told when a case may have become due. */
  readonly nudge: () => void;
  readonly blocked: BlockedKeys;
  readonly readAnswer: (message: Message) => AnswerReading;
  /** True when it is a test report of our own or an answer to a page: noted, and never a case. */
  readonly noteOurs: (
    message: Message,
    where: { readonly folder: string | null; readonly sawKey: boolean },
  ) => Promise<boolean>;
}

const lease = minutes(2);
const retryAfter = minutes(1);
/** How long messages that are ready wait for an earlier one, so that a story is told in its order. */
const patience = milliseconds(250);
const claimEvery = milliseconds(50);
/** Messages that take long to open are kept from other readers, as often as this. */
const renewEvery = seconds(30);

export interface PumpOptions {
  /** Under whose name receipts are claimed. */
  readonly reader: string;
  /**
   * Messages that are opened at the same time: enough that those which ask the database at one moment ask together. With
   * one, everything happens in the order of arrival.
   */
  readonly lanes: number;
}

/** A claimed message under way: opened by itself, then placed in its turn. */
interface Lane extends UnderWay {
  readonly claim: Claim;
  facts: ReceiptFacts | null;
  opened: Promise<void>;
  result: Opened | { readonly error: unknown } | null;
}

interface Opened {
  readonly message: OpenedMessage;
  /** The case of an earlier message of the same story, as of when it was asked. */
  readonly earlier: CaseId | null;
}

/**
 * Reads everything that is unread now; says how many messages that was. Messages are opened side by side and placed one
 * after the other in order of arrival: a later message of the same story finds the case of the earlier one. One that is
 * slow to open is overtaken after a moment.
 */
export async function pumpIntake(parts: PumpParts, { reader, lanes }: PumpOptions): Promise<number> {
  const under: Lane[] = [];
  const noting = new Noting(lanes);
  const renew = renewal(parts, reader);
  let read = 0;
  let claimAt = parts.time.now();
  try {
    for (;;) {
      const now = parts.time.now();
      if (under.length === 0 || (under.length <= lanes / 2 && hasCome(claimAt, now))) {
        const limit = lanes - under.length;
        const claims = await parts.ledger.claim({ reader, now, lease, limit });
        // Nothing more is there: what comes meanwhile comes together, not one by one.
        if (claims.length < limit) claimAt = now.add(claimEvery);
        under.push(...claims.map((claim) => open(parts, claim, noting)));
      }
      if (under.length === 0) {
        await noting.done();
        return read;
      }
      const lane = await nextOf(parts, under, renew);
      under.splice(under.indexOf(lane), 1);
      await place(parts, reader, lane, noting);
      read++;
    }
  } finally {
    // A database that went away ends the round; what was opened meanwhile is claimed again when its lease is over.
    await Promise.all(under.map((lane) => lane.opened));
    await noting.settled();
  }
}

/** Opens it in its own time, and asks for earlier messages of its story as soon as it says which that is. */
function open(parts: PumpParts, claim: Claim, noting: Noting): Lane {
  const lane: Lane = { claim, facts: null, stale: false, result: null, opened: Promise.resolve() };
  noting.watch(lane);
  const opening = async (): Promise<Opened> => {
    const message = await openMessage(parts, storedOf(parts, claim));
    lane.facts = factsOf(parts, message.reading.message);
    return { message, earlier: await caseOfSameContent(parts, claim.receipt, lane.facts) };
  };
  lane.opened = opening().then(
    (opened) => {
      lane.result = opened;
    },
    (error: unknown) => {
      lane.result = { error };
    },
  );
  return lane;
}

/** The earliest, or after a moment's patience the earliest of those that are ready. */
async function nextOf(
  parts: PumpParts,
  under: readonly Lane[],
  renew: (under: readonly Lane[]) => Promise<void>,
): Promise<Lane> {
  await renew(under);
  const [head, ...others] = under;
  if (head === undefined) throw new Error('there is a message under way');
  if (others.length === 0) await head.opened;
  if (head.result !== null) return head;
  await eitherWithin(parts, [head.opened], patience);
  for (;;) {
    const ready = under.find((lane) => lane.result !== null);
    if (ready !== undefined) return ready;
    await eitherWithin(
      parts,
      under.map((lane) => lane.opened),
      renewEvery,
    );
    await renew(under);
  }
}

/** Renews the leases of what is under way, now and then; to be called often. */
function renewal(parts: PumpParts, reader: string): (under: readonly Lane[]) => Promise<void> {
  let nextAt = parts.time.now().add(renewEvery);
  return async (under) => {
    const now = parts.time.now();
    if (!hasCome(nextAt, now)) return;
    nextAt = now.add(renewEvery);
    const ids = under.map((lane) => lane.claim.receipt.id);
    await parts.ledger.renew({ reader, ids, until: now.add(lease) });
  };
}

async function eitherWithin(parts: PumpParts, work: readonly Promise<void>[], most: Duration): Promise<void> {
  const over = new AbortController();
  await Promise.race([...work, parts.time.waitUntil(parts.time.now().add(most), over.signal)]);
  over.abort();
}

async function place(parts: PumpParts, reader: string, lane: Lane, noting: Noting): Promise<void> {
  const { claim, result } = lane;
  const { receipt } = claim;
  try {
    if (result === null) throw new Error('a message is opened before it is placed');
    if ('error' in result) throw result.error;
    const { facts } = lane;
    if (facts === null) throw new Error('a message that was opened has its facts');
    await noting.before(facts);
    const earlier = lane.stale ? await caseOfSameContent(parts, receipt, facts) : result.earlier;
    const done = await placeReceipt(parts, claim, result.message, earlier);
    noting.add(
      facts,
      note(parts, reader, receipt, facts, done).catch((error: unknown) => failed(parts, reader, receipt, error)),
    );
  } catch (error) {
    await failed(parts, reader, receipt, error);
  } finally {
    noting.forget(lane);
  }
}

async function note(
  parts: PumpParts,
  reader: string,
  receipt: Receipt,
  facts: ReceiptFacts,
  done: Done,
): Promise<void> {
  await keep(parts, receipt, done);
  const problem = done.reading.problems[0] ?? null;
  const at = parts.time.now();
  await parts.ledger.markRead(receipt.id, reader, { facts, marks: done.marks, problem, at });
  // A key that is still locked may be opened by a pass phrase that follows; until then it stays sealed.
  const locked = done.caseId !== null && done.reading.evidence.some(isLocked);
  if (done.reading.sawPrivateKey && !locked) await parts.ledger.forgetSealed(receipt.id, parts.time.now());
  if (done.caseId !== null) parts.nudge();
}

function triageOf(result: ReadMessage): Triage {
  return result.to === 'file' ? result.triage : result.read.triage;
}

interface Done {
  readonly caseId: CaseId | null;
  readonly reading: Reading;
  readonly triage: Triage;
  readonly marks: readonly ReceiptMark[];
}

function storedOf(parts: PumpParts, { receipt, sealed }: Claim): StoredMessage {
  const { channel, marks, keyId, mayHoldKey, sha256, acceptedAt, envelopeFrom, envelopeTo } = receipt;
  return {
    ...{ reportId: receipt.id, bytes: sealed, sealed: true, source: sourceOf(receipt) },
    ...{ channel, marks, keyId, mayHoldKey, sha256, acceptedAt, envelopeFrom, envelopeTo },
    entryOf: (message) => parts.entryOf(receipt, message),
  };
}

async function placeReceipt(
  parts: PumpParts,
  claim: Claim,
  opened: OpenedMessage,
  earlier: CaseId | null,
): Promise<Done> {
  const { receipt } = claim;
  const threadOf: PumpParts['threadOf'] = async (message, arrival) =>
    (await parts.threadOf(message, arrival)) ?? earlier;
  const result: ReadMessage = await placeMessage({ ...parts, threadOf }, storedOf(parts, claim), opened);
  const { message, sawPrivateKey } = result.reading;
  if (await parts.noteOurs(message, { folder: receipt.folder, sawKey: sawPrivateKey })) {
    return { caseId: null, reading: result.reading, triage: triageOf(result), marks: [] };
  }
  if (await noteBounce(parts, result.reading.message, parts.readAnswer(result.reading.message))) {
    return { caseId: null, reading: result.reading, triage: triageOf(result), marks: [] };
  }
  if (result.to === 'file') return { caseId: null, reading: result.reading, triage: result.triage, marks: [] };
  const current = await fileReport(parts, result.read);
  const evidence = current.reports.find((r) => r.reportId === receipt.id)?.evidence ?? [];
  await blockForeignKeys(parts.blocked, current.caseId, evidence, parts.time.now());
  await noteAnswer(parts, current, receipt.id, parts.readAnswer(result.reading.message));
  return {
    caseId: current.caseId,
    reading: result.reading,
    triage: result.read.triage,
    marks: result.read.report.marks.slice(receipt.marks.length),
  };
}

/** The same mail in three mailboxes is three receipts of one report, and the earliest receipt counts. */
async function caseOfSameContent(parts: PumpParts, receipt: Receipt, facts: ReceiptFacts): Promise<CaseId | null> {
  const related = await parts.ledger.related(facts, receipt.id);
  return parts.readings.caseOf([...related.sameContent, ...related.sameThread]);
}

async function keep(parts: PumpParts, receipt: Receipt, done: Done): Promise<void> {
  await parts.readings.put({
    reportId: receipt.id,
    caseId: done.caseId,
    action: done.triage.action,
    message: readable(done.reading.message),
    triage: done.triage as unknown as Json,
    at: parts.time.now(),
  });
}

async function failed(parts: PumpParts, reader: string, receipt: Receipt, error: unknown): Promise<void> {
  const code = error instanceof Fault ? error.code : 'message_unreadable';
  parts.log.error(
    { receiptId: receipt.id, code, error: error instanceof Error ? error.message : 'unknown' },
    'A message could not be read.',
  );
  if (code.startsWith('database_')) throw error;
  const last = receipt.attempts >= READ_ATTEMPTS_MAX;
  const at = parts.time.now();
  if (last) await openUnreadable(parts, receipt);
  await parts.ledger.markFailed(receipt.id, reader, { problem: code, at, retryAt: last ? null : at.add(retryAfter) });
}

/** Nobody could read it, so a person has to, and the clock has run since it arrived. */
async function openUnreadable(parts: PumpParts, receipt: Receipt): Promise<void> {
  const address = receipt.envelopeFrom === '' ? null : receipt.envelopeFrom;
  await fileReport(parts, {
    report: {
      reportId: receipt.id,
      channel: receipt.channel,
      source: sourceOf(receipt),
      marks: receipt.marks,
      reporter: {
        address,
        name: '',
        kind: 'third-party',
        subscriber: null,
        language: 'und',
        mayAutoReply: address !== null,
      },
      subject: 'Unreadable message',
      messageId: null,
      contentSha256: receipt.sha256,
      asksFor: null,
    },
    triage: parts.unreadable,
    evidence: [],
    named: [],
    byKey: [],
    awaiting: null,
    thread: null,
  });
  parts.nudge();
}

function factsOf(parts: PumpParts, message: Message): ReceiptFacts {
  return {
    messageId: message.messageId ?? '',
    messageIdSynthetic: message.messageIdSynthetic,
    contentHash: contentHash(message),
    threadKeys: parts.threadKeys(message),
    automatic: message.automatic,
  };
}

function sourceOf(receipt: Receipt): string {
  return [receipt.mailbox ?? receipt.source, receipt.folder].filter((part) => part !== null).join('/');
}

/** What people may see: headers, texts and the names of files, already redacted by the reading room. */
function readable(message: Message): Json {
  const { subject, from, to, texts, attachments, links, problems, automatic } = message;
  return {
    subject,
    from: from.map((a) => ({ ...a })),
    to: to.map((a) => ({ ...a })),
    texts: texts.map((t) => ({ ...t })),
    attachments: attachments.map((a) => ({
      path: a.path,
      fileName: a.fileName,
      mediaType: a.mediaType,
      size: a.bytes.length,
    })),
    links: [...links],
    problems: [...problems],
    automatic,
  };
}
