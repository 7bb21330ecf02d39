import { crlReasonName } from '../../src/foundation/pki/reasons.ts';
import { connectorContract, connectorFaults } from '../../src/stages/revocation/connector.contract.ts';
import { labConnector } from '../../src/stages/revocation/connectors/lab.ts';
import { fetchTransport } from '../../src/stages/revocation/transport.ts';
import { aLab, labToken, labUrl } from './lab.ts';

process.env.TEST_LAB_TOKEN = labToken;
const settings = { url: labUrl, token: { env: 'TEST_LAB_TOKEN' } };

connectorContract('lab', async () => {
  const lab = await aLab();
  return {
    connector: await labConnector.open(settings, { time: lab.time, transport: fetchTransport(lab.fetch) }),
    issue: async () => {
      const { certificate, der, issuer } = await lab.issue();
      return { serial: certificate.serial, issuerHash: certificate.issuerHash, der, issuer };
    },
    recorded: async (certificate) => {
      const entry = await lab.ca.revocations.look(certificate.serial);
      return { revoked: entry?.revocation != null, reason: crlReasonName(entry?.revocation?.reason ?? null) };
    },
    close: async () => {},
  };
});

connectorFaults(
  'lab',
  async (transport) => labConnector.open(settings, { time: (await aLab()).time, transport }),
  async () => {
    const { certificate, der, issuer } = await (await aLab()).issue();
    return { serial: certificate.serial, issuerHash: certificate.issuerHash, der, issuer };
  },
);
