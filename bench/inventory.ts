/** The inventory: how fast keys are indexed, certificates are stored, and one is found among a million. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { keyHashes } from '../src/foundation/pki/spki.ts';
import { spkiOf } from '../src/foundation/pki/x509.ts';
import { SystemTime } from '../src/foundation/time/system-time.ts';
import { connect } from '../src/platform/store/connect.ts';
import { findAny, migrations, postgresInventory, recordOf } from '../src/stages/inventory/index.ts';
import { sampleCertificate, sampleKey, sampleModulus, sampleRsaKey } from '../src/stages/inventory/sample.ts';

const batch = 5_000;

export async function inventoryBench(options: { readonly certificates?: number } = {}) {
  const certificates = options.certificates ?? 1_000_000;
  const dataFolder = await mkdtemp(join(tmpdir(), 'rescind-bench-'));
  const database = await connect({ dataFolder });
  try {
    for (const migration of migrations) await database.pool.query(migration.sql);
    const inventory = postgresInventory(database.pool, new SystemTime());
    let addingMs = 0;
    let firstHundredThousandMs = 0;
    const known: { query: string; by: 'serial' | 'key' | 'fingerprint' | 'name' | 'domain' }[] = [];
    const shared = sampleKey();
    for (let from = 0; from < certificates; from += batch) {
      const records = Array.from({ length: Math.min(batch, certificates - from) }, (_, i) => {
        const n = from + i;
        const names = [`n${n}.customer${n % 1000}.example`, `www.n${n}.customer${n % 1000}.example`];
        // A tenth share one key, as an appliance's default key does.
        return recordOf(sampleCertificate({ names, ...(n % 10 === 0 ? { spki: shared } : {}) }), {
          subscriber: `SUB-${n % 1000}`,
        });
      });
      const startedAt = performance.now();
      await inventory.add(records);
      addingMs += performance.now() - startedAt;
      if (from + batch === 100_000) firstHundredThousandMs = addingMs;
      const one = records[1]!;
      if (known.length < 1000) {
        known.push(
          { by: 'serial', query: one.serial },
          { by: 'key', query: one.spkiHash },
          { by: 'fingerprint', query: one.fingerprint },
          { by: 'name', query: one.names[0]! },
          { by: 'domain', query: `customer${1 + (from % 1000)}.example` },
        );
      }
    }
    await database.pool.query('analyze');
    const found: Record<string, number[]> = {};
    for (const { by, query } of known) {
      const startedAt = performance.now();
      const answer = await findAny(inventory, query, 100);
      found[by] = [...(found[by] ?? []), performance.now() - startedAt];
      if (answer.matches.length === 0) throw new Error(`${by} ${query} was not found`);
    }
    const sharedHash = recordOf(sampleCertificate({ spki: shared })).spkiHash;
    const sharedKey = await timed(async () => {
      let after: string | null = null;
      let count = 0;
      do {
        const page: Awaited<ReturnType<typeof inventory.findByKeys>> = await inventory.findByKeys([sharedHash], {
          after,
          limit: 10_000,
        });
        count += page.matches.length;
        after = page.next;
      } while (after !== null);
      return count;
    });
    const stats = await timed(() => inventory.stats());
    const hashing = hashingPerSecond();
    return {
      name: 'inventory',
      figures: {
        certificates,
        keyIndexPerSecondPerCore: Math.round(hashing.mixed),
        keyIndexPerSecondPerCoreP256: Math.round(hashing.p256),
        keyIndexPerSecondPerCoreRsa2048: Math.round(hashing.rsa),
        storedPerSecond: Math.round(certificates / (addingMs / 1000)),
        firstHundredThousandSeconds: Number((firstHundredThousandMs / 1000).toFixed(2)),
        ...Object.fromEntries(
          Object.entries(found).flatMap(([by, times]) => [
            [`${by}P50Ms`, percentile(times, 0.5)],
            [`${by}P99Ms`, percentile(times, 0.99)],
          ]),
        ),
        sharedKeyCertificates: sharedKey.value,
        sharedKeyListedSeconds: Number((sharedKey.ms / 1000).toFixed(2)),
        statsMs: Math.round(stats.ms),
      },
      unit: 'certificates per second and core for the three key hashes; milliseconds per search in durable PostgreSQL',
      peers: {},
      limit:
        'hashing: SHA-256 on one core; storing: random pages of a dozen B-trees, one connection; search: the database',
    };
  } finally {
    await database.stop();
    await rm(dataFolder, { recursive: true, force: true });
  }
}

/** From a certificate's DER to its three key hashes: half P-256, half RSA-2048, all distinct. */
export function hashingPerSecond(): { mixed: number; p256: number; rsa: number } {
  const p256 = Array.from({ length: 20_000 }, () => sampleCertificate());
  const rsa = Array.from({ length: 20_000 }, () => sampleCertificate({ spki: sampleRsaKey(sampleModulus()) }));
  const rate = (certificates: readonly Uint8Array[]) => {
    const startedAt = performance.now();
    let done = 0;
    while (performance.now() - startedAt < 1500) {
      for (const der of certificates) keyHashes(spkiOf(der));
      done += certificates.length;
    }
    return done / ((performance.now() - startedAt) / 1000);
  };
  rate(p256.slice(0, 2000));
  rate(rsa.slice(0, 2000));
  return { mixed: rate(p256.flatMap((der, n) => [der, rsa[n]!])), p256: rate(p256), rsa: rate(rsa) };
}

async function timed<T>(work: () => Promise<T>): Promise<{ value: T; ms: number }> {
  const startedAt = performance.now();
  const value = await work();
  return { value, ms: performance.now() - startedAt };
}

function percentile(times: readonly number[], share: number): number {
  const sorted = [...times].sort((a, b) => a - b);
  return Number((sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? 0).toFixed(1));
}
