/** Peace-time questions: who is on call, do the channels carry, who could not be reached tonight, who would replace in time. */
import { z } from 'zod';
import { Id, Instant, pageFields } from './scalars.ts';

const ContactState = z.object({
  channel: z.enum(['email', 'phone', 'sms', 'web-push', 'webhook']),
  to: z.string(),
  state: z.enum(['good', 'failed', 'stale', 'unproven']),
  at: Instant.nullable().describe('When it last worked or failed.'),
});

export const Readiness = z
  .object({
    now: Instant,
    until: Instant,
    ready: z.boolean(),
    problems: z.array(z.string()).describe('What is not ready, one sentence each, worst first.'),
    onCall: z.object({
      configured: z.boolean(),
      now: z.array(z.object({ level: z.number().int(), person: z.string(), because: z.enum(['turn', 'override']) })),
      shifts: z.array(
        z.object({
          level: z.number().int(),
          person: z.string(),
          from: Instant,
          until: Instant,
          because: z.enum(['turn', 'override']),
        }),
      ),
      gaps: z.array(z.object({ level: z.number().int(), from: Instant, until: Instant })),
      people: z.array(z.object({ person: z.string(), contacts: z.array(ContactState) })),
    }),
    channels: z.array(
      z.object({
        address: z.string(),
        state: z.enum(['ok', 'failing', 'unknown']),
        testedAt: Instant.nullable(),
        seenAt: Instant.nullable(),
        problem: z.string().nullable(),
      }),
    ),
    contacts: z.object({
      subscribers: z.number().int(),
      unreachable: z.number().int(),
      oneWay: z.number().int(),
      unverified: z.number().int(),
    }),
  })
  .meta({ id: 'Readiness' });
export type Readiness = z.infer<typeof Readiness>;

/** Subscribers who could not be reached, or only just, worst first. */
export const Unreachable = z
  .object({
    ...pageFields,
    total: z.number().int(),
    rows: z.array(
      z.object({
        subscriber: z.string(),
        name: z.string(),
        problem: z.enum(['nobody-home', 'one-way', 'reverify']),
        contacts: z.array(ContactState),
        caseIds: z.array(Id).describe('Open cases in which this subscriber was written to.'),
      }),
    ),
  })
  .meta({ id: 'Unreachable' });
export type Unreachable = z.infer<typeof Unreachable>;

const figures = {
  certificates: z.number().int(),
  acme: z.number().int(),
  api: z.number().int(),
  manual: z.number().int(),
  unknown: z.number().int(),
  polling: z.number().int().describe('Whose agent asked for renewal information lately.'),
  advised: z.number().int(),
  replaced: z.number().int(),
  medianReplacementSeconds: z.number().int().nullable(),
};

/** How ready subscribers are for a revocation in 24 hours, measured and not asked. */
export const Adoption = z
  .object({
    ...pageFields,
    since: Instant,
    limitSeconds: z.number().int(),
    overall: z.object(figures),
    subscribers: z.number().int(),
    readiness: z.object({
      shown: z.number().int(),
      failed: z.number().int(),
      open: z.number().int(),
      untried: z.number().int(),
    }),
    rows: z
      .array(
        z.object({
          subscriber: z.string(),
          readiness: z.enum(['shown', 'failed', 'open', 'untried']),
          ...figures,
        }),
      )
      .describe('In order of urgency.'),
  })
  .meta({ id: 'Adoption' });
export type Adoption = z.infer<typeof Adoption>;
