export { type BlockedKeys, isBlocked } from './blocked-keys.ts';
export { type IssuerId, issuerIds, type LeafProfile, leafProfiles } from './certificate.ts';
export { type FaultComponent, type FaultMode, faultComponents, faultModes } from './faults.ts';
export { labCaApp, listen } from './http.ts';
export { type Issued, type IssueOrder, LabCa, type LabCaOptions, openLabCa } from './lab-ca.ts';
export { migrations, PostgresStorage } from './postgres.ts';
export { type LabCaStorage, MemoryStorage } from './storage.ts';
