/**
 * Whether what an operator wrote has the shape of an overlay at all. Configuration is outside input: a misspelt key or
 * a text where a number belongs is one clear sentence with its path, before anything asks whether it only shortens.
 */
import { type SkipWhen, type StepAction, stepActions } from './ladder.ts';

export interface OverlayProblem {
  /** Where in the overlay, e.g. `limits.TLS-03`; empty for the overlay itself. */
  readonly path: string;
  readonly message: string;
}

const keys = ['document', 'version', 'limits', 'publishMarginSeconds', 'silenceSeconds', 'approvals', 'ladders'];
const stepKeys = ['id', 'action', 'anchor', 'offsetSeconds', 'audience', 'skipWhen', 'says'];
const anchors = ['start', 'due'];
const audiences = ['subscriber', 'reporter', 'on-call', 'executive', 'compliance', 'desk'];
const skips: readonly SkipWhen[] = ['taken', 'answered', 'authorised', 'accepted', 'published'];

/** Longest text of a step's id and of its sentence. */
const idMax = 60;
const saysMax = 300;

export function shapeProblems(overlay: unknown): readonly OverlayProblem[] {
  if (!isObject(overlay)) return [{ path: '', message: 'A policy overlay is an object.' }];
  const unknownKeys = Object.keys(overlay).filter((key) => !keys.includes(key));
  return [
    ...unknownKeys.map((key) => ({ path: key, message: `There is no setting ${key}. Known: ${keys.join(', ')}.` })),
    ...textProblem(overlay.document, 'document', 200),
    ...textProblem(overlay.version, 'version', 60),
    ...numberProblem(overlay.publishMarginSeconds, 'publishMarginSeconds'),
    ...numberProblem(overlay.silenceSeconds, 'silenceSeconds'),
    ...numbersProblem(overlay.limits, 'limits'),
    ...numbersProblem(overlay.approvals, 'approvals'),
    ...laddersProblem(overlay.ladders),
  ];
}

function laddersProblem(ladders: unknown): OverlayProblem[] {
  if (ladders === undefined) return [];
  if (!isObject(ladders)) return [{ path: 'ladders', message: 'Ladders are an object from name to steps.' }];
  return Object.entries(ladders).flatMap(([name, steps]) =>
    Array.isArray(steps)
      ? steps.flatMap((step: unknown, index) => stepProblems(step, `ladders.${name}[${index}]`))
      : [{ path: `ladders.${name}`, message: 'A ladder is a list of steps.' }],
  );
}

function stepProblems(step: unknown, path: string): OverlayProblem[] {
  if (!isObject(step)) return [{ path, message: 'A step is an object.' }];
  const oneOf = (key: string, allowed: readonly string[]): OverlayProblem[] =>
    typeof step[key] === 'string' && allowed.includes(step[key])
      ? []
      : [{ path: `${path}.${key}`, message: `One of ${allowed.join(', ')}.` }];
  const unknownKeys = Object.keys(step).filter((key) => !stepKeys.includes(key));
  const skipWhen = step.skipWhen;
  return [
    ...unknownKeys.map((key) => ({ path: `${path}.${key}`, message: `A step has no ${key}.` })),
    ...textProblem(step.id, `${path}.id`, idMax),
    ...textProblem(step.says, `${path}.says`, saysMax),
    ...oneOf('action', stepActions satisfies readonly StepAction[]),
    ...oneOf('anchor', anchors),
    ...oneOf('audience', audiences),
    ...(typeof step.offsetSeconds === 'number'
      ? []
      : [{ path: `${path}.offsetSeconds`, message: 'A whole number of seconds.' }]),
    ...(Array.isArray(skipWhen) && skipWhen.every((s) => (skips as readonly unknown[]).includes(s))
      ? []
      : [{ path: `${path}.skipWhen`, message: `A list of ${skips.join(', ')}.` }]),
  ];
}

function numbersProblem(value: unknown, path: string): OverlayProblem[] {
  if (value === undefined) return [];
  if (!isObject(value)) return [{ path, message: 'An object from name to number.' }];
  return Object.entries(value).flatMap(([key, n]) => numberProblem(n ?? null, `${path}.${key}`));
}

function numberProblem(value: unknown, path: string): OverlayProblem[] {
  return value === undefined || typeof value === 'number' ? [] : [{ path, message: 'This has to be a number.' }];
}

function textProblem(value: unknown, path: string, max: number): OverlayProblem[] {
  const fits = typeof value === 'string' && value.trim() !== '' && value.length <= max;
  return fits ? [] : [{ path, message: `A text of 1 to ${max} characters.` }];
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
