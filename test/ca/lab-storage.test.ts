import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { parseCrl } from '../../src/foundation/pki/crl.ts';
import { at } from '../../src/foundation/time/time.ts';
import { VirtualTime } from '../../src/foundation/time/virtual-time.ts';
import {
  type LabCaStorage,
  labCaApp,
  MemoryStorage,
  migrations,
  openLabCa,
  PostgresStorage,
} from '../../src/lab-ca/index.ts';
import { migrate } from '../../src/platform/store/migrate.ts';
import { type TestDatabase, testDatabase } from '../../src/platform/store/testing.ts';
import { someSpki } from './lab.ts';

let database: TestDatabase;
beforeAll(async () => {
  database = await testDatabase();
  await migrate(database.pool, [{ room: 'lab-ca', migrations }], at('2026-01-01T00:00:00Z'));
});
afterAll(() => database?.drop());

const adapters: readonly [string, () => LabCaStorage][] = [
  ['in memory', () => new MemoryStorage()],
  ['in PostgreSQL', () => new PostgresStorage(database.pool)],
];

for (const [name, open] of adapters) {
  describe(`a CA kept ${name}`, () => {
    test('goes on after a restart as the same CA, at a new address too', async () => {
      const storage = open();
      const time = new VirtualTime(at('2024-08-31T18:00:00Z'));
      const options = { storage, time, keyPassphrase: 'secret-of-the-lab', token: 't' };
      const first = await openLabCa({ ...options, baseUrl: 'http://one.test' });
      const [kept, gone, other] = await first.issueMany([
        { spki: someSpki, names: ['a.example'], subscriber: 'SUB-1' },
        { spki: someSpki, names: ['b.example'] },
        { spki: someSpki, names: ['c@c.example'], profile: 'smime', ocsp: 'unauthorized' },
      ]);
      await first.revocations.revoke([
        { serial: gone!.serial, reason: 4, invalidityAt: at('2024-08-30T00:00:00Z') },
        { serial: other!.serial, reason: null },
      ]);
      await first.revocations.revoke([{ serial: gone!.serial, reason: 1 }]);
      const before = (await first.revocations.crl('/crl/tls-0.crl'))!;

      const second = await openLabCa({ ...options, baseUrl: 'http://two.test' });
      expect(Buffer.from(second.root).equals(first.root)).toBe(true);
      expect(Buffer.from(second.issuerCertificate('smime')!).equals(first.issuerCertificate('smime')!)).toBe(true);
      expect(await second.revocations.look(kept!.serial)).toMatchObject({ subscriber: 'SUB-1', revocation: null });
      expect((await second.revocations.look(gone!.serial))?.revocation).toMatchObject({ reason: 1 });
      expect(await storage.certificate('tls', kept!.serial)).toEqual(kept!.der);
      const response = await labCaApp(second).request('/crl/tls-0.crl');
      const crl = parseCrl(new Uint8Array(await response.arrayBuffer()));
      expect(crl.number! > before.number).toBe(true);
      expect(crl.idp?.urls).toEqual(['http://one.test/crl/tls-0.crl', 'http://two.test/crl/tls-0.crl']);
      const entry = crl.find(gone!.serial)!;
      expect(entry.reason).toBe(1);
      expect(entry.invalidityAt?.toString()).toBe('2024-08-30T00:00:00Z');
      expect(crl.find(kept!.serial)).toBeNull();
      expect((await second.revocations.crl('/crl/smime-0.crl'))?.entries).toBe(1);
    });
  });
}

test('no readable key is at rest in the database', async () => {
  const { rows } = await database.pool.query('SELECT encrypted_key FROM lab_ca.authority');
  expect(rows.length).toBeGreaterThan(1);
  for (const row of rows) expect(row.encrypted_key).toMatch(/^-----BEGIN ENCRYPTED PRIVATE KEY-----/);
});
