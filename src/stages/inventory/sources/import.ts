/**
 * How any source enters the inventory: entries are added in batches, a source's position is recorded only when
 * everything before it is stored, and what cannot be read is listed with its place and not silently dropped.
 */
import type { Time } from '../../../foundation/time/time.ts';
import type { Inventory, InventoryCertificate, IssuedCertificate, Progress } from '../inventory.ts';
import type { Annotations } from '../record.ts';
import type { Watermark } from '../watermark.ts';

export type Entry =
  | { readonly kind: 'certificate'; readonly at: string; readonly record: IssuedCertificate }
  /** Says more of a certificate that should be there already. */
  | { readonly kind: 'annotation'; readonly at: string; readonly of: Naming; readonly annotations: Annotations }
  | { readonly kind: 'rejected'; readonly at: string; readonly problem: string }
  /** Everything before it has been handed over. */
  | { readonly kind: 'progress'; readonly progress: Progress };

export type Naming = { readonly fingerprint: string } | { readonly serial: string };

export interface ImportReport {
  /** Entries met, readable or not. */
  readonly read: number;
  /** New in the inventory; a certificate that completes its precertificate counts as well. */
  readonly stored: number;
  /** The first `rejectedMax`; `rejectedCount` has them all. */
  readonly rejected: readonly { readonly at: string; readonly problem: string }[];
  readonly rejectedCount: number;
  readonly perSecond: number;
  readonly watermark: Watermark;
}

/** Enough to see what is wrong with a file; a hundred thousand lines of the same complaint help nobody. */
export const rejectedMax = 1_000;
const batchSize = 5_000;

export async function importFrom(
  inventory: Inventory,
  entries: AsyncIterable<Entry>,
  options: { readonly time: Time; readonly onBatch?: (read: number) => void },
): Promise<ImportReport> {
  const startedAt = options.time.now();
  const rejected: { at: string; problem: string }[] = [];
  let rejectedCount = 0;
  let read = 0;
  let stored = 0;
  let batch: IssuedCertificate[] = [];

  const reject = (at: string, problem: string) => {
    rejectedCount++;
    if (rejected.length < rejectedMax) rejected.push({ at, problem });
  };
  const flush = async () => {
    if (batch.length === 0) return;
    const added = await inventory.add(batch);
    stored += added.stored + added.unified;
    batch = [];
    options.onBatch?.(read);
  };

  for await (const entry of entries) {
    switch (entry.kind) {
      case 'certificate':
        read++;
        batch.push(entry.record);
        if (batch.length >= batchSize) await flush();
        break;
      case 'annotation': {
        read++;
        await flush();
        const known = await named(inventory, entry.of);
        if (known === null) reject(entry.at, 'no such certificate in the inventory, and the row does not carry one');
        else await inventory.add([annotated(known, entry.annotations)]);
        break;
      }
      case 'rejected':
        read++;
        reject(entry.at, entry.problem);
        break;
      case 'progress':
        await flush();
        await inventory.record(entry.progress);
        break;
    }
  }
  await flush();
  const elapsed = (options.time.now().epochMilliseconds - startedAt.epochMilliseconds) / 1000;
  const { watermark } = await inventory.stats();
  return { read, stored, rejected, rejectedCount, perSecond: Math.round(read / Math.max(elapsed, 0.001)), watermark };
}

async function named(inventory: Inventory, of: Naming): Promise<InventoryCertificate | null> {
  const queries =
    'fingerprint' in of
      ? (['fingerprint', 'precertificate'] as const).map((by) => ({ by, value: of.fingerprint }))
      : [{ by: 'serial' as const, value: of.serial }];
  for (const query of queries) {
    const { matches } = await inventory.find(query, { limit: 2 });
    // Two certificates of that serial: the row does not say which one it means.
    if (matches.length === 1) return matches[0]!.certificate;
  }
  return null;
}

function annotated(known: InventoryCertificate, annotations: Annotations): IssuedCertificate {
  return {
    ...known,
    sha1: null,
    spkiSha1: null,
    subjectKeyId: null,
    der: null,
    subscriber: annotations.subscriber ?? null,
    account: annotations.account ?? null,
    tags: annotations.tags ?? [],
    revoked: annotations.revoked ?? null,
  };
}
