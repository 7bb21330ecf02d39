/**
 * The operator's own policy on top of the rulebooks. It may only be stricter: limits shorter, answers earlier, steps
 * sooner, more people. `checkOverlay` says what is wrong with a proposed one; `policyOf` turns an accepted one into the
 * plain values the desk decides by.
 */
import type { Verdict } from '../facts.ts';
import { type LadderName, ladderNames, type Step } from './ladder.ts';
import { ladders as defaultLadders } from './ladders.ts';
import { type OverlayProblem, shapeProblems } from './overlay-shape.ts';
import { hour, type Rule, type Rulebook } from './rule.ts';
import { rulebooks } from './rulebooks/index.ts';

/** Acts that need authority, each with the number of named people who have to approve. */
export const approvalActs = [
  'revoke-proven-compromise',
  'revoke-on-own-request',
  'revoke-root-program-notice',
  'revoke-on-records',
  'close-claim',
  'place-hold',
  'release-hold',
  'longer-limit',
  'back-dated-receipt',
  'miss-deadline',
] as const;
export type ApprovalAct = (typeof approvalActs)[number];

export type { OverlayProblem } from './overlay-shape.ts';

export type People = 0 | 1 | 2;

/** What the operator writes (parsed from configuration). Everything is optional; lengths are whole seconds. */
export interface CpsOverlay {
  /** Name and version of the operator's CPS: the citation of what is shortened. */
  readonly document: string;
  readonly version: string;
  /** Rule or duty id to its shorter limit. */
  readonly limits?: Readonly<Record<string, number>>;
  readonly publishMarginSeconds?: number;
  readonly silenceSeconds?: number;
  readonly approvals?: Readonly<Partial<Record<ApprovalAct, number>>>;
  readonly ladders?: Readonly<Partial<Record<LadderName, readonly Step[]>>>;
}

/** The values in force after the overlay. */
export interface Policy {
  readonly document: string;
  readonly version: string;
  readonly limits: Readonly<Record<string, number>>;
  /** Reserved before the deadline for publication, retries and skew: revocation is planned at `due − margin`. */
  readonly publishMarginSeconds: number;
  /** After *receipt* without an answer, revocation on proven compromise is authorised. 0: at once. */
  readonly silenceSeconds: number;
  readonly approvals: Readonly<Record<ApprovalAct, People>>;
  readonly ladders: Readonly<Record<LadderName, readonly Step[]>>;
}

/** Bounds of what an operator may set. */
const publishMarginMinSeconds = 15 * 60;
const publishMarginMaxSeconds = 12 * hour;
const ladderStepsMax = 50;

export const defaultPolicy: Policy = {
  document: 'Rescind desk policy',
  version: '1',
  limits: {},
  publishMarginSeconds: 2 * hour,
  silenceSeconds: 6 * hour,
  approvals: {
    // Policy is the authority: the proof verified under the certificate's own key, or anybody can compute the key.
    'revoke-proven-compromise': 0,
    'revoke-on-own-request': 0,
    'revoke-root-program-notice': 1,
    'revoke-on-records': 1,
    'close-claim': 1,
    'place-hold': 2,
    'release-hold': 1,
    'longer-limit': 2,
    'back-dated-receipt': 1,
    'miss-deadline': 2,
  },
  ladders: defaultLadders,
};

/** Between which an editor may move; `checkOverlay` decides. */
export const policyBounds = {
  silenceMaxSeconds: defaultPolicy.silenceSeconds,
  publishMarginMinSeconds,
  publishMarginMaxSeconds,
} as const;

/** What is wrong with an overlay; empty when it may be used. Never throws, whatever the configuration held. */
export function checkOverlay(written: unknown, books: readonly Rulebook[] = rulebooks): readonly OverlayProblem[] {
  const misshapen = shapeProblems(written);
  if (misshapen.length > 0) return misshapen;
  const overlay = written as CpsOverlay;
  return [
    ...checkLimits(overlay, books),
    ...checkMargin(overlay),
    ...checkSilence(overlay),
    ...checkApprovals(overlay),
    ...checkLadders(overlay),
  ];
}

/** The policy in force. An overlay with problems is refused as a whole: half a policy is nobody's policy. */
export function policyOf(
  overlay: CpsOverlay | null,
):
  | { readonly ok: true; readonly policy: Policy }
  | { readonly ok: false; readonly problems: readonly OverlayProblem[] } {
  if (overlay === null) return { ok: true, policy: defaultPolicy };
  const problems = checkOverlay(overlay);
  if (problems.length > 0) return { ok: false, problems };
  return {
    ok: true,
    policy: {
      document: overlay.document,
      version: overlay.version,
      limits: overlay.limits ?? {},
      publishMarginSeconds: overlay.publishMarginSeconds ?? defaultPolicy.publishMarginSeconds,
      silenceSeconds: overlay.silenceSeconds ?? defaultPolicy.silenceSeconds,
      approvals: { ...defaultPolicy.approvals, ...(overlay.approvals as Partial<Record<ApprovalAct, People>>) },
      ladders: { ...defaultPolicy.ladders, ...overlay.ladders },
    },
  };
}

/** The limit under this policy: the rule's own or the operator's shorter one. Never longer, whatever the data say. */
export function limitUnder<T extends { readonly id: string; readonly limitSeconds: number | null }>(
  policy: Policy,
  rule: T,
): T['limitSeconds'] {
  const own = policy.limits[rule.id];
  if (own === undefined || rule.limitSeconds === null) return rule.limitSeconds;
  return Math.min(own, rule.limitSeconds);
}

/** The rule with the limit of this policy, for freezing into an event. */
export function ruleUnder(policy: Policy, rule: Rule): Rule {
  const limitSeconds = limitUnder(policy, rule);
  if (limitSeconds === rule.limitSeconds) return rule;
  const soft = rule.softLimitSeconds;
  return {
    ...rule,
    limitSeconds,
    softLimitSeconds: soft === null || limitSeconds === null || soft < limitSeconds ? soft : null,
    section: `${rule.section}; shortened by ${policy.document} ${policy.version}`,
  };
}

/**
 * Which approval a revocation needs. Proof or a computable key under the certificate's own key, or the authenticated
 * holder, is authority by policy; everything the CA's own records can show wants a named person. A bare claim, mere
 * possession or a refuted proof gives no authority at all, however many people sign.
 */
export function actFor(ground: {
  readonly basis: 'proof' | 'subscriber' | 'records' | 'claim' | 'root-program';
  readonly verdict: Verdict | null;
}): ApprovalAct | 'no-authority' {
  switch (ground.basis) {
    case 'proof':
      return ground.verdict !== null && provenVerdicts.includes(ground.verdict)
        ? 'revoke-proven-compromise'
        : 'no-authority';
    case 'subscriber':
      return 'revoke-on-own-request';
    case 'root-program':
      return 'revoke-root-program-notice';
    case 'records':
      return 'revoke-on-records';
    case 'claim':
      return 'no-authority';
  }
}

const provenVerdicts: readonly Verdict[] = ['proven-key', 'proven-statement', 'computable'];

function checkLimits(overlay: CpsOverlay, books: readonly Rulebook[]): OverlayProblem[] {
  const rows = books.flatMap((book) => book.versions.flatMap((v) => [...v.rules, ...v.duties]));
  return Object.entries(overlay.limits ?? {}).flatMap(([id, seconds]): OverlayProblem[] => {
    const path = `limits.${id}`;
    const same = rows.filter((row) => row.id === id);
    if (same.length === 0) return [{ path, message: `There is no rule ${id}. See docs/policy.md for the ids.` }];
    if (!Number.isSafeInteger(seconds) || seconds <= 0) {
      return [{ path, message: 'A limit is a whole number of seconds, more than 0.' }];
    }
    const shortest = Math.min(...same.map((row) => row.limitSeconds ?? 0));
    if (same.some((row) => 'bound' in row && row.bound === 'at-least')) {
      return [{ path, message: `${id} is a minimum set by its document; the overlay leaves minima alone.` }];
    }
    if (shortest === 0) return [{ path, message: `${id} sets no limit, so there is nothing to shorten.` }];
    if (seconds > shortest) {
      return [
        { path, message: `${seconds} s is longer than the ${shortest} s of ${id}; an overlay may only shorten.` },
      ];
    }
    return [];
  });
}

function checkMargin({ publishMarginSeconds: margin }: CpsOverlay): OverlayProblem[] {
  if (margin === undefined) return [];
  if (Number.isSafeInteger(margin) && margin >= publishMarginMinSeconds && margin <= publishMarginMaxSeconds) return [];
  return [
    {
      path: 'publishMarginSeconds',
      message: `The time reserved for publication is ${publishMarginMinSeconds} to ${publishMarginMaxSeconds} s.`,
    },
  ];
}

function checkSilence({ silenceSeconds: silence }: CpsOverlay): OverlayProblem[] {
  if (silence === undefined) return [];
  if (Number.isSafeInteger(silence) && silence >= 0 && silence <= defaultPolicy.silenceSeconds) return [];
  return [
    {
      path: 'silenceSeconds',
      message: `A silent subscriber gets 0 to ${defaultPolicy.silenceSeconds} s after receipt; an overlay may only shorten.`,
    },
  ];
}

function checkApprovals({ approvals }: CpsOverlay): OverlayProblem[] {
  return Object.entries(approvals ?? {}).flatMap(([act, people]): OverlayProblem[] => {
    const path = `approvals.${act}`;
    const least = (approvalActs as readonly string[]).includes(act)
      ? defaultPolicy.approvals[act as ApprovalAct]
      : null;
    if (least === null) return [{ path, message: `There is no act ${act}. Known: ${approvalActs.join(', ')}.` }];
    if (people !== 0 && people !== 1 && people !== 2) return [{ path, message: 'People who approve: 0, 1 or 2.' }];
    if (people < least) return [{ path, message: `${act} needs at least ${least}; an overlay may only ask for more.` }];
    return [];
  });
}

/** A ladder of the overlay keeps every default step, none of them later, and may add its own. */
function checkLadders({ ladders }: CpsOverlay): OverlayProblem[] {
  return Object.entries(ladders ?? {}).flatMap(([name, steps]): OverlayProblem[] => {
    const path = `ladders.${name}`;
    if (!(ladderNames as readonly string[]).includes(name)) {
      return [{ path, message: `There is no ladder ${name}. Known: ${ladderNames.join(', ')}.` }];
    }
    if (steps === undefined) return [];
    if (steps.length > ladderStepsMax) return [{ path, message: `A ladder has at most ${ladderStepsMax} steps.` }];
    return checkSteps(path, defaultPolicy.ladders[name as LadderName], steps);
  });
}

function checkSteps(path: string, defaults: readonly Step[], steps: readonly Step[]): OverlayProblem[] {
  const problems: OverlayProblem[] = [];
  const seen = new Set<string>();
  steps.forEach((step, index) => {
    if (seen.has(step.id)) problems.push({ path: `${path}[${index}].id`, message: `Two steps are called ${step.id}.` });
    seen.add(step.id);
    if (!Number.isSafeInteger(step.offsetSeconds) || step.offsetSeconds < 0) {
      problems.push({
        path: `${path}[${index}].offsetSeconds`,
        message: 'An offset is a whole number of seconds from 0.',
      });
    }
  });
  for (const usual of defaults) {
    const index = steps.findIndex((step) => step.id === usual.id);
    const step = steps[index];
    if (step === undefined) {
      problems.push({ path, message: `The step ${usual.id} is missing; an overlay may add steps, not drop them.` });
      continue;
    }
    const at = `${path}[${index}]`;
    if (step.action !== usual.action || step.anchor !== usual.anchor || step.audience !== usual.audience) {
      problems.push({
        path: at,
        message: `${usual.id} keeps its action, anchor and audience; add a step of your own instead.`,
      });
    }
    const later =
      usual.anchor === 'start' ? step.offsetSeconds > usual.offsetSeconds : step.offsetSeconds < usual.offsetSeconds;
    if (later)
      problems.push({
        path: `${at}.offsetSeconds`,
        message: `${usual.id} would come later; an overlay may only shorten.`,
      });
    const extra = step.skipWhen.filter((s) => !usual.skipWhen.includes(s));
    if (extra.length > 0) {
      problems.push({ path: `${at}.skipWhen`, message: `${usual.id} may not be skipped when ${extra.join(', ')}.` });
    }
  }
  return problems;
}
