/** Another CA asks what an account owes to automation, and is told, signed, when that changes. */
import { createHmac } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { aLab } from '../../test/ca/lab.ts';
import { type Access, nobody } from '../api/access/access.ts';
import { createClient } from '../api/client.ts';
import type { Scope } from '../api/contract/index.ts';
import { createApi } from '../api/routes.ts';
import { at, hours } from '../foundation/time/time.ts';
import { VirtualTime } from '../foundation/time/virtual-time.ts';
import { silentLog } from '../platform/jobs/log.ts';
import { type TestDatabase, testDatabase } from '../platform/store/testing.ts';
import { recordOf } from '../stages/inventory/index.ts';
import { sayAutomationChanges } from './automation-changes.ts';
import { automationShape, policiesOf } from './automation-policies.ts';
import { defaultConfig } from './config.ts';
import { noConnector } from './no-connector.ts';
import { deskPort } from './port/desk-port.ts';
import { houseLog } from './port/house-log.ts';
import { postgresWebhooks } from './webhook-store.ts';
import { webhookSender } from './webhooks.ts';
import { type Desk, openDesk } from './wiring.ts';

const account = 'shop@customer.example';
const steps = [
  { step: 'remind', from: '2026-01-01T00:00:00Z', because: 'Please set up an ACME client.' },
  { step: 'shorten', lifetimeMaxDays: 45, from: '2026-02-01T00:00:00Z', because: 'Orders now last 45 days.' },
  { step: 'require-acme', from: '2026-10-01T00:00:00Z', because: 'Renew by ACME.' },
] as const;
const automation = automationShape.parse([{ account, steps }]);
const time = new VirtualTime(at('2026-05-01T00:00:00Z'));
const secret = Buffer.alloc(32, 9);
const administrator = { id: 'person:ann', name: 'ann', teams: [] };
let database: TestDatabase;
let folder: string;
let desk: Desk;

beforeAll(async () => {
  [database, folder] = await Promise.all([testDatabase(), mkdtemp(join(tmpdir(), 'rescind-automation-'))]);
  const config = { ...defaultConfig(), dataFolder: folder };
  desk = await openDesk({
    ...{ config: { ...config, labCa: { ...config.labCa, automation } }, time, log: silentLog, pool: database.pool },
    ...{ roomSize: 0, connector: noConnector(), issuers: () => null, pager: { page: async () => true } },
    messenger: { name: 'none', channel: 'email', send: async () => [], close: async () => undefined },
  });
  const { der } = await (await aLab()).issue({ names: ['shop.customer.example'] });
  await desk.inventory.add([recordOf(der, { subscriber: account })]);
});
afterAll(async () => {
  await desk?.close();
  await database?.drop();
  await rm(folder, { recursive: true, force: true });
});

const port = () => deskPort(desk, secret, houseLog(desk.store, time));

/** The API as a program sees it whose token has these scopes. */
function client(scopes: readonly Scope[]) {
  const access: Access = {
    signIn: 'link',
    ways: [],
    visitor: async (request) =>
      request.headers.get('authorization') === 'Bearer ca'
        ? { ...nobody, principal: { id: 'token:ca', name: 'ca', teams: [] }, scopes: new Set(scopes) }
        : nobody,
  };
  const app = createApi({
    ...{ desk: port(), time, access, webRoot: null, deskName: 'Desk', virtualTime: true, tickMs: 50 },
    site: {
      caName: 'CA',
      contact: 'a@ca.example',
      publicUrl: 'https://ca.example',
      policyUrl: 'https://ca.example/cps',
    },
  });
  const call = (async (url: string, init: RequestInit) => app.request(url, init)) as typeof fetch;
  return createClient({ baseUrl: 'http://desk.example', token: 'ca', fetch: call });
}

test('a CA with the right to ask is told what holds, what comes, and what it means for its order', async () => {
  const call = client(['automation-policy']);
  const asked = (query: Parameters<typeof call<'getAutomationPolicy'>>[1]['query'], of = account) =>
    call('getAutomationPolicy', { path: { account: of }, ...(query === undefined ? {} : { query }) });
  expect(await asked(undefined)).toMatchObject({
    account,
    inForce: [{ step: 'remind' }, { step: 'shorten', lifetimeMaxSeconds: 45 * 86_400 }],
    coming: [{ step: 'require-acme', from: '2026-10-01T00:00:00Z' }],
    order: null,
  });
  const days90 = { lifetimeSeconds: 90 * 86_400, names: 'Shop.Customer.example' };
  expect((await asked({ orderedBy: 'manual', ...days90 })).order).toMatchObject({
    ...{ answer: 'allow', isRenewal: true, lifetimeSeconds: 45 * 86_400 },
    tell: ['Please set up an ACME client.', 'Orders now last 45 days.', 'Renew by ACME.'],
  });
  expect((await asked({ orderedBy: 'manual' }, 'nobody@elsewhere.example')).order).toMatchObject({
    ...{ answer: 'allow', lifetimeSeconds: null, tell: [] },
  });

  time.advanceTo(at('2026-10-02T00:00:00Z'));
  expect((await asked({ orderedBy: 'manual', ...days90 })).order).toMatchObject({
    ...{ answer: 'refuse', because: 'Renew by ACME.', lifetimeSeconds: null },
  });
  expect((await asked({ orderedBy: 'manual', names: 'first.customer.example' })).order).toMatchObject({
    ...{ answer: 'allow', isRenewal: false },
  });
  expect((await asked({ orderedBy: 'acme', ...days90 })).order).toMatchObject({
    answer: 'allow',
    tell: ['Orders now last 45 days.'],
  });
  expect((await call('getAutomationPolicies', {})).rows.map((row) => row.account)).toEqual([account]);
});

test('without that right, or with an order that cannot be read, it is told so', async () => {
  const path = { account };
  await expect(client(['blocked-keys'])('getAutomationPolicy', { path })).rejects.toMatchObject({
    problem: { status: 403, code: 'not_allowed' },
  });
  const query = { orderedBy: 'pigeon' } as never;
  await expect(client(['automation-policy'])('getAutomationPolicy', { path, query })).rejects.toMatchObject({
    problem: { status: 422 },
  });
});

test('a change of the policy, by an edit or by its day, is pushed once, signed, with the account', async () => {
  const got: { body: string; signature: string }[] = [];
  const receiver = (async (_: string, init: RequestInit) => {
    const signature = new Headers(init.headers).get('x-rescind-signature') ?? '';
    got.push({ body: String(init.body), signature });
    return new Response(null, { status: 204 });
  }) as typeof fetch;
  const added = await port().addWebhook(
    { url: 'https://ca.example/hook', types: ['AutomationPolicyChanged'], because: '' },
    administrator,
  );
  if (!('secret' in added)) throw new Error('refused');
  const sender = webhookSender({
    ...{ webhooks: postgresWebhooks(database.pool), store: desk.store, time, secret, call: receiver },
    onFault: (error) => {
      throw error;
    },
  });
  const say = (configured: typeof automation, when: string) =>
    sayAutomationChanges(
      { pool: database.pool, policies: policiesOf(configured), record: houseLog(desk.store, time) },
      at(when),
    );
  expect(await say(automation, '2026-05-01T00:00:00Z')).toEqual([account]);
  expect(await say(automation, '2026-05-02T00:00:00Z')).toEqual([]);
  // The day of a step has come.
  expect(await say(automation, '2026-10-01T00:00:00Z')).toEqual([account]);
  expect(await say(automation, '2026-10-01T00:01:00Z')).toEqual([]);
  // Edited, and taken out.
  const edited = automationShape.parse([{ account, steps: steps.slice(0, 1) }]);
  expect(await say(edited, '2026-10-01T00:02:00Z')).toEqual([account]);
  expect(await say([], '2026-10-01T00:03:00Z')).toEqual([account]);
  expect(await say([], '2026-10-01T00:04:00Z')).toEqual([]);

  time.advanceTo(time.now().add(hours(1)));
  await sender.round();
  await sender.round();
  expect(got.map(({ body }) => JSON.parse(body))).toMatchObject(
    Array.from({ length: 4 }, () => ({ type: 'AutomationPolicyChanged', account, caseId: null })),
  );
  for (const { body, signature } of got) {
    const [, t, v1] = /^t=(\d+),v1=([0-9a-f]{64})$/.exec(signature) ?? [];
    expect(createHmac('sha256', added.secret).update(`${t}.${body}`).digest('hex')).toBe(v1);
  }
});
