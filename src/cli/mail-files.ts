/** Mail on disk as the command line takes it: files, folders, mbox. */
import { open as openFile, readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { looksLikeMbox, readMbox } from '../foundation/mail/mbox.ts';

/** A single message is read up to here; what lies beyond is reported as a problem of that message. */
const messageBytesMax = 128 * 1024 * 1024;

export class Unopened extends Error {}

/** The messages of one file: itself, or the numbered ones of an mbox. */
export async function* messagesIn(file: string): AsyncGenerator<{ name: string; bytes: Uint8Array }> {
  const handle = await openFile(file).catch(() => {
    throw new Unopened(`${file} cannot be opened`);
  });
  try {
    const head = Buffer.alloc(512);
    const { bytesRead } = await handle.read(head, 0, head.length, 0);
    if (looksLikeMbox(head.subarray(0, bytesRead))) {
      for await (const { number, bytes } of readMbox(handle.createReadStream({ start: 0, autoClose: false })))
        yield { name: `${file}#${number}`, bytes };
      return;
    }
    const { size } = await handle.stat();
    const bytes = Buffer.alloc(Math.min(size, messageBytesMax));
    let at = 0;
    while (at < bytes.length) {
      const got = await handle.read(bytes, at, bytes.length - at, at);
      if (got.bytesRead === 0) break;
      at += got.bytesRead;
    }
    yield { name: file, bytes: bytes.subarray(0, at) };
  } finally {
    await handle.close();
  }
}

/** Byte order of the path below the folder; dot-files are left out, every regular file is tried. */
export async function filesUnder(path: string): Promise<string[]> {
  const kind = await stat(path).catch(() => {
    throw new Unopened(`${path} cannot be opened`);
  });
  if (!kind.isDirectory()) return [path];
  const found: string[] = [];
  const walk = async (folder: string, prefix: string): Promise<void> => {
    for (const entry of await readdir(folder, { withFileTypes: true })) {
      if (entry.name.startsWith('.')) continue;
      const relative = prefix === '' ? entry.name : `${prefix}/${entry.name}`;
      if (entry.isDirectory()) await walk(join(folder, entry.name), relative);
      else if (entry.isFile()) found.push(relative);
    }
  };
  await walk(path, '');
  found.sort((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)));
  return found.map((relative) => `${path.replace(/\/+$/, '')}/${relative}`);
}
