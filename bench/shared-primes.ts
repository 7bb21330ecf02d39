/**
 * Shared primes: all moduli at once on two cores, and a night of new moduli against a million that are stored as products in
 * PostgreSQL, the way the desk does it. Planted pairs must all be found.
 *
 * Making two million primes would take a day, so random odd numbers stand in for moduli, and a stored product is a random
 * number as long as the product of its block: division takes the same time. What is planted is real.
 */
import { generatePrimeSync, randomBytes } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connect } from '../src/platform/store/connect.ts';
import { rsaSpki } from '../src/stages/evidence/extract/textual.ts';
import { holdModuli, migrations, modulusMigrations, postgresModulusBlocks } from '../src/stages/evidence/index.ts';
import { batchGcdParallel } from '../src/stages/evidence/weak/batch-gcd-parallel.ts';
import { recordOf } from '../src/stages/inventory/index.ts';
import { sampleCertificate } from '../src/stages/inventory/sample.ts';
import type { BenchResult } from './evidence.ts';

const modulusBytes = 256;
/** As long as blocks grow: 2^25 bytes. */
const blockModuli = 131_072;

const round = (value: number) => Number(value.toFixed(1));
const prime = () => generatePrimeSync(1024, { bigint: true });
const odd = (bytes: number) => BigInt(`0x${randomBytes(bytes).toString('hex')}`) | 1n | (1n << BigInt(bytes * 8 - 1));

export async function sharedPrimesBench(
  options: { readonly moduli?: number; readonly old?: number; readonly fresh?: number } = {},
): Promise<BenchResult> {
  const count = options.moduli ?? 50_000;
  const old = options.old ?? 1_000_000;
  const fresh = options.fresh ?? 2_000;
  const night = await nightOf(old, fresh);
  return {
    name: 'evidence-shared-primes',
    figures: {
      ...(count === 0 ? {} : await allAtOnce(count)),
      nightlyOld: old,
      nightlyFresh: fresh,
      ...night,
    },
    unit: 'seconds for all moduli on two cores; seconds for a night of new moduli on one core, stored products read from and the new ones written to PostgreSQL',
    peers: {},
    limit:
      '50,000 moduli in <= 80 s on two cores with every planted pair found; nightly 2,000 against 1 million stated',
  };
}

async function allAtOnce(count: number): Promise<Record<string, number>> {
  const moduli = Array.from({ length: count }, () => odd(modulusBytes));
  const pairs = Array.from(
    { length: 10 },
    (_, i) => [i * Math.floor(count / 20), count - 1 - i * Math.floor(count / 23)] as const,
  );
  for (const [a, b] of pairs) {
    const shared = prime();
    moduli[a] = shared * prime();
    moduli[b] = shared * prime();
  }
  const from = performance.now();
  const found = new Set((await batchGcdParallel(moduli, 2)).map((hit) => hit.index));
  const seconds = (performance.now() - from) / 1000;
  const missed = pairs.flat().filter((index) => !found.has(index)).length;
  if (missed > 0) throw new Error(`${missed} planted moduli were not found`);
  return { moduli: count, seconds: round(seconds), planted: pairs.length * 2 };
}

/** One planted pair with each stored block, and one within the night. */
async function nightOf(old: number, fresh: number): Promise<Record<string, number>> {
  const dataFolder = await mkdtemp(join(tmpdir(), 'rescind-bench-'));
  const database = await connect({ dataFolder });
  try {
    for (const migration of [...migrations, ...modulusMigrations]) await database.pool.query(migration.sql);
    const blocks = postgresModulusBlocks(database.pool);
    const stored = new Map<string, Uint8Array>();
    const aCertificate = (n: bigint) => {
      const der = sampleCertificate({ spki: rsaSpki(n, 65_537n) });
      const { fingerprint, keyMaterial } = recordOf(der);
      stored.set(fingerprint, der);
      return { der, fingerprint, material: keyMaterial };
    };
    const batch: ReturnType<typeof aCertificate>[] = [];
    let planted = 0;
    for (let left = old; left > 0; left -= blockModuli) {
      const members = Math.min(left, blockModuli);
      const shared = prime();
      const n = shared * prime();
      const product = n * odd((members - 1) * modulusBytes);
      const seen = await blocks.state();
      if (!(await blocks.add({ seen, position: null, members: [aCertificate(n)], product, replaces: [], pairs: [] })))
        throw new Error('a block was not stored');
      batch.push(aCertificate(shared * prime()));
      planted++;
    }
    const shared = prime();
    for (let i = 0; i < 2; i++) batch.push(aCertificate(shared * prime()));
    planted++;
    while (batch.length < fresh) batch.push(aCertificate(odd(modulusBytes)));
    const bytesOf: Parameters<typeof holdModuli>[0]['bytesOf'] = async (wanted) =>
      new Map(wanted.flatMap((f) => (stored.has(f) ? [[f, stored.get(f) as Uint8Array] as const] : [])));
    const used = process.cpuUsage();
    const from = performance.now();
    await holdModuli({ blocks, bytesOf }, batch, null);
    const seconds = (performance.now() - from) / 1000;
    const { user, system } = process.cpuUsage(used);
    const found = await blocks.unreported(1_000);
    const numbered = new Set(batch.slice(0, planted + 1).map((one) => one.material));
    const hit = found.filter((pair) => pair.some(({ material }) => numbered.has(material))).length;
    if (hit < planted) throw new Error(`${planted - hit} planted pairs of the night were not found`);
    return {
      nightlySeconds: round(seconds),
      nightlyProcessorSeconds: round((user + system) / 1_000_000),
      nightlyPlantedPairs: planted,
      nightlyStoredMegabytes: Math.round((await blocks.state()).blocks.reduce((sum, b) => sum + b.bytes, 0) / 1e6),
    };
  } finally {
    await database.stop();
    await rm(dataFolder, { recursive: true, force: true });
  }
}
