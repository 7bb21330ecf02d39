export { type BulkFacts, bulkFacts, postgresBulkFacts } from './bulk.ts';
export * from './inventory.ts';
export { memoryInventory } from './memory.ts';
export { migrations, postgresInventory } from './postgres.ts';
export { findAny, readQuery, serialOf } from './query.ts';
export { type Annotations, recordOf, recordOfParsed } from './record.ts';
export { readCa } from './sources/ca.ts';
export { readRows } from './sources/csv.ts';
export { readLog, readStaticLog } from './sources/ct.ts';
export { readFiles } from './sources/files.ts';
export { type Entry, type ImportReport, importFrom } from './sources/import.ts';
export * from './subscriber-access.ts';
export {
  postgresSubscriberTokens,
  type SubscriberTokens,
  subscriberTokenMigrations,
} from './subscriber-tokens.ts';
export * from './watermark.ts';
