import { hasCome, type Instant } from '../../foundation/time/time.ts';
import type { AccessStore, PersonRecord, SessionRecord, TokenRecord } from './store.ts';

/** For tests and simulation: forgets everything with the process. */
export function memoryAccessStore(): AccessStore {
  const people = new Map<string, PersonRecord>();
  const links = new Map<string, { personId: string; lapsesAt: Instant }>();
  const sessions = new Map<string, SessionRecord>();
  const tokens = new Map<string, TokenRecord>();
  const owner = (hash: string, now: Instant): string | null => {
    const link = links.get(hash);
    return link === undefined || hasCome(link.lapsesAt, now) ? null : link.personId;
  };
  return {
    people: async () => [...people.values()],
    person: async (personId) => people.get(personId) ?? null,
    putPerson: async (person) => {
      people.set(person.personId, { ...person, seenAt: people.get(person.personId)?.seenAt ?? person.seenAt });
    },
    personSeen: async (personId, at) => {
      const found = people.get(personId);
      if (found !== undefined) people.set(personId, { ...found, seenAt: at });
    },
    putLink: async (hash, personId, lapsesAt) => {
      links.set(hash, { personId, lapsesAt });
    },
    linkOwner: async (hash, now) => owner(hash, now),
    takeLink: async (hash, now) => {
      const found = owner(hash, now);
      links.delete(hash);
      return found;
    },
    putSession: async (session) => {
      sessions.set(session.hash, session);
    },
    session: async (hash, now) => {
      const found = sessions.get(hash);
      return found === undefined || hasCome(found.lapsesAt, now) ? null : found;
    },
    endSession: async (hash) => {
      sessions.delete(hash);
    },
    tokens: async () => [...tokens.values()],
    putToken: async (token) => {
      tokens.set(token.tokenId, token);
    },
    tokenByHash: async (hash, now) => {
      const found = [...tokens.values()].find((t) => t.hash === hash);
      return found === undefined || hasCome(found.lapsesAt, now) ? null : found;
    },
    tokenUsed: async (tokenId, at) => {
      const found = tokens.get(tokenId);
      if (found !== undefined) tokens.set(tokenId, { ...found, usedAt: at });
    },
    removeToken: async (tokenId) => tokens.delete(tokenId),
  };
}
