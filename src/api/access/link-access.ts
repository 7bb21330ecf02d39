/**
 * The built-in sign-in: one-time links, sessions in an HttpOnly cookie, API tokens with scopes. The first link is
 * printed when the desk starts for the first time. Opening a link does not use it (mail scanners open links); pressing
 * the button does.
 */
import { createHash, randomBytes, timingSafeEqual } from 'node:crypto';
import type { Hono } from 'hono';
import { html } from 'hono/html';
import { hours, type Instant, rfc3339, type Time } from '../../foundation/time/time.ts';
import type * as c from '../contract/index.ts';
import type { Principal } from '../port.ts';
import { type PublicSite, publicPage } from '../public-pages/layout.ts';
import { type Access, nobody, type Visitor } from './access.ts';
import type { AccessStore, PersonRecord, TokenRecord } from './store.ts';

export const linkValid = hours(24);
/** A session ends with the shift. */
export const sessionValid = hours(12);

export interface LinkAccess extends Access {
  readonly signIn: 'link';
  /** Link for the first administrator while nobody has ever signed in; null afterwards. */
  firstLink(): Promise<string | null>;
}

export function linkAccess(options: {
  readonly store: AccessStore;
  readonly time: Time;
  /** Where people reach the desk, without a slash at the end: links begin with it; https makes the cookie Secure. */
  readonly origin: string;
  readonly site: PublicSite;
}): LinkAccess {
  const { store, time, origin, site } = options;
  const secure = origin.startsWith('https:');
  const cookieName = secure ? '__Host-rescind' : 'rescind';

  const makeLink = async (personId: string, now: Instant): Promise<{ link: string; lapsesAt: Instant }> => {
    const secret = makeSecret();
    const lapsesAt = now.add(linkValid);
    await store.putLink(hashOf(secret), personId, lapsesAt);
    return { link: `${origin}/sign-in/${secret}`, lapsesAt };
  };

  const bySession = async (request: Request): Promise<Visitor> => {
    const secret = cookieOf(request, cookieName);
    if (secret === null) return nobody;
    const session = await store.session(hashOf(secret), time.now());
    const person = session === null ? null : await store.person(session.personId);
    if (session === null || person === null) return nobody;
    return { principal: principalOf(person), roles: person.roles, scopes: scopesOf(person.roles), csrf: session.csrf };
  };

  const byToken = async (secret: string): Promise<Visitor> => {
    const now = time.now();
    const token = await store.tokenByHash(hashOf(secret), now);
    if (token === null) return nobody;
    await store.tokenUsed(token.tokenId, now);
    const principal: Principal = { id: `token:${token.tokenId}`, name: token.name, teams: [] };
    return { principal, roles: [], scopes: new Set(token.scopes), csrf: null };
  };

  return {
    signIn: 'link',
    visitor: async (request) => {
      const bearer = /^Bearer ([\w-]{20,200})$/.exec(request.headers.get('authorization') ?? '')?.[1];
      return bearer === undefined ? bySession(request) : byToken(bearer);
    },
    async firstLink() {
      const people = await store.people();
      if (people.some((p) => p.seenAt !== null)) return null;
      const now = time.now();
      const first = people[0] ?? {
        personId: 'first',
        name: 'First administrator',
        email: '',
        roles: ['administrator', 'pki-team'] as const,
        addedAt: now,
        seenAt: null,
      };
      await store.putPerson(first);
      return (await makeLink(first.personId, now)).link;
    },
    manage: {
      people: async () => (await store.people()).map(presentPerson),
      async addPerson(wanted) {
        const now = time.now();
        const person: PersonRecord = { ...wanted, personId: newId(wanted.name), addedAt: now, seenAt: null };
        await store.putPerson(person);
        const { link, lapsesAt } = await makeLink(person.personId, now);
        return { now: rfc3339(now), person: presentPerson(person), link, lapsesAt: rfc3339(lapsesAt) };
      },
      tokens: async () => (await store.tokens()).map(presentToken),
      async addToken(wanted, by) {
        const now = time.now();
        const secret = `rsc_${makeSecret()}`;
        const token: TokenRecord = {
          tokenId: newId(wanted.name),
          hash: hashOf(secret),
          name: wanted.name,
          scopes: wanted.scopes,
          by,
          addedAt: now,
          lapsesAt: now.add({ hours: 24 * wanted.days }),
          usedAt: null,
        };
        await store.putToken(token);
        return { now: rfc3339(now), token: presentToken(token), secret };
      },
      removeToken: (tokenId) => store.removeToken(tokenId),
    },
    addRoutes(app) {
      addSignIn(app, { store, time, site, cookieName, secure });
    },
  };
}

function addSignIn(
  app: Hono,
  options: { store: AccessStore; time: Time; site: PublicSite; cookieName: string; secure: boolean },
): void {
  const { store, time, site, cookieName, secure } = options;
  const lapsed = html`<h1>This link does not work any more</h1>
<p>It was used, or it is older than ${linkValid.hours} hours. Ask an administrator for a new one; when nobody has ever signed in, restart the desk and it prints one.</p>`;

  app.get('/sign-in/:secret', async (context) => {
    const owner = await store.linkOwner(hashOf(context.req.param('secret')), time.now());
    const person = owner === null ? null : await store.person(owner);
    if (person === null) return publicPage(context, { title: 'Sign in', site, status: 404, body: lapsed });
    const body = html`<h1>Sign in</h1>
<p class="lead">You are ${person.name}. This link works once.</p>
<form method="post"><button type="submit">Sign in on this device</button></form>`;
    return publicPage(context, { title: 'Sign in', site, body });
  });
  app.post('/sign-in/:secret', async (context) => {
    const now = time.now();
    const personId = await store.takeLink(hashOf(context.req.param('secret')), now);
    if (personId === null) return publicPage(context, { title: 'Sign in', site, status: 404, body: lapsed });
    const secret = makeSecret();
    await store.putSession({ hash: hashOf(secret), personId, csrf: makeSecret(), lapsesAt: now.add(sessionValid) });
    await store.personSeen(personId, now);
    const maxAge = sessionValid.total('seconds');
    context.header(
      'set-cookie',
      `${cookieName}=${secret}; Path=/; HttpOnly; SameSite=Strict; Max-Age=${maxAge}${secure ? '; Secure' : ''}`,
    );
    return context.redirect('/', 303);
  });
  app.post('/api/v1/sign-out', async (context) => {
    const secret = cookieOf(context.req.raw, cookieName);
    const session = secret === null ? null : await store.session(hashOf(secret), time.now());
    if (secret !== null && session !== null && sameText(session.csrf, context.req.header('x-csrf-token') ?? ''))
      await store.endSession(hashOf(secret));
    context.header(
      'set-cookie',
      `${cookieName}=; Path=/; HttpOnly; SameSite=Strict; Max-Age=0${secure ? '; Secure' : ''}`,
    );
    return context.body(null, 204);
  });
}

const teams: readonly c.Team[] = ['pki-team', 'pki-support', 'ssl-support', 'compliance'];

/** Teams read and act; auditors and readers read; administrators look after people and tokens. */
export function scopesOf(roles: readonly c.Role[]): ReadonlySet<c.Scope> {
  const scopes = new Set<c.Scope>();
  if (roles.length > 0) scopes.add('read');
  if (roles.some((r) => (teams as readonly string[]).includes(r))) scopes.add('act');
  if (roles.includes('administrator')) scopes.add('administer');
  return scopes;
}

function principalOf(person: PersonRecord): Principal {
  return {
    id: `person:${person.personId}`,
    name: person.name,
    teams: teams.filter((team) => (person.roles as readonly string[]).includes(team)),
  };
}

function presentPerson(p: PersonRecord): c.Person {
  return {
    personId: p.personId,
    name: p.name,
    email: p.email,
    roles: [...p.roles],
    addedAt: rfc3339(p.addedAt),
    seenAt: p.seenAt === null ? null : rfc3339(p.seenAt),
  };
}

function presentToken(t: TokenRecord): c.Token {
  return {
    tokenId: t.tokenId,
    name: t.name,
    scopes: [...t.scopes],
    by: t.by,
    addedAt: rfc3339(t.addedAt),
    lapsesAt: rfc3339(t.lapsesAt),
    usedAt: t.usedAt === null ? null : rfc3339(t.usedAt),
  };
}

/** Readable in the log, unique by its tail: `ines-sato-3f9a1c`. */
function newId(name: string): string {
  const words = name
    .toLowerCase()
    .replaceAll(/[^a-z0-9]+/g, '-')
    .replaceAll(/^-|-$/g, '')
    .slice(0, 40);
  return `${words === '' ? 'person' : words}-${randomBytes(3).toString('hex')}`;
}

function makeSecret(): string {
  return randomBytes(32).toString('base64url');
}

function hashOf(secret: string): string {
  return createHash('sha256').update(secret).digest('hex');
}

function sameText(a: string, b: string): boolean {
  return a.length === b.length && timingSafeEqual(Buffer.from(a), Buffer.from(b));
}

function cookieOf(request: Request, name: string): string | null {
  for (const part of (request.headers.get('cookie') ?? '').split(/;\s*/)) {
    const [key, value] = part.split('=', 2);
    if (key === name && value !== undefined && value !== '') return value;
  }
  return null;
}
