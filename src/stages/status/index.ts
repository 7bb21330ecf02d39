export type { Fetch } from './fetching.ts';
export { httpProbe } from './http-probe.ts';
export { migrations, postgresNumbers } from './postgres.ts';
export type { StatusObservation, StatusProbe } from './probe.ts';
