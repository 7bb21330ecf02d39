/**
 * Pages people and does not let go: whoever is on call first, then the next level, then again from the start, until
 * somebody takes the case; then again when nothing moves, more often as the limit comes near. What was sent is in the
 * database, so that a restart neither forgets a page nor starts over; what came of each try is in the contact log, from
 * which follows who could be reached tonight.
 */
import { loadCase } from '../app/change-case.ts';
import { nearestDue } from '../app/perform/perform.ts';
import type { CaseFile, Log, Pager } from '../app/ports.ts';
import { type Case, stageOf } from '../desk/case.ts';
import type { CaseId } from '../foundation/brand.ts';
import { hasCome, hours, type Instant, rfc3339 } from '../foundation/time/time.ts';
import { messageIdOf, type SendOutcome } from '../stages/outreach/messenger.ts';
import type { ContactLog, NotedAttempt } from '../stages/outreach/on-call/contact-log.ts';
import { nextPage } from '../stages/outreach/on-call/paging.ts';
import type { AttemptResult } from '../stages/outreach/on-call/readiness.ts';
import { takeToken } from '../stages/outreach/on-call/take.ts';
import type { Contact, Duty } from './duty.ts';
import type { Alarm } from './night-watch.ts';
import type { PageStore } from './watch-store.ts';

export interface PagingParts {
  readonly duty: Duty | null;
  readonly pages: PageStore;
  readonly contacts: ContactLog;
  readonly log: Log;
  /** Secret of the links by which a page is taken. */
  readonly secret: Uint8Array;
  /** Origin under which people reach the desk; null: pages carry no link. */
  readonly origin: string | null;
  /** Right-hand side of our Message-IDs, by which a reply is known again. */
  readonly mailDomain: string;
}

export interface Paging extends Pager {
  readonly alarm: Alarm;
  /** Sends every page that is owed at `now` for cases people were paged for. */
  round(parts: { readonly cases: CaseFile }, now: Instant): Promise<void>;
  /** Somebody cannot take it: the next level is asked now, not after the wait. */
  handOn(caseId: string, person: string, dueAt: Instant | null, now: Instant): Promise<boolean>;
  /** Asks people in peace time to confirm each of these contacts. */
  test(whom: readonly { readonly who: string; readonly contact: Contact }[], now: Instant): Promise<number>;
}

/** A link outlives the longest limit of a case that still wakes people at night. */
const linkValid = hours(7 * 24);
const casesMax = 10_000;
/** Acts of people and of the outside; the desk's own pages are no move. */
const noMove = new Set(['StaffPaged', 'AlarmRaised']);

interface Page {
  readonly letterId: string;
  readonly caseId: string | null;
  readonly subject: string;
  readonly lines: readonly string[];
  /** Whether it asks for an answer; an alarm about the desk itself does not. */
  readonly answer: boolean;
}

export function openPaging(parts: PagingParts): Paging {
  const { duty, pages, log } = parts;

  const sendTo = async (person: string, { channel, to }: Contact, page: Page, now: Instant): Promise<boolean> => {
    const messenger = duty?.messengers[channel];
    if (messenger === undefined) return false;
    const letterId = `${page.letterId}/${person}/${channel}/${to}`;
    const link = page.answer ? pageLink(parts, page.caseId, person, `${channel} ${to}`, now) : null;
    const asks = page.caseId === null ? 'It reached me' : 'Take it';
    const [outcome] = await messenger.send([
      {
        letterId,
        to,
        subject: page.subject,
        text: [
          ...page.lines,
          ...(link === null ? [] : [`${asks}: ${link}`]),
          ...(page.answer && channel === 'email' ? [replyLine(page.caseId)] : []),
        ].join('\n'),
        html: null,
        language: 'en',
        automatic: 'auto-generated',
        inReplyTo: null,
        references: [],
      },
    ]);
    const result = resultOf(channel, outcome);
    const attempt: NotedAttempt = {
      ...{ who: person, kind: 'staff', channel, to, at: now, result, by: 'desk', caseId: page.caseId },
      messageId: channel === 'email' ? messageIdOf(letterId, parts.mailDomain) : null,
      remark: outcome === undefined || outcome.outcome === 'accepted' ? '' : outcome.problem,
    };
    // A page that went out counts, whether or not it can be written down.
    await parts.contacts.note([attempt]).catch((error: unknown) => {
      log.error({ person, error: error instanceof Error ? error.message : 'unknown' }, 'A page could not be noted.');
    });
    if (outcome?.outcome === 'accepted') return true;
    log.warn({ person, channel, problem: outcome?.problem ?? 'no answer' }, 'A page could not be sent this way.');
    return false;
  };

  const send = async (person: string, page: Page, now: Instant): Promise<boolean> => {
    const contacts = duty?.contactsOf(person) ?? [];
    const outcomes = await Promise.all(contacts.map((contact) => sendTo(person, contact, page, now)));
    return outcomes.includes(true);
  };

  const pageLevel = async (
    page: { caseId: string; level: number; subject: string; because: string; dueAt: Instant | null },
    now: Instant,
  ): Promise<boolean> => {
    const people = duty?.onCallAt(now) ?? [];
    // A level without anybody falls to the next that has somebody: a page never goes nowhere.
    const whom = people.find((p) => p.level >= page.level) ?? people[0];
    if (whom === undefined) {
      log.error({ caseId: page.caseId }, `Page, and nobody is on call: ${page.because}`);
      return false;
    }
    const number = await pages.add(page.caseId, {
      level: page.level,
      person: whom.person,
      because: page.because,
      at: now,
    });
    const letter: Page = {
      letterId: `${page.caseId}/page/${number}`,
      caseId: page.caseId,
      subject: page.subject,
      lines: [page.because, `Case ${page.caseId}`, ...(page.dueAt === null ? [] : [dueLine(page.dueAt, now)])],
      answer: true,
    };
    const taken = await send(whom.person, letter, now);
    if (taken) await pages.accepted(page.caseId, number);
    return taken;
  };

  return {
    async page({ caseId, step, team, because, dueAt }, now) {
      if (duty === null) {
        log.warn({ caseId, step, team }, `Page (nobody is configured to be paged): ${because}`);
        return false;
      }
      return pageLevel({ caseId, level: 0, subject: `${team}: ${because}`, because, dueAt }, now);
    },
    async alarm(cause, now) {
      const people = duty?.onCallAt(now) ?? [];
      // It is said once, so it is said to every level at once.
      const page: Page = {
        ...{ letterId: `alarm/${cause.id}/${rfc3339(now)}`, caseId: null, subject: cause.words },
        ...{ lines: [cause.words], answer: false },
      };
      const sent = await Promise.all(
        [...new Set(people.map((p) => p.person))].map((person) => send(person, page, now)),
      );
      return sent.includes(true);
    },
    async handOn(caseId, person, dueAt, now) {
      const last = (await pages.ofCase(caseId)).at(-1);
      const because = `${person} cannot take this case.`;
      const level = ((last?.level ?? -1) + 1) % Math.max(1, duty?.levels ?? 1);
      return pageLevel({ caseId, level, subject: `Case ${caseId}: ${because}`, because, dueAt }, now);
    },
    async test(whom, now) {
      const lines = ['This is a test of how the revocation desk reaches you at night.', 'Nothing has happened.'];
      const sent = await Promise.all(
        whom.map(({ who, contact }) => {
          const letterId = `contact-test/${rfc3339(now)}`;
          return sendTo(
            who,
            contact,
            { letterId, caseId: null, subject: 'Test: do we reach you?', lines, answer: true },
            now,
          );
        }),
      );
      return sent.filter(Boolean).length;
    },
    async round({ cases }, now) {
      if (duty === null) return;
      for (const caseId of await pages.running(casesMax)) {
        const current = await loadCase(cases, caseId as CaseId);
        if (current === null || isOver(current)) {
          await pages.end(caseId);
          continue;
        }
        const sent = await pages.ofCase(caseId);
        const first = sent[0];
        if (first === undefined) continue;
        const dueAt = nearestDue(current);
        const movedAt = await lastMove(cases, caseId as CaseId);
        const takenAt = current.takenAt;
        const next = nextPage(
          { since: first.at, dueAt, levels: duty.levels, sent, takenAt, movedAt, done: false },
          duty.policy,
        );
        if (next === null || !hasCome(next.at, now)) continue;
        const because =
          next.because === 'nothing-moves' ? 'Taken, but nothing has moved since.' : 'Nobody has taken this case yet.';
        await pageLevel({ caseId, level: next.level, subject: `Case ${caseId}: ${because}`, because, dueAt }, now);
      }
    },
  };
}

/** Nothing is left to be done by a person: ended, dismissed, or seen as revoked from outside. */
function isOver(current: Case): boolean {
  return ['closed', 'dismissed', 'published'].includes(stageOf(current));
}

async function lastMove(cases: CaseFile, caseId: CaseId): Promise<Instant | null> {
  return (await cases.load(caseId)).findLast((event) => !noMove.has(event.type))?.at ?? null;
}

/** A webhook's 2xx comes from the receiver; a relay, a gateway and a push service only promise to carry it. */
function resultOf(channel: Contact['channel'], outcome: SendOutcome | undefined): AttemptResult {
  if (outcome?.outcome === 'accepted') return channel === 'webhook' ? 'delivered' : 'sent';
  return outcome?.outcome === 'refused' ? 'bounced' : 'delayed';
}

function dueLine(dueAt: Instant, now: Instant): string {
  const minutes = Math.floor(now.until(dueAt).total('minutes'));
  const left = minutes < 0 ? 'the limit has passed' : `${Math.floor(minutes / 60)} h ${minutes % 60} min left`;
  return `Due ${rfc3339(dueAt)}, ${left}`;
}

function replyLine(caseId: string | null): string {
  if (caseId === null) return 'Or answer this mail with one word: here';
  return 'Or answer this mail with one word: take, or pass (the next person is asked at once)';
}

function pageLink(parts: PagingParts, caseId: string | null, person: string, contact: string, now: Instant) {
  if (parts.origin === null) return null;
  const token = takeToken({ caseId, person, contact, expiresAt: now.add(linkValid) }, parts.secret);
  return `${parts.origin.replace(/\/+$/, '')}/page/${token}`;
}
