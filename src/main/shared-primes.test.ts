/** Shared primes over the whole inventory: products kept in a real PostgreSQL, pairs found by night or by a report. */
import { generatePrimeSync } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { loadCase } from '../app/change-case.ts';
import type { CaseId, ReceiptId } from '../foundation/brand.ts';
import { spkiOf } from '../foundation/pki/x509.ts';
import { at } from '../foundation/time/time.ts';
import { VirtualTime } from '../foundation/time/virtual-time.ts';
import { startHousekeeping } from '../platform/jobs/housekeeping.ts';
import { type TestDatabase, testDatabase } from '../platform/store/testing.ts';
import { rsaSpki } from '../stages/evidence/extract/textual.ts';
import { type CertificateDer, holdModuli, moduliOf, postgresModulusBlocks } from '../stages/evidence/index.ts';
import { gcdThread } from '../stages/evidence/weak/gcd-thread.ts';
import { type Inventory, recordOf } from '../stages/inventory/index.ts';
import { sampleCertificate } from '../stages/inventory/sample.ts';
import { checkConfig } from './config.ts';
import { housekeepingJobs, sharedPrimesJob } from './housekeeping-jobs.ts';
import { openLog } from './log.ts';
import { noConnector } from './no-connector.ts';
import { type Partner, sharedPrimes } from './shared-primes.ts';
import { type Desk, openDesk } from './wiring.ts';

const time = new VirtualTime(at('2026-03-02T10:00:00Z'));
const log = openLog('silent');
let database: TestDatabase;
let folder: string;
let desk: Desk;

beforeAll(async () => {
  [database, folder] = await Promise.all([testDatabase(), mkdtemp(join(tmpdir(), 'rescind-primes-'))]);
  const read = checkConfig("mail: { from: 'Desk <problem-reporting@ca.example>' }");
  if (!read.ok) throw new Error(JSON.stringify(read.problems));
  desk = await openDesk({
    config: { ...read.config, dataFolder: folder },
    ...{ time, log, pool: database.pool, connector: noConnector(), issuers: () => null, roomSize: 1 },
    messenger: {
      name: 'kept',
      channel: 'email',
      send: async (sent) => sent.map(() => ({ outcome: 'accepted', detail: '' }) as const),
      close: async () => {},
    },
    pager: { page: async () => true },
  });
});

afterAll(async () => {
  await desk?.close();
  await database?.drop();
  await rm(folder, { recursive: true, force: true });
});

const blocks = () => postgresModulusBlocks(database.pool);
const prime = () => generatePrimeSync(1024, { bigint: true });
const aCertificateOf = (n: bigint, e = 65_537n): CertificateDer => {
  const der = sampleCertificate({ spki: rsaSpki(n, e) });
  return { der, fingerprint: recordOf(der).fingerprint };
};
const clean = () => aCertificateOf(prime() * prime());
const materialOf = (certificate: CertificateDer) => [...moduliOf([certificate]).keys()][0] as string;

beforeEach(async () => {
  await database.pool.query(`
    truncate evidence.modulus, evidence.modulus_block, evidence.shared_prime;
    update evidence.moduli_followed set version = 0, position = null;`);
});

/** Blocks over certificates that are at hand, as if they stood in the inventory. */
function holding() {
  const stored = new Map<string, Uint8Array>();
  const bytesOf: Inventory['bytesOf'] = async (wanted) =>
    new Map(wanted.flatMap((f) => (stored.has(f) ? [[f, stored.get(f) as Uint8Array] as const] : [])));
  return (batch: readonly CertificateDer[], position: string | null = null) => {
    for (const { fingerprint, der } of batch) stored.set(fingerprint, der);
    return holdModuli({ blocks: blocks(), bytesOf }, batch, position);
  };
}

const named = (pairs: readonly (readonly CertificateDer[])[]) =>
  pairs
    .map((pair) =>
      pair
        .map((c) => c.fingerprint)
        .toSorted()
        .join(' '),
    )
    .toSorted();
const found = async () =>
  (await blocks().unreported(100))
    .map((pair) =>
      pair
        .map((m) => m.fingerprint)
        .toSorted()
        .join(' '),
    )
    .toSorted();

describe('moduli held against all others', () => {
  it('finds pairs within a batch and with every earlier block, by stored products', async () => {
    const [p, q, r] = [prime(), prime(), prime()];
    const [a, b, c] = [aCertificateOf(p * prime()), aCertificateOf(q * prime()), aCertificateOf(q * prime())];
    // Both primes shared, each with another one: the common divisor is the modulus itself.
    const both = aCertificateOf(p * r);
    const d = aCertificateOf(r * prime());
    const hold = holding();
    await hold([a, clean(), clean(), clean(), clean(), clean(), clean()], '7');
    await hold([b, c]);
    await hold([clean(), d]);
    await hold([both, clean()], '9');
    expect(await found()).toEqual(
      named([
        [a, both],
        [b, c],
        [d, both],
      ]),
    );
    const state = await blocks().state();
    expect(state.position).toBe('9');
    // Later batches were merged: not one block a batch.
    expect(state.blocks.length).toBeLessThan(4);
  });

  it('takes the same modulus for one, with another exponent or on another day, and holds nothing twice', async () => {
    const n = prime() * prime();
    const hold = holding();
    await hold([aCertificateOf(n), aCertificateOf(n, 3n)]);
    const before = await blocks().state();
    await hold([aCertificateOf(n, 17n)]);
    expect(await found()).toEqual([]);
    expect(await blocks().state()).toEqual(before);
  });

  it('a small factor in common is damage, no shared prime', async () => {
    await holding()([aCertificateOf(3n * prime()), aCertificateOf(3n * prime()), clean()]);
    expect(await found()).toEqual([]);
  });

  it('two that add at once both get in, and are held against each other', async () => {
    const p = prime();
    const [a, b] = [aCertificateOf(p * prime()), aCertificateOf(p * prime())];
    const hold = holding();
    await Promise.all([hold([a]), hold([b])]);
    expect(await found()).toEqual(named([[a, b]]));
  });

  it('goes on where it was when somebody adds a block meanwhile', async () => {
    const [p, q] = [prime(), prime()];
    const [a, b, c] = [aCertificateOf(p * prime()), aCertificateOf(q * prime()), aCertificateOf(p * q)];
    const stored = new Map([a, b, c].map((one) => [one.fingerprint, one.der]));
    const bytesOf: Inventory['bytesOf'] = async (wanted) =>
      new Map(wanted.flatMap((f) => (stored.has(f) ? [[f, stored.get(f) as Uint8Array] as const] : [])));
    const real = blocks();
    await holdModuli({ blocks: real, bytesOf }, [a, ...Array.from({ length: 9 }, clean)], null);
    const read: string[] = [];
    const disturbed = {
      ...real,
      async product(id: string) {
        read.push(id);
        if (read.length === 1) await holdModuli({ blocks: real, bytesOf }, [b], null);
        return real.product(id);
      },
    };
    await holdModuli({ blocks: disturbed, bytesOf }, [c], null);
    expect(await found()).toEqual(
      named([
        [a, c],
        [b, c],
      ]),
    );
    // Once each to divide by, once each to look for the partner, and the young one once more to be merged with.
    expect(read).toHaveLength(6);
  });

  it('a thread that has ended refuses what it is asked, before and after', async () => {
    const thread = gcdThread();
    const taken = thread.take([15n, 21n]);
    await thread.close();
    await expect(taken).rejects.toThrow(/ended/);
    await expect(thread.hits()).rejects.toThrow(/ended/);
  });

  it('ends at once when it is told to stop, and stores nothing', async () => {
    const stop = new AbortController();
    const real = blocks();
    await holding()([clean()]);
    const before = await real.state();
    const stopping = {
      ...real,
      async product(id: string) {
        stop.abort();
        return real.product(id);
      },
    };
    const parts = { blocks: stopping, bytesOf: async () => new Map(), signal: stop.signal };
    await expect(holdModuli(parts, [clean()], '5')).rejects.toThrow(/ended/);
    expect(await real.state()).toEqual(before);
  });

  it('stores nothing when the blocks have changed since they were seen', async () => {
    const seen = await blocks().state();
    await holding()([clean()]);
    const late = clean();
    const block = {
      ...{ seen, position: '5', product: 15n, replaces: [], pairs: [] },
      members: [{ material: materialOf(late), fingerprint: late.fingerprint }],
    };
    expect(await blocks().add(block)).toBe(false);
    expect((await blocks().known([materialOf(late)])).size).toBe(0);
    expect(await blocks().add({ ...block, seen: await blocks().state() })).toBe(true);
    expect((await blocks().known([materialOf(late)])).size).toBe(1);
  });
});

describe('the inventory by night', () => {
  const add = (certificates: readonly CertificateDer[]) =>
    desk.inventory.add(certificates.map(({ der }) => recordOf(der, { subscriber: 'SUB-1' })));
  const job = () => sharedPrimesJob(desk).run(new AbortController().signal);
  const receipts = async () =>
    (await database.pool.query<{ id: ReceiptId }>(`select id from intake.receipt order by accepted_at, id`)).rows.map(
      (row) => row.id,
    );

  it('becomes a report of the desk for each pair, once, and a case with both certificates', async () => {
    const p = prime();
    const [a, b] = [aCertificateOf(p * prime()), aCertificateOf(p * prime())];
    await add([a, clean()]);
    await job();
    const before = await receipts();
    expect(await found()).toEqual([]);
    await add([b, clean()]);
    await job();
    await job();
    expect(await receipts()).toHaveLength(before.length + 1);
    await desk.runDue();
    const [reading] = (await receipts()).slice(before.length).map((id) => desk.readings.get(id));
    const caseId = (await reading)?.caseId;
    const opened = await loadCase(desk.parts.cases, caseId as CaseId);
    const evidence = opened?.reports.flatMap((report) => report.evidence) ?? [];
    expect(evidence.map((item) => item.spkiSha256).toSorted()).toEqual(
      [a, b].map((one) => recordOf(one.der).spkiHash).toSorted(),
    );
    for (const item of evidence)
      expect(item.findings).toContainEqual(expect.objectContaining({ check: 'shared-prime', verdict: 'computable' }));
    expect(opened?.matters.flatMap((matter) => matter.keys).toSorted()).toEqual(
      evidence.map((item) => item.spkiSha256).toSorted(),
    );
  });

  it('a report that names a certificate finds partners that nobody has looked at yet', async () => {
    const p = prime();
    const [a, b] = [aCertificateOf(p * prime()), aCertificateOf(p * prime())];
    await add([a, b]);
    const partners = await desk.primes.partnersOf([a]);
    expect(partners.map((one: Partner) => [one.of, one.certificate.fingerprint])).toEqual([
      [[a.fingerprint], b.fingerprint],
    ]);
    expect(await desk.primes.partnersOf([clean()])).toEqual([]);
  });

  it('what was known is the answer where the arithmetic fails', async () => {
    const p = prime();
    const [a, b] = [aCertificateOf(p * prime()), aCertificateOf(p * prime())];
    await add([a, b]);
    await desk.primes.partnersOf([a]);
    const broken = {
      ...blocks(),
      state: async () => {
        throw new Error('the database is away');
      },
    };
    const primes = sharedPrimes({ inventory: desk.inventory, blocks: broken, log });
    expect((await primes.partnersOf([b])).map((one) => spkiOf(one.der))).toEqual([spkiOf(a.der)]);
  });

  it('is a job that the runner takes, beside the others', async () => {
    const jobs = [...housekeepingJobs(database.pool, time, log), sharedPrimesJob(desk)];
    const housekeeping = await startHousekeeping(database.connection, jobs, log, { pollSeconds: 60 });
    await housekeeping.stop();
    const { rows } = await database.pool.query<{ name: string }>('select name from housekeeping.schedule');
    expect(rows.map((row) => row.name).toSorted()).toEqual(jobs.map((one) => one.name).toSorted());
  });
});
