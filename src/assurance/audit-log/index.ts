/** The audit log as others see it: exports, verdicts, checkpoints. */
export { type AuditedLog, exportLog, verifyExport } from './audit.ts';
export { readCheckpoint, signCheckpoint, verifierKey } from './checkpoint.ts';
