/**
 * One act, however often it is sent: a network lost while acting makes people press again. Answers are kept in memory
 * for the process; the desk's own checks (stable question ids, `If-Match`) hold across restarts.
 */
import { createHash } from 'node:crypto';
import { ProblemError } from './problem.ts';

const keysMax = 10_000;
const keyPattern = /^[\x21-\x7e]{8,128}$/;

export class Idempotency {
  readonly #answers = new Map<string, { readonly bodyHash: string; readonly answer: Promise<unknown> }>();

  /** Runs `act` once per (person, key). The same key with another body is a mistake of the caller and is refused. */
  async once<T>(
    person: string,
    key: string | null,
    body: { readonly path: string; readonly content: unknown },
    act: () => Promise<T>,
  ): Promise<T> {
    if (key === null) return act();
    if (!keyPattern.test(key))
      throw new ProblemError(400, 'idempotency_key_unreadable', 'Idempotency-Key is 8 to 128 visible characters.');
    const id = `${person} ${key}`;
    const bodyHash = createHash('sha256').update(JSON.stringify(body)).digest('hex');
    const known = this.#answers.get(id);
    if (known !== undefined) {
      if (known.bodyHash === bodyHash) return (await known.answer) as T;
      throw new ProblemError(422, 'idempotency_key_reused', 'This Idempotency-Key was used for another request.');
    }
    const answer = act();
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
