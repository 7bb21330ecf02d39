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
    const answer = await renewalInfo.answer(c.req.param('certId'), time.now());
    return responseTo(answer);
  });
  app.all(`${renewalInfoPath}/:certId`, () =>
    problem(405, 'malformed', 'renewal information is asked for with GET', { allow: 'GET, HEAD' }),
  );
  app.get(renewalInfoPath, () => problem(400, 'malformed', 'the path lacks the certificate identifier'));
  return app;
}

/** The line a CA adds to its ACME directory (RFC 9773 section 3). */
export function directoryEntry(baseUrl: string): { readonly renewalInfo: string } {
  return { renewalInfo: `${baseUrl.replace(/\/$/, '')}${renewalInfoPath}` };
}

function responseTo(answer: RenewalAnswer): Response {
  switch (answer.answer) {
    case 'malformed':
      return problem(
        400,
        'malformed',
        'a certificate identifier is base64url(authority key identifier) "." base64url(serial number), RFC 9773 section 4.1',
      );
    case 'unknown':
      return problem(404, 'malformed', 'this CA knows no certificate of that identifier');
    case 'window': {
      const body = {
        suggestedWindow: { start: rfc3339(answer.window.start), end: rfc3339(answer.window.end) },
        ...(answer.explanationUrl === null ? {} : { explanationURL: answer.explanationUrl }),
      };
      return new Response(JSON.stringify(body), {
        headers: {
          'content-type': 'application/json',
          'cache-control': 'no-store',
          'retry-after': String(answer.retryAfterSeconds),
        },
      });
    }
  }
}

/** RFC 7807 with ACME's types (RFC 8555 section 6.7), as clients of an ACME server expect. */
function problem(status: number, type: string, detail: string, headers: Record<string, string> = {}): Response {
  return new Response(JSON.stringify({ type: `urn:ietf:params:acme:error:${type}`, detail, status }), {
    status,
    headers: { 'content-type': 'application/problem+json', 'cache-control': 'no-store', ...headers },
  });
}
