/** The outcomes that most CAs share, so that the same failure reads the same whatever software it came from. */
import { type Reason, reasonCodes } from '../../desk/facts.ts';
import { type CrlReasonName, crlReasonName } from '../../foundation/pki/reasons.ts';
import type { Duration, Instant } from '../../foundation/time/time.ts';
import type { CaRecord, RefusalCode, RevocationOutcome } from './connector.ts';
import type { CaAnswer, CaResult } from './transport.ts';

/** Longest wait a Retry-After may ask of us: a CA that says "tomorrow" does not move a 24-hour limit. */
const retryAfterMax = Temporal.Duration.from({ hours: 1 });

export function done(reason: CrlReasonName | null, revokedAt: Instant | null): RevocationOutcome {
  return { outcome: 'done', reason, revokedAt };
}

export function already(reason: CrlReasonName | null, revokedAt: Instant | null): RevocationOutcome {
  return { outcome: 'already', reason, revokedAt };
}

export function refused(code: RefusalCode, message: string): RevocationOutcome {
  return { outcome: 'refused', code, message };
}

/** What the CA should record: null leaves the code out, as `unspecified` must be said. */
export function codeOf(reason: Reason): number | null {
  return reason === 'unspecified' ? null : reasonCodes[reason];
}

/** The name under which a reason is read back from a CRL. */
export function nameOf(reason: Reason): CrlReasonName | null {
  return reason === 'unspecified' ? null : reason;
}

export function nameOfCode(code: unknown): CrlReasonName | null {
  if (typeof code !== 'number' || code === 0) return null;
  return crlReasonName(code);
}

/** A call that brought no answer: nothing happened, or nobody knows. */
export function failed(result: CaResult & { ok: false }): RevocationOutcome {
  const { code, reached } = result;
  if (!reached) {
    return {
      outcome: 'retry',
      code,
      message: `${sentences[code]} Nothing was ordered; the desk tries again.`,
      after: null,
    };
  }
  return {
    outcome: 'unknown',
    code,
    message: `${sentences[code]} The revocation may have happened; the probe will look.`,
  };
}

const sentences = {
  unreachable: 'The CA could not be reached.',
  tls: 'The TLS connection to the CA failed: check its certificate and the client certificate.',
  timeout: 'The CA did not answer in time.',
  'connection-lost': 'The connection to the CA broke before an answer came.',
  busy: 'The CA is busy.',
  'server-error': 'The CA answered with a server error.',
  'bad-answer': 'The CA answered something this connector does not understand.',
} as const;

/**
 * 409, "already so", at a CA whose record can be read: only the record says whether the certificate is revoked, and with
 * which reason. A conflict of another kind is not taken for a revocation.
 */
export function conflict(record: CaRecord): RevocationOutcome {
  switch (record.state) {
    case 'revoked':
      return already(record.reason, record.revokedAt);
    case 'good':
      return refused('rejected', 'The CA rejected the order (409) and has the certificate on record as good.');
    default:
      return badAnswer();
  }
}

/**
 * The meaning of a status that no CA-specific rule has claimed. 4xx: the order was understood and not taken. 5xx:
 * several CAs answer so *after* storing the revocation, so it is unknown.
 */
export function fromStatus(answer: CaAnswer): RevocationOutcome {
  const { status } = answer;
  if (status === 401) return refused('not-authenticated', 'The CA does not accept the credentials (401).');
  if (status === 403) return refused('not-authorised', 'The CA does not allow this account to revoke (403).');
  if (status === 404) return refused('unknown-certificate', 'The CA does not know this certificate or address (404).');
  const after = retryAfter(answer);
  // A 503 that names a time was written by what is too busy to take the order. One without may come from a gateway whose
  // connection broke after the CA had the request (Envoy, "upstream connect error or disconnect/reset before headers").
  if (status === 429 || (status === 503 && after !== null)) {
    const code = 'busy' as const;
    const message = `The CA is busy (${status}). Nothing was ordered; the desk tries again.`;
    return { outcome: 'retry', code, message, after };
  }
  if (status >= 500) {
    const message = `The CA answered with a server error (${status}). The revocation may have happened; the probe will look.`;
    return { outcome: 'unknown', code: 'server-error', message };
  }
  if (status >= 400) return refused('rejected', `The CA rejected the order (${status}).`);
  return { outcome: 'unknown', code: 'bad-answer', message: `${sentences['bad-answer']} The probe will look.` };
}

export function badAnswer(): RevocationOutcome {
  return { outcome: 'unknown', code: 'bad-answer', message: `${sentences['bad-answer']} The probe will look.` };
}

/**
 * RFC 9110 section 10.2.3: seconds, or a date, which is read against the `Date` of the same answer, so that no clock of
 * ours has to agree with the CA's. Null for what is neither; capped, and never below zero.
 */
function retryAfter(answer: CaAnswer): Duration | null {
  const header = answer.headers['retry-after']?.trim() ?? '';
  const seconds = /^\d{1,9}$/.test(header) ? Number(header) : secondsBetween(answer.headers.date, header);
  if (seconds === null) return null;
  const asked = Temporal.Duration.from({ seconds: Math.max(0, seconds) });
  return Temporal.Duration.compare(asked, retryAfterMax) > 0 ? retryAfterMax : asked;
}

const httpDate =
  /^(Mon|Tue|Wed|Thu|Fri|Sat|Sun), \d{2} (Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec) \d{4} \d{2}:\d{2}:\d{2} GMT$/;

function secondsBetween(from: string | undefined, to: string): number | null {
  if (from === undefined || !httpDate.test(from) || !httpDate.test(to)) return null;
  const seconds = Math.round((Date.parse(to) - Date.parse(from)) / 1000);
  return Number.isFinite(seconds) ? seconds : null;
}
