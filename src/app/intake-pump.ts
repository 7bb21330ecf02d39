/**
 * Turns receipts into cases or files them. A receipt is claimed under a lease, so a reader that dies is replaced; one
 * that cannot be read after several attempts becomes a person's, with its clock running (promise 1).
 */

import type { Case } from '../desk/case.ts';
import type { ReceiptMark } from '../desk/clock/receipt-mark.ts';
import type { Triage } from '../desk/facts.ts';
import type { CaseId } from '../foundation/brand.ts';
import { Fault } from '../foundation/fault.ts';
import type { Json } from '../foundation/log/canonical.ts';
import type { Message } from '../foundation/mail/message.ts';
import { minutes } from '../foundation/time/time.ts';
import type { Readings } from '../platform/store/readings.ts';
import { contentHash } from '../stages/intake/content-hash.ts';
import { type Claim, type Ledger, READ_ATTEMPTS_MAX } from '../stages/intake/ledger.ts';
import type { Receipt, ReceiptFacts } from '../stages/intake/receipt.ts';
import type { AnswerReading } from '../stages/outreach/answers.ts';
import { noteAnswer, noteBounce } from './answers.ts';
import type { BlockedKeys, Reading } from './ports.ts';
import { type Entry, type ReadMessage, type ReadParts, readMessage } from './read-message.ts';
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
/** Few enough that a batch of the slowest messages is read before the lease of its last one ends. */
const batch = 2;

/** Reads everything that is unread now; says how many messages that was. */
export async function pumpIntake(parts: PumpParts, reader: string): Promise<number> {
  for (let read = 0; ; ) {
    const claims = await parts.ledger.claim({ reader, now: parts.time.now(), lease, limit: batch });
    if (claims.length === 0) return read;
    // In order of arrival: a later message of the same story finds the case of the earlier one.
    for (const claim of claims) await readOne(parts, reader, claim);
    read += claims.length;
  }
}

async function readOne(parts: PumpParts, reader: string, claim: Claim): Promise<void> {
  const { receipt } = claim;
  try {
    const done = await readReceipt(parts, claim);
    const facts = factsOf(parts, done.reading.message);
    await keep(parts, receipt, done);
    const problem = done.reading.problems[0] ?? null;
    const redacted = Buffer.from(JSON.stringify(readable(done.reading.message)));
    await parts.ledger.markRead(receipt.id, reader, {
      facts,
      marks: done.marks,
      redacted,
      problem,
      at: parts.time.now(),
    });
    // A key that is still locked may be opened by a pass phrase that follows; until then it stays sealed.
    const locked = done.caseId !== null && done.reading.evidence.some(isLocked);
    if (done.reading.sawPrivateKey && !locked) await parts.ledger.forgetSealed(receipt.id, parts.time.now());
    if (done.caseId !== null) parts.nudge();
  } catch (error) {
    await failed(parts, reader, receipt, error);
  }
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

async function readReceipt(parts: PumpParts, claim: Claim): Promise<Done> {
  const { receipt, sealed } = claim;
  const result: ReadMessage = await readMessage(
    {
      ...parts,
      threadOf: async (message) =>
        (await parts.threadOf(message)) ?? (await caseOfSameContent(parts, receipt, message)),
    },
    {
      reportId: receipt.id,
      bytes: sealed,
      sealed: true,
      keyId: receipt.keyId,
      sha256: receipt.sha256,
      channel: receipt.channel,
      source: sourceOf(receipt),
      marks: receipt.marks,
      acceptedAt: receipt.acceptedAt,
      envelopeFrom: receipt.envelopeFrom,
      envelopeTo: receipt.envelopeTo,
      entryOf: (message) => parts.entryOf(receipt, message),
    },
  );
  const { message, sawPrivateKey } = result.reading;
  if (await parts.noteOurs(message, { folder: receipt.folder, sawKey: sawPrivateKey })) {
    return { caseId: null, reading: result.reading, triage: triageOf(result), marks: [] };
  }
  if (await noteBounce(parts, result.reading.message, parts.readAnswer(result.reading.message))) {
    return { caseId: null, reading: result.reading, triage: triageOf(result), marks: [] };
  }
  if (result.to === 'file') return { caseId: null, reading: result.reading, triage: result.triage, marks: [] };
  const current = await fileReport(parts, result.read);
  await blockForeignKeys(parts, current, receipt.id);
  await noteAnswer(parts, current, receipt.id, parts.readAnswer(result.reading.message));
  return {
    caseId: current.caseId,
    reading: result.reading,
    triage: result.read.triage,
    marks: result.read.report.marks.slice(receipt.marks.length),
  };
}

/** A proven key that no certificate of ours carries is blocked all the same: nobody may get one for it tomorrow (FM22). */
async function blockForeignKeys(parts: PumpParts, current: Case, reportId: string): Promise<void> {
  const report = current.reports.find((r) => r.reportId === reportId);
  const proven = (report?.evidence ?? []).filter((e) => e.verdict === 'proven-key' || e.verdict === 'proven-statement');
  const foreign = proven.flatMap((e) => (e.matches.length > 0 || e.spkiSha256 === null ? [] : [e.spkiSha256]));
  if (foreign.length > 0)
    await parts.blocked.block(foreign, { caseId: current.caseId, verdict: 'proven-key' }, parts.time.now());
}

/** The same mail in three mailboxes is three receipts of one report, and the earliest receipt counts. */
async function caseOfSameContent(parts: PumpParts, receipt: Receipt, message: Message): Promise<CaseId | null> {
  const related = await parts.ledger.related(factsOf(parts, message), receipt.id);
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
