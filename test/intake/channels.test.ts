import { mkdir, mkdtemp, rm, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { clockStart } from '../../src/desk/clock/receipt-mark.ts';
import { readMessage } from '../../src/foundation/mail/read-message.ts';
import { at, rfc3339 } from '../../src/foundation/time/time.ts';
import { VirtualTime } from '../../src/foundation/time/virtual-time.ts';
import type { Answer, Listening } from '../../src/stages/intake/channel.ts';
import { openChannel } from '../../src/stages/intake/channels/index.ts';
import { signCall } from '../../src/stages/intake/signature.ts';
import { channelContract } from './channel-contract.ts';
import { aDesk, type Desk } from './channel-harness.ts';
import { SmtpClient } from './smtp-client.ts';

const start = async (kind: Parameters<typeof openChannel>[0], settings: unknown, desk: Desk): Promise<Listening> => {
  const opened = openChannel(kind, `test-${kind}`, settings);
  if (!opened.ok) throw new Error(JSON.stringify(opened.problems));
  return await opened.channel.listen(desk.context);
};
const portOf = (listening: Listening): number => Number(listening.addresses[0]!.split(':').at(-1));
const mail = (id: string, text: string): string =>
  `From: a@reporter.example\r\nMessage-ID: <${id}@reporter.example>\r\nSubject: x\r\n\r\n${text}\r\n`;
const outcome = (answer: Answer): 'taken' | 'left' => (answer.status === 202 ? 'taken' : 'left');

for (const protocol of ['smtp', 'lmtp'] as const) {
  channelContract({
    name: protocol,
    async open(desk) {
      const listening = await start('smtp', { port: 0, protocol }, desk);
      return {
        listening,
        async deliver(id, text) {
          const client = await SmtpClient.open(portOf(listening), protocol === 'lmtp' ? 'LHLO' : 'EHLO');
          const answer = await client.send(mail(id, text));
          client.close();
          expect(answer).toMatch(/^(?:250|451|452) /);
          return answer!.startsWith('250') ? 'taken' : 'left';
        },
        close: () => listening.close(),
      };
    },
  });
}

let folder: string;
let folders = 0;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'rescind-channels-'));
});
afterAll(async () => {
  await rm(folder, { recursive: true, force: true });
});

channelContract({
  name: 'mbox',
  async open(desk) {
    const place = join(folder, String(folders++));
    await mkdir(place, { recursive: true });
    const listening = await start('mbox', { paths: [place], everySeconds: 0 }, desk);
    return {
      listening,
      async deliver(id, text) {
        await writeFile(join(place, `${id}.eml`), mail(id, text));
        const before = desk.troubles.length;
        await listening.look!();
        return desk.troubles.length === before ? 'taken' : 'left';
      },
      close: () => listening.close(),
    };
  },
});

channelContract({
  name: 'api',
  async open(desk) {
    const listening = await start('api', {}, desk);
    return {
      listening,
      deliver: async (id, text) =>
        outcome(
          await listening.accept!({
            headers: { 'idempotency-key': id },
            body: Buffer.from(JSON.stringify({ text })),
            peer: '203.0.113.9',
          }),
        ),
      close: () => listening.close(),
    };
  },
});

channelContract({
  name: 'manual',
  async open(desk) {
    const listening = await start('manual', {}, desk);
    return {
      listening,
      deliver: async (id, text) =>
        outcome(
          await listening.accept!({
            headers: { 'idempotency-key': id },
            body: Buffer.from(JSON.stringify({ heardBy: 'phone', text })),
            peer: 'console',
            enteredBy: 'ext. 214',
          }),
        ),
      close: () => listening.close(),
    };
  },
});

const secret = 'a secret of this test only';
channelContract({
  name: 'webhook',
  async open(desk) {
    const listening = await start('webhook', { secrets: [secret] }, desk);
    return {
      listening,
      async deliver(id, text) {
        const body = Buffer.from(JSON.stringify({ id, text, from: 'a@reporter.example' }));
        const signature = signCall(body, secret, desk.context.time.now());
        return outcome(
          await listening.accept!({ headers: { 'x-rescind-signature': signature }, body, peer: '203.0.113.9' }),
        );
      },
      close: () => listening.close(),
    };
  },
});

describe('SMTP', () => {
  it('takes a recipient that nobody created, the null sender, and mail to many as one receipt', async () => {
    const desk = await aDesk();
    const listening = await start('smtp', { port: 0 }, desk);
    const client = await SmtpClient.open(portOf(listening));
    const to = ['never-created@ca.example', 'Sales@ca.example'];
    expect(await client.send(mail('1', 'x'), '', to)).toMatch(/^250 /);
    client.close();
    await listening.close();
    const [receipt] = await desk.receipts();
    expect(receipt).toMatchObject({ envelopeFrom: '', envelopeTo: ['never-created@ca.example', 'sales@ca.example'] });
    expect(receipt!.marks[0]!.detail).toContain('client.example [127.0.0.1]');
  });

  it('refuses what is too large for good, and says so to the people of the desk', async () => {
    const desk = await aDesk();
    const listening = await start('smtp', { port: 0, bytesMax: 5_000 }, desk);
    const client = await SmtpClient.open(portOf(listening));
    expect(await client.send(mail('1', 'x'.repeat(20_000)))).toMatch(/^552 /);
    client.close();
    await listening.close();
    expect(await desk.receipts()).toHaveLength(0);
    expect(desk.refusals).toMatchObject([{ code: 'message_too_large', envelopeFrom: 'a@reporter.example' }]);
  });

  it('keeps nothing of a sender that hangs up in the middle, and goes on', async () => {
    const desk = await aDesk();
    const listening = await start('smtp', { port: 0 }, desk);
    const broken = await SmtpClient.open(portOf(listening));
    await broken.say('MAIL FROM:<a@reporter.example>');
    await broken.say('RCPT TO:<revoke@ca.example>');
    await broken.say('DATA');
    broken.close();
    const client = await SmtpClient.open(portOf(listening));
    expect(await client.send(mail('2', 'whole'))).toMatch(/^250 /);
    client.close();
    await listening.close();
    expect(await desk.contents()).toEqual([mail('2', 'whole')]);
  });

  it('keeps the bytes as they came: dots, eight bits, bare line ends, a NUL', async () => {
    const desk = await aDesk();
    const listening = await start('smtp', { port: 0 }, desk);
    const client = await SmtpClient.open(portOf(listening));
    const raw = Buffer.from('Subject: \xe9\r\n\r\n.\r\n..a\r\n\0\xff\r\n', 'latin1');
    expect(await client.send(raw)).toMatch(/^250 /);
    client.close();
    await listening.close();
    const [receipt] = await desk.receipts();
    expect(receipt!.size).toBe(raw.length);
  });
});

describe('archives', () => {
  it('keep their times: a Maildir delivery of five days ago starts the clock then', async () => {
    const desk = await aDesk(new VirtualTime(at('2024-09-05T12:00:00Z')));
    const place = join(folder, 'maildir');
    for (const part of ['cur', 'new', 'tmp', '.Junk/cur']) await mkdir(join(place, part), { recursive: true });
    await writeFile(join(place, '.Junk/cur/1725126540.M1P2.mx:2,S'), mail('1', 'found in junk'));
    await writeFile(join(place, 'tmp/1725126541.M1P3.mx'), mail('2', 'not yet delivered'));
    const listening = await start('mbox', { paths: [place], everySeconds: 0 }, desk);
    await listening.look!();
    await listening.close();
    const receipts = await desk.receipts();
    expect(receipts).toHaveLength(1);
    expect(rfc3339(clockStart(receipts[0]!.marks)!.at)).toBe('2024-08-31T17:49:00Z');
  });

  it('of many messages give each one receipt, and no more when one is deleted and the rest moves up', async () => {
    const desk = await aDesk();
    const place = join(folder, 'archive.mbox');
    const one = (n: number): string => `From a@x Sat Aug 31 17:49:0${n} 2024\n${mail(String(n), `>From here ${n}`)}\n`;
    await writeFile(place, one(1) + one(2) + one(3));
    const listening = await start('mbox', { paths: [place], everySeconds: 0 }, desk);
    await listening.look!();
    expect(await desk.receipts()).toHaveLength(3);
    await writeFile(place, one(2) + one(3) + one(4));
    await listening.look!();
    await listening.close();
    expect(await desk.receipts()).toHaveLength(4);
    const receipt = (await desk.receipts())[0]!;
    expect(receipt.marks.find((mark) => mark.source === 'internal-date')).toMatchObject({ trusted: false });
    expect((await desk.contents())[0]).toContain('\nFrom here 1');
  });

  it('are looked at again after a look that failed in the middle', async () => {
    const desk = await aDesk();
    const place = join(folder, 'again.eml');
    await writeFile(place, mail('1', 'x'));
    let broken = true;
    const ledger = {
      ...desk.ledger,
      reportSeen: async (count: Parameters<typeof desk.ledger.reportSeen>[0]) => {
        if (broken) throw new Error('connection lost');
        await desk.ledger.reportSeen(count);
      },
    };
    const opened = openChannel('mbox', 'again', { paths: [place], everySeconds: 0 });
    if (!opened.ok) throw new Error('settings');
    const listening = await opened.channel.listen({ ...desk.context, ledger });
    await listening.look!();
    expect(desk.troubles).toMatchObject([{ code: 'store_unavailable' }]);
    broken = false;
    await listening.look!();
    await listening.close();
    expect(desk.troubles).toHaveLength(1);
    expect(await desk.receipts()).toHaveLength(1);
  });

  it('do not take a file time for a receipt', async () => {
    const desk = await aDesk(new VirtualTime(at('2024-09-05T12:00:00Z')));
    const place = join(folder, 'touched.eml');
    await writeFile(place, mail('1', 'x'));
    await utimes(place, 0, 0);
    const listening = await start('mbox', { paths: [place], everySeconds: 0 }, desk);
    await listening.look!();
    await listening.close();
    expect((await desk.receipts())[0]!.marks).toHaveLength(1);
  });
});

describe('the report API', () => {
  const post = (listening: Listening, body: unknown, key?: string): Promise<Answer> =>
    listening.accept!({
      headers: key === undefined ? {} : { 'idempotency-key': key },
      body: Buffer.from(typeof body === 'string' ? body : JSON.stringify(body)),
      peer: '203.0.113.9',
    });

  it('takes thousands in a call, and the same call again as the same reports', async () => {
    const desk = await aDesk();
    const listening = await start('api', {}, desk);
    const reports = Array.from({ length: 2_000 }, (_, n) => ({ text: `key ${n}`, certificates: [`${n}`] }));
    const first = await post(listening, { reports }, 'bulk-1');
    expect(first.status).toBe(202);
    expect(await desk.receipts()).toHaveLength(2_000);
    const again = await post(listening, { reports }, 'bulk-1');
    expect((again.body as { reports: { fresh: boolean }[] }).reports.every((report) => !report.fresh)).toBe(true);
    expect(await desk.receipts()).toHaveLength(2_000);
  }, 300_000);

  it('keeps both when a key comes with other content, and says so', async () => {
    const desk = await aDesk();
    const listening = await start('api', {}, desk);
    expect((await post(listening, { text: 'one' }, 'k')).status).toBe(202);
    expect(await post(listening, { text: 'two' }, 'k')).toMatchObject({
      status: 422,
      body: { code: 'idempotency_key_reused' },
    });
    expect(await desk.receipts()).toHaveLength(2);
  });

  it('recognises a double submit without a key', async () => {
    const desk = await aDesk();
    const listening = await start('api', { form: true }, desk);
    await Promise.all([post(listening, { text: 'twice' }), post(listening, { text: 'twice' })]);
    const receipts = await desk.receipts();
    expect(receipts).toHaveLength(1);
    expect(receipts[0]).toMatchObject({ channel: 'web-form' });
  });

  it.each([
    ['{', 400],
    [{ reports: [] }, 422],
    [{ text: 'x', extra: 1 }, 422],
    [{ text: 'x', noticedAt: 'yesterday' }, 422],
  ])('says what is wrong with %j', async (body, status) => {
    const desk = await aDesk();
    expect(await post(await start('api', {}, desk), body)).toMatchObject({ status });
    expect(await desk.receipts()).toHaveLength(0);
  });

  it('makes a message of it that reads like any other', async () => {
    const desk = await aDesk();
    const listening = await start('api', {}, desk);
    await post(listening, {
      reporter: { name: 'Zoë\r\nBcc: x@y', email: 'Zoe@Reporter.example' },
      subject: 'Schlüssel',
      text: 'The key is attached.\n-- \nno signature of ours',
      certificates: ['0a1b2c'],
      attachments: [{ fileName: '../../schlüssel.pem', contentBase64: Buffer.from('PEM').toString('base64') }],
    });
    const message = await readMessage(Buffer.from((await desk.contents())[0]!));
    expect(message.from).toEqual([{ name: 'Zoë Bcc: x@y', address: 'zoe@reporter.example' }]);
    expect(message.headers.has('bcc')).toBe(false);
    expect(message.subject).toBe('Schlüssel');
    expect(message.texts.map((block) => block.text).join('\n')).toContain('Certificates: 0a1b2c');
    expect(message.attachments).toMatchObject([{ fileName: 'schlüssel.pem' }]);
    expect(message.problems).toEqual([]);
  });
});

describe('staff entry', () => {
  const time = new VirtualTime(at('2024-09-01T05:00:00Z'));
  const enter = async (entry: object): Promise<{ desk: Desk; answer: Answer }> => {
    const desk = await aDesk(time);
    const listening = await start('manual', {}, desk);
    const body = Buffer.from(JSON.stringify({ heardBy: 'phone', text: 'he has the key', ...entry }));
    return { desk, answer: await listening.accept!({ headers: {}, body, peer: 'console', enteredBy: 'ext. 214' }) };
  };

  it('starts the clock when the CA was first told', async () => {
    const { desk } = await enter({ firstHeardAt: '2024-08-31T23:19:00+05:30', proof: 'call record 7731' });
    const start = clockStart((await desk.receipts())[0]!.marks)!;
    expect(rfc3339(start.at)).toBe('2024-08-31T17:49:00Z');
    expect(start.detail).toContain('call record 7731');
  });

  it('does not believe that something was heard in the future', async () => {
    const { desk, answer } = await enter({ firstHeardAt: '2024-09-01T05:00:01Z' });
    expect(answer).toMatchObject({ status: 422, body: { code: 'first_heard_in_future' } });
    expect(await desk.receipts()).toHaveLength(0);
  });
});

describe('webhooks of other help desks', () => {
  const time = new VirtualTime(at('2024-09-01T05:00:00Z'));
  const push = async (
    helpdesk: string,
    payload: unknown,
    sign = (body: Uint8Array): string => signCall(body, secret, time.now()),
  ): Promise<{ desk: Desk; answer: Answer }> => {
    const desk = await aDesk(time);
    const listening = await start('webhook', { secrets: ['an older secret!', secret], helpdesk }, desk);
    const body = Buffer.from(JSON.stringify(payload));
    const answer = await listening.accept!({ headers: { 'x-rescind-signature': sign(body) }, body, peer: 'desk' });
    return { desk, answer };
  };

  it.each([
    ['unsigned', () => ''],
    ['signed with another secret', (body: Uint8Array) => signCall(body, 'not the secret at all', time.now())],
    ['signed an hour ago', (body: Uint8Array) => signCall(body, secret, at('2024-09-01T04:00:00Z'))],
    ['signed for another body', () => signCall(Buffer.from('{}'), secret, time.now())],
  ])('turns away what is %s', async (_how, sign) => {
    const { desk, answer } = await push('generic', { id: 1, text: 'x' }, sign);
    expect(answer.status).toBe(401);
    expect(desk.refusals).toMatchObject([{ code: 'bad_signature' }]);
    expect(await desk.receipts()).toHaveLength(0);
  });

  it.each([
    [
      'zammad',
      {
        ticket: { id: 17, title: 'key', created_at: '2024-08-31T17:49:00Z', group: { name: 'SSL Support' } },
        article: {
          id: 99,
          from: 'Ann <ann@reporter.example>',
          subject: 'leaked key',
          body: '<p>the <b>key</b> is out</p>',
          created_at: '2024-08-31T17:49:00Z',
        },
      },
    ],
    [
      'request-tracker',
      {
        ticket: {
          id: 17,
          Subject: 'leaked key',
          Requestors: ['ann@reporter.example'],
          Queue: 'SSL Support',
          Created: '2024-08-31T17:49:00Z',
        },
        transaction: { id: 99, Content: 'the key is out' },
      },
    ],
    [
      'freshdesk',
      {
        freshdesk_webhook: {
          ticket_id: 17,
          ticket_subject: 'leaked key',
          ticket_description: '<div>the key is out</div>',
          ticket_requester_email: 'ann@reporter.example',
          ticket_group_name: 'SSL Support',
          ticket_created_at: '2024-08-31T17:49:00Z',
        },
      },
    ],
  ])('reads a ticket of %s, and starts the clock where it was created', async (helpdesk, payload) => {
    const { desk, answer } = await push(helpdesk, payload);
    expect(answer.status).toBe(202);
    const [receipt] = await desk.receipts();
    expect(receipt).toMatchObject({ mailbox: 'SSL Support', envelopeFrom: 'ann@reporter.example' });
    expect(rfc3339(clockStart(receipt!.marks)!.at)).toBe('2024-08-31T17:49:00Z');
    const message = await readMessage(Buffer.from((await desk.contents())[0]!));
    expect(message.subject).toBe('leaked key');
    expect(message.texts[0]!.text).toBe('the key is out');
  });

  it('keeps a payload of a shape that nobody knows', async () => {
    const { desk } = await push('zammad', { unexpected: ['key at https://x.example/server.key'] });
    const message = await readMessage(Buffer.from((await desk.contents())[0]!));
    expect(message.texts[0]!.text).toContain('https://x.example/server.key');
  });
});

describe('settings', () => {
  it('that are wrong are named, not guessed', () => {
    expect(openChannel('smtp', 'mx', { port: 70_000 })).toMatchObject({ ok: false, problems: [{ path: 'port' }] });
    expect(openChannel('imap', 'box', {})).toMatchObject({ ok: false });
    expect(openChannel('webhook', 'hook', { secrets: ['short'] })).toMatchObject({ ok: false });
  });
});
