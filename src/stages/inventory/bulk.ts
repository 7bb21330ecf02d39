/**
 * Facts of many certificates in one statement: a campaign looks at 83,267 of them, and asking one by one would cost
 * more than revoking them. Same rows and same meaning as `Inventory.find`, without a bound on the number of values.
 */
import type { Pool } from 'pg';
import type { CertificateFacts } from '../../desk/facts.ts';
import type { Fingerprint } from '../../foundation/brand.ts';
import type { Time } from '../../foundation/time/time.ts';
import { type Inventory, manyMax } from './inventory.ts';
import { postgresInventory } from './postgres.ts';

export interface BulkFacts {
  /** By certificate or precertificate fingerprint. Unknown ones are absent; order is not kept. */
  byFingerprints(fingerprints: readonly Fingerprint[]): Promise<readonly CertificateFacts[]>;
  /** By serial number, of whatever issuer; lower-case hex without leading zeros. */
  bySerials(serials: readonly string[]): Promise<readonly CertificateFacts[]>;
  /** With exactly one of these names among its own; case, trailing dot and IDN as people write them. */
  byNames(names: readonly string[]): Promise<readonly CertificateFacts[]>;
  byCrtshIds(ids: readonly string[]): Promise<readonly CertificateFacts[]>;
}

export function bulkFacts(inventory: Pick<Inventory, 'findMany'>): BulkFacts {
  const read = async (by: 'fingerprint' | 'serial' | 'name' | 'crtsh', values: readonly string[]) => {
    const found = new Map<Fingerprint, CertificateFacts>();
    for (let i = 0; i < values.length; i += manyMax) {
      const part = await inventory.findMany(by, values.slice(i, i + manyMax));
      for (const certificate of part) found.set(certificate.fingerprint, certificate);
    }
    return [...found.values()];
  };
  return {
    byFingerprints: (fingerprints) => read('fingerprint', fingerprints),
    bySerials: (serials) => read('serial', serials),
    byNames: (names) => read('name', names),
    byCrtshIds: (ids) => read('crtsh', ids),
  };
}

export function postgresBulkFacts(pool: Pool, time: Time): BulkFacts {
  return bulkFacts(postgresInventory(pool, time));
}
