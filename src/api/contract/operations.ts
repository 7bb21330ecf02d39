/** What people and programs may ask to happen. The words are those of `desk/commands`; each needs a reason. */
import { z } from 'zod';
import { Id, Instant, Label, Seq, Sha256, Team } from './scalars.ts';

const because = z.string().min(3).max(2000);

/** Part of a matter's frozen set: everything, or certificates named one by one. */
export const Selection = z
  .union([z.object({ all: z.literal(true) }), z.object({ fingerprints: z.array(Sha256).min(1).max(10_000) })])
  .meta({ id: 'Selection' });
export type Selection = z.infer<typeof Selection>;

export const CaseCommand = z
  .discriminatedUnion('do', [
    z.object({ do: z.literal('confirm'), reportId: Id, label: Label, because }),
    z.object({ do: z.literal('dismiss'), reportId: Id, because }),
    z.object({
      do: z.literal('name-certificates'),
      reportId: Id,
      identifiers: z.array(z.string().max(200)).min(1).max(10_000),
      because,
    }),
    z.object({ do: z.literal('close-matter'), matterId: Id, because }),
    z.object({ do: z.literal('approve'), matterId: Id, because }),
    z.object({ do: z.literal('schedule'), matterId: Id, certificates: Selection, notBeforeAt: Instant, because }),
    z.object({
      do: z.literal('hold'),
      matterId: Id,
      certificates: Selection,
      untilAt: Instant,
      basis: z.string().min(3).max(500),
      because,
    }),
    z.object({ do: z.literal('release'), matterId: Id, holdId: Id, because }),
    z.object({ do: z.literal('take'), team: Team }),
    z.object({ do: z.literal('hand-off'), to: Team, because }),
    z.object({
      do: z.literal('answer'),
      matterId: Id,
      subscriber: z.string().max(200),
      answer: z.enum(['acknowledged', 'agrees', 'replaced', 'disputes', 'asks-more-time', 'question']),
    }),
    z.object({ do: z.literal('first-known'), reportId: Id, at: Instant, detail: z.string().min(3).max(500), because }),
    z.object({
      do: z.literal('called'),
      subscriber: z.string().min(1).max(200),
      to: z.string().min(3).max(40).describe('The number that was called.'),
      result: z.enum(['answered', 'no-answer', 'voicemail', 'busy', 'wrong-number']),
      remark: z.string().max(500),
    }),
    z.object({ do: z.literal('note'), text: z.string().min(1).max(10_000) }),
  ])
  .meta({ id: 'CaseCommand' });
export type CaseCommand = z.infer<typeof CaseCommand>;

export const CommandAnswer = z
  .object({
    now: Instant,
    seq: Seq,
    state: z.enum(['done', 'waits-for-second-person']),
    proposalId: Id.nullable(),
    text: z.string().describe('What happened, as a sentence.'),
  })
  .meta({ id: 'CommandAnswer' });
export type CommandAnswer = z.infer<typeof CommandAnswer>;

/** A command that policy gives to two people: the first has asked, the second has not answered yet. */
export const Proposal = z
  .object({
    proposalId: Id,
    caseId: Id,
    command: CaseCommand,
    by: z.string(),
    at: Instant,
    lapsesAt: Instant,
    text: z.string(),
  })
  .meta({ id: 'Proposal' });
export type Proposal = z.infer<typeof Proposal>;

export const ProposalsPage = z.object({ now: Instant, rows: z.array(Proposal) }).meta({ id: 'ProposalsPage' });
export type ProposalsPage = z.infer<typeof ProposalsPage>;

export const ProposalDecision = z
  .object({ decision: z.enum(['agree', 'decline']), because })
  .meta({ id: 'ProposalDecision' });
export type ProposalDecision = z.infer<typeof ProposalDecision>;
