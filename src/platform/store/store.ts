/** Everything the desk keeps, behind one port each. `postgres.ts` and `memory.ts` pass the same contract suite. */
import type { CaseStore } from './case-store.ts';
import type { CertificateSets } from './certificate-sets.ts';
import type { Duties } from './duties.ts';
import type { EventLog } from './event-log.ts';
import type { Heartbeats } from './heartbeats.ts';

export interface Store {
  readonly cases: CaseStore;
  readonly duties: Duties;
  readonly certificates: CertificateSets;
  readonly log: EventLog;
  readonly heartbeats: Heartbeats;
}
