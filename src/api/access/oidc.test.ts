import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import Provider from 'oidc-provider';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { fixtureDesk } from '../../../test/web/fixture-desk.ts';
import { SystemTime } from '../../foundation/time/system-time.ts';
import type { Role } from '../contract/index.ts';
import type { HouseAct } from '../port.ts';
import { createApi } from '../routes.ts';
import { linkAccess } from './link-access.ts';
import { memoryAccessStore } from './memory.ts';

const origin = 'http://desk.test';
const site = { caName: 'Harbour Trust', contact: 'r@ca.example', publicUrl: origin, policyUrl: null };

/** Who the provider knows: account id is what is typed at its login page. */
const accounts: Record<string, object> = {
  ines: { email: 'ines@ca.example', email_verified: true, name: 'Ines Sato', groups: ['revocation-desk'] },
  mallory: { email: 'ines@ca.example', email_verified: false, name: 'Mallory', groups: [] },
  sam: { email: 'sam@ca.example', email_verified: true, name: 'Sam Porter', groups: ['canteen'] },
};

let server: Server;
let issuer: string;
/** What the provider was asked, to see that each question carries what protects it. */
const asked: URLSearchParams[] = [];

beforeAll(async () => {
  server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  issuer = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const provider = new Provider(issuer, {
    clients: [
      {
        client_id: 'rescind',
        client_secret: 'only-for-this-test',
        redirect_uris: [`${origin}/sign-in/oidc/return`],
        token_endpoint_auth_method: 'client_secret_post',
      },
    ],
    claims: { openid: ['sub'], email: ['email', 'email_verified'], profile: ['name', 'groups'] },
    findAccount: (_context, id) => ({ accountId: id, claims: async () => ({ sub: id, ...accounts[id] }) }),
    cookies: { keys: ['only-for-this-test'] },
  });
  server.on('request', provider.callback());
});
afterAll(() => {
  server.close();
  server.closeAllConnections();
});

function aDesk(roles: Readonly<Record<string, readonly Role[]>> = {}) {
  const { desk } = fixtureDesk('night');
  const time = new SystemTime();
  const store = memoryAccessStore();
  const acts: HouseAct[] = [];
  const access = linkAccess({
    ...{ store, time, origin, site, record: async (act: HouseAct) => void acts.push(act) },
    oidc: {
      issuer,
      clientId: 'rescind',
      clientSecret: 'only-for-this-test',
      name: 'Harbour id',
      rolesClaim: 'groups',
      roles,
    },
  });
  const app = createApi({ desk, time, access, webRoot: null, deskName: 'Harbour Trust', virtualTime: false });
  const invite = (email: string) =>
    store.putPerson({
      ...{ personId: 'ines', name: 'Ines Sato', email, roles: ['compliance'] as const },
      ...{ addedAt: time.now(), seenAt: null, removedAt: null },
    });

  /** Walks a browser through the provider: begin here, log in there, come back. */
  const signIn = async (login: string, meddle: (back: URL, state: string) => [URL, string] = (b, s) => [b, s]) => {
    const begin = await app.request(`${origin}/sign-in/oidc`);
    const state = begin.headers.get('set-cookie')?.split(';')[0] ?? '';
    asked.push(new URL(begin.headers.get('location') ?? '').searchParams);
    const back = await throughProvider(begin.headers.get('location') ?? '', login);
    const [url, cookie] = meddle(back, state);
    return app.request(url.href, { headers: { cookie } });
  };
  const me = async (response: Response) => {
    const cookie =
      response.headers
        .getSetCookie()
        .find((c) => c.startsWith('rescind='))
        ?.split(';')[0] ?? '';
    return (await app.request(`${origin}/api/v1/me`, { headers: { cookie } })).json();
  };
  return { signIn, me, invite, acts, app, store };
}

async function throughProvider(start: string, login: string): Promise<URL> {
  const jar = new Map<string, string>();
  let url = new URL(start);
  let body: URLSearchParams | null = null;
  for (let step = 0; step < 20; step++) {
    const response: Response = await fetch(url, {
      redirect: 'manual',
      method: body === null ? 'GET' : 'POST',
      headers: { cookie: [...jar].map(([k, v]) => `${k}=${v}`).join('; ') },
      ...(body === null ? {} : { body }),
    });
    for (const cookie of response.headers.getSetCookie()) {
      const [, name = '', value = ''] = /^([^=]+)=([^;]*)/.exec(cookie) ?? [];
      jar.set(name, value);
    }
    const location = response.headers.get('location');
    if (location !== null) {
      url = new URL(location, url);
      body = null;
      if (url.origin === origin) return url;
      continue;
    }
    const page = await response.text();
    const prompt = /name="prompt" value="(\w+)"/.exec(page)?.[1] ?? '';
    const action = /action="([^"]+)"/.exec(page)?.[1] ?? '';
    url = new URL(action, url);
    body = new URLSearchParams(prompt === 'login' ? { prompt, login, password: 'any' } : { prompt });
  }
  throw new Error('the provider never came back');
}

describe('sign-in by an OpenID Connect provider', () => {
  test('whom an administrator invited is let in by the verified address, with the roles given here', async () => {
    const { signIn, me, invite, acts } = aDesk();
    await invite('Ines@ca.example');
    const response = await signIn('ines');
    expect(response.status).toBe(303);
    expect(await me(response)).toMatchObject({
      person: 'person:ines',
      roles: ['compliance'],
      ways: expect.arrayContaining(['oidc']),
    });
    expect(acts).toMatchObject([{ type: 'SignedIn', by: 'person:ines', about: { how: 'oidc' } }]);
    const last = asked.at(-1);
    expect(last?.get('code_challenge_method')).toBe('S256');
    expect(last?.get('nonce')).toMatch(/.{20}/);
  });

  test('an address that the provider has not verified opens nothing', async () => {
    const { signIn, invite } = aDesk();
    await invite('ines@ca.example');
    const response = await signIn('mallory');
    expect(response.status).toBe(403);
    expect(await response.text()).toContain('nobody here invited you');
    expect(response.headers.getSetCookie().some((c) => c.startsWith('rescind='))).toBe(false);
  });

  test('with groups mapped to roles the provider decides, and who left the group is out', async () => {
    const desk = aDesk({ 'revocation-desk': ['pki-team', 'auditor'] });
    const first = await desk.me(await desk.signIn('ines'));
    expect(first).toMatchObject({ name: 'Ines Sato', roles: ['pki-team', 'auditor'] });
    expect((await desk.signIn('sam')).status).toBe(403);
    const before = accounts.ines;
    accounts.ines = { ...before, groups: [] };
    expect((await desk.signIn('ines')).status).toBe(403);
    accounts.ines = before ?? {};
  });

  test('an answer that this browser did not ask for is refused, and no answer counts twice', async () => {
    const { signIn, invite, app } = aDesk();
    await invite('ines@ca.example');
    expect((await signIn('ines', (back) => [back, ''])).status).toBe(403);
    expect((await signIn('ines', (back) => [back, 'rescind-oidc=of-another-browser'])).status).toBe(403);
    const seen: { url: URL; cookie: string }[] = [];
    const keep = (url: URL, cookie: string): [URL, string] => {
      seen.push({ url, cookie });
      return [url, cookie];
    };
    expect((await signIn('ines', keep)).status).toBe(303);
    for (const { url, cookie } of seen) expect((await app.request(url.href, { headers: { cookie } })).status).toBe(403);
    expect(seen).toHaveLength(1);
  });

  test('a removed person stays out, whatever the provider says', async () => {
    const { signIn, invite, store } = aDesk();
    await invite('ines@ca.example');
    expect((await signIn('ines')).status).toBe(303);
    await store.removePerson('ines', new SystemTime().now());
    expect((await signIn('ines')).status).toBe(403);
  });
});
