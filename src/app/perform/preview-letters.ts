/**
 * Letters before they leave: the very functions that will write and send them run with a messenger that keeps what it is
 * given, an outbox that has sent nothing and a case that takes no events. What is shown is what would go out.
 */
import type { Action } from '../../desk/actions.ts';
import { type Case, matterOf, reportOf } from '../../desk/case.ts';
import { planAhead } from '../../desk/plan-ahead.ts';
import type { Instant } from '../../foundation/time/time.ts';
import type { Outgoing } from '../../stages/outreach/messenger.ts';
import type { CoreParts } from '../ports.ts';
import { acknowledge, contactSubscribers, declinePlea, type LetterParts, reportToReporter } from './letters.ts';
import type { Ground } from './perform.ts';

export interface UpcomingLetters {
  /** `acknowledge`, `report-to-reporter`, `decline`, or the step of the ladder. */
  readonly step: string;
  readonly audience: 'reporter' | 'subscriber';
  /** Null: at once. */
  readonly at: Instant | null;
  /** How many letters the step is; `letters` are the first of them. */
  readonly count: number;
  readonly letters: readonly Pick<Outgoing, 'to' | 'subject' | 'language' | 'text' | 'html'>[];
}

/** Subscribers whose letters are written out; a mass revocation has tens of thousands that say the same. */
const writtenMax = 20;
const stepsMax = 12;
const linkLater = '[personal link, made when the letter leaves]';

/** The letters that will leave by themselves, in order of time. Sends and records nothing. */
export async function upcomingLetters(
  parts: CoreParts & LetterParts,
  current: Case,
  now: Instant,
): Promise<readonly UpcomingLetters[]> {
  const upcoming: UpcomingLetters[] = [];
  for (const { action, at, atOnce } of planAhead(current, parts.policy, now)) {
    const written = await writtenBy(parts, current, action, at);
    if (written === null || written.count === 0) continue;
    upcoming.push({ ...written, at: atOnce ? null : at });
    if (upcoming.length >= stepsMax) break;
  }
  return upcoming;
}

async function writtenBy(
  parts: CoreParts & LetterParts,
  current: Case,
  action: Action,
  now: Instant,
): Promise<Omit<UpcomingLetters, 'at'> | null> {
  const run = runOf(action, current);
  if (run === null) return null;
  const letters: Outgoing[] = [];
  const subscribers = { count: 0 };
  const ground: Ground = { case: current, now, append: async () => current };
  await run(dryParts(parts, letters, subscribers), ground);
  const audience = action.do === 'contact-subscribers' ? 'subscriber' : 'reporter';
  return {
    step: action.do === 'contact-subscribers' ? action.step : action.do,
    audience,
    count: audience === 'subscriber' ? Math.max(subscribers.count, letters.length) : letters.length,
    letters: letters.map(({ to, subject, language, text, html }) => ({ to, subject, language, text, html })),
  };
}

type Run = (parts: CoreParts & LetterParts, ground: Ground) => Promise<void>;

function runOf(action: Action, current: Case): Run | null {
  if (action.do === 'contact-subscribers') {
    const matter = matterOf(current, action.matterId);
    return matter === undefined ? null : (parts, ground) => contactSubscribers(parts, ground, matter, action.step);
  }
  if (action.do !== 'acknowledge' && action.do !== 'report-to-reporter' && action.do !== 'decline') return null;
  const report = reportOf(current, action.reportId);
  if (report === undefined) return null;
  const write = { acknowledge, 'report-to-reporter': reportToReporter, decline: declinePlea }[action.do];
  return (parts, ground) => write(parts, ground, report);
}

function dryParts(
  parts: CoreParts & LetterParts,
  letters: Outgoing[],
  subscribers: { count: number },
): CoreParts & LetterParts {
  const { followLetters: _, alarmPeople: __, ...rest } = parts;
  const { status, action } = parts.links;
  return {
    ...rest,
    // A signed link lets whoever has it act as the addressee: it is made when the letter leaves, and for nobody else.
    links: {
      ...parts.links,
      status: (...about) => (status(...about) === null ? null : linkLater),
      action: (...about) => (action(...about) === null ? null : linkLater),
    },
    messenger: {
      ...parts.messenger,
      async send(given) {
        letters.push(...given);
        return given.map(() => ({ outcome: 'accepted', detail: 'preview' }) as const);
      },
    },
    outbox: { ...parts.outbox, sent: async () => new Set(), record: async () => {} },
    sets: {
      ...parts.sets,
      async bySubscriber(setId) {
        const all = await parts.sets.bySubscriber(setId);
        subscribers.count = all.size;
        return new Map([...all].slice(0, writtenMax));
      },
    },
  };
}
