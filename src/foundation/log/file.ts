/**
 * The exported log: one JSON value a line. First the head, then every entry with its link, so that an auditor needs
 * this file, SHA-256 and RFC 8785, and nothing of ours.
 */
import type { Readable } from 'node:stream';
import { Fault } from '../fault.ts';
import type { Json } from './canonical.ts';
import { canonicalJson } from './canonical.ts';
import { type LogEntry, type LogHead, type LogVerdict, verifyLog } from './chain.ts';
import { emptyRoot, hashBytes, type TreeHead } from './merkle.ts';

const format = 'rescind-event-log';
const version = 1;
/** An event is small: a longer line is not ours. */
const lineBytesMax = 4 * 1024 * 1024;

/** The lines of an export, each ending in a newline. */
export async function* logLines(head: LogHead, entries: AsyncIterable<LogEntry>): AsyncGenerator<string> {
  yield `${canonicalJson({ format, version, size: head.size, root: head.root.toString('hex'), chain: head.chain.toString('hex') })}\n`;
  for await (const { globalSeq, event, chain } of entries) {
    yield `${canonicalJson({ globalSeq, chain: chain.toString('hex'), event })}\n`;
  }
}

/** Verifies an exported log. Whatever is wrong with the file is the verdict's `problem`, never an exception. */
export async function verifyFile(file: Readable, checkpoints: readonly TreeHead[] = []): Promise<LogVerdict> {
  const lines = linesOf(file);
  try {
    const first = await lines.next();
    const head = first.done ? null : parseHead(first.value);
    if (!head) return unreadable('the file is not an exported event log');
    return await verifyLog(entriesOf(lines), head, checkpoints);
  } catch (error) {
    if (error instanceof Fault) return unreadable(error.message);
    throw error;
  }
}

function unreadable(problem: string): LogVerdict {
  return { ok: false, size: 0, root: emptyRoot.toString('hex'), leaf: null, problem };
}

async function* linesOf(file: Readable): AsyncGenerator<string> {
  let rest = Buffer.alloc(0);
  for await (const chunk of file) {
    rest = Buffer.concat([rest, Buffer.from(chunk)]);
    for (let end = rest.indexOf(10); end >= 0; end = rest.indexOf(10)) {
      yield rest.subarray(0, end).toString('utf8');
      rest = rest.subarray(end + 1);
    }
    if (rest.length > lineBytesMax) throw new Fault('log_line_too_long', `a line is longer than ${lineBytesMax} bytes`);
  }
  if (rest.length > 0) throw new Fault('log_truncated', 'the last line is cut off');
}

async function* entriesOf(lines: AsyncIterable<string>): AsyncGenerator<LogEntry> {
  let at = 0;
  for await (const line of lines) {
    at++;
    const value = parse(line);
    const chain = hashFrom(value?.chain);
    if (!value || chain === null || typeof value.globalSeq !== 'number' || value.event === undefined) {
      yield { globalSeq: at, event: null, chain: Buffer.alloc(hashBytes), problem: 'the line cannot be read' };
      return;
    }
    yield { globalSeq: value.globalSeq, event: value.event, chain };
  }
}

function parseHead(line: string): LogHead | null {
  const value = parse(line);
  const [root, chain] = [hashFrom(value?.root), hashFrom(value?.chain)];
  if (value?.format !== format || value.version !== version || typeof value.size !== 'number' || !root || !chain)
    return null;
  return { size: value.size, root, chain };
}

function parse(line: string): { readonly [key: string]: Json } | null {
  try {
    const value: unknown = JSON.parse(line);
    return typeof value === 'object' && value !== null && !Array.isArray(value)
      ? (value as { [key: string]: Json })
      : null;
  } catch {
    return null;
  }
}

function hashFrom(value: Json | undefined): Buffer | null {
  return typeof value === 'string' && /^[0-9a-f]{64}$/.test(value) ? Buffer.from(value, 'hex') : null;
}
