import { execFileSync } from 'node:child_process';
import { generateKeyPairSync } from 'node:crypto';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { parseCrl } from '../../src/foundation/pki/crl.ts';
import { readPem } from '../../src/foundation/pki/pem.ts';
import type { CrlReasonName } from '../../src/foundation/pki/reasons.ts';
import { parseCertificate } from '../../src/foundation/pki/x509.ts';
import { at } from '../../src/foundation/time/time.ts';
import { VirtualTime } from '../../src/foundation/time/virtual-time.ts';
import { connectorContract, orderFor } from '../../src/stages/revocation/connector.contract.ts';
import type { OrderedCertificate } from '../../src/stages/revocation/connector.ts';
import { connectorFaults, connectorSurprises } from '../../src/stages/revocation/connector-faults.contract.ts';
import { acmeConnector } from '../../src/stages/revocation/connectors/acme.ts';
import { cfsslConnector } from '../../src/stages/revocation/connectors/cfssl.ts';
import { commandConnector } from '../../src/stages/revocation/connectors/command.ts';
import { dogtagConnector } from '../../src/stages/revocation/connectors/dogtag.ts';
import { ejbcaConnector } from '../../src/stages/revocation/connectors/ejbca.ts';
import { formApiConnector } from '../../src/stages/revocation/connectors/form-api.ts';
import { connectorDefinitions } from '../../src/stages/revocation/connectors/index.ts';
import { manualConnector } from '../../src/stages/revocation/connectors/manual.ts';
import { openbaoConnector } from '../../src/stages/revocation/connectors/openbao.ts';
import { stepCaConnector } from '../../src/stages/revocation/connectors/step-ca.ts';
import type { CaRequest } from '../../src/stages/revocation/transport.ts';
import { dogtagFake, ejbcaFake, formFake, openbaoFake } from './fakes.ts';
import { aLab } from './lab.ts';

process.env.TEST_SECRET = 'secret';
const secret = { env: 'TEST_SECRET' };
const ecKey = generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey;
process.env.TEST_KEY = ecKey.export({ type: 'pkcs8', format: 'pem' }) as string;
const keySecret = { env: 'TEST_KEY' };
const time = new VirtualTime(at('2024-08-31T18:00:00Z'));
const aCertificate = async (): Promise<OrderedCertificate> => {
  const { certificate, der, issuer } = await (await aLab()).issue();
  return { serial: certificate.serial, issuerHash: certificate.issuerHash, der, issuer };
};
const ok = (body: unknown, headers: Record<string, string> = {}) => ({
  status: 200,
  headers,
  body: Buffer.from(typeof body === 'string' ? body : JSON.stringify(body)),
});

/* ---- EJBCA ---- */
const ejbca = { url: 'https://ejbca.test/rest', tls: {}, parallel: 4 };
connectorContract('ejbca', async () => {
  const fake = await ejbcaFake();
  return { ...fake, connector: await ejbcaConnector.open(ejbca, { time, transport: fake.transport }) };
});
connectorFaults('ejbca', (transport) => ejbcaConnector.open(ejbca, { time, transport }), aCertificate);
connectorSurprises(
  'ejbca',
  ejbcaFake,
  (transport) => ejbcaConnector.open(ejbca, { time, transport }),
  (request) => request.method === 'PUT',
);
test('ejbca: 202 is an approval that waits, not a revocation', async () => {
  const transport = {
    call: async () => ({ ok: true as const, answer: { status: 202, headers: {}, body: Buffer.from('{}') } }),
    close: async () => {},
  };
  const connector = await ejbcaConnector.open(ejbca, { time, transport });
  expect((await connector.revoke([orderFor(await aCertificate(), 'keyCompromise')]))[0]!.outcome).toBe(
    'pending-approval',
  );
});

/* ---- Dogtag ---- */
const dogtag = { url: 'https://dogtag.test/ca/rest', tls: {}, parallel: 2 };
connectorContract('dogtag', async () => {
  const fake = await dogtagFake();
  return { ...fake, connector: await dogtagConnector.open(dogtag, { time, transport: fake.transport }) };
});
connectorFaults(
  'dogtag',
  (transport) => dogtagConnector.open(dogtag, { time, transport }),
  aCertificate,
  (request) => (request.method === 'GET' ? ok({ Status: 'VALID', Nonce: 7 }) : null),
);

connectorSurprises(
  'dogtag',
  dogtagFake,
  (transport) => dogtagConnector.open(dogtag, { time, transport }),
  (request) => request.method === 'POST',
);
test('dogtag: a request that an agent has to approve waits, and is not a revocation', async () => {
  const fake = await dogtagFake();
  const transport = {
    call: async (request: CaRequest) =>
      request.method === 'GET'
        ? fake.transport.call(request)
        : { ok: true as const, answer: ok({ requestStatus: 'pending', requestURL: 'https://dogtag.test/7' }) },
    close: async () => {},
  };
  const connector = await dogtagConnector.open(dogtag, { time, transport });
  expect(await connector.revoke([orderFor(await fake.issue(), 'keyCompromise')])).toMatchObject([
    { outcome: 'pending-approval', reference: 'https://dogtag.test/7' },
  ]);
});
test('a conflict about a certificate that is on record as good is no revocation', async () => {
  for (const [definition, settings, fake] of [
    [ejbcaConnector, ejbca, await ejbcaFake()],
    [dogtagConnector, dogtag, await dogtagFake()],
  ] as const) {
    const transport = {
      call: async (request: CaRequest) =>
        request.method === 'GET'
          ? fake.transport.call(request)
          : { ok: true as const, answer: { status: 409, headers: {}, body: Buffer.from('{}') } },
      close: async () => {},
    };
    const connector = await definition.open(settings as never, { time, transport });
    expect(await connector.revoke([orderFor(await fake.issue(), 'keyCompromise')])).toMatchObject([
      { outcome: 'refused', code: 'rejected' },
    ]);
  }
});

/* ---- form API ---- */
const form = {
  url: 'https://portal.test/products/!AutoRevokeSSL',
  loginName: secret,
  loginPassword: secret,
  tls: {},
  errorCodes: { '-20': 'already' as const },
  parallel: 2,
};
connectorContract('form-api', async () => {
  const fake = await formFake();
  return { ...fake, connector: await formApiConnector.open(form, { time, transport: fake.transport }) };
});
connectorFaults('form-api', (transport) => formApiConnector.open(form, { time, transport }), aCertificate);
connectorSurprises(
  'form-api',
  formFake,
  (transport) => formApiConnector.open(form, { time, transport }),
  (request) => request.method === 'POST',
);

/* ---- OpenBao ---- */
const openbao = { url: 'https://bao.test', mount: 'pki', token: secret, tls: {}, parallel: 4 };
connectorContract(
  'openbao (fake)',
  async () => {
    const fake = await openbaoFake();
    return { ...fake, connector: await openbaoConnector.open(openbao, { time, transport: fake.transport }) };
  },
  { 'lower-reason': 'the engine records no reason' },
);
connectorFaults(
  'openbao',
  (transport) => openbaoConnector.open(openbao, { time, transport }),
  aCertificate,
  (request) => (request.method === 'GET' ? ok({ data: { revocation_time: 0 } }) : null),
);
connectorSurprises(
  'openbao',
  openbaoFake,
  (transport) => openbaoConnector.open(openbao, { time, transport }),
  (request) => request.url.endsWith('/revoke'),
);
describe('openbao traps', () => {
  test('an error after the revocation was stored is read back as done', async () => {
    const fake = await openbaoFake();
    fake.breakCrl();
    const connector = await openbaoConnector.open(openbao, { time, transport: fake.transport });
    expect(await connector.revoke([orderFor(await fake.issue(), 'keyCompromise')])).toMatchObject([
      { outcome: 'done', reason: null },
    ]);
  });
  test('success with a warning and no time is an expired certificate, not a revocation', async () => {
    const transport = {
      call: async (request: { method: string }) => ({
        ok: true as const,
        answer:
          request.method === 'GET'
            ? ok({ data: { revocation_time: 0 } })
            : ok({ data: null, warnings: ['certificate already expired'] }),
      }),
      close: async () => {},
    };
    const connector = await openbaoConnector.open(openbao, { time, transport });
    expect(await connector.revoke([orderFor(await aCertificate(), 'keyCompromise')])).toMatchObject([
      { outcome: 'refused', code: 'expired' },
    ]);
  });
});

/* ---- ACME, step-ca and cfssl: their contracts run against the real ones in test/peers ---- */
const directory = {
  revokeCert: 'https://acme.test/revoke',
  newNonce: 'https://acme.test/nonce',
  newAccount: 'https://acme.test/account',
};
connectorFaults(
  'acme',
  (transport) =>
    acmeConnector.open(
      {
        directory: 'https://acme.test/dir',
        accountKey: keySecret,
        accountUrl: 'https://acme.test/acct/1',
        tls: {},
        reasons: ['keyCompromise'],
        parallel: 2,
      },
      { time, transport },
    ),
  aCertificate,
  (request) => {
    if (request.url.endsWith('/dir')) return ok(directory);
    return request.method === 'HEAD' ? ok('', { 'replay-nonce': 'n1' }) : null;
  },
);
connectorFaults(
  'step-ca',
  (transport) =>
    stepCaConnector.open(
      {
        url: 'https://step.test',
        provisioner: { name: 'desk', keyId: 'k', key: keySecret },
        tls: {},
        crl: false,
        parallel: 2,
      },
      { time, transport },
    ),
  aCertificate,
);
connectorFaults(
  'cfssl',
  (transport) => cfsslConnector.open({ url: 'http://cfssl.test', tls: {}, parallel: 2 }, { time, transport }),
  aCertificate,
);
test('cfssl: an order that could lower a reason is not sent when the record cannot be read', async () => {
  const sent: string[] = [];
  const transport = {
    call: async (request: { url: string }) => {
      sent.push(request.url);
      return { ok: true as const, answer: { status: 404, headers: {}, body: new Uint8Array() } };
    },
    close: async () => {},
  };
  const connector = await cfsslConnector.open({ url: 'http://cfssl.test', tls: {}, parallel: 2 }, { time, transport });
  expect((await connector.revoke([orderFor(await aCertificate(), 'superseded')]))[0]!.outcome).toBe('retry');
  expect(sent).toEqual(['http://cfssl.test/api/v1/cfssl/crl']);
});

/* ---- command, against a real `openssl ca` ---- */
async function opensslCa() {
  const folder = mkdtempSync(join(tmpdir(), 'rescind-openssl-ca-'));
  const openssl = (...args: string[]) =>
    execFileSync('openssl', args, { cwd: folder, stdio: ['ignore', 'pipe', 'ignore'] });
  mkdirSync(join(folder, 'new'));
  for (const [name, text] of [
    ['index.txt', ''],
    ['serial', '1000\n'],
    ['crlnumber', '01\n'],
    [
      'ca.cnf',
      '[ca]\ndefault_ca=d\n[d]\ndir=.\ndatabase=index.txt\nserial=serial\ncrlnumber=crlnumber\nnew_certs_dir=new\ncertificate=ca.pem\nprivate_key=ca.key\ndefault_md=sha256\ndefault_days=30\ndefault_crl_days=7\npolicy=p\nunique_subject=no\n[p]\ncommonName=supplied\n',
    ],
  ] as const) {
    writeFileSync(join(folder, name), text);
  }
  openssl(
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
    '/CN=Command CA',
    '-days',
    '60',
  );
  openssl(
    'req',
    '-newkey',
    'ec',
    '-pkeyopt',
    'ec_paramgen_curve:P-256',
    '-nodes',
    '-keyout',
    'l.key',
    '-out',
    'l.csr',
    '-subj',
    '/CN=shop.example',
  );
  const issuer = readPem(readFileSync(join(folder, 'ca.pem'), 'utf8'))[0]!.bytes;
  const issue = async (): Promise<OrderedCertificate> => {
    openssl('ca', '-config', 'ca.cnf', '-batch', '-notext', '-in', 'l.csr', '-out', 'l.pem');
    const certificate = parseCertificate(readPem(readFileSync(join(folder, 'l.pem'), 'utf8'))[0]!.bytes);
    return { serial: certificate.serial, issuerHash: certificate.issuerHash, der: certificate.der, issuer };
  };
  /** The oracle is openssl's own CRL. */
  const recorded = async ({ serial }: OrderedCertificate) => {
    openssl('ca', '-config', 'ca.cnf', '-gencrl', '-out', 'check.crl');
    const entry = parseCrl(readPem(readFileSync(join(folder, 'check.crl'), 'utf8'))[0]!.bytes).find(serial);
    const names: { [code: number]: CrlReasonName } = {
      1: 'keyCompromise',
      3: 'affiliationChanged',
      4: 'superseded',
      5: 'cessationOfOperation',
    };
    return { revoked: entry !== null, reason: entry?.reason == null ? null : names[entry.reason]! };
  };
  return { folder, issue, recorded, close: async () => rmSync(folder, { recursive: true, force: true }) };
}

const hook = (folder: string) => [
  process.execPath,
  fileURLToPath(new URL('./openssl-ca-hook.mjs', import.meta.url)),
  folder,
];
const command = (given: string[], more: object = {}) =>
  commandConnector.open(commandConnector.settings.parse({ command: given, ...more }), { time });

connectorContract('command (openssl ca)', async () => {
  const ca = await opensslCa();
  const run = hook(ca.folder);
  // openssl ca knows no privilegeWithdrawn.
  const reasons = ['unspecified', 'keyCompromise', 'affiliationChanged', 'superseded', 'cessationOfOperation'];
  return { ...ca, connector: await command(run, { publish: run, look: run, reasons }) };
});

describe('a command that fails', () => {
  const outcomeOf = async (script: string, more: object = {}) => {
    const connector = await command(['/bin/sh', '-c', script], more);
    return (await connector.revoke([orderFor(await aCertificate(), 'keyCompromise')]))[0]!;
  };
  test('each exit code has its meaning, and an unknown one is unknown', async () => {
    expect(await outcomeOf('cat >/dev/null; exit 0')).toMatchObject({ outcome: 'done' });
    expect(await outcomeOf('exit 10')).toMatchObject({ outcome: 'already' });
    expect(await outcomeOf('echo \'{"reference":"T-7"}\'; exit 20')).toMatchObject({
      outcome: 'pending-approval',
      reference: 'T-7',
    });
    expect(await outcomeOf('exit 30')).toMatchObject({ outcome: 'retry' });
    expect(await outcomeOf('exit 1')).toMatchObject({ outcome: 'unknown', code: 'server-error' });
    expect(await outcomeOf('echo rubbish; exit 77')).toMatchObject({ outcome: 'unknown' });
  });
  test('a command that cannot be started did nothing; one that hangs or floods may have', async () => {
    const connector = await command(['/nonexistent/revoke']);
    expect((await connector.revoke([orderFor(await aCertificate(), 'keyCompromise')]))[0]).toMatchObject({
      outcome: 'retry',
    });
    expect(await outcomeOf('sleep 60', { withinSeconds: 1 })).toMatchObject({ outcome: 'unknown', code: 'timeout' });
    expect(await outcomeOf('yes')).toMatchObject({ outcome: 'unknown' });
  });
  test('it is given every form of the serial and no secret', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'rescind-command-'));
    const certificate = await aCertificate();
    const connector = await command(['/bin/sh', '-c', `cat > ${folder}/in.json`]);
    await connector.revoke([{ ...orderFor(certificate, 'keyCompromise'), invalidityAt: at('2024-08-01T00:00:00Z') }]);
    expect(JSON.parse(readFileSync(join(folder, 'in.json'), 'utf8'))).toMatchObject({
      action: 'revoke',
      serialDecimal: BigInt(`0x${certificate.serial}`).toString(),
      issuer: 'CN=Rescind Lab TLS CA 1,O=Rescind Lab,C=IN',
      reason: 'keyCompromise',
      reasonCode: 1,
      invalidityAt: '2024-08-01T00:00:00Z',
      idempotencyKey: `case-1/${certificate.serial}`,
    });
    rmSync(folder, { recursive: true, force: true });
  });
});

/* ---- manual ---- */
test('manual: every order waits for a person and names what to do', async () => {
  const connector = await manualConnector.open({ instructions: 'Call the key ceremony office.' }, { time });
  const certificate = await aCertificate();
  const [outcome] = await connector.revoke([orderFor(certificate, 'keyCompromise')]);
  expect(outcome).toMatchObject({ outcome: 'pending-approval' });
  expect((outcome as { message: string }).message).toContain(certificate.serial);
  expect((await connector.record(certificate)).state).toBe('unknown');
});

test('every connector has a name, a summary and settings that refuse what they do not know', () => {
  const names = connectorDefinitions.map((one) => one.name);
  expect(new Set(names).size).toBe(names.length);
  for (const { settings, summary } of connectorDefinitions) {
    expect(summary.length).toBeGreaterThan(20);
    expect(settings.safeParse({ nonsense: true }).success).toBe(false);
  }
});
