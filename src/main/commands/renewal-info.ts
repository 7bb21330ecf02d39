import type { Command } from 'commander';
import { Fault } from '../../foundation/fault.ts';
import { connect } from '../../platform/store/connect.ts';
import { postgresInventory } from '../../stages/inventory/index.ts';
import {
  directoryEntry,
  postgresRenewalStore,
  RenewalInfo,
  serveRenewalInfo,
} from '../../stages/renewal-info/index.ts';
import { openLog } from '../log.ts';
import { migrateAll, windowPolicyOf } from '../wiring.ts';
import { type CommandContext, newCommand, portNumber, stopSignal } from './context.ts';

/** ARI without the rest of the desk, on as many machines as wanted: they agree through the database. */
export function renewalInfoCommand({ time, err, configured }: CommandContext, about: string): Command {
  return newCommand('renewal-info', about)
    .option('--host <host>', 'where to listen', '127.0.0.1')
    .option('--port <port>', 'port to listen on', portNumber, 8085)
    .action(async ({ host, port }: { host: string; port: number }) => {
      const config = await configured();
      const log = openLog('info');
      const database = await connect({
        dataFolder: config.dataFolder,
        log,
        ...(config.databaseUrl === null ? {} : { databaseUrl: config.databaseUrl }),
      });
      try {
        await migrateAll(database.pool, time.now());
        const renewalInfo = new RenewalInfo({
          store: postgresRenewalStore(database.pool),
          source: postgresInventory(database.pool, time),
          time,
          policy: windowPolicyOf(config),
          onFault: (cause) => log.warn({ error: String(cause) }, 'Renewal information could not follow; it goes on.'),
        });
        const serving = await serveRenewalInfo({ renewalInfo, time, host, port }).catch(
          (error: NodeJS.ErrnoException) => {
            if (error.code !== 'EADDRINUSE') throw error;
            throw new Fault('port_in_use', `Port ${port} is in use. Choose another with --port.`, { cause: error });
          },
        );
        err(
          `Renewal information of ${renewalInfo.book.count} certificates: ${directoryEntry(serving.url).renewalInfo}`,
        );
        err('Put that address, as the world reaches it, into the ACME directory of the CA. Ctrl-C stops it.');
        const signal = stopSignal();
        await new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve(), { once: true }));
        await serving.stop();
      } finally {
        await database.stop();
      }
    });
}
