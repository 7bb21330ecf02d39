export * from './inventory.ts';
export { memoryInventory } from './memory.ts';
export { migrations, postgresInventory } from './postgres.ts';
export { findAny, readQuery, serialOf } from './query.ts';
export { type Annotations, recordOf, recordOfParsed } from './record.ts';
export * from './watermark.ts';
