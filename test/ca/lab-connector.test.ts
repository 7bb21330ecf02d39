import { crlReasonName } from '../../src/foundation/pki/reasons.ts';
import { parseCertificate } from '../../src/foundation/pki/x509.ts';
import { at } from '../../src/foundation/time/time.ts';
import { VirtualTime } from '../../src/foundation/time/virtual-time.ts';
import { acmeApp } from '../../src/lab-ca/acme/server.ts';
import { connectorContract } from '../../src/stages/revocation/connector.contract.ts';
import type { OrderedCertificate } from '../../src/stages/revocation/connector.ts';
import { connectorFaults, connectorSurprises } from '../../src/stages/revocation/connector-faults.contract.ts';
import { acmeConnector } from '../../src/stages/revocation/connectors/acme.ts';
import { labConnector } from '../../src/stages/revocation/connectors/lab.ts';
import { type CaTransport, fetchTransport } from '../../src/stages/revocation/transport.ts';
import { AcmeClient } from './acme-client.ts';
import { aLab, labToken, labUrl } from './lab.ts';

process.env.TEST_LAB_TOKEN = labToken;
const settings = { url: labUrl, token: { env: 'TEST_LAB_TOKEN' } };

async function aFallibleLab() {
  const lab = await aLab();
  return {
    ca: lab.ca,
    time: lab.time,
    transport: fetchTransport(lab.fetch),
    issue: async () => {
      const { certificate, der, issuer } = await lab.issue();
      return { serial: certificate.serial, issuerHash: certificate.issuerHash, der, issuer };
    },
    recorded: async (certificate: OrderedCertificate) => {
      const entry = await lab.ca.revocations.look(certificate.serial);
      return { revoked: entry?.revocation != null, reason: crlReasonName(entry?.revocation?.reason ?? null) };
    },
    close: async () => {},
  };
}

connectorContract('lab', async () => {
  const lab = await aFallibleLab();
  return { ...lab, connector: await labConnector.open(settings, lab) };
});

connectorSurprises(
  'lab',
  async () => {
    const lab = await aFallibleLab();
    // Between the desk and the CA sits something that writes another reason into the order.
    let wrong = false;
    const transport: CaTransport = {
      ...lab.transport,
      call: (request) =>
        lab.transport.call(
          wrong && request.url.endsWith('/api/revoke-many')
            ? { ...request, body: String(request.body).replace('"reason":1', '"reason":4') }
            : request,
        ),
    };
    const storeWrongReason = () => {
      wrong = true;
    };
    return { ...lab, transport, storeWrongReason };
  },
  async (transport) => labConnector.open(settings, { time: (await aLab()).time, transport }),
  (request) => request.url.endsWith('/api/revoke-many'),
);

connectorFaults(
  'lab',
  async (transport) => labConnector.open(settings, { time: (await aLab()).time, transport }),
  async () => {
    const { certificate, der, issuer } = await (await aLab()).issue();
    return { serial: certificate.serial, issuerHash: certificate.issuerHash, der, issuer };
  },
);

/** The ACME connector at the lab CA's own server, which checks every signature, nonce and account (RFC 8555). */
async function anAcmeCa() {
  const lab = await aFallibleLab();
  const url = 'https://acme.test/acme';
  const app = acmeApp(lab.ca, { url, world: null });
  const transport = fetchTransport(async (to, init) => app.fetch(new Request(to, init)));
  const account = await new AcmeClient(transport, `${url}/directory`).open();
  await account.register();
  process.env.TEST_ACME_KEY = account.key.export({ type: 'pkcs8', format: 'pem' }) as string;
  const issue = async () => {
    const { der, chain } = await account.obtain(['shop.example']);
    const { serial, issuerHash } = parseCertificate(der);
    return { serial, issuerHash, der, issuer: chain[1]! };
  };
  return { ...lab, transport, issue, storeWrongReason: null };
}
const openAcme = (transport: CaTransport, time = new VirtualTime(at('2024-08-31T18:00:00Z'))) =>
  acmeConnector.open(
    {
      directory: 'https://acme.test/acme/directory',
      accountKey: { env: 'TEST_ACME_KEY' },
      tls: {},
      reasons: ['unspecified', 'keyCompromise', 'superseded', 'cessationOfOperation'],
      parallel: 2,
    },
    { time, transport },
  );

connectorContract(
  'acme (lab CA)',
  async () => {
    const ca = await anAcmeCa();
    const connector = await openAcme(ca.transport, ca.time);
    // The lab CA raises a reason for the account, too; Boulder does it only for the certificate's own key.
    return { ...ca, connector: { ...connector, abilities: { ...connector.abilities, raisesReason: true } } };
  },
  { 'unknown-certificate': 'ACME revokes by the certificate itself' },
);

connectorSurprises('acme (lab CA)', anAcmeCa, openAcme, (request) => request.url.endsWith('/revoke-cert'));
