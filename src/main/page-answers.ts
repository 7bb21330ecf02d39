/**
 * What comes back after a page: the button behind its link, a reply of one word, or a bounce. Taking a case by any of
 * them is the same act. A reply is known by the Message-ID it answers, which nobody else can know, and by coming from
 * the contact it was sent to; an automatic reply answers nothing.
 */
import { takeCase } from '../app/act.ts';
import { loadCase } from '../app/change-case.ts';
import { nearestDue } from '../app/perform/perform.ts';
import type { CoreParts } from '../app/ports.ts';
import { isRefusal } from '../desk/refusal.ts';
import type { CaseId } from '../foundation/brand.ts';
import type { Message } from '../foundation/mail/message.ts';
import type { Time } from '../foundation/time/time.ts';
import { readAnswer } from '../stages/outreach/answers.ts';
import type { ContactLog, NotedAttempt } from '../stages/outreach/on-call/contact-log.ts';
import type { AttemptResult, ContactChannel } from '../stages/outreach/on-call/readiness.ts';
import { readPageReply, readTakeToken } from '../stages/outreach/on-call/take.ts';
import type { Paging } from './paging.ts';

type Parts = CoreParts & { readonly time: Time };

/** More words than this are more than an answer: they are read as mail like any. */
const replyCharactersMax = 200;

/** Takes the case a link was made for, in the name of the person it was sent to, and notes that the contact works. */
export async function takeByLink(
  parts: Parts & { readonly contacts: ContactLog },
  token: string,
  secret: Uint8Array,
): Promise<{ readonly ok: true; readonly caseId: string | null } | { readonly ok: false; readonly message: string }> {
  const now = parts.time.now();
  const read = readTakeToken(token, secret, now);
  if (!read.ok)
    return {
      ok: false,
      message: read.code === 'link_expired' ? 'This link is too old.' : 'This link is not one of ours.',
    };
  const [channel = '', ...to] = read.contact.split(' ');
  const answered = { who: read.person, channel: channel as ContactChannel, to: to.join(' '), caseId: read.caseId };
  await parts.contacts.note([attempt(answered, 'answered', now, 'by the link of a page')]);
  return read.caseId === null
    ? { ok: true, caseId: null }
    : take(parts, read.caseId, read.person, 'Answered a page by its link.');
}

/**
 * True when the message is nothing but an answer to a page of ours, or a page that came back: it has been noted, and is
 * no report. A reply that says more is noted as well and then read like any mail.
 */
export async function answersPage(
  parts: Parts,
  with_: { readonly contacts: ContactLog; readonly paging: Pick<Paging, 'handOn'> },
  message: Message,
): Promise<boolean> {
  const { contacts, paging } = with_;
  const reading = readAnswer(message);
  const page = await contacts.byMessageId(reading.answers);
  if (page === null) return false;
  const now = parts.time.now();
  if (reading.answer === 'bounce') {
    await contacts.note([attempt(page, reading.permanent ? 'bounced' : 'delayed', now, reading.because)]);
    return true;
  }
  if (message.automatic !== 'no') return message.automatic === 'auto-reply';
  if (message.from[0]?.address.toLowerCase() !== page.to.toLowerCase()) return false;
  await contacts.note([attempt(page, 'answered', now, 'by a reply to a page')]);
  const own = message.texts
    .filter((block) => block.role === 'own')
    .map((block) => block.text)
    .join('\n')
    .trim();
  const said = readPageReply(own);
  if (page.caseId !== null && said === 'take') await take(parts, page.caseId, page.who, 'Answered a page by a reply.');
  if (page.caseId !== null && said === 'hand-on') {
    const current = await loadCase(parts.cases, page.caseId as CaseId);
    if (current !== null) await paging.handOn(page.caseId, page.who, nearestDue(current), now);
  }
  const onlyAnswer = own.length <= replyCharactersMax && message.attachments.length === 0;
  return onlyAnswer && (said !== 'unclear' || page.caseId === null);
}

async function take(
  parts: Parts,
  caseId: string,
  person: string,
  because: string,
): Promise<{ readonly ok: true; readonly caseId: string } | { readonly ok: false; readonly message: string }> {
  const current = await loadCase(parts.cases, caseId as CaseId);
  if (current === null) return { ok: false, message: 'There is no such case any more.' };
  // Tapped twice, or by two people: the case has been taken, which is all that was wanted.
  if (current.takenAt !== null) return { ok: true, caseId };
  const result = await takeCase(parts, caseId as CaseId, current.team ?? 'pki-team', { people: [person], because });
  return isRefusal(result) ? { ok: false, message: result.message } : { ok: true, caseId };
}

function attempt(
  contact: Pick<NotedAttempt, 'who' | 'channel' | 'to' | 'caseId'>,
  result: AttemptResult,
  now: NotedAttempt['at'],
  remark: string,
): NotedAttempt {
  const { who, channel, to, caseId } = contact;
  const by = result === 'answered' ? who : 'desk';
  return { who, kind: 'staff', channel, to, at: now, result, by, caseId, messageId: null, remark };
}
