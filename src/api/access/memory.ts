import { hasCome, type Instant, isBefore } from '../../foundation/time/time.ts';
import type {
  AccessStore,
  ChallengeRecord,
  FoundSession,
  PasskeyRecord,
  PersonRecord,
  SessionRecord,
  TokenRecord,
} from './store.ts';

interface Rotated {
  readonly session: SessionRecord;
  readonly old: { readonly hash: string; readonly until: Instant } | null;
}

/** For tests and simulation: forgets everything with the process. */
export function memoryAccessStore(): AccessStore {
  const people = new Map<string, PersonRecord>();
  const links = new Map<string, { personId: string; lapsesAt: Instant }>();
  const sessions = new Map<string, Rotated>();
  const passkeys = new Map<string, PasskeyRecord>();
  const challenges = new Map<string, ChallengeRecord>();
  const identities = new Map<string, string>();
  const tokens = new Map<string, TokenRecord>();
  const owner = (hash: string, now: Instant): string | null => {
    const link = links.get(hash);
    return link === undefined || hasCome(link.lapsesAt, now) ? null : link.personId;
  };
  const change = (sessionId: string, to: Partial<SessionRecord>): void => {
    const found = sessions.get(sessionId);
    if (found !== undefined) sessions.set(sessionId, { ...found, session: { ...found.session, ...to } });
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
    removePerson: async (personId, at) => {
      const found = people.get(personId);
      if (found === undefined || found.removedAt !== null) return false;
      people.set(personId, { ...found, removedAt: at });
      for (const [hash, link] of links) if (link.personId === personId) links.delete(hash);
      for (const [id, { session }] of sessions) if (session.personId === personId) sessions.delete(id);
      for (const [id, passkey] of passkeys) if (passkey.personId === personId) passkeys.delete(id);
      for (const [key, id] of identities) if (id === personId) identities.delete(key);
      return true;
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
      sessions.set(session.sessionId, { session, old: null });
    },
    session: async (hash, { now, idleSince }): Promise<FoundSession | null> => {
      for (const { session, old } of sessions.values()) {
        const stale = old !== null && old.hash === hash && isBefore(now, old.until);
        if (session.hash !== hash && !stale) continue;
        return hasCome(session.lapsesAt, now) || isBefore(session.seenAt, idleSince) ? null : { ...session, stale };
      }
      return null;
    },
    sessionSeen: async (sessionId, at) => change(sessionId, { seenAt: at }),
    sessionProven: async (sessionId, how) => change(sessionId, { how }),
    rotateSession: async ({ sessionId, from, to, old, at, oldUntil }) => {
      const found = sessions.get(sessionId);
      if (found?.session.hash !== from) return false;
      const session = { ...found.session, hash: to, rotatedAt: at };
      sessions.set(sessionId, { session, old: { hash: old, until: oldUntil } });
      return true;
    },
    sessions: async ({ personId, now }) =>
      [...sessions.values()]
        .map(({ session }) => session)
        .filter((s) => !hasCome(s.lapsesAt, now) && (personId === null || s.personId === personId)),
    endSession: async (sessionId) => sessions.delete(sessionId),
    endSessionsBut: async (personId, sessionId) => {
      const others = [...sessions.values()].filter(
        ({ session }) => session.personId === personId && session.sessionId !== sessionId,
      );
      for (const { session } of others) sessions.delete(session.sessionId);
      return others.length;
    },
    putPasskey: async (passkey) => {
      passkeys.set(passkey.credentialId, passkey);
    },
    passkey: async (credentialId) => passkeys.get(credentialId) ?? null,
    passkeys: async (personId) => [...passkeys.values()].filter((p) => personId === null || p.personId === personId),
    passkeyUsed: async (credentialId, counter, at) => {
      const found = passkeys.get(credentialId);
      if (found !== undefined) passkeys.set(credentialId, { ...found, counter, usedAt: at });
    },
    removePasskey: async (credentialId, personId) =>
      passkeys.get(credentialId)?.personId === personId && passkeys.delete(credentialId),
    putChallenge: async (challenge) => {
      challenges.set(challenge.hash, challenge);
    },
    takeChallenge: async (hash, purpose, now) => {
      const found = challenges.get(hash);
      challenges.delete(hash);
      return found === undefined || found.purpose !== purpose || hasCome(found.lapsesAt, now) ? null : found;
    },
    identity: async (issuer, subject) => identities.get(`${issuer} ${subject}`) ?? null,
    putIdentity: async (issuer, subject, personId) => {
      identities.set(`${issuer} ${subject}`, personId);
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
