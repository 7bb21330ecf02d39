/** Looks at what a desk needs before it is needed: one line each, with what to do when it is missing. */

import { mkdir, statfs } from 'node:fs/promises';
import { createConnection } from 'node:net';
import type { Time } from '../foundation/time/time.ts';
import { connect } from '../platform/store/connect.ts';
import { describeCa } from './ca-setup.ts';
import type { Config } from './config.ts';
import { openLog } from './log.ts';

export interface Check {
  readonly name: string;
  readonly ok: boolean;
  readonly message: string;
}

const diskFreeMin = 1024 * 1024 * 1024;

export async function doctor(config: Config, time: Time): Promise<{ ok: boolean; checks: readonly Check[] }> {
  const checks = [
    await attempt('runtime', async () => {
      const major = Number(process.versions.node.split('.')[0]);
      if (major < 26)
        throw new Error(`Node ${process.versions.node} runs this; 26 is pinned. Run through npm or bin/rescind.`);
      return `Node ${process.versions.node}`;
    }),
    await attempt('disk', async () => {
      await mkdir(config.dataFolder, { recursive: true });
      const { bavail, bsize } = await statfs(config.dataFolder);
      if (bavail * bsize < diskFreeMin)
        throw new Error(`Less than 1 GiB is free under ${config.dataFolder}. Free space.`);
      return `${Math.floor((bavail * bsize) / diskFreeMin)} GiB free`;
    }),
    await attempt('database', async () => {
      const database = await connect({
        dataFolder: config.dataFolder,
        log: openLog('silent'),
        ...(config.databaseUrl === null ? {} : { databaseUrl: config.databaseUrl }),
      });
      const { rows } = await database.pool.query<{ version: string }>(
        `select current_setting('server_version') as version`,
      );
      await database.stop();
      return `PostgreSQL ${rows[0]?.version}${config.databaseUrl === null ? ' (embedded)' : ''}`;
    }),
    await attempt(
      'clock',
      async () => `${time.now().round('second').toString()} by this machine; keep it disciplined by NTP`,
    ),
    await attempt('mail relay', async () => {
      const { relay } = config.mail;
      if (relay === null) return 'none configured: letters are written to files in the data folder';
      await reach(relay.host, relay.port);
      return `${relay.host}:${relay.port} answers`;
    }),
    await attempt('CA', () => describeCa(config, time)),
    await attempt('pager', async () => {
      if (config.onCall === null && config.pager.webhookUrl === null && config.pager.mailTo.length === 0)
        throw new Error('Nobody is paged at night. Set onCall, or pager.webhookUrl.');
      return 'configured';
    }),
  ];
  return { ok: checks.every((c) => c.ok || c.name === 'pager'), checks };
}

async function attempt(name: string, look: () => Promise<string>): Promise<Check> {
  try {
    return { name, ok: true, message: await look() };
  } catch (error) {
    return { name, ok: false, message: error instanceof Error ? error.message : 'unknown' };
  }
}

function reach(host: string, port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    const socket = createConnection({ host, port, timeout: 5_000 });
    socket.once('connect', () => {
      socket.destroy();
      resolve();
    });
    const fail = (): void => {
      socket.destroy();
      reject(new Error(`${host}:${port} does not answer. Check mail.relay.`));
    };
    socket.once('error', fail);
    socket.once('timeout', fail);
  });
}
