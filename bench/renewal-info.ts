/**
 * ARI at a million certificates: polls per second over HTTP, and how long after the decision every certificate of a case
 * of that size is told. The client runs on the other core; store and counts are in PostgreSQL.
 */
import { randomBytes } from 'node:crypto';
import { Worker } from 'node:worker_threads';
import type { Fingerprint, Serial, SpkiHash } from '../src/foundation/brand.ts';
import { SystemTime } from '../src/foundation/time/system-time.ts';
import { at } from '../src/foundation/time/time.ts';
import { testDatabase } from '../src/platform/store/testing.ts';
import {
  encodeCertId,
  migrations,
  postgresRenewalStore,
  type RenewalCertificate,
  RenewalInfo,
  serveRenewalInfo,
} from '../src/stages/renewal-info/index.ts';
import { startPebble } from './pebble.ts';

const authorityKeyId = '69885b6b87464041e1b37b847ba0ae2cde01c8d4';
const asked = 100_000;

export async function renewalInfoBench(options: { readonly certificates?: number; readonly seconds?: number } = {}) {
  const certificates = options.certificates ?? 1_000_000;
  const milliseconds = (options.seconds ?? 5) * 1000;
  const time = new SystemTime();
  const database = await testDatabase();
  try {
    for (const migration of migrations) await database.pool.query(migration.sql);
    const leaked = randomBytes(32).toString('hex') as SpkiHash;
    const paths: string[] = [];
    const source = {
      async walk({ after, limit }: { after: string | null; limit: number }) {
        const from = Number(after ?? 0);
        const to = Math.min(from + limit, certificates);
        const matches = Array.from({ length: to - from }, () => ({ certificate: made(leaked) }));
        for (const { certificate } of matches) {
          if (paths.length < asked) paths.push(`/renewal-info/${encodeCertId({ ...certificate, authorityKeyId })}`);
        }
        return { matches, next: to < certificates ? String(to) : null, last: String(to) };
      },
      find: async () => ({ matches: [] }),
      findMany: async () => [],
      findByKeys: async () => ({ matches: [], next: null }),
    };
    const renewalInfo = new RenewalInfo({ store: postgresRenewalStore(database.pool), source, time });
    const loadingAt = performance.now();
    const server = await serveRenewalInfo({ renewalInfo, time, host: '127.0.0.1', port: 0 });
    const loadSeconds = (performance.now() - loadingAt) / 1000;

    const normal = await poll(server.url, paths, milliseconds);
    const flip = await flipOf(renewalInfo, database, time, leaked, paths);
    const advised = await poll(server.url, paths, milliseconds);
    const { polls, dropped } = renewalInfo.ledger;
    await server.stop();
    const peer = await pebbleRate(milliseconds);
    const told = await postgresRenewalStore(database.pool).toldUnder('bench');
    return {
      name: 'renewal-info',
      figures: {
        certificates,
        loadSeconds: rounded(loadSeconds, 1),
        pollsPerSecond: Math.round(normal),
        pollsPerSecondAdvised: Math.round(advised),
        flipRaisedMs: rounded(flip.raisedMs, 1),
        flipSeenElsewhereMs: rounded(flip.elsewhereMs, 1),
        pollsCounted: polls,
        pollsDropped: dropped,
        agentsKeptAsEvidence: told.certificates,
        rssMegabytes: Math.round(process.memoryUsage.rss() / 1e6),
      },
      unit: 'polls per second over HTTP, one server process; milliseconds from decision to effect',
      peers: peer === null ? {} : { [peer.version]: { pollsPerSecond: Math.round(peer.rate) } },
      limit:
        'one JavaScript thread that parses HTTP; Pebble uses both cores, keeps no count and answers from one entry',
    };
  } finally {
    await database.drop();
  }
}

/** Pebble's own ARI, one certificate in its memory, over the TLS it insists on. Null where it is not installed. */
async function pebbleRate(milliseconds: number): Promise<{ version: string; rate: number } | null> {
  const pebble = await startPebble();
  if (pebble === null) return null;
  try {
    return {
      version: pebble.version,
      rate: await poll(`https://${pebble.host}:${pebble.port}`, pebble.renewalInfoPaths, milliseconds),
    };
  } finally {
    await pebble.stop();
  }
}

/** A decision taken on another node: when is every polled certificate of this case told here? */
async function flipOf(
  here: RenewalInfo,
  database: Awaited<ReturnType<typeof testDatabase>>,
  time: SystemTime,
  leaked: SpkiHash,
  paths: readonly string[],
) {
  const now = time.now();
  const decidedAt = performance.now();
  await postgresRenewalStore(database.pool).raise({
    id: 'bench',
    caseId: 'bench',
    keys: [leaked],
    listId: null,
    decidedAt: now,
    endBy: now.add({ hours: 6 }),
    pace: 'at-once',
    explanationUrl: null,
  });
  const raisedMs = performance.now() - decidedAt;
  const last = paths.at(-1)!.split('/').at(-1)!;
  for (;;) {
    const answer = await here.answer(last, time.now());
    if (answer.answer === 'window' && answer.advice !== null) break;
    await time.waitUntil(time.now().add({ milliseconds: 5 }));
  }
  const elsewhereMs = performance.now() - decidedAt;
  for (const path of paths) {
    const answer = await here.answer(path.split('/').at(-1)!, time.now());
    if (answer.answer !== 'window' || answer.advice === null) throw new Error(`${path} was not told`);
  }
  return { raisedMs, elsewhereMs };
}

async function poll(url: string, paths: readonly string[], milliseconds: number): Promise<number> {
  const { hostname, port, protocol } = new URL(url);
  const worker = new Worker(new URL('./renewal-info-client.ts', import.meta.url), {
    workerData: {
      host: hostname,
      port: Number(port),
      tls: protocol === 'https:',
      paths,
      connections: 32,
      pipelined: 4,
      milliseconds,
    },
  });
  const result = await new Promise<{ answered: number; refused: number; seconds: number }>((resolve, reject) => {
    worker.once('message', resolve);
    worker.once('error', reject);
  });
  if (result.refused > 0) throw new Error(`${result.refused} polls were refused`);
  return result.answered / result.seconds;
}

function made(spkiHash: SpkiHash): RenewalCertificate {
  return {
    fingerprint: randomBytes(32).toString('hex') as Fingerprint,
    authorityKeyId,
    serial: `4a${randomBytes(15).toString('hex')}` as Serial,
    spkiHash,
    notBefore: at('2026-06-01T00:00:00Z'),
    notAfter: at('2026-08-30T00:00:00Z'),
    revoked: null,
    names: [],
    subscriber: null,
    account: null,
  };
}

function rounded(value: number, digits: number): number {
  return Number(value.toFixed(digits));
}
