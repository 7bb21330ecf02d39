/** What subscribers' servers serve, seen over real TLS on loopback addresses. */
import { generateKeyPairSync, type KeyObject } from 'node:crypto';
import { type AddressInfo, createServer as createTcpServer, type Server } from 'node:net';
import { createServer, type TlsOptions } from 'node:tls';
import { afterEach, expect, test } from 'vitest';
import { writePem } from '../../src/foundation/pki/pem.ts';
import { keyHashes } from '../../src/foundation/pki/spki.ts';
import { hours, minutes } from '../../src/foundation/time/time.ts';
import { spkiOfKey } from '../../src/lab-ca/certificate.ts';
import { lookAtServed, publicServers } from '../../src/main/served-names.ts';
import { memoryInventory, recordOf } from '../../src/stages/inventory/index.ts';
import {
  memoryRenewalStore,
  RenewalInfo,
  type ReplacementSeen,
  type ServedParts,
  servedReplacement,
} from '../../src/stages/renewal-info/index.ts';
import { aLab } from './lab.ts';

const lab = await aLab();
const now = lab.time.now().add(hours(1));
const ecKey = () => generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey;
const rsaKey = () => generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey;

interface Held {
  readonly key: KeyObject;
  readonly der: Uint8Array;
}
async function aCertificate(names: string[], key = ecKey()): Promise<Held> {
  return { key, der: (await lab.issue({ spki: spkiOfKey(key), names })).der };
}
const pemOf = ({ key, der }: Held): TlsOptions => ({
  cert: writePem('CERTIFICATE', der),
  key: key.export({ type: 'pkcs8', format: 'pem' }),
});

const open: Server[] = [];
afterEach(() => {
  for (const server of open.splice(0)) server.close();
});

/** A server at `address` that shows each name its certificates; the first one also where no name is asked for. */
async function serve(held: readonly Held[], address = '127.0.0.1', port = 0): Promise<number> {
  const server = createServer({
    cert: held.map((one) => pemOf(one).cert as string),
    key: held.map((one) => pemOf(one).key as string),
  });
  server.on('tlsClientError', () => {});
  await new Promise<void>((resolve) => server.listen(port, address, resolve));
  open.push(server);
  return (server.address() as AddressInfo).port;
}

/** Names lead to addresses of the loopback network, which the real policy forbids. */
function world(port: number, hosts: Record<string, string[]>, more: Partial<ServedParts> = {}): ServedParts {
  const resolve = async (name: string) => {
    const addresses = hosts[name];
    if (addresses === undefined) throw new Error('ENOTFOUND');
    return addresses;
  };
  return { resolve, isAllowed: (address) => address.startsWith('127.0.0.'), port, withinMs: 2_000, ...more };
}

const candidate = ({ der }: Held) => ({ ...recordOf(der), subscriber: 'SUB-1', account: null }) as never;
const look = (old: Held, parts: ServedParts, keyMustChange = true) =>
  servedReplacement(candidate(old), keyMustChange, parts, now);
const fingerprint = ({ der }: Held) => recordOf(der).fingerprint;

test('another key for the same name is a replacement, seen as served', async () => {
  const [old, fresh] = [await aCertificate(['shop.example']), await aCertificate(['shop.example'])];
  const parts = world(await serve([fresh]), { 'shop.example': ['127.0.0.1'] });
  expect(await look(old, parts)).toEqual({
    fingerprint: fingerprint(old),
    replacement: fingerprint(fresh),
    by: 'served',
  });
});

test('the old certificate, the old key in a new one, another name and nothing at all are no replacement', async () => {
  const old = await aCertificate(['shop.example']);
  const hosts = { 'shop.example': ['127.0.0.1'] };
  const sameKey = await aCertificate(['shop.example'], old.key);
  expect(keyHashes(spkiOfKey(sameKey.key)).canonical).toBe(keyHashes(spkiOfKey(old.key)).canonical);
  for (const held of [old, sameKey, await aCertificate(['other.example'])])
    expect(await look(old, world(await serve([held]), hosts))).toBeNull();
  // Where the key is not what is wrong, a new certificate with it will do.
  expect(await look(old, world(await serve([sameKey]), hosts), false)).toMatchObject({ by: 'served' });
  const silent = createTcpServer(() => {});
  await new Promise<void>((resolve) => silent.listen(0, '127.0.0.1', resolve));
  open.push(silent);
  const { port } = silent.address() as AddressInfo;
  expect(await look(old, world(port, hosts, { withinMs: 50 }))).toBeNull();
  silent.close();
  expect(await look(old, world(port, hosts))).toBeNull();
  expect(await look(old, world(port, {}))).toBeNull();
});

test('one address of many that still serves the old key is enough to wait', async () => {
  const [old, fresh] = [await aCertificate(['shop.example']), await aCertificate(['shop.example'])];
  const port = await serve([fresh]);
  await serve([old], '127.0.0.2', port);
  await serve([fresh], '127.0.0.3', port);
  expect(await look(old, world(port, { 'shop.example': ['127.0.0.1', '127.0.0.2'] }))).toBeNull();
  expect(await look(old, world(port, { 'shop.example': ['127.0.0.1', '127.0.0.3'] }))).not.toBeNull();
});

test('so is one of its names, but not one that leads nowhere or a wildcard', async () => {
  const names = ['shop.example', 'www.shop.example', 'gone.shop.example', '*.shop.example'];
  const [old, fresh] = [await aCertificate(names), await aCertificate(names)];
  const port = await serve([fresh]);
  await serve([old], '127.0.0.2', port);
  const hosts = (www: string) => ({ 'shop.example': ['127.0.0.1'], 'www.shop.example': [www] });
  expect(await look(old, world(port, hosts('127.0.0.2')))).toBeNull();
  expect(await look(old, world(port, hosts('127.0.0.1')))).toMatchObject({ replacement: fingerprint(fresh) });
});

test('a server that has replaced its ECDSA certificate still shows the compromised RSA one to clients that know only RSA', async () => {
  const old = await aCertificate(['shop.example'], rsaKey());
  const ecdsa = await aCertificate(['shop.example']);
  const hosts = { 'shop.example': ['127.0.0.1'] };
  expect(await look(old, world(await serve([ecdsa, old]), hosts))).toBeNull();
  const rsa = await aCertificate(['shop.example'], rsaKey());
  expect(await look(old, world(await serve([ecdsa, rsa]), hosts))).toMatchObject({ by: 'served' });
});

test('an address out of bounds is not connected to, and nothing is concluded from the others', async () => {
  const [old, fresh] = [await aCertificate(['shop.example']), await aCertificate(['shop.example'])];
  let connections = 0;
  const port = await serve([fresh]);
  open[0]!.on('connection', () => connections++);
  const addresses = ['127.0.0.1', '10.0.0.8'];
  expect(await look(old, world(port, { 'shop.example': addresses }))).toBeNull();
  // The policy of the served desk refuses the loopback network altogether.
  const { isAllowed } = publicServers;
  expect(await look(old, world(port, { 'shop.example': ['127.0.0.1'] }, { isAllowed }))).toBeNull();
  expect(connections).toBe(0);
  for (const address of ['127.0.0.1', '::1', '10.1.2.3', '169.254.169.254', '::ffff:127.0.0.1'])
    expect(isAllowed(address)).toBe(false);
  expect(isAllowed('93.184.215.14')).toBe(true);
});

test('the desk looks at the names of every certificate that should be replaced, and again a quarter of an hour later', async () => {
  const [old, fresh] = [await aCertificate(['shop.example']), await aCertificate(['shop.example'])];
  const inventory = memoryInventory(lab.time);
  await inventory.add([recordOf(old.der, { subscriber: 'SUB-1' })]);
  const seen: ReplacementSeen[] = [];
  const renewal = new RenewalInfo({
    ...{ store: memoryRenewalStore(), source: inventory, time: lab.time },
    onReplaced: (replacements) => seen.push(...replacements),
  });
  await renewal.load();
  const spkiHash = keyHashes(spkiOfKey(old.key)).canonical;
  await renewal.advise({
    ...{ id: 'm', caseId: 'c', keys: [spkiHash], listId: null, pace: 'at-once', explanationUrl: null },
    ...{ decidedAt: lab.time.now(), endBy: lab.time.now().add(hours(6)) },
  });
  const lookedAt = new Map<string, Temporal.Instant>();
  const { signal } = new AbortController();
  const round = async (held: Held) =>
    lookAtServed(
      { renewal, time: lab.time },
      lookedAt,
      signal,
      world(await serve([held]), { 'shop.example': ['127.0.0.1'] }),
    );
  lab.time.advanceTo(now);
  await round(old);
  await round(fresh);
  expect(seen).toEqual([]);
  lab.time.advanceTo(now.add(minutes(15)));
  await round(fresh);
  expect(seen).toMatchObject([{ fingerprint: fingerprint(old), replacement: fingerprint(fresh), by: 'served' }]);
});
