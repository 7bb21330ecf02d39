import { afterAll, beforeAll, expect, test } from 'vitest';
import { parseCertificate } from '../../src/foundation/pki/x509.ts';
import { at, hours } from '../../src/foundation/time/time.ts';
import { VirtualTime } from '../../src/foundation/time/virtual-time.ts';
import {
  acmeApp,
  certificateId,
  type LabCaStorage,
  MemoryStorage,
  migrations,
  openLabCa,
  PostgresStorage,
} from '../../src/lab-ca/index.ts';
import { migrate } from '../../src/platform/store/migrate.ts';
import { type TestDatabase, testDatabase } from '../../src/platform/store/testing.ts';
import { fetchTransport } from '../../src/stages/revocation/transport.ts';
import { AcmeClient, newKey } from './acme-client.ts';

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
  test(`accounts, orders and authorizations kept ${name} outlive the ACME server`, async () => {
    const storage = open();
    const time = new VirtualTime(at('2026-05-01T00:00:00Z'));
    const key = newKey();
    const server = async () => {
      const ca = await openLabCa({ storage, time, baseUrl: 'http://ca.test', keyPassphrase: 'x', token: 't' });
      const app = acmeApp(ca, { url: 'https://acme.test/acme', world: null });
      const transport = fetchTransport(async (url, init) => app.fetch(new Request(url, init)));
      return { ca, client: await new AcmeClient(transport, 'https://acme.test/acme/directory', key).open() };
    };
    const first = await server();
    await first.client.register({ contact: ['mailto:ops@a.example'] });
    const { der } = await first.client.obtain(['a.example']);
    const waiting = await first.client.order(['b.example']);
    await first.client.order(['a.example'], { replaces: certificateId(der)! });

    const { ca, client } = await server();
    expect((await client.register({ onlyReturnExisting: true })).status).toBe(200);
    expect(client.kid).toBe(first.client.kid);
    expect((await client.post(client.kid!, '')).body.contact).toEqual(['mailto:ops@a.example']);
    expect((await client.post(`${client.kid}/orders`, '')).body.orders).toHaveLength(3);
    // The open order is finished by the new server, the old authorization is used again, the replacement is remembered.
    await client.prove(waiting);
    expect((await client.finalize(waiting, ['b.example'], newKey())).body.status).toBe('valid');
    expect((await client.order(['a.example'])).body.status).toBe('ready');
    expect((await client.order(['a.example'], { replaces: certificateId(der)! })).status).toBe(409);
    // And the issuing account is still known as the one that may revoke.
    expect((await client.revoke(der, 1)).status).toBe(200);
    expect((await ca.revocations.look(parseCertificate(der).serial))?.revocation?.reason).toBe(1);
    time.advanceTo(time.now().add(hours(24 * 40)));
    expect((await client.order(['a.example'])).body.status).toBe('pending');
  });
}
