/**
 * What the desk adds to a revocation: its own path (attempt written and durable before each call, orders in batches,
 * outcomes written after) through a connector over HTTP, beside a bare loop of the same calls against the same CA.
 */
import { generateKeyPairSync, hash } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
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
import type { RevocationConnector } from '../src/stages/revocation/connector.ts';
import { acmeConnector } from '../src/stages/revocation/connectors/acme.ts';
import { labConnector } from '../src/stages/revocation/connectors/lab.ts';
import { networkTransport } from '../src/stages/revocation/transport.ts';
import { AcmeClient, newKey } from '../test/ca/acme-client.ts';
import { inParallel, type Started, serverCertificate, startLab, startPebble, untilUp } from './acme.ts';
import { bareLoop } from './mass-revocation.ts';

const rounds = 3;
/** Calls under way at the same time in the bare loop: as many as the connector makes. */
const parallel = 8;

/** A CA that revokes: how certificates come to be, the connector for it, and the same calls without any of it. */
interface Peer {
  readonly connector: RevocationConnector;
  /** DER of as many certificates. */
  issue(count: number): Promise<readonly Uint8Array[]>;
  bareLoop(ders: readonly Uint8Array[]): Promise<void>;
  close(): Promise<void>;
}

interface Measured {
  readonly certificates: number;
  readonly revokedPerSecond: number;
  readonly bareLoopPerSecond: number;
  /** 1 is as fast as the loop. */
  readonly shareOfBareLoop: number;
  readonly deskAddsMsPerThousand: number;
}

export async function connectorsBench(
  options: { readonly certificates?: number; readonly acmeCertificates?: number } = {},
) {
  const folder = mkdtempSync(join(tmpdir(), 'rescind-bench-connectors-'));
  const database = await connect({ dataFolder: folder, connectionsMax: 4 });
  try {
    serverCertificate(folder);
    await migrate(database.pool, [{ room: 'store', migrations: storeMigrations }], new SystemTime().now());
    const store = postgresStore(database.pool);
    const sets = certificateSets(store, postgresAffected(database.pool));
    const peers: [string, () => Promise<Peer | null>, number][] = [
      ['labCaAcme', () => acmePeer(startLab(folder), folder), options.acmeCertificates ?? 400],
      ['pebbleAcme', async () => pebblePeer(folder), options.acmeCertificates ?? 400],
      ['labCaBulk', labPeer, options.certificates ?? 20_000],
    ];
    const measured: Record<string, Measured> = {};
    for (const [name, open, certificates] of peers) {
      const peer = await open();
      if (peer === null) continue;
      try {
        measured[name] = await measure(name as CaseId, peer, { store, sets, certificates });
      } catch (cause) {
        // One peer that stops answering does not cost the figures of the others.
        process.stderr.write(`${name} is left out: ${cause instanceof Error ? cause.message : String(cause)}\n`);
      } finally {
        await peer.close();
      }
    }
    return {
      name: 'connectors',
      figures: Object.fromEntries(Object.entries(measured).map(([name, m]) => [name, m.shareOfBareLoop])),
      unit: 'share of what a bare loop of the same calls reaches, median of three rounds; 1 is as fast as the loop',
      peers: measured,
      limit:
        'at least 0.75. labCaBulk: one call for 2,000 certificates to a CA that keeps its state in memory, while the desk writes each to a disk twice.',
    };
  } finally {
    await database.stop();
    rmSync(folder, { recursive: true, force: true });
  }
}

async function measure(
  caseId: CaseId,
  peer: Peer,
  { store, sets, certificates }: { store: Store; sets: ReturnType<typeof certificateSets>; certificates: number },
): Promise<Measured> {
  const now = new SystemTime().now();
  const append = appender(store, caseId);
  const [desk, bare]: [number[], number[]] = [[], []];
  for (let round = 0; round < rounds; round++) {
    const ders = await peer.issue(certificates * 2);
    const byFingerprint = new Map(ders.slice(0, certificates).map((der) => [fingerprintOf(der), der]));
    const setId = `${caseId}-${round}`;
    const members = [...byFingerprint].map(([fingerprint, der]) => {
      const { serial, issuerHash } = parseCertificate(der);
      return { fingerprint, serial, issuerHash, subscriber: null };
    });
    await store.certificates.add({ setId, caseId }, members);
    const bytesOf = async (which: readonly Fingerprint[]) => new Map(which.map((f) => [f, byFingerprint.get(f)!]));
    const orders = revoker({ connector: peer.connector, issuers: () => null, bytesOf });
    const matter = { matterId: 'bench', reason: 'keyCompromise', dueAt: null, set: { setId } } as const;
    const none = { attemptedAt: null, accepted: 0, expired: 0, failures: 0 };
    const viaDesk = async () => {
      const parts = { sets, book: { byFingerprints: async () => [] }, revoker: orders };
      await revoke(parts, { case: { caseId }, append, now }, { ...matter, ...none }, false);
    };
    const viaLoop = () => peer.bareLoop(ders.slice(certificates));
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
    certificates,
    revokedPerSecond: rate(certificates, deskMs),
    bareLoopPerSecond: rate(certificates, bareMs),
    shareOfBareLoop: Number((bareMs / deskMs).toFixed(2)),
    deskAddsMsPerThousand: Number((((deskMs - bareMs) / certificates) * 1000).toFixed(1)),
  };
}

/** The lab CA's own bulk interface, in this process, its state in memory. */
async function labPeer(): Promise<Peer> {
  const time = new SystemTime();
  let handler: (request: Request) => Response | Promise<Response> = () => new Response(null, { status: 503 });
  const server = await listen((request) => handler(request), { port: 0 });
  const url = `http://127.0.0.1:${server.port}`;
  const storage = new MemoryStorage();
  const ca = await openLabCa({ storage, time, baseUrl: url, keyPassphrase: 'bench', token: 'bench' });
  handler = labCaApp(ca).fetch;
  process.env.RESCIND_BENCH_TOKEN = 'bench';
  const connector = await labConnector.open({ url, token: { env: 'RESCIND_BENCH_TOKEN' } }, { time });
  const spki = spkiOfKey(generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey);
  return {
    connector,
    async issue(count) {
      const wanted = Array.from({ length: count }, (_, n) => ({ spki, names: [`n${n}.bench.example`] }));
      return (await ca.issueMany(wanted)).map(({ der }) => der);
    },
    bareLoop: (ders) =>
      bareLoop(
        url,
        ders.map((der) => ({ serial: parseCertificate(der).serial })),
      ),
    async close() {
      await connector.close();
      await server.close();
    },
  };
}

/** Null where Pebble is not installed. */
async function pebblePeer(folder: string): Promise<Peer | null> {
  const started = startPebble(folder);
  return started === null ? null : acmePeer(started, folder);
}

/** An ACME server in a process of its own: each revocation is a signed request. */
async function acmePeer(started: Started, folder: string): Promise<Peer> {
  const directory = await started.directory;
  const trusted = readFileSync(join(folder, 'tls.pem'), 'utf8');
  const transport = networkTransport({ ca: trusted });
  await untilUp(transport, directory);
  const client = await new AcmeClient(transport, directory).open();
  await client.register();
  process.env.RESCIND_BENCH_ACCOUNT = client.key.export({ format: 'pem', type: 'pkcs8' }).toString();
  const connector = await acmeConnector.open(
    acmeConnector.settings.parse({ directory, accountKey: { env: 'RESCIND_BENCH_ACCOUNT' }, parallel }) as never,
    { time: new SystemTime(), transport: networkTransport({ ca: trusted }) },
  );
  return {
    connector,
    async issue(count) {
      const ders: Uint8Array[] = [];
      await inParallel(Array.from({ length: count }, newKey), async (key, n) => {
        ders.push((await patiently(() => client.obtain([`n${n}.bench.example`], key))).der);
      });
      return ders;
    },
    bareLoop: (ders) =>
      inParallel(ders, async (der) => {
        const answer = await client.revoke(der, 1);
        if (answer.status !== 200) throw new Error(`revokeCert answered ${answer.status}`);
      }),
    async close() {
      await connector.close();
      await transport.close();
      started.child.kill('SIGKILL');
    },
  };
}

/** Pebble now and then leaves a request without an answer; issuing is not what is measured here. */
async function patiently<T>(work: () => Promise<T>, attempts = 3): Promise<T> {
  try {
    return await work();
  } catch (cause) {
    if (attempts <= 1) throw cause;
    return patiently(work, attempts - 1);
  }
}

function fingerprintOf(der: Uint8Array): Fingerprint {
  return hash('sha256', der, 'hex') as Fingerprint;
}

/** Events of the one case, each durable before the next step, as in the desk. */
function appender(store: Store, caseId: CaseId): (...events: readonly Event[]) => Promise<void> {
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
