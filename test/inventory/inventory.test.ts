import { type TestDatabase, testDatabase } from '../../src/platform/store/testing.ts';
import { memoryInventory, migrations, postgresInventory } from '../../src/stages/inventory/index.ts';
import { inventoryContract } from './contract.ts';

inventoryContract({ name: 'memory', open: async (time) => memoryInventory(time) });

let database: TestDatabase;
inventoryContract({
  name: 'PostgreSQL',
  start: async () => {
    database = await testDatabase();
  },
  stop: async () => database.drop(),
  open: async (time) => {
    await database.pool.query('drop schema if exists inventory cascade');
    for (const migration of migrations) await database.pool.query(migration.sql);
    return postgresInventory(database.pool, time);
  },
});
