export type { Fetch } from './fetching.ts';
export { httpProbe } from './http-probe.ts';
export { migrations, postgresNumbers, type StoredNumbers } from './postgres.ts';
export type {
  SeenNumbers,
  SeenStatus,
  StatusEvidence,
  StatusObservation,
  StatusProbe,
  StatusSubject,
} from './probe.ts';
