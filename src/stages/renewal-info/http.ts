/**
 * `GET /renewal-info/{certID}`: public, unauthenticated, no side effect but a count. No shared cache may hold the answer:
 * one that keeps it for the polling period doubles the delay of an incident.
 */
import { Hono } from 'hono';
import { rfc3339, type Time } from '../../foundation/time/time.ts';
import type { RenewalAnswer, RenewalInfo } from './service.ts';

export const renewalInfoPath = '/renewal-info';

export function renewalInfoRoutes(renewalInfo: Pick<RenewalInfo, 'answer'>, time: Time): Hono {
  const app = new Hono();
  app.get(`${renewalInfoPath}/:certId`, async (c) => {
    // A certID is short; whatever the query says is no part of the question.
    return responseOf(plainAnswer(await renewalInfo.answer(c.req.param('certId'), time.now())));
  });
  app.all(`${renewalInfoPath}/:certId`, () =>
    responseOf(problem(405, 'malformed', 'renewal information is asked for with GET', { allow: 'GET, HEAD' })),
  );
  app.get(renewalInfoPath, () => responseOf(problem(400, 'malformed', 'the path lacks the certificate identifier')));
  return app;
}

/** An answer before it belongs to any server. */
export interface PlainAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

/** The part of a request's target that names the certificate; null when it is another path or needs decoding. */
export function certIdIn(target: string): string | null {
  if (!target.startsWith(`${renewalInfoPath}/`)) return null;
  const query = target.indexOf('?');
  const certId = target.slice(renewalInfoPath.length + 1, query < 0 ? undefined : query);
  return /^[A-Za-z0-9_.-]+$/.test(certId) ? certId : null;
}

/** The line a CA adds to its ACME directory (RFC 9773 section 3). */
export function directoryEntry(baseUrl: string): { readonly renewalInfo: string } {
  return { renewalInfo: `${baseUrl.replace(/\/$/, '')}${renewalInfoPath}` };
}

export function plainAnswer(answer: RenewalAnswer): PlainAnswer {
  switch (answer.answer) {
    case 'malformed':
      return problem(
        400,
        'malformed',
        'a certificate identifier is base64url(authority key identifier) "." base64url(serial number), RFC 9773 section 4.1',
      );
    case 'unknown':
      return problem(404, 'malformed', 'this CA knows no certificate of that identifier');
    case 'busy':
      return problem(503, 'serverInternal', 'the certificate could not be looked up now; ask again', {
        'retry-after': '60',
      });
    case 'window': {
      const body = {
        suggestedWindow: { start: rfc3339(answer.window.start), end: rfc3339(answer.window.end) },
        ...(answer.explanationUrl === null ? {} : { explanationURL: answer.explanationUrl }),
      };
      return {
        status: 200,
        headers: {
          'content-type': 'application/json',
          'cache-control': 'no-store',
          'retry-after': String(answer.retryAfterSeconds),
        },
        body: JSON.stringify(body),
      };
    }
  }
}

/** RFC 7807 with ACME's types (RFC 8555 section 6.7), as clients of an ACME server expect. */
function problem(status: number, type: string, detail: string, headers: Record<string, string> = {}): PlainAnswer {
  return {
    status,
    headers: { 'content-type': 'application/problem+json', 'cache-control': 'no-store', ...headers },
    body: JSON.stringify({ type: `urn:ietf:params:acme:error:${type}`, detail, status }),
  };
}

function responseOf({ status, headers, body }: PlainAnswer): Response {
  return new Response(body, { status, headers });
}
