/**
 * Every operation's name, method and path, without schemas, so that the console can import it and stay small.
 * `endpoints.ts` adds what each takes and answers.
 */
export const paths = {
  getMe: ['GET', '/api/v1/me'],
  getBoard: ['GET', '/api/v1/board'],
  getInbox: ['GET', '/api/v1/inbox'],
  getCase: ['GET', '/api/v1/cases/{caseId}'],
  commandCase: ['POST', '/api/v1/cases/{caseId}/commands'],
  lookAtCase: ['POST', '/api/v1/cases/{caseId}/presence'],
  getCertificates: ['GET', '/api/v1/cases/{caseId}/matters/{matterId}/certificates'],
  getMessage: ['GET', '/api/v1/cases/{caseId}/reports/{reportId}/message'],
  getLetter: ['GET', '/api/v1/cases/{caseId}/letters/{letterId}'],
  getIncident: ['GET', '/api/v1/cases/{caseId}/incident'],
  getProposals: ['GET', '/api/v1/proposals'],
  decideProposal: ['POST', '/api/v1/proposals/{proposalId}'],
  search: ['GET', '/api/v1/certificates'],
  getChannels: ['GET', '/api/v1/channels'],
  getBlockedKeys: ['GET', '/api/v1/blocked-keys'],
  getBlockedKey: ['GET', '/blocked-keys/{spkiSha256}'],
  getConnectors: ['GET', '/api/v1/connectors'],
  getLadders: ['GET', '/api/v1/ladders'],
  getLog: ['GET', '/api/v1/log'],
  getPeople: ['GET', '/api/v1/people'],
  addPerson: ['POST', '/api/v1/people'],
  getTokens: ['GET', '/api/v1/tokens'],
  addToken: ['POST', '/api/v1/tokens'],
  removeToken: ['DELETE', '/api/v1/tokens/{tokenId}'],
  report: ['POST', '/api/v1/reports'],
} as const satisfies Record<string, readonly ['GET' | 'POST' | 'DELETE', string]>;
export type OperationName = keyof typeof paths;

/** The change feed: `text/event-stream` with `change` and `tick` events, replay by `Last-Event-ID`. */
export const feedPath = '/api/v1/events';
