import { ImapFlow } from 'imapflow';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { clockStart } from '../../src/desk/clock/receipt-mark.ts';
import { rfc3339 } from '../../src/foundation/time/time.ts';
import type { Listening } from '../../src/stages/intake/channel.ts';
import { openChannel } from '../../src/stages/intake/channels/index.ts';
import { channelContract } from './channel-contract.ts';
import { aDesk, type Desk } from './channel-harness.ts';
import { type Dovecot, dovecotMissing, startDovecot } from './dovecot.ts';

const missing = dovecotMissing();
let dovecot: Dovecot;
let users = 0;
beforeAll(async () => {
  if (missing === false) dovecot = await startDovecot();
});
afterAll(async () => {
  if (missing === false) await dovecot.stop();
});

const mail = (id: string, text: string): string =>
  `From: a@reporter.example\r\nMessage-ID: <${id}@reporter.example>\r\nSubject: x\r\n\r\n${text}\r\n`;

async function person(user: string): Promise<ImapFlow> {
  const client = new ImapFlow({
    host: '127.0.0.1',
    port: dovecot.port,
    secure: false,
    auth: { user, pass: dovecot.password },
    logger: false,
  });
  await client.connect();
  return client;
}

async function listenTo(desk: Desk, user: string, change: object = {}): Promise<Listening> {
  const opened = openChannel('imap', `imap-${user}`, {
    host: '127.0.0.1',
    port: dovecot.port,
    secure: false,
    user,
    password: dovecot.password,
    everySeconds: 3_600,
    ...change,
  });
  if (!opened.ok) throw new Error(JSON.stringify(opened.problems));
  return await opened.channel.listen(desk.context);
}

channelContract({
  name: 'imap',
  skip: missing,
  async open(desk) {
    const user = `contract${users++}`;
    const client = await person(user);
    const listening = await listenTo(desk, user);
    const brought = new Set<string>();
    return {
      listening,
      async deliver(id, text) {
        // The same thing at the source is the same mail in the mailbox, looked at again.
        if (!brought.has(id)) await client.append('INBOX', mail(id, text));
        brought.add(id);
        const before = desk.troubles.length;
        await listening.look!();
        return desk.troubles.length === before ? 'taken' : 'left';
      },
      async close() {
        await listening.close();
        client.close();
      },
    };
  },
});

describe.skipIf(missing !== false)(`an IMAP mailbox${missing === false ? '' : ` (skipped: ${missing})`}`, () => {
  let desk: Desk;
  let user: string;
  let client: ImapFlow;
  let listening: Listening | undefined;
  beforeEach(async () => {
    desk = await aDesk();
    user = `person${users++}`;
    client = await person(user);
  });
  afterEach(async () => {
    await listening?.close();
    client.close();
  });

  it('is read in every folder, Junk and quarantine too, and what we sent is left alone', async () => {
    const held = (await client.mailboxCreate(['Quarantine', 'Held by filter'])).path;
    for (const folder of ['INBOX', 'Junk', held, 'Sent']) {
      await client.append(folder, mail(folder.length.toString(), `in ${folder}`));
    }
    listening = await listenTo(desk, user);
    await listening.look!();
    const folders = (await desk.receipts()).map((receipt) => receipt.folder).toSorted();
    expect(folders).toEqual(['INBOX', 'Junk', held]);
  });

  it('starts the clock when the mailbox took it, five days ago in Junk', async () => {
    await client.append('Junk', mail('1', 'x'), [], new Date('2024-08-31T17:49:00Z'));
    listening = await listenTo(desk, user);
    await listening.look!();
    const [receipt] = await desk.receipts();
    expect(rfc3339(clockStart(receipt!.marks)!.at)).toBe('2024-08-31T17:49:00Z');
  });

  it('is not changed: nothing is marked seen, and what a person has read is read all the same', async () => {
    await client.append('INBOX', mail('1', 'unseen'));
    await client.append('INBOX', mail('2', 'seen by a person'), ['\\Seen']);
    listening = await listenTo(desk, user);
    await listening.look!();
    expect(await desk.receipts()).toHaveLength(2);
    await client.mailboxOpen('INBOX');
    const flags = (await client.fetchAll('1:*', { flags: true })).map((message) =>
      [...(message.flags ?? [])].filter((flag) => flag !== '\\Recent'),
    );
    expect(flags).toEqual([[], ['\\Seen']]);
  });

  it('gives one receipt for a mail that a person moves from Junk to INBOX', async () => {
    await client.append('Junk', mail('1', 'moved'));
    listening = await listenTo(desk, user);
    await listening.look!();
    await client.mailboxOpen('Junk');
    await client.messageMove('1', 'INBOX');
    await listening.look!();
    const receipts = await desk.receipts();
    expect(receipts).toHaveLength(1);
    expect(receipts[0]).toMatchObject({ folder: 'Junk', deliveries: 2 });
    expect(await desk.ledger.differences()).toEqual([]);
  });

  it('gives no second receipts when a folder is deleted and made anew with the same mail (another UIDVALIDITY)', async () => {
    await client.mailboxCreate('Reports');
    await client.append('Reports', mail('1', 'kept'));
    listening = await listenTo(desk, user);
    await listening.look!();
    const before = await desk.ledger.cursor(`imap-${user}`, 'Reports');
    await client.mailboxDelete('Reports');
    await client.mailboxCreate('Reports');
    await client.append('Reports', mail('1', 'kept'));
    await client.append('Reports', mail('2', 'new'));
    await listening.look!();
    expect(await desk.receipts()).toHaveLength(2);
    expect((await desk.ledger.cursor(`imap-${user}`, 'Reports'))!.epoch).not.toBe(before!.epoch);
  });

  it('is seen at once when new mail comes, long before the next look', async () => {
    listening = await listenTo(desk, user);
    await listening.look!();
    const recorded = new Promise<void>((resolve) => void desk.ledger.onRecorded(resolve));
    await client.append('INBOX', mail('1', 'pushed'));
    await recorded;
    expect(await desk.receipts()).toHaveLength(1);
  });

  it('follows a folder that a person renames', async () => {
    await client.mailboxCreate('Old');
    await client.append('Old', mail('1', 'x'));
    listening = await listenTo(desk, user);
    await listening.look!();
    await client.mailboxRename('Old', 'New');
    await client.append('New', mail('2', 'y'));
    await listening.look!();
    expect(await desk.receipts()).toHaveLength(2);
  });

  it('tells the operator when the login is refused, and does not give up', async () => {
    const told = new Promise<string>((resolve) => {
      const context = { ...desk.context, trouble: (trouble: { code: string }) => resolve(trouble.code) };
      void listenTo({ ...desk, context }, user, { password: 'wrong' }).then((opened) => {
        listening = opened;
      });
    });
    expect(await told).toBe('login_refused');
  });
});
