/** People, roles, sessions, passkeys and API tokens. A secret is shown once, when it is made. */
import { z } from 'zod';
import { Role } from './desk.ts';
import { Id, Instant, Seq } from './scalars.ts';

/** Why somebody does it: goes into the event log beside who did. */
const because = z.string().max(2000).default('');
const reasonNeeded = z.string().min(3).max(2000);

export const scopes = [
  'read',
  'act',
  'audit',
  'policy',
  'administer',
  'report',
  'blocked-keys',
  'automation-policy',
] as const;
export const Scope = z.enum(scopes).meta({
  id: 'Scope',
  description:
    '`audit`: people, sessions and exports of personal data. `policy`: publish a stricter policy. The others say it themselves.',
});
export type Scope = z.infer<typeof Scope>;

export const Person = z
  .object({
    personId: Id,
    name: z.string(),
    email: z.string(),
    roles: z.array(Role),
    addedAt: Instant,
    seenAt: Instant.nullable(),
    passkeys: z.number().int(),
    removedAt: Instant.nullable().describe('A removed person cannot sign in; the record stays for the log’s sake.'),
  })
  .meta({ id: 'Person' });
export type Person = z.infer<typeof Person>;
export const People = z.object({ now: Instant, rows: z.array(Person) }).meta({ id: 'People' });
export type People = z.infer<typeof People>;

export const PersonIn = z
  .object({
    name: z.string().min(1).max(200),
    email: z.email().max(320),
    roles: z.array(Role).min(1).max(7),
    because,
  })
  .meta({ id: 'PersonIn' });
export type PersonIn = z.output<typeof PersonIn>;

export const PersonChange = z
  .object({
    name: z.string().min(1).max(200),
    email: z.email().max(320),
    roles: z.array(Role).min(1).max(7),
    because: reasonNeeded,
  })
  .meta({ id: 'PersonChange' });
export type PersonChange = z.output<typeof PersonChange>;
export const PersonChanged = z.object({ now: Instant, person: Person }).meta({ id: 'PersonChanged' });
export type PersonChanged = z.infer<typeof PersonChanged>;
export const Because = z.object({ because: reasonNeeded }).meta({ id: 'Because' });
export type Because = z.output<typeof Because>;

export const PersonAdded = z
  .object({
    now: Instant,
    person: Person,
    link: z.string().describe('One-time sign-in link, shown once.'),
    lapsesAt: Instant,
  })
  .meta({ id: 'PersonAdded' });
export type PersonAdded = z.infer<typeof PersonAdded>;

export const Token = z
  .object({
    tokenId: Id,
    name: z.string(),
    scopes: z.array(Scope),
    by: z.string(),
    addedAt: Instant,
    lapsesAt: Instant,
    usedAt: Instant.nullable(),
  })
  .meta({ id: 'Token' });
export type Token = z.infer<typeof Token>;
export const Tokens = z.object({ now: Instant, rows: z.array(Token) }).meta({ id: 'Tokens' });
export type Tokens = z.infer<typeof Tokens>;

export const TokenIn = z
  .object({
    name: z.string().min(1).max(100),
    scopes: z.array(Scope).min(1).max(7),
    days: z.number().int().min(1).max(366),
    because,
  })
  .meta({ id: 'TokenIn' });
export type TokenIn = z.output<typeof TokenIn>;
export const TokenAdded = z
  .object({ now: Instant, token: Token, secret: z.string().describe('Shown once; only its hash is kept.') })
  .meta({ id: 'TokenAdded' });
export type TokenAdded = z.infer<typeof TokenAdded>;
export const Removed = z.object({ now: Instant, removed: z.boolean() }).meta({ id: 'Removed' });
export type Removed = z.infer<typeof Removed>;

/** One browser in which somebody is signed in. */
export const Session = z
  .object({
    sessionId: Id,
    personId: Id,
    name: z.string(),
    how: z.enum(['link', 'passkey', 'oidc']),
    device: z.string().describe('Browser and system as the browser names itself, shortened.'),
    since: Instant,
    seenAt: Instant,
    lapsesAt: Instant.describe('At the latest; without use it ends earlier.'),
    current: z.boolean(),
  })
  .meta({ id: 'Session' });
export type Session = z.infer<typeof Session>;
export const Sessions = z.object({ now: Instant, rows: z.array(Session) }).meta({ id: 'Sessions' });
export type Sessions = z.infer<typeof Sessions>;
export const SessionsQuery = z.object({
  of: z.enum(['me', 'everybody']).default('me').describe('`everybody` needs the right to audit.'),
});
export type SessionsQuery = z.output<typeof SessionsQuery>;

export const Passkey = z
  .object({
    passkeyId: Id,
    name: z.string(),
    addedAt: Instant,
    usedAt: Instant.nullable(),
    synced: z.boolean().describe('The authenticator says that it keeps a copy elsewhere.'),
  })
  .meta({ id: 'Passkey' });
export type Passkey = z.infer<typeof Passkey>;
export const Passkeys = z.object({ now: Instant, rows: z.array(Passkey) }).meta({ id: 'Passkeys' });
export type Passkeys = z.infer<typeof Passkeys>;

/** What WebAuthn Level 3 calls the JSON forms; they pass through unread by the contract and are checked by the server. */
const webAuthnJson = z.record(z.string(), z.unknown());
export const PasskeyAsked = z
  .object({ now: Instant, options: webAuthnJson.describe('PublicKeyCredentialCreationOptionsJSON.') })
  .meta({ id: 'PasskeyAsked' });
export type PasskeyAsked = z.infer<typeof PasskeyAsked>;
export const PasskeyIn = z
  .object({ name: z.string().min(1).max(100), response: webAuthnJson.describe('RegistrationResponseJSON.') })
  .meta({ id: 'PasskeyIn' });
export type PasskeyIn = z.output<typeof PasskeyIn>;
export const PasskeyAdded = z.object({ now: Instant, passkey: Passkey }).meta({ id: 'PasskeyAdded' });
export type PasskeyAdded = z.infer<typeof PasskeyAdded>;

/** Everything kept about one of our people: what they can ask for under data-protection law. */
export const PersonExport = z
  .object({
    now: Instant,
    person: Person,
    sessions: z.array(Session),
    passkeys: z.array(Passkey),
    acts: z.array(z.object({ seq: Seq, at: Instant, caseId: Id.nullable(), type: z.string(), text: z.string() })),
    actsTotal: z.number().int(),
  })
  .meta({ id: 'PersonExport' });
export type PersonExport = z.infer<typeof PersonExport>;

export const ReporterExportIn = z
  .object({ address: z.email().max(320), because: reasonNeeded })
  .meta({ id: 'ReporterExportIn', description: 'By POST, so that the address stands in no access log.' });
export type ReporterExportIn = z.output<typeof ReporterExportIn>;

/** Everything kept about one address that wrote to us. */
export const ReporterExport = z
  .object({
    now: Instant,
    address: z.string(),
    reports: z.array(
      z.object({
        caseId: Id,
        reportId: Id,
        receivedAt: Instant,
        subject: z.string(),
        text: z.string().describe('As kept: redacted.'),
        label: z.string().nullable(),
      }),
    ),
    letters: z.array(
      z.object({ caseId: Id, letterId: Id, at: Instant, subject: z.string(), text: z.string(), state: z.string() }),
    ),
    kept: z.string().describe('Why it is kept and for how long, as a sentence.'),
  })
  .meta({ id: 'ReporterExport' });
export type ReporterExport = z.infer<typeof ReporterExport>;
