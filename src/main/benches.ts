/** Every bench by name. Loaded only when asked for: they bring peers and millions of rows with them. */
import { cpus, totalmem } from 'node:os';

type Bench = () => Promise<object>;

export const benches: Readonly<Record<string, () => Promise<Bench>>> = {
  inventory: async () => (await import('../../bench/inventory.ts')).inventoryBench,
  'renewal-info': async () => (await import('../../bench/renewal-info.ts')).renewalInfoBench,
  intake: async () => (await import('../../bench/intake.ts')).intakeBench,
  store: async () => (await import('../../bench/store.ts')).storeBench,
  crl: async () => (await import('../../bench/crl.ts')).crlBench,
  'mass-revocation': async () => (await import('../../bench/mass-revocation.ts')).massRevocationBench,
  connectors: async () => (await import('../../bench/connectors.ts')).connectorsBench,
  evidence: async () => (await import('../../bench/evidence.ts')).proofBench,
  'evidence-keys': async () => (await import('../../bench/evidence.ts')).keysBench,
  'evidence-shared-primes': async () => (await import('../../bench/shared-primes.ts')).sharedPrimesBench,
  console: async () => (await import('../../bench/console.ts')).consoleBench,
  acme: async () => (await import('../../bench/acme.ts')).acmeBench,
};

export async function runBenches(names: readonly string[], done: (result: object) => void): Promise<void> {
  for (const name of names.length > 0 ? names : Object.keys(benches)) {
    const load = benches[name];
    if (load === undefined) continue;
    const run = await load();
    const machine = `${cpus().length} x ${cpus()[0]?.model ?? 'unknown'}, ${Math.round(totalmem() / 1024 ** 3)} GiB, Node ${process.versions.node}`;
    done({ name, figures: {}, unit: null, peers: {}, limit: null, ...(await run()), machine });
  }
}
