/** Records of the access store in the words of the contract, and what each role may do. */
import { rfc3339 } from '../../foundation/time/time.ts';
import type * as c from '../contract/index.ts';
import type { Principal } from '../port.ts';
import type { PasskeyRecord, PersonRecord, SessionRecord, TokenRecord } from './store.ts';

const teams: readonly c.Team[] = ['pki-team', 'pki-support', 'ssl-support', 'compliance'];

/**
 * Teams read and act; auditors read, exports of personal data included; readers read; compliance and administrators
 * publish policy; administrators look after people and tokens.
 */
export function scopesOf(roles: readonly c.Role[]): ReadonlySet<c.Scope> {
  const scopes = new Set<c.Scope>();
  if (roles.length > 0) scopes.add('read').add('automation-policy');
  if (roles.some((r) => (teams as readonly string[]).includes(r))) scopes.add('act');
  if (roles.some((r) => r === 'auditor' || r === 'compliance' || r === 'administrator')) scopes.add('audit');
  if (roles.some((r) => r === 'compliance' || r === 'administrator')) scopes.add('policy');
  if (roles.includes('administrator')) scopes.add('administer');
  return scopes;
}

export function principalOf(person: PersonRecord): Principal {
  return {
    id: `person:${person.personId}`,
    name: person.name,
    teams: teams.filter((team) => (person.roles as readonly string[]).includes(team)),
  };
}

export function presentPerson(p: PersonRecord, passkeys: number): c.Person {
  return {
    personId: p.personId,
    name: p.name,
    email: p.email,
    roles: [...p.roles],
    addedAt: rfc3339(p.addedAt),
    seenAt: p.seenAt === null ? null : rfc3339(p.seenAt),
    passkeys,
    removedAt: p.removedAt === null ? null : rfc3339(p.removedAt),
  };
}

export function presentSession(s: SessionRecord, name: string, current: string | null): c.Session {
  return {
    sessionId: s.sessionId,
    personId: s.personId,
    name,
    how: s.how,
    device: s.device,
    since: rfc3339(s.since),
    seenAt: rfc3339(s.seenAt),
    lapsesAt: rfc3339(s.lapsesAt),
    current: s.sessionId === current,
  };
}

export function presentPasskey(p: PasskeyRecord): c.Passkey {
  return {
    passkeyId: p.credentialId,
    name: p.name,
    addedAt: rfc3339(p.addedAt),
    usedAt: p.usedAt === null ? null : rfc3339(p.usedAt),
    synced: p.synced,
  };
}

export function presentToken(t: TokenRecord): c.Token {
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
