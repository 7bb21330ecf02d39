import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { Serial } from '../../src/foundation/brand.ts';
import { at, isBefore } from '../../src/foundation/time/time.ts';
import { VirtualTime } from '../../src/foundation/time/virtual-time.ts';
import { type TestDatabase, testDatabase } from '../../src/platform/store/testing.ts';
import { type Inventory, memoryInventory, recordOf } from '../../src/stages/inventory/index.ts';
import { sampleCertificate, sampleKey } from '../../src/stages/inventory/sample.ts';
import {
  directoryEntry,
  encodeCertId,
  memoryRenewalStore,
  migrations,
  postgresRenewalStore,
  RenewalInfo,
  type RenewalStore,
  renewalInfoRoutes,
} from '../../src/stages/renewal-info/index.ts';
import { anAdvice } from './renewal-store.ts';

const start = at('2026-07-01T12:00:00Z');
let time: VirtualTime;
let inventory: Inventory;
let store: RenewalStore;
let renewalInfo: RenewalInfo;

const leaked = sampleKey();
const records = Array.from({ length: 20 }, (_, n) =>
  recordOf(sampleCertificate({ serial: `8${n.toString(16).padStart(3, '0')}`, ...(n < 10 ? { spki: leaked } : {}) })),
);
const certIdOf = (n: number) =>
  encodeCertId({ authorityKeyId: records[n]!.authorityKeyId!, serial: records[n]!.serial });

beforeEach(async () => {
  time = new VirtualTime(start);
  inventory = memoryInventory(time);
  store = memoryRenewalStore();
  await inventory.add(records.slice(0, 19));
  renewalInfo = new RenewalInfo({ store, source: inventory, time });
  await renewalInfo.load();
});

const get = async (certId: string, using = renewalInfo) => {
  const response = await renewalInfoRoutes(using, time).request(`/renewal-info/${certId}`);
  return { status: response.status, headers: response.headers, body: (await response.json()) as Record<string, never> };
};
const windowOf = async (n: number, using = renewalInfo) => (await get(certIdOf(n), using)).body.suggestedWindow;
const normal = { start: '2026-07-30T02:24:00Z', end: '2026-07-31T21:36:00Z' };
const urgent = { start: '2026-06-01T12:00:00Z', end: '2026-07-01T18:00:00Z' };

describe('the renewalInfo endpoint', () => {
  it('answers a known certificate with its everyday window, uncached, and with a Retry-After', async () => {
    const { status, headers, body } = await get(certIdOf(0));
    expect([status, body]).toEqual([200, { suggestedWindow: normal }]);
    expect(headers.get('content-type')).toBe('application/json');
    expect(headers.get('cache-control')).toBe('no-store');
    expect(Number(headers.get('retry-after'))).toBeLessThanOrEqual(21_600);
    expect(directoryEntry('https://ca.example/')).toEqual({ renewalInfo: 'https://ca.example/renewal-info' });
  });

  it('tells unknown from malformed, and refuses other methods, as problem documents', async () => {
    const unknown = encodeCertId({ authorityKeyId: 'ab'.repeat(20), serial: '1234' as Serial });
    expect(await get(unknown)).toMatchObject({ status: 404, body: { type: 'urn:ietf:params:acme:error:malformed' } });
    for (const text of ['nonsense', 'a.b', '%ff%fe', `${certIdOf(0)}=`, 'x'.repeat(4000)]) {
      const { status, headers } = await get(text);
      expect([text.slice(0, 20), status, headers.get('content-type')]).toEqual([
        text.slice(0, 20),
        400,
        'application/problem+json',
      ]);
    }
    const post = await renewalInfoRoutes(renewalInfo, time).request(`/renewal-info/${certIdOf(0)}`, { method: 'POST' });
    expect([post.status, post.headers.get('allow')]).toEqual([405, 'GET, HEAD']);
  });

  it('finds a certificate issued after it was loaded, and does not say 404', async () => {
    expect((await get(certIdOf(19))).status).toBe(404);
    await inventory.add([records[19]!]);
    expect((await get(certIdOf(19))).status).toBe(200);
  });
});

describe('a certificate that cannot be looked up', () => {
  const stranger = encodeCertId({ authorityKeyId: 'ab'.repeat(20), serial: '99' as Serial });

  it('is never called unknown: not when the inventory fails, and not when too many strangers are asked about', async () => {
    const broken = new RenewalInfo({
      store,
      time,
      source: { ...inventory, find: () => Promise.reject(new Error('connection refused')) },
    });
    expect(await get(stranger, broken)).toMatchObject({ status: 503 });
    let release = () => {};
    const gate = new Promise<void>((resolve) => {
      release = resolve;
    });
    const slow = new RenewalInfo({
      store,
      time,
      source: { ...inventory, find: async (query) => gate.then(() => inventory.find(query)) },
    });
    const many = Array.from({ length: 40 }, () => get(stranger, slow));
    await Promise.race(many);
    release();
    const statuses = (await Promise.all(many)).map((answer) => answer.status);
    expect([...new Set(statuses)].sort()).toEqual([404, 503]);
    expect(statuses.filter((status) => status === 404)).toHaveLength(16);
    const { headers } = await get(stranger, broken);
    expect(headers.get('retry-after')).toBe('60');
    expect((await get(stranger, slow)).status).toBe(404);
  });
});

describe('an advice', () => {
  it('turns the window of every certificate with the key at once, on every node, and no other', async () => {
    const other = new RenewalInfo({ store, source: inventory, time });
    await other.load();
    await renewalInfo.advise(anAdvice({ keys: [records[0]!.spkiHash] }));
    for (let n = 0; n < 19; n++) expect([n, await windowOf(n)]).toEqual([n, n < 10 ? urgent : normal]);
    const { body, headers } = await get(certIdOf(3));
    expect(body.explanationURL).toBe('https://ca.example/incidents/1');
    expect(Number(headers.get('retry-after'))).toBeLessThanOrEqual(3_600);
    await other.board.follow();
    expect(await windowOf(3, other)).toEqual(urgent);
  });

  it('leads each client to the page of its own certificate, which knows what was told and is no poll', async () => {
    const explanationUrl = 'https://ca.example/renewal/{certID}';
    await renewalInfo.advise(anAdvice({ keys: [records[0]!.spkiHash], explanationUrl }));
    expect((await get(certIdOf(3))).body.explanationURL).toBe(`https://ca.example/renewal/${certIdOf(3)}`);
    const polls = renewalInfo.ledger.polls;
    expect(renewalInfo.explain(certIdOf(3))).toMatchObject({
      fingerprint: records[3]!.fingerprint,
      advice: { id: 'MATTER-1' },
      window: { end: at(urgent.end) },
    });
    expect(renewalInfo.explain(certIdOf(12))).toMatchObject({ advice: null });
    expect([renewalInfo.explain('nonsense'), renewalInfo.ledger.polls]).toEqual([null, polls]);
  });

  it('answers the same at every poll, and still "now" after its end', async () => {
    await renewalInfo.advise(anAdvice({ keys: [records[0]!.spkiHash] }));
    const before = await get(certIdOf(1));
    time.advanceTo(at('2026-07-03T00:00:00Z'));
    expect((await get(certIdOf(1))).body).toEqual(before.body);
    expect(isBefore(at(urgent.end), time.now())).toBe(true);
  });

  it('reaches certificates issued later with the same key, and those of a prepared list', async () => {
    await store.prepare('SET-1', [records[12]!.fingerprint, records[19]!.fingerprint]);
    await renewalInfo.advise(anAdvice({ keys: [], listId: 'SET-1' }));
    await inventory.add([records[19]!]);
    await renewalInfo.learn();
    expect([await windowOf(12), await windowOf(19), await windowOf(13)]).toEqual([urgent, urgent, normal]);
  });

  it('ends for a certificate that is replaced, here, on other nodes and after a restart', async () => {
    await renewalInfo.advise(anAdvice({ keys: [records[0]!.spkiHash] }));
    const other = new RenewalInfo({ store, source: inventory, time });
    await other.load();
    const replacement = {
      fingerprint: records[2]!.fingerprint,
      replacement: null,
      by: 'served' as const,
      seenAt: start,
    };
    expect(await renewalInfo.replaced([replacement])).toBe(1);
    await other.board.follow();
    const restarted = new RenewalInfo({ store, source: inventory, time });
    await restarted.load();
    for (const node of [renewalInfo, other, restarted]) {
      expect([await windowOf(2, node), await windowOf(3, node)]).toEqual([normal, urgent]);
    }
  });

  it('ends by itself when the inventory learns of a replacement with another key, and not of one with the same', async () => {
    const shop = {
      names: ['www.shop.example'],
      notBefore: at('2026-07-01T12:30:00Z'),
      notAfter: at('2026-09-29T00:00:00Z'),
    };
    const spki = sampleKey();
    const old = recordOf(sampleCertificate({ serial: '7001', spki }), { account: 'acct-1' });
    await inventory.add([old]);
    const seen: string[] = [];
    renewalInfo = new RenewalInfo({
      store,
      source: inventory,
      time,
      onReplaced: (replacements) => seen.push(...replacements.map((one) => one.by)),
    });
    await renewalInfo.load();
    const certId = encodeCertId({ authorityKeyId: old.authorityKeyId!, serial: old.serial });
    const told = async () => (await get(certId)).body.suggestedWindow;
    await renewalInfo.advise(anAdvice({ keys: [old.spkiHash] }));
    await inventory.add([recordOf(sampleCertificate({ ...shop, spki }), { account: 'acct-1' })]);
    await renewalInfo.learn();
    expect(await told()).toEqual(urgent);
    await inventory.add([recordOf(sampleCertificate({ ...shop, names: ['other.example'] }), { account: 'acct-1' })]);
    await renewalInfo.learn();
    expect(await told()).toEqual(urgent);
    const replacement = recordOf(
      sampleCertificate({ ...shop, names: ['*.shop.example'], notBefore: at('2026-07-01T12:45:00Z') }),
      { account: 'acct-1' },
    );
    await inventory.add([replacement]);
    // A wildcard shares no name with the old one: it is found by the sweep, which asks for wildcards as well.
    expect(await renewalInfo.sweep(anAdvice({ keys: [old.spkiHash] }))).toEqual({ certificates: 2, replaced: 2 });
    expect(seen).toEqual(['account-and-names', 'account-and-names']);
    expect(await told()).toEqual(normal);
    expect(await store.replacementOf(old.fingerprint)).toMatchObject({ replacement: replacement.fingerprint });
  });

  it('is followed by the share that has replaced, over keys and lists, whenever the replacement was issued', async () => {
    const first = recordOf(sampleCertificate({ serial: '7101', names: ['a.example'] }), { subscriber: 'SUB-1' });
    const second = recordOf(sampleCertificate({ serial: '7102', names: ['b.example'] }), { subscriber: 'SUB-2' });
    const early = recordOf(sampleCertificate({ names: ['a.example'], notBefore: at('2026-06-20T00:00:00Z') }), {
      subscriber: 'SUB-1',
    });
    await inventory.add([first, second, early]);
    await renewalInfo.learn();
    await store.prepare('SET-9', [first.fingerprint, second.fingerprint]);
    const advice = anAdvice({ keys: [], listId: 'SET-9' });
    await renewalInfo.advise(advice);
    expect(await renewalInfo.sweep(advice)).toEqual({ certificates: 2, replaced: 1 });
    await inventory.add([
      recordOf(sampleCertificate({ names: ['b.example'], notBefore: at('2026-07-01T13:00:00Z') }), {
        subscriber: 'SUB-2',
      }),
    ]);
    await renewalInfo.learn();
    expect(await store.replacementOf(second.fingerprint)).toMatchObject({ by: 'subscriber-and-names' });
    expect(await renewalInfo.sweep(advice)).toEqual({ certificates: 2, replaced: 2 });
  });

  it('may be looked for elsewhere, a few at a time, up to a bound, and never twice for one that was seen', async () => {
    const advice = anAdvice({ keys: [records[0]!.spkiHash] });
    await renewalInfo.advise(advice);
    let running = 0;
    let most = 0;
    const asked: string[] = [];
    const look = async (old: { fingerprint: (typeof records)[0]['fingerprint'] }, keyMustChange: boolean) => {
      most = Math.max(most, ++running);
      await Promise.resolve();
      running--;
      asked.push(old.fingerprint);
      expect(keyMustChange).toBe(true);
      const { fingerprint } = records[15]!;
      return asked.length % 2 === 0
        ? null
        : ({ fingerprint: old.fingerprint, replacement: fingerprint, by: 'served' } as const);
    };
    const { signal } = new AbortController();
    expect(await renewalInfo.sweepBy(advice, look, { atOnce: 3, max: 8, signal })).toEqual({
      ...{ certificates: 8, replaced: 4 },
    });
    expect(most).toBe(3);
    expect(await store.replacementOf(asked[0] as (typeof records)[0]['fingerprint'])).toMatchObject({ by: 'served' });
    await renewalInfo.learn();
    const first = new Set(asked.splice(0).filter((_, i) => i % 2 === 0));
    await renewalInfo.sweepBy(advice, look, { atOnce: 3, max: 100, signal });
    expect(asked).toHaveLength(6);
    expect(asked.some((one) => first.has(one as never))).toBe(false);
    expect(await renewalInfo.sweepBy(advice, look, { atOnce: 3, max: 0, signal })).toMatchObject({ certificates: 0 });
    expect(await renewalInfo.sweepBy(advice, look, { atOnce: 3, max: 9, signal: AbortSignal.abort() })).toMatchObject({
      certificates: 0,
    });
  });

  it('ends when it is withdrawn', async () => {
    await renewalInfo.advise(anAdvice({ keys: [records[0]!.spkiHash] }));
    await renewalInfo.withdraw('MATTER-1');
    expect(await windowOf(0)).toEqual(normal);
  });

  it('is not needed for a certificate revoked elsewhere: its clients are told all the same', async () => {
    await inventory.markStatus([{ fingerprint: records[15]!.fingerprint, revoked: { at: start, reason: null } }]);
    expect(await windowOf(15)).toEqual(normal);
    await renewalInfo.learn();
    expect(await windowOf(15)).toEqual({ start: '2026-06-01T12:00:00Z', end: '2026-07-01T12:00:00Z' });
  });

  it('leaves evidence of who was told and when', async () => {
    await get(certIdOf(0));
    await renewalInfo.advise(anAdvice({ keys: [records[0]!.spkiHash] }));
    time.advanceTo(at('2026-07-01T12:10:00Z'));
    await get(certIdOf(0));
    await get(certIdOf(1));
    time.advanceTo(at('2026-07-01T13:10:00Z'));
    await get(certIdOf(0));
    await renewalInfo.ledger.flush();
    expect(await store.toldOf(records[0]!.fingerprint)).toMatchObject([
      { adviceId: null, polls: 1 },
      { adviceId: 'MATTER-1', polls: 2, firstAt: at('2026-07-01T12:10:00Z'), lastAt: at('2026-07-01T13:10:00Z') },
    ]);
    expect(await store.toldUnder('MATTER-1')).toMatchObject({ certificates: 2, polls: 3 });
    expect(await store.toldOf(records[5]!.fingerprint)).toEqual([]);
  });

  it('loses no count when the store fails for a while', async () => {
    await get(certIdOf(0));
    const told = store.told;
    store.told = () => Promise.reject(new Error('connection refused'));
    await expect(renewalInfo.ledger.flush()).rejects.toThrow();
    await get(certIdOf(0));
    store.told = told;
    await renewalInfo.ledger.flush();
    expect(await store.toldOf(records[0]!.fingerprint)).toMatchObject([{ polls: 2 }]);
  });
});

describe('a node that runs', () => {
  let database: TestDatabase;
  beforeAll(async () => {
    database = await testDatabase();
    for (const migration of migrations) await database.pool.query(migration.sql);
  });
  afterAll(async () => database.drop());

  it('follows what another node decides, writes its counts, and writes the last ones when it is stopped', async () => {
    store = postgresRenewalStore(database.pool);
    renewalInfo = new RenewalInfo({ store, source: inventory, time });
    await renewalInfo.load();
    const stop = new AbortController();
    const stopped = renewalInfo.run(stop.signal);
    const elsewhere = new RenewalInfo({ store: postgresRenewalStore(database.pool), source: inventory, time });
    await elsewhere.advise(anAdvice({ keys: [records[0]!.spkiHash] }));
    // The database answers in real time, so this node's look is awaited by looking for its effect.
    while (renewalInfo.board.advices.length === 0) {
      time.advanceTo(time.now().add({ milliseconds: 250 }));
      await database.pool.query('select 1');
    }
    expect(await windowOf(4)).toEqual(urgent);
    stop.abort();
    await stopped;
    expect(await store.toldUnder('MATTER-1')).toMatchObject({ certificates: 1, polls: 1 });
  });
});
