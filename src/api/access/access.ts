/**
 * Who is asking. The API knows sessions and tokens only through this port, so that an evaluation on one machine, the
 * built-in sign-in and a later OIDC provider are three answers to one question.
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
}

/** Looking after people and tokens; absent where there is no sign-in. */
export interface AccessManagement {
  people(): Promise<readonly c.Person[]>;
  addPerson(wanted: c.PersonIn): Promise<c.PersonAdded>;
  tokens(): Promise<readonly c.Token[]>;
  addToken(wanted: c.TokenIn, by: string): Promise<c.TokenAdded>;
  removeToken(tokenId: string): Promise<boolean>;
}

export interface Access {
  /** `link`: people sign in by one-time link. `none`: whoever reaches the port is `local` (evaluation only). */
  readonly signIn: 'none' | 'link';
  visitor(request: Request): Promise<Visitor>;
  readonly manage?: AccessManagement;
  /** Pages of its own, such as the one behind a sign-in link. */
  addRoutes?(app: Hono): void;
}

export const nobody: Visitor = { principal: null, roles: [], scopes: new Set(), csrf: null };

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
    scopes: new Set(options.mayAct ? ['read', 'act'] : ['read']),
    csrf: options.csrf,
  };
  return { signIn: 'none', visitor: async (request) => (hosts.has(new URL(request.url).hostname) ? visitor : nobody) };
}
