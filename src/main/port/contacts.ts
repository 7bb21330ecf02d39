/** Whom a case has to reach: contacts from the CA's account system, with what came of letters and calls. */
import type * as c from '../../api/contract/index.ts';
import type { DeskPort } from '../../api/port.ts';
import * as act from '../../app/act.ts';
import { loadCase } from '../../app/change-case.ts';
import { isRefusal } from '../../desk/refusal.ts';
import type { CaseId } from '../../foundation/brand.ts';
import { rfc3339 } from '../../foundation/time/time.ts';
import { nextCallAt } from '../../stages/outreach/on-call/readiness.ts';
import type { Desk } from '../wiring.ts';

/** Letters looked through for the last word on an address; a mass revocation has its own list of failures. */
const lettersMax = 2_000;

export function deskContacts(desk: Desk): Pick<DeskPort, 'caseContacts'> {
  return {
    async caseContacts(caseId) {
      const current = await loadCase(desk.parts.cases, caseId as CaseId);
      if (current === null) return null;
      const live = current.matters.filter((m) => m.closed === null);
      const wanted = [...new Set(live.flatMap((m) => m.set.subscribers))].slice(0, 50);
      const [known, calls, letters] = await Promise.all([
        desk.parts.directory.bySubscriber(wanted),
        desk.contacts.ofCase(caseId),
        desk.parts.outbox.ofCase(caseId, lettersMax),
      ]);
      return {
        now: rfc3339(desk.time.now()),
        total: live.reduce((sum, m) => Math.max(sum, m.set.subscriberCount), wanted.length),
        rows: wanted.map((subscriber) => {
          const contact = known.find((k) => k.subscriber === subscriber);
          const own = calls.filter((a) => a.who === subscriber && a.channel === 'phone');
          const again = nextCallAt(own);
          return {
            ...{ subscriber, name: contact?.name ?? subscriber, language: contact?.language ?? 'en' },
            phone: contact?.phone ?? null,
            addresses: (contact?.addresses ?? []).map((to) => {
              const last = letters.find((letter) => letter.to === to);
              const state = last === undefined ? 'untried' : last.state === 'sent' ? 'accepted' : 'failed';
              return { to, state, at: last === undefined ? null : rfc3339(last.at) };
            }),
            calls: own.map(({ at, to, result, by, remark }) => ({ at: rfc3339(at), to, result, by, remark })),
            callAgainAt: again === null ? null : rfc3339(again),
          };
        }),
      };
    },
  };
}

/** A call goes into the timeline by its result; the number stays in the contact log, because the event log is for ever. */
export async function noteCall(
  desk: Desk,
  caseId: CaseId,
  call: Extract<c.CaseCommand, { do: 'called' }>,
  by: act.By,
): Promise<act.Acted> {
  const { subscriber, to, result, remark } = call;
  const text = `Called ${subscriber}: ${result.replace('-', ' ')}.${remark === '' ? '' : ` ${remark}`}`;
  const noted = await act.addNote(desk.parts, caseId, text, by);
  if (isRefusal(noted)) return noted;
  await desk.contacts.note([
    {
      ...{ who: subscriber, kind: 'subscriber', channel: 'phone', to, at: desk.time.now(), result, remark, caseId },
      ...{ by: by.people[0] ?? 'staff', messageId: null },
    },
  ]);
  return noted;
}
