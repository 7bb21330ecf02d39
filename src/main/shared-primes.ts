/**
 * The moduli of the inventory, held against the keys of a report (FM23: a prime that two customers share is no weakness
 * of either key alone). Read when first asked and followed from there; a desk that is never asked never reads it.
 */
import type { CertificateFacts } from '../desk/facts.ts';
import type { Fingerprint } from '../foundation/brand.ts';
import { describeKey } from '../foundation/pki/spki.ts';
import { spkiOf } from '../foundation/pki/x509.ts';
import { ModulusIndex } from '../stages/evidence/weak/modulus-index.ts';
import type { Inventory } from '../stages/inventory/index.ts';

export interface SharedPrimes {
  /** Other certificates of ours whose key has a prime in common with this one. */
  partnersOf(
    spki: Uint8Array,
  ): Promise<readonly { readonly certificate: CertificateFacts; readonly der: Uint8Array }[]>;
}

/** Certificates read for one question; what is left is read for the next one. */
const certificatesMax = 500_000;
const pageSize = 5_000;

export function sharedPrimes(inventory: Pick<Inventory, 'walk' | 'bytesOf' | 'find'>): SharedPrimes {
  const index = new ModulusIndex();
  /** Modulus in hex to a certificate with it, so that the other side is found as well. */
  const holders = new Map<string, Fingerprint>();
  const seen = new Set<string>();
  let after: string | null = null;

  const follow = async (): Promise<void> => {
    for (let read = 0; read < certificatesMax; ) {
      const page: Awaited<ReturnType<typeof inventory.walk>> = await inventory.walk({ after, limit: pageSize });
      const fresh = page.matches.map((m) => m.certificate).filter((c) => !seen.has(c.spkiHash));
      for (const [fingerprint, der] of await inventory.bytesOf(fresh.map((c) => c.fingerprint))) {
        const spki = spkiOf(der);
        if (describeKey(spki).type !== 'rsa') continue;
        const modulus = index.add(spki);
        if (modulus !== null && !holders.has(modulus)) holders.set(modulus, fingerprint);
      }
      for (const certificate of fresh) seen.add(certificate.spkiHash);
      read += page.matches.length;
      after = page.last ?? after;
      if (page.next === null) return;
    }
  };

  return {
    async partnersOf(spki) {
      if (describeKey(spki).type !== 'rsa') return [];
      await follow();
      const shared = index.find(spki);
      const holder = shared === null ? undefined : holders.get(shared.with);
      if (holder === undefined) return [];
      const { matches } = await inventory.find({ by: 'fingerprint', value: holder });
      const bytes = await inventory.bytesOf([holder]);
      return matches.flatMap(({ certificate }) => {
        const der = bytes.get(certificate.fingerprint);
        return der === undefined ? [] : [{ certificate, der }];
      });
    },
  };
}
