/**
 * Mail that answers us. A subscriber's answer is recorded on the matters that concern them; a letter that came back is a
 * failed contact, at once, because a bounce at night that nobody reads is silence by our own fault (FM30). Nothing in
 * here moves a deadline, and an automatic reply answers nothing.
 */
import type { Case } from '../desk/case.ts';
import type { Answer } from '../desk/events.ts';
import { isRefusal } from '../desk/refusal.ts';
import type { CaseId } from '../foundation/brand.ts';
import type { Message } from '../foundation/mail/message.ts';
import type { AnswerReading } from '../stages/outreach/answers.ts';
import { changeCase, loadCase } from './change-case.ts';
import type { CoreParts } from './ports.ts';

const answers: readonly string[] = ['acknowledged', 'agrees', 'replaced', 'disputes', 'asks-more-time', 'question'];

/** Records what an authenticated subscriber answers to a case that their report joined. */
export async function noteAnswer(
  parts: CoreParts,
  current: Case,
  reportId: string,
  reading: AnswerReading,
): Promise<void> {
  const report = current.reports.find((r) => r.reportId === reportId);
  const subscriber = report?.reporter.subscriber ?? null;
  if (report === undefined || subscriber === null || current.reports[0]?.reportId === reportId) return;
  if (!answers.includes(reading.answer)) return;
  const answer = reading.answer as Answer;
  for (const matter of current.matters) {
    if (matter.closed !== null || matter.reportId === reportId) continue;
    if (!(await parts.sets.bySubscriber(matter.set.setId)).has(subscriber)) continue;
    const context = { now: parts.time.now(), by: `subscriber:${subscriber}` };
    await changeCase(
      parts,
      current.caseId,
      { do: 'answer', matterId: matter.matterId, reportId, subscriber, answer },
      context,
    );
  }
}

/** True when the message is one of our letters coming back; then the contact it was for has failed. */
export async function noteBounce(parts: CoreParts, message: Message, reading: AnswerReading): Promise<boolean> {
  if (message.automatic !== 'bounce') return false;
  for (const messageId of reading.answers) {
    const letter = await parts.outbox.byMessageId(messageId);
    if (letter === null) continue;
    await parts.outbox.cameBack(letter.letterId, reading.because || 'The letter came back.');
    if (letter.matterId === null) return true;
    await contactFailed(parts, letter.caseId as CaseId, letter.matterId, letter.letterId, reading);
    return true;
  }
  return false;
}

async function contactFailed(
  parts: CoreParts,
  caseId: CaseId,
  matterId: string,
  letterId: string,
  reading: AnswerReading,
): Promise<void> {
  const current = await loadCase(parts.cases, caseId);
  if (current === null) return;
  // `case/matter/step/subscriber`: what the letter was for is its id (perform/letters.ts).
  const [, , step = '', subscriber = null] = letterId.split('/');
  const event = {
    type: 'ContactFailed',
    at: parts.time.now(),
    by: 'desk',
    matterId,
    step,
    subscriber,
    problem: reading.permanent ? `The address is gone: ${reading.because}` : `The letter came back: ${reading.because}`,
  } as const;
  const result = await changeCase(
    parts,
    caseId,
    { do: 'record', events: [event] },
    { now: parts.time.now(), by: 'desk' },
  );
  if (isRefusal(result)) parts.log.warn({ caseId, code: result.code }, result.message);
}
