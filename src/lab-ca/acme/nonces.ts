/** RFC 8555 section 6.5. Each is good once; the oldest are forgotten, which a client answers by asking for another. */
import { randomToken } from './random.ts';

const noncesMax = 100_000;

export class Nonces {
  readonly #open = new Set<string>();

  issue(): string {
    const nonce = randomToken(16);
    this.#open.add(nonce);
    if (this.#open.size > noncesMax) {
      for (const oldest of this.#open) {
        this.#open.delete(oldest);
        break;
      }
    }
    return nonce;
  }

  /** True exactly once for each nonce issued. */
  take(nonce: string): boolean {
    return this.#open.delete(nonce);
  }
}
