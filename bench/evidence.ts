/**
 * Proof, lookup and weak-key checks: what issue 4 asks for in figures. Run alone for figures that mean something; the
 * processor time per report is printed beside the rate, because that does not depend on who else uses the machine.
 */
import { execFileSync } from 'node:child_process';
import { generatePrimeSync, hash } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { Encrypter, generateX25519Identity, identityToRecipient } from 'age-encryption';
import { keyHashes } from '../src/foundation/pki/spki.ts';
import { spkiOf } from '../src/foundation/pki/x509.ts';
import { at } from '../src/foundation/time/time.ts';
import { aCertificate, anEcKey, anRsaKey, fingerprintOf } from '../src/stages/evidence/prove/test-keys.ts';
import { type CertificateBytes, createReadingRoom, type ReadInput } from '../src/stages/evidence/room/room.ts';
import { checkKey } from '../src/stages/evidence/weak/check-key.ts';
import { badkeysList } from '../src/stages/evidence/weak/lists.ts';

export interface BenchResult {
  readonly name: string;
  readonly figures: Readonly<Record<string, number>>;
  readonly unit: string;
  readonly peers: Readonly<Record<string, Readonly<Record<string, number>>>>;
  readonly limit: string;
}

const round = (value: number, digits = 1) => Number(value.toFixed(digits));
const pause = (milliseconds: number) => new Promise((resolve) => setTimeout(resolve, milliseconds));
const aMail = (body: string) =>
  Buffer.from(
    `From: a@reporter.example\r\nTo: revoke@ca.example\r\nSubject: key\r\nMessage-ID: <1@r>\r\n\r\n${body.replaceAll('\n', '\r\n')}\r\n`,
  );
const anInput = (bytes: Uint8Array): ReadInput => ({
  bytes,
  sealed: false,
  keyId: null,
  reportId: 'bench',
  receivedAt: at('2026-01-01T00:00:00Z'),
});

/** The whole way of a report with one key: pipe, mail, search, lookup, proof, redaction, pipe. */
export async function proofBench(
  options: { readonly reports?: number; readonly keys?: number } = {},
): Promise<BenchResult> {
  const key = anRsaKey();
  const certificate = aCertificate(key);
  const found: CertificateBytes[] = [{ fingerprint: fingerprintOf(certificate), der: certificate }];
  const mail = aMail(key.privateKey.export({ format: 'pem', type: 'pkcs8' }) as string);
  const identity = await generateX25519Identity();
  const encrypter = new Encrypter();
  encrypter.addRecipient(await identityToRecipient(identity));
  const sealed = await encrypter.encrypt(mail);
  const room = createReadingRoom({ identity: async () => identity, size: 3 });
  try {
    await pause(4_000);
    const times: number[] = [];
    for (let i = 0; i < 25; i++) {
      const from = performance.now();
      const reading = await room.read(anInput(mail), async () => found);
      times.push(performance.now() - from);
      if (reading.evidence[0]?.verdict !== 'proven-key') throw new Error('the bench key was not proven');
      await pause(500);
    }
    times.sort((a, b) => a - b);
    const reports = options.reports ?? 100;
    const used = processorMilliseconds();
    const from = performance.now();
    await Promise.all(Array.from({ length: reports }, () => room.read(anInput(mail), async () => found)));
    const freshPerSecond = reports / ((performance.now() - from) / 1000);
    const freshProcessorMilliseconds = (processorMilliseconds() - used) / reports;
    const sealedFrom = performance.now();
    await Promise.all(
      Array.from({ length: reports }, () =>
        room.read({ ...anInput(sealed), sealed: true, keyId: 'bench' }, async () => found),
      ),
    );
    const sealedPerSecond = reports / ((performance.now() - sealedFrom) / 1000);

    const count = options.keys ?? 5_000;
    const pems = Array.from(
      { length: count },
      () => anEcKey().privateKey.export({ format: 'pem', type: 'pkcs8' }) as string,
    );
    await pause(1_000);
    const halves = [pems.slice(0, count / 2), pems.slice(count / 2)].map((half) => aMail(half.join('')));
    const bulkFrom = performance.now();
    const readings = await Promise.all(halves.map((half) => room.read(anInput(half), async () => [])));
    const bulkSeconds = (performance.now() - bulkFrom) / 1000;
    const proven = readings
      .flatMap((reading) => reading.evidence)
      .filter((item) => item.verdict === 'proven-key').length;
    if (proven !== count) throw new Error(`${proven} of ${count} keys proven`);
    return {
      name: 'evidence',
      figures: {
        warmMillisecondsP50: round(times[12] as number, 2),
        warmMillisecondsBest: round(times[0] as number, 2),
        freshChildReportsPerSecond: round(freshPerSecond),
        freshChildSealedReportsPerSecond: round(sealedPerSecond),
        freshChildProcessorMilliseconds: round(freshProcessorMilliseconds),
        bulkKeys: count,
        bulkSeconds: round(bulkSeconds),
      },
      unit: 'milliseconds of one report with an RSA-2048 key; reports per second with a fresh child each; seconds for all keys',
      peers: {},
      limit: 'warm p50 <= 3 ms; >= 25 reports/s; 5,000 keys in <= 15 s on two cores',
    };
  } finally {
    await room.close();
  }
}

/** Of this process and of its children that have ended (Linux: ticks of 10 ms). */
function processorMilliseconds(): number {
  const { user, system } = process.cpuUsage();
  const fields = readFileSync('/proc/self/stat', 'utf8')
    .replace(/^.*\) /, '')
    .split(' ');
  return (user + system) / 1000 + (Number(fields[13]) + Number(fields[14])) * 10;
}

/** Hashes of a certificate's key, weak-key checks of one key, and one lookup in a list of four million. */
export async function keysBench(options: { readonly python?: string } = {}): Promise<BenchResult> {
  const certificates = [aCertificate(anRsaKey()), aCertificate(anEcKey())];
  const rate = (run: () => void, seconds = 1): number => {
    for (let i = 0; i < 200; i++) run();
    let n = 0;
    const from = performance.now();
    while (performance.now() - from < seconds * 1000) {
      for (let i = 0; i < 50; i++) run();
      n += 50;
    }
    return n / ((performance.now() - from) / 1000);
  };
  let turn = 0;
  const indexPerSecond = rate(() => keyHashes(spkiOf(certificates[turn++ & 1] as Buffer)));
  const spki = spkiOf(certificates[0] as Buffer);
  const weakMilliseconds = 1000 / rate(() => checkKey(spki));
  const thoroughMilliseconds = 1000 / rate(() => checkKey(spki, { thorough: true }));

  const records = 4_000_000;
  const bytes = sortedRecords(records);
  const list = badkeysList(bytes);
  const asked = Array.from({ length: 1_000 }, (_, i) => hash('sha256', `asked ${i}`, 'hex'));
  const hashes = asked.map((one) => ({ exact: one, canonical: one as never, material: one }));
  let next = 0;
  const lookupMicroseconds =
    1e6 /
    rate(() => {
      list.find(hashes[next] as (typeof hashes)[number], (asked[next] as string).slice(0, 30));
      next = (next + 1) % asked.length;
    });
  const peers = badkeysPeer(options.python ?? process.env.BADKEYS_PYTHON ?? '');
  return {
    name: 'evidence-keys',
    figures: {
      indexPerSecond: Math.round(indexPerSecond),
      weakMilliseconds: round(weakMilliseconds, 3),
      thoroughMilliseconds: round(thoroughMilliseconds, 3),
      blocklistMicroseconds: round(lookupMicroseconds, 2),
      blocklistRecords: records,
    },
    unit: 'certificates per second and core (three hashes each); milliseconds per RSA-2048 key; microseconds per lookup',
    peers,
    limit: '>= 150,000 certificates/s; weak checks <= 1 ms without the prime product; lookup <= 10 microseconds',
  };
}

function sortedRecords(count: number): Buffer {
  const bytes = Buffer.alloc(count * 16);
  // Evenly spread heads keep it sorted without sorting 64 MB.
  for (let i = 0; i < count; i++) {
    bytes.writeUInt32BE(Math.floor((i / count) * 2 ** 32), i * 16);
    bytes.writeUInt32BE(i, i * 16 + 4);
    bytes[i * 16 + 15] = 1;
  }
  return bytes;
}

/** badkeys (PyPI) on the same kind of key with the same checks, where a Python that has it is named. */
function badkeysPeer(python: string): Record<string, Record<string, number>> {
  if (!existsSync(python)) return {};
  const n = generatePrimeSync(1024, { bigint: true }) * generatePrimeSync(1024, { bigint: true });
  const script = `
import time
from badkeys.checks import checkrsa
n = int('${n}')
checks = ['fermat','roca','rsainvalid','smalld','smallfactors']
checkrsa(n, checks=checks)
t = time.perf_counter()
for i in range(200): checkrsa(n, checks=checks)
print((time.perf_counter() - t) / 200 * 1000)
t = time.perf_counter()
for i in range(100): checkrsa(n, checks=checks + ['sharedprimes'])
print((time.perf_counter() - t) / 100 * 1000)`;
  const [weak, thorough] = execFileSync(python, ['-c', script]).toString().trim().split('\n').map(Number);
  return { badkeys: { weakMilliseconds: round(weak ?? 0, 3), thoroughMilliseconds: round(thorough ?? 0, 3) } };
}
