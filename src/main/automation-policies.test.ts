import { generateKeyPairSync } from 'node:crypto';
import { expect, test } from 'vitest';
import { writeCsr } from '../foundation/pki/csr.ts';
import { writePem } from '../foundation/pki/pem.ts';
import { parseCertificate } from '../foundation/pki/x509.ts';
import { at } from '../foundation/time/time.ts';
import { VirtualTime } from '../foundation/time/virtual-time.ts';
import { spkiOfKey } from '../lab-ca/certificate.ts';
import { labCaApp, MemoryStorage, openLabCa } from '../lab-ca/index.ts';
import { memoryInventory, recordOf } from '../stages/inventory/index.ts';
import { automationPolicy, automationShape, policiesOf } from './automation-policies.ts';

const policy = [
  {
    account: 'acct-1',
    steps: [
      { step: 'remind', from: '2026-01-01T00:00:00Z', because: 'Please set up an ACME client.' },
      { step: 'shorten', lifetimeMaxDays: 45, from: '2026-06-01T00:00:00Z', because: 'Orders by hand last 45 days.' },
      { step: 'require-acme', from: '2026-10-01T00:00:00Z', because: 'Renew by ACME: see our guide.' },
    ],
  },
];

async function aCa(start: string) {
  const time = new VirtualTime(at(start));
  const inventory = memoryInventory(time);
  const ca = await openLabCa({
    ...{ storage: new MemoryStorage(), time, baseUrl: 'http://ca.test', keyPassphrase: 'test', token: 'token' },
    orderPolicy: automationPolicy(
      policiesOf(automationShape.parse(policy)),
      () => inventory,
      () => time.now(),
    ),
  });
  const app = labCaApp(ca);
  const order = async (names: string[], subscriber?: string) => {
    const key = generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey;
    const csr = writePem('CERTIFICATE REQUEST', writeCsr({ subject: [], names, spki: spkiOfKey(key), signWith: key }));
    const response = await app.request('/api/issue', {
      method: 'POST',
      headers: { authorization: 'Bearer token', 'content-type': 'application/json' },
      body: JSON.stringify({ csr, subscriber }),
    });
    const body = (await response.json()) as { chain?: string; tell?: string[]; code?: string; message?: string };
    if (body.chain !== undefined) {
      const der = new Uint8Array(Buffer.from(body.chain.split('-----')[2] ?? '', 'base64'));
      await inventory.add([recordOf(der, { subscriber: subscriber ?? null })]);
      const { notBefore, notAfter } = parseCertificate(der);
      return { ...body, status: response.status, days: Math.round(notAfter.since(notBefore).total('hours') / 24) };
    }
    return { ...body, status: response.status };
  };
  return { time, order };
}

test('an order by hand is reminded, then shortened, then refused at renewal with what to do instead', async () => {
  const { time, order } = await aCa('2026-05-01T00:00:00Z');
  const first = await order(['a.example'], 'acct-1');
  expect(first).toMatchObject({ status: 201, days: 90 });
  // Told before it holds.
  expect(first.tell).toEqual(policy[0]?.steps.map((step) => step.because));
  time.advanceTo(at('2026-07-01T00:00:00Z'));
  expect(await order(['a.example'], 'acct-1')).toMatchObject({ status: 201, days: 45 });
  time.advanceTo(at('2026-10-01T00:00:00Z'));
  const refused = await order(['a.example'], 'acct-1');
  expect(refused).toEqual({ status: 403, code: 'acme-required', message: 'Renew by ACME: see our guide.' });
});

test('a first certificate for a name is still issued, other accounts are left alone, and leaving the account out is no way round', async () => {
  const { order } = await aCa('2026-10-02T00:00:00Z');
  expect(await order(['new.example'], 'acct-1')).toMatchObject({ status: 201, days: 45 });
  expect(await order(['b.example'], 'acct-2')).toMatchObject({ status: 201, days: 90, tell: [] });
  expect(await order(['b.example'], 'acct-2')).toMatchObject({ status: 201, days: 90, tell: [] });
  expect(await order(['new.example'])).toMatchObject({ status: 403, code: 'acme-required' });
});

test('two policies for one account, a day that is none and a lifetime beyond the rules are refused', () => {
  const [one] = policy;
  expect(automationShape.safeParse([one, one]).success).toBe(false);
  const step = { step: 'shorten', lifetimeMaxDays: 45, from: 'soon', because: 'x' };
  expect(automationShape.safeParse([{ account: 'a', steps: [step] }]).success).toBe(false);
  const long = { ...step, from: '2026-01-01T00:00:00Z', lifetimeMaxDays: 399 };
  expect(automationShape.safeParse([{ account: 'a', steps: [long] }]).success).toBe(false);
});
