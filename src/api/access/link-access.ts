/**
 * The built-in sign-in: one-time links, passkeys, an identity provider where there is one, and API tokens with scopes.
 * The first link is printed when the desk starts for the first time. Opening a link does not use it (mail scanners open
 * links); pressing the button does. Who changes what about whom goes into the event log before it happens.
 */
import type { Hono } from 'hono';
import { hours, type Instant, rfc3339, type Time } from '../../foundation/time/time.ts';
import type * as c from '../contract/index.ts';
import type { HouseAct, Principal } from '../port.ts';
import { ProblemError } from '../problem.ts';
import type { PublicSite } from '../public-pages/layout.ts';
import { type Access, type AccessManagement, type Account, nobody, type Visitor } from './access.ts';
import { type Oidc, type OidcSettings, oidc } from './oidc.ts';
import { type Passkeys, passkeys } from './passkeys.ts';
import { presentPasskey, presentPerson, presentSession, presentToken, principalOf, scopesOf } from './present.ts';
import { hashOf, makeSecret, newId } from './secrets.ts';
import { browserSessions } from './sessions.ts';
import { addSignIn } from './sign-in-pages.ts';
import type { AccessStore, PersonRecord, TokenRecord } from './store.ts';

export const linkValid = hours(24);

export interface LinkAccess extends Access {
  readonly signIn: 'link';
  /** Link for the first administrator while nobody has ever signed in; null afterwards. */
  firstLink(): Promise<string | null>;
}

export interface LinkAccessOptions {
  readonly store: AccessStore;
  readonly time: Time;
  /** Where people reach the desk, without a slash at the end: links begin with it; https makes the cookie Secure. */
  readonly origin: string;
  readonly site: PublicSite;
  /** Into the event log; durable when it resolves. */
  readonly record: (act: HouseAct) => Promise<void>;
  /** True: a link only lets somebody add a passkey, and everything else needs the passkey or the identity provider. */
  readonly passkeyRequired?: boolean;
  readonly oidc?: OidcSettings | null;
}

export function linkAccess(options: LinkAccessOptions): LinkAccess {
  const { store, time, origin, site, record } = options;
  const sessions = browserSessions({ store, time, secure: origin.startsWith('https:') });
  const keys = passkeys({ store, time, origin, deskName: site.caName });
  const provider: Oidc | null = options.oidc == null ? null : oidc({ settings: options.oidc, store, time, origin });

  const makeLink = async (personId: string, now: Instant): Promise<{ link: string; lapsesAt: Instant }> => {
    const secret = makeSecret();
    const lapsesAt = now.add(linkValid);
    await store.putLink(hashOf(secret), personId, lapsesAt);
    return { link: `${origin}/sign-in/${secret}`, lapsesAt };
  };

  const bySession = async (request: Request): Promise<Visitor> => {
    const session = await sessions.find(request);
    const person = session === null ? null : await store.person(session.personId);
    if (session === null || person === null || person.removedAt !== null) return nobody;
    const proven = options.passkeyRequired !== true || session.how !== 'link';
    return {
      principal: principalOf(person),
      roles: person.roles,
      scopes: proven ? scopesOf(person.roles) : new Set(),
      csrf: session.csrf,
      session: { sessionId: session.sessionId, personId: session.personId },
    };
  };

  const byToken = async (secret: string): Promise<Visitor> => {
    const now = time.now();
    const token = await store.tokenByHash(hashOf(secret), now);
    if (token === null) return nobody;
    await store.tokenUsed(token.tokenId, now);
    const principal: Principal = { id: `token:${token.tokenId}`, name: token.name, teams: [] };
    return { principal, roles: [], scopes: new Set(token.scopes), csrf: null, session: null };
  };

  return {
    signIn: 'link',
    ways: ['link', 'passkey', ...(provider === null ? [] : (['oidc'] as const))],
    visitor: async (request) => {
      const bearer = /^Bearer ([\w-]{20,200})$/.exec(request.headers.get('authorization') ?? '')?.[1];
      return bearer === undefined ? bySession(request) : byToken(bearer);
    },
    renew: async (request, visitor) => (visitor.session === null ? null : sessions.renew(request)),
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
        removedAt: null,
      };
      await store.putPerson(first);
      return (await makeLink(first.personId, now)).link;
    },
    manage: management({ store, time, record, makeLink }),
    account: account({ store, time, record, keys }),
    addRoutes: (app: Hono) =>
      addSignIn(app, {
        ...{ store, time, site, sessions, keys, provider, record, visitor: bySession },
        passkeyRequired: options.passkeyRequired === true,
      }),
  };
}

function management(parts: {
  readonly store: AccessStore;
  readonly time: Time;
  readonly record: LinkAccessOptions['record'];
  readonly makeLink: (personId: string, now: Instant) => Promise<{ link: string; lapsesAt: Instant }>;
}): AccessManagement {
  const { store, time, record, makeLink } = parts;
  const present = async (person: PersonRecord) => presentPerson(person, (await store.passkeys(person.personId)).length);
  const linkFor = async (person: PersonRecord): Promise<c.PersonAdded> => {
    const now = time.now();
    const { link, lapsesAt } = await makeLink(person.personId, now);
    return { now: rfc3339(now), person: await present(person), link, lapsesAt: rfc3339(lapsesAt) };
  };
  const here = async (personId: string): Promise<PersonRecord | null> => {
    const found = await store.person(personId);
    return found === null || found.removedAt !== null ? null : found;
  };
  /** A desk that nobody can look after has to be repaired in the database. */
  const keepAnAdministrator = async (without: string): Promise<void> => {
    const others = (await store.people()).filter((p) => p.removedAt === null && p.personId !== without);
    if (others.some((p) => p.roles.includes('administrator'))) return;
    throw new ProblemError(409, 'last_administrator', 'This is the last administrator. Make another one first.');
  };
  return {
    async people() {
      const counts = Map.groupBy(await store.passkeys(null), (p) => p.personId);
      return (await store.people()).map((p) => presentPerson(p, counts.get(p.personId)?.length ?? 0));
    },
    async person(personId) {
      const found = await store.person(personId);
      return found === null ? null : present(found);
    },
    async addPerson({ because, ...wanted }, by) {
      const personId = newId(wanted.name);
      await record({ type: 'PersonAdded', by: by.id, because, about: { personId, roles: wanted.roles } });
      const person: PersonRecord = { ...wanted, personId, addedAt: time.now(), seenAt: null, removedAt: null };
      await store.putPerson(person);
      return linkFor(person);
    },
    async changePerson(personId, { because, ...wanted }, by) {
      const found = await here(personId);
      if (found === null) return null;
      if (!wanted.roles.includes('administrator') && found.roles.includes('administrator'))
        await keepAnAdministrator(personId);
      const about = { personId, roles: wanted.roles, rolesBefore: found.roles };
      await record({ type: 'PersonChanged', by: by.id, because, about });
      await store.putPerson({ ...found, ...wanted });
      return present({ ...found, ...wanted });
    },
    async removePerson(personId, because, by) {
      const found = await here(personId);
      if (found === null) return false;
      if (found.roles.includes('administrator')) await keepAnAdministrator(personId);
      await record({ type: 'PersonRemoved', by: by.id, because, about: { personId } });
      return store.removePerson(personId, time.now());
    },
    async addPersonLink(personId, because, by) {
      const found = await here(personId);
      if (found === null) return null;
      await record({ type: 'SignInLinkMade', by: by.id, because, about: { personId } });
      return linkFor(found);
    },
    tokens: async () => (await store.tokens()).map(presentToken),
    async addToken({ because, ...wanted }, by) {
      const now = time.now();
      const secret = `rsc_${makeSecret()}`;
      const token: TokenRecord = {
        tokenId: newId(wanted.name),
        hash: hashOf(secret),
        name: wanted.name,
        scopes: wanted.scopes,
        by: by.id,
        addedAt: now,
        lapsesAt: now.add({ hours: 24 * wanted.days }),
        usedAt: null,
      };
      const about = { tokenId: token.tokenId, scopes: token.scopes, lapsesAt: rfc3339(token.lapsesAt) };
      await record({ type: 'TokenAdded', by: by.id, because, about });
      await store.putToken(token);
      return { now: rfc3339(now), token: presentToken(token), secret };
    },
    async removeToken(tokenId, by) {
      if (!(await store.tokens()).some((t) => t.tokenId === tokenId)) return false;
      await record({ type: 'TokenRemoved', by: by.id, because: '', about: { tokenId } });
      return store.removeToken(tokenId);
    },
  };
}

function account(parts: {
  readonly store: AccessStore;
  readonly time: Time;
  readonly record: LinkAccessOptions['record'];
  readonly keys: Passkeys;
}): Account {
  const { store, time, record, keys } = parts;
  const self = async (personId: string): Promise<PersonRecord> => {
    const person = await store.person(personId);
    if (person === null || person.removedAt !== null) throw new ProblemError(401, 'not_signed_in', 'Sign in first.');
    return person;
  };
  return {
    async sessions(personId, current) {
      const names = new Map((await store.people()).map((p) => [p.personId, p.name]));
      const found = await store.sessions({ personId, now: time.now() });
      return found.map((s) => presentSession(s, names.get(s.personId) ?? s.personId, current));
    },
    async endSession(sessionId, personId, by) {
      const found = await store.sessions({ personId, now: time.now() });
      const session = found.find((s) => s.sessionId === sessionId);
      if (session === undefined) return false;
      await record({ type: 'SessionEnded', by: by.id, because: '', about: { personId: session.personId } });
      return store.endSession(sessionId);
    },
    async endOtherSessions(personId, current, by) {
      const ended = await store.endSessionsBut(personId, current);
      if (ended > 0) await record({ type: 'SessionEnded', by: by.id, because: '', about: { personId, count: ended } });
      return ended > 0;
    },
    passkeys: async (personId) => (await store.passkeys(personId)).map(presentPasskey),
    askForPasskey: async (personId) => keys.ask(await self(personId)),
    async addPasskey({ sessionId, personId }, wanted) {
      const person = await self(personId);
      const added = await keys.add(person, wanted);
      await record({ type: 'PasskeyAdded', by: `person:${personId}`, because: '', about: { personId } });
      // Whoever added one has just used it.
      await store.sessionProven(sessionId, 'passkey');
      return added;
    },
    async removePasskey(personId, passkeyId) {
      const removed = await store.removePasskey(passkeyId, personId);
      if (removed) await record({ type: 'PasskeyRemoved', by: `person:${personId}`, because: '', about: { personId } });
      return removed;
    },
  };
}
