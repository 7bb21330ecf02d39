/**
 * What the console waits for, over HTTP against the real store: the board with 10,000 open cases, a case of 100,000
 * certificates, search among a million, and how long an event takes to a reader of the feed with the board fetched anew.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { decide } from '../src/desk/decide.ts';
import { replay } from '../src/desk/evolve.ts';
import type { CertificateFacts } from '../src/desk/facts.ts';
import { isRefusal } from '../src/desk/refusal.ts';
import type { CaseId } from '../src/foundation/brand.ts';
import { SystemTime } from '../src/foundation/time/system-time.ts';
import { hours, type Instant } from '../src/foundation/time/time.ts';
import { defaultConfig } from '../src/main/config.ts';
import { noConnector } from '../src/main/no-connector.ts';
import { serveWeb } from '../src/main/web.ts';
import { type Desk, openDesk } from '../src/main/wiring.ts';
import { silentLog } from '../src/platform/jobs/log.ts';
import { connect } from '../src/platform/store/connect.ts';
import { recordOf } from '../src/stages/inventory/index.ts';
import { sampleCertificate } from '../src/stages/inventory/sample.ts';
import { aMatter, aReceive, aReport } from '../test/support/desk-builders.ts';

const batch = 5_000;

export async function consoleBench(
  options: { readonly certificates?: number; readonly cases?: number; readonly affected?: number } = {},
) {
  const { certificates = 1_000_000, cases = 10_000, affected = 100_000 } = options;
  const dataFolder = await mkdtemp(join(tmpdir(), 'rescind-bench-'));
  const database = await connect({ dataFolder });
  const time = new SystemTime();
  const desk = await openDesk({
    ...{ config: { ...defaultConfig(), dataFolder }, time, log: silentLog, pool: database.pool, roomSize: 0 },
    ...{ connector: noConnector(), issuers: () => null },
    messenger: { name: 'none', channel: 'email', send: async () => [], close: async () => undefined },
    pager: { page: async () => true },
  });
  const web = async () => serveWeb(desk, { host: '127.0.0.1', port: 0, virtualTime: false });
  try {
    const known = await fillInventory(desk, certificates, affected);
    await openCases(desk, cases);
    const massCase = await openMassCase(desk, known.mass);
    await database.pool.query('analyze');

    const cold = await web();
    const boardCold = await timed(() => get(cold.url, '/api/v1/board?limit=500'));
    await cold.close();
    const warm = await web();
    const { url } = warm;
    await get(url, '/api/v1/board?limit=500');
    const board = await times(30, () => get(url, '/api/v1/board?limit=500'));
    const page = `/api/v1/cases/${massCase}/matters/m1/certificates`;
    const caseMs = await times(20, () => get(url, `/api/v1/cases/${massCase}`));
    const firstPage = await times(20, () => get(url, `${page}?from=0&limit=100`));
    const lastPage = await times(20, () => get(url, `${page}?from=${affected - 100}&limit=100`));
    const filtered = await times(10, () => get(url, `${page}?q=n77&limit=100`));
    const search: number[] = [];
    for (const q of known.queries) search.push(...(await times(1, () => get(url, `/api/v1/certificates?q=${q}`))));
    const feed = await eventToScreen(desk, url, 40);
    await warm.close();
    return {
      name: 'console',
      figures: {
        ...{ openCases: cases + 1, certificates, certificatesOfOneCase: affected },
        boardFirstAfterStartMs: Math.round(boardCold),
        ...percentiles('board', board),
        ...percentiles('caseOf100000', caseMs),
        ...percentiles('certificatesFirstPage', firstPage),
        ...percentiles('certificatesLastPage', lastPage),
        ...percentiles('certificatesFiltered', filtered),
        ...percentiles('search', search),
        ...percentiles('eventToBoard', feed),
      },
      unit: 'milliseconds over HTTP on one machine, database and client included',
      peers: {},
      limit: 'board and case below 1,000 ms; search below 100 ms at a million; event to screen below 1,000 ms',
    };
  } finally {
    await desk.close();
    await database.stop();
    await rm(dataFolder, { recursive: true, force: true });
  }
}

async function fillInventory(desk: Desk, count: number, affected: number) {
  const queries: string[] = [];
  const mass: CertificateFacts[] = [];
  for (let from = 0; from < count; from += batch) {
    const records = Array.from({ length: Math.min(batch, count - from) }, (_, i) => {
      const n = from + i;
      return recordOf(sampleCertificate({ names: [`n${n}.customer${n % 1000}.example`] }), {
        subscriber: `SUB-${n % 1000}`,
      });
    });
    await desk.inventory.add(records);
    const one = records[1];
    if (one !== undefined && queries.length < 300)
      queries.push(one.serial, one.spkiHash, one.names[0] ?? '', `customer${1 + (from % 1000)}.example`);
    if (mass.length < affected)
      mass.push(
        ...(await desk.bulk.byFingerprints(records.slice(0, affected - mass.length).map((r) => r.fingerprint))),
      );
  }
  return { queries, mass };
}

async function openCases(desk: Desk, count: number): Promise<void> {
  const now = desk.time.now();
  const waiting: Promise<void>[] = [];
  for (let n = 0; n < count; n++) {
    const startAt = now.subtract({ minutes: n % 1200 });
    waiting.push(open(desk, `case-bench-${n}` as CaseId, startAt, { setId: `set-${n}`, count: 1 }));
    if (waiting.length === 256) await Promise.all(waiting.splice(0));
  }
  await Promise.all(waiting);
}

async function openMassCase(desk: Desk, members: readonly CertificateFacts[]): Promise<string> {
  const caseId = 'case-bench-mass' as CaseId;
  await desk.parts.sets.create('set-mass', caseId, members);
  await open(desk, caseId, desk.time.now(), { setId: 'set-mass', count: members.length });
  return caseId;
}

async function open(
  desk: Desk,
  caseId: CaseId,
  startAt: Instant,
  set: { setId: string; count: number },
): Promise<void> {
  const matter = aMatter({ startAt, dueAt: startAt.add(hours(24)) });
  const decision = decide(
    null,
    aReceive({
      report: aReport({ reportId: 'r1', receivedAt: startAt }),
      matters: [{ ...matter, set: { ...matter.set, ...set } }],
    }),
    { now: startAt, by: 'desk' },
  );
  if (isRefusal(decision)) throw new Error(decision.message);
  const after = replay(caseId, decision);
  if (after === null) throw new Error('a case that was opened is there');
  await desk.parts.cases.append(caseId, 0, decision, after, null);
}

/** From the append of an event to the answer of the board that the feed made a reader ask for. */
async function eventToScreen(desk: Desk, url: string, count: number): Promise<number[]> {
  const stop = new AbortController();
  const response = await fetch(`${url}/api/v1/events`, { signal: stop.signal });
  const reader = response.body!.pipeThrough(new TextDecoderStream()).getReader();
  let text = '';
  const measured: number[] = [];
  for (let n = 0; n < count; n++) {
    const caseId = `case-bench-event-${n}` as CaseId;
    const startedAt = performance.now();
    await open(desk, caseId, desk.time.now(), { setId: `set-event-${n}`, count: 1 });
    while (!text.includes(`"${caseId}"`)) {
      const { value, done } = await reader.read();
      if (done) throw new Error('the feed ended');
      text = (text + value).slice(-20_000);
    }
    await get(url, '/api/v1/board?limit=500');
    measured.push(performance.now() - startedAt);
  }
  stop.abort();
  return measured;
}

async function get(url: string, path: string): Promise<void> {
  const response = await fetch(url + path);
  const body = await response.text();
  if (!response.ok) throw new Error(`${path}: ${response.status} ${body.slice(0, 300)}`);
}

async function timed(act: () => Promise<unknown>): Promise<number> {
  const startedAt = performance.now();
  await act();
  return performance.now() - startedAt;
}

async function times(count: number, act: () => Promise<unknown>): Promise<number[]> {
  const all: number[] = [];
  for (let n = 0; n < count; n++) all.push(await timed(act));
  return all;
}

function percentiles(name: string, all: readonly number[]): Record<string, number> {
  const sorted = all.toSorted((a, b) => a - b);
  const at = (q: number) => Math.round(sorted[Math.min(sorted.length - 1, Math.floor(q * sorted.length))] ?? 0);
  return { [`${name}P50Ms`]: at(0.5), [`${name}P99Ms`]: at(0.99) };
}
