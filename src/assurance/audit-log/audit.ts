/** Export and verification of the event log, as an auditor asks for them. */
import { createReadStream, createWriteStream } from 'node:fs';
import { rename, rm } from 'node:fs/promises';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { Fault } from '../../foundation/fault.ts';
import type { LogHead, LogVerdict } from '../../foundation/log/chain.ts';
import { verifyFile } from '../../foundation/log/file.ts';
import type { TreeHead } from '../../foundation/log/merkle.ts';

/** The part of the store's log that an audit needs. */
export interface AuditedLog {
  head(): Promise<LogHead>;
  verify(checkpoints?: readonly TreeHead[]): Promise<LogVerdict>;
  exportLines(): AsyncIterable<string>;
}

/**
 * Writes the whole log to `path`: complete or not at all. Returns what was written, from the file's own first line.
 * Faults: `path_not_writable`.
 */
export async function exportLog(log: AuditedLog, path: string): Promise<{ size: number; root: string }> {
  const partial = `${path}.part-${process.pid}`;
  let first = '';
  async function* lines() {
    for await (const line of log.exportLines()) {
      if (first === '') first = line;
      yield line;
    }
  }
  try {
    await pipeline(Readable.from(lines()), createWriteStream(partial, { mode: 0o640, flush: true }));
    await rename(partial, path);
  } catch (cause) {
    await rm(partial, { force: true });
    if (cause instanceof Fault) throw cause;
    throw new Fault('path_not_writable', `${path} cannot be written. Check the folder and the space left.`, { cause });
  }
  const { size, root } = JSON.parse(first) as { size: number; root: string };
  return { size, root };
}

const notReadable = new Set(['ENOENT', 'EACCES', 'EPERM', 'EISDIR', 'ENOTDIR', 'ELOOP', 'ENAMETOOLONG']);

/** Verifies an exported log. Faults: `path_not_readable`; whatever is wrong *in* the file is the verdict's. */
export async function verifyExport(path: string, checkpoints: readonly TreeHead[] = []): Promise<LogVerdict> {
  try {
    return await verifyFile(createReadStream(path), checkpoints);
  } catch (cause) {
    if (!notReadable.has((cause as NodeJS.ErrnoException).code ?? '')) throw cause;
    throw new Fault('path_not_readable', `${path} cannot be opened.`, { cause });
  }
}
