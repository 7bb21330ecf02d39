/**
 * A desk that appends as fast as it can and says so, for tests that kill it: `testing-writer.ts DATA NAME`. Each line
 * on stdout, written at once, is one event acknowledged by the store. After an unknown outcome it looks before it
 * tries again, as every caller must.
 */
import { writeSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { Fault } from '../../foundation/fault.ts';
import { SystemTime } from '../../foundation/time/system-time.ts';
import { connect } from './connect.ts';
import { isOutage } from './faults.ts';
import { migrate } from './migrate.ts';
import { storeMigrations } from './migrations.ts';
import { postgresStore } from './postgres.ts';

const [dataFolder = '', name = ''] = process.argv.slice(2);
const time = new SystemTime();
const database = await connect({ dataFolder });
await migrate(database.pool, [{ room: 'store', migrations: storeMigrations }], time.now());
const store = postgresStore(database.pool);

/** Appends one event to `caseId` and returns when it surely stands there, once. */
async function appendOnce(caseId: string, token: string): Promise<void> {
  for (;;) {
    try {
      const events = await store.cases.load(caseId);
      if (events.some((event) => (event.data as { token: string }).token === token)) return;
      const event = { at: time.now(), type: 'ReporterAcknowledged', by: 'desk', data: { token } };
      await store.cases.append(
        caseId,
        events.length,
        [event, { ...event, type: 'CaseRouted', data: { token: `${token}+` } }],
        {
          wakeAt: time.now(),
          duties: [{ idempotencyKey: token, caseId, kind: 'letter', dueAt: time.now(), payload: null }],
        },
      );
      return;
    } catch (error) {
      if (!isOutage(error) && !(error instanceof Fault && error.code === 'case_changed')) throw error;
      await sleep(20);
    }
  }
}

async function write(lane: number): Promise<never> {
  for (let n = 0; ; n++) {
    const token = `${name}.${lane}.${n}`;
    // Lanes share cases, so they also meet and lose against each other.
    await appendOnce(`case-${lane % 3}-${name}`, token);
    writeSync(1, `${token}\n`);
  }
}

await Promise.all(Array.from({ length: 6 }, (_, lane) => write(lane)));
