import { describe } from 'vitest';
import { parseCrl } from '../../src/foundation/pki/crl.ts';
import { readPem } from '../../src/foundation/pki/pem.ts';
import { crlReasonName } from '../../src/foundation/pki/reasons.ts';
import { parseCertificate } from '../../src/foundation/pki/x509.ts';
import { SystemTime } from '../../src/foundation/time/system-time.ts';
import { connectorContract } from '../../src/stages/revocation/connector.contract.ts';
import type { OrderedCertificate } from '../../src/stages/revocation/connector.ts';
import { openbaoConnector } from '../../src/stages/revocation/connectors/openbao.ts';
import { jsonOf, networkTransport } from '../../src/stages/revocation/transport.ts';
import { findPeer, freePort, newFolder, start } from './peers.ts';

const bao = findPeer('bao');
const token = 'root-of-the-test';

async function aBao() {
  const folder = newFolder('bao');
  const port = await freePort();
  const base = `http://127.0.0.1:${port}`;
  const transport = networkTransport();
  const running = await start(
    bao!,
    ['server', '-dev', `-dev-listen-address=127.0.0.1:${port}`, `-dev-root-token-id=${token}`],
    {
      folder,
      env: { HOME: folder },
      ready: async () => {
        const call = await transport.call({ method: 'GET', url: `${base}/v1/sys/health` });
        return call.ok && call.answer.status === 200;
      },
    },
  );
  const post = async (path: string, body: object) => {
    const call = await transport.call({
      method: 'POST',
      url: `${base}/v1/${path}`,
      headers: { 'x-vault-token': token, 'content-type': 'application/json' },
      body: JSON.stringify(body),
    });
    if (!call.ok || call.answer.status >= 300)
      throw new Error(`${path}: ${call.ok ? Buffer.from(call.answer.body).toString() : call.code}`);
    return (jsonOf(call.answer)?.data ?? {}) as Record<string, unknown>;
  };
  await post('sys/mounts/pki', { type: 'pki', config: { max_lease_ttl: '87600h' } });
  const root = await post('pki/root/generate/internal', {
    common_name: 'Bao CA',
    key_type: 'ec',
    key_bits: 256,
    ttl: '8760h',
  });
  const issuer = readPem(String(root.certificate))[0]!.bytes;
  await post('pki/roles/web', { allow_any_name: true, key_type: 'ec', key_bits: 256, ttl: '720h' });
  const issue = async (): Promise<OrderedCertificate> => {
    const made = await post('pki/issue/web', { common_name: 'shop.example' });
    const certificate = parseCertificate(readPem(String(made.certificate))[0]!.bytes);
    return { serial: certificate.serial, issuerHash: certificate.issuerHash, der: certificate.der, issuer };
  };
  const recorded = async ({ serial }: OrderedCertificate) => {
    await transport.call({ method: 'GET', url: `${base}/v1/pki/crl/rotate`, headers: { 'x-vault-token': token } });
    const call = await transport.call({ method: 'GET', url: `${base}/v1/pki/crl` });
    if (!call.ok) throw new Error('no CRL');
    const entry = parseCrl(call.answer.body).find(serial);
    return { revoked: entry !== null, reason: crlReasonName(entry?.reason ?? null) };
  };
  process.env.TEST_BAO_TOKEN = token;
  const settings = openbaoConnector.settings.parse({ url: base, token: { env: 'TEST_BAO_TOKEN' } });
  return {
    connector: await openbaoConnector.open(settings, { time: new SystemTime() }),
    issue,
    recorded,
    close: () => running.stop(),
  };
}

describe.skipIf(bao === null)('against a real OpenBao', () => {
  connectorContract('openbao', aBao, { 'lower-reason': 'the engine records no reason' });
});
