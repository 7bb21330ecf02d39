/**
 * Frames between the desk and a reading-room child: four bytes of length, little-endian, and a value in V8's own
 * serialization. The child reads and writes them blocking, since it has nothing else to do: that leaves Node's event
 * loop and its message channel out of every hop.
 */
import { readSync, writeSync } from 'node:fs';
import { deserialize, serialize } from 'node:v8';

/** The child's descriptor: beside standard input and output and the program (program.ts). */
export const PIPE = 5;

const HEADER_BYTES = 4;
/** A report is at most 64 MiB; what was found in it cannot be many times as much. */
export const FRAME_BYTES_MAX = 512 * 1024 * 1024;

export function frameOf(value: unknown): Buffer[] {
  const body = serialize(value);
  const header = Buffer.allocUnsafe(HEADER_BYTES);
  header.writeUInt32LE(body.length);
  return body.length < 65_536 ? [Buffer.concat([header, body])] : [header, body];
}

/** Collects the chunks of a stream into values. Throws Error for a frame that is too long or no value. */
export class FrameReader {
  private readonly take: (value: unknown) => void;
  private chunks: Buffer[] = [];
  private length = 0;

  constructor(take: (value: unknown) => void) {
    this.take = take;
  }

  push(chunk: Buffer): void {
    this.chunks.push(chunk);
    this.length += chunk.length;
    for (let size = this.size(); size !== null && this.length >= HEADER_BYTES + size; size = this.size()) {
      const whole = this.chunks.length === 1 ? (this.chunks[0] as Buffer) : Buffer.concat(this.chunks, this.length);
      const rest = whole.subarray(HEADER_BYTES + size);
      this.chunks = rest.length === 0 ? [] : [rest];
      this.length = rest.length;
      this.take(deserialize(whole.subarray(HEADER_BYTES, HEADER_BYTES + size)));
    }
  }

  private size(): number | null {
    if (this.length < HEADER_BYTES) return null;
    const first = this.chunks[0] as Buffer;
    if (first.length < HEADER_BYTES) this.chunks = [Buffer.concat(this.chunks, this.length)];
    const size = (this.chunks[0] as Buffer).readUInt32LE();
    if (size > FRAME_BYTES_MAX) throw new Error(`a frame of ${size} bytes`);
    return size;
  }
}

/** The child's end. `receive` gives null when the desk has gone. */
export function blockingChannel(descriptor: number): { receive(): unknown; send(value: unknown): void } {
  const fill = (bytes: Buffer): boolean => {
    for (let at = 0; at < bytes.length; ) {
      const read = readSync(descriptor, bytes, at, bytes.length - at, null);
      if (read === 0) return false;
      at += read;
    }
    return true;
  };
  const header = Buffer.allocUnsafeSlow(HEADER_BYTES);
  return {
    receive() {
      if (!fill(header)) return null;
      const size = header.readUInt32LE();
      if (size > FRAME_BYTES_MAX) return null;
      const body = Buffer.allocUnsafeSlow(size);
      return fill(body) ? deserialize(body) : null;
    },
    send(value) {
      for (const part of frameOf(value)) {
        for (let at = 0; at < part.length; ) at += writeSync(descriptor, part, at);
      }
    },
  };
}
