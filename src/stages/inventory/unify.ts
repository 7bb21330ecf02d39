/**
 * A precertificate and its certificate are one entry; two certificates that merely share issuer and serial are not.
 * Pure, so that every adapter decides alike.
 */
import type { Fingerprint } from '../../foundation/brand.ts';
import type { IssuedCertificate } from './inventory.ts';

/** The entries that already exist under one issuer and serial. */
export interface Slot {
  readonly id: number;
  readonly final: Fingerprint | null;
  readonly precertificate: Fingerprint | null;
  readonly spkiHash: string;
}

export type Placement =
  | { readonly as: 'new'; readonly certificate: IssuedCertificate }
  /** The certificate of an entry so far known by its precertificate: the entry takes its fingerprint. */
  | { readonly as: 'final-of'; readonly id: number; readonly certificate: IssuedCertificate }
  | { readonly as: 'precertificate-of'; readonly id: number; readonly certificate: IssuedCertificate }
  | { readonly as: 'known'; readonly id: number; readonly certificate: IssuedCertificate };

/** `issuer + serial`: what a precertificate and its certificate have in common. */
export function identityOf(certificate: { readonly issuerHash: string; readonly serial: string }): string {
  return `${certificate.issuerHash}:${certificate.serial}`;
}

/**
 * Places each of `batch`, in order, among `existing` (by `identityOf`) and among what the batch itself has placed before.
 * `nextId` numbers new entries.
 */
export function unify(
  existing: ReadonlyMap<string, readonly Slot[]>,
  batch: readonly IssuedCertificate[],
  nextId: () => number,
): readonly { readonly id: number; readonly placement: Placement }[] {
  const slots = new Map<string, Slot[]>();
  return batch.map((certificate) => {
    const identity = identityOf(certificate);
    let here = slots.get(identity);
    if (here === undefined) {
      here = [...(existing.get(identity) ?? [])];
      slots.set(identity, here);
    }
    const place = placeOf(here, certificate);
    if (place.kind === 'known') {
      return { id: place.slot.id, placement: { as: 'known', id: place.slot.id, certificate } };
    }
    if (place.kind === 'completes') {
      const { slot } = place;
      here[here.indexOf(slot)] = certificate.precertificate
        ? { ...slot, precertificate: certificate.fingerprint }
        : { ...slot, final: certificate.fingerprint };
      const as = certificate.precertificate ? ('precertificate-of' as const) : ('final-of' as const);
      return { id: slot.id, placement: { as, id: slot.id, certificate } };
    }
    const id = nextId();
    here.push({
      id,
      final: certificate.precertificate ? null : certificate.fingerprint,
      precertificate: certificate.precertificate ? certificate.fingerprint : null,
      spkiHash: certificate.spkiHash,
    });
    return { id, placement: { as: 'new', certificate } };
  });
}

function placeOf(
  slots: readonly Slot[],
  certificate: IssuedCertificate,
): { kind: 'known' | 'completes'; slot: Slot } | { kind: 'new' } {
  const half = certificate.precertificate ? 'precertificate' : 'final';
  const same = slots.find((slot) => slot[half] === certificate.fingerprint);
  if (same !== undefined) return { kind: 'known', slot: same };
  // Another key under the same serial is another certificate, whatever the poison extension says.
  const open = slots.find((slot) => slot[half] === null && slot.spkiHash === certificate.spkiHash);
  return open === undefined ? { kind: 'new' } : { kind: 'completes', slot: open };
}
