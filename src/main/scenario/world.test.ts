import { createPrivateKey, createPublicKey } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { keyHashes } from '../../foundation/pki/spki.ts';
import { parseCertificate } from '../../foundation/pki/x509.ts';
import { at } from '../../foundation/time/time.ts';
import { VirtualTime } from '../../foundation/time/virtual-time.ts';
import { MemoryStorage, openLabCa } from '../../lab-ca/index.ts';
import { checkKey } from '../../stages/evidence/weak/check-key.ts';
import {
  closePrimesKey,
  encryptedKeyFile,
  forgedKeyFile,
  freshKey,
  privateKeyFile,
  sharedPrimeKeys,
  spkiIn,
} from './keys.ts';
import { readScenario } from './schema.ts';
import { UnknownRef, World } from './world.ts';

const rsa = freshKey('rsa-2048');
const ec = freshKey('p256');
const span = { issuedAt: '2026-01-02T00:00:00Z', notAfter: '2026-06-02T00:00:00Z' };

async function worldOf(fixtures: readonly object[]): Promise<World> {
  const read = readScenario({ schema: 'revocation-desk/scenario@2', id: 'w', fixtures, events: [] });
  if (!read.ok) throw new Error(read.problem);
  const time = new VirtualTime(at('2026-03-01T00:00:00Z'));
  const ca = await openLabCa({
    storage: new MemoryStorage(),
    time,
    baseUrl: 'http://ca.test',
    keyPassphrase: 'test',
    token: 'test',
  });
  return World.build(read.scenario, ca);
}

describe('keys made when a replay runs', () => {
  it.each(['pkcs8-pem', 'pkcs1-pem', 'jwk', 'der'] as const)('are the same key as %s', (encoding) => {
    const bytes = Buffer.from(privateKeyFile(rsa, encoding));
    const read =
      encoding === 'jwk'
        ? createPrivateKey({ key: JSON.parse(bytes.toString()), format: 'jwk' })
        : encoding === 'der'
          ? createPrivateKey({ key: bytes, format: 'der', type: 'pkcs8' })
          : createPrivateKey(bytes.toString());
    expect(createPublicKey(read).export({ format: 'jwk' })).toEqual(
      createPublicKey(rsa.private).export({ format: 'jwk' }),
    );
  });

  it('open with their pass phrase and with no other', () => {
    const key = Buffer.from(encryptedKeyFile(ec, 'otter')).toString();
    expect(createPrivateKey({ key, passphrase: 'otter' }).asymmetricKeyType).toBe('ec');
    expect(() => createPrivateKey({ key, passphrase: 'heron' })).toThrow();
  });

  it('spelled differently have another exact hash and the same canonical one', () => {
    const hashes = (key: typeof rsa, encoding: Parameters<typeof spkiIn>[1]) => keyHashes(spkiIn(key, encoding));
    for (const encoding of ['rsa-no-null', 'rsa-pss'] as const) {
      expect(hashes(rsa, encoding).exact).not.toBe(hashes(rsa, 'plain').exact);
      expect(hashes(rsa, encoding).material).toBe(hashes(rsa, 'plain').material);
    }
    for (const encoding of ['ec-compressed', 'ec-explicit'] as const)
      expect(hashes(ec, encoding).canonical).toBe(hashes(ec, 'plain').canonical);
  });

  it('are as weak as the file says', () => {
    const fermat = checkKey(closePrimesKey().spki, { thorough: true }).findings.find((f) => f.check === 'fermat');
    expect(fermat?.verdict).toBe('computable');
    expect(checkKey(rsa.spki).findings.every((f) => f.verdict !== 'computable')).toBe(true);
    const [one, other] = sharedPrimeKeys();
    expect(one.spki).not.toEqual(other.spki);
  });

  it('forged carry the victim’s public part and sign for somebody else', () => {
    const forged = JSON.parse(Buffer.from(forgedKeyFile(rsa, 'd-foreign', 'jwk')).toString()) as Record<string, string>;
    const victim = rsa.private.export({ format: 'jwk' });
    expect(forged.n).toBe(victim.n);
    expect(forged.d).not.toBe(victim.d);
  });
});

describe('the world of a scenario', () => {
  const leaf = {
    ref: 'C1',
    build: 'leaf',
    names: ['a.example', 'b.example'],
    serial: '4A10C3',
    subscriber: 'SUB-1',
    key: 'K1',
    profile: 'dv',
    ...span,
  };
  const population = {
    ref: 'POP',
    build: 'population',
    count: 6,
    key: 'p256',
    distinctKeys: 2,
    subscriberCount: 4,
    tags: { first: 2, second: 1 },
    ...span,
  };

  it('fills the closed list of placeholders and refuses every other', async () => {
    const world = await worldOf([leaf, population]);
    const certificate = parseCertificate(world.certificates.get('C1')!.der);
    expect(world.fill('{{C1.serial}} {{C1.serialDec}} {{C1.name}} {{C1.names}} {{count:POP#first}}')).toBe(
      '4a10c3 4853955 a.example a.example, b.example 2',
    );
    expect(world.fill('{{C1.sha256}}')).toBe(certificate.fingerprint);
    expect(() => world.fill('{{C1.colour}}')).toThrow(UnknownRef);
    expect(() => world.fill('{{C9.serial}}')).toThrow(UnknownRef);
  });

  it('deals subscribers, keys and tags as the schema says', async () => {
    const world = await worldOf([population]);
    const members = world.select('POP');
    expect(members.map((m) => m.subscriber)).toEqual(['POP-s1', 'POP-s2', 'POP-s3', 'POP-s4', 'POP-s1', 'POP-s2']);
    expect(new Set(members.map((m) => m.key)).size).toBe(2);
    expect(members[2]?.names).toEqual(['n3.pop.example']);
    expect(world.select('POP#second').map((m) => m.ref)).toEqual(['POP/3']);
    expect(world.select('POP/6')).toEqual([members[5]]);
    expect(() => world.select('POP/7')).toThrow(UnknownRef);
  });

  it('lists certificates in each format, the first so many', async () => {
    const list = (format: string): object => ({
      ref: `L-${format}`,
      build: 'serial-list',
      of: ['C1', 'POP'],
      format,
      take: 2,
    });
    const world = await worldOf([leaf, population, ...['csv', 'txt', 'hostnames'].map(list)]);
    const text = (format: string): string[] =>
      Buffer.from(world.bytesOf(`L-${format}`))
        .toString()
        .trim()
        .split('\n');
    expect(text('csv')[0]).toBe('serial,sha256,name');
    expect(text('csv')).toHaveLength(3);
    expect(text('txt')).toEqual([world.certificates.get('C1')!.serial, world.select('POP/1')[0]!.serial]);
    expect(text('hostnames')).toEqual(['a.example', 'n1.pop.example']);
  });

  it('makes a precertificate with the poison and its own serial', async () => {
    const world = await worldOf([{ ...leaf, build: 'precertificate' }]);
    expect(parseCertificate(world.certificates.get('C1')!.der)).toMatchObject({
      isPrecertificate: true,
      serial: '4a10c3',
    });
  });
});
