/** Every answer that is not a success, as problem+json (RFC 9457). Messages never carry tokens, bodies or keys. */
import type { Context } from 'hono';
import type { ContentfulStatusCode } from 'hono/utils/http-status';
import type { z } from 'zod';
import { isRefusal, type Refusal } from '../desk/refusal.ts';
import { Fault } from '../foundation/fault.ts';
import type { Problem } from './contract/index.ts';

const titles: Record<number, string> = {
  400: 'Not readable',
  401: 'Not signed in',
  403: 'Not allowed',
  404: 'Not found',
  405: 'Method not allowed',
  409: 'The desk says no',
  412: 'The case has changed',
  413: 'Too large',
  415: 'Media type not supported',
  422: 'Not acceptable as it stands',
  429: 'Too many requests',
  500: 'Our mistake',
  503: 'Not available',
};

/** Carries a problem up to the one place that writes it. */
export class ProblemError extends Error {
  readonly problem: Problem;
  readonly headers: Readonly<Record<string, string>>;
  constructor(
    status: number,
    code: string,
    detail: string,
    more: { errors?: Problem['errors']; headers?: Record<string, string> } = {},
  ) {
    super(detail);
    this.name = 'ProblemError';
    this.headers = more.headers ?? {};
    this.problem = {
      type: `urn:rescind:problem:${code}`,
      title: titles[status] ?? 'Problem',
      status,
      code,
      detail,
      errors: more.errors ?? [],
    };
  }
}

export function notFound(what: string): ProblemError {
  return new ProblemError(404, 'not_found', `There is no such ${what}.`);
}

/** A refusal is an answer of the desk: nothing was changed. A stale screen is told apart, because it can reload. */
export function refused(refusal: Refusal): ProblemError {
  return new ProblemError(refusal.code === 'case_changed' ? 412 : 409, refusal.code, refusal.message);
}

/** What the desk answered to an act: null is an unknown id, a refusal a problem. */
export function done<T>(answer: T | Refusal | null, what: string): T {
  if (answer === null) throw notFound(what);
  if (isRefusal(answer)) throw refused(answer);
  return answer as T;
}

export function invalid(error: z.ZodError): ProblemError {
  const errors = error.issues.slice(0, 20).map((i) => ({ path: i.path.join('.'), message: i.message }));
  const first = errors[0];
  return new ProblemError(
    422,
    'invalid',
    first === undefined ? 'The request does not fit.' : `${first.path || 'request'}: ${first.message}`,
    { errors },
  );
}

export function problemResponse(context: Context, error: unknown): Response {
  const known = asProblem(error);
  for (const [name, value] of Object.entries(known.headers)) context.header(name, value);
  context.header('content-type', 'application/problem+json');
  return context.body(JSON.stringify(known.problem), known.problem.status as ContentfulStatusCode);
}

function asProblem(error: unknown): ProblemError {
  if (error instanceof ProblemError) return error;
  if (error instanceof Fault) {
    const unsure = error.outcome === 'unknown' ? ' It may have happened; look before trying again.' : '';
    return new ProblemError(503, error.code, error.message + unsure, { headers: { 'retry-after': '5' } });
  }
  return new ProblemError(500, 'bug', 'Something went wrong here; nothing more is known. The log has the details.');
}
