import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { localAccess } from '../api/access/access.ts';
import { loadCase } from '../app/change-case.ts';
import { eventFromJson } from '../app/event-json.ts';
import { scoreboard } from '../assurance/drill/index.ts';
import { isRefusal } from '../desk/refusal.ts';
import type { CaseId } from '../foundation/brand.ts';
import { composeMessage } from '../foundation/mail/compose.ts';
import { at } from '../foundation/time/time.ts';
import { VirtualTime } from '../foundation/time/virtual-time.ts';
import { type TestDatabase, testDatabase } from '../platform/store/testing.ts';
import { openChannel } from '../stages/intake/channels/index.ts';
import { type HttpSink, httpSink } from '../stages/outreach/messengers/http-sink.ts';
import { smtpMessenger } from '../stages/outreach/messengers/index.ts';
import { smtpDefaults } from '../stages/outreach/messengers/smtp.ts';
import { type SmtpSink, smtpSink } from '../stages/outreach/messengers/smtp-sink.ts';
import { postgresContactLog } from '../stages/outreach/on-call/contact-log-postgres.ts';
import { contactHealth } from '../stages/outreach/on-call/readiness.ts';
import { channelDoors, doorPath } from './channels.ts';
import { type Config, checkConfig, defaultConfig } from './config.ts';
import { drillRun, drillsHeld, injectDrill, type StoredDrill } from './drills.ts';
import { dutyOf } from './duty.ts';
import { openLog } from './log.ts';
import { type Alarm, type Cause, logVerified, nightWatch } from './night-watch.ts';
import { noConnector } from './no-connector.ts';
import { answersPage } from './page-answers.ts';
import { openPaging, type Paging } from './paging.ts';
import { deskContacts, noteCall } from './port/contacts.ts';
import { takePages } from './take-page.ts';
import { postgresPages } from './watch-store.ts';
import { type Desk, openDesk } from './wiring.ts';

const started = at('2026-03-02T22:00:00Z');
const secret = new Uint8Array(32).fill(9);
const hook = (port: string) => `
http: { publicUrl: 'https://desk.ca.example' }
mail: { from: 'Desk <desk@ca.example>', relay: { host: 127.0.0.1 } }
canaries: [{ address: problem-reporting@ca.example }]
onCall:
  levels:
    - { people: [asha, ben], from: '2026-01-05T09:00[Europe/Zurich]', turnDays: 7 }
    - { people: [chloe, dev], from: '2026-01-05T09:00[Europe/Zurich]', turnDays: 7 }
  contacts:
    asha: [{ channel: email, to: asha@ca.example }]
    ben: [{ channel: email, to: ben@ca.example }]
    chloe: [{ channel: webhook, to: second }]
    dev: [{ channel: webhook, to: second }]
  webhooks: { second: { url: '${port}' } }
`;

let database: TestDatabase;
let folder: string;
let mail: SmtpSink;
let web: HttpSink;
let desk: Desk;
let paging: Paging;
const time = new VirtualTime(started);

beforeAll(async () => {
  [database, folder, mail, web] = await Promise.all([
    testDatabase(),
    mkdtemp(join(tmpdir(), 'rescind-outreach-')),
    smtpSink(),
    httpSink(),
  ]);
  const read = checkConfig(hook(web.url));
  if (!read.ok) throw new Error(JSON.stringify(read.problems));
  const config: Config = { ...read.config, dataFolder: folder };
  const messenger = smtpMessenger({
    ...{
      host: '127.0.0.1',
      port: mail.port,
      secure: false,
      requireTls: false,
      trustedCa: null,
      serverName: null,
      user: null,
      password: null,
      dkim: null,
    },
    ...{ from: { name: 'Desk', address: 'desk@ca.example' }, bounceAddress: 'desk@ca.example' },
    ...{ messageIdDomain: 'ca.example', connectionsMax: 2 },
  });
  const log = openLog('silent');
  const contacts = postgresContactLog(database.pool);
  paging = openPaging({
    duty: await dutyOf(config, messenger, time),
    pages: postgresPages(database.pool),
    contacts,
    mailDomain: 'ca.example',
    ...{ log, secret, origin: config.http.publicUrl },
  });
  desk = await openDesk({
    ...{ config, time, log, pool: database.pool, connector: noConnector(), issuers: () => null, messenger },
    ...{ pager: paging, roomSize: 1 },
    answersPage: (parts, message) => answersPage(parts, { contacts, paging }, message),
  });
});

afterAll(async () => {
  await desk?.close();
  await Promise.all([mail?.stop(), web?.stop(), database?.drop()]);
  await rm(folder, { recursive: true, force: true });
});

const pagesByMail = () => mail.messages.filter((m) => /^To: (asha|ben)@ca\.example/im.test(m));
const plain = (raw: string) => raw.replaceAll('=\r\n', '').replaceAll('=3D', '=');

describe('the night watch', () => {
  it('tells each cause once, tries again what nobody took, and says so again after it had cleared', async () => {
    let causes: readonly Cause[] = [{ id: 'path/a', words: 'A test report is lost.' }];
    let takes = false;
    const told: string[] = [];
    const alarm: Alarm = async (cause) => {
      told.push(cause.id);
      return takes;
    };
    const watch = nightWatch({
      ...{ desk, troubles: desk.troubles, alarm, expected: {} },
      more: async () => causes,
    });
    await watch.round();
    takes = true;
    await watch.round();
    await watch.round();
    expect(told).toEqual(['path/a', 'path/a']);
    expect(watch.open().map((c) => c.id)).toEqual(['path/a']);
    causes = [];
    await watch.round();
    expect(watch.open()).toEqual([]);
    causes = [{ id: 'path/a', words: 'A test report is lost.' }];
    await watch.round();
    expect(told).toHaveLength(3);
  });

  it('finds a source that shows more than was recorded, a channel in trouble and a loop that stopped', async () => {
    await desk.ledger.reportSeen({ source: 'box', folder: 'Junk', epoch: '7', seen: 3, at: time.now() });
    desk.channelContext.trouble({ source: 'box', at: time.now(), code: 'login_refused', detail: 'No login.' });
    const told: string[] = [];
    const watch = nightWatch({
      ...{ desk, troubles: desk.troubles },
      alarm: async (cause) => told.push(cause.id) > 0,
      expected: { 'wake-ups': Temporal.Duration.from({ minutes: 3 }) },
    });
    await watch.round();
    expect(told.toSorted()).toEqual(['channel/box/login_refused', 'difference/box/Junk/7', 'stalled/wake-ups']);
    await desk.ledger.reportSeen({ source: 'box', folder: 'Junk', epoch: '7', seen: 0, at: time.now() });
  });

  it('destroys sealing identities of days that are over and that nothing needs, and verifies the event log', async () => {
    const old = at('2026-02-01T00:00:00Z');
    await desk.identities.rotate(old);
    expect(await desk.identities.list()).toContain('2026-02-01');
    await nightWatch({ ...{ desk, troubles: desk.troubles, expected: {} }, alarm: async () => true }).round();
    expect(await desk.identities.list()).toEqual(['2026-03-02', '2026-03-03']);
    const beat = (await desk.store.heartbeats.all()).find((b) => b.name === logVerified);
    expect(beat).toMatchObject({ detail: '' });
  });
});

describe('a page', () => {
  it('goes to who is on call, climbs, is taken by the button of its link, and comes again when nothing moves', async () => {
    const report = composeMessage({
      ...{
        from: { name: 'R', address: 'r@research.example' },
        to: [{ name: '', address: 'problem-reporting@ca.example' }],
      },
      subject: 'Certificate problem report: private key of your customer is public',
      text: 'The private key of shop.customer.example is published in a repository. Please revoke the certificate.',
      ...{ date: time.now(), messageId: '<1@research.example>', headers: [], attachments: [] },
    });
    await desk.receive(report, {
      ...{ channel: 'smtp', source: 'smtp', sourceKey: null, sightedAs: null, folder: null, mailbox: null },
      ...{ envelopeFrom: 'r@research.example', envelopeTo: ['problem-reporting@ca.example'] },
      ...{ markSource: 'own-acceptance', detail: 'test' },
    });
    await desk.runDue();
    const [first] = pagesByMail();
    expect(first).toBeDefined();
    const link = /https:\/\/desk\.ca\.example(\/page\/[\w.-]+)/.exec(plain(first ?? ''))?.[1] ?? '';
    const [caseId] = (await postgresPages(database.pool).running(10)) as CaseId[];
    if (caseId === undefined) throw new Error('no case was paged');

    const before = web.taken.length;
    await paging.round(desk.parts, time.now());
    expect(web.taken).toHaveLength(before);
    await paging.round(desk.parts, time.now().add({ minutes: 5 }));
    expect(web.taken).toHaveLength(before + 1);
    expect(String(web.taken.at(-1)?.body)).toContain(caseId);

    const pages = takePages(desk, secret);
    expect((await pages.request(link)).status).toBe(200);
    expect((await loadCase(desk.parts.cases, caseId))?.takenAt).toBeNull();
    expect((await pages.request(`${link}x`, { method: 'POST' })).status).toBe(409);
    expect((await pages.request(link, { method: 'POST' })).status).toBe(200);
    const taken = await loadCase(desk.parts.cases, caseId);
    expect(taken?.takenAt?.toString()).toBe(time.now().toString());
    expect((await pages.request(link, { method: 'POST' })).status).toBe(200);
    expect((await loadCase(desk.parts.cases, caseId))?.seq).toBe(taken?.seq);

    const quiet = (await postgresPages(database.pool).ofCase(caseId)).length;
    await paging.round(desk.parts, time.now().add({ minutes: 4 }));
    expect(await postgresPages(database.pool).ofCase(caseId)).toHaveLength(quiet);
    await paging.round(desk.parts, time.now().add({ hours: 2 }));
    const sent = await postgresPages(database.pool).ofCase(caseId);
    expect(sent).toHaveLength(quiet + 1);
    expect(sent.at(-1)?.because).toMatch(/nothing has moved/);
    expect(sent.every((p) => p.accepted)).toBe(true);
  });
});

describe('an answer to a page', () => {
  const mailOf = (headers: string, text: string) => Buffer.from(`${headers}\r\n\r\n${text}\r\n`);
  let reports = 10;
  /** A new report, the case it opened, and the page that went out for it by mail. */
  const paged = async () => {
    const number = reports++;
    const report = composeMessage({
      from: { name: 'R', address: 'r@research.example' },
      to: [{ name: '', address: 'problem-reporting@ca.example' }],
      subject: `Certificate problem report ${number}: private key is public`,
      text: `The private key of shop${number}.customer.example is published. Please revoke the certificate.`,
      ...{ date: time.now(), messageId: `<${number}@research.example>`, headers: [], attachments: [] },
    });
    const before = mail.messages.length;
    await arrive(report, 'r@research.example');
    const page = mail.messages.slice(before).find((m) => /^To: (asha|ben)@ca\.example/im.test(m)) ?? '';
    const caseId = (/^Case (case-[\w-]+)/im.exec(plain(page))?.[1] ?? '') as CaseId;
    const [, to = ''] = /^To: (\S+)/im.exec(page) ?? [];
    const [, id = ''] = /^Message-ID: (\S+)/im.exec(page) ?? [];
    return { caseId, to, id, page };
  };
  const arrive = async (raw: Uint8Array, from: string) => {
    const { receiptId } = await desk.receive(raw, {
      ...{ channel: 'imap', source: 'box', sourceKey: null, sightedAs: null, folder: 'INBOX', mailbox: null },
      ...{ envelopeFrom: from, envelopeTo: ['desk@ca.example'], markSource: 'own-acceptance', detail: 'test' },
    });
    await desk.runDue();
    return desk.readings.get(receiptId);
  };
  const answer = (id: string, from: string, text: string, more = '') =>
    arrive(
      mailOf(
        `From: ${from}\r\nTo: desk@ca.example\r\nSubject: Re: page\r\nMessage-ID: <${reports++}@phone.example>\r\nIn-Reply-To: ${id}${more}`,
        text,
      ),
      from,
    );
  const takenAt = async (caseId: CaseId) => (await loadCase(desk.parts.cases, caseId))?.takenAt ?? null;
  const pagesOf = (caseId: string) => postgresPages(database.pool).ofCase(caseId);
  const newest = async () => (await desk.contacts.since(started, 'staff')).at(-1);

  it('of one word takes the case, and is no report', async () => {
    const { caseId, to, id, page } = await paged();
    expect(plain(page)).toMatch(/take, or pass/);
    const reading = await answer(id, to, 'Take.');
    expect(reading?.caseId).toBeNull();
    expect(await takenAt(caseId)).not.toBeNull();
    expect(await newest()).toMatchObject({ to, result: 'answered', caseId });
  });

  it('that a machine or a stranger sends takes nothing', async () => {
    const { caseId, to, id } = await paged();
    await answer(id, to, 'Take. I am away until Monday.', '\r\nAuto-Submitted: auto-replied');
    await answer(id, 'r@research.example', 'Take.');
    await answer('<0123456789012345678901234567890123456789@ca.example>', to, 'Take.');
    expect(await takenAt(caseId)).toBeNull();
  });

  it('that passes asks the next person at once', async () => {
    const { caseId, to, id } = await paged();
    expect(await pagesOf(caseId)).toHaveLength(1);
    const before = web.taken.length;
    await answer(id, to, 'Pass, I am on a train');
    expect((await pagesOf(caseId)).map((p) => p.level)).toEqual([0, 1]);
    expect(web.taken).toHaveLength(before + 1);
    expect(await takenAt(caseId)).toBeNull();
  });

  it('that says more is noted and read like any mail', async () => {
    const { caseId, to, id } = await paged();
    const long = `Take. ${'There is a second key: the private key of mail.customer.example is public too. '.repeat(4)}`;
    const reading = await answer(id, to, long);
    expect(await takenAt(caseId)).not.toBeNull();
    expect(reading?.caseId).not.toBeNull();
  });

  it('that is a bounce says that this contact does not work, and a confirmed test that it does again', async () => {
    const { to, id } = await paged();
    time.advanceTo(time.now().add({ minutes: 1 }));
    const bounce = [
      'From: MAILER-DAEMON@mx.ca.example\r\nTo: desk@ca.example\r\nSubject: Undelivered',
      'Content-Type: multipart/report; report-type=delivery-status; boundary=b',
    ].join('\r\n');
    const parts = [
      '--b\r\nContent-Type: text/plain\r\n\r\nIt could not be delivered.',
      `--b\r\nContent-Type: message/delivery-status\r\n\r\nReporting-MTA: dns; mx\r\n\r\nFinal-Recipient: rfc822; ${to}\r\nAction: failed\r\nStatus: 5.1.1`,
      `--b\r\nContent-Type: message/rfc822\r\n\r\nFrom: desk@ca.example\r\nMessage-ID: ${id}\r\nSubject: page\r\n\r\nx\r\n--b--`,
    ];
    await arrive(mailOf(bounce, parts.join('\r\n')), '');
    const person = to.split('@')[0] ?? '';
    const health = async () =>
      contactHealth(
        (await desk.contacts.since(started, 'staff')).filter((a) => a.to === to),
        time.now(),
      );
    expect(await newest()).toMatchObject({ who: person, to, result: 'bounced' });
    expect((await health()).state).toBe('failed');

    time.advanceTo(time.now().add({ minutes: 1 }));
    const before = mail.messages.length;
    expect(await paging.test([{ who: person, contact: { channel: 'email', to } }], time.now())).toBe(1);
    expect((await health()).state).toBe('failed');
    const [, link = ''] = /https:\/\/desk\.ca\.example(\/page\/[\w.-]+)/.exec(plain(mail.messages[before] ?? '')) ?? [];
    const pages = takePages(desk, secret);
    const shown = await (await pages.request(link)).text();
    expect(shown).toContain('Does this reach you?');
    expect((await health()).state).toBe('failed');
    expect((await pages.request(link, { method: 'POST' })).status).toBe(200);
    expect((await health()).state).toBe('good');
  });
});

describe('a call', () => {
  it('stands in the timeline by its result and in the contact log by its number', async () => {
    const [caseId] = (await postgresPages(database.pool).running(10)) as CaseId[];
    if (caseId === undefined) throw new Error('no case is open');
    const call = {
      do: 'called',
      subscriber: 'SUB-9',
      to: '+442079460321',
      result: 'voicemail',
      remark: 'Left word.',
    } as const;
    const noted = await noteCall(desk, caseId, call, { people: ['person:asha'], because: '' });
    expect(isRefusal(noted)).toBe(false);
    const last = (await desk.store.cases.load(caseId)).at(-1);
    expect(last?.data).toMatchObject({ text: 'Called SUB-9: voicemail. Left word.' });
    expect(JSON.stringify(last)).not.toContain('442079460321');
    const attempts = (await desk.contacts.ofCase(caseId)).filter((a) => a.channel === 'phone');
    expect(attempts).toMatchObject([{ who: 'SUB-9', to: '+442079460321', result: 'voicemail', by: 'person:asha' }]);
    const shown = await deskContacts(desk).caseContacts(caseId);
    expect(shown?.rows).toEqual([]);
    expect(await deskContacts(desk).caseContacts('case-nowhere')).toBeNull();
  });
});

describe('a test report', () => {
  const bytesOf = (raw: string) => Buffer.from(raw);
  const arrive = async (raw: Uint8Array) => {
    const { receiptId } = await desk.receive(raw, {
      ...{ channel: 'imap', source: 'box', sourceKey: null, sightedAs: null, folder: 'INBOX', mailbox: null },
      ...{ envelopeFrom: 'desk@ca.example', envelopeTo: ['problem-reporting@ca.example'] },
      ...{ markSource: 'own-acceptance', detail: 'test' },
    });
    await desk.runDue();
    return desk.readings.get(receiptId);
  };
  const tests = () => mail.messages.filter((m) => m.includes('test of the way') || m.includes('test-report-key.pem'));
  const state = async (now = time.now()) => (await desk.canaries.health(now)).map((h) => h.state);

  it('goes out by mail once a period, is no case when it comes, and wakes people when it does not', async () => {
    expect(await desk.canaries.round(time.now())).toEqual([]);
    expect(await desk.canaries.round(time.now())).toEqual([]);
    expect(tests()).toHaveLength(1);
    expect(await state()).toEqual(['waiting']);
    const late = await desk.canaries.health(time.now().add({ minutes: 16 }));
    expect(late.map((h) => h.state)).toEqual(['lost']);

    const reading = await arrive(bytesOf(tests()[0] ?? ''));
    expect(reading?.caseId).toBeNull();
    expect(await state()).toEqual(['well']);
    const [run] = await desk.canaries.runs(time.now());
    expect(run).toMatchObject({ folder: 'inbox', attachmentWhole: true });

    const lost = await desk.canaries.round(time.now().add({ hours: 1 }));
    expect(lost).toEqual([]);
    const causes = await desk.canaries.round(time.now().add({ hours: 1, minutes: 16 }));
    expect(causes.map((cause) => cause.id)).toEqual(['canary/problem-reporting@ca.example/lost']);
  });

  it('that somebody else sends is a report like any', async () => {
    const stolen = (tests()[0] ?? '')
      .replace(/^From: .*$/m, 'From: r@research.example')
      .replace(/^Message-ID: .*$/im, 'Message-ID: <2@x.example>');
    const reading = await arrive(bytesOf(stolen));
    expect(reading?.caseId).not.toBeNull();
  });
});

describe('a drill', () => {
  it('arrives like a report with a key that no certificate carries, and is scored by the case it becomes', async () => {
    const before = mail.messages.length;
    const messenger = smtpMessenger({
      ...{ ...smtpDefaults, host: '127.0.0.1', port: mail.port, requireTls: false },
      ...{ from: { name: 'A researcher', address: 'r@research.example' }, bounceAddress: 'r@research.example' },
      messageIdDomain: 'ca.example',
    });
    const parts = { pool: database.pool, messenger, mailDomain: 'ca.example' };
    const injected = time.now();
    const { drillId, sent } = await injectDrill(
      parts,
      { story: 'key', to: 'problem-reporting@ca.example', by: 'compliance' },
      injected,
    );
    await messenger.close();
    expect(sent).toBe(true);
    time.advanceTo(injected.add({ seconds: 30 }));
    const { receiptId } = await desk.receive(Buffer.from(mail.messages[before] ?? ''), {
      ...{ channel: 'smtp', source: 'smtp', sourceKey: null, sightedAs: null, folder: null, mailbox: null },
      ...{ envelopeFrom: 'r@research.example', envelopeTo: ['problem-reporting@ca.example'] },
      ...{ markSource: 'own-acceptance', detail: 'test' },
    });
    await desk.runDue();
    const [drill] = await drillsHeld(database.pool);
    expect(drill).toMatchObject({ drillId, trueLabel: 'key-compromise' });
    const reading = await desk.readings.get(receiptId);
    const events = (await desk.store.cases.load(reading?.caseId as CaseId)).map((e) =>
      eventFromJson({ ...(e.data as Record<string, unknown>), type: e.type, at: e.at.toString(), by: e.by }),
    );
    const run = drillRun(drill as StoredDrill, receiptId, null, events);
    expect(scoreboard([run]).phases[0]).toMatchObject({ phase: 'recognised', reached: 1, slowestSeconds: 30 });
    const current = await loadCase(desk.parts.cases, reading?.caseId as CaseId);
    expect(current?.matters).toEqual([]);
  });
});

describe('the configuration', () => {
  it('says what is wrong with a rota, its contacts and a channel', () => {
    const bad = checkConfig(`
onCall: { levels: [{ people: [asha], from: Monday, turnDays: 7 }], contacts: { asha: [{ channel: sms, to: '+41791234567' }] } }
channels: [{ kind: imap, source: box, settings: { host: mail.ca.example } }, { kind: api, source: smtp }]
`);
    const paths = bad.ok ? [] : bad.problems.map((p) => p.path);
    expect(paths).toEqual(
      expect.arrayContaining([
        ...['onCall.levels', 'onCall.levels[0].from', 'onCall.contacts.asha[0]'],
        ...['channels.0.settings.user', 'channels.1.source'],
      ]),
    );
    expect(defaultConfig()).toMatchObject({ onCall: null, channels: [] });
  });

  it('opens a door for the report API, and lets nobody enter for staff who is not signed in', async () => {
    for (const kind of ['api', 'manual'] as const) {
      const opened = openChannel(kind, kind, {});
      if (!opened.ok) throw new Error('not opened');
      const { accept } = await opened.channel.listen(desk.channelContext);
      if (accept !== undefined) desk.listening.push({ kind, address: doorPath(kind), accept });
    }
    const doors = channelDoors(desk, localAccess({ name: 'local', mayAct: true, csrf: 'token' }));
    const call = (source: string, body: object, headers = {}) =>
      doors.request(`http://localhost/api/v1/channels/${source}`, {
        method: 'POST',
        body: JSON.stringify(body),
        headers,
      });
    const unread = async () => (await desk.ledger.stats()).counts.new;
    const before = await unread();
    expect((await call('api', { text: 'A report.' })).status).toBe(202);
    expect(await unread()).toBe(before + 1);
    const heard = { heardBy: 'phone', text: 'The key was stolen.' };
    expect((await call('manual', heard)).status).toBe(403);
    expect(await unread()).toBe(before + 1);
    expect((await call('manual', heard, { 'x-csrf-token': 'token' })).status).toBe(202);
    expect(await unread()).toBe(before + 2);
    expect((await call('elsewhere', {})).status).toBe(404);
  });
});
