/** What people outside the house see and send: reporters, subscribers, programs. */
import { z } from 'zod';
import { Id, Instant, Reason, RuleRef, SerialHex, Sha256 } from './scalars.ts';

/** The machine-readable report. Every field but the words is optional: nobody is turned away for a missing field. */
export const ReportIn = z
  .object({
    text: z.string().min(1).max(200_000),
    subject: z.string().max(500).default(''),
    name: z.string().max(200).default(''),
    email: z.string().max(320).default(''),
    certificates: z
      .array(z.string().max(300))
      .max(10_000)
      .default([])
      .describe('Serials, SHA-256 fingerprints, crt.sh links.'),
    asksFor: z.string().max(100).nullable().default(null),
    attachments: z
      .array(
        z.object({ name: z.string().max(255), mediaType: z.string().max(127), base64: z.string().max(40_000_000) }),
      )
      .max(100)
      .default([]),
  })
  .meta({ id: 'ReportIn' });
export type ReportIn = z.output<typeof ReportIn>;

export const ReportAccepted = z
  .object({
    receiptId: Id,
    receivedAt: Instant,
    contentSha256: Sha256,
    caseId: Id.nullable().describe('Null while the message is still being read.'),
    statusUrl: z.string().nullable().describe('Signed link to the status page; keep it.'),
  })
  .meta({ id: 'ReportAccepted' });
export type ReportAccepted = z.infer<typeof ReportAccepted>;

/** The reporter's page. Says "revoked" only for what probes have seen. */
export const ReporterStatus = z
  .object({
    now: Instant,
    receiptId: Id,
    receivedAt: Instant,
    state: z.enum(['received', 'being-read', 'accepted', 'concluded', 'not-a-report']),
    findingsDueAt: Instant.nullable(),
    preliminaryAt: Instant.nullable(),
    items: z.array(z.object({ source: z.string(), verdict: z.string(), because: z.string() })),
    certificates: z.object({ total: z.number().int(), published: z.number().int() }),
    dueAt: Instant.nullable(),
    publishedAt: Instant.nullable(),
    contact: z.string(),
  })
  .meta({ id: 'ReporterStatus' });
export type ReporterStatus = z.infer<typeof ReporterStatus>;

/** The subscriber's page: what, under which rule, when, what to do now. */
export const SubscriberStatus = z
  .object({
    now: Instant,
    subscriber: z.string(),
    matterId: Id,
    because: z.string(),
    rule: RuleRef,
    reason: Reason,
    startAt: Instant,
    revokeAt: Instant.nullable().describe('When revocation goes ahead; an answer does not delay it.'),
    dueAt: Instant.nullable(),
    total: z.number().int(),
    published: z.number().int(),
    replaced: z.number().int(),
    certificates: z.array(z.object({ serial: SerialHex, name: z.string(), notAfter: Instant, revoked: z.boolean() })),
    answers: z.array(z.object({ at: Instant, answer: z.string() })),
    contact: z.string(),
  })
  .meta({ id: 'SubscriberStatus' });
export type SubscriberStatus = z.infer<typeof SubscriberStatus>;

export const SubscriberAnswer = z.enum(['acknowledged', 'agrees', 'replaced', 'disputes', 'question']);
export type SubscriberAnswer = z.infer<typeof SubscriberAnswer>;

/** What the ARI `explanationURL` of a certificate leads to. */
export const RenewalExplanation = z
  .object({
    now: Instant,
    certificateId: z.string(),
    serial: SerialHex,
    because: z.string(),
    windowEndAt: Instant.nullable(),
    revokeAt: Instant.nullable(),
    revoked: z.boolean(),
  })
  .meta({ id: 'RenewalExplanation' });
export type RenewalExplanation = z.infer<typeof RenewalExplanation>;
