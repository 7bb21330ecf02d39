/**
 * What sign-in has to remember. Secrets are never stored, only their SHA-256: whoever reads the table can sign in as
 * nobody. Each method is one atomic step; `takeLink` gives a link away at most once, whoever asks at the same time.
 */
import type { Instant } from '../../foundation/time/time.ts';
import type { Role, Scope } from '../contract/index.ts';

export interface PersonRecord {
  readonly personId: string;
  readonly name: string;
  readonly email: string;
  readonly roles: readonly Role[];
  readonly addedAt: Instant;
  readonly seenAt: Instant | null;
}

export interface SessionRecord {
  readonly hash: string;
  readonly personId: string;
  readonly csrf: string;
  readonly lapsesAt: Instant;
}

export interface TokenRecord {
  readonly tokenId: string;
  readonly hash: string;
  readonly name: string;
  readonly scopes: readonly Scope[];
  readonly by: string;
  readonly addedAt: Instant;
  readonly lapsesAt: Instant;
  readonly usedAt: Instant | null;
}

export interface AccessStore {
  people(): Promise<readonly PersonRecord[]>;
  person(personId: string): Promise<PersonRecord | null>;
  /** Adds, or changes name, e-mail and roles of the one with this id. */
  putPerson(person: PersonRecord): Promise<void>;
  personSeen(personId: string, at: Instant): Promise<void>;
  putLink(hash: string, personId: string, lapsesAt: Instant): Promise<void>;
  /** Whose link this is, without using it; null when unknown, used or lapsed. */
  linkOwner(hash: string, now: Instant): Promise<string | null>;
  takeLink(hash: string, now: Instant): Promise<string | null>;
  putSession(session: SessionRecord): Promise<void>;
  session(hash: string, now: Instant): Promise<SessionRecord | null>;
  endSession(hash: string): Promise<void>;
  tokens(): Promise<readonly TokenRecord[]>;
  putToken(token: TokenRecord): Promise<void>;
  tokenByHash(hash: string, now: Instant): Promise<TokenRecord | null>;
  tokenUsed(tokenId: string, at: Instant): Promise<void>;
  removeToken(tokenId: string): Promise<boolean>;
}
