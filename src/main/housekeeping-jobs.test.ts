import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { at } from '../foundation/time/time.ts';
import { VirtualTime } from '../foundation/time/virtual-time.ts';
import { startHousekeeping } from '../platform/jobs/housekeeping.ts';
import { type TestDatabase, testDatabase } from '../platform/store/testing.ts';
import { housekeepingJobs } from './housekeeping-jobs.ts';
import { openLog } from './log.ts';
import { migrateAll } from './wiring.ts';

const now = at('2026-03-02T10:00:00Z');
let database: TestDatabase;
beforeAll(async () => {
  database = await testDatabase();
  await migrateAll(database.pool, now);
});
afterAll(() => database.drop());

const jobs = () => housekeepingJobs(database.pool, new VirtualTime(now), openLog('silent'));
const left = async (sql: string) => (await database.pool.query<{ id: string }>(sql)).rows.map((row) => row.id);

describe('housekeeping', () => {
  it('forgets what can decide nothing any more, and nothing else', async () => {
    await database.pool.query(`
      INSERT INTO access.people (person_id, name, email, roles, added_at) VALUES ('p', 'P', 'p@ca.example', '{}', '${now}');
      INSERT INTO access.links (hash, person_id, lapses_at) VALUES ('old', 'p', '2026-03-02T09:59:59Z'), ('new', 'p', '2026-03-02T10:00:01Z');
      INSERT INTO access.sessions (session_id, hash, person_id, csrf, how, device, since, seen_at, rotated_at, lapses_at)
        SELECT id, id, 'p', '', '', '', '${now}', '${now}', '${now}', lapses::timestamptz
        FROM (VALUES ('old', '2026-03-01T00:00:00Z'), ('new', '2026-03-03T00:00:00Z')) AS s (id, lapses);
      INSERT INTO intake.gateway_line (at, action, envelope_from, envelope_to, message_id) VALUES
        ('2026-01-20T00:00:00Z', 'refuse', 'unnamed-old', '{}', ''), ('2026-02-20T00:00:00Z', 'refuse', 'unnamed-new', '{}', ''),
        ('2024-01-20T00:00:00Z', 'refuse', 'named-old', '{}', '<1@x>'), ('2026-01-20T00:00:00Z', 'refuse', 'named-new', '{}', '<2@x>');
      INSERT INTO watch.canary (path, number, sent_at) VALUES ('a', 1, '2025-10-01T00:00:00Z'), ('a', 2, '2026-02-01T00:00:00Z');
      INSERT INTO renew_now.message (id, subscriber, message, due_at, end_at, delivered_at) VALUES
        ('delivered', 's', '{}', '${now}', '2026-03-09T00:00:00Z', '2025-10-01T00:00:00Z'),
        ('missed', 's', '{}', '${now}', '2025-10-01T00:00:00Z', NULL),
        ('due', 's', '{}', '${now}', '2026-03-09T00:00:00Z', NULL);`);
    for (const job of jobs()) await job.run(new AbortController().signal);
    expect(await left('SELECT hash AS id FROM access.links')).toEqual(['new']);
    expect(await left('SELECT session_id AS id FROM access.sessions')).toEqual(['new']);
    expect(await left('SELECT envelope_from AS id FROM intake.gateway_line ORDER BY 1')).toEqual([
      'named-new',
      'unnamed-new',
    ]);
    expect(await left('SELECT number::text AS id FROM watch.canary')).toEqual(['2']);
    expect(await left('SELECT id FROM renew_now.message')).toEqual(['due']);
    // Twice is harmless.
    for (const job of jobs()) await job.run(new AbortController().signal);
  });

  it('is scheduled by names and times that the runner takes', async () => {
    const housekeeping = await startHousekeeping(database.connection, jobs(), openLog('silent'), { pollSeconds: 60 });
    await housekeeping.stop();
    expect(await left('SELECT name AS id FROM housekeeping.schedule ORDER BY 1')).toEqual(
      jobs()
        .map((job) => job.name)
        .toSorted(),
    );
  });
});
