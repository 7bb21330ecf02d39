import { createHmac } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { aMatter, aReceive, aReport } from '../../../test/support/desk-builders.ts';
import { localAccess } from '../../api/access/access.ts';
import { createClient } from '../../api/client.ts';
import type { CaseCommand } from '../../api/contract/index.ts';
import { Idempotency } from '../../api/idempotency.ts';
import type { DeskPort, Principal } from '../../api/port.ts';
import { createApi } from '../../api/routes.ts';
import { changeCase } from '../../app/change-case.ts';
import type { CertificateFacts } from '../../desk/facts.ts';
import type { CaseId, Fingerprint, SpkiHash } from '../../foundation/brand.ts';
import { at, hours, rfc3339 } from '../../foundation/time/time.ts';
import { VirtualTime } from '../../foundation/time/virtual-time.ts';
import { silentLog } from '../../platform/jobs/log.ts';
import { type TestDatabase, testDatabase } from '../../platform/store/testing.ts';
import { postgresAnswers } from '../approvals-store.ts';
import { defaultConfig } from '../config.ts';
import { noConnector } from '../no-connector.ts';
import { postgresWebhooks } from '../webhook-store.ts';
import { webhookSender } from '../webhooks.ts';
import { type Desk, openDesk } from '../wiring.ts';
import { deskPort } from './desk-port.ts';
import { houseLog } from './house-log.ts';
import { signedLinks } from './links.ts';

const started = at('2026-03-02T22:00:00Z');
const secret = Buffer.alloc(32, 9);
const time = new VirtualTime(started);
const person = (id: string): Principal => ({ id: `person:${id}`, name: id, teams: ['compliance'] });
let database: TestDatabase;
let folder: string;
let desk: Desk;
let port: DeskPort;

beforeAll(async () => {
  [database, folder] = await Promise.all([testDatabase(), mkdtemp(join(tmpdir(), 'rescind-house-'))]);
  desk = await openDesk({
    ...{ config: { ...defaultConfig(), dataFolder: folder }, time, log: silentLog, pool: database.pool, roomSize: 0 },
    ...{ connector: noConnector(), issuers: () => null, pager: { page: async () => true } },
    messenger: { name: 'none', channel: 'email', send: async () => [], close: async () => undefined },
  });
  port = deskPort(desk, secret, houseLog(desk.store, time));
  await open('case-proven');
});
afterAll(async () => {
  await desk?.close();
  await database?.drop();
  await rm(folder, { recursive: true, force: true });
});

function aCertificate(): CertificateFacts {
  const [listed] = aMatter().set.listed;
  if (listed === undefined) throw new Error('a matter has a certificate');
  const fingerprint = 'f1'.repeat(32) as Fingerprint;
  return {
    ...{ fingerprint, serial: listed.serial, issuerHash: 'aa'.repeat(32), issuer: 'CN=Lab', names: [listed.name] },
    ...{ notBefore: started, notAfter: started.add(hours(2400)), spkiHash: 'bb'.repeat(32) as SpkiHash },
    ...{ precertificate: false, profile: 'tls', shortLived: false, subscriber: 'SUB-1', status: 'good' },
    ...{ crlUrls: [], ocspUrls: [] },
  } as CertificateFacts;
}

async function open(caseId: string): Promise<void> {
  const matter = aMatter({ startAt: started, dueAt: started.add(hours(24)) });
  const set = { ...matter.set, setId: `set of ${caseId}` };
  const command = aReceive({ report: aReport({ receivedAt: started }), matters: [{ ...matter, set }] });
  await changeCase(desk.parts, caseId as CaseId, command, { now: started, by: 'desk' });
}

test('a preview says which open case moves and when, and changes nothing', async () => {
  const preview = await port.previewPolicy({ silenceSeconds: 3600 });
  expect(preview).toMatchObject({ problems: [], looser: false, openCases: 1, affectedTotal: 1 });
  expect(preview.affected[0]).toMatchObject({
    ...{ caseId: 'case-proven', cutOffBefore: '2026-03-03T04:00:00Z', cutOffAfter: '2026-03-02T23:00:00Z' },
    atOnce: false,
  });
  expect((await port.policy()).silenceSeconds).toBe(6 * 3600);
});

test('a published policy holds for open cases, on other nodes too, and longer ones are refused', async () => {
  const other = await openDesk({
    ...{ config: desk.config, time, log: silentLog, pool: database.pool, roomSize: 0 },
    ...{ connector: noConnector(), issuers: () => null, pager: { page: async () => true } },
    messenger: { name: 'none', channel: 'email', send: async () => [], close: async () => undefined },
  });
  const longer = { overlay: { silenceSeconds: 7 * 3600 }, because: 'Sleep.', basedOn: 0 };
  expect(await port.publishPolicy(longer, person('ann'))).toMatchObject({ code: 'policy_refused' });
  const shorter = { overlay: { silenceSeconds: 3600 }, because: 'After the drill.', basedOn: 0 };
  expect(await port.publishPolicy(shorter, person('ann'))).toMatchObject({ state: 'in-force', version: 1 });
  const row = (await port.board({ limit: 10 })).rows.find((r) => r.caseId === 'case-proven');
  expect(row?.cutOffAt).toBe('2026-03-02T23:00:00Z');
  time.advanceTo(time.now().add({ seconds: 11 }));
  await other.policies.follow();
  expect(other.policies.policy.silenceSeconds).toBe(3600);
  await other.close();
});

test('what is laxer than the policy in force waits for somebody else', async () => {
  const laxer = { overlay: { silenceSeconds: 7200 }, because: 'Too hasty.', basedOn: 1 };
  expect(await port.publishPolicy(laxer, person('ann'))).toMatchObject({
    state: 'waits-for-second-person',
    version: 2,
  });
  expect((await port.policy()).silenceSeconds).toBe(3600);
  const agree = { decision: 'agree', because: 'Talked it over.' } as const;
  expect(await port.decidePolicy(2, agree, person('ann'))).toMatchObject({ code: 'same_person' });
  const both = await Promise.all([
    port.decidePolicy(2, agree, person('ben')),
    port.decidePolicy(2, agree, person('cy')),
  ]);
  expect(both.filter((answer) => answer !== null)).toHaveLength(1);
  expect((await port.policy()).silenceSeconds).toBe(7200);
});

test('acts on the house stand in the verified log with who and why, and no case is opened for them', async () => {
  const { rows } = await port.log({ limit: 100 });
  const published = rows.find((r) => r.type === 'PolicyPublished');
  expect(published).toMatchObject({
    caseId: null,
    text: 'Policy version 2 is in force (proposed by person:ann): Talked it over.',
  });
  expect(rows.find((r) => r.type === 'PolicyProposed')).toMatchObject({ by: 'person:ann' });
  expect(rows.filter((r) => r.type === 'PolicyPublished')).toHaveLength(2);
  expect((await desk.store.log.verify()).ok).toBe(true);
  expect(await port.readCase('house')).toBeNull();
  expect((await port.board({ limit: 10 })).total).toBe(1);
  expect(await port.actsOf('ann', 10)).toMatchObject({ actsTotal: 2 });
});

test('two people on one proposal act once, and one person is not two', async () => {
  await open('case-two');
  const context = (id: string) => ({ by: person(id), expectedSeq: null, idempotencyKey: null });
  const hold: CaseCommand = {
    do: 'hold',
    matterId: 'm1',
    certificates: { all: true },
    untilAt: rfc3339(time.now().add(hours(2))),
    basis: 'court order 4 C 17/26',
    because: 'Served today.',
  };
  const proposed = await port.command('case-two', hold, context('ann'));
  expect(proposed).toMatchObject({ state: 'waits-for-second-person' });
  const [waiting] = (await port.proposals()).rows;
  const agree = { decision: 'agree', because: 'Read the order.' } as const;
  expect(await port.decideProposal(waiting?.proposalId ?? '', agree, context('ann'))).toMatchObject({
    code: 'same_person',
  });
  const both = await Promise.all(
    ['ben', 'cy'].map((id) => port.decideProposal(waiting?.proposalId ?? '', agree, context(id))),
  );
  expect(both.filter((answer) => answer !== null)).toHaveLength(1);
  expect((await port.proposals()).rows).toEqual([]);
});

test('an act whose answer was lost is not done again, not even by a desk that was started anew', async () => {
  const call = (api: ReturnType<typeof createApi>) =>
    createClient({
      ...{ baseUrl: 'http://localhost', csrf: () => 'c' },
      fetch: (async (url: string, init: RequestInit) => api.request(url, init)) as typeof fetch,
    })('commandCase', {
      path: { caseId: 'case-two' },
      body: { do: 'note', text: 'Called them.' },
      idempotencyKey: 'pressed-in-the-train',
    });
  const anApi = () =>
    createApi({
      ...{ desk: port, time, webRoot: null, deskName: 'Desk', virtualTime: true },
      access: localAccess({ name: 'Ann', mayAct: true, csrf: 'c' }),
      answers: postgresAnswers(database.pool, time),
    });
  const first = await call(anApi());
  expect(await call(anApi())).toEqual(first);
  const notes = (await port.readCase('case-two'))?.timeline.filter((e) => e.text.includes('Called them.')) ?? [];
  expect(notes).toHaveLength(1);
  const again = new Idempotency(postgresAnswers(database.pool, time));
  const other = { path: '/elsewhere', content: null, durable: true };
  await expect(again.once('person:local', 'pressed-in-the-train', other, async () => 1)).rejects.toMatchObject({
    problem: { code: 'idempotency_key_reused' },
  });
});

test('a webhook gets what it asked for in order, signed, and what it missed when it is back', async () => {
  const got: { body: string; signature: string }[] = [];
  let works = false;
  const receiver = (async (_url: string, init: RequestInit) => {
    if (works)
      got.push({
        body: String(init.body),
        signature: (init.headers as Record<string, string>)['x-rescind-signature'] ?? '',
      });
    return new Response(null, { status: works ? 204 : 503 });
  }) as typeof fetch;
  const sender = webhookSender({
    ...{ webhooks: postgresWebhooks(database.pool), store: desk.store, time, secret, call: receiver },
    onFault: (error) => {
      throw error;
    },
  });
  expect(
    await port.addWebhook({ url: 'http://elsewhere.example/x', types: [], because: '' }, person('ann')),
  ).toMatchObject({ code: 'webhook_refused' });
  const wanted = {
    url: 'https://siem.ca.example/hook',
    types: ['ReportReceived', 'TriageConfirmed'],
    because: 'SIEM.',
  };
  const added = await port.addWebhook(wanted, person('ann'));
  if (!('secret' in added)) throw new Error('refused');
  await open('case-hook-1');
  await open('case-hook-2');
  await sender.round();
  expect((await port.webhooks()).rows[0]).toMatchObject({ problem: 'The receiver answered HTTP 503.' });
  works = true;
  await sender.round();
  expect(got).toEqual([]);
  time.advanceTo(time.now().add({ seconds: 6 }));
  await sender.round();
  const told = got.map(({ body }) => JSON.parse(body) as { caseId: string; type: string; seq: number });
  expect(told.filter((t) => t.type === 'ReportReceived').map((t) => t.caseId)).toEqual(['case-hook-1', 'case-hook-2']);
  expect(told.map((t) => t.seq)).toEqual(told.map((t) => t.seq).toSorted((a, b) => a - b));
  for (const { body, signature } of got) {
    const [, t, v1] = /^t=(\d+),v1=([0-9a-f]{64})$/.exec(signature) ?? [];
    expect(createHmac('sha256', added.secret).update(`${t}.${body}`).digest('hex')).toBe(v1);
  }
  expect((await port.webhooks()).rows[0]).toMatchObject({ problem: null });
  await sender.round();
  expect(got).toHaveLength(told.length);
});

test('a link in a letter opens the subscriber’s page, an old or altered one opens nothing, and a dispute is shown', async () => {
  const links = signedLinks(secret, time);
  const token = links.token({ kind: 's', caseId: 'case-linked', of: 'SUB-1' });
  await desk.parts.sets.create('set of case-linked', 'case-linked' as CaseId, [aCertificate()]);
  await open('case-linked');
  expect(await port.subscriberStatus(token)).toMatchObject({ subscriber: 'SUB-1', answers: [], replaced: 0 });
  const after = await port.answerAsSubscriber(token, 'disputes', 'It is not our key.');
  expect(after).toMatchObject({ answers: [{ answer: 'disputes' }], revokeAt: '2026-03-03T00:00:00Z' });
  expect(await port.subscriberStatus(`${token.slice(0, -2)}AA`)).toBeNull();
  expect(await port.subscriberStatus(links.token({ kind: 'r', caseId: 'case-linked', of: 'SUB-1' }))).toBeNull();
  const later = signedLinks(secret, { now: () => time.now().add(hours(184 * 24)) });
  expect(links.read(token)).not.toBeNull();
  expect(later.read(token)).toBeNull();
});

test('the rules lab, readiness, contacts and adoption answer on an empty desk', async () => {
  const thresholds = { openFrom: 0.9, fileBelow: 0.1, fileStrangersBelow: 0.1 };
  expect(await port.tryRules({ thresholds, most: 10 })).toMatchObject({ read: 0, moved: [] });
  expect(await port.readiness()).toMatchObject({ ready: false, contacts: { subscribers: 0 } });
  expect(await port.unreachable({ limit: 10 })).toMatchObject({ rows: [] });
  expect(await port.adoption({ limit: 10 })).toMatchObject({ subscribers: 0 });
  expect((await port.connectors()).rows).toHaveLength(1);
});

test('CA systems say when the newest verified list was made and by when the next comes, not when the desk looked', async () => {
  expect((await port.connectors()).rows[0]).toMatchObject({ crlAt: null, crlNextAt: null });
  const list = (thisUpdate: string, nextUpdate: string, problem: string | null = null) => ({
    kind: 'crl',
    ...{ thisUpdate, nextUpdate, problem },
  });
  const look = (fingerprint: string, crl: string, evidence: object[]) => ({
    ...{ fingerprint: fingerprint.repeat(64), at: time.now(), crl, ocsp: 'good', reason: null },
    record: JSON.parse(JSON.stringify({ evidence })),
  });
  await desk.readings.keepProbes([
    look('a', 'revoked', [
      list('2026-03-01T06:00:00Z', '2026-03-08T06:00:00Z'),
      { ...list('2026-03-01T09:00:00Z', '2026-03-01T10:00:00Z'), kind: 'ocsp' },
    ]),
    look('b', 'good', [list('2026-03-01T07:00:00Z', '2026-03-08T07:00:00Z')]),
    look('c', 'good', [list('2026-03-01T08:00:00Z', '2026-03-08T08:00:00Z', 'crl-bad-signature')]),
    look('d', 'good', []),
  ]);
  expect((await port.connectors()).rows[0]).toMatchObject({
    ...{ crlAt: '2026-03-01T07:00:00Z', crlNextAt: '2026-03-08T07:00:00Z' },
  });
});
