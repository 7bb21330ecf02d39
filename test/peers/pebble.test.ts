import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { crlReasonName } from '../../src/foundation/pki/reasons.ts';
import { parseCertificate } from '../../src/foundation/pki/x509.ts';
import { SystemTime } from '../../src/foundation/time/system-time.ts';
import { connectorContract, orderFor } from '../../src/stages/revocation/connector.contract.ts';
import type { OrderedCertificate } from '../../src/stages/revocation/connector.ts';
import { acmeConnector, revokeWithCertificateKey } from '../../src/stages/revocation/connectors/acme.ts';
import { jsonOf, networkTransport } from '../../src/stages/revocation/transport.ts';
import { AcmeClient, newKey } from '../ca/acme-client.ts';
import { findPeer, freePort, newFolder, serverCertificate, start } from './peers.ts';

const pebble = findPeer('pebble');

async function aPebble() {
  const folder = newFolder('pebble');
  serverCertificate(folder);
  const [port, management] = [await freePort(), await freePort()];
  writeFileSync(
    join(folder, 'config.json'),
    JSON.stringify({
      pebble: {
        listenAddress: `127.0.0.1:${port}`,
        managementListenAddress: `127.0.0.1:${management}`,
        certificate: 'tls.pem',
        privateKey: 'tls.key',
        httpPort: 5002,
        tlsPort: 5001,
      },
    }),
  );
  const ca = readFileSync(join(folder, 'tls.pem'), 'utf8');
  const transport = networkTransport({ ca });
  const running = await start(pebble!, ['-config', 'config.json'], {
    folder,
    env: { PEBBLE_VA_ALWAYS_VALID: '1', PEBBLE_VA_NOSLEEP: '1', PEBBLE_WFE_NONCEREJECT: '20' },
    ready: async () => (await transport.call({ method: 'GET', url: `https://127.0.0.1:${port}/dir` })).ok,
  });
  const key = newKey();
  const directory = `https://127.0.0.1:${port}/dir`;
  const client = await new AcmeClient(transport, directory, key).open();
  await client.register();
  const keys = new Map<string, ReturnType<typeof newKey>>();
  const issue = async (): Promise<OrderedCertificate> => {
    const { der, chain, key: certificateKey } = await client.obtain(['shop.example']);
    const certificate = parseCertificate(der);
    keys.set(certificate.serial, certificateKey);
    return { serial: certificate.serial, issuerHash: certificate.issuerHash, der, issuer: chain[1] ?? null };
  };
  /** Pebble's own word, over its management interface. */
  const recorded = async ({ serial }: OrderedCertificate) => {
    const hex = serial.length % 2 ? `0${serial}` : serial;
    const call = await transport.call({
      method: 'GET',
      url: `https://127.0.0.1:${management}/cert-status-by-serial/${hex}`,
    });
    const body = call.ok ? jsonOf(call.answer) : null;
    const reason = typeof body?.Reason === 'number' && body.Reason > 0 ? crlReasonName(body.Reason) : null;
    return { revoked: body?.Status === 'Revoked', reason };
  };
  process.env.TEST_PEBBLE_KEY = key.export({ type: 'pkcs8', format: 'pem' }) as string;
  process.env.TEST_PEBBLE_CA = ca;
  const settings = acmeConnector.settings.parse({
    directory,
    accountKey: { env: 'TEST_PEBBLE_KEY' },
    tls: { caFile: { env: 'TEST_PEBBLE_CA' } },
  });
  const connector = await acmeConnector.open(settings, { time: new SystemTime() });
  return { connector, issue, recorded, close: () => running.stop(), keys, transport, directory };
}

describe.skipIf(pebble === null)('against a real pebble', () => {
  connectorContract('acme (pebble)', aPebble);

  test("a certificate's own key revokes it without an account", async () => {
    const peer = await aPebble();
    const certificate = await peer.issue();
    const key = peer.keys.get(certificate.serial)!;
    const order = orderFor(certificate, 'keyCompromise');
    expect((await revokeWithCertificateKey(peer.transport, peer.directory, order, newKey())).outcome).toBe('refused');
    expect((await revokeWithCertificateKey(peer.transport, peer.directory, order, key)).outcome).toBe('done');
    expect(await peer.recorded(certificate)).toEqual({ revoked: true, reason: 'keyCompromise' });
    expect((await revokeWithCertificateKey(peer.transport, peer.directory, order, key)).outcome).toBe('already');
    await peer.close();
  });
});
