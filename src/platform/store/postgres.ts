/** The store on PostgreSQL 15 or newer. */
import type pg from 'pg';
import { postgresCases } from './postgres-cases.ts';
import { postgresCertificates } from './postgres-certificates.ts';
import { postgresDuties } from './postgres-duties.ts';
import { postgresHeartbeats, postgresLog } from './postgres-log.ts';
import type { Store } from './store.ts';

/** Expects that `storeMigrations` have been applied. */
export function postgresStore(pool: pg.Pool): Store {
  return {
    cases: postgresCases(pool),
    duties: postgresDuties(pool),
    certificates: postgresCertificates(pool),
    log: postgresLog(pool),
    heartbeats: postgresHeartbeats(pool),
  };
}
