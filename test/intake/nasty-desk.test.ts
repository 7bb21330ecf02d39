/**
 * Those of the forty kinds of mail (nasty.test.ts) that show only in a whole desk: which case a message comes to, that
 * nobody is paged for everyday mail, what becomes of an interrupted or doubled delivery.
 */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { localAccess } from '../../src/api/access/access.ts';
import { createApi } from '../../src/api/routes.ts';
import { Fault } from '../../src/foundation/fault.ts';
import { at, rfc3339 } from '../../src/foundation/time/time.ts';
import { channelDoors, doorPath } from '../../src/main/channels.ts';
import { deskPort } from '../../src/main/port/desk-port.ts';
import { linkSecret } from '../../src/main/port/links.ts';
import { openChannel } from '../../src/stages/intake/channels/index.ts';
import { receiveReport } from '../../src/stages/intake/receive-report.ts';
import { type Mail, rawMail, type WholeDesk, wholeDesk } from './a-desk.ts';
import { SmtpClient } from './smtp-client.ts';

let whole: WholeDesk;
beforeAll(async () => {
  whole = await wholeDesk(at('2026-03-02T10:00:00Z'));
});
afterAll(() => whole?.close());

const report = (serial: string) => ({
  subject: `Private key of certificate ${serial} is public`,
  text: `The private key of the certificate with serial ${serial} is published in a repository. Please revoke it.`,
});
const receipts = async () => (await whole.desk.ledger.list({ limit: 100_000 })).length;
const cases = async () => (await whole.database.pool.query('SELECT FROM store.case_state')).rowCount ?? 0;

describe('a thread', () => {
  it('28: new evidence on the thread of an old case is a new matter with a clock of its own', async () => {
    const [first, second] = [await whole.issue('old.shop.example'), await whole.issue('new.shop.example')];
    const old = await whole.arrives({ ...report(first), headers: ['Message-ID: <old@research.example>'] });
    whole.time.advanceTo(whole.time.now().add({ hours: 24 * 90 }));
    const now = whole.time.now();
    const fresh = await whole.arrives({ ...report(second), headers: ['References: <old@research.example>'] });
    expect(fresh).not.toBe(old);
    expect((await whole.caseOf(fresh)).matters.map((matter) => rfc3339(matter.startAt))).toEqual([rfc3339(now)]);
  });

  it('29: an answer of a colleague with another subject joins, and leaves the clock where it was', async () => {
    const serial = await whole.issue('pay.shop.example');
    const caseId = await whole.arrives({ ...report(serial), headers: ['Message-ID: <first@research.example>'] });
    const before = await whole.caseOf(caseId);
    whole.time.advanceTo(whole.time.now().add({ minutes: 30 }));
    const answer = {
      from: 'bob@research.example',
      subject: 'any news?',
      text: 'My colleague wrote to you about this. When do you revoke?',
      headers: ['In-Reply-To: <first@research.example>'],
    };
    expect(await whole.arrives(answer)).toBe(caseId);
    const after = await whole.caseOf(caseId);
    expect(after.reports).toHaveLength(2);
    expect(after.matters.map((matter) => matter.startAt.toString())).toEqual(
      before.matters.map((matter) => matter.startAt.toString()),
    );
  });

  it('29: a thread that is hijacked for other certificates is another case; the same ones join by themselves', async () => {
    const [first, second] = [await whole.issue('a.shop.example'), await whole.issue('b.shop.example')];
    const caseId = await whole.arrives({ ...report(first), headers: ['Message-ID: <a@research.example>'] });
    const hijacked = await whole.arrives({ ...report(second), headers: ['In-Reply-To: <a@research.example>'] });
    expect(hijacked).not.toBeNull();
    expect(hijacked).not.toBe(caseId);
    expect((await whole.caseOf(caseId)).reports).toHaveLength(1);
    expect(await whole.arrives({ ...report(first), from: 'stranger@elsewhere.example' })).toBe(caseId);
  });
});

describe('everyday mail', () => {
  it('33: pages nobody and is countable', async () => {
    const [pages, before] = [whole.pages.length, await receipts()];
    for (const text of [
      'Please cancel my order 4711, I ordered the wrong product.',
      'My certificate expires next week. How do I renew it?',
      'Where can I download the invoice for last month?',
    ])
      await whole.arrives({ from: 'customer@shop.example', subject: 'Question about my order', text });
    expect(whole.pages).toHaveLength(pages);
    expect(await receipts()).toBe(before + 3);
  });
});

describe('a delivery that is interrupted', () => {
  it('35: by a full disk, a store that is away, or an answer that is lost: at least once, exactly one case', async () => {
    let store: 'up' | 'full' | 'away' | 'silent' = 'full';
    const { desk } = whole;
    const receive = receiveReport({
      keys: desk.identities,
      time: desk.time,
      ledger: {
        async record(fresh) {
          if (store === 'full') throw new Fault('ledger_full', 'full');
          if (store === 'away') throw new Fault('ledger_unavailable', 'away');
          const recorded = await desk.ledger.record(fresh);
          if (store === 'silent') throw new Fault('ledger_unavailable', 'lost', { outcome: 'unknown' });
          return recorded;
        },
      },
    });
    const opened = openChannel('smtp', 'mx', { port: 0 });
    if (!opened.ok) throw new Error('settings');
    const listening = await opened.channel.listen({ ...desk.channelContext, receive });
    const client = await SmtpClient.open(Number(listening.addresses[0]!.split(':').at(-1)));
    const [before, serial] = [await receipts(), await whole.issue('disk.shop.example')];
    const { subject, text } = report(serial);
    const mail = `From: a@reporter.example\r\nMessage-ID: <disk@reporter.example>\r\nSubject: ${subject}\r\n\r\n${text}\r\n`;
    const answers: string[] = [];
    for (store of ['full', 'away', 'silent', 'up', 'up'] as const) answers.push((await client.send(mail)) ?? '');
    client.close();
    await listening.close();
    expect(answers.map((answer) => answer.slice(0, 3))).toEqual(['452', '451', '451', '250', '250']);
    expect(await receipts()).toBe(before + 1);
    const [receipt] = (await desk.ledger.list({ source: 'mx', limit: 10 })).slice(-1);
    expect(receipt?.deliveries).toBe(3);
    const casesBefore = await cases();
    await desk.runDue();
    expect(await cases()).toBe(casesBefore + 1);
  });
});

describe('the web form', () => {
  const form = async () => {
    const { desk } = whole;
    const port = deskPort(desk, await linkSecret(desk.config.dataFolder), async () => {});
    const access = localAccess({ name: 'local', mayAct: true, csrf: 'c' });
    return createApi({
      ...{ desk: port, time: desk.time, access, webRoot: null, deskName: 'Desk', virtualTime: true },
    });
  };
  const send = (body: object) => ({
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
  });

  it('38: sent twice is one report, also when the second press comes later', async () => {
    const app = await form();
    const serial = await whole.issue('form.shop.example');
    const before = await receipts();
    const first = await app.request('/api/v1/reports', send({ ...report(serial), email: 'ann@research.example' }));
    expect(first.status).toBe(202);
    whole.time.advanceTo(whole.time.now().add({ minutes: 5 }));
    const again = await app.request('/api/v1/reports', send({ ...report(serial), email: 'ann@research.example' }));
    const [one, other] = [(await first.json()) as object, (await again.json()) as object];
    expect(other).toMatchObject({ receiptId: (one as { receiptId: string }).receiptId });
    // It was received when it was first received.
    expect(other).toMatchObject({ receivedAt: (one as { receivedAt: string }).receivedAt });
    expect(await receipts()).toBe(before + 1);
    const casesBefore = await cases();
    await whole.desk.runDue();
    expect(await cases()).toBe(casesBefore + 1);
  });

  it('38: a flood from one address is asked to write a mail; what carries evidence is taken all the same', async () => {
    const app = await form();
    const statuses: number[] = [];
    for (let n = 0; n < 40; n++)
      statuses.push((await app.request('/api/v1/reports', send({ text: `buy pills ${n}` }))).status);
    expect(statuses.slice(0, 20).every((status) => status === 202)).toBe(true);
    expect(statuses.at(-1)).toBe(429);
    const serial = await whole.issue('flood.shop.example');
    const evidence = send({ ...report(serial), certificates: [serial] });
    expect((await app.request('/api/v1/reports', evidence)).status).toBe(202);
  });

  it('38: an upload that is too large, or that breaks off, leaves nothing and says what to do', async () => {
    const app = await form();
    const before = await receipts();
    const large = await app.request('/api/v1/reports', {
      method: 'POST',
      headers: { 'content-type': 'message/rfc822', 'content-length': String(100 * 1024 ** 2) },
      body: 'x',
    });
    expect([large.status, await large.text()]).toEqual([413, expect.stringMatching(/Send it by mail/)]);
    const broken = new ReadableStream<Uint8Array>({
      start(controller) {
        controller.enqueue(Buffer.from('From: a@x.example\r\n\r\nhalf of a rep'));
        controller.error(new Error('the browser was closed'));
      },
    });
    const request = new Request('http://localhost/api/v1/reports', {
      ...{ method: 'POST', headers: { 'content-type': 'message/rfc822' }, body: broken, duplex: 'half' },
    } as RequestInit);
    expect((await app.request(request)).status).toBeGreaterThanOrEqual(400);
    expect(await receipts()).toBe(before);
  });
});

describe('staff entry', () => {
  it('39: a report by telephone counts from the call, with its proof, and joins what mail says of the same certificate', async () => {
    const { desk } = whole;
    const opened = openChannel('manual', 'staff', {});
    if (!opened.ok) throw new Error('settings');
    const { accept } = await opened.channel.listen(desk.channelContext);
    desk.listening.push({ kind: 'manual', address: doorPath('staff'), accept: accept! });
    const heardAt = whole.time.now().subtract({ hours: 3 });
    const serial = await whole.issue('phone.shop.example');
    const byMail = await whole.arrives(report(serial));
    const doors = channelDoors(desk, localAccess({ name: 'Asha', mayAct: true, csrf: 'c' }));
    const answer = await doors.request(doorPath('staff'), {
      method: 'POST',
      headers: { 'content-type': 'application/json', 'x-csrf-token': 'c' },
      body: JSON.stringify({
        ...{ heardBy: 'phone', firstHeardAt: rfc3339(heardAt), proof: 'call record 7731', certificates: [serial] },
        text: `Somebody called: the private key of ${serial} is public. He will not write.`,
        label: 'key-compromise',
      }),
    });
    expect(answer.status).toBe(202);
    await desk.runDue();
    const current = await whole.caseOf(byMail);
    const [, entered] = current.reports;
    expect(entered?.channel).toBe('manual');
    const mark = entered?.marks.find((one) => one.source === 'staff-first-heard');
    expect(mark).toMatchObject({ detail: expect.stringContaining('7731') });
    expect(mark?.at.toString()).toBe(heardAt.toString());
    expect(entered?.startAt.toString()).toBe(heardAt.toString());
  });
});

describe('a flood', () => {
  it('36: of 5,000 mails in ten minutes loses none, and the one report in it is on the board by its own clock', async () => {
    const { desk, time } = whole;
    const total = 5_000;
    const serial = await whole.issue('needle.shop.example');
    const startedAt = time.now();
    const topics = ['invoice', 'parcel', 'newsletter', 'meeting', 'password', 'order', 'holiday', 'delivery'];
    const noise = (n: number): Mail => ({
      from: `sender${n}@elsewhere.example`,
      subject: `Your ${topics[n % topics.length]} ${n}`,
      text: `Hello,\r\n\r\nhere is the ${topics[(n * 7) % topics.length]} number ${n} that you asked for on Monday.\r\n\r\nKind regards`,
    });
    const ids: string[] = [];
    let needleAt = startedAt;
    for (let n = 1; n <= total; n++) {
      time.advanceTo(startedAt.add({ milliseconds: n * 120 }));
      const mail: Mail = n === total - 1 ? { ...report(serial), from: 'finder@research.example' } : noise(n);
      if (n === total - 1) needleAt = time.now();
      const { receiptId } = await desk.receive(rawMail(mail), {
        ...{ channel: 'smtp', source: 'flood', sourceKey: null, sightedAs: null, folder: null, mailbox: null },
        ...{ envelopeFrom: mail.from ?? '', envelopeTo: ['problem-reporting@ca.example'] },
        ...{ markSource: 'own-acceptance', detail: 'test' },
      });
      ids.push(receiptId);
      if (n % 100 === 0) await desk.readDue();
    }
    expect(time.now().since(startedAt).total('minutes')).toBe(10);
    await desk.readDue();

    const { rows } = await whole.database.pool.query<{ state: string; n: number }>(
      "SELECT state, count(*)::integer AS n FROM intake.receipt WHERE source = 'flood' GROUP BY state",
    );
    expect(rows).toEqual([{ state: 'read', n: total }]);
    const read = await whole.database.pool.query('SELECT FROM reading.message WHERE report_id = ANY ($1)', [ids]);
    expect(read.rowCount).toBe(total);

    const reading = await desk.readings.get(ids[total - 2] as string);
    expect(reading?.action).toBe('open-case');
    const current = await whole.caseOf(reading?.caseId ?? null);
    expect(current.reports).toHaveLength(1);
    expect(current.matters.map((matter) => matter.startAt.toString())).toEqual([needleAt.toString()]);
    expect(current.matters[0]?.dueAt?.toString()).toBe(needleAt.add({ hours: 24 }).toString());
    const summary = await desk.store.cases.summary(current.caseId);
    expect(summary).toMatchObject({ open: true, data: { subject: report(serial).subject } });
    await desk.runDue();
    expect(whole.pages.map((page) => page.caseId)).toContain(current.caseId);
    expect(whole.letters.some((letter) => letter.letterId.startsWith(`${current.caseId}/`))).toBe(true);
  }, 300_000);
});
