/**
 * Archives and folders of mail: mbox files, Maildirs, single .eml files, read once and then looked at again and again.
 * Times are kept: the delivery time in a Maildir name was written by our own delivery and is a mark; an mbox `From `
 * line has no zone and is only shown; the modification time of a file says nothing. Nothing is moved or marked.
 */
import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { lstat, open, readdir, readFile } from 'node:fs/promises';
import { join, relative } from 'node:path';
import { z } from 'zod';
import type { ReceiptMark } from '../../../desk/clock/receipt-mark.ts';
import { Fault } from '../../../foundation/fault.ts';
import { looksLikeMbox, readMbox } from '../../../foundation/mail/mbox.ts';
import { seconds } from '../../../foundation/time/time.ts';
import { type ChannelContext, defineChannel, type Listening } from '../channel.ts';
import { SEALED_BYTES_MAX } from '../seal.ts';

const settings = z.strictObject({
  /** Files or folders; folders are read with everything below them. */
  paths: z.array(z.string().min(1)).min(1),
  /** Seconds between two looks; 0 looks once. */
  everySeconds: z.number().int().min(0).max(86_400).default(60),
});

/** Files in one look. */
const FILES_MAX = 1_000_000;

export const mboxChannel = defineChannel({
  name: 'mbox',
  about: 'Reads mbox files, Maildirs and .eml files, keeping their times.',
  settings,
  open: (source, chosen) => ({ name: 'mbox', source, listen: (context) => listen(source, chosen, context) }),
});

async function listen(source: string, chosen: z.infer<typeof settings>, context: ChannelContext): Promise<Listening> {
  const closing = new AbortController();
  const look = async (): Promise<void> => {
    for (const path of chosen.paths) {
      if (closing.signal.aborted) return;
      try {
        await lookAt(path, source, context, closing.signal);
      } catch (error) {
        // A look that fails is a look to be repeated; it must never be the last one.
        const code = error instanceof Fault ? error.code : 'store_unavailable';
        context.trouble({ source, at: context.time.now(), code, detail: `${path} is looked at again later.` });
      }
    }
  };
  let running: Promise<void> = Promise.resolve();
  const next = (): Promise<void> => {
    running = running.then(look);
    return running;
  };
  const watching = (async () => {
    if (chosen.everySeconds === 0) return;
    while (!closing.signal.aborted) {
      await next();
      await context.time.waitUntil(context.time.now().add(seconds(chosen.everySeconds)), closing.signal);
    }
  })();
  return {
    addresses: chosen.paths.map((path) => `mbox ${path}`),
    look: next,
    close: async () => {
      closing.abort();
      await watching;
      await running;
    },
  };
}

async function lookAt(root: string, source: string, context: ChannelContext, signal: AbortSignal): Promise<void> {
  const files = await filesBelow(root, source, context);
  let seen = 0;
  for (const path of files) {
    if (signal.aborted) return;
    try {
      seen += await readOne(path, root, source, context);
    } catch (error) {
      // One file that cannot be read, or a store that is down, must not end the look; the next look tries again.
      const code = error instanceof Fault ? error.code : 'file_unreadable';
      context.trouble({ source, at: context.time.now(), code, detail: `${path} was left for the next look.` });
    }
  }
  if (!signal.aborted)
    await context.ledger.reportSeen({ source, folder: root, epoch: '', seen, at: context.time.now() });
}

async function filesBelow(root: string, source: string, context: ChannelContext): Promise<readonly string[]> {
  const found: string[] = [];
  const queue = [root];
  for (let path = queue.pop(); path !== undefined && found.length < FILES_MAX; path = queue.pop()) {
    try {
      const status = await lstat(path);
      if (status.isDirectory()) {
        const names = (await readdir(path)).toSorted().toReversed();
        // `tmp` of a Maildir holds what is still being delivered.
        const isMaildir = names.includes('cur') && names.includes('new');
        queue.push(...names.filter((name) => !(isMaildir && name === 'tmp')).map((name) => join(path as string, name)));
      } else if (status.isFile() && isMailFile(path)) found.push(path);
    } catch {
      context.trouble({ source, at: context.time.now(), code: 'folder_unreadable', detail: `${path} cannot be read.` });
    }
  }
  return found;
}

/** Index files that IMAP servers keep beside the mail. */
const isMailFile = (path: string): boolean =>
  !/(?:^|\/)(?:dovecot[.-]|maildirfolder$|subscriptions$|courierimap|\.DS_Store$|\.nfs)/.test(path);

/** Records what one file holds; returns how many messages it has. */
async function readOne(path: string, root: string, source: string, context: ChannelContext): Promise<number> {
  const name = relative(root, path) || path;
  if (!looksLikeMbox(await headOf(path))) {
    const key = maildirName(path) ?? name;
    const bytes = await readBounded(path);
    if (bytes.length === 0) return 0;
    await record(key, bytes, source, root, context, maildirMarks(path));
    return 1;
  }
  const keys = new Set<string>();
  for await (const message of readMbox(createReadStream(path))) {
    // Numbers shift when a message is deleted; the content does not.
    const key = `${name}#${createHash('sha256').update(message.bytes).digest('hex')}`;
    if (keys.has(key)) continue;
    keys.add(key);
    const marks: ReceiptMark[] =
      message.deliveredAt === null
        ? []
        : [
            {
              source: 'internal-date',
              at: message.deliveredAt.at,
              trusted: false,
              detail: `From line of the archive: ${message.deliveredAt.text} (its time zone is not known)`,
            },
          ];
    await record(key, message.bytes, source, root, context, marks);
  }
  return keys.size;
}

async function record(
  key: string,
  bytes: Uint8Array,
  source: string,
  folder: string,
  context: ChannelContext,
  furtherMarks: readonly ReceiptMark[],
): Promise<void> {
  if ((await context.ledger.unrecorded(source, folder, [key])).length === 0) return;
  const now = context.time.now();
  await context.receive(bytes, {
    channel: 'mbox',
    source,
    sourceKey: key,
    sightedAs: null,
    folder,
    mailbox: null,
    envelopeFrom: null,
    envelopeTo: [],
    markSource: 'own-acceptance',
    detail: `Read from ${folder}`,
    // A delivery in the future is a wrong clock somewhere; it may not stand as a mark of ours.
    furtherMarks: furtherMarks.filter((mark) => Temporal.Instant.compare(mark.at, now) <= 0),
  });
}

/** The unique part of a Maildir name, which survives the move from `new` to `cur` and every flag. */
function maildirName(path: string): string | null {
  return /(?:^|\/)(?:new|cur)\/([^/:]+)(?::[^/]*)?$/.exec(path)?.[1] ?? null;
}

/** `1725126540.M1P2.host`: seconds since 1970 at delivery, written by the delivering program. */
function maildirMarks(path: string): readonly ReceiptMark[] {
  const stamp = /^(\d{9,11})\.[^/]+$/.exec(maildirName(path) ?? '')?.[1];
  if (stamp === undefined) return [];
  return [
    {
      source: 'internal-date',
      at: Temporal.Instant.fromEpochMilliseconds(Number(stamp) * 1000),
      trusted: true,
      detail: 'Delivered into the mailbox (Maildir name)',
    },
  ];
}

async function headOf(path: string): Promise<Uint8Array> {
  const file = await open(path, 'r');
  try {
    const head = Buffer.alloc(400);
    const { bytesRead } = await file.read(head, 0, head.length, 0);
    return head.subarray(0, bytesRead);
  } finally {
    await file.close();
  }
}

async function readBounded(path: string): Promise<Uint8Array> {
  const { size } = await lstat(path);
  if (size > SEALED_BYTES_MAX) throw new Fault('message_too_large', `${path} is larger than any message.`);
  return await readFile(path);
}
