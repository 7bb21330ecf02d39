/**
 * What sign-in has to remember. Secrets are never stored, only their SHA-256: whoever reads the table can sign in as
 * nobody. Each method is one atomic step; what is `taken` is given away at most once, whoever asks at the same time.
 */
import type { Instant } from '../../foundation/time/time.ts';
import type { Role, Scope, Session } from '../contract/index.ts';

export interface PersonRecord {
  readonly personId: string;
  readonly name: string;
  readonly email: string;
  readonly roles: readonly Role[];
  readonly addedAt: Instant;
  readonly seenAt: Instant | null;
  /** Removed people keep their record: the log names them by id. */
  readonly removedAt: Instant | null;
}

export interface SessionRecord {
  /** Of the secret in the cookie; changes when the secret is rotated. */
  readonly hash: string;
  readonly sessionId: string;
  readonly personId: string;
  readonly csrf: string;
  readonly how: Session['how'];
  readonly device: string;
  readonly since: Instant;
  readonly seenAt: Instant;
  readonly rotatedAt: Instant;
  /** At the latest, used or not. */
  readonly lapsesAt: Instant;
}

export interface PasskeyRecord {
  /** The credential id, base64url. */
  readonly credentialId: string;
  readonly personId: string;
  readonly publicKey: Uint8Array;
  /** Last signature counter; an authenticator that counts and goes back has been copied. */
  readonly counter: number;
  readonly transports: readonly string[];
  readonly synced: boolean;
  readonly name: string;
  readonly addedAt: Instant;
  readonly usedAt: Instant | null;
}

/** A question sent to a browser or an identity provider whose answer has to fit. */
export interface ChallengeRecord {
  readonly hash: string;
  readonly purpose: 'add-passkey' | 'passkey' | 'oidc';
  readonly personId: string | null;
  /** What has to be known again when the answer comes: nonce and code verifier of OIDC. */
  readonly data: string;
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

/** Whose session a cookie opens. The secret before a rotation opens it a little longer, for requests under way. */
export interface FoundSession extends SessionRecord {
  readonly stale: boolean;
}

/** A new secret `to` for the session that has `from`; `old` goes on opening it until `oldUntil`. All are hashes. */
export interface Rotation {
  readonly sessionId: string;
  readonly from: string;
  readonly to: string;
  readonly old: string;
  readonly at: Instant;
  readonly oldUntil: Instant;
}

export interface AccessStore {
  people(): Promise<readonly PersonRecord[]>;
  person(personId: string): Promise<PersonRecord | null>;
  /** Adds, or changes name, e-mail and roles of the one with this id. */
  putPerson(person: PersonRecord): Promise<void>;
  personSeen(personId: string, at: Instant): Promise<void>;
  /** Ends sessions, links, passkeys and identities with it. False when there is no such person, or no longer. */
  removePerson(personId: string, at: Instant): Promise<boolean>;

  putLink(hash: string, personId: string, lapsesAt: Instant): Promise<void>;
  /** Whose link this is, without using it; null when unknown, used or lapsed. */
  linkOwner(hash: string, now: Instant): Promise<string | null>;
  takeLink(hash: string, now: Instant): Promise<string | null>;

  putSession(session: SessionRecord): Promise<void>;
  /** Null when unknown, lapsed, or not used since `idleSince`. */
  session(hash: string, when: { readonly now: Instant; readonly idleSince: Instant }): Promise<FoundSession | null>;
  sessionSeen(sessionId: string, at: Instant): Promise<void>;
  sessionProven(sessionId: string, how: SessionRecord['how']): Promise<void>;
  /** False when another request was faster. */
  rotateSession(rotation: Rotation): Promise<boolean>;
  sessions(of: { readonly personId: string | null; readonly now: Instant }): Promise<readonly SessionRecord[]>;
  endSession(sessionId: string): Promise<boolean>;
  /** How many ended. */
  endSessionsBut(personId: string, sessionId: string): Promise<number>;

  putPasskey(passkey: PasskeyRecord): Promise<void>;
  passkey(credentialId: string): Promise<PasskeyRecord | null>;
  passkeys(personId: string | null): Promise<readonly PasskeyRecord[]>;
  passkeyUsed(credentialId: string, counter: number, at: Instant): Promise<void>;
  removePasskey(credentialId: string, personId: string): Promise<boolean>;

  putChallenge(challenge: ChallengeRecord): Promise<void>;
  takeChallenge(hash: string, purpose: ChallengeRecord['purpose'], now: Instant): Promise<ChallengeRecord | null>;

  /** Who an identity provider's subject is here. */
  identity(issuer: string, subject: string): Promise<string | null>;
  putIdentity(issuer: string, subject: string, personId: string): Promise<void>;

  tokens(): Promise<readonly TokenRecord[]>;
  putToken(token: TokenRecord): Promise<void>;
  tokenByHash(hash: string, now: Instant): Promise<TokenRecord | null>;
  tokenUsed(tokenId: string, at: Instant): Promise<void>;
  removeToken(tokenId: string): Promise<boolean>;
}
