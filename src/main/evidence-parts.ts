/** The evidence stage as the desk uses it: reading room, weak keys, safe fetch, blocked keys. */
import type { Pool } from 'pg';
import type { CertificateBytes, Fetcher, Reading, Room, WeakKeys } from '../app/ports.ts';
import type { EvidenceItem } from '../desk/facts.ts';
import type { CaseId, SpkiHash } from '../foundation/brand.ts';
import { Fault } from '../foundation/fault.ts';
import { describeKey } from '../foundation/pki/spki.ts';
import { spkiOf } from '../foundation/pki/x509.ts';
import { type Instant, rfc3339 } from '../foundation/time/time.ts';
import type { InventoryKey } from '../stages/evidence/prove/context.ts';
import { openReport } from '../stages/evidence/room/read.ts';
import { checkKey } from '../stages/evidence/weak/check-key.ts';
import type { SealingIdentities } from '../stages/intake/identities.ts';

export async function openRoom(identities: SealingIdentities): Promise<Room & { close(): Promise<void> }> {
  return {
    async read(input, lookup): Promise<Reading> {
      const identity = input.sealed && input.keyId !== null ? await identities.identity(input.keyId) : null;
      if (input.sealed && identity === null)
        throw new Fault('sealing_key_destroyed', 'The key of this sealed message has been destroyed.');
      const open = await openReport({
        bytes: input.bytes,
        identity,
        kind: 'message',
        name: '',
        reportId: input.reportId,
        receivedAt: rfc3339(input.receivedAt),
        passphrases: [],
        challenges: [],
        careful: false,
      });
      const certificates: readonly CertificateBytes[] = await lookup(open.question);
      return open.judge({ keys: byKey(certificates), enrolledCsrs: [] });
    },
    async close() {},
  };
}

function byKey(certificates: readonly CertificateBytes[]): InventoryKey[] {
  const keys = new Map<string, { spki: Uint8Array; fingerprints: CertificateBytes['fingerprint'][] }>();
  for (const { der, fingerprint } of certificates) {
    const spki = spkiOf(der);
    const id = Buffer.from(spki).toString('base64');
    const entry = keys.get(id) ?? { spki, fingerprints: [] };
    entry.fingerprints.push(fingerprint);
    keys.set(id, entry);
  }
  return [...keys.values()];
}

export function weakKeyChecks(): WeakKeys {
  return {
    async check(certificates) {
      return certificates.flatMap((c): EvidenceItem[] => {
        const spki = spkiOf(c.der);
        const { findings } = checkKey(spki, { thorough: true });
        const bad = findings.filter((f) => f.verdict === 'computable' || f.verdict === 'parameter');
        const computable = bad.some((f) => f.verdict === 'computable');
        if (bad.length === 0) return [];
        const key = describeKey(spki);
        return [
          {
            source: 'inventory',
            form: 'public-key',
            verdict: computable ? 'computable' : 'claim-only',
            spkiSha256: c.spkiHash,
            keyType: key.type,
            bits: key.bits,
            findings,
            matches: computable ? [c.fingerprint] : [],
            refutedFor: [],
            proof: null,
            because: bad.map((f) => f.detail).join('; '),
          },
        ];
      });
    },
  };
}

export function reportedFetcher(): Fetcher {
  return { fetch: async () => ({ ok: false, problem: 'not fetched' }) };
}

export const blockedKeyParts = {
  migrations: [
    {
      id: 'tmp',
      sql: `create schema if not exists evidence; create table if not exists evidence.tmp_blocked (spki text primary key, at timestamptz, case_id text, because text)`,
    },
  ],
  open(pool: Pool) {
    return {
      async block(keys: readonly SpkiHash[], because: { caseId: CaseId; verdict: string }, now: Instant) {
        for (const k of keys)
          await pool.query('insert into evidence.tmp_blocked values ($1,$2,$3,$4) on conflict do nothing', [
            k,
            now.toString(),
            because.caseId,
            because.verdict,
          ]);
      },
      async isBlocked(spki: string) {
        return ((await pool.query('select 1 from evidence.tmp_blocked where spki=$1', [spki])).rowCount ?? 0) > 0;
      },
    };
  },
};
