import type { Finder } from '../app/read-message.ts';
import type { CertificateFacts } from '../desk/facts.ts';
import type { Fingerprint } from '../foundation/brand.ts';
import type { BulkFacts } from '../stages/inventory/bulk.ts';
import { type Inventory, keyHashesMax } from '../stages/inventory/index.ts';

/** Bytes per call of the inventory. */
const bytesChunk = 5_000;

/** The inventory in the words of reading a message. */
export function finderOf(inventory: Inventory, bulk: BulkFacts): Finder {
  return {
    byFingerprints: bulk.byFingerprints,
    bySerials: (serials) => bulk.bySerials(serials.filter((s) => /^[0-9a-f]{1,64}$/.test(s))),
    byNames: (names) => bulk.byNames(names),
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
    async byCrtshIds(ids) {
      const found: CertificateFacts[] = [];
      for (const id of ids.slice(0, 1_000)) {
        const { matches } = await inventory.find({ by: 'crtsh', value: id });
        found.push(...matches.map((m) => m.certificate));
      }
      return found;
    },
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
