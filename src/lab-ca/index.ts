export type { AcmeRevocation } from './acme/revocation.ts';
export { acmeApp, certificateId } from './acme/server.ts';
export { networkWorld } from './acme/validation.ts';
export { labCaApp, listen } from './http.ts';
export { type Issued, type IssueOrder, type LabCa, openLabCa } from './lab-ca.ts';
export type { OrderPolicy, PolicyQuestion } from './order-policy.ts';
export { migrations, PostgresStorage } from './postgres.ts';
export { type LabCaStorage, MemoryStorage } from './storage.ts';
