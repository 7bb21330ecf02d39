import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { describe } from 'vitest';
import { readPem } from '../../src/foundation/pki/pem.ts';
import { crlReasonName } from '../../src/foundation/pki/reasons.ts';
import { parseCertificate, serialDecimal } from '../../src/foundation/pki/x509.ts';
import { SystemTime } from '../../src/foundation/time/system-time.ts';
import { connectorContract } from '../../src/stages/revocation/connector.contract.ts';
import type { OrderedCertificate } from '../../src/stages/revocation/connector.ts';
import { cfsslConnector } from '../../src/stages/revocation/connectors/cfssl.ts';
import { jsonOf, networkTransport } from '../../src/stages/revocation/transport.ts';
import { findPeer, freePort, newFolder, openssl, start } from './peers.ts';

const cfssl = findPeer('cfssl');

/** certdb/sqlite/migrations of cfssl 1.6.5. */
const schema = `
CREATE TABLE certificates (serial_number blob NOT NULL, authority_key_identifier blob NOT NULL, ca_label blob, status blob NOT NULL,
  reason int, expiry timestamp, revoked_at timestamp, pem blob NOT NULL, issued_at timestamp, not_before timestamp, metadata blob,
  sans blob, common_name text, PRIMARY KEY (serial_number, authority_key_identifier));
CREATE TABLE ocsp_responses (serial_number blob NOT NULL, authority_key_identifier blob NOT NULL, body blob NOT NULL, expiry timestamp,
  PRIMARY KEY (serial_number, authority_key_identifier));`;

async function aCfssl() {
  const folder = newFolder('cfssl');
  const port = await freePort();
  const database = new DatabaseSync(join(folder, 'certs.db'));
  database.exec(schema);
  writeFileSync(join(folder, 'db.json'), JSON.stringify({ driver: 'sqlite3', data_source: 'certs.db' }));
  openssl(
    folder,
    'req',
    '-x509',
    '-newkey',
    'ec',
    '-pkeyopt',
    'ec_paramgen_curve:P-256',
    '-nodes',
    '-keyout',
    'ca.key',
    '-out',
    'ca.pem',
    '-subj',
    '/CN=cfssl CA',
    '-days',
    '60',
    '-addext',
    'keyUsage=critical,keyCertSign,cRLSign',
  );
  const base = `http://127.0.0.1:${port}`;
  const transport = networkTransport();
  const running = await start(
    cfssl!,
    [
      'serve',
      '-address',
      '127.0.0.1',
      '-port',
      String(port),
      '-ca',
      'ca.pem',
      '-ca-key',
      'ca.key',
      '-db-config',
      'db.json',
    ],
    {
      folder,
      ready: async () => (await transport.call({ method: 'GET', url: `${base}/api/v1/cfssl/health` })).ok,
    },
  );
  const { readFileSync } = await import('node:fs');
  const issuer = readPem(readFileSync(join(folder, 'ca.pem'), 'utf8'))[0]!.bytes;
  const issue = async (): Promise<OrderedCertificate> => {
    const request = { request: { CN: 'shop.example', hosts: ['shop.example'], key: { algo: 'ecdsa', size: 256 } } };
    const call = await transport.call({
      method: 'POST',
      url: `${base}/api/v1/cfssl/newcert`,
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(request),
    });
    const result = call.ok ? (jsonOf(call.answer)?.result as { certificate?: string }) : null;
    const certificate = parseCertificate(readPem(result?.certificate ?? '')[0]!.bytes);
    return { serial: certificate.serial, issuerHash: certificate.issuerHash, der: certificate.der, issuer };
  };
  /** The database itself. */
  const recorded = async ({ serial }: OrderedCertificate) => {
    const row = database
      .prepare('SELECT status, reason FROM certificates WHERE serial_number = ?')
      .get(serialDecimal(serial)) as { status: string; reason: number } | undefined;
    const revoked = row?.status === 'revoked';
    return { revoked, reason: revoked && row.reason > 0 ? crlReasonName(row.reason) : null };
  };
  const settings = cfsslConnector.settings.parse({ url: base });
  const connector = await cfsslConnector.open(settings, { time: new SystemTime() });
  return {
    connector,
    issue,
    recorded,
    close: async () => {
      database.close();
      await running.stop();
    },
  };
}

describe.skipIf(cfssl === null)('against a real cfssl', () => {
  connectorContract('cfssl', aCfssl, {
    'second-order': 'cfssl tells no reason: a second keyCompromise is ordered again, which can only raise it',
    many: 'as above: the one revoked before is ordered again',
  });
});
