/** The rest of the desk: inbox, channels, keys, connectors, event log, people. */
import { z } from 'zod';
import { BecauseView } from './case.ts';
import { Id, Instant, Label, pageFields, Seq, Sha256, Team, Verdict } from './scalars.ts';

export const InboxItem = z
  .object({
    caseId: Id,
    reportId: Id,
    seq: Seq,
    channel: z.string(),
    source: z.string(),
    from: z.string(),
    subject: z.string(),
    language: z.string(),
    receivedAt: Instant,
    dueAt: Instant.nullable().describe('When the findings are owed if this is a report.'),
    label: Label.nullable(),
    score: z.number().nullable(),
    proposal: z.enum(['report', 'not-a-report', 'unknown']),
    verdict: Verdict.nullable(),
    because: z.array(BecauseView),
    artifacts: z.array(z.object({ kind: z.string(), value: z.string(), ours: z.boolean().nullable() })),
  })
  .meta({ id: 'InboxItem' });
export type InboxItem = z.infer<typeof InboxItem>;

export const Inbox = z
  .object({ ...pageFields, seq: Seq, total: z.number().int(), rows: z.array(InboxItem) })
  .meta({ id: 'Inbox' });
export type Inbox = z.infer<typeof Inbox>;

export const Channel = z
  .object({
    channelId: Id,
    kind: z.string(),
    address: z.string(),
    state: z.enum(['ok', 'late', 'failing', 'unknown']),
    problem: z.string().nullable(),
    lastMessageAt: Instant.nullable(),
    canary: z.object({ sentAt: Instant.nullable(), seenAt: Instant.nullable(), ok: z.boolean().nullable() }),
    lagSecondsP50: z.number().nullable(),
    lagSecondsP99: z.number().nullable(),
    receivedToday: z.number().int(),
    unreadable: z.number().int(),
    quarantine: z.number().int(),
    published: z.string().nullable().describe('Where this address is published: CPS 1.5.2, CCADB, web site.'),
  })
  .meta({ id: 'Channel' });
export type Channel = z.infer<typeof Channel>;

export const Channels = z.object({ now: Instant, rows: z.array(Channel) }).meta({ id: 'Channels' });
export type Channels = z.infer<typeof Channels>;

export const BlockedKey = z
  .object({
    spkiSha256: Sha256,
    blockedAt: Instant,
    caseId: Id.nullable(),
    because: z.string(),
    proof: z.boolean(),
    certificates: z.number().int(),
  })
  .meta({ id: 'BlockedKey' });
export type BlockedKey = z.infer<typeof BlockedKey>;

export const BlockedKeys = z
  .object({ ...pageFields, total: z.number().int(), rows: z.array(BlockedKey) })
  .meta({ id: 'BlockedKeys' });
export type BlockedKeys = z.infer<typeof BlockedKeys>;

export const KeyAnswer = z
  .object({ spkiSha256: Sha256, blocked: z.boolean(), blockedAt: Instant.nullable(), reason: z.string().nullable() })
  .meta({ id: 'KeyAnswer', description: 'Asked by the CA before it issues.' });
export type KeyAnswer = z.infer<typeof KeyAnswer>;

export const Connector = z
  .object({
    connectorId: Id,
    kind: z.string(),
    issuer: z.string(),
    state: z.enum(['ok', 'failing', 'unknown']),
    lastAnswerAt: Instant.nullable(),
    problem: z.string().nullable(),
    ordered: z.number().int(),
    accepted: z.number().int(),
    waiting: z.number().int(),
    crlAt: Instant.nullable().describe('thisUpdate of the newest CRL a probe verified.'),
    crlNextAt: Instant.nullable(),
    ari: z.object({ advised: z.number().int(), polled: z.number().int(), replaced: z.number().int() }),
  })
  .meta({ id: 'Connector' });
export type Connector = z.infer<typeof Connector>;

export const Connectors = z.object({ now: Instant, rows: z.array(Connector) }).meta({ id: 'Connectors' });
export type Connectors = z.infer<typeof Connectors>;

export const LogEntry = z
  .object({
    seq: Seq,
    at: Instant,
    caseId: Id.nullable(),
    type: z.string(),
    by: z.string(),
    text: z.string(),
    leaf: z.string().nullable(),
  })
  .meta({ id: 'LogEntry' });
export type LogEntry = z.infer<typeof LogEntry>;

export const EventsPage = z
  .object({
    ...pageFields,
    rows: z.array(LogEntry),
    log: z.object({
      size: z.number().int(),
      root: z.string().nullable(),
      verifiedAt: Instant.nullable(),
      ok: z.boolean().nullable(),
      problem: z.string().nullable(),
    }),
  })
  .meta({ id: 'EventsPage' });
export type EventsPage = z.infer<typeof EventsPage>;

export const EventsQuery = z.object({
  caseId: Id.optional(),
  type: z.string().max(60).optional(),
  before: z.coerce.number().int().min(0).optional(),
  limit: z.coerce.number().int().min(1).max(500).default(100),
});
export type EventsQuery = z.output<typeof EventsQuery>;

export const PageQuery = z.object({
  limit: z.coerce.number().int().min(1).max(500).default(100),
  cursor: z.string().max(200).optional(),
  q: z.string().max(200).optional(),
});
export type PageQuery = z.output<typeof PageQuery>;

/** Sent on `/api/v1/events`: something happened; the reader fetches what it shows. */
export const Change = z
  .object({ seq: Seq, at: Instant, caseId: Id.nullable(), type: z.string() })
  .meta({ id: 'Change' });
export type Change = z.infer<typeof Change>;

export const Tick = z.object({ now: Instant, seq: Seq }).meta({ id: 'Tick' });
export type Tick = z.infer<typeof Tick>;

/** Who else looks at this case now, so that two people do not do the same thing without knowing. */
export const Presence = z
  .object({
    now: Instant,
    others: z.array(z.object({ person: z.string(), name: z.string(), since: Instant, acting: z.boolean() })),
  })
  .meta({ id: 'Presence' });
export type Presence = z.infer<typeof Presence>;

export const PresenceIn = z
  .object({
    acting: z.boolean().describe('A dialog is open in which this person is about to act.'),
    leaving: z.boolean(),
  })
  .meta({ id: 'PresenceIn' });
export type PresenceIn = z.infer<typeof PresenceIn>;

export const roles = [
  'pki-team',
  'pki-support',
  'ssl-support',
  'compliance',
  'auditor',
  'reader',
  'administrator',
] as const;
export const Role = z.enum(roles).meta({ id: 'Role' });
export type Role = z.infer<typeof Role>;

export const Me = z
  .object({
    now: Instant,
    person: z.string().nullable().describe('Null: nobody is signed in.'),
    name: z.string(),
    roles: z.array(Role),
    teams: z.array(Team),
    may: z.object({
      read: z.boolean(),
      act: z.boolean(),
      audit: z.boolean(),
      policy: z.boolean(),
      administer: z.boolean(),
    }),
    signIn: z.enum(['none', 'link']).describe('`none`: this desk runs without sign-in (evaluation on one machine).'),
    ways: z
      .array(z.enum(['link', 'passkey', 'oidc']))
      .describe(
        'Ways to sign in here. The page for it is /sign-in, the page for one’s own passkeys and sessions /account.',
      ),
    passkeys: z.number().int().nullable().describe('How many passkeys I have; null when nobody is signed in.'),
    csrf: z.string().nullable(),
    desk: z.object({ name: z.string(), virtualTime: z.boolean() }),
  })
  .meta({ id: 'Me' });
export type Me = z.infer<typeof Me>;
