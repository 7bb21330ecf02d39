/**
 * What the desk adds to a revocation: its own path (attempt written and durable before each call, orders in batches,
 * outcomes written after) through a connector over HTTP, beside a bare loop of the same calls against the same CA.
 */
import { generateKeyPairSync, hash } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { revoker } from '../src/app/ca-parts.ts';
import { eventToJson } from '../src/app/event-json.ts';
import { revoke } from '../src/app/perform/revoke.ts';
import { certificateSets } from '../src/app/store-parts.ts';
import type { Event } from '../src/desk/events.ts';
import type { CaseId, Fingerprint } from '../src/foundation/brand.ts';
import type { Json } from '../src/foundation/log/canonical.ts';
import { parseCertificate } from '../src/foundation/pki/x509.ts';
import { SystemTime } from '../src/foundation/time/system-time.ts';
import { spkiOfKey } from '../src/lab-ca/certificate.ts';
import { labCaApp, listen, MemoryStorage, openLabCa } from '../src/lab-ca/index.ts';
import { postgresAffected } from '../src/platform/store/affected.ts';
import { connect } from '../src/platform/store/connect.ts';
import { migrate } from '../src/platform/store/migrate.ts';
import { storeMigrations } from '../src/platform/store/migrations.ts';
import { postgresStore } from '../src/platform/store/postgres.ts';
import type { Store } from '../src/platform/store/store.ts';
import { labConnector } from '../src/stages/revocation/connectors/lab.ts';
import { bareLoop } from './mass-revocation.ts';

const rounds = 3;
const caseId = 'bench' as CaseId;

export async function connectorsBench(options: { readonly certificates?: number } = {}) {
  const certificates = options.certificates ?? 20_000;
  const time = new SystemTime();
  const dataFolder = mkdtempSync(join(tmpdir(), 'rescind-bench-connectors-'));
  let handler: (request: Request) => Response | Promise<Response> = () => new Response(null, { status: 503 });
  const server = await listen((request) => handler(request), { port: 0 });
  const url = `http://127.0.0.1:${server.port}`;
  const storage = new MemoryStorage();
  const ca = await openLabCa({ storage, time, baseUrl: url, keyPassphrase: 'bench', token: 'bench' });
  handler = labCaApp(ca).fetch;
  process.env.RESCIND_BENCH_TOKEN = 'bench';
  const connector = await labConnector.open({ url, token: { env: 'RESCIND_BENCH_TOKEN' } }, { time });
  const database = await connect({ dataFolder, connectionsMax: 4 });
  try {
    const now = time.now();
    await migrate(database.pool, [{ room: 'store', migrations: storeMigrations }], now);
    const store = postgresStore(database.pool);
    const sets = certificateSets(store, postgresAffected(database.pool));
    const append = appender(store);
    const orders = revoker({ connector, issuers: () => null, bytesOf: async () => new Map() });
    const spki = spkiOfKey(generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey);
    const [desk, bare]: [number[], number[]] = [[], []];
    for (let round = 0; round < rounds; round++) {
      const issued = await ca.issueMany(
        Array.from({ length: certificates * 2 }, (_, n) => ({ spki, names: [`n${n}.bench.example`] })),
      );
      const members = issued.map(({ der }) => {
        const { serial, issuerHash } = parseCertificate(der);
        return { fingerprint: hash('sha256', der, 'hex') as Fingerprint, serial, issuerHash, subscriber: null };
      });
      const setId = `set-${round}`;
      const ours = members.slice(0, certificates);
      await store.certificates.add({ setId, caseId }, ours);
      const matter = { matterId: 'bench', reason: 'keyCompromise', dueAt: null, set: { setId } } as const;
      const none = { attemptedAt: null, accepted: 0, expired: 0, failures: 0 };
      const viaDesk = async () => {
        const parts = { sets, book: { byFingerprints: async () => [] }, revoker: orders };
        await revoke(parts, { case: { caseId }, append, now }, { ...matter, ...none }, false);
      };
      const viaLoop = () => bareLoop(url, members.slice(certificates));
      // Who goes first changes from round to round: the second finds a warmer CA.
      if (round % 2 === 0) {
        desk.push(await elapsedMs(viaDesk));
        bare.push(await elapsedMs(viaLoop));
      } else {
        bare.push(await elapsedMs(viaLoop));
        desk.push(await elapsedMs(viaDesk));
      }
      const accepted = await sets.inState(setId, 'accepted', certificates + 1);
      if (accepted.length !== certificates) throw new Error(`${accepted.length} of ${certificates} were accepted`);
    }
    const [deskMs, bareMs] = [median(desk), median(bare)];
    return {
      name: 'connectors',
      figures: {
        certificates,
        revokedPerSecond: rate(certificates, deskMs),
        shareOfBareLoop: Number((bareMs / deskMs).toFixed(2)),
        deskAddsMsPerThousand: Number((((deskMs - bareMs) / certificates) * 1000).toFixed(1)),
      },
      unit: 'certificates per second, median of three rounds; shareOfBareLoop: 1 is as fast as the loop',
      peers: { bareLoop: { revokedPerSecond: rate(certificates, bareMs) } },
      limit: 'shareOfBareLoop at least 0.75. The lab CA keeps its state in memory and the desk writes to a disk.',
    };
  } finally {
    await connector.close();
    await server.close();
    await database.stop();
    rmSync(dataFolder, { recursive: true, force: true });
  }
}

/** Events of the one case, each durable before the next step, as in the desk. */
function appender(store: Store): (...events: readonly Event[]) => Promise<void> {
  let seq = 0;
  return async (...events) => {
    const stored = events.map((event) => {
      const { type, at: _, by, ...data } = eventToJson(event);
      return { type: type as string, at: event.at, by: by as string, data: data as Json };
    });
    await store.cases.append(caseId, seq, stored, { wakeAt: null });
    seq += events.length;
  };
}

async function elapsedMs(work: () => Promise<void>): Promise<number> {
  const from = performance.now();
  await work();
  return performance.now() - from;
}

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)]!;
}

function rate(count: number, ms: number): number {
  return Math.round((count / ms) * 1000);
}
