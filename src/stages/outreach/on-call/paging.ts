/**
 * When whom to page next. Pure: from what was sent and what has happened to the next page and its instant. Unanswered
 * pages climb the levels and then start over; a case that somebody took is paged again when nothing moves, at intervals
 * that shrink with the time left. It never gives up before the revocation is published: silence of our own people
 * extends nothing either.
 */
import { earliest, hasCome, type Instant, isBefore, latest } from '../../../foundation/time/time.ts';

export interface PagingPolicy {
  /** How long one level has to answer before the next is paged. */
  readonly answerSeconds: number;
  /** After the last level, this long until it starts over. */
  readonly roundSeconds: number;
  /** Time left to the deadline, longest first, to the longest silence after a person has taken the case. */
  readonly repage: readonly { readonly leftAtLeastSeconds: number; readonly everySeconds: number }[];
}

const minute = 60;
const hour = 3600;

export const defaultPaging: PagingPolicy = {
  answerSeconds: 5 * minute,
  roundSeconds: 10 * minute,
  repage: [
    { leftAtLeastSeconds: 12 * hour, everySeconds: 60 * minute },
    { leftAtLeastSeconds: 4 * hour, everySeconds: 30 * minute },
    { leftAtLeastSeconds: hour, everySeconds: 15 * minute },
    { leftAtLeastSeconds: 0, everySeconds: 5 * minute },
  ],
};

export interface SentPage {
  readonly at: Instant;
  readonly level: number;
}

export interface PagingState {
  /** When the reason to page arose. */
  readonly since: Instant;
  readonly dueAt: Instant | null;
  readonly levels: number;
  readonly sent: readonly SentPage[];
  /** When a person took the case; null while nobody has. Handing it back makes it null again. */
  readonly takenAt: Instant | null;
  /** Last act of a person or step of the case that changed something. */
  readonly movedAt: Instant | null;
  /** Nothing is left to do: published, or closed. */
  readonly done: boolean;
}

export interface NextPage {
  readonly at: Instant;
  readonly level: number;
  readonly because: 'first' | 'no-answer' | 'nothing-moves';
}

/** The next page and when; null when it is done or nobody could be paged. May lie in the past: then it is owed now. */
export function nextPage(state: PagingState, policy: PagingPolicy = defaultPaging): NextPage | null {
  if (state.done || state.levels <= 0) return null;
  const last = state.sent.at(-1);
  if (state.takenAt !== null) return repage(state, policy, state.takenAt, last);
  if (last === undefined) return { at: state.since, level: 0, because: 'first' };
  const climbed = last.level + 1;
  const wait = climbed < state.levels ? policy.answerSeconds : policy.roundSeconds;
  const at = last.at.add({ seconds: Math.min(wait, silenceSeconds(state.dueAt, last.at, policy)) });
  return { at, level: climbed < state.levels ? climbed : 0, because: 'no-answer' };
}

/** Longest silence allowed at `now`: 60, 30, 15, 5 minutes as the time left shrinks. Without a deadline the longest. */
export function silenceSeconds(dueAt: Instant | null, now: Instant, policy: PagingPolicy = defaultPaging): number {
  const longest = Math.max(...policy.repage.map((r) => r.everySeconds));
  if (dueAt === null) return longest;
  const left = now.until(dueAt).total('seconds');
  const shortest = Math.min(...policy.repage.map((r) => r.everySeconds));
  return policy.repage.find((r) => left >= r.leftAtLeastSeconds)?.everySeconds ?? shortest;
}

/**
 * Every page that would go out if nobody answered, until the deadline (or a day without one), at most `max`. Shown
 * before a policy is saved.
 */
export function simulate(
  question: { readonly since: Instant; readonly dueAt: Instant | null; readonly levels: number },
  policy: PagingPolicy = defaultPaging,
  max = 500,
): readonly NextPage[] {
  const end = question.dueAt ?? question.since.add({ hours: 24 });
  const pages: NextPage[] = [];
  while (pages.length < max) {
    const next = nextPage({ ...question, sent: pages, takenAt: null, movedAt: null, done: false }, policy);
    if (next === null || !isBefore(next.at, end)) break;
    pages.push(next);
  }
  return pages;
}

/** What is wrong with a paging policy; empty when it may be used. It may only be as patient as the default. */
export function pagingProblems(policy: PagingPolicy): readonly { readonly path: string; readonly message: string }[] {
  const problems: { path: string; message: string }[] = [];
  const bounded = (path: string, value: number, max: number) => {
    if (!Number.isInteger(value) || value < 30 || value > max)
      problems.push({ path, message: `30 to ${max} seconds.` });
  };
  bounded('answerSeconds', policy.answerSeconds, defaultPaging.answerSeconds);
  bounded('roundSeconds', policy.roundSeconds, defaultPaging.roundSeconds);
  if (policy.repage.length === 0) problems.push({ path: 'repage', message: 'There is at least one interval.' });
  policy.repage.forEach((row, index) => {
    bounded(`repage[${index}].everySeconds`, row.everySeconds, 60 * minute);
    const before = policy.repage[index - 1];
    if (
      before !== undefined &&
      (row.everySeconds > before.everySeconds || row.leftAtLeastSeconds >= before.leftAtLeastSeconds)
    ) {
      problems.push({ path: `repage[${index}]`, message: 'Intervals shrink as the time left shrinks.' });
    }
  });
  if (policy.repage.length > 0 && policy.repage.at(-1)?.leftAtLeastSeconds !== 0) {
    problems.push({ path: 'repage', message: 'The last interval holds until the deadline: leftAtLeastSeconds is 0.' });
  }
  return problems;
}

function repage(state: PagingState, policy: PagingPolicy, takenAt: Instant, last: SentPage | undefined): NextPage {
  const quietSince = latest(takenAt, state.movedAt ?? takenAt, last?.at ?? takenAt);
  const allowed = quietSince.add({ seconds: silenceSeconds(state.dueAt, quietSince, policy) });
  // A long interval must not sleep across the threshold of a shorter one.
  const thresholds = thresholdsOf(state.dueAt, policy).filter((t) => isBefore(quietSince, t.from));
  const sooner = thresholds.map((t) => latest(t.from, quietSince.add({ seconds: t.everySeconds })));
  const at = earliest(allowed, ...sooner);
  // Whoever took it is asked first; when that page stays without a move, the next level hears of it.
  const unmoved =
    last !== undefined && hasCome(takenAt, last.at) && (state.movedAt === null || isBefore(state.movedAt, last.at));
  const level = unmoved ? Math.min(last.level + 1, state.levels - 1) : 0;
  return { at, level, because: 'nothing-moves' };
}

function thresholdsOf(dueAt: Instant | null, policy: PagingPolicy): readonly { from: Instant; everySeconds: number }[] {
  if (dueAt === null) return [];
  return policy.repage.slice(0, -1).map((row, index) => ({
    from: dueAt.subtract({ seconds: row.leftAtLeastSeconds }),
    everySeconds: policy.repage[index + 1]?.everySeconds ?? row.everySeconds,
  }));
}
