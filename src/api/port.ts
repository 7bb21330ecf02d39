/**
 * What the HTTP API needs from the desk: plain data and promises, in the shapes of the contract. `app` answers it, the
 * tests answer it with a fixture. Promise: a query never changes anything; a command is durable when it returns; a
 * `Refusal` changed nothing; unknown ids answer null. Faults are thrown and become 503 or 500.
 */
import type { Refusal } from '../desk/refusal.ts';
import type * as c from './contract/index.ts';

/** Who asks, so that every act carries a name into the event log. */
export interface Principal {
  /** `person:<id>` or `token:<id>`. */
  readonly id: string;
  readonly name: string;
  readonly teams: readonly c.Team[];
}

export interface CommandContext {
  readonly by: Principal;
  /** The version the person looked at; the desk refuses with `case_changed` when it is not the present one. */
  readonly expectedSeq: number | null;
  /** The same key means the same act: a second call answers like the first and does nothing. */
  readonly idempotencyKey: string | null;
}

/** What a report arrives as; bytes are untouched, so that what is sealed is what was sent. */
export interface IncomingReport {
  readonly channel: 'web-form' | 'api';
  /** One RFC 5322 message. Forms and JSON are written as one before they get here, so intake has one door. */
  readonly raw: Uint8Array;
  readonly remoteAddress: string | null;
}

/** An act on the house itself (people, policy, exports), which goes into the same log as the cases. Ids, roles and reasons; never an address, a name of a person or a secret, because the log is for ever. */
export interface HouseAct {
  readonly type: string;
  readonly by: string;
  readonly because: string;
  readonly about: Readonly<Record<string, string | number | readonly string[]>>;
}

export interface DeskPort {
  /** Highest global sequence number that readers can see. */
  seq(): Promise<number>;
  /** Changes after `after`, oldest first, ending when `signal` aborts. Replays what is stored, then follows. */
  changes(after: number, signal: AbortSignal): AsyncIterable<c.Change>;
  /** Null when ready to serve; otherwise what is missing, in one sentence each. */
  notReady(): Promise<readonly string[] | null>;

  board(query: c.BoardQuery): Promise<c.Board>;
  inbox(query: c.PageQuery): Promise<c.Inbox>;
  readCase(caseId: string): Promise<c.CaseView | null>;
  certificates(caseId: string, matterId: string, query: c.CertificatesQuery): Promise<c.CertificatesPage | null>;
  message(caseId: string, reportId: string): Promise<c.Message | null>;
  /** Letters that will leave by themselves; sends nothing. Null for an unknown case. */
  upcomingLetters(caseId: string): Promise<c.UpcomingLetters | null>;
  letter(caseId: string, letterId: string): Promise<c.Letter | null>;
  caseContacts(caseId: string): Promise<c.CaseContacts | null>;
  incident(caseId: string): Promise<c.IncidentDraft | null>;
  search(query: c.SearchQuery): Promise<c.SearchAnswer>;
  channels(): Promise<c.Channels>;
  blockedKeys(query: c.PageQuery): Promise<c.BlockedKeys>;
  blockedKey(spkiSha256: string): Promise<c.KeyAnswer>;
  connectors(): Promise<c.Connectors>;
  /** The policy's ladders for a case that starts at `startAt` (now when undefined): `presentLadders`. */
  ladders(query: c.LaddersQuery): Promise<c.Ladders>;
  log(query: c.EventsQuery): Promise<c.EventsPage>;
  readiness(): Promise<c.Readiness>;
  unreachable(query: c.PageQuery): Promise<c.Unreachable>;
  adoption(query: c.PageQuery): Promise<c.Adoption>;
  automationPolicies(): Promise<c.AutomationPolicies>;
  /** An account without a policy owes nothing; that is an answer, too. */
  automationPolicy(account: string, query: c.AutomationQuery): Promise<c.AutomationPolicy>;
  /** Judges stored messages again; nothing of it is kept. */
  tryRules(query: c.RulesLabIn): Promise<c.RulesLab>;
  /** The export itself goes into the event log, without the address. */
  reporterData(address: string, because: string, by: Principal): Promise<c.ReporterExport>;
  /** What this person did, newest first, at most `limit`, and how much there is. */
  actsOf(personId: string, limit: number): Promise<Pick<c.PersonExport, 'acts' | 'actsTotal'>>;

  policy(): Promise<c.PolicyView>;
  previewPolicy(overlay: c.PolicyOverlay): Promise<c.PolicyPreview>;
  publishPolicy(wanted: c.PolicyPublishIn, by: Principal): Promise<c.PolicyPublished | Refusal>;
  decidePolicy(
    version: number,
    decision: c.ProposalDecision,
    by: Principal,
  ): Promise<c.PolicyPublished | Refusal | null>;

  webhooks(): Promise<c.Webhooks>;
  addWebhook(wanted: c.WebhookIn, by: Principal): Promise<c.WebhookAdded | Refusal>;
  removeWebhook(webhookId: string, by: Principal): Promise<boolean>;

  proposals(): Promise<c.ProposalsPage>;
  command(caseId: string, command: c.CaseCommand, context: CommandContext): Promise<c.CommandAnswer | Refusal | null>;
  decideProposal(
    proposalId: string,
    decision: c.ProposalDecision,
    context: CommandContext,
  ): Promise<c.CommandAnswer | Refusal | null>;

  /** Durable and sealed when it returns. */
  receiveReport(report: IncomingReport): Promise<c.ReportAccepted>;
  /** `token` is the signed part of the link; null when it is forged or has lapsed. */
  reporterStatus(token: string): Promise<c.ReporterStatus | null>;
  subscriberStatus(token: string): Promise<c.SubscriberStatus | null>;
  answerAsSubscriber(
    token: string,
    answer: c.SubscriberAnswer,
    text: string,
  ): Promise<c.SubscriberStatus | Refusal | null>;
  /** By ARI certificate id (RFC 9773 4.1). */
  renewalExplanation(certificateId: string): Promise<c.RenewalExplanation | null>;
}
