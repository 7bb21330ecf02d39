/**
 * Certificate Transparency logs, as a cross-check that finds what the CA's own list forgot (above all precertificates
 * without a certificate). RFC 6962 `get-entries`, and static-ct-api data tiles. The log's signatures are not verified here:
 * an entry only ever *adds* a certificate, which must parse, and whether it is ours is decided by its issuer.
 */
import { gunzipSync } from 'node:zlib';
import { z } from 'zod';
import { Fault } from '../../../foundation/fault.ts';
import type { Progress } from '../inventory.ts';
import { getBytes, getJson, type HttpOptions } from './http.ts';
import type { Entry } from './import.ts';
import { entryOf } from './pem.ts';

export interface CtOptions extends HttpOptions {
  /** Hex SHA-256 of issuer names (DER). Entries of other issuers are passed over; without it all are taken. */
  readonly issuers?: ReadonlySet<string>;
}

const answerBytesMax = 128 * 1024 * 1024;
const checkpointBytesMax = 64 * 1024;
const entriesPerRequest = 1_000;
const tileWidth = 256;
/** RFC 6962 knows x509_entry (0) and precert_entry (1); others are passed over, not errors. */
const entryTypes = { certificate: 0, precertificate: 1 } as const;

const sth = z.object({ tree_size: z.int().nonnegative(), timestamp: z.int().nonnegative() });
const entries = z.object({
  entries: z.array(z.object({ leaf_input: z.base64(), extra_data: z.base64() })).min(1),
});

/** Reads an RFC 6962 log from the recorded position to its signed tree head. */
export async function* readLog(url: string, last: Progress | null, options: CtOptions): AsyncGenerator<Entry> {
  const base = url.replace(/\/$/, '');
  const head = sth.safeParse(await getJson(`${base}/ct/v1/get-sth`, checkpointBytesMax, options));
  if (!head.success) throw new Fault('source_failed', `${base}: not a signed tree head`);
  const { tree_size: size, timestamp } = head.data;
  for (let next = position(last); next < size; ) {
    const end = Math.min(next + entriesPerRequest, size) - 1;
    const asked = `${base}/ct/v1/get-entries?start=${next}&end=${end}`;
    const answer = entries.safeParse(await getJson(asked, answerBytesMax, options));
    if (!answer.success) throw new Fault('source_failed', `${asked}: not log entries`);
    // The log may return fewer than asked for, contiguous from the start; more than asked for is a fault of the log.
    const got = answer.data.entries.slice(0, end - next + 1);
    for (const entry of got) {
      const leaf = new Bytes(Buffer.from(entry.leaf_input, 'base64'));
      const extra = new Bytes(Buffer.from(entry.extra_data, 'base64'));
      yield* readEntry(`${base}#${next}`, options, () => {
        leaf.skip(2); // version and leaf_type
        const type = readTimestamped(leaf);
        if (type === entryTypes.certificate) return leaf.vector(3);
        if (type === entryTypes.precertificate) return extra.vector(3);
        return null;
      });
      next++;
    }
    yield progress(base, next, next >= size ? timestamp : null, last);
  }
}

/** Reads a static-ct-api log (its monitoring prefix) from the recorded position to its checkpoint. */
export async function* readStaticLog(url: string, last: Progress | null, options: CtOptions): AsyncGenerator<Entry> {
  const base = url.replace(/\/$/, '');
  const { size, timestamp } = readCheckpoint(await getBytes(`${base}/checkpoint`, checkpointBytesMax, options), base);
  for (let next = position(last); next < size; ) {
    const tile = Math.floor(next / tileWidth);
    const width = Math.min(tileWidth, size - tile * tileWidth);
    const bytes = await dataTile(base, tile, width, options);
    for (let index = tile * tileWidth; index < tile * tileWidth + width; index++) {
      const at = `${base}#${index}`;
      const certificate = readTileLeaf(bytes, at);
      if (index >= next) yield* readEntry(at, options, () => certificate);
    }
    next = tile * tileWidth + width;
    yield progress(base, next, next >= size ? timestamp : null, last);
  }
}

function* readEntry(at: string, options: CtOptions, certificateOf: () => Uint8Array | null): Generator<Entry> {
  let der: Uint8Array | null;
  try {
    der = certificateOf();
  } catch (cause) {
    if (!(cause instanceof RangeError)) throw cause;
    yield { kind: 'rejected', at, problem: 'the log entry is cut off' };
    return;
  }
  if (der === null) return;
  const entry = entryOf(der, at);
  if (entry.kind === 'certificate' && options.issuers && !options.issuers.has(entry.record.issuerHash)) return;
  yield entry;
}

/** static-ct-api: TimestampedEntry, then for a precertificate the whole of it, then the chain's fingerprints. */
function readTileLeaf(bytes: Bytes, at: string): Uint8Array | null {
  try {
    const type = readTimestamped(bytes);
    let certificate: Uint8Array | null = null;
    if (type === entryTypes.certificate) certificate = bytes.vector(3);
    else if (type === entryTypes.precertificate) {
      bytes.skip(32); // issuer_key_hash
      bytes.vector(3); // TBSCertificate
    } else throw new RangeError('entry type');
    bytes.vector(2); // extensions
    if (type === entryTypes.precertificate) certificate = bytes.vector(3);
    bytes.vector(2); // chain
    return certificate;
  } catch (cause) {
    // In a tile the entries stand one after the other: behind one that cannot be read nothing can be.
    throw cause instanceof RangeError
      ? new Fault('source_failed', `${at}: the data tile cannot be read`, { cause })
      : cause;
  }
}

function readTimestamped(bytes: Bytes): number {
  bytes.skip(8);
  return bytes.number(2);
}

async function dataTile(base: string, tile: number, width: number, options: CtOptions): Promise<Bytes> {
  const path = `${base}/tile/data/${tilePath(tile)}`;
  let bytes: Uint8Array;
  if (width === tileWidth) bytes = await getBytes(path, answerBytesMax, options);
  else {
    // A partial tile may be gone once the full one exists.
    bytes = await getBytes(`${path}.p/${width}`, answerBytesMax, options).catch(() =>
      getBytes(path, answerBytesMax, options),
    );
  }
  if (bytes[0] !== 0x1f || bytes[1] !== 0x8b) return new Bytes(bytes);
  try {
    return new Bytes(gunzipSync(bytes, { maxOutputLength: answerBytesMax }));
  } catch (cause) {
    throw new Fault('source_failed', `${path}: the data tile cannot be unpacked`, { cause });
  }
}

/** Three digits per part, all but the last marked with `x`: 1234067 is `x001/x234/067`. */
export function tilePath(n: number): string {
  const last = String(n % 1000).padStart(3, '0');
  return n < 1000 ? last : `${tilePath(Math.floor(n / 1000)).replace(/(\d{3})$/, 'x$1')}/${last}`;
}

/** A signed note: origin, size and root hash; the instant stands in the log's own signature line (c2sp.org/static-ct-api). */
function readCheckpoint(bytes: Uint8Array, base: string): { size: number; timestamp: number | null } {
  const lines = Buffer.from(bytes).toString('utf8').split('\n');
  if (!/^\d{1,15}$/.test(lines[1] ?? '')) throw new Fault('source_failed', `${base}/checkpoint: no tree size`);
  const signature = lines.find((line) => line.startsWith(`\u2014 ${lines[0]} `));
  const blob = Buffer.from(signature?.split(' ')[2] ?? '', 'base64');
  return { size: Number(lines[1]), timestamp: blob.length > 12 ? Number(blob.readBigUInt64BE(4)) : null };
}

function position(last: Progress | null): number {
  const found = Number(last?.position ?? 0);
  return Number.isSafeInteger(found) && found >= 0 ? found : 0;
}

function progress(base: string, next: number, timestamp: number | null, last: Progress | null): Entry {
  const upTo = timestamp === null ? (last?.upTo ?? null) : Temporal.Instant.fromEpochMilliseconds(timestamp);
  return {
    kind: 'progress',
    progress: { source: `ct:${base}`, kind: 'ct', position: String(next), issuedCount: null, upTo },
  };
}

/** TLS presentation language (RFC 8446 section 3): numbers and length-prefixed vectors. RangeError at the end. */
class Bytes {
  readonly #bytes: Uint8Array;
  #at = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
  }

  skip(count: number): void {
    this.#take(count);
  }

  number(size: number): number {
    return this.#take(size).reduce((value, byte) => value * 256 + byte, 0);
  }

  vector(lengthSize: number): Uint8Array {
    return this.#take(this.number(lengthSize));
  }

  #take(count: number): Uint8Array {
    if (this.#at + count > this.#bytes.length) throw new RangeError('cut off');
    const part = this.#bytes.subarray(this.#at, this.#at + count);
    this.#at += count;
    return part;
  }
}
