/** The desk's stores for commands that look or import while no desk, or another one, is running. Nothing is sent from here. */
import { SystemTime } from '../foundation/time/system-time.ts';
import { connect } from '../platform/store/connect.ts';
import type { Inventory } from '../stages/inventory/index.ts';
import type { Config } from './config.ts';
import { openLog } from './log.ts';
import { noConnector } from './no-connector.ts';
import { type Desk, openDesk } from './wiring.ts';

export async function openOffline(
  config: Config,
): Promise<{ desk: Desk; inventory: Inventory; close(): Promise<void> }> {
  const log = openLog('error');
  const time = new SystemTime();
  const database = await connect({
    dataFolder: config.dataFolder,
    log,
    ...(config.databaseUrl === null ? {} : { databaseUrl: config.databaseUrl }),
  });
  const desk = await openDesk({
    config,
    time,
    log,
    pool: database.pool,
    connector: noConnector(),
    issuers: () => null,
    messenger: {
      name: 'none',
      channel: 'email',
      send: async (letters) => letters.map(() => ({ outcome: 'retry', problem: 'no desk is running' })),
      close: async () => undefined,
    },
    pager: { page: async () => false },
    roomSize: 0,
  });
  return {
    desk,
    inventory: desk.inventory,
    async close() {
      await desk.close();
      await database.stop();
    },
  };
}
