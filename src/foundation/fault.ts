/**
 * The world failed (see style: refusal, fault, bug). `outcome` says whether the thing asked for may have happened:
 * after `unknown`, look before trying again.
 */
export class Fault extends Error {
  readonly code: string;
  readonly outcome: 'did_not_happen' | 'unknown';

  /** `message` states what happened and what to do, and never carries key material, mail bodies or tokens. */
  constructor(
    code: string,
    message: string,
    options: { outcome?: 'did_not_happen' | 'unknown'; cause?: unknown } = {},
  ) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = 'Fault';
    this.code = code;
    this.outcome = options.outcome ?? 'did_not_happen';
  }
}
