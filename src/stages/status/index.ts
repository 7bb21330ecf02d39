export type { Fetch } from './fetching.ts';
export { httpProbe, numbersInMemory } from './http-probe.ts';
export type {
  SeenNumbers,
  SeenStatus,
  StatusEvidence,
  StatusObservation,
  StatusProbe,
  StatusSubject,
} from './probe.ts';
