/**
 * mbox files (RFC 4155 and its older relatives): messages one after the other, each behind a `From ` line. Read as a
 * stream, so that an archive of any size costs the memory of its largest message.
 */
import { MESSAGE_BYTES_MAX } from './bounds.ts';
import { parseDate } from './dates.ts';
import type { ParsedDate } from './message.ts';

export interface MboxMessage {
  /** From 1, in file order. */
  readonly number: number;
  /** The message without its `From ` line, `>From ` quoting undone. */
  readonly bytes: Uint8Array;
  /** Delivery time of the `From ` line; mostly without zone. */
  readonly deliveredAt: ParsedDate | null;
  /** The message went on beyond what is kept. */
  readonly truncated: boolean;
}

/** Whether a file is an mbox: it starts with a `From ` line that ends in a date. */
export function looksLikeMbox(head: Uint8Array): boolean {
  const line = Buffer.from(head.subarray(0, 400)).toString('latin1').split(/\r?\n/)[0] ?? '';
  return fromLine.test(line);
}

// `From sender Sat Aug 31 17:49:00 2024`, also with a zone, a comma or an ISO date.
const fromLine = /^From \S{1,320} {1,4}(.{0,10}\d{1,2}.{0,60}\d{4}.{0,40}|\d{4}-\d{2}-\d{2}.{0,40})$/;

/** All messages of an mbox in memory. */
export function splitMbox(bytes: Uint8Array): readonly MboxMessage[] {
  const splitter = new Splitter();
  return [...splitter.push(bytes), ...splitter.end()];
}

/** The messages of an mbox that streams in. */
export async function* readMbox(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<MboxMessage> {
  const splitter = new Splitter();
  for await (const chunk of chunks) yield* splitter.push(chunk);
  yield* splitter.end();
}

class Splitter {
  private rest: Buffer = Buffer.alloc(0);
  private lines: Buffer[] = [];
  private size = 0;
  private truncated = false;
  private count = 0;
  private open = false;
  private deliveredAt: ParsedDate | null = null;
  private blankBefore = true;

  *push(chunk: Uint8Array): Generator<MboxMessage> {
    let buffer =
      this.rest.length === 0
        ? Buffer.from(chunk.buffer, chunk.byteOffset, chunk.length)
        : Buffer.concat([this.rest, chunk]);
    for (let lf = buffer.indexOf(0x0a); lf >= 0; lf = buffer.indexOf(0x0a)) {
      const finished = this.line(buffer.subarray(0, lf + 1));
      if (finished !== null) yield finished;
      buffer = buffer.subarray(lf + 1);
    }
    // A line without end is cut into pieces: no `From ` line is that long.
    if (buffer.length > 65_536) {
      this.keep(buffer);
      this.blankBefore = false;
      buffer = Buffer.alloc(0);
    }
    this.rest = Buffer.from(buffer);
  }

  *end(): Generator<MboxMessage> {
    if (this.rest.length > 0) {
      const finished = this.line(this.rest);
      if (finished !== null) yield finished;
    }
    const last = this.finish();
    if (last !== null) yield last;
  }

  private line(line: Buffer): MboxMessage | null {
    if (this.blankBefore && line[0] === 0x46 && line.subarray(0, 5).toString('latin1') === 'From ') {
      const found = fromLine.exec(line.subarray(0, 500).toString('latin1').trimEnd());
      if (found !== null) {
        const finished = this.finish();
        this.open = true;
        this.deliveredAt = parseDate(found[1] as string);
        this.blankBefore = false;
        return finished;
      }
    }
    this.blankBefore = line.length <= 2 && /^\r?\n$/.test(line.toString('latin1'));
    // Text before the first `From ` line is kept as a message of its own, not skipped.
    if (!this.open && line.toString('latin1').trim() === '') return null;
    this.open = true;
    this.keep(/^>+From /.test(line.subarray(0, 64).toString('latin1')) ? line.subarray(1) : line);
    return null;
  }

  private keep(line: Buffer): void {
    if (this.size + line.length > MESSAGE_BYTES_MAX) {
      this.truncated = true;
      return;
    }
    this.size += line.length;
    this.lines.push(Buffer.from(line));
  }

  private finish(): MboxMessage | null {
    if (!this.open) return null;
    this.count++;
    const whole = Buffer.concat(this.lines);
    // The empty line before the next `From ` belongs to the format.
    const bytes = whole.subarray(
      0,
      whole.length - (/\r?\n\r?\n$/.exec(whole.subarray(-4).toString('latin1')) ? (whole.at(-2) === 0x0d ? 2 : 1) : 0),
    );
    const message = { number: this.count, bytes, deliveredAt: this.deliveredAt, truncated: this.truncated };
    this.lines = [];
    this.size = 0;
    this.truncated = false;
    this.open = false;
    this.deliveredAt = null;
    return message;
  }
}
