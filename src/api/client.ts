/**
 * The typed client: the console's only way to the desk, and anybody else's. Names, paths and types come from the
 * contract; answers are trusted as the contract says, because the server is the one that this page came from.
 */
import type { Answer, Body, Query } from './contract/endpoints.ts';
import { type OperationName, paths } from './contract/paths.ts';
import type { Problem } from './contract/problem.ts';

export class ApiProblem extends Error {
  readonly problem: Problem;
  constructor(problem: Problem) {
    super(problem.detail);
    this.name = 'ApiProblem';
    this.problem = problem;
  }
}

type PathWords<P extends string> = P extends `${string}{${infer Word}}${infer Rest}` ? Word | PathWords<Rest> : never;
type Words<N extends OperationName> = PathWords<(typeof paths)[N][1]>;
export type Input<N extends OperationName> = ([Words<N>] extends [never]
  ? { readonly path?: never }
  : { readonly path: Readonly<Record<Words<N>, string>> }) &
  ([Body<N>] extends [never] ? { readonly body?: never } : { readonly body: Body<N> }) &
  ([Query<N>] extends [never] ? { readonly query?: never } : { readonly query?: Query<N> }) & {
    readonly signal?: AbortSignal;
    /** The version of the case that the person looked at. */
    readonly ifMatch?: number;
    readonly idempotencyKey?: string;
    /** Finish even when the page is left. */
    readonly keepalive?: boolean;
  };

export interface ClientOptions {
  readonly baseUrl: string;
  /** API token, for programs; the console has its session cookie. */
  readonly token?: string;
  readonly csrf?: () => string | null;
  readonly fetch?: typeof fetch;
}

export type Call = <N extends OperationName>(name: N, input: Input<N>) => Promise<Answer<N>>;

/** Throws `ApiProblem` for every answer that is not a success, and whatever `fetch` throws when there is none. */
export function createClient(options: ClientOptions): Call {
  const send = options.fetch ?? fetch;
  return async (name, input) => {
    const [method, path] = paths[name];
    const url = options.baseUrl + fill(path, input.path as Record<string, string> | undefined) + search(input.query);
    const headers: Record<string, string> = { accept: 'application/json' };
    if (options.token !== undefined) headers.authorization = `Bearer ${options.token}`;
    const csrf = options.csrf?.() ?? null;
    if (method !== 'GET' && csrf !== null) headers['x-csrf-token'] = csrf;
    if (input.ifMatch !== undefined) headers['if-match'] = `"${input.ifMatch}"`;
    if (input.idempotencyKey !== undefined) headers['idempotency-key'] = input.idempotencyKey;
    if (input.body !== undefined) headers['content-type'] = 'application/json';
    const response = await send(url, {
      method,
      headers,
      credentials: 'same-origin',
      ...(input.body === undefined ? {} : { body: JSON.stringify(input.body) }),
      ...(input.signal === undefined ? {} : { signal: input.signal }),
      ...(input.keepalive === undefined ? {} : { keepalive: input.keepalive }),
    });
    if (!response.ok) throw new ApiProblem(await problemOf(response));
    return (await response.json()) as never;
  };
}

function fill(path: string, words: Record<string, string> | undefined): string {
  return path.replaceAll(/\{(\w+)\}/g, (_, word: string) => encodeURIComponent(words?.[word] ?? ''));
}

function search(query: object | undefined): string {
  const params = new URLSearchParams();
  for (const [key, value] of Object.entries(query ?? {})) if (value !== undefined) params.set(key, String(value));
  return params.size === 0 ? '' : `?${params}`;
}

async function problemOf(response: Response): Promise<Problem> {
  const body: unknown = await response.json().catch(() => null);
  if (typeof body === 'object' && body !== null && 'code' in body) return body as Problem;
  return {
    type: 'about:blank',
    title: response.statusText,
    status: response.status,
    code: 'unreadable_answer',
    detail: `The server answered ${response.status} without saying why.`,
    errors: [],
  };
}
