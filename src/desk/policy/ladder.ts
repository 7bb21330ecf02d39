/**
 * Who is told what, when, if nothing moves. A ladder belongs to a kind of case; its steps hang on the clock's start or
 * on the deadline (T-minus), so a case found late still gets every step, at once. No step waits for an answer to an
 * earlier one, and none moves a deadline: silence extends nothing.
 */
import { unreachable } from '../../foundation/brand.ts';
import { earliest, type Instant, isBefore, latest } from '../../foundation/time/time.ts';
import type { Reason } from '../facts.ts';
import { hour } from './rule.ts';

export const ladderNames = [
  'proven-compromise',
  'subscriber-request',
  '24-hours',
  '5-days',
  '7-days',
  'unproven',
  'no-limit',
] as const;
export type LadderName = (typeof ladderNames)[number];

/** What a step does. The names are those the letters, the screen and the log use. */
export const stepActions = [
  'acknowledge',
  'page',
  'notice',
  'advise-renewal',
  'second-channel',
  'call',
  'reminder',
  'last-call',
  'authorise',
  'revoke',
  'hard-trigger',
  'executive-page',
  'draft-incident',
  'force',
  'breach',
] as const;
export type StepAction = (typeof stepActions)[number];

export type StepAnchor = 'start' | 'due';

/** What makes a step pointless. `taken`: someone on call has the case; `answered`: the subscriber has answered. */
export type SkipWhen = 'taken' | 'answered' | 'authorised' | 'accepted' | 'published';

export interface Step {
  /** Unique in its ladder, stable: events and the log name it. */
  readonly id: string;
  readonly action: StepAction;
  readonly anchor: StepAnchor;
  /** After the start, or before the deadline: never negative. */
  readonly offsetSeconds: number;
  readonly audience: 'subscriber' | 'reporter' | 'on-call' | 'executive' | 'compliance' | 'desk';
  readonly skipWhen: readonly SkipWhen[];
  /** The step as a readable sentence. */
  readonly says: string;
}

export interface StepAt {
  readonly at: Instant;
  readonly step: Step;
}

export interface LadderQuestion {
  readonly reason: Reason | null;
  readonly limitSeconds: number | null;
  /** Proof under the certificate's own key, or a key that anybody can compute. */
  readonly proven: boolean;
  /** The authenticated holder asked. */
  readonly bySubscriber: boolean;
}

/** Which ladder a matter climbs. A bare claim of compromise has its own: it asks for proof and revokes nothing. */
export function ladderNameFor({ reason, limitSeconds, proven, bySubscriber }: LadderQuestion): LadderName {
  if (limitSeconds === null) return 'no-limit';
  if (bySubscriber) return 'subscriber-request';
  if (reason === 'keyCompromise') return proven ? 'proven-compromise' : 'unproven';
  if (limitSeconds <= 24 * hour) return '24-hours';
  if (limitSeconds <= 120 * hour) return '5-days';
  return '7-days';
}

/**
 * The steps of one ladder as instants, soonest first; equal instants keep the order of the ladder. Without a deadline
 * the T-minus steps fall away. No step lies before the start, and only the breach itself lies at the deadline or later.
 */
export function stepsFor(ladder: readonly Step[], start: Instant, due: Instant | null): readonly StepAt[] {
  return ladder
    .flatMap((step): StepAt[] => {
      const at = instantOf(step, start, due);
      return at === null ? [] : [{ at, step }];
    })
    .sort((a, b) => Temporal.Instant.compare(a.at, b.at));
}

/** The next step that has not been done and is not pointless; null when the ladder is climbed. */
export function nextStep(
  steps: readonly StepAt[],
  done: ReadonlySet<string>,
  state: ReadonlySet<SkipWhen>,
): StepAt | null {
  return steps.find(({ step }) => !done.has(step.id) && !step.skipWhen.some((s) => state.has(s))) ?? null;
}

function instantOf(step: Step, start: Instant, due: Instant | null): Instant | null {
  switch (step.anchor) {
    case 'start': {
      const at = start.add({ seconds: step.offsetSeconds });
      return due === null ? at : earliest(at, due);
    }
    case 'due':
      if (due === null) return null;
      // A limit shorter than the T-minus is owed at once, not in the past.
      return isBefore(due, start) ? due : latest(start, due.subtract({ seconds: step.offsetSeconds }));
    default:
      return unreachable(step.anchor);
  }
}
