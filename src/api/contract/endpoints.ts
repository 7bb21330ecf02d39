/**
 * What each operation takes, answers and needs. The OpenAPI document, the routes and the typed client all come from
 * this table, so they cannot disagree.
 */
import type { z } from 'zod';
import * as c from './index.ts';
import type { OperationName } from './paths.ts';

export interface Endpoint {
  readonly summary: string;
  /** `none` is open to the world, `self` needs a session in a browser; all else a session or token with this scope. */
  readonly scope: c.Scope | 'none' | 'self';
  readonly query?: z.ZodType;
  readonly body?: z.ZodType;
  readonly answer: z.ZodType;
  /** Success status where it is not 200. */
  readonly status?: 201 | 202;
}

export const endpoints = {
  getMe: { summary: 'Who I am here and what I may do.', scope: 'none', answer: c.Me },
  getBoard: { summary: 'Open cases by time left.', scope: 'read', query: c.BoardQuery, answer: c.Board },
  getInbox: { summary: 'Messages that wait for a person.', scope: 'read', query: c.PageQuery, answer: c.Inbox },
  getCase: { summary: 'One case. The ETag is its version.', scope: 'read', answer: c.CaseView },
  commandCase: {
    summary: 'Ask the desk to do something with a case. If-Match guards against a stale screen.',
    scope: 'act',
    body: c.CaseCommand,
    answer: c.CommandAnswer,
  },
  lookAtCase: {
    summary: 'Say that I look at this case (again every 15 seconds) and learn who else does.',
    scope: 'read',
    body: c.PresenceIn,
    answer: c.Presence,
  },
  getCertificates: {
    summary: 'The certificates of a matter, by position in its frozen set.',
    scope: 'read',
    query: c.CertificatesQuery,
    answer: c.CertificatesPage,
  },
  getMessage: { summary: 'The redacted message with what was found in it.', scope: 'read', answer: c.Message },
  getUpcomingLetters: {
    summary: 'The letters that will leave by themselves, as they would read now. Sends nothing.',
    scope: 'read',
    answer: c.UpcomingLetters,
  },
  getLetter: { summary: 'One letter as it was sent.', scope: 'read', answer: c.Letter },
  getContacts: {
    summary: 'Whom a case has to reach, with every letter and call.',
    scope: 'read',
    answer: c.CaseContacts,
  },
  getIncident: { summary: 'The incident report as the events tell it.', scope: 'read', answer: c.IncidentDraft },
  getProposals: { summary: 'Acts that wait for a second person.', scope: 'read', answer: c.ProposalsPage },
  decideProposal: {
    summary: 'Agree to or decline what another person asked for.',
    scope: 'act',
    body: c.ProposalDecision,
    answer: c.CommandAnswer,
  },
  search: {
    summary: 'Certificates by serial, SHA-256, key, name or crt.sh id.',
    scope: 'read',
    query: c.SearchQuery,
    answer: c.SearchAnswer,
  },
  getChannels: { summary: 'Health of every way in.', scope: 'read', answer: c.Channels },
  getBlockedKeys: {
    summary: 'Keys that must never be certified again.',
    scope: 'read',
    query: c.PageQuery,
    answer: c.BlockedKeys,
  },
  getBlockedKey: {
    summary: 'Is this key blocked? Asked by the CA before issuance.',
    scope: 'none',
    answer: c.KeyAnswer,
  },
  getConnectors: { summary: 'The CA systems and their last answers.', scope: 'read', answer: c.Connectors },
  getLadders: {
    summary: 'The escalation ladders, simulated for a start of choice.',
    scope: 'read',
    query: c.LaddersQuery,
    answer: c.Ladders,
  },
  getLog: {
    summary: 'The event log, newest first, by global sequence.',
    scope: 'read',
    query: c.EventsQuery,
    answer: c.EventsPage,
  },
  getPolicy: { summary: 'The policy in force, its bounds and its history.', scope: 'read', answer: c.PolicyView },
  previewPolicy: {
    summary: 'What a policy would change, open cases included. Changes nothing.',
    scope: 'read',
    body: c.PolicyPreviewIn,
    answer: c.PolicyPreview,
  },
  publishPolicy: {
    summary: 'Put a policy in force. One that is laxer than the present one waits for a second person.',
    scope: 'policy',
    body: c.PolicyPublishIn,
    answer: c.PolicyPublished,
    status: 201,
  },
  decidePolicy: {
    summary: 'Agree to or decline a policy that another person published.',
    scope: 'policy',
    body: c.ProposalDecision,
    answer: c.PolicyPublished,
  },
  tryRules: {
    summary: 'Judge mail already read under other thresholds. Changes nothing.',
    scope: 'read',
    body: c.RulesLabIn,
    answer: c.RulesLab,
  },
  getReadiness: {
    summary: 'On call for the next seven days, channels tested, contacts verified.',
    scope: 'read',
    answer: c.Readiness,
  },
  getUnreachable: {
    summary: 'Subscribers who could not be reached tonight, or only just.',
    scope: 'read',
    query: c.PageQuery,
    answer: c.Unreachable,
  },
  getAdoption: {
    summary: 'How many subscribers would replace in time, measured.',
    scope: 'read',
    query: c.PageQuery,
    answer: c.Adoption,
  },
  getAutomationPolicies: {
    summary: 'The accounts that owe something to automation. Asked by a CA after it missed messages.',
    scope: 'automation-policy',
    answer: c.AutomationPolicies,
  },
  getAutomationPolicy: {
    summary: 'What an account owes to automation, and what that means for an order. Asked by the CA before issuance.',
    scope: 'automation-policy',
    query: c.AutomationQuery,
    answer: c.AutomationPolicy,
  },
  getPeople: { summary: 'Who may work here.', scope: 'audit', answer: c.People },
  changePerson: {
    summary: 'Change name, address or roles of a person.',
    scope: 'administer',
    body: c.PersonChange,
    answer: c.PersonChanged,
  },
  removePerson: {
    summary: 'Remove a person: sessions, passkeys and links end at once, the record stays.',
    scope: 'administer',
    body: c.Because,
    answer: c.Removed,
  },
  addPersonLink: {
    summary: 'Another one-time sign-in link, for somebody who lost every passkey.',
    scope: 'administer',
    body: c.Because,
    answer: c.PersonAdded,
    status: 201,
  },
  exportPerson: {
    summary: 'Everything kept about a person. One’s own, or anybody’s with the right to audit.',
    scope: 'self',
    answer: c.PersonExport,
  },
  exportReporter: {
    summary: 'Everything kept about an address that wrote to us.',
    scope: 'audit',
    body: c.ReporterExportIn,
    answer: c.ReporterExport,
  },
  getSessions: {
    summary: 'Where I am signed in, or everybody is.',
    scope: 'self',
    query: c.SessionsQuery,
    answer: c.Sessions,
  },
  endSession: { summary: 'End a session of mine, or anybody’s as administrator.', scope: 'self', answer: c.Removed },
  endOtherSessions: { summary: 'End every session of mine but this one.', scope: 'self', answer: c.Removed },
  getPasskeys: { summary: 'My passkeys.', scope: 'self', answer: c.Passkeys },
  askForPasskey: { summary: 'Begin to add a passkey.', scope: 'self', answer: c.PasskeyAsked },
  addPasskey: {
    summary: 'Add the passkey that was begun.',
    scope: 'self',
    body: c.PasskeyIn,
    answer: c.PasskeyAdded,
    status: 201,
  },
  removePasskey: { summary: 'Remove a passkey of mine.', scope: 'self', answer: c.Removed },
  getWebhooks: { summary: 'Outgoing webhooks and how their deliveries go.', scope: 'administer', answer: c.Webhooks },
  addWebhook: {
    summary: 'Push changes to an address, signed.',
    scope: 'administer',
    body: c.WebhookIn,
    answer: c.WebhookAdded,
    status: 201,
  },
  removeWebhook: { summary: 'Stop a webhook at once.', scope: 'administer', answer: c.Removed },
  addPerson: {
    summary: 'Invite a person with a one-time link.',
    scope: 'administer',
    body: c.PersonIn,
    answer: c.PersonAdded,
    status: 201,
  },
  getTokens: { summary: 'API tokens.', scope: 'administer', answer: c.Tokens },
  addToken: { summary: 'Make an API token.', scope: 'administer', body: c.TokenIn, answer: c.TokenAdded, status: 201 },
  removeToken: { summary: 'Remove an API token at once.', scope: 'administer', answer: c.Removed },
  report: {
    summary: 'Report a problem with a certificate: JSON, a form, or a raw message (message/rfc822).',
    scope: 'none',
    body: c.ReportIn,
    answer: c.ReportAccepted,
    status: 202,
  },
} as const satisfies Record<OperationName, Endpoint>;

type Field<E, K extends string> = E extends { readonly [key in K]: infer S extends z.ZodType } ? S : never;
export type Answer<N extends OperationName> = z.output<(typeof endpoints)[N]['answer']>;
export type Body<N extends OperationName> = z.input<Field<(typeof endpoints)[N], 'body'>>;
export type Query<N extends OperationName> = z.input<Field<(typeof endpoints)[N], 'query'>>;
