/**
 * The CA's own list of what it issued, over HTTP, in the order of issuance:
 *
 *     GET {url}?after={cursor}&limit={n}
 *     {"certificates": [{"der": base64, "subscriber", "account", "tags": [], "revokedAt", "reason"}],
 *      "next": cursor, "more": true, "issued": 83267, "upTo": "2026-07-01T12:00:00Z"}
 *
 * `next` is opaque and resumes behind the last certificate of the page; `issued` counts everything the CA ever issued and
 * `upTo` is the instant up to which the list is complete once `more` is false. Only such a source can make the inventory
 * complete: logs and files add to it, the CA alone knows how many there are.
 */
import { z } from 'zod';
import { type Reason, reasonCodes } from '../../../desk/facts.ts';
import { Fault } from '../../../foundation/fault.ts';
import type { Progress } from '../inventory.ts';
import { getJson, type HttpOptions } from './http.ts';
import type { Entry } from './import.ts';
import { entryOf, fromBase64 } from './pem.ts';

const pageBytesMax = 64 * 1024 * 1024;
const pageSize = 2_000;

const instant = z.iso.datetime({ offset: true }).transform((text) => Temporal.Instant.from(text));
const text = z.string().max(1_000).nullish();
const page = z.object({
  certificates: z
    .array(
      z.object({
        der: z.string(),
        subscriber: text,
        account: text,
        tags: z.array(z.string().max(200)).max(100).optional(),
        revokedAt: instant.nullish(),
        reason: z.enum(Object.keys(reasonCodes) as [Reason, ...Reason[]]).nullish(),
      }),
    )
    .max(100_000),
  next: z.string().max(1_000),
  more: z.boolean(),
  issued: z.int().nonnegative().nullish(),
  upTo: instant.nullish(),
});

/** Reads on from `last` (the progress recorded under `ca:URL`) to the end of the list. */
export async function* readCa(url: string, last: Progress | null, options: HttpOptions): AsyncGenerator<Entry> {
  const source = `ca:${url}`;
  let cursor = last?.position ?? null;
  for (;;) {
    const address = new URL(url);
    if (cursor !== null) address.searchParams.set('after', cursor);
    address.searchParams.set('limit', String(pageSize));
    const answer = page.safeParse(await getJson(address.href, pageBytesMax, options));
    if (!answer.success) {
      throw new Fault(
        'source_failed',
        `${address.href}: not a list of certificates (${answer.error.issues[0]?.message})`,
      );
    }
    const { certificates, next, more, issued, upTo } = answer.data;
    for (const [i, certificate] of certificates.entries()) {
      const revoked =
        certificate.revokedAt == null ? null : { at: certificate.revokedAt, reason: certificate.reason ?? null };
      yield entryOf(fromBase64(certificate.der), `${address.href}#${i + 1}`, {
        subscriber: certificate.subscriber ?? null,
        account: certificate.account ?? null,
        tags: certificate.tags ?? [],
        revoked,
      });
    }
    // Until the end is reached the list is complete only up to where it was before.
    const reached = more ? (last?.upTo ?? null) : (upTo ?? null);
    yield {
      kind: 'progress',
      progress: { source, kind: 'ca', position: next, issuedCount: issued ?? null, upTo: reached },
    };
    if (!more) return;
    if (next === cursor) throw new Fault('source_failed', `${url}: the list does not move on from its cursor`);
    cursor = next;
  }
}
