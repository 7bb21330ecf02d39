/** The API of subscribers' own software, as zod shapes: what the routes check, what the OpenAPI document says. */
import { z } from 'zod';
import { subscriberReasons } from '../../desk/policy/reason.ts';

const instant = z.string().meta({ description: 'RFC 3339 UTC, whole seconds, Z', examples: ['2026-03-01T09:00:00Z'] });
const reason = z.enum([...subscriberReasons]);

export const certificateShape = z.strictObject({
  sha256: z.string(),
  serial: z.string(),
  issuer: z.string(),
  names: z.array(z.string()),
  notBefore: instant,
  notAfter: instant,
  spkiSha256: z.string(),
  status: z.enum(['good', 'revoked', 'expired']),
  revokedAt: instant.nullable(),
  reason: z.string().nullable(),
  /** Null where ARI has nothing to say: expired, or not known to it yet. */
  renewal: z
    .strictObject({ start: instant, end: instant, now: z.boolean(), explanationURL: z.string().nullable() })
    .nullable(),
});

export const certificatesShape = z.strictObject({
  certificates: z.array(certificateShape),
  /** There are more than fit into one answer. */
  more: z.boolean(),
});

export const reasonsShape = z.strictObject({
  reasons: z.array(z.strictObject({ reason, isDefault: z.boolean(), when: z.string() })),
});

/** TLS BR 7.2.2: without a reason none is given; the five that a subscriber may choose, and no other. */
export const revokeShape = z.strictObject({ reason: reason.default('unspecified') });

export const revokedShape = z.strictObject({
  sha256: z.string(),
  /** Durable from here on, and the instant from which the desk's clock runs. */
  receivedAt: instant,
  receipt: z.string(),
  reason: reason,
  /** What the subscriber can do to make more of it; null when nothing is left to do. */
  next: z.string().nullable(),
});

export type CertificateJson = z.infer<typeof certificateShape>;
export type RevokedJson = z.infer<typeof revokedShape>;

/** OpenAPI 3.1, from the same shapes; served by the API itself. */
export function subscriberOpenApi(): Record<string, unknown> {
  const answer = (shape: z.ZodType, description: string) => ({
    description,
    content: { 'application/json': { schema: z.toJSONSchema(shape) } },
  });
  const problem = (description: string) => ({ description, content: { 'application/problem+json': {} } });
  const security = [{ subscriberToken: [] }];
  return {
    openapi: '3.1.0',
    info: {
      title: 'Rescind, for subscribers',
      version: '1',
      description:
        'What the software of a certificate’s holder may do. Keys are always present; unknown is null. Times are RFC 3339 UTC, whole seconds, Z.',
    },
    paths: {
      '/subscriber/v1/certificates': {
        get: {
          operationId: 'listMyCertificates',
          summary: 'The certificates of the subscriber to whom the token belongs. Scope: list.',
          security,
          responses: { 200: answer(certificatesShape, 'Newest first'), 401: problem('No such token') },
        },
      },
      '/subscriber/v1/reasons': {
        get: {
          operationId: 'listRevocationReasons',
          summary: 'The reasons a subscriber may choose, and when to take which (TLS BR 7.2.2).',
          security: [],
          responses: { 200: answer(reasonsShape, 'The default is no reason') },
        },
      },
      '/subscriber/v1/certificates/{sha256}/revoke': {
        post: {
          operationId: 'revokeMyCertificate',
          summary: 'Asks for the revocation of one certificate. Scope: revoke.',
          security,
          parameters: [{ name: 'sha256', in: 'path', required: true, schema: { type: 'string' } }],
          requestBody: { content: { 'application/json': { schema: z.toJSONSchema(revokeShape, { io: 'input' }) } } },
          responses: {
            202: answer(revokedShape, 'Received; the clock runs'),
            401: problem('No such token'),
            403: problem('The token has no such scope'),
            404: problem('Not a certificate of this subscriber'),
            409: problem('Expired, or revoked already'),
            422: problem('A reason that is not the subscriber’s to choose'),
          },
        },
      },
    },
    components: {
      securitySchemes: {
        subscriberToken: { type: 'http', scheme: 'bearer', description: 'rsub_…: one subscriber, some scopes.' },
      },
    },
  };
}
