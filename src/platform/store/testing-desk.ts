/** A desk in a process of its own, for tests that stop or kill it: `testing-desk.ts DATA [stop | hang]`. */
import { setTimeout as sleep } from 'node:timers/promises';
import { silentLog } from '../jobs/log.ts';
import { stopOnSignals } from '../stop-signals.ts';
import { connect } from './connect.ts';

const [dataFolder = '', then = 'wait'] = process.argv.slice(2);
const database = await connect({ dataFolder });
stopOnSignals(() => (then === 'hang' ? sleep(3_600_000) : database.stop()), silentLog);
await database.pool.query('CREATE TABLE IF NOT EXISTS written (n integer PRIMARY KEY)');
await database.pool.query('INSERT INTO written VALUES (1) ON CONFLICT DO NOTHING');
console.log(`ready ${process.pid}`);
if (then === 'stop') {
  await database.stop();
  process.exit(0);
}
for (;;) await sleep(60_000);
