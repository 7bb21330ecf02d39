/** One case as a person reads it: the clocks and why they started when they did, what is shown, what is owed. */
import { z } from 'zod';
import { CertificateCounts, ClockKind, NextStep, SubscriberState } from './board.ts';
import {
  Basis,
  Id,
  Instant,
  Label,
  Profile,
  Reason,
  RuleRef,
  Seq,
  SerialHex,
  Sha256,
  Stage,
  Team,
  Verdict,
} from './scalars.ts';

export const MarkView = z
  .object({
    source: z.enum([
      'own-acceptance',
      'trusted-received',
      'gateway-log',
      'internal-date',
      'webhook',
      'web-form',
      'forwarded-original',
      'staff-first-heard',
      'date-header',
    ]),
    at: Instant,
    trusted: z.boolean(),
    chosen: z.boolean().describe('The earliest trusted mark: the clock starts here.'),
    detail: z.string(),
  })
  .meta({ id: 'ReceiptMark', description: 'A candidate for the start of the clock, strongest trust first.' });
export type MarkView = z.infer<typeof MarkView>;

export const ClockView = z
  .object({
    clockId: Id,
    kind: ClockKind,
    reportId: Id.nullable(),
    matterId: Id.nullable(),
    rule: RuleRef.nullable(),
    startAt: Instant,
    dueAt: Instant.nullable(),
    cutOffAt: Instant.nullable(),
    state: z.enum(['running', 'met', 'missed', 'no-limit']),
    metAt: Instant.nullable(),
    why: z.string().describe('Why this rule and this start, in one sentence.'),
  })
  .meta({ id: 'Clock' });
export type ClockView = z.infer<typeof ClockView>;

export const FindingView = z
  .object({
    check: z.string(),
    verdict: z.enum(['computable', 'parameter', 'unknown', 'clean']),
    detail: z.string(),
  })
  .meta({ id: 'Finding' });

export const EvidenceView = z
  .object({
    reportId: Id,
    source: z.string(),
    form: z.string(),
    verdict: Verdict,
    spkiSha256: Sha256.nullable(),
    keyType: z.string().nullable(),
    bits: z.number().int().nullable(),
    findings: z.array(FindingView),
    matches: z.array(z.object({ fingerprint: Sha256, serial: SerialHex, name: z.string() })),
    refutedFor: z.array(z.object({ fingerprint: Sha256, serial: SerialHex, name: z.string() })),
    proof: z.boolean().describe('A signed proof of possession is stored and can be verified by anybody.'),
    because: z.string(),
    at: Instant,
  })
  .meta({ id: 'Evidence' });
export type EvidenceView = z.infer<typeof EvidenceView>;

export const BecauseView = z
  .object({ signal: z.string(), weight: z.number(), excerpt: z.string() })
  .meta({ id: 'Because', description: 'One reason of a triage decision; positive weighs towards a report.' });
export type BecauseView = z.infer<typeof BecauseView>;

export const ReportView = z
  .object({
    reportId: Id,
    channel: z.string(),
    source: z.string(),
    subject: z.string(),
    from: z.object({
      name: z.string(),
      address: z.string().nullable(),
      kind: z.enum(['third-party', 'subscriber', 'staff', 'root-program']),
      language: z.string(),
    }),
    receivedAt: Instant,
    marks: z.array(MarkView),
    label: Label.nullable(),
    score: z.number().nullable(),
    confirmed: z.boolean(),
    dismissed: z.string().nullable(),
    because: z.array(BecauseView),
    contentSha256: Sha256,
    acknowledgedAt: Instant.nullable(),
    preliminaryAt: Instant.nullable(),
    finalAt: Instant.nullable(),
    awaiting: z.string().nullable(),
  })
  .meta({ id: 'Report' });
export type ReportView = z.infer<typeof ReportView>;

export const HoldView = z
  .object({
    holdId: Id,
    count: z.number().int(),
    untilAt: Instant,
    basis: z.string(),
    people: z.array(z.string()),
    releasedAt: Instant.nullable(),
  })
  .meta({ id: 'Hold' });

export const LadderStepView = z
  .object({
    step: z.string(),
    at: Instant,
    what: z.enum(['letter', 'page', 'authorize', 'due']),
    team: Team.nullable(),
    state: z.enum(['done', 'next', 'later', 'skipped', 'failed']),
    doneAt: Instant.nullable(),
    detail: z.string().nullable(),
  })
  .meta({ id: 'LadderStep' });
export type LadderStepView = z.infer<typeof LadderStepView>;

export const MatterView = z
  .object({
    matterId: Id,
    reportId: Id,
    label: Label,
    basis: Basis,
    verdict: Verdict.nullable(),
    rule: RuleRef,
    profile: Profile,
    reason: Reason,
    startAt: Instant,
    dueAt: Instant.nullable(),
    cutOffAt: Instant.nullable(),
    setId: Id,
    digest: z.string(),
    certificates: CertificateCounts,
    names: z.array(z.string()).describe('The first few names, for a title.'),
    subscribers: z.number().int(),
    subscriber: SubscriberState,
    keysBlockedAt: Instant.nullable(),
    renewalAdvisedAt: Instant.nullable(),
    approvals: z.array(z.string()),
    approvalsNeeded: z.number().int(),
    authorizedAt: Instant.nullable(),
    publishedAt: Instant.nullable(),
    holds: z.array(HoldView),
    schedules: z.array(z.object({ at: Instant, count: z.number().int() })),
    ladder: z.array(LadderStepView),
    failures: z.number().int(),
    closed: z.string().nullable(),
  })
  .meta({ id: 'Matter' });
export type MatterView = z.infer<typeof MatterView>;

export const QuestionView = z
  .object({
    questionId: Id,
    ask: z.enum(['is-it-a-report', 'approve-revocation', 'close-claim', 'which-certificates', 'take']),
    askedAt: Instant,
    team: Team,
    text: z.string(),
    reportId: Id.nullable(),
    matterId: Id.nullable(),
    proposal: z.string().nullable().describe('What the desk proposes; null when it does not know.'),
    peopleNeeded: z.number().int().nullable(),
    peopleGiven: z.array(z.string()),
  })
  .meta({ id: 'Question' });
export type QuestionView = z.infer<typeof QuestionView>;

export const TimelineEntry = z
  .object({
    seq: Seq,
    at: Instant,
    by: z.string(),
    type: z.string(),
    text: z.string(),
    kind: z.enum(['received', 'decided', 'sent', 'ca', 'seen', 'person', 'alarm']),
    matterId: Id.nullable(),
    reportId: Id.nullable(),
  })
  .meta({ id: 'TimelineEntry' });
export type TimelineEntry = z.infer<typeof TimelineEntry>;

export const LetterSummary = z
  .object({
    letterId: Id,
    kind: z.string().describe('acknowledgement, preliminary-report, notice, reminder, final-report, …'),
    audience: z.enum(['reporter', 'subscriber', 'staff', 'root-program']),
    to: z.string(),
    subject: z.string(),
    language: z.string(),
    state: z.enum(['queued', 'sent', 'failed', 'bounced']),
    at: Instant,
    problem: z.string().nullable(),
  })
  .meta({ id: 'LetterSummary' });
export type LetterSummary = z.infer<typeof LetterSummary>;

export const CaseView = z
  .object({
    now: Instant,
    seq: Seq.describe('Version of this case; the ETag.'),
    caseId: Id,
    title: z.string(),
    stage: Stage,
    team: Team.nullable(),
    routedAt: Instant.nullable(),
    takenAt: Instant.nullable(),
    takenBy: z.string().nullable(),
    receivedAt: Instant,
    clocks: z.array(ClockView),
    reports: z.array(ReportView),
    evidence: z.array(EvidenceView),
    matters: z.array(MatterView),
    questions: z.array(QuestionView),
    next: z.array(NextStep).describe('What happens by itself, in order of time.'),
    letters: z.array(LetterSummary).describe('The newest 200; the rest by paging.'),
    lettersTotal: z.number().int(),
    timeline: z.array(TimelineEntry).describe('The newest 500; the rest by paging.'),
    timelineTotal: z.number().int(),
    incident: z.object({ openedAt: Instant, because: z.string() }).nullable(),
    closedAt: Instant.nullable(),
  })
  .meta({ id: 'Case' });
export type CaseView = z.infer<typeof CaseView>;

export const Letter = LetterSummary.extend({
  now: Instant,
  text: z.string().describe('Plain text as sent; never key material.'),
  html: z.string().nullable(),
}).meta({ id: 'Letter' });
export type Letter = z.infer<typeof Letter>;

export const UpcomingLetters = z
  .object({
    now: Instant,
    steps: z
      .array(
        z.object({
          step: z
            .string()
            .describe('acknowledge, report-to-reporter, decline, or a step of the ladder: notice, last-call, …'),
          audience: z.enum(['reporter', 'subscriber']),
          at: Instant.nullable().describe('Null: at once.'),
          count: z.number().int().describe('Letters of this step; the first 20 are written out.'),
          letters: z.array(
            z.object({
              to: z.string(),
              subject: z.string(),
              language: z.string(),
              text: z.string(),
              html: z.string().nullable(),
            }),
          ),
        }),
      )
      .describe('In order of time.'),
  })
  .meta({ id: 'UpcomingLetters', description: 'Letters that will leave by themselves, as they would read now.' });
export type UpcomingLetters = z.infer<typeof UpcomingLetters>;

export const Message = z
  .object({
    now: Instant,
    reportId: Id,
    blocks: z.array(
      z.object({
        role: z.enum(['own', 'quoted', 'forwarded', 'signature', 'machine', 'attachment']),
        path: z.string(),
        text: z.string(),
        marks: z.array(
          z.object({ start: z.number().int(), end: z.number().int(), kind: z.string(), value: z.string() }),
        ),
      }),
    ),
    html: z.string().nullable().describe('The redacted HTML part; shown only in a sandboxed frame without network.'),
    problems: z.array(z.string()),
  })
  .meta({ id: 'Message', description: 'The redacted message: `[private key, SPKI …]` stands where a key stood.' });
export type Message = z.infer<typeof Message>;

/** Whom a case has to reach, and what came of every try. Numbers and addresses stand here only, never in the event log. */
export const CaseContacts = z
  .object({
    now: Instant,
    total: z.number().int().describe('Subscribers concerned; the first fifty are listed.'),
    rows: z.array(
      z.object({
        subscriber: z.string(),
        name: z.string(),
        language: z.string(),
        phone: z.string().nullable(),
        addresses: z.array(
          z.object({ to: z.string(), state: z.enum(['untried', 'accepted', 'failed']), at: Instant.nullable() }),
        ),
        calls: z.array(
          z.object({ at: Instant, to: z.string(), result: z.string(), by: z.string(), remark: z.string() }),
        ),
        callAgainAt: Instant.nullable().describe('Sooner after a busy line; null when somebody answered.'),
      }),
    ),
  })
  .meta({ id: 'CaseContacts' });
export type CaseContacts = z.infer<typeof CaseContacts>;

export const IncidentDraft = z
  .object({ now: Instant, caseId: Id, openedAt: Instant.nullable(), markdown: z.string() })
  .meta({ id: 'IncidentDraft' });
export type IncidentDraft = z.infer<typeof IncidentDraft>;
