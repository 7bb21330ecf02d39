/** The rules lab: which verdicts on mail already read would move under other thresholds. Changes nothing. */
import { z } from 'zod';
import { Id, Instant, Label } from './scalars.ts';

const share = z.number().min(0).max(1);
export const TriageThresholds = z
  .object({
    openFrom: share.describe('At and above: a case opens without a person.'),
    fileBelow: share.describe('Below: filed, when nothing in the message is evidence and the language is known.'),
    fileStrangersBelow: share.describe('The same for a message without any word about certificates, keys or fraud.'),
  })
  .meta({ id: 'TriageThresholds' });
export type TriageThresholds = z.infer<typeof TriageThresholds>;

export const RulesLabIn = z
  .object({
    thresholds: TriageThresholds,
    most: z.number().int().min(1).max(5000).default(1000).describe('The newest messages, so many.'),
  })
  .meta({ id: 'RulesLabIn' });
export type RulesLabIn = z.output<typeof RulesLabIn>;

const TriageVerdict = z.object({
  label: Label,
  action: z.enum(['open-case', 'human-review', 'file']),
  deadlineHours: z.number().int().nullable(),
  score: z.number(),
});

export const RulesLab = z
  .object({
    now: Instant,
    inForce: TriageThresholds,
    read: z.number().int().describe('Messages that were judged again.'),
    counts: z.object({
      before: z.object({ open: z.number().int(), review: z.number().int(), filed: z.number().int() }),
      after: z.object({ open: z.number().int(), review: z.number().int(), filed: z.number().int() }),
    }),
    weaker: z.number().int(),
    movedTotal: z.number().int(),
    moved: z
      .array(
        z.object({
          reportId: Id,
          caseId: Id.nullable(),
          subject: z.string(),
          before: TriageVerdict,
          after: TriageVerdict,
          weaker: z.boolean().describe('Would be filed or no longer open a case: look at these first.'),
        }),
      )
      .describe('The weaker first, at most 500.'),
  })
  .meta({ id: 'RulesLab' });
export type RulesLab = z.infer<typeof RulesLab>;
