/**
 * IMAP mailboxes, every folder of them: reports have lain in Junk and quarantine for weeks at other CAs. Folders are
 * opened read-only, so nothing is ever marked seen; what has been read is kept in the ledger as UIDVALIDITY and UID
 * and never inferred from flags that people change. A mail that somebody moves is found again in its new folder and
 * recognised.
 */
import { readFile } from 'node:fs/promises';
import { ImapFlow, type ListResponse } from 'imapflow';
import { z } from 'zod';
import { Fault } from '../../../foundation/fault.ts';
import { seconds } from '../../../foundation/time/time.ts';
import { type ChannelContext, defineChannel, type Listening } from '../channel.ts';
import { SEALED_BYTES_MAX } from '../seal.ts';

const settings = z.strictObject({
  host: z.string().min(1),
  port: z.number().int().min(1).max(65_535).default(993),
  secure: z.boolean().default(true),
  user: z.string().min(1),
  /** One of the two. Files are read at every login, so that a renewed token is used. */
  passwordFile: z.string().nullable().default(null),
  accessTokenFile: z.string().nullable().default(null),
  /** For tests and laptops; prefer a file. */
  password: z.string().nullable().default(null),
  /** Address of the mailbox, for routing; the user name if null. */
  address: z.string().nullable().default(null),
  /** Seconds between two looks at every folder; new mail in INBOX is seen at once (IDLE). */
  everySeconds: z.number().int().min(1).max(3_600).default(30),
  /** Folders left out, besides those the server marks as Sent and Drafts. */
  except: z.array(z.string()).default([]),
});
type Settings = z.infer<typeof settings>;

const FOLDERS_MAX = 5_000;
/** Keys asked of the ledger in one question. */
const KEYS_AT_ONCE = 2_000;
const RECONNECT_SECONDS_MIN = 2;
const RECONNECT_SECONDS_MAX = 300;

export const imapChannel = defineChannel({
  name: 'imap',
  about: 'Reads every folder of IMAP mailboxes, Junk and quarantine included, without marking anything.',
  settings,
  open: (source, chosen) => ({ name: 'imap', source, listen: async (context) => listen(source, chosen, context) }),
});

function listen(source: string, chosen: Settings, context: ChannelContext): Listening {
  const closing = new AbortController();
  const account = new Account(source, chosen, context, closing.signal);
  const running = account.run();
  return {
    addresses: [`imap ${chosen.user}@${chosen.host}:${chosen.port}`],
    look: () => account.lookNow(),
    close: async () => {
      closing.abort();
      await running;
    },
  };
}

class Account {
  private readonly source: string;
  private readonly chosen: Settings;
  private readonly context: ChannelContext;
  private readonly signal: AbortSignal;
  private client: ImapFlow | null = null;
  /** Ends the wait between two looks. */
  private wake = new AbortController();
  private stirred = false;
  private waiting: { resolve: () => void }[] = [];
  /** Folder to `UIDVALIDITY/UIDNEXT/MESSAGES` after a look that left nothing open. */
  private readonly settled = new Map<string, string>();

  constructor(source: string, chosen: Settings, context: ChannelContext, signal: AbortSignal) {
    this.source = source;
    this.chosen = chosen;
    this.context = context;
    this.signal = signal;
    signal.addEventListener('abort', () => this.stirUp());
  }

  /** Resolves after the next complete look. */
  lookNow(): Promise<void> {
    return new Promise((resolve) => {
      this.waiting.push({ resolve });
      this.stirUp();
    });
  }

  private stirUp(): void {
    this.stirred = true;
    this.wake.abort();
  }

  async run(): Promise<void> {
    let pause = RECONNECT_SECONDS_MIN;
    while (!this.signal.aborted) {
      try {
        const client = await this.connect();
        pause = RECONNECT_SECONDS_MIN;
        while (!this.signal.aborted && client.usable) {
          const asked = this.waiting.splice(0);
          await this.look(client);
          for (const { resolve } of asked) resolve();
          if (this.waiting.length === 0) await this.sleep(this.chosen.everySeconds);
        }
      } catch (error) {
        this.trouble(troubleCode(error), `The mailbox could not be read: ${reason(error)}.`);
      }
      this.client?.close();
      this.client = null;
      this.stirred = false;
      if (!this.signal.aborted) await this.sleep(pause);
      pause = Math.min(pause * 2, RECONNECT_SECONDS_MAX);
    }
    for (const { resolve } of this.waiting.splice(0)) resolve();
  }

  private async sleep(secondsLong: number): Promise<void> {
    this.wake = new AbortController();
    // What happened while we looked must not wait for the next interval.
    const stirred = this.stirred;
    this.stirred = false;
    if (this.signal.aborted || stirred) return;
    await this.context.time.waitUntil(this.context.time.now().add(seconds(secondsLong)), this.wake.signal);
  }

  private async connect(): Promise<ImapFlow> {
    const { host, port, secure, user } = this.chosen;
    const accessToken = this.chosen.accessTokenFile === null ? null : await secretIn(this.chosen.accessTokenFile);
    const password =
      this.chosen.passwordFile === null ? this.chosen.password : await secretIn(this.chosen.passwordFile);
    const client = new ImapFlow({
      host,
      port,
      secure,
      auth: accessToken === null ? { user, pass: password ?? '' } : { user, accessToken },
      logger: false,
      emitLogs: false,
      disableAutoIdle: false,
    });
    // Without a listener a broken connection would end the process; `run` notices by itself.
    client.on('error', () => this.stirUp());
    client.on('close', () => this.stirUp());
    client.on('exists', () => this.stirUp());
    this.client = client;
    await client.connect();
    return client;
  }

  /** One look at every folder. A folder that cannot be read does not keep the others waiting. */
  private async look(client: ImapFlow): Promise<void> {
    // STATUS of the selected folder tells what this session has been told, not what is there (RFC 3501 6.3.10).
    if (client.mailbox !== false) await client.mailboxClose();
    const folders = (await client.list()).filter((folder) => this.isWanted(folder)).slice(0, FOLDERS_MAX);
    for (const folder of folders) {
      if (this.signal.aborted || !client.usable) return;
      try {
        await this.lookInto(client, folder.path);
      } catch (error) {
        if (!client.usable) throw error;
        this.settled.delete(folder.path);
        this.trouble('folder_unreadable', `${folder.path}: ${reason(error)}; it is read again at the next look.`);
      }
    }
    await this.restInInbox(client);
  }

  /** Waits in INBOX with IDLE (RFC 2177), so that the server tells of new mail at once. */
  private async restInInbox(client: ImapFlow): Promise<void> {
    if (!client.usable || this.signal.aborted) return;
    const inbox = await client.mailboxOpen('INBOX', { readOnly: true }).catch(() => null);
    if (inbox === null) return;
    // What came between the look and now is told by opening, and by nothing later.
    const looked = this.settled.get('INBOX');
    if (looked !== undefined && looked !== `${inbox.uidValidity}/${inbox.uidNext}/${inbox.exists}`) this.stirUp();
    // Ends with the next command, or with the connection.
    void client.idle().catch(() => undefined);
  }

  private isWanted(folder: ListResponse): boolean {
    if (folder.flags.has('\\Noselect') || folder.flags.has('\\NonExistent')) return false;
    if (folder.specialUse === '\\Sent' || folder.specialUse === '\\Drafts') return false;
    return !this.chosen.except.includes(folder.path);
  }

  private async lookInto(client: ImapFlow, folder: string): Promise<void> {
    const status = await client.status(folder, { uidNext: true, uidValidity: true, messages: true });
    if (status === false) return;
    const fingerprint = `${status.uidValidity}/${status.uidNext}/${status.messages}`;
    if (this.settled.get(folder) === fingerprint) return;
    const lock = await client.getMailboxLock(folder, { readOnly: true });
    try {
      const mailbox = client.mailbox;
      if (mailbox === false) return;
      const epoch = mailbox.uidValidity.toString();
      const uids = mailbox.exists === 0 ? [] : (await client.search({ all: true }, { uid: true })) || [];
      const missing = await this.unrecorded(folder, epoch, uids);
      let left = 0;
      for (const uid of missing) {
        if (this.signal.aborted || !client.usable) return;
        if (!(await this.take(client, folder, epoch, uid))) left++;
      }
      const now = this.context.time.now();
      await this.context.ledger.reportSeen({ source: this.source, folder, epoch, seen: uids.length, at: now });
      const highest = uids.at(-1) ?? 0;
      const modseq = mailbox.highestModseq ?? null;
      await this.context.ledger.moveCursor(this.source, folder, { epoch, next: highest + 1, modseq }, now);
      if (left === 0) this.settled.set(folder, fingerprint);
      else this.trouble('not_recorded', `${left} messages of ${folder} could not be taken; they are tried again.`);
    } finally {
      lock.release();
    }
  }

  private async unrecorded(folder: string, epoch: string, uids: readonly number[]): Promise<readonly number[]> {
    const missing: number[] = [];
    for (let i = 0; i < uids.length; i += KEYS_AT_ONCE) {
      const keys = uids.slice(i, i + KEYS_AT_ONCE).map((uid) => `${epoch}/${uid}`);
      const unknown = await this.context.ledger.unrecorded(this.source, folder, keys);
      missing.push(...unknown.map((key) => Number(key.slice(key.indexOf('/') + 1))));
    }
    return missing;
  }

  /** Fetches and records one message. True when it is recorded or gone (moved mail turns up where it went). */
  private async take(client: ImapFlow, folder: string, epoch: string, uid: number): Promise<boolean> {
    try {
      const about = await client.fetchOne(String(uid), { uid: true, size: true, internalDate: true }, { uid: true });
      if (about === false) return true;
      if ((about.size ?? 0) > SEALED_BYTES_MAX) {
        this.context.refused({
          source: this.source,
          at: this.context.time.now(),
          envelopeFrom: null,
          envelopeTo: [],
          peer: `${folder} ${epoch}/${uid}`,
          code: 'message_too_large',
        });
        return false;
      }
      const fetched = await client.fetchOne(String(uid), { uid: true, source: true }, { uid: true });
      if (fetched === false || fetched.source === undefined) return fetched === false;
      await this.record(fetched.source, folder, `${epoch}/${uid}`, about.internalDate);
      return true;
    } catch (error) {
      if (!client.usable) throw error;
      const code = error instanceof Fault ? 'store_unavailable' : 'message_unreadable';
      this.trouble(code, `Message ${epoch}/${uid} of ${folder}: ${reason(error)}.`);
      return false;
    }
  }

  private async record(
    bytes: Uint8Array,
    folder: string,
    place: string,
    internalDate: Date | string | undefined,
  ): Promise<void> {
    const now = this.context.time.now();
    const stored = internalDate instanceof Date ? internalDate.getTime() : Number.NaN;
    const storedAt = Number.isFinite(stored) ? Temporal.Instant.fromEpochMilliseconds(stored) : null;
    const isPast = storedAt !== null && Temporal.Instant.compare(storedAt, now) <= 0;
    await this.context.receive(bytes, {
      channel: 'imap',
      source: this.source,
      // The content names it: another folder or a new UIDVALIDITY does not make it another arrival.
      sourceKey: null,
      sightedAs: place,
      folder,
      mailbox: this.chosen.address ?? this.chosen.user,
      envelopeFrom: null,
      envelopeTo: [],
      markSource: 'own-acceptance',
      detail: `Read from the mailbox, folder ${folder}`,
      furtherMarks:
        storedAt === null || !isPast
          ? []
          : [
              {
                source: 'internal-date',
                at: storedAt,
                trusted: true,
                detail: `Stored in our mailbox, folder ${folder} (INTERNALDATE)`,
              },
            ],
    });
  }

  private trouble(code: string, detail: string): void {
    this.context.trouble({ source: this.source, at: this.context.time.now(), code, detail });
  }
}

/** Secrets are one line. */
const secretIn = async (path: string): Promise<string> => (await readFile(path, 'utf8')).trim();

function troubleCode(error: unknown): string {
  const refused = (error as { authenticationFailed?: boolean }).authenticationFailed === true;
  return refused ? 'login_refused' : 'unreachable';
}

/** A code or a class, never what a server said: that may hold addresses or tokens. */
function reason(error: unknown): string {
  if (error instanceof Fault) return error.code;
  const { code, name } = error as { code?: string; name?: string };
  return code ?? name ?? 'error';
}
