export {
  type BlockedKeyStore,
  bloomFilter,
  bloomHas,
  migrations,
  postgresBlockedKeys,
} from './blocked-keys/postgres.ts';
export { createFetcher, type Fetched, type FetcherParts, type SafeFetcher } from './fetch/fetch.ts';
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
export { batchModuliMax, type CertificateDer, holdModuli, moduliOf } from './weak/hold-moduli.ts';
export { type KeyList, readList } from './weak/lists.ts';
export { type ModulusBlocks, modulusMigrations, type Pair, postgresModulusBlocks } from './weak/modulus-blocks.ts';
