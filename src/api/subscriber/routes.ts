/**
 * What a subscriber's own software may do with a token: list its certificates and ask for a revocation. A request becomes
 * a receipt of the desk before it is answered. Mounted beside the staff's API, and knows nothing of it.
 */
import { type Context, Hono } from 'hono';
import { bodyLimit } from 'hono/body-limit';
import type { Reason } from '../../desk/facts.ts';
import { type Instant, rfc3339, type Time } from '../../foundation/time/time.ts';
import {
  checkToken,
  type InventoryCertificate,
  judgeRevocationAsked,
  reasonChoices,
  type SubscriberScope,
  type SubscriberToken,
  tokenIdIn,
} from '../../stages/inventory/index.ts';
import { ProblemError, problemResponse } from '../problem.ts';
import { type CertificateJson, type RevokedJson, revokeShape, subscriberOpenApi } from './contract.ts';

export interface SubscriberPort {
  tokenOf(id: string): Promise<SubscriberToken | null>;
  certificatesOf(
    subscriber: string,
  ): Promise<{ readonly certificates: readonly InventoryCertificate[]; readonly more: boolean }>;
  certificate(sha256: string): Promise<InventoryCertificate | null>;
  /** What ARI tells a client of this certificate; null where it says nothing. */
  renewalOf(certificate: InventoryCertificate): {
    readonly start: Instant;
    readonly end: Instant;
    readonly explanationUrl: string | null;
  } | null;
  /** Durable when it resolves; the same request again is the same receipt. */
  askToRevoke(request: {
    readonly token: SubscriberToken;
    readonly certificate: InventoryCertificate;
    readonly reason: Reason | null;
  }): Promise<{ readonly receipt: string; readonly receivedAt: Instant }>;
}

const base = '/subscriber/v1';
const bodyBytesMax = 4_096;
/** Wrong tokens from one address before it has to wait: 256 random bits are not guessed, but a log is not to be filled. */
const wrongPerMinute = 60;
const wrongKeptMax = 10_000;

const refusals = {
  not_yours: [404, 'There is no such certificate of yours.'],
  expired: [409, 'The certificate has expired; nobody trusts it any more.'],
  reason_not_allowed: [422, 'This reason is not the subscriber’s to choose. See GET /subscriber/v1/reasons.'],
  already_revoked: [409, 'The certificate is revoked already.'],
} as const;

export function subscriberRoutes(
  port: SubscriberPort,
  time: Time,
  onError: (error: unknown, path: string) => void,
): Hono {
  const app = new Hono();
  const wrong = new WrongTokens();

  app.use(`${base}/*`, async (context, next) => {
    context.header('cache-control', 'no-store');
    await next();
  });
  app.onError((error, context) => {
    if (!(error instanceof ProblemError)) onError(error, context.req.path);
    return problemResponse(context, error);
  });
  app.use(
    `${base}/*`,
    bodyLimit({
      maxSize: bodyBytesMax,
      onError: () => {
        throw new ProblemError(413, 'too_large', `A request may carry ${bodyBytesMax} bytes.`);
      },
    }),
  );

  async function authorised(context: Context, scope: SubscriberScope): Promise<SubscriberToken> {
    const now = time.now();
    const from = context.req.header('x-real-ip') ?? 'all';
    if (wrong.tooMany(from, now))
      throw new ProblemError(429, 'too_many', 'Too many requests without a good token.', {
        headers: { 'retry-after': '60' },
      });
    const text = /^Bearer (\S{1,200})$/.exec(context.req.header('authorization') ?? '')?.[1] ?? '';
    const id = tokenIdIn(text);
    const stored = id === null ? null : await port.tokenOf(id);
    const check = stored === null ? 'wrong' : checkToken(text, stored, scope, now);
    if (stored !== null && check === 'ok') return stored;
    if (check === 'out-of-scope')
      throw new ProblemError(403, 'out_of_scope', `This token is not for "${scope}". Ask the CA for another.`);
    wrong.count(from, now);
    throw new ProblemError(
      401,
      check === 'expired' ? 'token_expired' : 'no_such_token',
      check === 'expired'
        ? 'This token has expired. Ask the CA for another.'
        : 'Send a token as Authorization: Bearer.',
      { headers: { 'www-authenticate': 'Bearer' } },
    );
  }

  app.get(`${base}/openapi.json`, (context) => context.json(subscriberOpenApi()));
  app.get(`${base}/reasons`, (context) => context.json({ reasons: reasonChoices }));

  app.get(`${base}/certificates`, async (context) => {
    const token = await authorised(context, 'list');
    const { certificates, more } = await port.certificatesOf(token.subscriber);
    const newest = certificates.toSorted((a, b) => Temporal.Instant.compare(b.notBefore, a.notBefore));
    return context.json({ certificates: newest.map((one) => toJson(one, port, time.now())), more });
  });

  app.post(`${base}/certificates/:sha256/revoke`, async (context) => {
    const token = await authorised(context, 'revoke');
    const text = await context.req.text();
    const body = revokeShape.safeParse(jsonOf(text === '' ? '{}' : text));
    if (!body.success) {
      const [issue] = body.error.issues;
      const path = issue?.path.join('.') ?? '';
      if (path === 'reason') throw new ProblemError(422, 'reason_not_allowed', refusals.reason_not_allowed[1]);
      throw new ProblemError(422, 'invalid', `${path === '' ? 'The body' : path}: ${issue?.message ?? 'not readable'}`);
    }
    const sha256 = context.req.param('sha256').toLowerCase();
    const certificate = /^[0-9a-f]{64}$/.test(sha256) ? await port.certificate(sha256) : null;
    const judged = judgeRevocationAsked({ token, certificate, reason: body.data.reason, now: time.now() });
    if (judged.answer === 'refuse' || certificate === null) {
      const code = judged.answer === 'refuse' ? judged.code : 'not_yours';
      throw new ProblemError(refusals[code][0], code, refusals[code][1]);
    }
    const { receipt, receivedAt } = await port.askToRevoke({ token, certificate, reason: judged.reason });
    const answer: RevokedJson = {
      sha256,
      receivedAt: rfc3339(receivedAt),
      receipt,
      reason: judged.reason === null ? 'unspecified' : (judged.reason as RevokedJson['reason']),
      next: judged.askForProof
        ? 'Only this certificate is revoked on your word. To have the key blocked for everybody, send a proof: ACME revokeCert signed with the certificate’s key, or a statement signed with it to the address for problem reports.'
        : null,
    };
    return context.json(answer, 202);
  });
  return app;
}

function toJson(one: InventoryCertificate, port: SubscriberPort, now: Instant): CertificateJson {
  const renewal = one.status === 'expired' ? null : port.renewalOf(one);
  const reached = (at: Instant) => Temporal.Instant.compare(at, now) <= 0;
  return {
    sha256: one.fingerprint,
    serial: one.serial,
    issuer: one.issuer,
    names: [...one.names],
    notBefore: rfc3339(one.notBefore),
    notAfter: rfc3339(one.notAfter),
    spkiSha256: one.spkiHash,
    status: one.status,
    revokedAt: one.revoked === null ? null : rfc3339(one.revoked.at),
    reason: one.revoked?.reason ?? null,
    renewal:
      renewal === null
        ? null
        : {
            start: rfc3339(renewal.start),
            end: rfc3339(renewal.end),
            now: reached(renewal.start),
            explanationURL: renewal.explanationUrl,
          },
  };
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw new ProblemError(400, 'not_json', 'The body is not JSON.');
  }
}

/** Counts requests without a good token, by where they came from. */
class WrongTokens {
  readonly #seen = new Map<string, { minute: number; count: number }>();

  count(from: string, now: Instant): void {
    const minute = Math.floor(now.epochMilliseconds / 60_000);
    const before = this.#seen.get(from);
    if (this.#seen.size >= wrongKeptMax) this.#seen.clear();
    this.#seen.set(from, { minute, count: before?.minute === minute ? before.count + 1 : 1 });
  }

  tooMany(from: string, now: Instant): boolean {
    const seen = this.#seen.get(from);
    return (
      seen !== undefined && seen.minute === Math.floor(now.epochMilliseconds / 60_000) && seen.count >= wrongPerMinute
    );
  }
}
