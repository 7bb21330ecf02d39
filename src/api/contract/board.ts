/** The NOW board: one line per open case, led by its nearest clock. */
import { z } from 'zod';
import { Id, Instant, Label, pageFields, RuleRef, Seq, Stage, Team, Verdict } from './scalars.ts';

export const ClockKind = z
  .enum(['revocation', 'preliminary-report', 'review'])
  .meta({ id: 'ClockKind', description: '`review`: a person has to say whether this is a report.' });
export type ClockKind = z.infer<typeof ClockKind>;

export const BoardClock = z
  .object({
    kind: ClockKind,
    startAt: Instant,
    dueAt: Instant.nullable(),
    rule: RuleRef.nullable(),
  })
  .meta({ id: 'BoardClock' });
export type BoardClock = z.infer<typeof BoardClock>;

/** What happens by itself if nobody acts, or what waits for a person. */
export const NextStep = z
  .object({
    what: z.string(),
    at: Instant.nullable().describe('Null: as soon as it can, or when the person acts.'),
    by: z.enum(['desk', 'person']),
    team: Team.nullable(),
    matterId: Id.nullable(),
  })
  .meta({ id: 'NextStep' });
export type NextStep = z.infer<typeof NextStep>;

export const CertificateCounts = z
  .object({
    total: z.number().int(),
    published: z.number().int().describe('Relying parties see them as revoked.'),
    accepted: z.number().int().describe('The CA has accepted the order; includes those published.'),
    held: z.number().int(),
    scheduled: z.number().int(),
    expired: z.number().int(),
    failing: z.number().int(),
    replaced: z.number().int(),
  })
  .meta({ id: 'CertificateCounts' });
export type CertificateCounts = z.infer<typeof CertificateCounts>;

export const SubscriberState = z
  .enum(['none', 'not-told', 'told', 'unreachable', 'answered'])
  .meta({ id: 'SubscriberState' });
export type SubscriberState = z.infer<typeof SubscriberState>;

export const BoardRow = z
  .object({
    caseId: Id,
    seq: Seq,
    title: z.string().describe('What it is about: names first, then how many more.'),
    label: Label.nullable(),
    stage: Stage,
    team: Team.nullable(),
    takenAt: Instant.nullable(),
    verdict: Verdict.nullable(),
    /** Nearest due first; never empty while the case is open. */
    clocks: z.array(BoardClock),
    cutOffAt: Instant.nullable().describe('When revocation goes ahead without an answer.'),
    certificates: CertificateCounts,
    subscriber: SubscriberState,
    next: NextStep.nullable(),
    questions: z.number().int().describe('Questions that wait for a person.'),
    missed: z.boolean().describe('A deadline of this case has passed unmet.'),
    lastAt: Instant,
    last: z.string().describe('The latest event, as a sentence.'),
  })
  .meta({ id: 'BoardRow' });
export type BoardRow = z.infer<typeof BoardRow>;

/** Why an empty board means quiet rather than deafness. */
export const Quiet = z
  .object({
    sweptAt: Instant.nullable().describe('Last full replanning of every open case.'),
    lastReportAt: Instant.nullable(),
    canaries: z.array(z.object({ address: z.string(), seenAt: Instant.nullable(), ok: z.boolean() })),
    eventLog: z.object({ size: z.number().int(), verifiedAt: Instant.nullable() }),
  })
  .meta({ id: 'Quiet' });
export type Quiet = z.infer<typeof Quiet>;

/** A case that is over: what became of it, and how much of the limit was left. */
export const RecentCase = z
  .object({
    caseId: Id,
    title: z.string(),
    label: Label.nullable(),
    stage: Stage,
    endedAt: Instant,
    published: z.number().int(),
    total: z.number().int(),
    marginSeconds: z
      .number()
      .int()
      .nullable()
      .describe('From the last publication to the nearest limit; negative when late; null without a limit.'),
    missed: z.boolean(),
    because: z.string(),
  })
  .meta({ id: 'RecentCase' });
export type RecentCase = z.infer<typeof RecentCase>;

export const Board = z
  .object({
    ...pageFields,
    seq: Seq,
    total: z.number().int(),
    waiting: z.number().int().describe('Cases that wait for a person.'),
    rows: z.array(BoardRow),
    recent: z.array(RecentCase).describe('Cases that ended lately, newest first, at most 20; on the first page only.'),
    quiet: Quiet,
  })
  .meta({ id: 'Board' });
export type Board = z.infer<typeof Board>;

export const BoardQuery = z.object({
  team: Team.optional(),
  q: z.string().max(200).optional(),
  limit: z.coerce.number().int().min(1).max(500).default(200),
  cursor: z.string().max(200).optional(),
});
export type BoardQuery = z.output<typeof BoardQuery>;
