import { type TestDatabase, testDatabase } from '../../src/platform/store/testing.ts';
import { memoryRenewalStore, migrations, postgresRenewalStore } from '../../src/stages/renewal-info/index.ts';
import { renewalStoreContract } from './renewal-store.ts';

renewalStoreContract({ name: 'memory', open: async () => memoryRenewalStore() });

let database: TestDatabase;
renewalStoreContract({
  name: 'PostgreSQL',
  start: async () => {
    database = await testDatabase();
  },
  stop: async () => database.drop(),
  open: async () => {
    await database.pool.query('drop schema if exists renewal_info cascade');
    for (const migration of migrations) await database.pool.query(migration.sql);
    return postgresRenewalStore(database.pool);
  },
});
