/**
 * Files and folders as named on a command line: folders recursive in byte order of the relative path, dot-files skipped,
 * every regular file tried whatever its extension.
 */
import { open, readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { Fault } from '../../../foundation/fault.ts';
import { isCsvHeader, readCsvFile } from './csv.ts';
import type { Entry } from './import.ts';
import { readDerFile, readPemFile } from './pem.ts';

/** A link that leads back up would otherwise never end. */
export const folderDepthMax = 64;
const headBytes = 64 * 1024;

/** Throws Fault `path_not_readable` before the first entry when a named path cannot be opened. */
export async function* readFiles(paths: readonly string[]): AsyncGenerator<Entry> {
  for (const path of paths) {
    await stat(path).catch((cause: unknown) => {
      throw new Fault('path_not_readable', `cannot open ${path}`, { cause });
    });
  }
  for (const path of paths) {
    for await (const file of regularFiles(path)) {
      try {
        yield* readFile(file);
      } catch (cause) {
        if (!isSystemError(cause)) throw cause;
        yield { kind: 'rejected', at: file, problem: `cannot be read (${cause.code})` };
      }
    }
  }
}

async function* readFile(path: string): AsyncGenerator<Entry> {
  const head = await headOf(path);
  if (head.length === 0) {
    yield { kind: 'rejected', at: path, problem: 'the file is empty' };
    return;
  }
  const text = head.toString('latin1').replace(/^\u00ef\u00bb\u00bf/, '');
  const header = text.slice(0, text.search(/\r?\n|$/));
  if (isCsvHeader(header)) yield* readCsvFile(path, path);
  else if (head[0] === 0x30 && !text.includes('-----BEGIN ')) yield* readDerFile(path, path);
  else yield* readPemFile(path, path);
}

async function headOf(path: string): Promise<Buffer> {
  const file = await open(path);
  try {
    const { bytesRead, buffer } = await file.read(Buffer.alloc(headBytes), 0, headBytes, 0);
    return buffer.subarray(0, bytesRead);
  } finally {
    await file.close();
  }
}

async function* regularFiles(path: string): AsyncGenerator<string> {
  const found = await stat(path);
  if (found.isFile()) {
    yield path;
    return;
  }
  if (!found.isDirectory()) return;
  const inside = await filesBelow(path, '', 0);
  inside.sort((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)));
  for (const file of inside) yield join(path, file);
}

async function filesBelow(root: string, folder: string, depth: number): Promise<string[]> {
  if (depth > folderDepthMax) return [];
  const files: string[] = [];
  for (const entry of await readdir(join(root, folder), { withFileTypes: true })) {
    if (entry.name.startsWith('.')) continue;
    const path = folder === '' ? entry.name : `${folder}/${entry.name}`;
    if (entry.isDirectory()) files.push(...(await filesBelow(root, path, depth + 1)));
    else if (entry.isFile()) files.push(path);
  }
  return files;
}

function isSystemError(cause: unknown): cause is NodeJS.ErrnoException & { code: string } {
  return cause instanceof Error && 'code' in cause && typeof cause.code === 'string' && 'syscall' in cause;
}
