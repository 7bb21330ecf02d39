/** Weak keys among certificates of ours: for those that a report names, and for what is new in the inventory. */
import type { EvidenceItem } from '../../../desk/facts.ts';
import type { Fingerprint, SpkiHash } from '../../../foundation/brand.ts';
import { DerError } from '../../../foundation/pki/der.ts';
import { canonicalSpki, describeKey, keyHashes } from '../../../foundation/pki/spki.ts';
import { spkiOf } from '../../../foundation/pki/x509.ts';
import { checkKey } from './check-key.ts';
import type { KeyList } from './lists.ts';
import type { ModulusIndex } from './modulus-index.ts';

export interface CheckCertificatesParts {
  readonly lists: readonly KeyList[];
  /** Shared primes with everything else; null when the index is not kept. */
  readonly moduli: ModulusIndex | null;
}

/** One item for each key that is not clean. Certificates with the same key are one item. */
export function checkCertificates(
  certificates: readonly { readonly fingerprint: Fingerprint; readonly der: Uint8Array }[],
  parts: CheckCertificatesParts,
): EvidenceItem[] {
  const byKey = new Map<string, { spki: Uint8Array; fingerprints: Fingerprint[] }>();
  for (const { fingerprint, der } of certificates) {
    try {
      const spki = spkiOf(der);
      const id = Buffer.from(canonicalSpki(spki)).toString('latin1');
      const group = byKey.get(id);
      if (group === undefined) byKey.set(id, { spki, fingerprints: [fingerprint] });
      else group.fingerprints.push(fingerprint);
    } catch (cause) {
      if (!(cause instanceof DerError)) throw cause;
    }
  }
  return [...byKey.values()].flatMap(({ spki, fingerprints }) => checkOne(spki, fingerprints, parts));
}

function checkOne(
  spki: Uint8Array,
  fingerprints: readonly Fingerprint[],
  parts: CheckCertificatesParts,
): EvidenceItem[] {
  const { findings } = checkKey(spki, { lists: parts.lists, thorough: true });
  const shared = parts.moduli?.find(spki) ?? null;
  const all =
    shared === null
      ? findings
      : [
          ...findings,
          {
            check: 'shared-prime',
            verdict: 'computable',
            detail: 'shares a prime with another certificate of ours',
          } as const,
        ];
  const bad = all.filter((finding) => finding.verdict === 'computable' || finding.verdict === 'parameter');
  if (bad.length === 0) return [];
  const computable = bad.filter((finding) => finding.verdict === 'computable');
  const { type, bits } = describeKey(spki);
  return [
    {
      source: 'inventory',
      form: 'public-key',
      verdict: computable.length > 0 ? 'computable' : 'claim-only',
      spkiSha256: keyHashes(spki).canonical as SpkiHash,
      keyType: type,
      bits,
      findings: all,
      matches: computable.length > 0 ? fingerprints : [],
      refutedFor: [],
      proof: null,
      because: (computable.length > 0 ? computable : bad)
        .map((finding) => `${finding.check}: ${finding.detail}`)
        .join('; '),
    },
  ];
}
