/** What a judgement needs to know beside the evidence itself. All of it is data, so that the same input judges alike. */
import type { Fingerprint } from '../../../foundation/brand.ts';
import { DerError } from '../../../foundation/pki/der.ts';
import { type KeyHashes, keyHashes } from '../../../foundation/pki/spki.ts';
import type { EvidencePolicy } from '../policy.ts';
import type { KeyList } from '../weak/lists.ts';
import type { Ahead } from './ahead.ts';

/** A public key as it stands in the inventory, with every certificate that carries exactly this encoding of it. */
export interface InventoryKey {
  readonly spki: Uint8Array;
  readonly fingerprints: readonly Fingerprint[];
}

export interface Inventory {
  /** Keys that share the exact, canonical or material hash with any of `spkis`, each once. */
  find(spkis: readonly Uint8Array[]): InventoryKey[];
  /** By a hash alone (a `kid`, an SPKI hash in a statement). */
  findByHash(hash: string): InventoryKey[];
}

/** An index in memory over the keys that a lookup returned, or over a folder of certificates. */
export function inventoryOf(keys: readonly InventoryKey[]): Inventory {
  const byHash = new Map<string, Set<InventoryKey>>();
  const put = (hash: string, key: InventoryKey) => {
    const known = byHash.get(hash);
    if (known === undefined) byHash.set(hash, new Set([key]));
    else known.add(key);
  };
  for (const key of keys) {
    const hashes = hashesOf(key.spki);
    if (hashes === null) continue;
    for (const hash of [hashes.exact, hashes.canonical, hashes.material]) put(hash, key);
  }
  return {
    find: (spkis) => {
      const found = new Set<InventoryKey>();
      for (const spki of spkis) {
        const hashes = hashesOf(spki);
        if (hashes === null) continue;
        for (const hash of [hashes.exact, hashes.canonical, hashes.material]) {
          for (const key of byHash.get(hash) ?? []) found.add(key);
        }
      }
      return [...found];
    },
    findByHash: (hash) => [...(byHash.get(hash) ?? [])],
  };
}

/** Null for what is no public key. */
export function hashesOf(spki: Uint8Array): KeyHashes | null {
  try {
    return keyHashes(spki);
  } catch (cause) {
    if (cause instanceof DerError) return null;
    throw cause;
  }
}

export interface JudgeContext {
  readonly reportId: string;
  /** RFC 3339 */
  readonly receivedAt: string;
  readonly randomBytes: (count: number) => Uint8Array;
  readonly inventory: Inventory;
  readonly policy: EvidencePolicy;
  readonly lists: readonly KeyList[];
  /** Challenges that the desk issued for this report. */
  readonly challenges: readonly string[];
  /** SHA-256 (hex) of requests on which certificates were issued: a replayed one shows nothing. */
  readonly enrolledCsrs: ReadonlySet<string>;
  /** True in a report: a certificate or public key then comes with the claim that it is compromised. */
  readonly claimed: boolean;
  /** What was found out about the keys while the desk looked up. */
  readonly ahead?: Ahead;
}
