export { challengeText, type EvidencePolicy, evidencePolicy } from './policy.ts';
export { type ProofCheck, verifyProof } from './prove/record.ts';
export { acceptedWording, readStatements, statementText, writeStatement } from './prove/statement-form.ts';
export {
  type CertificateBytes,
  createReadingRoom,
  type FoundKeys,
  type ReadInput,
  type Reading,
  type ReadingRoom,
  type ReadingRoomOptions,
} from './room/room.ts';
export { checkKey, type WeakKeyOptions, type WeakKeyResult, weakKeyChecksVersion } from './weak/check-key.ts';
export { type KeyList, readList } from './weak/lists.ts';
