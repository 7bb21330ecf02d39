import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { fixtureDesk } from '../../../test/web/fixture-desk.ts';
import { at } from '../../foundation/time/time.ts';
import { VirtualTime } from '../../foundation/time/virtual-time.ts';
import { type TestDatabase, testDatabase } from '../../platform/store/testing.ts';
import type { HouseAct } from '../port.ts';
import { createApi } from '../routes.ts';
import { linkAccess } from './link-access.ts';
import { memoryAccessStore } from './memory.ts';
import { migrations, postgresAccessStore } from './postgres.ts';
import type { AccessStore } from './store.ts';

const site = { caName: 'Harbour Trust', contact: 'r@ca.example', publicUrl: 'https://ca.example', policyUrl: null };

function aDesk(store: AccessStore = memoryAccessStore(), more: { passkeyRequired?: boolean } = {}) {
  const { desk } = fixtureDesk('night');
  const time = new VirtualTime(at('2026-11-24T03:07:12Z'));
  const acts: HouseAct[] = [];
  const record = async (act: HouseAct) => void acts.push(act);
  const access = linkAccess({ store, time, origin: 'https://desk.ca.example', site, record, ...more });
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
  return { app, access, time, desk, signIn, post, acts };
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
    let { cookie } = await signIn((await access.firstLink()) ?? '');
    expect((await app.request('/api/v1/board', { headers: { cookie } })).status).toBe(200);
    for (let hour = 1; hour < 12; hour++) {
      time.advanceTo(time.now().add({ hours: 1 }));
      const answer = await app.request('/api/v1/board', { headers: { cookie } });
      expect(answer.status).toBe(200);
      cookie = answer.headers.get('set-cookie')?.split(';')[0] ?? cookie;
    }
    time.advanceTo(time.now().add({ hours: 1 }));
    expect((await app.request('/api/v1/board', { headers: { cookie } })).status).toBe(401);
  });

  test('the secret in the cookie changes by the hour, and a lost answer signs nobody out', async () => {
    const { access, signIn, time, app } = aDesk();
    const { cookie: first } = await signIn((await access.firstLink()) ?? '');
    const board = (cookie: string) => app.request('/api/v1/board', { headers: { cookie } });
    expect((await board(first)).headers.get('set-cookie')).toBeNull();
    time.advanceTo(time.now().add({ minutes: 61 }));
    const [lost, beside] = await Promise.all([board(first), board(first)]);
    expect([lost, beside].filter((r) => r.headers.get('set-cookie') !== null)).toHaveLength(1);
    time.advanceTo(time.now().add({ minutes: 5 }));
    const again = await board(first);
    expect(again.status).toBe(200);
    const second = again.headers.get('set-cookie')?.split(';')[0] ?? '';
    expect(second).not.toBe(first);
    time.advanceTo(time.now().add({ minutes: 11 }));
    expect((await board(first)).status).toBe(401);
    expect((await board(second)).status).toBe(200);
  });

  test('a session that nobody uses for two hours is over', async () => {
    const { access, signIn, time, app } = aDesk();
    const { cookie } = await signIn((await access.firstLink()) ?? '');
    time.advanceTo(time.now().add({ minutes: 121 }));
    expect((await app.request('/api/v1/board', { headers: { cookie } })).status).toBe(401);
  });

  test('who changes people and tokens stands in the log with the reason, and the last administrator stays one', async () => {
    const { access, signIn, post, app, acts } = aDesk();
    const admin = await signIn((await access.firstLink()) ?? '');
    const added = await post('/api/v1/people', admin.headers, {
      ...{ name: 'Ines Sato', email: 'i@ca.example', roles: ['ssl-support'], because: 'New in the team.' },
    });
    const { person } = (await added.json()) as { person: { personId: string } };
    const put = (path: string, body: object) =>
      app.request(path, { method: 'PUT', headers: admin.headers, body: JSON.stringify(body) });
    const first = { name: 'First', email: 'f@ca.example', roles: ['reader'], because: 'Enough of it.' };
    expect(await (await put('/api/v1/people/first', first)).json()).toMatchObject({ code: 'last_administrator' });
    const changed = {
      name: 'Ines Sato',
      email: 'i@ca.example',
      roles: ['compliance'],
      because: 'Moved to compliance.',
    };
    expect((await put(`/api/v1/people/${person.personId}`, changed)).status).toBe(200);
    const removed = await post(`/api/v1/people/${person.personId}/removal`, admin.headers, { because: 'Left us.' });
    expect(await removed.json()).toMatchObject({ removed: true });
    expect(acts.map((a) => [a.type, a.by, a.because])).toEqual([
      ['SignedIn', 'person:first', ''],
      ['PersonAdded', 'person:first', 'New in the team.'],
      ['PersonChanged', 'person:first', 'Moved to compliance.'],
      ['PersonRemoved', 'person:first', 'Left us.'],
    ]);
    expect(JSON.stringify(acts)).not.toContain('@ca.example');
  });

  test('a removed person is out at once, with every session', async () => {
    const { access, signIn, post, app } = aDesk();
    const admin = await signIn((await access.firstLink()) ?? '');
    const invited = { name: 'Ines Sato', email: 'i@ca.example', roles: ['pki-team'] };
    const { link, person } = (await (await post('/api/v1/people', admin.headers, invited)).json()) as {
      link: string;
      person: { personId: string };
    };
    const ines = await signIn(link);
    expect((await app.request('/api/v1/board', { headers: ines.headers })).status).toBe(200);
    await post(`/api/v1/people/${person.personId}/removal`, admin.headers, { because: 'Left us.' });
    expect((await app.request('/api/v1/board', { headers: ines.headers })).status).toBe(401);
  });

  test('teams decide what is theirs: support hands over, it does not approve', async () => {
    const { access, signIn, post } = aDesk();
    const admin = await signIn((await access.firstLink()) ?? '');
    const invited = { name: 'Sam', email: 's@ca.example', roles: ['ssl-support'] };
    const sam = await signIn(
      ((await (await post('/api/v1/people', admin.headers, invited)).json()) as { link: string }).link,
    );
    const path = '/api/v1/cases/C-2026-0412/commands';
    const act = async (body: object) => (await post(path, sam.headers, body)).json();
    expect(await act({ do: 'approve', matterId: 'M-1', because: 'Looks right.' })).toMatchObject({
      code: 'not_your_team',
    });
    expect(await act({ do: 'take', team: 'pki-team' })).toMatchObject({ code: 'not_your_team' });
    expect(await act({ do: 'hand-off', to: 'pki-team', because: 'Yours to decide.' })).toMatchObject({ state: 'done' });
  });

  test('where a passkey is required, a link opens only the page that adds one', async () => {
    const { access, signIn, app } = aDesk(memoryAccessStore(), { passkeyRequired: true });
    const first = await signIn((await access.firstLink()) ?? '');
    expect(first.response.headers.get('location')).toBe('/account');
    expect((await app.request('/api/v1/board', { headers: first.headers })).status).toBe(403);
    const asked = await app.request('/api/v1/passkeys/options', { method: 'POST', headers: first.headers });
    expect(await asked.json()).toMatchObject({ options: { rp: { id: 'desk.ca.example' } } });
  });

  test('one sees and ends one’s own sessions, and exports what is kept about oneself', async () => {
    const { access, signIn, post, app } = aDesk();
    const admin = await signIn((await access.firstLink()) ?? '');
    const invite = { because: 'Second device.' };
    const again = (await (await post('/api/v1/people/first/link', admin.headers, invite)).json()) as { link: string };
    const other = await signIn(again.link);
    const sessions = (await (await app.request('/api/v1/sessions', { headers: admin.headers })).json()) as {
      rows: { current: boolean }[];
    };
    expect(sessions.rows.map((r) => r.current).sort()).toEqual([false, true]);
    expect(
      await (await app.request('/api/v1/sessions', { method: 'DELETE', headers: admin.headers })).json(),
    ).toMatchObject({
      removed: true,
    });
    expect((await app.request('/api/v1/board', { headers: other.headers })).status).toBe(401);
    const kept = await (await app.request('/api/v1/people/first/export', { headers: admin.headers })).json();
    expect(kept).toMatchObject({ person: { personId: 'first' }, sessions: [{ device: 'A browser' }] });
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
      removedAt: null,
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

  const aSession = (sessionId: string) => ({
    ...{ hash: `hash of ${sessionId}`, sessionId, personId: 'ann', csrf: 'c', how: 'link' as const },
    ...{ device: 'Firefox, Linux', since: now, seenAt: now, rotatedAt: now, lapsesAt: later },
  });
  const when = (at: typeof now) => ({ now: at, idleSince: now });

  test('ends sessions at their instant, when nobody uses them, and on request', async () => {
    await store.putSession(aSession('s1'));
    expect(await store.session('hash of s1', when(now))).toMatchObject({ personId: 'ann', csrf: 'c', stale: false });
    expect(await store.session('hash of s1', when(later))).toBeNull();
    expect(await store.session('hash of s1', { now, idleSince: now.add({ seconds: 1 }) })).toBeNull();
    await store.sessionSeen('s1', now.add({ seconds: 5 }));
    expect(await store.session('hash of s1', { now, idleSince: now.add({ seconds: 1 }) })).not.toBeNull();
    expect(await store.endSession('s1')).toBe(true);
    expect(await store.session('hash of s1', when(now))).toBeNull();
    expect(await store.endSession('s1')).toBe(false);
  });

  test('changes the secret of a session once, and the one before goes on for its while', async () => {
    await store.putSession(aSession('s2'));
    const rotation = { sessionId: 's2', from: 'hash of s2', to: 'new', old: 'hash of s2', at: now, oldUntil: later };
    const won = await Promise.all([store.rotateSession(rotation), store.rotateSession({ ...rotation, to: 'other' })]);
    expect(won.filter(Boolean)).toHaveLength(1);
    const to = won[0] ? 'new' : 'other';
    expect(await store.session(to, when(now))).toMatchObject({ sessionId: 's2', stale: false });
    expect(await store.session('hash of s2', when(now))).toMatchObject({ sessionId: 's2', stale: true });
    await store.rotateSession({ ...rotation, from: to, to: 'third', oldUntil: now });
    expect(await store.session('hash of s2', when(now))).toBeNull();
    await store.putSession(aSession('s3'));
    expect(await store.endSessionsBut('ann', 's3')).toBe(1);
    expect((await store.sessions({ personId: null, now })).map((s) => s.sessionId)).toEqual(['s3']);
  });

  test('keeps passkeys, questions and identities, and a removed person loses all of them', async () => {
    const passkey = {
      ...{ credentialId: 'k1', personId: 'ann', publicKey: new Uint8Array([1, 2, 3]), counter: 4_000_000_000 },
      ...{ transports: ['usb'], synced: false, name: 'Key', addedAt: now, usedAt: null },
    };
    await store.putPasskey(passkey);
    await store.passkeyUsed('k1', 4_000_000_001, later);
    expect(await store.passkey('k1')).toMatchObject({ counter: 4_000_000_001, publicKey: new Uint8Array([1, 2, 3]) });
    expect(await store.removePasskey('k1', 'bob')).toBe(false);
    const question = { hash: 'q', purpose: 'oidc', personId: null, data: 'nonce', lapsesAt: later } as const;
    await store.putChallenge(question);
    expect(await store.takeChallenge('q', 'passkey', now)).toBeNull();
    await store.putChallenge({ ...question, hash: 'q2' });
    expect(await store.takeChallenge('q2', 'oidc', now)).toMatchObject({ data: 'nonce' });
    expect(await store.takeChallenge('q2', 'oidc', now)).toBeNull();
    await store.putIdentity('https://id.ca.example', 'sub', 'ann');
    expect(await store.identity('https://id.ca.example', 'sub')).toBe('ann');
    expect(await store.removePerson('ann', later)).toBe(true);
    expect(await store.removePerson('ann', later)).toBe(false);
    expect(await store.passkeys('ann')).toEqual([]);
    expect(await store.identity('https://id.ca.example', 'sub')).toBeNull();
    expect(await store.sessions({ personId: 'ann', now })).toEqual([]);
    expect((await store.person('ann'))?.removedAt?.toString()).toBe('2026-11-24T04:00:00Z');
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
