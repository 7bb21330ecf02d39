import { type Budget, Unreadable } from './limits.ts';

/** A growing buffer that decoders write to and copy matches from; it stops them at the limit, whatever a header said. */
export class Output {
  bytes: Buffer;
  length = 0;
  private readonly max: number;
  private readonly budget: Budget;
  private booked = 0;

  constructor(budget: Budget, max: number, expected = 4096) {
    this.budget = budget;
    this.max = max;
    // The stated size is a hint for the first allocation only, and a small one.
    this.bytes = Buffer.allocUnsafeSlow(Math.max(256, Math.min(expected, max, 1 << 20)));
  }

  /** Makes room for `more` bytes after `length`. Throws `too_large` at the limit. */
  ensure(more: number): void {
    const wanted = this.length + more;
    if (wanted > this.max) throw new Unreadable('too_large');
    if (wanted <= this.bytes.length) return;
    this.book();
    const grown = Buffer.allocUnsafeSlow(Math.min(this.max, Math.max(wanted, this.bytes.length * 2)));
    this.bytes.copy(grown, 0, 0, this.length);
    this.bytes.fill(0);
    this.bytes = grown;
  }

  push(byte: number): void {
    if (this.length === this.bytes.length) this.ensure(1);
    this.bytes[this.length++] = byte;
  }

  append(source: Uint8Array): void {
    this.ensure(source.length);
    this.bytes.set(source, this.length);
    this.length += source.length;
  }

  private book(): void {
    this.budget.spend(this.length - this.booked);
    this.booked = this.length;
  }

  done(): Buffer {
    this.book();
    return this.bytes.subarray(0, this.length);
  }
}
