import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { fixtureDesk } from '../../../test/web/fixture-desk.ts';
import { at } from '../../foundation/time/time.ts';
import { VirtualTime } from '../../foundation/time/virtual-time.ts';
import { type TestDatabase, testDatabase } from '../../platform/store/testing.ts';
import { createApi } from '../routes.ts';
import { linkAccess } from './link-access.ts';
import { memoryAccessStore } from './memory.ts';
import { migrations, postgresAccessStore } from './postgres.ts';
import type { AccessStore } from './store.ts';

const site = { caName: 'Harbour Trust', contact: 'r@ca.example', publicUrl: 'https://ca.example', policyUrl: null };

function aDesk(store: AccessStore = memoryAccessStore()) {
  const { desk } = fixtureDesk('night');
  const time = new VirtualTime(at('2026-11-24T03:07:12Z'));
  const access = linkAccess({ store, time, origin: 'https://desk.ca.example', site });
  const app = createApi({ desk, time, access, webRoot: null, deskName: 'Harbour Trust', virtualTime: true });
  const signIn = async (link: string) => {
    const response = await app.request(new URL(link).pathname, { method: 'POST' });
    const cookie = response.headers.get('set-cookie')?.split(';')[0] ?? '';
    const me = (await (await app.request('/api/v1/me', { headers: { cookie } })).json()) as {
      csrf: string;
      person: string;
    };
    return { response, cookie, me, headers: { cookie, 'x-csrf-token': me.csrf, 'content-type': 'application/json' } };
  };
  const post = (path: string, headers: Record<string, string>, body: unknown) =>
    app.request(path, { method: 'POST', headers, body: JSON.stringify(body) });
  return { app, access, time, desk, signIn, post };
}

describe('sign-in by link', () => {
  test('the first link makes an administrator, works once, and is not made again', async () => {
    const { access, signIn, app } = aDesk();
    const link = (await access.firstLink()) ?? '';
    expect((await app.request(new URL(link).pathname)).status).toBe(200);
    const first = await signIn(link);
    expect(first.response.status).toBe(303);
    expect(first.response.headers.get('set-cookie')).toMatch(/^__Host-rescind=.*HttpOnly; SameSite=Strict; .*Secure$/);
    expect(first.me.person).toBe('person:first');
    expect((await signIn(link)).response.status).toBe(404);
    expect(await access.firstLink()).toBeNull();
  });

  test('opening a link, as mail scanners do, does not use it up', async () => {
    const { access, signIn, app } = aDesk();
    const link = (await access.firstLink()) ?? '';
    for (let n = 0; n < 3; n++) await app.request(new URL(link).pathname);
    expect((await signIn(link)).response.status).toBe(303);
  });

  test('a link lapses after a day, a session after a shift', async () => {
    const { access, signIn, time, app } = aDesk();
    const old = (await access.firstLink()) ?? '';
    time.advanceTo(time.now().add({ hours: 24 }));
    expect((await signIn(old)).response.status).toBe(404);
    const { cookie } = await signIn((await access.firstLink()) ?? '');
    expect((await app.request('/api/v1/board', { headers: { cookie } })).status).toBe(200);
    time.advanceTo(time.now().add({ hours: 12 }));
    expect((await app.request('/api/v1/board', { headers: { cookie } })).status).toBe(401);
  });

  test('without a session nothing but public things can be read', async () => {
    const { app } = aDesk();
    for (const path of [
      '/api/v1/board',
      '/api/v1/cases/C-2026-0412',
      '/api/v1/events',
      '/api/v1/people',
      '/api/v1/log',
    ])
      expect((await app.request(path)).status, path).toBe(401);
    expect((await app.request('/healthz')).status).toBe(200);
  });

  test('an administrator adds people; a reader can read and not act', async () => {
    const { access, signIn, post, app } = aDesk();
    const admin = await signIn((await access.firstLink()) ?? '');
    const added = await post('/api/v1/people', admin.headers, {
      name: 'Ines Sato',
      email: 'i@ca.example',
      roles: ['reader'],
    });
    expect(added.status).toBe(201);
    const { link } = (await added.json()) as { link: string };
    const reader = await signIn(link);
    expect((await app.request('/api/v1/board', { headers: reader.headers })).status).toBe(200);
    const path = '/api/v1/cases/C-2026-0412/commands';
    expect((await post(path, reader.headers, { do: 'note', text: 'x' })).status).toBe(403);
    expect((await post(path, admin.headers, { do: 'note', text: 'x' })).status).toBe(200);
    expect((await app.request('/api/v1/people', { headers: reader.headers })).status).toBe(403);
  });

  test('signing out ends the session, and only with the token of the page', async () => {
    const { access, signIn, app } = aDesk();
    const { headers, cookie } = await signIn((await access.firstLink()) ?? '');
    await app.request('/api/v1/sign-out', { method: 'POST', headers: { cookie } });
    expect((await app.request('/api/v1/board', { headers })).status).toBe(200);
    await app.request('/api/v1/sign-out', { method: 'POST', headers });
    expect((await app.request('/api/v1/board', { headers })).status).toBe(401);
  });

  test('a token has its scopes and no more, needs no page token, and cannot approve', async () => {
    const { access, signIn, post, app, desk, time } = aDesk();
    const admin = await signIn((await access.firstLink()) ?? '');
    const made = await post('/api/v1/tokens', admin.headers, { name: 'nightly', scopes: ['read', 'act'], days: 30 });
    const { secret, token } = (await made.json()) as { secret: string; token: { tokenId: string } };
    const headers = { authorization: `Bearer ${secret}`, 'content-type': 'application/json' };
    const path = '/api/v1/cases/C-2026-0412/commands';
    expect((await app.request('/api/v1/board', { headers })).status).toBe(200);
    expect((await app.request('/api/v1/people', { headers })).status).toBe(403);
    expect((await post(path, headers, { do: 'note', text: 'seen by a program' })).status).toBe(200);
    expect(desk.commands[0]?.context.by.id).toBe(`token:${token.tokenId}`);
    expect(
      await (await post(path, headers, { do: 'approve', matterId: 'M-1', because: 'why not' })).json(),
    ).toMatchObject({
      code: 'person_needed',
    });
    expect(desk.commands).toHaveLength(1);
    expect(await (await app.request('/api/v1/tokens', { headers: admin.headers })).text()).not.toContain(secret);
    time.advanceTo(time.now().add({ hours: 24 * 30 }));
    expect((await app.request('/api/v1/board', { headers })).status).toBe(401);
  });
});

describe.each(['memory', 'postgres'] as const)('the access store in %s', (kind) => {
  let database: TestDatabase | null = null;
  let store: AccessStore = memoryAccessStore();
  const now = at('2026-11-24T03:00:00Z');
  const later = at('2026-11-24T04:00:00Z');
  beforeAll(async () => {
    if (kind === 'memory') return;
    database = await testDatabase();
    for (const migration of migrations) await database.pool.query(migration.sql);
    store = postgresAccessStore(database.pool);
  });
  afterAll(async () => database?.drop());

  test('keeps people, and who was seen stays seen when changed', async () => {
    const ann = {
      personId: 'ann',
      name: 'Ann',
      email: 'a@ca.example',
      roles: ['compliance'] as const,
      addedAt: now,
      seenAt: null,
    };
    await store.putPerson(ann);
    await store.personSeen('ann', later);
    await store.putPerson({ ...ann, roles: ['compliance', 'administrator'] });
    const found = await store.person('ann');
    expect(found?.seenAt?.toString()).toBe('2026-11-24T04:00:00Z');
    expect(found?.roles).toEqual(['compliance', 'administrator']);
    expect(await store.person('bob')).toBeNull();
  });

  test('gives a link away once, even to two at the same time, and never a lapsed one', async () => {
    await store.putLink('h1', 'ann', later);
    await store.putLink('h2', 'ann', now);
    expect(await store.linkOwner('h1', now)).toBe('ann');
    const taken = await Promise.all([store.takeLink('h1', now), store.takeLink('h1', now), store.takeLink('h2', now)]);
    expect(taken.filter((t) => t === 'ann')).toHaveLength(1);
    expect(taken[2]).toBeNull();
  });

  test('ends sessions at their instant and on request', async () => {
    await store.putSession({ hash: 's1', personId: 'ann', csrf: 'c', lapsesAt: later });
    expect(await store.session('s1', now)).toMatchObject({ personId: 'ann', csrf: 'c' });
    expect(await store.session('s1', later)).toBeNull();
    await store.endSession('s1');
    expect(await store.session('s1', now)).toBeNull();
  });

  test('finds tokens by hash until they lapse or are removed', async () => {
    const token = {
      tokenId: 't',
      hash: 'th',
      name: 'n',
      scopes: ['read'] as const,
      by: 'person:ann',
      addedAt: now,
      lapsesAt: later,
      usedAt: null,
    };
    await store.putToken(token);
    await store.tokenUsed('t', now);
    expect((await store.tokenByHash('th', now))?.usedAt?.toString()).toBe('2026-11-24T03:00:00Z');
    expect(await store.tokenByHash('th', later)).toBeNull();
    expect(await store.removeToken('t')).toBe(true);
    expect(await store.removeToken('t')).toBe(false);
    expect(await store.tokens()).toEqual([]);
  });
});
