/** Both stores under the one contract, and what only PostgreSQL can get wrong. */
import { afterAll, beforeEach, describe, expect, it } from 'vitest';
import { at } from '../../foundation/time/time.ts';
import { connect } from './connect.ts';
import { storeContract } from './contract.ts';
import { memoryStore } from './memory.ts';
import { migrate } from './migrate.ts';
import { storeMigrations } from './migrations.ts';
import { postgresStore } from './postgres.ts';
import { testDatabase } from './testing.ts';

const now = at('2024-08-30T17:49:00Z');
const database = await testDatabase();
await migrate(database.pool, [{ room: 'store', migrations: storeMigrations }], now);
afterAll(() => database.drop());

async function emptyTables(): Promise<void> {
  // TRUNCATE is refused on the log, as it should be; only the table's owner can go round that.
  await database.pool.query(`
    ALTER TABLE store.event DISABLE TRIGGER append_only;
    TRUNCATE store.event, store.event_head, store.case_state, store.case_summary, store.duty,
      store.affected_certificate, store.heartbeat RESTART IDENTITY;
    ALTER TABLE store.event ENABLE TRIGGER append_only`);
}

storeContract('memory', async () => ({ store: memoryStore(), close: async () => {} }));

storeContract('PostgreSQL', async () => {
  await emptyTables();
  return { store: postgresStore(database.pool), close: async () => {} };
});

/** Any PostgreSQL of 15 or newer; its schema `store` is dropped. CI names one; on a desk's machine there is none. */
const foreignUrl = process.env.RESCIND_TEST_DATABASE_URL;
if (foreignUrl) {
  const foreign = await connect({ dataFolder: '', databaseUrl: foreignUrl });
  afterAll(() => foreign.stop());
  storeContract('another PostgreSQL, by URL', async () => {
    await foreign.pool.query('DROP SCHEMA IF EXISTS store CASCADE');
    await migrate(foreign.pool, [{ room: 'store', migrations: storeMigrations }], now);
    return { store: postgresStore(foreign.pool), close: async () => {} };
  });
} else {
  describe.skip('the store contract: another PostgreSQL, by URL (RESCIND_TEST_DATABASE_URL names none)', () => {
    it('runs the contract', () => {});
  });
}

describe('the event log in PostgreSQL', () => {
  const store = postgresStore(database.pool);
  beforeEach(async () => {
    await emptyTables();
    for (let n = 0; n < 12; n++) {
      await store.cases.append('case-1', n, [{ at: now, type: 'SubscriberContacted', by: 'desk', data: { n } }], {
        wakeAt: null,
      });
    }
  });

  const tamper = (sql: string) =>
    database.pool.query(
      `ALTER TABLE store.event DISABLE TRIGGER append_only; ${sql}; ALTER TABLE store.event ENABLE TRIGGER append_only`,
    );

  it('refuses to be changed, emptied or shortened', async () => {
    for (const sql of [`UPDATE store.event SET type = 'x'`, 'DELETE FROM store.event', 'TRUNCATE store.event']) {
      await expect(database.pool.query(sql)).rejects.toThrow('append-only');
    }
    expect(await store.log.verify()).toMatchObject({ ok: true, size: 12 });
  });

  it.each([
    ['its text', `UPDATE store.event SET body = replace(body, '"n":6', '"n":5') WHERE global_seq = 7`, 7],
    ['a column beside it', `UPDATE store.event SET at = at - interval '1 hour' WHERE global_seq = 4`, 4],
    ['its link', `UPDATE store.event SET chain = decode(repeat('00', 32), 'hex') WHERE global_seq = 9`, 9],
    ['its removal', 'DELETE FROM store.event WHERE global_seq = 3', 3],
    ['the removal of the last', 'DELETE FROM store.event WHERE global_seq = 12', 12],
    ['white space', `UPDATE store.event SET body = replace(body, ',', ', ') WHERE global_seq = 2`, 2],
    ['nonsense', `UPDATE store.event SET body = '{' WHERE global_seq = 5`, 5],
    [
      'a forged addition',
      `INSERT INTO store.event SELECT 13, 'case-1', 13, at, type, body, chain FROM store.event WHERE global_seq = 12`,
      13,
    ],
  ])('tells the entry whose tampering shows in %s', async (_what, sql, leaf) => {
    await tamper(sql);
    expect(await store.log.verify()).toMatchObject({ ok: false, leaf });
  });

  it('is one chain also when several processes append', async () => {
    const other = postgresStore(database.pool);
    const event = { at: now, type: 'ReportReceived', by: 'desk', data: {} };
    await Promise.all(
      Array.from({ length: 60 }, (_, n) =>
        (n % 2 === 0 ? store : other).cases.append(`many-${n}`, 0, [event], { wakeAt: null }),
      ),
    );
    expect(await store.log.verify()).toMatchObject({ ok: true, size: 72 });
  });

  it('goes on where another process left it, and refuses what that process made stale', async () => {
    const other = postgresStore(database.pool);
    const event = { at: now, type: 'SubscriberContacted', by: 'desk', data: {} };
    const append = (by: typeof store, caseId: string, seq: number) =>
      by.cases.append(caseId, seq, [event], { wakeAt: null });
    await append(store, 'case-2', 0);
    await append(other, 'case-2', 1);
    await append(other, 'case-3', 0);
    await expect(append(store, 'case-2', 1)).rejects.toMatchObject({ code: 'case_changed' });
    await append(store, 'case-2', 2);
    await append(store, 'case-2', 3);
    await expect(append(store, 'case-2', 3)).rejects.toMatchObject({ code: 'case_changed' });
    expect(await store.log.verify()).toMatchObject({ ok: true, size: 17 });
    expect((await other.cases.load('case-2')).map((one) => one.seq)).toEqual([1, 2, 3, 4]);
  });

  it('fails only the append whose ids PostgreSQL cannot keep, not those it shared a transaction with', async () => {
    const event = { at: now, type: 'ReportReceived', by: 'desk', data: {} };
    const results = await Promise.allSettled(
      ['a', 'b', 'NUL\u0000', 'c'].map((id) => store.cases.append(id, 0, [event], { wakeAt: null })),
    );
    expect(results.map((r) => r.status)).toEqual(['fulfilled', 'fulfilled', 'rejected', 'fulfilled']);
    expect(await store.log.verify()).toMatchObject({ ok: true, size: 15 });
  });
});
