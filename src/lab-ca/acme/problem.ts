/** RFC 8555 section 6.7: an error is a problem document whose type tells the client what to do about it. */

export type AcmeErrorType =
  | 'accountDoesNotExist'
  | 'alreadyReplaced'
  | 'alreadyRevoked'
  | 'badCSR'
  | 'badNonce'
  | 'badPublicKey'
  | 'badRevocationReason'
  | 'badSignatureAlgorithm'
  | 'caa'
  | 'connection'
  | 'dns'
  | 'externalAccountRequired'
  | 'incorrectResponse'
  | 'invalidContact'
  | 'invalidProfile'
  | 'malformed'
  | 'orderNotReady'
  | 'rateLimited'
  | 'rejectedIdentifier'
  | 'serverInternal'
  | 'tls'
  | 'unauthorized'
  | 'unsupportedContact'
  | 'unsupportedIdentifier'
  | 'userActionRequired';

const statuses: Readonly<Partial<Record<AcmeErrorType, number>>> = {
  accountDoesNotExist: 400,
  alreadyReplaced: 409,
  externalAccountRequired: 403,
  orderNotReady: 403,
  rateLimited: 429,
  rejectedIdentifier: 400,
  serverInternal: 500,
  unauthorized: 403,
  userActionRequired: 403,
};

export class AcmeProblem extends Error {
  readonly type: AcmeErrorType;
  readonly status: number;
  readonly more: Readonly<Record<string, unknown>>;
  readonly headers: Readonly<Record<string, string>>;

  constructor(
    type: AcmeErrorType,
    detail: string,
    options: { status?: number; more?: Record<string, unknown>; headers?: Record<string, string> } = {},
  ) {
    super(detail);
    this.type = type;
    this.status = options.status ?? statuses[type] ?? 400;
    this.more = options.more ?? {};
    this.headers = options.headers ?? {};
  }

  json(): Record<string, unknown> {
    return { type: `urn:ietf:params:acme:error:${this.type}`, detail: this.message, status: this.status, ...this.more };
  }
}
