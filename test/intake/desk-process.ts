/**
 * A desk's intake in a process of its own, for tests that kill it. Arguments: database URL, sealing folder, and when
 * to die: `before N` or `after N` (around the Nth write), or `never`.
 */
import pg from 'pg';
import { SystemTime } from '../../src/foundation/time/system-time.ts';
import { openChannel } from '../../src/stages/intake/channels/index.ts';
import { fileSealingKeys } from '../../src/stages/intake/identities-file.ts';
import type { Ledger } from '../../src/stages/intake/ledger.ts';
import { postgresLedger } from '../../src/stages/intake/postgres.ts';
import { receiveReport } from '../../src/stages/intake/receive-report.ts';

const [url, folder, moment, nth] = process.argv.slice(2) as [string, string, string, string];
const ledger = postgresLedger(new pg.Pool({ connectionString: url, max: 4 }));
let writes = 0;
const mortal: Pick<Ledger, 'record'> = {
  async record(fresh) {
    const last = ++writes === Number(nth);
    if (last && moment === 'before') process.kill(process.pid, 'SIGKILL');
    const recorded = await ledger.record(fresh);
    // The row is durable and the sender has not heard of it.
    if (last && moment === 'after') process.kill(process.pid, 'SIGKILL');
    return recorded;
  },
};
const time = new SystemTime();
const opened = openChannel('smtp', 'mx', { port: 0 });
if (!opened.ok) throw new Error('settings');
const listening = await opened.channel.listen({
  receive: receiveReport({ ledger: mortal, keys: fileSealingKeys(folder), time }),
  ledger,
  time,
  refused: () => undefined,
  trouble: () => undefined,
});
process.stdout.write(`${listening.addresses[0]!.split(':').at(-1)}\n`);
