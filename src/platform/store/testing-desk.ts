/** A desk in a process of its own, for tests that kill it: `testing-desk.ts DATA [stop]`. */
import { setTimeout as sleep } from 'node:timers/promises';
import { connect } from './connect.ts';

const [dataFolder = '', then = 'wait'] = process.argv.slice(2);
const database = await connect({ dataFolder });
await database.pool.query('CREATE TABLE IF NOT EXISTS written (n integer PRIMARY KEY)');
await database.pool.query('INSERT INTO written VALUES (1) ON CONFLICT DO NOTHING');
console.log(`ready ${process.pid}`);
if (then === 'stop') await database.stop();
else for (;;) await sleep(60_000);
