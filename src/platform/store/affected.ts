/** Bulk questions about affected certificates, for callers that need nothing else of `CertificateSets`. */
import type { Pool } from 'pg';
import type { CertificateSets } from './certificate-sets.ts';
import { postgresCertificates } from './postgres-certificates.ts';

export type Affected = Pick<CertificateSets, 'places' | 'bySubscriber'>;

export function postgresAffected(pool: Pool): Affected {
  return postgresCertificates(pool);
}
