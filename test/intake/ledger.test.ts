import { at } from '../../src/foundation/time/time.ts';
import { migrate } from '../../src/platform/store/migrate.ts';
import { type TestDatabase, testDatabase } from '../../src/platform/store/testing.ts';
import { memoryLedger } from '../../src/stages/intake/memory.ts';
import { migrations, postgresLedger } from '../../src/stages/intake/postgres.ts';
import { ledgerContract } from './ledger-contract.ts';

ledgerContract({ name: 'memory', open: async () => memoryLedger() });

let database: TestDatabase;
ledgerContract({
  name: 'PostgreSQL',
  start: async () => {
    database = await testDatabase();
    await migrate(database.pool, [{ room: 'intake', migrations }], at('2024-08-31T00:00:00Z'));
  },
  stop: async () => database.drop(),
  open: async () => {
    await database.pool.query('TRUNCATE intake.receipt, intake.sighting, intake.source_count, intake.source_cursor');
    return postgresLedger(database.pool);
  },
});
