/** The reading room through its own door: real children, a real pipe. */
import { randomBytes, sign } from 'node:crypto';
import { Encrypter, generateX25519Identity, identityToRecipient } from 'age-encryption';
import { afterAll, describe, expect, it } from 'vitest';
import { pack } from '../../../foundation/containers/index.ts';
import { der } from '../../../foundation/pki/der.ts';
import { keyHashes } from '../../../foundation/pki/spki.ts';
import { at } from '../../../foundation/time/time.ts';
import { verifyProof } from '../prove/record.ts';
import { aCertificate, aCsr, anEcKey, anRsaKey, fingerprintOf, spkiOfKey } from '../prove/test-keys.ts';
import { textList } from '../weak/lists.ts';
import { type CertificateBytes, createReadingRoom, type ReadInput, type ReadingRoom } from './room.ts';

const key = anRsaKey();
const pem = key.privateKey.export({ format: 'pem', type: 'pkcs8' }) as string;
const certificate = aCertificate(key);
const fingerprint = fingerprintOf(certificate);
const canonical = keyHashes(spkiOfKey(key)).canonical;
const inventory = async (): Promise<CertificateBytes[]> => [{ fingerprint, der: certificate }];

interface Part {
  readonly name: string;
  readonly bytes: Uint8Array;
}

function aMail(body: string, attachments: readonly Part[] = [], headers = ''): Buffer {
  const head = `From: researcher@keywatch.example\r\nTo: revoke@ca.example\r\nSubject: a key\r\nMessage-ID: <1@keywatch.example>\r\n${headers}MIME-Version: 1.0\r\n`;
  const text = body.replace(/\r?\n/g, '\r\n');
  if (attachments.length === 0) return Buffer.from(`${head}Content-Type: text/plain; charset=utf-8\r\n\r\n${text}\r\n`);
  const parts = attachments.map(
    ({ name, bytes }) =>
      `--b\r\nContent-Type: application/octet-stream; name="${name}"\r\nContent-Disposition: attachment; filename="${name}"\r\nContent-Transfer-Encoding: base64\r\n\r\n${Buffer.from(
        bytes,
      )
        .toString('base64')
        .replace(/(.{76})/g, '$1\r\n')}\r\n`,
  );
  return Buffer.from(
    `${head}Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\nContent-Type: text/plain; charset=utf-8\r\n\r\n${text}\r\n${parts.join('')}--b--\r\n`,
  );
}

const plain = (bytes: Uint8Array, more: Partial<ReadInput> = {}): ReadInput => ({
  bytes,
  sealed: false,
  keyId: null,
  reportId: 'report-7',
  receivedAt: at('2026-03-07T20:00:00Z'),
  ...more,
});

const identity = await generateX25519Identity();
const rooms: [string, ReadingRoom][] = [
  [
    'in children',
    createReadingRoom({ identity: async (id) => (id === 'today' ? identity : null), size: 1, millisecondsMax: 20_000 }),
  ],
  [
    'in this process',
    createReadingRoom({ identity: async (id) => (id === 'today' ? identity : null), inProcess: true }),
  ],
];
afterAll(async () => {
  for (const [, room] of rooms) await room.close();
});

describe.each(rooms)('the reading room, %s', (_where, room) => {
  it('opens a sealed report, proves the key for our certificate and lets only redacted words out', async () => {
    const encrypter = new Encrypter();
    encrypter.addRecipient(await identityToRecipient(identity));
    const sealed = await encrypter.encrypt(
      aMail(`I found this.\n\n${pem}\nBest, R.`, [{ name: 'again.pem', bytes: Buffer.from(pem) }]),
    );
    let asked: readonly string[] = [];
    const reading = await room.read(plain(sealed, { sealed: true, keyId: 'today' }), async (found) => {
      asked = found.keyHashes;
      return inventory();
    });
    expect(asked).toContain(canonical);
    expect(reading.evidence.map((item) => [item.form, item.verdict, item.matches])).toEqual([
      ['private-key', 'proven-key', [fingerprint]],
      ['private-key', 'proven-key', [fingerprint]],
    ]);
    expect(verifyProof(reading.evidence[0]!.proof, certificate).ok).toBe(true);
    expect(reading.evidence[0]!.proof!.statement).toContain('report: report-7');
    expect(reading.objects.hasPrivateKey).toBe(true);
    expect(reading.sawPrivateKey).toBe(true);
    expect(reading.message.texts.map((block) => block.text).join('\n')).toContain(`[private key, SPKI ${canonical}]`);
    expect(reading.message.subject).toBe('a key');
    expect(reading.message.attachments[0]).toMatchObject({ fileName: 'again.pem' });
    expectNoKey(reading, pem);
  });

  it('takes a key out of headers, archives and documents as well, and keeps the words around it', async () => {
    const flat = pem.trim().replaceAll('\n', ' ');
    const zip = pack('zip', [
      { path: 'readme.txt', bytes: Buffer.from(`serial 4a10c3\n${pem}`) },
      { path: 'key.pem', bytes: Buffer.from(pem) },
    ]);
    const reading = await room.read(
      plain(aMail('see the zip', [{ name: 'keys.zip', bytes: zip }], `X-Note: ${flat}\r\n`)),
      inventory,
    );
    expect(reading.evidence.filter((item) => item.verdict === 'proven-key').map((item) => item.source)).toEqual([
      'keys.zip>readme.txt',
      'keys.zip>key.pem',
    ]);
    expect(reading.message.texts.some((block) => block.text.includes('serial 4a10c3'))).toBe(true);
    expectNoKey(reading, pem);
  });

  it('opens a locked key with the pass phrase that the report states, and removes both', async () => {
    const locked = key.privateKey.export({
      format: 'pem',
      type: 'pkcs8',
      cipher: 'aes-256-cbc',
      passphrase: 'Tr0ub4dor&3',
    }) as string;
    const stated = await room.read(plain(aMail(`The pass phrase is Tr0ub4dor&3. Here:\n${locked}`)), inventory);
    expect(stated.evidence.map((item) => item.verdict)).toEqual(['proven-key']);
    expect(JSON.stringify(stated.message.texts)).not.toContain('Tr0ub4dor');
    const silent = await room.read(plain(aMail(`Here:\n${locked}`)), inventory);
    expect(silent.evidence.map((item) => [item.form, item.verdict])).toEqual([['encrypted-key', 'claim-only']]);
    expect(silent.encryptedUnopened).toBe(true);
    expect(JSON.stringify(silent.message.texts)).toContain('[locked private key');
    expectNoKey(silent, locked);
  });

  it('says of an enrolment request that anybody may have it', async () => {
    const csr = aCsr(key, 'This key is compromised');
    const mail = aMail('see file', [{ name: 'x.csr', bytes: csr }]);
    const asStatement = await room.read(plain(mail), inventory);
    expect(asStatement.evidence[0]?.verdict).toBe('proven-statement');
    const replayed = await room.read(plain(mail), inventory, async (hashes) => hashes);
    expect(replayed.evidence[0]?.verdict).toBe('possession-only');
  });

  it('takes a signature file beside a text, when the text states compromise', async () => {
    const words = `The private key of the public key with SPKI SHA-256 ${canonical} is compromised.`;
    const over = (text: string) => [{ name: 'words.sig', bytes: sign('sha256', Buffer.from(text), key.privateKey) }];
    const stated = await room.read(plain(aMail(words, over(`${words}\n`))), inventory);
    expect(stated.evidence.map((item) => [item.form, item.verdict, item.matches])).toEqual([
      ['statement', 'proven-statement', [fingerprint]],
    ]);
    const other = `About ${canonical}: hello.`;
    expect((await room.read(plain(aMail(other, over(other))), inventory)).evidence.map((item) => item.verdict)).toEqual(
      ['possession-only'],
    );
    expect(
      (await room.read(plain(aMail(words, [{ name: 'x.sig', bytes: randomBytes(256) }])), inventory)).evidence,
    ).toEqual([]);
  });

  it('does not open what another identity sealed', async () => {
    const encrypter = new Encrypter();
    encrypter.addRecipient(await identityToRecipient(await generateX25519Identity()));
    const sealed = await encrypter.encrypt(aMail('x'));
    await expect(room.read(plain(sealed, { sealed: true, keyId: 'today' }), inventory)).rejects.toMatchObject({
      code: 'sealed_corrupt',
    });
    await expect(room.read(plain(sealed, { sealed: true, keyId: 'gone' }), inventory)).rejects.toMatchObject({
      code: 'sealing_identity_gone',
    });
  });

  it('reads a single file, such as a fetched page', async () => {
    const page = Buffer.from(`<html><pre>${pem}</pre></html>`);
    const reading = await room.read(plain(page, { kind: 'file', name: 'https://paste.example/raw/1' }), inventory);
    expect(reading.evidence).toMatchObject([{ verdict: 'proven-key', source: 'https://paste.example/raw/1' }]);
    expectNoKey(reading, pem);
  });

  it('reads anything: empty, random, cut off', async () => {
    for (const bytes of [Buffer.alloc(0), Buffer.from('\u0000\u0001'), aMail(pem).subarray(0, 400)]) {
      const reading = await room.read(plain(bytes), inventory);
      expect(Array.isArray(reading.evidence)).toBe(true);
    }
  });
});

describe('the reading room', () => {
  it('gives per-item verdicts: one forged key among fifty real ones', async () => {
    const [, room] = rooms[0]!;
    const pairs = Array.from({ length: 50 }, () => anEcKey());
    const certificates = pairs.map((pair) => aCertificate(pair));
    const victim = pairs[20]!.privateKey.export({ format: 'jwk' });
    const forged = JSON.stringify({ ...victim, d: anEcKey().privateKey.export({ format: 'jwk' }).d });
    const files = pairs.map(
      (pair, i): Part => ({
        name: `${i}.pem`,
        bytes: Buffer.from(i === 20 ? forged : (pair.privateKey.export({ format: 'pem', type: 'pkcs8' }) as string)),
      }),
    );
    const zip = pack(
      'zip',
      files.map(({ name, bytes }) => ({ path: name, bytes })),
    );
    const reading = await room.read(plain(aMail('bulk', [{ name: 'k.zip', bytes: zip }])), async () =>
      certificates.map((der) => ({ fingerprint: fingerprintOf(der), der })),
    );
    const verdicts = reading.evidence.map((item) => item.verdict);
    expect(verdicts.filter((verdict) => verdict === 'proven-key')).toHaveLength(49);
    expect(reading.evidence[verdicts.indexOf('refuted')]?.refutedFor).toEqual([fingerprintOf(certificates[20]!)]);
    expect(reading.evidence.flatMap((item) => item.matches)).not.toContain(fingerprintOf(certificates[20]!));
  });

  it('is not held up by a report that runs into the limit: it is read carefully, and the next one as usual', async () => {
    const room = createReadingRoom({ identity: async () => null, size: 1, millisecondsMax: 3_000 });
    try {
      const costly = lockedAtTheLimit();
      const many = Array.from(
        { length: 40 },
        () =>
          `-----BEGIN ENCRYPTED PRIVATE KEY-----\n${costly.toString('base64')}\n-----END ENCRYPTED PRIVATE KEY-----`,
      );
      const reading = await room.read(plain(aMail(`serial 4a10c3\n${many.join('\n')}`)), inventory);
      expect(reading.problems).toContain('reading_limit');
      expect(reading.message.texts[0]?.text).toContain('serial 4a10c3');
      expectNoKey(reading, costly.toString('base64'));
      expect((await room.read(plain(aMail(pem)), inventory)).evidence[0]?.verdict).toBe('proven-key');
    } finally {
      await room.close();
    }
  });

  it('reads many at once, each with its own answer, and goes on in another child after one with a key', async () => {
    const room = createReadingRoom({ identity: async () => null, size: 1 });
    try {
      const der = aCertificate(anEcKey());
      const mails = Array.from({ length: 30 }, (_, n) =>
        n === 5 || n === 17
          ? aMail(`number ${n}\n${pem}`)
          : n % 3 === 0
            ? aMail(`number ${n}`, [{ name: 'c.der', bytes: der }])
            : aMail(`number ${n}`),
      );
      const readings = await Promise.all(
        mails.map((mail, n) => room.read(plain(mail, { reportId: `report-${n}` }), inventory)),
      );
      for (const [n, reading] of readings.entries()) {
        expect(reading.message.texts[0]?.text).toMatch(new RegExp(`^number ${n}\\b`));
        expect(reading.sawPrivateKey).toBe(n === 5 || n === 17);
        expect(reading.objects.hasCertificate).toBe(n % 3 === 0);
        expectNoKey(reading, pem);
      }
      expect(readings[17]!.evidence[0]?.proof?.statement).toContain('report: report-17');
    } finally {
      await room.close();
    }
  });

  it('reads what may hold a key beside everyday mail, whatever the hint says of either', async () => {
    const room = createReadingRoom({ identity: async () => null, size: 2 });
    try {
      const kinds = Array.from({ length: 60 }, (_, n) => ({ key: n % 5 === 0, mayHoldKey: n % 3 === 0 }));
      const readings = await Promise.all(
        kinds.map(({ key, mayHoldKey }, n) =>
          room.read(plain(aMail(`number ${n}\n${key ? pem : ''}`), { mayHoldKey }), inventory),
        ),
      );
      for (const [n, reading] of readings.entries()) {
        expect(reading.message.texts[0]?.text).toMatch(new RegExp(`^number ${n}\\b`));
        expect(reading.sawPrivateKey).toBe(kinds[n]!.key);
        expectNoKey(reading, pem);
      }
    } finally {
      await room.close();
    }
  });

  it('fails only the report about which nothing can be asked, not those that are read beside it', async () => {
    const room = createReadingRoom({ identity: async () => null, size: 1 });
    try {
      const der = aCertificate(anEcKey());
      const results = await Promise.allSettled(
        Array.from({ length: 6 }, (_, n) =>
          room.read(plain(aMail(`number ${n}`, [{ name: 'c.der', bytes: der }])), async () => {
            if (n === 2) throw new Error('away');
            return [];
          }),
        ),
      );
      expect(results.map((one) => one.status)).toEqual(results.map((_, n) => (n === 2 ? 'rejected' : 'fulfilled')));
    } finally {
      await room.close();
    }
  });

  it('reads the neighbours of a report that runs into the limit without loss', async () => {
    const room = createReadingRoom({ identity: async () => null, size: 1, millisecondsMax: 3_000 });
    try {
      const locked = `-----BEGIN ENCRYPTED PRIVATE KEY-----\n${lockedAtTheLimit().toString('base64')}\n-----END ENCRYPTED PRIVATE KEY-----\n`;
      const readings = await Promise.all(
        Array.from({ length: 5 }, (_, n) =>
          room.read(plain(aMail(`number ${n}\n${n === 2 ? locked.repeat(40) : ''}`)), inventory),
        ),
      );
      expect(readings.map((reading) => reading.problems.includes('reading_limit'))).toEqual(
        readings.map((_, n) => n === 2),
      );
      for (const [n, reading] of readings.entries()) expect(reading.message.texts[0]?.text).toContain(`number ${n}`);
    } finally {
      await room.close();
    }
  });

  it('asks the desk’s lists about keys that come out', async () => {
    const listed = anEcKey();
    const der = aCertificate(listed);
    const lists = () => [textList(`${keyHashes(spkiOfKey(listed)).canonical},debian`, 'ours')];
    const room = createReadingRoom({ identity: async () => null, inProcess: true, lists });
    const reading = await room.read(plain(aMail('weak', [{ name: 'c.der', bytes: der }])), async () => []);
    expect(reading.evidence[0]).toMatchObject({ form: 'certificate', verdict: 'computable' });
    expect(reading.evidence[0]!.findings.find((f) => f.check === 'debian')?.verdict).toBe('computable');
    expect('spki' in reading.evidence[0]!).toBe(false);
  });
});

/** A locked key whose every pass-phrase try costs as much as the desk allows: a million iterations. */
function lockedAtTheLimit(): Buffer {
  const kdf = der.sequence(
    der.oid('1.2.840.113549.1.5.12'),
    der.sequence(
      der.octets(randomBytes(16)),
      der.integer(1_000_000),
      der.sequence(der.oid('1.2.840.113549.2.11'), der.null()),
    ),
  );
  const cipher = der.sequence(der.oid('2.16.840.1.101.3.4.1.42'), der.octets(randomBytes(16)));
  const scheme = der.sequence(der.oid('1.2.840.113549.1.5.13'), der.sequence(kdf, cipher));
  return Buffer.from(der.sequence(scheme, der.octets(randomBytes(1216))));
}

/** No stretch of the key’s base64, in any field, however deep. */
function expectNoKey(value: unknown, secret: string): void {
  const body = secret.replace(/-----[^-]+-----/g, '').replace(/[^A-Za-z0-9+/]/g, '');
  const seen: string[] = [];
  const walk = (one: unknown): void => {
    if (typeof one === 'string') seen.push(one);
    else if (one instanceof Uint8Array)
      seen.push(Buffer.from(one).toString('latin1'), Buffer.from(one).toString('base64'));
    else if (one instanceof Map) for (const [k, v] of one) walk([k, v]);
    else if (Array.isArray(one)) one.forEach(walk);
    else if (typeof one === 'object' && one !== null) Object.values(one).forEach(walk);
  };
  walk(value);
  const all = seen.join('\n').replace(/[^A-Za-z0-9+/]/g, '');
  // The public part may appear (in a proof); the secret half of the encoding must not.
  for (let i = Math.floor(body.length / 2); i + 20 <= body.length; i += 20) {
    expect(all.includes(body.slice(i, i + 20)), `at ${i}`).toBe(false);
  }
}
