/** The operator's policy: what is in force, what a change would do to open cases, and who published what and why. */
import { z } from 'zod';
import { Id, Instant } from './scalars.ts';

export const LadderName = z
  .enum(['proven-compromise', 'subscriber-request', '24-hours', '5-days', '7-days', 'unproven', 'no-limit'])
  .meta({ id: 'LadderName' });

export const PolicyStep = z
  .object({
    id: z.string().min(1).max(60),
    action: z.enum([
      'acknowledge',
      'page',
      'notice',
      'advise-renewal',
      'second-channel',
      'call',
      'reminder',
      'last-call',
      'authorise',
      'revoke',
      'hard-trigger',
      'executive-page',
      'draft-incident',
      'force',
      'breach',
    ]),
    anchor: z.enum(['start', 'due']),
    offsetSeconds: z.number().int().min(0).max(31_622_400).describe('After the start, or before the deadline.'),
    audience: z.enum(['subscriber', 'reporter', 'on-call', 'executive', 'compliance', 'desk']),
    skipWhen: z.array(z.enum(['taken', 'answered', 'authorised', 'accepted', 'published'])).max(5),
    says: z.string().min(1).max(500),
  })
  .meta({ id: 'PolicyStep' });
export type PolicyStep = z.infer<typeof PolicyStep>;

/** What an operator writes on top of the rulebooks. What is left out is as shipped; nothing may be longer or laxer. */
export const PolicyOverlay = z
  .object({
    limits: z
      .record(z.string().max(60), z.number().int())
      .optional()
      .describe('Rule id to its shorter limit, seconds.'),
    publishMarginSeconds: z.number().int().optional(),
    silenceSeconds: z.number().int().optional(),
    approvals: z.record(z.string().max(60), z.number().int()).optional().describe('Act to people who approve.'),
    ladders: z
      .partialRecord(LadderName, z.array(PolicyStep).max(50))
      .optional()
      .describe('A ladder is written whole: every shipped step, none later, and steps of one’s own.'),
  })
  .meta({ id: 'PolicyOverlay' });
export type PolicyOverlay = z.infer<typeof PolicyOverlay>;

export const PolicyVersion = z
  .object({
    version: z.number().int().describe('0: the configuration file.'),
    state: z.enum(['in-force', 'waits-for-second-person', 'declined', 'replaced']),
    by: z.string(),
    at: Instant,
    because: z.string(),
    agreedBy: z.string().nullable(),
    changes: z.array(z.string()).describe('Against the version before, one sentence each.'),
  })
  .meta({ id: 'PolicyVersion' });
export type PolicyVersion = z.infer<typeof PolicyVersion>;

export const PolicyView = z
  .object({
    now: Instant,
    version: z.number().int(),
    document: z.string(),
    overlay: PolicyOverlay.describe('As written; what the editor starts from.'),
    silenceSeconds: z.number().int(),
    publishMarginSeconds: z.number().int(),
    bounds: z.object({
      silenceMaxSeconds: z.number().int(),
      publishMarginMinSeconds: z.number().int(),
      publishMarginMaxSeconds: z.number().int(),
    }),
    limits: z.array(
      z.object({
        id: z.string(),
        document: z.string(),
        section: z.string(),
        says: z.string(),
        bookSeconds: z.number().int().describe('What the rulebook gives.'),
        seconds: z.number().int().describe('What is in force.'),
      }),
    ),
    approvals: z.array(z.object({ act: z.string(), people: z.number().int(), least: z.number().int() })),
    ladders: z.array(
      z.object({
        name: LadderName,
        steps: z.array(PolicyStep),
        shipped: z.array(PolicyStep).describe('No step may come later than here.'),
      }),
    ),
    history: z.array(PolicyVersion).describe('Newest first.'),
    waiting: PolicyVersion.nullable().describe('A version that a second person has to agree to.'),
  })
  .meta({ id: 'PolicyView' });
export type PolicyView = z.infer<typeof PolicyView>;

export const PolicyPreviewIn = z.object({ overlay: PolicyOverlay }).meta({ id: 'PolicyPreviewIn' });
export type PolicyPreviewIn = z.output<typeof PolicyPreviewIn>;

export const PolicyPreview = z
  .object({
    now: Instant,
    problems: z.array(z.object({ path: z.string(), message: z.string() })).describe('Empty when it may be published.'),
    changes: z.array(z.object({ what: z.string(), before: z.string(), after: z.string(), looser: z.boolean() })),
    looser: z.boolean().describe('Laxer than what is in force, though not than the rulebooks: a second person agrees.'),
    openCases: z.number().int(),
    affectedTotal: z.number().int(),
    affected: z
      .array(
        z.object({
          caseId: Id,
          matterId: Id,
          title: z.string(),
          dueAt: Instant.nullable(),
          cutOffBefore: Instant,
          cutOffAfter: Instant,
          atOnce: z.boolean().describe('What was ahead lies behind under the new policy: it happens on publication.'),
          says: z.string(),
        }),
      )
      .describe('Open matters for which something moves, soonest first, at most 200.'),
  })
  .meta({ id: 'PolicyPreview' });
export type PolicyPreview = z.infer<typeof PolicyPreview>;

export const PolicyPublishIn = z
  .object({
    overlay: PolicyOverlay,
    because: z.string().min(3).max(2000),
    basedOn: z.number().int().min(0).describe('The version that was looked at; 412 when another is in force.'),
  })
  .meta({ id: 'PolicyPublishIn' });
export type PolicyPublishIn = z.output<typeof PolicyPublishIn>;

export const PolicyPublished = z
  .object({
    now: Instant,
    version: z.number().int(),
    state: z.enum(['in-force', 'waits-for-second-person', 'declined']),
    text: z.string(),
  })
  .meta({ id: 'PolicyPublished' });
export type PolicyPublished = z.infer<typeof PolicyPublished>;
