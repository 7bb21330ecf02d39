/** What a process of each role needs. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { SystemTime } from '../foundation/time/system-time.ts';
import { type TestDatabase, testDatabase } from '../platform/store/testing.ts';
import { checkConfig } from './config.ts';
import { openLog } from './log.ts';
import { type Role, serve } from './serve.ts';

let database: TestDatabase;
let folder: string;
beforeAll(async () => {
  [database, folder] = await Promise.all([testDatabase(), mkdtemp(join(tmpdir(), 'rescind-serve-'))]);
});
afterAll(async () => {
  await database.drop();
  await rm(folder, { recursive: true, force: true });
});

/** Serves until it is ready, and stops; says what it said. */
async function served(roles: readonly Role[]): Promise<readonly string[]> {
  const read = checkConfig('smtp: { port: 0 }\nca: { connector: of-the-other-machine }');
  if (!read.ok) throw new Error(JSON.stringify(read.problems));
  const stop = new AbortController();
  const said: string[] = [];
  await serve({
    config: { ...read.config, dataFolder: folder, databaseUrl: database.url },
    ...{ time: new SystemTime(), log: openLog('silent'), roles, signal: stop.signal },
    say(line) {
      said.push(line);
      if (line.startsWith('Ready.')) stop.abort();
    },
  });
  return said;
}

describe('a process that only takes mail', () => {
  it('needs nothing of the CA: it opens no connector and reads no issuers', async () => {
    expect((await served(['intake'])).join('\n')).toMatch(/Listening: smtp .*\nReady/s);
  });

  it('is the only one: whoever works on cases cannot do without', async () => {
    await expect(served(['intake', 'worker'])).rejects.toMatchObject({ code: 'connector_unknown' });
  });
});
