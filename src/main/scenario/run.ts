/**
 * Replays one scenario on virtual time with everything else real: SMTP, PostgreSQL, the lab CA over HTTP, the reading
 * room, probes. Advance to the next thing that is due, let everything that is due happen, again; nothing is read of the
 * file but fixtures and fed events, and `expected` only when the result is finished.
 */
import { hash } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Log, Pager } from '../../app/ports.ts';
import type { CaseId } from '../../foundation/brand.ts';
import { keyHashes } from '../../foundation/pki/spki.ts';
import { parseCertificate } from '../../foundation/pki/x509.ts';
import { at, earliest, hasCome, hours, type Instant, isBefore, minutes } from '../../foundation/time/time.ts';
import { VirtualTime } from '../../foundation/time/virtual-time.ts';
import { type LabCa, labCaApp, listen, MemoryStorage, openLabCa } from '../../lab-ca/index.ts';
import { type TestDatabase, testDatabase } from '../../platform/store/testing.ts';
import { recordOf } from '../../stages/inventory/index.ts';
import { labConnector } from '../../stages/revocation/connectors/lab.ts';
import { receiveAcmeRevocation } from '../acme-door.ts';
import { defaultConfig } from '../config.ts';
import { type Desk, openDesk } from '../wiring.ts';
import { AcmeClient, bindingKey } from './acme.ts';
import { type CheckResult, check } from './checks.ts';
import { Doors, type Item } from './deliver.ts';
import { Faults } from './faults.ts';
import { controlAddress, type MailHosts, mailHosts } from './mail-hosts.ts';
import { isRefusedOrder } from './orders.ts';
import { resultOf, type ScenarioResult } from './result.ts';
import type { Scenario } from './schema.ts';
import { staffAct, staffReactsAfter, visit } from './staff.ts';
import { streamItems } from './streams.ts';
import { simulatedWeb } from './web.ts';
import { World } from './world.ts';

/** Virtual time after the last event at which a replay ends at the latest (SCHEMA.md). */
const longest = hours(24 * 30);
/** A replay that does not come to rest is a bug in the desk, not a long story. */
const stepsMax = 200_000;

export interface Replay {
  readonly desk: Desk;
  readonly world: World;
  /** What really happened at the CA, to be compared with what it answered. */
  readonly ca: Pick<LabCa, 'revocations'>;
  readonly time: VirtualTime;
  readonly mail: MailHosts;
  readonly items: readonly Item[];
  readonly doors: Doors;
  readonly faults: Faults;
  /** When the person on call was first paged for each case. */
  readonly pagedAt: ReadonlyMap<CaseId, Instant>;
  readonly alarmAt: Instant | null;
  /** Items that were not fed because their condition did not hold. */
  readonly skipped: ReadonlySet<string>;
}

export interface RunOptions {
  readonly log: Log;
  /** Told of every step, for a readable timeline. */
  readonly progress?: (now: Instant, what: string) => void;
  /** Called with the finished replay before it is taken down (the demo keeps the console open). */
  readonly before?: (replay: Replay) => Promise<void>;
  /** Virtual time after the last event at which this replay ends even if duties are open; 30 days when left out. */
  readonly longest?: Temporal.Duration;
}

export type Outcome = ScenarioResult & { readonly checks: readonly CheckResult[] };

export async function runScenario(scenario: Scenario, options: RunOptions): Promise<Outcome> {
  const folder = await mkdtemp(join(tmpdir(), 'rescind-replay-'));
  const database = await testDatabase();
  const closing: (() => Promise<unknown>)[] = [];
  try {
    const replay = await stage(scenario, options, folder, database, closing);
    await play(replay, options);
    await options.before?.(replay);
    const result = await resultOf(replay);
    return { ...result, checks: check(result, scenario.expected, replay) };
  } finally {
    for (const close of closing.reverse()) await close().catch(() => undefined);
    await database.drop();
    await rm(folder, { recursive: true, force: true });
  }
}

type Staged = Replay & {
  readonly pages: Map<CaseId, Instant>;
  readonly visits: Visit[];
  readonly acme: AcmeClient;
  /** Contact of the account whose request is under way. */
  readonly acmeContact: { of: string | null };
  alarmAt: Instant | null;
  skipped: Set<string>;
};
interface Visit {
  readonly at: Instant;
  readonly caseId: CaseId;
  readonly who: 'officer' | 'second';
}

async function stage(
  scenario: Scenario,
  options: RunOptions,
  folder: string,
  database: TestDatabase,
  closing: (() => Promise<unknown>)[],
): Promise<Staged> {
  const first = scenario.events[0];
  const time = new VirtualTime(first === undefined ? at('2024-01-01T00:00:00Z') : at(first.at).subtract(minutes(5)));
  const token = 'replay';
  const tokenFile = join(folder, 'ca-token');
  await writeFile(tokenFile, token, { mode: 0o600 });
  let app: { fetch(request: Request): Response | Promise<Response> } | null = null;
  const http = await listen(
    async (request) => (app === null ? new Response(null, { status: 503 }) : app.fetch(request)),
    { port: 0 },
  );
  closing.push(() => http.close());
  const baseUrl = `http://127.0.0.1:${http.port}`;
  const ca = await openLabCa({ storage: new MemoryStorage(), time, baseUrl, keyPassphrase: 'replay', token });
  const acmeContact: { of: string | null } = { of: null };
  let opened: Desk | null = null;
  app = labCaApp(ca, {
    acme: {
      url: `${baseUrl}/acme`,
      // Whoever asks for a name in a replay controls it: the file says who may ask (`authorisedFor`).
      world: null,
      externalAccounts: { required: false, macKey: () => bindingKey },
      async onRevocation({ certificate, by, reason }) {
        if (opened !== null) await receiveAcmeRevocation(opened, { certificate, by, reason, contact: acmeContact.of });
      },
    },
  });
  const world = await World.build(scenario, ca);

  const mail = await mailHosts();
  closing.push(() => mail.close());
  const pages = new Map<CaseId, Instant>();
  const visits: Visit[] = [];
  const alarm = { at: null as Instant | null };
  const faults = new Faults(ca, time);
  const pager: Pager = {
    async page({ caseId, step }, now) {
      const outcome = faults.paging(now);
      if (outcome === 'taken') await reached({ caseId, step }, now);
      return outcome !== 'refused';
    },
  };
  /** The other way, mail to the people on call: it does not hang on the pager. */
  const secondPager: Pager = {
    async page({ caseId, step }, now) {
      await reached({ caseId, step }, now);
      return true;
    },
  };
  const reached = async ({ caseId, step }: { caseId: CaseId; step: string }, now: Instant): Promise<void> => {
    if (step.startsWith('alarm-')) {
      alarm.at ??= now;
      await faults.alarmed(step.slice('alarm-'.length), now);
    }
    if (!pages.has(caseId)) pages.set(caseId, now);
    visits.push({ at: now.add(staffReactsAfter), caseId, who: 'officer' });
  };
  const connector = await labConnector.open({ url: baseUrl, token: { file: tokenFile } }, { time });
  const config = defaultConfig();
  const desk = await openDesk({
    config: { ...config, dataFolder: folder, mail: { ...config.mail, controlAddress } },
    time,
    log: options.log,
    pool: database.pool,
    connector,
    issuers: issuersOf(ca),
    messenger: faults.throttled(mail.messenger),
    pager,
    secondPager,
    reading: (ledger) => faults.reading(ledger),
    fetcher: simulatedWeb(world, time),
  });
  closing.push(() => desk.close());
  opened = desk;
  await fill(desk, world);
  await enlist(desk, world, time);
  const doors = await Doors.open(desk, world, join(folder, 'mailboxes'));
  closing.push(() => doors.close());
  const items = scenario.events.flatMap((event) => streamItems(world, event));
  const replay: Staged = {
    ...{ desk, world, ca, time, mail, items, doors, faults, pages, visits, acmeContact },
    acme: new AcmeClient(`${baseUrl}/acme`),
    pagedAt: pages,
    skipped: new Set<string>(),
    get alarmAt() {
      return alarm.at;
    },
  } as Staged;
  return replay;
}

/** The SHA-256 of an issuer's name to its certificate, as an operator would configure it. */
export function issuersOf(ca: {
  issuerCertificate(id: 'tls' | 'smime' | 'code-signing'): Uint8Array | null;
}): (issuerHash: string) => Uint8Array | null {
  const known = new Map<string, Uint8Array>();
  return (issuerHash) => {
    if (!known.has(issuerHash)) {
      for (const id of ['tls', 'smime', 'code-signing'] as const) {
        const der = ca.issuerCertificate(id);
        if (der !== null) known.set(hashOf(parseCertificate(der).subjectDer), der);
      }
    }
    return known.get(issuerHash) ?? null;
  };
}

function hashOf(bytes: Uint8Array): string {
  return hash('sha256', bytes, 'hex');
}

/** The inventory and the directory, as they were before anything happened. */
async function fill(desk: Desk, world: World): Promise<void> {
  const all = [...world.certificates.values(), ...[...world.populations.values()].flatMap((p) => p.members)];
  for (let i = 0; i < all.length; i += 10_000) {
    await desk.inventory.add(all.slice(i, i + 10_000).map((c) => recordOf(c.der, { subscriber: c.subscriber })));
  }
  const subscribers = [...new Set(all.map((c) => c.subscriber))].filter((s) => s !== '');
  await desk.parts.directory.put(
    subscribers.map((subscriber) => ({
      subscriber,
      name: subscriber,
      addresses: [`${subscriber.toLowerCase()}@subscriber.example`],
      phone: '+000000000',
      language: 'en',
    })),
  );
  await desk.renewal.load();
}

/** Weak keys that only a list knows, entered before the start (SCHEMA.md, weak-key `blocklisted`). */
async function enlist(desk: Desk, world: World, time: VirtualTime): Promise<void> {
  await desk.blocked.noteEnrolled(world.enrolments, time.now());
  for (const { list, spki } of world.blocklisted)
    await desk.blocked.enlist(list, [keyHashes(spki).canonical], list, time.now());
  if (world.blocklisted.length > 0) await desk.lists.refresh();
}

async function play(replay: Staged, options: RunOptions): Promise<void> {
  const { desk, time, items, visits } = replay;
  const acts: { at: Instant; item: Item }[] = [];
  const last = items.at(-1)?.at ?? time.now();
  const until = last.add(options.longest ?? longest);
  let next = 0;
  for (let step = 0; step < stepsMax; step++) {
    const candidates = [
      items[next]?.at,
      ...visits.map((v) => v.at),
      ...acts.map((a) => a.at),
      replay.faults.nextAt(),
      replay.doors.nextReleaseAt(),
      await desk.nextDueAt(),
    ];
    const waiting = candidates.filter((c): c is Instant => c != null);
    const [soonest, ...others] = waiting;
    if (soonest === undefined) return;
    const to = earliest(soonest, ...others);
    if (isBefore(until, to)) return;
    time.advanceTo(to);
    await replay.faults.runDue();
    await replay.doors.release(time.now());
    for (let item = items[next]; item !== undefined && hasCome(item.at, time.now()); item = items[next]) {
      next++;
      await feed(replay, item, acts, options);
    }
    await happen(replay, acts);
  }
  throw new Error('the replay does not come to rest');
}

/** Everything that is due at this instant: the desk, then people, then the desk again. */
async function happen(replay: Staged, acts: { at: Instant; item: Item }[]): Promise<void> {
  const { desk, time, visits } = replay;
  const parts = {
    desk,
    world: replay.world,
    itemOf: (reportId: string) => itemOf(replay, reportId),
    comeBack: (caseId: CaseId, when: Instant, who: 'officer' | 'second') => visits.push({ at: when, caseId, who }),
  };
  await runDesk(replay);
  for (
    let i = visits.findIndex((v) => hasCome(v.at, time.now()));
    i >= 0;
    i = visits.findIndex((v) => hasCome(v.at, time.now()))
  ) {
    const [due] = visits.splice(i, 1);
    if (due !== undefined) await visit(parts, due.caseId, due.who);
    await runDesk(replay);
  }
  for (
    let i = acts.findIndex((a) => hasCome(a.at, time.now()));
    i >= 0;
    i = acts.findIndex((a) => hasCome(a.at, time.now()))
  ) {
    const [due] = acts.splice(i, 1);
    if (due !== undefined) await staffAct(parts, due.item);
    await runDesk(replay);
  }
}

/** The desk, and the control letters that its own mail brings back to it. */
async function runDesk({ desk, mail }: Staged): Promise<void> {
  for (;;) {
    await desk.runDue();
    const controls = mail.takeControls();
    if (controls.length === 0) return;
    for (const bytes of controls) {
      await desk.receive(bytes, {
        channel: 'smtp',
        source: 'control',
        sourceKey: null,
        sightedAs: null,
        folder: null,
        mailbox: controlAddress,
        envelopeFrom: '',
        envelopeTo: [controlAddress],
        markSource: 'own-acceptance',
        detail: 'Our own mail server',
      });
    }
  }
}

async function feed(
  replay: Staged,
  item: Item,
  acts: { at: Instant; item: Item }[],
  options: RunOptions,
): Promise<void> {
  if (!(await replay.faults.holds(item, replay))) {
    replay.skipped.add(item.name);
    return;
  }
  options.progress?.(replay.time.now(), `${item.channel}: ${item.text.split('\n')[0]?.slice(0, 100) ?? ''}`);
  if (item.channel === 'ca-system') return replay.faults.begin(item);
  if (item.channel === 'mail-gateway') return replay.faults.gatewayLine(item, replay);
  if (item.channel === 'acme') return byAcme(replay, item, options);
  if (item.data.asksFor === 'issue' && (await isRefusedOrder(replay.desk, replay.world, item))) {
    options.progress?.(replay.time.now(), 'order refused: its key is blocked');
    replay.skipped.add(item.name);
    return;
  }
  await replay.doors.deliver(item);
  if (item.data.staff !== undefined) acts.push({ at: item.at.add(minutes(item.data.staff.afterMinutes)), item });
}

/** revokeCert at the CA's ACME server, as the sender of the event would ask for it. */
async function byAcme(replay: Staged, item: Item, options: RunOptions): Promise<void> {
  const { acme, from = '' } = item.data;
  if (acme === undefined) throw new Error(`event ${item.name}: an ACME request needs data.acme`);
  const { world } = replay;
  const reason = acme.reason ?? null;
  replay.acmeContact.of = from.includes('@') ? from : null;
  for (const certificate of world.select(acme.certificate)) {
    const known = new Set((await replay.desk.ledger.list({ limit: 10_000 })).map((r) => r.id));
    const own = from === `${certificate.subscriber.toLowerCase()}@subscriber.example`;
    const answer =
      acme.signedBy === 'certificate-key'
        ? await replay.acme.revokeWithKey(world.key(certificate.key).private, certificate.der, reason)
        : await replay.acme.revokeAsAccount({
            contact: from.includes('@') ? from : 'nobody@sender.example',
            subscriber: own ? certificate.subscriber : null,
            names: own ? [] : authorisedNames(world, acme.authorisedFor),
            certificate: certificate.der,
            reason,
          });
    if (!answer.accepted) options.progress?.(replay.time.now(), `acme refused: ${answer.detail}`);
    const fresh = (await replay.desk.ledger.list({ limit: 10_000 })).find((r) => !known.has(r.id));
    if (fresh !== undefined) replay.doors.note(item.name, fresh.id);
  }
}

/** `authorisedFor`: names, or refs of certificates whose names are meant. */
function authorisedNames(world: World, authorisedFor: unknown): readonly string[] {
  const list = Array.isArray(authorisedFor) ? authorisedFor : authorisedFor == null ? [] : [authorisedFor];
  return list
    .filter((one): one is string => typeof one === 'string')
    .flatMap((one) => (world.has(one) ? world.select(one).flatMap((c) => c.names) : [world.fill(one)]));
}

export function itemOf(replay: Pick<Replay, 'doors' | 'items'>, reportId: string): Item | null {
  const name = replay.doors.nameOf(reportId);
  return replay.items.find((i) => i.name === name) ?? null;
}
