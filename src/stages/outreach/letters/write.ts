/**
 * Writes a letter: what is this, how long is left, what happens by itself if nobody acts. Pure; the same request gives
 * the same letter. Text that comes from outside (subjects, file names, host names) is made one bounded line before it
 * stands in a sentence, and is escaped in HTML.
 */
import assert from 'node:assert/strict';
import type { InventoryReach } from '../../../desk/events.ts';
import { unreachable } from '../../../foundation/brand.ts';
import { Fault } from '../../../foundation/fault.ts';
import { oneLine } from '../../../foundation/text.ts';
import type { Instant } from '../../../foundation/time/time.ts';
import type { EnclosedFile } from '../messenger.ts';
import { holesIn } from './holes.ts';
import type {
  LetterBody,
  LetterCertificates,
  LetterFinding,
  LetterRequest,
  LetterRule,
  WrittenLetter,
} from './letter.ts';
import { listedInText, listFile } from './list-file.ts';
import { asHtml, asText, type Block } from './render.ts';
import { absolute, when } from './when.ts';
import { acknowledgements } from './words/acknowledgements.ts';
import { baseLanguage, languages, wordsFor } from './words/index.ts';
import type { Words } from './words/words.ts';

const findingsMax = 100;
const variableMax = 500;
const noteMax = 2_000;

export function writeLetter(request: LetterRequest): WrittenLetter {
  const holes = holesIn(request.body, 'body');
  if (holes.length > 0) {
    throw new Fault(
      'letter_incomplete',
      `The letter was not written: ${holes.join(', ')} is missing. Fill it and write again.`,
    );
  }
  const { body } = request;
  switch (body.kind) {
    case 'acknowledgement':
      return acknowledgement(request, body);
    case 'page':
      return page(request, body);
    default: {
      const words = wordsFor(request.language);
      const { subject, blocks, enclosed = [] } = compose(body, new Pen(words, request.now));
      return finish(request, words, subject, blocks, enclosed);
    }
  }
}

/**
 * What is wrong with a sentence that a person wants to add; null when it may stand. A letter never states a revocation
 * that no probe has seen, whoever writes it.
 */
export function noteProblem(note: string, published: boolean): string | null {
  if (note.length > noteMax) return `A note has at most ${noteMax} characters.`;
  // In any language: people write notes in the one they know.
  if (!published && languages.some((words) => words.claimsRevocation.test(note))) {
    return 'The note says that something is revoked, but no probe has seen that yet.';
  }
  return null;
}

interface Composed {
  readonly subject: string;
  readonly blocks: readonly Block[];
  readonly enclosed?: readonly EnclosedFile[];
}

type Composable = Exclude<LetterBody, { kind: 'acknowledgement' } | { kind: 'page' }>;

/** The sentences that several letters share, in one language and at one instant. */
class Pen {
  readonly words: Words;
  readonly now: Instant;
  constructor(words: Words, now: Instant) {
    this.words = words;
    this.now = now;
  }
  when(at: Instant): string {
    return when(at, this.now, this.words, this.words.language);
  }
  /** Without it "none" would be a statement about a table. */
  searched({ indexed, untilAt }: InventoryReach): string {
    return this.words.searched(indexed, untilAt === null ? null : absolute(untilAt));
  }
  rule(rule: LetterRule | null): Block[] {
    return rule === null ? [] : [{ say: this.words.rule(`${rule.document} ${rule.version}`, rule.section) }];
  }
  /** As a fact once it is decided, as an allegation before. */
  happened(rule: LetterRule, decided: boolean): Block {
    const what = this.words.happened[rule.kind];
    return { say: decided ? what : this.words.alleged(what) };
  }
  findings(findings: readonly LetterFinding[]): Block[] {
    if (findings.length === 0) return [];
    const items = findings.slice(0, findingsMax).map((finding) => {
      const because = clean(finding.because);
      return `${clean(finding.what)}: ${this.words.verdict[finding.verdict]}.${because === '' ? '' : ` ${because}`}`;
    });
    const more = findings.length - items.length;
    return [{ say: this.words.checked }, { list: more > 0 ? [...items, this.words.more(more)] : items }];
  }
  list(certificates: LetterCertificates): Block[] {
    const items = certificates.listed
      .slice(0, listedInText)
      .map((c) => this.words.certificateLine(c.serial, clean(c.name), absolute(c.notAfter).slice(0, 10)));
    const more = certificates.count - items.length;
    return items.length === 0 ? [] : [{ list: more > 0 ? [...items, this.words.more(more)] : items }];
  }
  link(label: string, url: string | null): Block[] {
    return url === null ? [] : [{ label, link: url }];
  }
}

function compose(body: Composable, pen: Pen): Composed {
  const { words } = pen;
  switch (body.kind) {
    case 'preliminary-report':
      return {
        subject: reply(words.preliminary.subject, body.theirSubject),
        blocks: [
          { say: words.preliminary.opening(pen.when(body.receivedAt)) },
          ...pen.findings(body.findings),
          ...(body.certificates.count === 0
            ? [{ say: `${words.noneConcerned} ${pen.searched(body.searched)}` }]
            : [{ say: words.concerned(words.certificates(body.certificates.count)) }, ...pen.list(body.certificates)]),
          ...(body.rule === null ? [] : [pen.happened(body.rule, body.plannedAt !== null || body.published !== null)]),
          { say: standing(body, pen) },
          ...pen.rule(body.rule),
          { say: words.preliminary.closing },
          ...pen.link(words.follow, body.statusUrl),
        ],
        enclosed: listFile(body.certificates),
      };
    case 'request-for-proof':
      return {
        subject: reply(words.proof.subject, body.theirSubject),
        blocks: [
          { say: words.proof.opening(pen.when(body.receivedAt)) },
          ...pen.findings(body.findings),
          { say: words.proof.how },
          ...(body.challenge === null ? [] : [{ say: words.proof.sign }, { exact: body.challenge }]),
          ...pen.link(words.proof.page, body.proofUrl),
          { say: words.proof.closing },
          ...pen.link(words.follow, body.statusUrl),
        ],
      };
    case 'refutation':
      return {
        subject: reply(words.refutation.subject, body.theirSubject),
        blocks: [
          { say: words.refutation.opening(pen.when(body.receivedAt)) },
          ...pen.findings(body.findings),
          { say: words.refutation.closing },
          ...pen.link(words.follow, body.statusUrl),
        ],
      };
    case 'refusal-of-more-time':
      return {
        subject: reply(words.refusal.subject, body.theirSubject),
        blocks: [
          { say: `${words.refusal.asked[body.asked]} ${words.refusal.noRoom}` },
          ...(body.dueAt === null ? [] : [{ say: words.refusal.limit(pen.when(body.dueAt)) }]),
          ...pen.rule(body.rule),
          { say: words.refusal.closing },
        ],
      };
    case 'notice':
      return notice(body, pen);
    case 'reminder':
      return {
        subject: words.reminder.subject(words.certificates(body.certificates.count), body.last),
        blocks: [
          {
            say: words.reminder.opening(
              words.certificates(body.certificates.count),
              pen.when(body.noticeAt),
              body.last,
            ),
          },
          ...pen.list(body.certificates),
          ...whatHappens(body, pen),
          { say: words.notice.todo },
          { say: words.notice.silence },
          ...pen.link(words.notice.answer, body.actionUrl),
          ...pen.rule(body.rule),
        ],
        enclosed: listFile(body.certificates),
      };
    case 'final-report':
      return body.audience === 'reporter' ? finalToReporter(body, pen) : finalToSubscriber(body, pen);
    default:
      return unreachable(body);
  }
}

type Notice = Extract<LetterBody, { kind: 'notice' }>;

function notice(body: Notice, pen: Pen): Composed {
  const { words } = pen;
  const certificates = words.certificates(body.certificates.count);
  return {
    subject: words.notice.subject(certificates, body.dueAt === null ? null : absolute(body.dueAt)),
    blocks: [
      { say: words.notice.opening(certificates, pen.when(body.receivedAt)) },
      ...pen.list(body.certificates),
      pen.happened(body.rule, body.plannedAt !== null),
      ...whatHappens(body, pen),
      { say: words.notice.todo },
      ...(body.reason === 'keyCompromise' ? [{ say: words.notice.newKey }] : []),
      ...(body.renewalAdvised ? [{ say: words.notice.acme }] : []),
      { say: words.notice.silence },
      ...pen.link(words.notice.answer, body.actionUrl),
      ...pen.findings(body.findings),
      { say: words.reason(body.reason === 'unspecified' ? null : body.reason) },
      ...pen.rule(body.rule),
    ],
    enclosed: listFile(body.certificates),
  };
}

function whatHappens(body: { readonly plannedAt: Instant | null; readonly dueAt: Instant | null }, pen: Pen): Block[] {
  const { words } = pen;
  if (body.dueAt === null) return [{ say: words.notice.noLimit }];
  if (body.plannedAt === null) return [{ say: words.notice.undecided(pen.when(body.dueAt)) }];
  return [{ say: words.notice.byItself(pen.when(body.plannedAt)) }, { say: words.notice.limit(pen.when(body.dueAt)) }];
}

function standing(body: Extract<LetterBody, { kind: 'preliminary-report' }>, pen: Pen): string {
  const { words } = pen;
  if (body.published !== null) {
    return words.seenRevoked(body.published.count, body.published.of, pen.when(body.published.publishedAt));
  }
  if (body.revokeDueAt === null) return words.preliminary.notYetNoLimit;
  const due = pen.when(body.revokeDueAt);
  return body.plannedAt === null
    ? words.preliminary.notYetDecided(due)
    : words.preliminary.notYetPlanned(pen.when(body.plannedAt), due);
}

function finalToReporter(
  body: Extract<LetterBody, { kind: 'final-report'; audience: 'reporter' }>,
  pen: Pen,
): Composed {
  const { words } = pen;
  const { outcome } = body;
  const blocks: Block[] =
    outcome.state === 'revoked'
      ? [
          {
            say: words.seenRevoked(
              outcome.published.count,
              outcome.published.of,
              pen.when(outcome.published.publishedAt),
            ),
          },
          { say: words.reason(outcome.reason === 'unspecified' ? null : outcome.reason) },
        ]
      : [{ say: words.final.notRevoked(clean(outcome.because)) }];
  return {
    subject: reply(words.final.subject, body.theirSubject),
    blocks: [
      { say: words.final.opening(pen.when(body.receivedAt)) },
      ...blocks,
      ...pen.rule(body.rule),
      { say: words.final.closing },
      ...pen.link(words.follow, body.statusUrl),
    ],
  };
}

function finalToSubscriber(
  body: Extract<LetterBody, { kind: 'final-report'; audience: 'subscriber' }>,
  pen: Pen,
): Composed {
  const { words } = pen;
  const certificates = words.certificates(body.certificates.count);
  return {
    subject: words.finalSubscriber.subject(certificates),
    blocks: [
      { say: words.seenRevoked(body.published.count, body.published.of, pen.when(body.published.publishedAt)) },
      ...pen.list(body.certificates),
      { say: words.happened[body.rule.kind] },
      { say: words.finalSubscriber.closing },
      ...pen.link(words.follow, body.actionUrl),
      ...pen.link(words.finalSubscriber.guide, body.guideUrl),
      { say: words.reason(body.reason === 'unspecified' ? null : body.reason) },
      ...pen.rule(body.rule),
    ],
    enclosed: listFile(body.certificates),
  };
}

/** Short, and in more languages than the rest (`acknowledgements.ts`). */
function acknowledgement(
  request: LetterRequest,
  body: Extract<LetterBody, { kind: 'acknowledgement' }>,
): WrittenLetter {
  const asked = baseLanguage(request.language);
  const language = asked in acknowledgements ? asked : 'en';
  const words = acknowledgements[language];
  assert(words !== undefined, 'there is an English acknowledgement');
  const say = (at: Instant) => when(at, request.now, words, language);
  const { replyAddress, phone, caOwner } = request.sender;
  const blocks: Block[] = [
    { say: words.hello },
    { say: words.arrived(say(body.receivedAt), request.caseId) },
    { say: words.findingsBy(say(body.reportDueAt)) },
    ...(body.revokeDueAt === null ? [] : [{ say: words.revokedBy(say(body.revokeDueAt)) }]),
    ...(body.proofUrl === null ? [] : [{ label: words.noKeys, link: body.proofUrl }]),
    ...(body.statusUrl === null ? [] : [{ label: words.follow, link: body.statusUrl }]),
    { say: words.silence(replyAddress, phone) },
    { say: caOwner },
  ];
  const subject = tagged(threadSubject(body.theirSubject), request.caseId);
  return { kind: body.kind, subject, text: asText(blocks), html: asHtml(blocks, language), language, enclosed: [] };
}

/** A page to staff: one glance at 03:00. English, because the desk's own words are. */
function page(request: LetterRequest, body: Extract<LetterBody, { kind: 'page' }>): WrittenLetter {
  const words = wordsFor('en');
  const because = clean(body.because);
  const due = body.dueAt === null ? null : when(body.dueAt, request.now, words, 'en');
  const blocks: Block[] = [
    { say: because },
    {
      list: [
        `Certificates: ${body.count}`,
        `Limit: ${due ?? 'none'}`,
        `Next: ${clean(body.nextAction)}`,
        `Step: ${clean(body.step)}`,
      ],
    },
    ...(body.takeUrl === null ? [] : [{ label: 'Take the case:', link: body.takeUrl }]),
  ];
  const left = due === null ? '' : `${due.slice(due.indexOf('(') + 1, -1)}: `;
  return {
    kind: 'page',
    subject: tagged(oneLine(`${left}${because}`, 140), request.caseId),
    text: asText(blocks),
    html: asHtml(blocks, 'en'),
    language: 'en',
    enclosed: [],
  };
}

function finish(
  request: LetterRequest,
  words: Words,
  subject: string,
  blocks: readonly Block[],
  enclosed: readonly EnclosedFile[],
): WrittenLetter {
  const { sender, body, note } = request;
  if (note !== undefined) {
    const problem = noteProblem(note, 'published' in body && body.published !== null);
    if (problem !== null) throw new Fault('letter_untrue', problem);
  }
  const whole: Block[] = [
    { say: words.hello },
    ...blocks,
    ...(note === undefined ? [] : [{ say: note.replace(/\p{Cc}+/gu, ' ') }]),
    { say: words.reach(sender.replyAddress, sender.phone) },
    { say: `${words.desk}, ${sender.caOwner}` },
    { say: words.written(absolute(request.now), request.caseId) },
  ];
  return {
    kind: body.kind,
    subject: tagged(subject, request.caseId),
    text: asText(whole),
    html: asHtml(whole, words.language),
    language: words.language,
    enclosed,
  };
}

/** `Re: theirs`, so that mail programs keep the thread together; the case number at the end finds the case again. */
function threadSubject(theirs: string): string {
  const bare = oneLine(theirs, 120).replace(/^(?:(?:re|aw|sv|rv|vs|antw)\s*:\s*)+/iu, '');
  return bare === '' ? 'Re: (no subject)' : `Re: ${bare}`;
}

function reply(what: string, theirs: string): string {
  return `${what}: ${threadSubject(theirs)}`;
}

function tagged(subject: string, caseId: string): string {
  return `${subject} [${caseId}]`;
}

function clean(text: string): string {
  return oneLine(text, variableMax);
}
