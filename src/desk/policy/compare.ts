/** Two policies side by side: what differs, in words, and whether any of it is laxer than before. */
import type { ApprovalAct, Policy } from './cps-overlay.ts';
import { type LadderName, ladderNames, type Step } from './ladder.ts';

export interface PolicyChange {
  readonly what: string;
  readonly before: string;
  readonly after: string;
  readonly looser: boolean;
}

/** `limits` are those of the rulebooks, so that a limit that is taken back can be named. */
export function comparePolicies(
  before: Policy,
  after: Policy,
  limits: readonly { readonly id: string; readonly seconds: number }[],
): readonly PolicyChange[] {
  return [
    ...number('A silent subscriber is waited for', before.silenceSeconds, after.silenceSeconds, 'more'),
    // A smaller reserve leaves less time for what goes wrong.
    ...number('Reserve for publication', before.publishMarginSeconds, after.publishMarginSeconds, 'less'),
    ...limits.flatMap(({ id, seconds }) =>
      number(`Limit of ${id}`, before.limits[id] ?? seconds, after.limits[id] ?? seconds, 'more'),
    ),
    ...(Object.keys(before.approvals) as ApprovalAct[]).flatMap((act): PolicyChange[] => {
      const [was, is] = [before.approvals[act], after.approvals[act]];
      return was === is ? [] : [{ what: `People for ${act}`, before: `${was}`, after: `${is}`, looser: is < was }];
    }),
    ...ladderNames.flatMap((name) => ladder(name, before.ladders[name], after.ladders[name])),
  ];
}

function number(what: string, before: number, after: number, laxer: 'more' | 'less'): PolicyChange[] {
  if (before === after) return [];
  const looser = laxer === 'more' ? after > before : after < before;
  return [{ what, before: lengthOf(before), after: lengthOf(after), looser }];
}

function ladder(name: LadderName, before: readonly Step[], after: readonly Step[]): PolicyChange[] {
  const changed = after.flatMap((step): PolicyChange[] => {
    const was = before.find((s) => s.id === step.id);
    const what = `Ladder ${name}, step ${step.id}`;
    if (was === undefined) return [{ what, before: 'not there', after: placeOf(step), looser: false }];
    if (placeOf(was) === placeOf(step) && was.says === step.says) return [];
    const later =
      step.anchor === 'start' ? step.offsetSeconds > was.offsetSeconds : step.offsetSeconds < was.offsetSeconds;
    const skipsMore = step.skipWhen.some((s) => !was.skipWhen.includes(s));
    return [
      { what, before: placeOf(was), after: placeOf(step), looser: later || skipsMore || step.anchor !== was.anchor },
    ];
  });
  const gone = before
    .filter((step) => !after.some((s) => s.id === step.id))
    .map((step) => ({
      what: `Ladder ${name}, step ${step.id}`,
      before: placeOf(step),
      after: 'taken away',
      looser: true,
    }));
  return [...changed, ...gone];
}

function placeOf({ anchor, offsetSeconds, skipWhen }: Step): string {
  const when =
    anchor === 'start' ? `${lengthOf(offsetSeconds)} after the start` : `${lengthOf(offsetSeconds)} before the limit`;
  return skipWhen.length === 0 ? when : `${when}, unless ${skipWhen.join(' or ')}`;
}

function lengthOf(seconds: number): string {
  if (seconds % 3600 === 0) return `${seconds / 3600} h`;
  return seconds % 60 === 0 ? `${seconds / 60} min` : `${seconds} s`;
}
