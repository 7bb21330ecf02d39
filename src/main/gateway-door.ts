/**
 * `POST /api/v1/gateway-log`: lines of the CA's own mail gateway, signed like a helpdesk's calls. What the gateway
 * refused or held has arrived at the CA all the same, so the lines count for the clock.
 */
import { Hono } from 'hono';
import { z } from 'zod';
import { at } from '../foundation/time/time.ts';
import { isSignedCall, signatureHeader } from '../stages/intake/signature.ts';
import { readBounded } from './channels.ts';
import type { Desk } from './wiring.ts';

/** Lines in one call. */
const linesMax = 10_000;

const callSchema = z.strictObject({
  lines: z
    .array(
      z.strictObject({
        at: z.iso.datetime({ offset: true }),
        action: z.enum(['refuse', 'hold', 'move']),
        from: z.string().max(320),
        to: z.array(z.string().max(320)).max(1_000).default([]),
        /** Null where the session ended before the message was sent. */
        messageId: z.string().max(1_000).nullable().default(null),
      }),
    )
    .min(1)
    .max(linesMax),
});

export function gatewayDoor(desk: Pick<Desk, 'config' | 'time' | 'noteGateway' | 'channelContext' | 'parts'>): Hono {
  const app = new Hono();
  // Refused spam is the gateway's business; a refusal at an address that the world reports to is ours (FM04).
  const published = new Set(
    [desk.parts.sender.replyAddress, ...desk.config.canaries.map((canary) => canary.address)].map((one) =>
      one.toLowerCase(),
    ),
  );
  app.post('/api/v1/gateway-log', async (context) => {
    const secrets = desk.config.intake.gatewaySecrets;
    const no = (status: number, code: string, message: string): Response =>
      Response.json({ code, message }, { status });
    if (secrets.length === 0)
      return no(404, 'not_configured', 'Set intake.gatewaySecrets to take lines of the gateway.');
    const body = await readBounded(context.req.raw);
    if (body === null) return no(413, 'message_too_large', 'Send fewer lines in a call.');
    const now = desk.time.now();
    if (!isSignedCall({ signature: context.req.header(signatureHeader), body }, secrets, now))
      return no(401, 'bad_signature', 'The signature is missing, wrong or too old.');
    const call = callSchema.safeParse(jsonOf(body));
    if (!call.success) {
      const [issue] = call.error.issues;
      return no(422, 'invalid', `${issue?.path.join('.') ?? ''}: ${issue?.message ?? 'this is no list of lines'}`);
    }
    for (const line of call.data.lines) {
      const [instant, messageId] = [at(line.at), line.messageId];
      // A clock that is ahead of ours must not hide the line; it arrived by now at the latest.
      const seenAt = Temporal.Instant.compare(instant, now) > 0 ? now : instant;
      await desk.noteGateway({
        ...{ at: seenAt, action: line.action, envelopeFrom: line.from, envelopeTo: line.to },
        messageId,
      });
      if (line.action === 'refuse' && line.to.some((to) => published.has(to.toLowerCase())))
        desk.channelContext.refused({
          ...{ source: 'gateway', at: now, envelopeFrom: line.from, envelopeTo: line.to, peer: 'gateway' },
          code: 'refused_by_gateway',
        });
    }
    return Response.json({ noted: call.data.lines.length }, { status: 202 });
  });
  return app;
}

function jsonOf(body: Uint8Array): unknown {
  try {
    return JSON.parse(Buffer.from(body).toString('utf8'));
  } catch {
    return null;
  }
}
