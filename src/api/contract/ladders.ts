/** The escalation ladders in force, laid against a deadline for any start one likes to try. */
import { z } from 'zod';
import { Instant } from './scalars.ts';

export const LadderStepAt = z
  .object({
    id: z.string(),
    action: z.string(),
    at: Instant,
    anchor: z.enum(['start', 'due']),
    offsetSeconds: z.number().int().describe('After the start, or before the deadline.'),
    audience: z.enum(['subscriber', 'reporter', 'on-call', 'executive', 'compliance', 'desk']),
    says: z.string(),
    skipWhen: z.array(z.string()),
  })
  .meta({ id: 'LadderStepAt' });
export type LadderStepAt = z.infer<typeof LadderStepAt>;

export const Ladders = z
  .object({
    now: Instant,
    startAt: Instant,
    document: z.string(),
    version: z.string(),
    silenceSeconds: z.number().int(),
    publishMarginSeconds: z.number().int(),
    approvals: z.array(z.object({ act: z.string(), people: z.number().int() })),
    rows: z.array(
      z.object({
        name: z.string(),
        dueAt: Instant.nullable(),
        revokeBy: Instant.nullable().describe('Deadline less the reserve for publication.'),
        steps: z.array(LadderStepAt),
      }),
    ),
  })
  .meta({ id: 'Ladders' });
export type Ladders = z.infer<typeof Ladders>;

export const LaddersQuery = z.object({ startAt: Instant.optional() });
export type LaddersQuery = z.output<typeof LaddersQuery>;
