/**
 * Who is asking. The API knows sessions and tokens only through this port, so that an evaluation on one machine, the
 * built-in sign-in and an identity provider are answers to one question.
 */
import type { Hono } from 'hono';
import type * as c from '../contract/index.ts';
import type { Principal } from '../port.ts';

export interface Visitor {
  /** Null: nobody we know; may see public pages only. */
  readonly principal: Principal | null;
  readonly roles: readonly c.Role[];
  readonly scopes: ReadonlySet<c.Scope>;
  /** Set for sessions in a browser: what `X-CSRF-Token` has to be. Null for tokens, which no browser sends by itself. */
  readonly csrf: string | null;
  /** The session in a browser, where there is one. */
  readonly session: { readonly sessionId: string; readonly personId: string } | null;
}

/** Looking after people and tokens; absent where there is no sign-in. Every act goes into the event log, with who and why. */
export interface AccessManagement {
  people(): Promise<readonly c.Person[]>;
  person(personId: string): Promise<c.Person | null>;
  addPerson(wanted: c.PersonIn, by: Principal): Promise<c.PersonAdded>;
  /** Null: there is no such person. Faults and problems: the last administrator stays one. */
  changePerson(personId: string, wanted: c.PersonChange, by: Principal): Promise<c.Person | null>;
  removePerson(personId: string, because: string, by: Principal): Promise<boolean>;
  addPersonLink(personId: string, because: string, by: Principal): Promise<c.PersonAdded | null>;
  tokens(): Promise<readonly c.Token[]>;
  addToken(wanted: c.TokenIn, by: Principal): Promise<c.TokenAdded>;
  removeToken(tokenId: string, by: Principal): Promise<boolean>;
}

/** What a person does about their own sessions and passkeys; absent where there is no sign-in. */
export interface Account {
  /** `personId` null: everybody's. */
  sessions(personId: string | null, current: string | null): Promise<readonly c.Session[]>;
  /** False when there is none, or it is not of this person; `personId` null ends anybody's. */
  endSession(sessionId: string, personId: string | null, by: Principal): Promise<boolean>;
  endOtherSessions(personId: string, current: string, by: Principal): Promise<boolean>;
  passkeys(personId: string): Promise<readonly c.Passkey[]>;
  askForPasskey(personId: string): Promise<Record<string, unknown>>;
  addPasskey(
    session: { readonly sessionId: string; readonly personId: string },
    wanted: c.PasskeyIn,
  ): Promise<c.Passkey>;
  removePasskey(personId: string, passkeyId: string): Promise<boolean>;
}

export interface Access {
  /** `link`: people sign in. `none`: whoever reaches the port is `local` (evaluation only). */
  readonly signIn: 'none' | 'link';
  /** How people can sign in. */
  readonly ways: c.Me['ways'];
  visitor(request: Request): Promise<Visitor>;
  /** A `Set-Cookie` when the secret of this session is old enough to be changed; null when not. */
  renew?(request: Request, visitor: Visitor): Promise<string | null>;
  readonly manage?: AccessManagement;
  readonly account?: Account;
  /** Pages of its own, such as the one behind a sign-in link. */
  addRoutes?(app: Hono): void;
}

const mayRead: readonly c.Scope[] = ['read', 'audit', 'automation-policy'];

export const nobody: Visitor = { principal: null, roles: [], scopes: new Set(), csrf: null, session: null };

/**
 * No sign-in: everybody who reaches the port is one person and may read, and act when `mayAct`. For an evaluation bound
 * to the loopback address; never reachable from a network. The CSRF token is fixed per process because a hostile page
 * in the same browser must not act through an open localhost port; and only names of this machine are answered, so that
 * a name that a stranger points here (DNS rebinding) reads nothing.
 */
export function localAccess(options: {
  name: string;
  mayAct: boolean;
  csrf: string;
  /** Host names that may ask, besides those of the loopback. */
  hosts?: readonly string[];
}): Access {
  const hosts = new Set(['localhost', '127.0.0.1', '[::1]', ...(options.hosts ?? [])]);
  const principal: Principal = {
    id: 'person:local',
    name: options.name,
    teams: ['pki-team', 'pki-support', 'ssl-support', 'compliance'],
  };
  const visitor: Visitor = {
    principal,
    roles: ['pki-team'],
    scopes: new Set(options.mayAct ? [...mayRead, 'act', 'policy', 'administer'] : mayRead),
    csrf: options.csrf,
    session: null,
  };
  return {
    signIn: 'none',
    ways: [],
    visitor: async (request) => (hosts.has(new URL(request.url).hostname) ? visitor : nobody),
  };
}
