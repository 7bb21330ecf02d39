/**
 * The list of blocked keys for systems that issue: many keys in one question, and the whole list as CSV or Bloom filter for
 * those that must not depend on a call. Every answer says which state of the list it is of (ETag), so that asking again
 * costs nothing while nothing has changed.
 */
import type { Context, Hono } from 'hono';
import { stream } from 'hono/streaming';
import { z } from 'zod';
import { type Instant, rfc3339 } from '../foundation/time/time.ts';
import { nobody, type Visitor } from './access/access.ts';
import { has, mustHave } from './authority.ts';
import { Sha256 } from './contract/scalars.ts';
import { ProblemError } from './problem.ts';

export interface BlockedKeyList {
  lookup(hashes: readonly string[]): Promise<ReadonlyMap<string, { readonly blockedAt: Instant }>>;
  watermark(): Promise<{ readonly etag: string }>;
  exportCsv(): AsyncGenerator<string>;
  exportBloom(): Promise<Uint8Array>;
}

const askedMax = 10_000;
const Asked = z.strictObject({ spkiSha256: z.array(Sha256).min(1).max(askedMax) });

interface Env {
  Variables: { visitor: Visitor };
}

export function addBlockedKeyRoutes(app: Hono<Env>, list: BlockedKeyList): void {
  const base = '/api/v1/blocked-keys';

  /** Sets the ETag; true when the asker has this state already. */
  const known = async (context: Context<Env>): Promise<boolean> => {
    const visitor = context.get('visitor') ?? nobody;
    // Whoever may read the desk sees this list on a screen already; a CA's token may see this and nothing else.
    mustHave(visitor, has(visitor, 'read') ? 'read' : 'blocked-keys', 'GET', context.req.raw);
    const { etag } = await list.watermark();
    const quoted = `"${etag.replaceAll('"', '')}"`;
    context.header('etag', quoted);
    return context.req.header('if-none-match') === quoted;
  };

  app.post(`${base}/lookup`, async (context) => {
    await known(context);
    const read = Asked.safeParse(await context.req.json().catch(() => null));
    if (!read.success) {
      throw new ProblemError(
        400,
        'keys_invalid',
        `Send {"spkiSha256": [...]}: 1 to ${askedMax} hashes of 64 hex digits.`,
      );
    }
    const found = await list.lookup(read.data.spkiSha256);
    return context.json({
      items: read.data.spkiSha256.map((spkiSha256) => {
        const entry = found.get(spkiSha256);
        return {
          spkiSha256,
          blocked: entry !== undefined,
          blockedAt: entry === undefined ? null : rfc3339(entry.blockedAt),
        };
      }),
    });
  });

  app.get(`${base}/export.csv`, async (context) => {
    if (await known(context)) return context.body(null, 304);
    context.header('content-type', 'text/csv; charset=utf-8');
    return stream(context, async (out) => {
      for await (const piece of list.exportCsv()) await out.write(piece);
    });
  });

  app.get(`${base}/export.bloom`, async (context) => {
    if (await known(context)) return context.body(null, 304);
    context.header('content-type', 'application/octet-stream');
    return context.body(Buffer.from(await list.exportBloom()));
  });
}
