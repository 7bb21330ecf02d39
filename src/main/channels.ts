/**
 * The channels of the configuration: every kind there is, checked by its own settings before anything listens, and the
 * door under `/api/v1/channels/SOURCE` for those that are called instead of listening.
 */
import { Hono } from 'hono';
import { z } from 'zod';
import type { Access } from '../api/access/access.ts';
import type { Answer, Listening } from '../stages/intake/channel.ts';
import { type ChannelKindName, channelKinds, openChannel } from '../stages/intake/channels/index.ts';
import type { Desk } from './wiring.ts';

export const channelsShape = z
  .array(
    z.strictObject({
      kind: z.enum(Object.keys(channelKinds) as [ChannelKindName, ...ChannelKindName[]]),
      /** Its name, on screens, in the ledger and in its address. Never change it: it tells what was recorded before. */
      source: z.string().regex(/^[a-z0-9][a-z0-9._-]{0,60}$/, 'a source is lower-case letters, digits, dot, dash'),
      settings: z.record(z.string(), z.unknown()).default({}),
    }),
  )
  .max(1_000)
  .default([]);

export type ChannelsConfig = z.infer<typeof channelsShape>;

/** Sources of the desk's own doors. */
const taken = new Set(['smtp', 'lmtp']);
/** Body of one call: one report with its attachments in base64, or thousands of small ones. */
const bodyMax = 64_000_000;

/** What is wrong, with dotted paths below `channels`; empty when each can be opened. Opens nothing. */
export function channelProblems(channels: ChannelsConfig): readonly { path: string; message: string }[] {
  const seen = new Set(taken);
  return channels.flatMap(({ kind, source, settings }, n) => {
    const double = seen.has(source) ? [{ path: `${n}.source`, message: `There is another channel ${source}.` }] : [];
    seen.add(source);
    const opened = openChannel(kind, source, settings);
    const wrong = opened.ok ? [] : opened.problems.map((p) => ({ ...p, path: `${n}.settings.${p.path}` }));
    return [...double, ...wrong];
  });
}

export interface OpenDoor {
  readonly kind: string;
  readonly source: string;
  readonly accept: NonNullable<Listening['accept']>;
}

/** Where a channel that is called is reached. */
export function doorPath(source: string): string {
  return `/api/v1/channels/${source}`;
}

/**
 * `POST /api/v1/channels/SOURCE` for each door. Reports and helpdesks need no sign-in (a webhook is signed, and anybody
 * may report); what staff enter is entered by somebody who is signed in and may act.
 */
export function channelDoors(desk: Pick<Desk, 'listening' | 'log'>, access: Access): Hono {
  const app = new Hono();
  app.post('/api/v1/channels/:source', async (context) => {
    const path = doorPath(context.req.param('source'));
    const door = desk.listening.find((l) => l.address === path);
    const say = ({ status, body, retryAfterSeconds }: Answer): Response =>
      Response.json(body, {
        status,
        headers: retryAfterSeconds === undefined ? {} : { 'retry-after': String(retryAfterSeconds) },
      });
    if (door?.accept === undefined)
      return say({ status: 404, body: { code: 'no_such_channel', message: 'There is no such channel.' } });
    let enteredBy: string | null = null;
    if (door.kind === 'manual') {
      const visitor = await access.visitor(context.req.raw);
      if (visitor.principal === null || !visitor.scopes.has('act'))
        return say({ status: 401, body: { code: 'not_signed_in', message: 'Sign in as staff who may act.' } });
      if (visitor.csrf !== null && context.req.header('x-csrf-token') !== visitor.csrf)
        return say({ status: 403, body: { code: 'csrf', message: 'Send X-CSRF-Token as the console does.' } });
      enteredBy = visitor.principal.name;
    }
    const body = await readBounded(context.req.raw);
    if (body === null)
      return say({ status: 413, body: { code: 'message_too_large', message: `At most ${bodyMax} bytes in a call.` } });
    return say(
      await door.accept({
        headers: Object.fromEntries(context.req.raw.headers),
        body,
        peer: 'http',
        ...(enteredBy === null ? {} : { enteredBy }),
      }),
    );
  });
  return app;
}

/** The body of a call, or null when it is longer than any call may be. */
export async function readBounded(request: Request): Promise<Uint8Array | null> {
  if (Number(request.headers.get('content-length') ?? 0) > bodyMax) return null;
  const parts: Uint8Array[] = [];
  let size = 0;
  for await (const part of request.body ?? []) {
    size += part.length;
    if (size > bodyMax) return null;
    parts.push(part);
  }
  return Buffer.concat(parts);
}
