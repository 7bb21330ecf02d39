import type { Finder } from '../app/read-message.ts';
import type { CertificateFacts } from '../desk/facts.ts';
import type { Fingerprint } from '../foundation/brand.ts';
import { gathering } from '../foundation/gathering.ts';
import type { BulkFacts } from '../stages/inventory/bulk.ts';
import { type Inventory, keyHashesMax, manyMax } from '../stages/inventory/index.ts';

/** Bytes per call of the inventory. */
const bytesChunk = 5_000;
/** A report names no more crt.sh entries than this one by one. */
const crtshIdsMax = 1_000;

/** Asked for every message that is read: those that are read side by side ask together. */
async function namesOfEach(
  inventory: Pick<Inventory, 'namesAmong'>,
  wanted: readonly (readonly string[])[],
): Promise<readonly ReadonlySet<string>[]> {
  const all = [...new Set(wanted.flat())];
  const known = new Set<string>();
  for (let i = 0; i < all.length; i += manyMax)
    for (const name of await inventory.namesAmong(all.slice(i, i + manyMax))) known.add(name);
  return wanted.map((names) => new Set(names.filter((name) => known.has(name))));
}

/** The inventory in the words of reading a message. */
export function finderOf(inventory: Inventory, bulk: BulkFacts): Finder {
  return {
    byFingerprints: bulk.byFingerprints,
    bySerials: (serials) => bulk.bySerials(serials.filter((s) => /^[0-9a-f]{1,64}$/.test(s))),
    byNames: (names) => bulk.byNames(names),
    namesAmong: gathering((wanted) => namesOfEach(inventory, wanted), {
      most: 100,
      weightOf: (names) => names.length,
      weightMost: manyMax,
    }),
    async byKeys(hashes) {
      const wanted = hashes.filter((h) => /^[0-9a-f]{64}$/.test(h));
      const found: CertificateFacts[] = [];
      for (let i = 0; i < wanted.length; i += keyHashesMax) {
        const slice = wanted.slice(i, i + keyHashesMax);
        for (let after: string | null = null; ; ) {
          const page = await inventory.findByKeys(slice, { after, limit: 10_000 });
          found.push(...page.matches.map((m) => m.certificate));
          after = page.next;
          if (after === null) break;
        }
      }
      return found;
    },
    byCrtshIds: (ids) => bulk.byCrtshIds(ids.slice(0, crtshIdsMax)),
    async bytesOf(fingerprints) {
      const all = new Map<Fingerprint, Uint8Array>();
      for (let i = 0; i < fingerprints.length; i += bytesChunk) {
        for (const [fingerprint, der] of await inventory.bytesOf(fingerprints.slice(i, i + bytesChunk)))
          all.set(fingerprint, der);
      }
      return all;
    },
  };
}
