import { hash } from 'node:crypto';
import { afterAll, expect, it } from 'vitest';
import type { CaseId } from '../../foundation/brand.ts';
import { at, minutes } from '../../foundation/time/time.ts';
import { failingPool } from './failing.ts';
import { migrate } from './migrate.ts';
import { postgresReadings, readingMigrations } from './readings.ts';
import { testDatabase } from './testing.ts';

const now = at('2024-08-30T17:49:00Z');
const database = await testDatabase();
await migrate(database.pool, [{ room: 'readings', migrations: readingMigrations }], now);
afterAll(() => database.drop());
const readings = postgresReadings(database.pool);

const aReading = {
  reportId: 'r-1',
  caseId: 'case-1' as CaseId,
  action: 'open-case',
  message: { subject: 'x' },
  triage: {},
  at: now,
};
const fingerprint = hash('sha256', 'certificate', 'hex');
const aProbe = { fingerprint, at: now, crl: 'good', ocsp: 'good', reason: null, record: {} };

it('what was read comes back as it was, hostile characters and text that only looks like an escape included', async () => {
  const message = { subject: 'a\u0000b', body: 'C:\\u0000\\temp', lone: '\ud800' };
  await readings.put({ ...aReading, message });
  expect((await readings.get('r-1'))?.message).toEqual(message);
  expect(await readings.caseOf(['r-9', 'r-1'])).toBe('case-1');
});

it('reading the same message again changes nothing', async () => {
  await readings.put({ ...aReading, reportId: 'r-2', caseId: null, action: 'file' });
  await readings.put({ ...aReading, reportId: 'r-2', action: 'open-case' });
  expect(await readings.get('r-2')).toMatchObject({ caseId: null, action: 'file' });
  expect(await readings.filed({ before: now.add(minutes(1)), limit: 9 })).toHaveLength(1);
});

it('the newest look at a certificate is kept, whatever order looks come in', async () => {
  const later = { ...aProbe, at: now.add(minutes(1)), crl: 'revoked', reason: 'keyCompromise' };
  await readings.keepProbes([aProbe, later]);
  await readings.keepProbes([aProbe]);
  expect(await readings.probes([fingerprint])).toMatchObject([{ crl: 'revoked', reason: 'keyCompromise' }]);
});

it('a database that goes away is a fault that says whether it may have happened', async () => {
  const { pool, control } = failingPool(database.pool);
  control.fail({ kind: 'disconnect', calls: 1, when: 'after' });
  await expect(postgresReadings(pool).put({ ...aReading, reportId: 'r-3' })).rejects.toMatchObject({
    code: 'database_unavailable',
    outcome: 'unknown',
  });
  expect(await readings.get('r-3')).not.toBeNull();
});
