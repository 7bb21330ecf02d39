/** A set of SHA-256 digests in 32 bytes each (and a table of numbers): a million are 48 MB, where strings take 130. */
import type { Fingerprint } from '../../foundation/brand.ts';

const width = 32;

export class DigestSet {
  #count = 0;
  #digests = Buffer.alloc(1024 * width);
  #table = new Int32Array(4096).fill(-1);

  get size(): number {
    return this.#count;
  }

  add(fingerprint: Fingerprint): void {
    const digest = Buffer.from(fingerprint, 'hex');
    const slot = this.#slot(digest);
    if (this.#table[slot] !== -1) return;
    if ((this.#count + 1) * width > this.#digests.length) {
      this.#grow();
      this.add(fingerprint);
      return;
    }
    digest.copy(this.#digests, this.#count * width);
    this.#table[slot] = this.#count++;
  }

  has(fingerprint: Fingerprint): boolean {
    return this.#table[this.#slot(Buffer.from(fingerprint, 'hex'))] !== -1;
  }

  /** Where the digest stands or would stand. Digests are uniform: their first bytes are the hash. */
  #slot(digest: Buffer): number {
    const mask = this.#table.length - 1;
    for (let at = digest.readUInt32BE(0) & mask; ; at = (at + 1) & mask) {
      const i = this.#table[at]!;
      if (i === -1 || digest.compare(this.#digests, i * width, (i + 1) * width) === 0) return at;
    }
  }

  #grow(): void {
    const bigger = Buffer.alloc(this.#digests.length * 2);
    this.#digests.copy(bigger);
    this.#digests = bigger;
    this.#table = new Int32Array(this.#table.length * 2).fill(-1);
    for (let i = 0; i < this.#count; i++) {
      this.#table[this.#slot(bigger.subarray(i * width, (i + 1) * width))] = i;
    }
  }
}
