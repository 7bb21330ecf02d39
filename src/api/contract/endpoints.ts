/**
 * What each operation takes, answers and needs. The OpenAPI document, the routes and the typed client all come from
 * this table, so they cannot disagree.
 */
import type { z } from 'zod';
import * as c from './index.ts';
import type { OperationName } from './paths.ts';

export interface Endpoint {
  readonly summary: string;
  /** `none` is open to the world; everything else needs a session or a token with this scope. */
  readonly scope: c.Scope | 'none';
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
  getLetter: { summary: 'One letter as it was sent.', scope: 'read', answer: c.Letter },
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
  getPeople: { summary: 'Who may work here.', scope: 'administer', answer: c.People },
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
