/** The evidence stage in the words of the operations: reading room, weak keys, safe fetch. */
import type { Fetcher, Reading, Room, WeakKeys } from '../app/ports.ts';
import type { EvidenceItem } from '../desk/facts.ts';
import type { Fingerprint, SpkiHash } from '../foundation/brand.ts';
import { describeKey } from '../foundation/pki/spki.ts';
import { spkiOf } from '../foundation/pki/x509.ts';
import type { BlockedKeyStore } from '../stages/evidence/blocked-keys/postgres.ts';
import { createFetcher } from '../stages/evidence/fetch/fetch.ts';
import { createReadingRoom } from '../stages/evidence/room/room.ts';
import { checkKey } from '../stages/evidence/weak/check-key.ts';
import type { KeyList } from '../stages/evidence/weak/lists.ts';
import type { SealingIdentities } from '../stages/intake/identities.ts';
import type { SharedPrimes } from './shared-primes.ts';

/** The operator's key lists, held in memory because every key of a report is checked against them. */
export interface HeldLists {
  readonly current: () => readonly KeyList[];
  /** Reads them again, after something was enlisted. */
  refresh(): Promise<void>;
}

export async function holdLists(blocked: Pick<BlockedKeyStore, 'lists'>): Promise<HeldLists> {
  let held = await blocked.lists();
  return {
    current: () => held,
    async refresh() {
      held = await blocked.lists();
    },
  };
}

export function openRoom(
  identities: SealingIdentities,
  lists: HeldLists,
  size: number,
  blocked: Pick<BlockedKeyStore, 'enrolledAmong'>,
): Room & { close(): Promise<void> } {
  const identity = shortMemory((keyId) => identities.identity(keyId));
  const room = createReadingRoom({ identity, lists: lists.current, size });
  return {
    read: (input, lookup): Promise<Reading> => room.read(input, lookup, (hashes) => blocked.enrolledAmong(hashes)),
    close: () => room.close(),
  };
}

/** Reports for which an identity is remembered, so that a flood of mail does not read its file for each of them. */
const remembered = 100;

/** An identity that was destroyed is gone for good a moment later; one that is not there is asked for again. */
function shortMemory(ask: (keyId: string) => Promise<string | null>): (keyId: string) => Promise<string | null> {
  let held: { readonly keyId: string; readonly identity: string; uses: number } | null = null;
  return async (keyId) => {
    if (held?.keyId === keyId && held.uses++ < remembered) return held.identity;
    const identity = await ask(keyId);
    held = identity === null ? null : { keyId, identity, uses: 0 };
    return identity;
  };
}

/** One item for each key that is computable or badly made; clean keys make none. */
export function weakKeyChecks(lists: HeldLists, primes: SharedPrimes): WeakKeys {
  return {
    async check(certificates) {
      const items = new Map<string, EvidenceItem>();
      const partners = await primes.partnersOf(certificates);
      const sharing = new Set(partners.flatMap((partner) => partner.of));
      for (const { der, spkiHash, fingerprint } of certificates) {
        const own = itemFor({ spki: spkiOf(der), spkiHash, fingerprint }, lists, sharing.has(fingerprint));
        if (own !== null) items.set(spkiHash, own);
      }
      for (const { certificate, der } of partners) {
        // Whoever has one key's factor has the other's: both are computable, whichever of the two was reported.
        const known = { spki: spkiOf(der), spkiHash: certificate.spkiHash, fingerprint: certificate.fingerprint };
        const partner = items.has(certificate.spkiHash) ? null : itemFor(known, lists, true);
        if (partner !== null) items.set(certificate.spkiHash, partner);
      }
      return [...items.values()];
    },
  };
}

const sharedPrime = {
  check: 'shared-prime',
  verdict: 'computable',
  detail: 'shares a prime with the key of another certificate of ours',
} as const;

function itemFor(
  { spki, spkiHash, fingerprint }: { spki: Uint8Array; spkiHash: SpkiHash; fingerprint: Fingerprint },
  lists: HeldLists,
  sharesPrime: boolean,
): EvidenceItem | null {
  const checked = checkKey(spki, { thorough: true, lists: lists.current() });
  const findings = sharesPrime ? [...checked.findings, sharedPrime] : checked.findings;
  const bad = findings.filter((f) => f.verdict === 'computable' || f.verdict === 'parameter');
  if (bad.length === 0) return null;
  const computable = bad.some((f) => f.verdict === 'computable');
  const { type, bits } = describeKey(spki);
  return {
    source: 'our own record of this certificate',
    form: 'public-key',
    verdict: computable ? 'computable' : 'claim-only',
    spkiSha256: spkiHash,
    keyType: type,
    bits,
    findings,
    matches: computable ? [fingerprint] : [],
    refutedFor: [],
    proof: null,
    because: bad.map((f) => `${f.check}: ${f.detail}`).join('; '),
  };
}

export function reportedFetcher(): Fetcher {
  const fetcher = createFetcher();
  return {
    async fetch(url) {
      const fetched = await fetcher.fetch(url);
      if (fetched.ok) return fetched;
      const { problem, detail } = fetched;
      return { ok: false, problem, status: problem === 'http_status' ? Number(detail) : null };
    },
  };
}
