/**
 * One act, however often it is sent: a network lost while acting makes people press again. Answers are kept in memory,
 * and those about cases and policy in the database as well, so that the second press after a restart or on another node
 * gets the first answer. A crash between act and answer is caught by the desk: the same `If-Match` no longer fits.
 */
import { createHash } from 'node:crypto';
import { ProblemError } from './problem.ts';

const keysMax = 10_000;
const keyPattern = /^[\x21-\x7e]{8,128}$/;

export interface KeptAnswers {
  find(id: string): Promise<{ readonly bodyHash: string; readonly answer: unknown } | null>;
  keep(id: string, bodyHash: string, answer: unknown): Promise<void>;
}

export class Idempotency {
  readonly #answers = new Map<string, { readonly bodyHash: string; readonly answer: Promise<unknown> }>();
  readonly #kept: KeptAnswers | null;

  constructor(kept: KeptAnswers | null = null) {
    this.#kept = kept;
  }

  /**
   * Runs `act` once per (person, key). The same key with another body is a mistake of the caller and is refused.
   * `durable`: the answer holds no secret and outlives the process.
   */
  async once<T>(
    person: string,
    key: string | null,
    request: { readonly path: string; readonly content: unknown; readonly durable: boolean },
    act: () => Promise<T>,
  ): Promise<T> {
    if (key === null) return act();
    if (!keyPattern.test(key))
      throw new ProblemError(400, 'idempotency_key_unreadable', 'Idempotency-Key is 8 to 128 visible characters.');
    const { path, content } = request;
    const id = `${person} ${key}`;
    const bodyHash = hashOf(JSON.stringify({ path, content }));
    const known = this.#answers.get(id);
    if (known !== undefined) return (await mustBeSame(known, bodyHash)) as T;
    const kept = request.durable ? this.#kept : null;
    const answer = once(kept, hashOf(id), bodyHash, act);
    this.#answers.set(id, { bodyHash, answer });
    // A failure is not an answer: the caller may try again with the same key.
    answer.catch(() => this.#answers.delete(id));
    if (this.#answers.size > keysMax) {
      const oldest = this.#answers.keys().next().value;
      if (oldest !== undefined) this.#answers.delete(oldest);
    }
    return answer;
  }
}

async function once<T>(kept: KeptAnswers | null, id: string, bodyHash: string, act: () => Promise<T>): Promise<T> {
  const known = (await kept?.find(id)) ?? null;
  if (known !== null) return (await mustBeSame(known, bodyHash)) as T;
  const answer = await act();
  await kept?.keep(id, bodyHash, answer);
  return answer;
}

function mustBeSame<T>(known: { readonly bodyHash: string; readonly answer: T }, bodyHash: string): T {
  if (known.bodyHash === bodyHash) return known.answer;
  throw new ProblemError(422, 'idempotency_key_reused', 'This Idempotency-Key was used for another request.');
}

function hashOf(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}
