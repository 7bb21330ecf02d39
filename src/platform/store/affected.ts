/** Bulk questions about affected certificates that one-by-one calls of `CertificateSets` would answer too slowly. */
import type { Pool } from 'pg';
import type { CaseId, Fingerprint } from '../../foundation/brand.ts';

const chunk = 10_000;

export interface Affected {
  /** In which sets these certificates already are, whatever became of them. */
  places(
    fingerprints: readonly Fingerprint[],
  ): Promise<readonly { readonly fingerprint: Fingerprint; readonly setId: string; readonly caseId: CaseId }[]>;
  /** Subscribers of a set, each with the fingerprints that are theirs; those without one are left out. */
  bySubscriber(setId: string): Promise<ReadonlyMap<string, readonly Fingerprint[]>>;
}

export function postgresAffected(pool: Pool): Affected {
  return {
    async places(fingerprints) {
      const found = [];
      for (let i = 0; i < fingerprints.length; i += chunk) {
        const { rows } = await pool.query<{ fingerprint: string; set_id: string; case_id: string }>(
          `select encode(fingerprint, 'hex') as fingerprint, set_id, case_id from store.affected_certificate where fingerprint = any($1::bytea[])`,
          [fingerprints.slice(i, i + chunk).map((f) => Buffer.from(f, 'hex'))],
        );
        for (const row of rows)
          found.push({ fingerprint: row.fingerprint as Fingerprint, setId: row.set_id, caseId: row.case_id as CaseId });
      }
      return found;
    },
    async bySubscriber(setId) {
      const { rows } = await pool.query<{ subscriber: string; fingerprints: string[] }>(
        `select subscriber, array_agg(encode(fingerprint, 'hex') order by fingerprint) as fingerprints
         from store.affected_certificate where set_id = $1 and subscriber is not null group by subscriber order by subscriber`,
        [setId],
      );
      return new Map(rows.map((r) => [r.subscriber, r.fingerprints as Fingerprint[]]));
    },
  };
}
