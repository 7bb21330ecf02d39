/**
 * The lab CA over HTTP: what the world reads (CRL, OCSP, issuer certificates) without a key, and what the operator and
 * the desk do (issue, revoke, publish, drill) with a bearer token. Every body from outside is bounded.
 */
import { hash, timingSafeEqual } from 'node:crypto';
import { createServer as createTlsServer } from 'node:https';
import { serve } from '@hono/node-server';
import { type Context, Hono } from 'hono';
import { z } from 'zod';
import type { Serial } from '../foundation/brand.ts';
import { Fault } from '../foundation/fault.ts';
import { readPem, writePem } from '../foundation/pki/pem.ts';
import { serialFrom } from '../foundation/pki/x509.ts';
import { rfc3339 } from '../foundation/time/time.ts';
import type { AcmeOptions } from './acme/options.ts';
import { acmeApp } from './acme/server.ts';
import { issuerIds, leafProfiles } from './certificate.ts';
import { faultComponents, faultModes } from './faults.ts';
import type { LabCa } from './lab-ca.ts';
import type { RevokeOrder, RevokeOutcome } from './revocation-desk.ts';

export const revokeManyMax = 10_000;
const bodyBytesMax = 8 * 1024 * 1024;
const ocspRequestBytesMax = 64 * 1024;

const serial = z
  .string()
  .max(200)
  .transform((text, context) => {
    const read = serialFrom(text);
    if (read === null) context.addIssue({ code: 'custom', message: 'a serial is written in hex' });
    return (read ?? '0') as Serial;
  });
const instant = z
  .string()
  .max(40)
  .transform((text, context) => {
    try {
      return Temporal.Instant.from(text);
    } catch {
      context.addIssue({ code: 'custom', message: 'an instant is written as RFC 3339' });
      return z.NEVER;
    }
  });
const order = z.object({
  serial,
  /** SHA-256 of the issuer's name: needed only when two issuing CAs use the same serial. */
  issuerHash: z
    .string()
    .regex(/^[0-9a-f]{64}$/)
    .optional(),
  reason: z.int().min(0).max(10).nullable().default(null),
  invalidityAt: instant.nullable().default(null),
});
const many = z.object({ orders: z.array(order).min(1).max(revokeManyMax) });
const issue = z.object({
  csr: z.string().max(1024 * 1024),
  names: z.array(z.string().max(254)).max(1000).optional(),
  profile: z.enum(leafProfiles).optional(),
  subscriber: z.string().max(200).nullable().optional(),
});
const fault = z.object({
  component: z.enum(faultComponents),
  mode: z.enum(faultModes),
  perHour: z.number().min(0).optional(),
});

/** `acme` adds an ACME server under the path of its own address. */
export function labCaApp(ca: LabCa, options: { readonly acme?: AcmeOptions } = {}): Hono {
  const app = new Hono();
  if (options.acme !== undefined) app.route('/', acmeApp(ca, options.acme));
  app.onError((error, context) => {
    if (error instanceof Fault) {
      const status = error.code === 'body_too_large' ? 413 : 503;
      return context.json({ code: error.code, message: error.message }, status);
    }
    throw error;
  });

  app.get('/', (context) => context.text(`Lab CA. Root: /root.cer, CRLs: /crl/tls-0.crl, OCSP: /ocsp\n`));
  app.get('/healthz', (context) => context.json({ ok: true, certificates: ca.revocations.size }));

  app.get('/:file{[a-z-]+\\.cer}', (context) => {
    const name = context.req.param('file').slice(0, -4);
    const issuer = issuerIds.find((id) => id === name);
    const der = name === 'root' ? ca.root : issuer === undefined ? null : ca.issuerCertificate(issuer);
    return der === null ? context.notFound() : bytes(context, der, 'application/pkix-cert');
  });

  app.get('/crl/:file', async (context) => {
    const crl = await ca.revocations.crl(`/crl/${context.req.param('file')}`);
    if (crl === null) return context.notFound();
    const etag = `"${crl.sha256.slice(0, 32)}"`;
    context.header('ETag', etag);
    context.header('Last-Modified', httpDate(crl.thisUpdate));
    // No cache in between may hold an old list back; whoever has it already learns so from the ETag.
    context.header('Cache-Control', 'no-cache');
    if (context.req.header('if-none-match') === etag) return context.body(null, 304);
    return bytes(context, crl.der, 'application/pkix-crl');
  });

  const ocsp = async (context: Context, request: Uint8Array) => {
    const { body, until } = await ca.revocations.ocsp(request);
    // RFC 5019 section 6.2: errors are not cached; answers are, but never longer than a minute in a lab.
    if (until === null) context.header('Cache-Control', 'no-store');
    else {
      context.header('Cache-Control', 'max-age=60, public, no-transform, must-revalidate');
      context.header('Expires', httpDate(until));
    }
    return bytes(context, body, 'application/ocsp-response');
  };
  app.post('/ocsp', async (context) => ocsp(context, await bodyOf(context, ocspRequestBytesMax)));
  app.get('/ocsp/:request{.+}', (context) => {
    // RFC 6960 appendix A.1: base64, then URL-encoded; clients leave slashes as they are.
    const text = context.req.path.slice('/ocsp/'.length);
    return ocsp(context, new Uint8Array(Buffer.from(safeDecode(text), 'base64')));
  });

  app.use('/api/*', async (context, next) => {
    const given = /^Bearer (.{1,500})$/.exec(context.req.header('authorization') ?? '')?.[1] ?? '';
    const same = timingSafeEqual(hash('sha256', given, 'buffer'), hash('sha256', ca.options.token, 'buffer'));
    if (!same) return context.json({ code: 'unauthorized', message: 'A bearer token is needed.' }, 401);
    return next();
  });
  app.post('/api/revoke', async (context) => {
    const body = await read(context, order);
    if (body instanceof Response) return body;
    const [outcome] = await ca.revocations.revoke([withIssuer(ca, body)]);
    return context.json(outcomeJson(outcome!), outcome!.outcome === 'refused' ? 422 : 200);
  });
  app.post('/api/revoke-many', async (context) => {
    const body = await read(context, many);
    if (body instanceof Response) return body;
    const outcomes = await ca.revocations.revoke(body.orders.map((one) => withIssuer(ca, one)));
    return context.json({ results: outcomes.map((o, i) => ({ serial: body.orders[i]!.serial, ...outcomeJson(o) })) });
  });
  app.post('/api/publish', async (context) => {
    const lists = await ca.revocations.publish();
    return context.json({ crls: lists.map((list) => ({ ...list, number: list.number.toString() })) });
  });
  app.get('/api/certificates/:serial', async (context) => {
    const wanted = serialFrom(context.req.param('serial'));
    const entry = wanted === null ? null : await ca.revocations.look(wanted);
    if (entry === null) return context.json({ code: 'unknown-serial', message: 'Not issued by this CA.' }, 404);
    const { revocation } = entry;
    return context.json({
      serial: entry.serial,
      issuer: entry.issuer,
      notAfter: rfc3339(entry.notAfter),
      status: revocation === null ? 'good' : 'revoked',
      reason: revocation?.reason ?? null,
      revokedAt: revocation === null ? null : rfc3339(revocation.revokedAt),
      publishedAt: revocation?.publishedAt ? rfc3339(revocation.publishedAt) : null,
    });
  });
  app.post('/api/issue', async (context) => {
    const body = await read(context, issue);
    if (body instanceof Response) return body;
    const request = readPem(body.csr).find((block) => block.label.endsWith('CERTIFICATE REQUEST'));
    if (request === undefined) return context.json({ code: 'malformed-csr', message: 'No request in PEM.' }, 422);
    const result = await ca.order({
      csr: request.bytes,
      ...(body.names === undefined ? {} : { names: body.names }),
      ...(body.profile === undefined ? {} : { profile: body.profile }),
      subscriber: body.subscriber ?? null,
    });
    if (!result.ok) {
      const message = result.because ?? 'The order was refused.';
      return context.json({ code: result.refusal, message }, result.refusal === 'acme-required' ? 403 : 422);
    }
    const chain = ca.chainOf(result.issued).map((der) => writePem('CERTIFICATE', der));
    return context.json(
      { serial: result.issued.serial, sha256: result.issued.fingerprint, chain: chain.join(''), tell: result.tell },
      201,
    );
  });
  app.post('/api/fault', async (context) => {
    const body = await read(context, fault);
    if (body instanceof Response) return body;
    const { perHour, ...rest } = body;
    ca.revocations.setFault(perHour === undefined ? rest : { ...rest, perHour });
    return context.json({ faults: ca.revocations.faults });
  });
  app.delete('/api/fault/:component', async (context) => {
    const component = faultComponents.find((name) => name === context.req.param('component'));
    if (component === undefined) return context.notFound();
    await ca.revocations.clearFault(component);
    return context.json({ faults: ca.revocations.faults });
  });
  return app;
}

/** Serves the CA on a port (0 picks one); `close` ends it. */
export async function listen(
  fetch: (request: Request) => Response | Promise<Response>,
  where: {
    readonly port: number;
    readonly hostname?: string;
    /** PEM: serves https, which ACME clients expect. */
    readonly tls?: { readonly key: string; readonly cert: string };
  },
): Promise<{ readonly port: number; close(): Promise<void> }> {
  return new Promise((resolve, reject) => {
    const tls = where.tls === undefined ? {} : { createServer: createTlsServer, serverOptions: where.tls };
    const server = serve({ fetch, port: where.port, hostname: where.hostname ?? '127.0.0.1', ...tls }, (info) => {
      resolve({
        port: info.port,
        close: () =>
          new Promise<void>((done) => {
            server.close(() => done());
            if ('closeAllConnections' in server) server.closeAllConnections();
          }),
      });
    });
    server.on('error', reject);
  });
}

function withIssuer(ca: LabCa, { issuerHash, ...rest }: z.output<typeof order>): RevokeOrder {
  const issuer = issuerHash === undefined ? null : ca.revocations.issuerByHash(issuerHash);
  return issuer === null ? rest : { ...rest, issuer };
}

function outcomeJson(outcome: RevokeOutcome) {
  return outcome.outcome === 'refused' ? outcome : { ...outcome, revokedAt: rfc3339(outcome.revokedAt) };
}

async function read<T extends z.ZodType>(context: Context, schema: T): Promise<z.output<T> | Response> {
  let json: unknown;
  try {
    json = JSON.parse(Buffer.from(await bodyOf(context, bodyBytesMax)).toString('utf8'));
  } catch {
    return context.json({ code: 'malformed', message: 'The body is not JSON or too large.' }, 400);
  }
  const parsed = schema.safeParse(json);
  if (parsed.success) return parsed.data;
  return context.json({ code: 'malformed', message: z.prettifyError(parsed.error) }, 400);
}

/** Reads a body up to a bound and stops reading there. */
async function bodyOf(context: Context, bytesMax: number): Promise<Uint8Array> {
  const stream = context.req.raw.body;
  if (stream === null) return new Uint8Array();
  const parts: Uint8Array[] = [];
  let length = 0;
  for await (const part of stream as AsyncIterable<Uint8Array>) {
    length += part.length;
    if (length > bytesMax) throw new Fault('body_too_large', `A body of more than ${bytesMax} bytes.`);
    parts.push(part);
  }
  return Buffer.concat(parts);
}

function bytes(context: Context, body: Uint8Array, type: string): Response {
  context.header('Content-Type', type);
  return context.body(body as Uint8Array<ArrayBuffer>);
}

function httpDate(instant: Temporal.Instant): string {
  return new Date(instant.epochMilliseconds).toUTCString();
}

function safeDecode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return '';
  }
}
