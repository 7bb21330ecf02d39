/**
 * The only place that picks adapters. `serve`, `demo` and `scenario run` open the same desk; they differ in what time
 * it is, where letters go and which web there is, never in what the desk does.
 */
import { randomUUID } from 'node:crypto';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { Pool } from 'pg';
import { migrations as accessMigrations } from '../api/access/postgres.ts';
import { migrations as uploadMigrations } from '../api/uploads/store.ts';
import { advanceCase } from '../app/advance-case.ts';
import type { Issuers } from '../app/ca-parts.ts';
import { looker, revoker } from '../app/ca-parts.ts';
import { loadCase } from '../app/change-case.ts';
import { deskPolicy } from '../app/desk-policy.ts';
import { type PumpParts, pumpIntake } from '../app/intake-pump.ts';
import { noteGatewayLine } from '../app/note-gateway.ts';
import { contactSubscribers } from '../app/perform/letters.ts';
import type { PerformParts } from '../app/perform/perform.ts';
import type { CoreParts, Fetcher, Log, Pager, Room, WeakKeys } from '../app/ports.ts';
import { caseFile, certificateSets } from '../app/store-parts.ts';
import { unlockEarlier } from '../app/unlock-earlier.ts';
import { Watch } from '../app/watch.ts';
import { adoptionMigrations } from '../assurance/adoption/index.ts';
import { matterOf } from '../desk/case.ts';
import type { Reason } from '../desk/facts.ts';
import { policyOf } from '../desk/policy/cps-overlay.ts';
import type { CaseId, Fingerprint } from '../foundation/brand.ts';
import { Fault } from '../foundation/fault.ts';
import type { Message } from '../foundation/mail/message.ts';
import { earliest, hasCome, type Instant, type Time } from '../foundation/time/time.ts';
import { type WakeUps, wakeUps } from '../platform/jobs/wake-ups.ts';
import { postgresAffected } from '../platform/store/affected.ts';
import { migrate } from '../platform/store/migrate.ts';
import { storeMigrations } from '../platform/store/migrations.ts';
import { postgresStore } from '../platform/store/postgres.ts';
import { postgresReadings, type Readings, readingMigrations } from '../platform/store/readings.ts';
import type { Store } from '../platform/store/store.ts';
import {
  type BlockedKeyStore,
  migrations as evidenceMigrations,
  postgresBlockedKeys,
} from '../stages/evidence/blocked-keys/postgres.ts';
import { passphrasesIn } from '../stages/evidence/room/passphrases.ts';
import { modulusMigrations, postgresModulusBlocks } from '../stages/evidence/weak/modulus-blocks.ts';
import type { ChannelContext, Listening } from '../stages/intake/channel.ts';
import type { GatewayEvent } from '../stages/intake/gateway-log.ts';
import type { SealingIdentities } from '../stages/intake/identities.ts';
import { fileSealingIdentities } from '../stages/intake/identities-file.ts';
import type { Ledger } from '../stages/intake/ledger.ts';
import { migrations as intakeMigrations, postgresLedger } from '../stages/intake/postgres.ts';
import { postgresGatewayBook } from '../stages/intake/postgres-gateway.ts';
import { type ReceiveReport, receiveReport } from '../stages/intake/receive-report.ts';
import { replyAddress } from '../stages/intake/threads.ts';
import { type BulkFacts, postgresBulkFacts } from '../stages/inventory/bulk.ts';
import {
  type Inventory,
  migrations as inventoryMigrations,
  postgresInventory,
  subscriberTokenMigrations,
} from '../stages/inventory/index.ts';
import { directoryMigrations, postgresDirectory } from '../stages/outreach/directory/postgres.ts';
import { writeLetter } from '../stages/outreach/letters/write.ts';
import type { Messenger } from '../stages/outreach/messenger.ts';
import type { ContactLog } from '../stages/outreach/on-call/contact-log.ts';
import { contactLogMigrations, postgresContactLog } from '../stages/outreach/on-call/contact-log-postgres.ts';
import { outboxMigrations, postgresOutbox } from '../stages/outreach/outbox/postgres.ts';
import {
  defaultWindowPolicy,
  hookMigrations,
  postgresRenewalStore,
  postgresRenewNowHooks,
  RenewalInfo,
  type RenewalStore,
  type RenewNowHooks,
  migrations as renewalMigrations,
  type WindowPolicy,
} from '../stages/renewal-info/index.ts';
import type { RevocationConnector } from '../stages/revocation/connector.ts';
import type { Fetch } from '../stages/status/index.ts';
import { httpProbe, postgresNumbers, migrations as statusMigrations } from '../stages/status/index.ts';
import { approvalMigrations } from './approvals-store.ts';
import { automationMigrations } from './automation-changes.ts';
import { type Canaries, openCanaries } from './canaries.ts';
import type { Config } from './config.ts';
import { type HeldLists, holdLists, openRoom, reportedFetcher, weakKeyChecks } from './evidence-parts.ts';
import { finderOf } from './finder.ts';
import { ChannelTroubles } from './night-watch.ts';
import { openPolicyBook, type PolicyBook, policyMigrations } from './policy-book.ts';
import { type Links, linkSecret, signedLinks } from './port/links.ts';
import { readParts } from './reading-parts.ts';
import { tellHooks } from './renew-now-hooks.ts';
import { noteReplaced } from './replacements.ts';
import { type SharedPrimes, sharedPrimes } from './shared-primes.ts';
import { watchMigrations } from './watch-store.ts';
import { webhookMigrations } from './webhook-store.ts';

/** Messages that are opened at one time. The reading room has fewer children; the others ask the database meanwhile. */
const lanesMax = 24;

export interface DeskSeams {
  readonly config: Config;
  readonly time: Time;
  readonly log: Log;
  readonly pool: Pool;
  readonly connector: RevocationConnector;
  readonly issuers: Issuers;
  readonly messenger: Messenger;
  readonly pager: Pager;
  /** Another way to the people on call, for when the pager is broken. */
  readonly secondPager?: Pager;
  /** Whether a message is nothing but an answer to a page; asked before it is read as a report. */
  readonly answersPage?: (parts: CoreParts & { readonly time: Time }, message: Message) => Promise<boolean>;
  /** Stands between the ledger and its readers; a replay makes reading fail with it. */
  readonly reading?: (ledger: Ledger) => Ledger;
  /** How probes reach the CA's CRL and OCSP; the network when left out. */
  readonly fetch?: Fetch;
  /** How reported addresses are fetched; safely from the network when left out. */
  readonly fetcher?: Fetcher;
  /** A night watch looks after messages that nobody reads; where there is none, the desk's own rounds do. */
  readonly nightWatched?: boolean;
  /** Reading-room children kept ready; two when left out. */
  readonly roomSize?: number;
}

export interface Desk {
  readonly config: Config;
  readonly time: Time;
  readonly log: Log;
  readonly pool: Pool;
  readonly store: Store;
  readonly readings: Readings;
  readonly ledger: Ledger;
  readonly inventory: Inventory;
  readonly bulk: BulkFacts;
  readonly renewal: RenewalInfo;
  /** Where subscribers without ACME are told to renew. */
  readonly hooks: RenewNowHooks;
  /** These certificates have been replaced: their cases are told. Recorded with `renewal` already. */
  noteReplaced(seen: readonly { readonly fingerprint: Fingerprint }[]): Promise<void>;
  readonly parts: PumpParts & PerformParts;
  readonly receive: ReceiveReport;
  readonly channelContext: ChannelContext;
  readonly wake: WakeUps;
  readonly identities: SealingIdentities;
  readonly troubles: ChannelTroubles;
  /** Test reports through the published addresses. */
  readonly canaries: Canaries;
  /** What was tried to reach people, and what came of it. */
  readonly contacts: ContactLog;
  /** A line of the CA's own mail gateway: what it refused or held has arrived all the same. */
  noteGateway(line: GatewayEvent): Promise<void>;
  isBlocked(spkiSha256: string): Promise<boolean>;
  readonly blocked: BlockedKeyStore;
  /** Probes these certificates from outside at this moment and keeps what was read. */
  lookAtNow(fingerprints: readonly Fingerprint[], reason: Reason): Promise<void>;
  readonly lists: HeldLists;
  readonly primes: SharedPrimes;
  readonly policies: PolicyBook;
  /** What listens for this desk, for the screen that shows channel health. */
  readonly listening: { kind: string; address: string; accept?: NonNullable<Listening['accept']> }[];
  /** Reads what is unread, many messages at a time, and says how many they were. */
  readDue(): Promise<number>;
  /** Looks after what fails without a word. */
  lookAround(): Promise<void>;
  /** Reads what is unread and advances what is due, in order, until nothing is: for whoever owns time. */
  runDue(): Promise<void>;
  /** When something is due by itself; null when nothing waits. */
  nextDueAt(): Promise<Instant | null>;
  close(): Promise<void>;
}

/** Everything the rooms need in the database, in order. */
export async function migrateAll(pool: Pool, now: Instant): Promise<void> {
  await migrate(
    pool,
    [
      { room: 'store', migrations: storeMigrations },
      { room: 'intake', migrations: intakeMigrations },
      { room: 'inventory', migrations: inventoryMigrations },
      { room: 'renewal-info', migrations: renewalMigrations },
      { room: 'outreach', migrations: [...directoryMigrations, ...outboxMigrations, ...contactLogMigrations] },
      { room: 'evidence', migrations: [...evidenceMigrations, ...modulusMigrations] },
      { room: 'readings', migrations: readingMigrations },
      { room: 'access', migrations: accessMigrations },
      { room: 'status', migrations: statusMigrations },
      { room: 'watch', migrations: watchMigrations },
      { room: 'policy', migrations: policyMigrations },
      { room: 'webhooks', migrations: webhookMigrations },
      { room: 'automation', migrations: automationMigrations },
      { room: 'subscriber', migrations: subscriberTokenMigrations },
      { room: 'renew-now', migrations: hookMigrations },
      { room: 'approvals', migrations: approvalMigrations },
      { room: 'adoption', migrations: adoptionMigrations },
      { room: 'uploads', migrations: uploadMigrations },
    ],
    now,
  );
}

export async function openDesk(seams: DeskSeams): Promise<Desk> {
  const { config, time, log, pool } = seams;
  await migrateAll(pool, time.now());
  const policies = await openPolicyBook({ pool, time, ...configuredBook(config) });
  const store = postgresStore(pool);
  const affected = postgresAffected(pool);
  const readings = postgresReadings(pool);
  const inventory = postgresInventory(pool, time);
  const bulk = postgresBulkFacts(pool, time);
  const ledger = postgresLedger(pool);
  const finder = finderOf(inventory, bulk);
  const folder = join(config.dataFolder, 'sealing');
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const identities = fileSealingIdentities(folder);
  await identities.rotate(time.now());
  const receive = receiveReport({ ledger, keys: identities, time });
  const renewalStore = postgresRenewalStore(pool);
  const renewal = new RenewalInfo({
    store: renewalStore,
    source: inventory,
    time,
    policy: windowPolicyOf(config),
    onFault: (cause) => log.warn({ error: String(cause) }, 'Renewal information could not follow; it goes on.'),
    onReplaced: (seen) => {
      noteReplaced({ parts, store, pool, time }, seen).catch((error: unknown) =>
        log.error({ error: String(error) }, 'A replacement was seen and could not be recorded.'),
      );
    },
  });
  const numbers = await postgresNumbers(pool, time);
  const hooks = postgresRenewNowHooks(pool);
  const blocked = postgresBlockedKeys(pool);
  const lists = await holdLists(blocked);
  const room: Room & { close(): Promise<void> } = openRoom(identities, lists, seams.roomSize ?? 2, blocked);
  const primes = sharedPrimes({ inventory, blocks: postgresModulusBlocks(pool), log });
  const weakKeys: WeakKeys = weakKeyChecks(lists, primes);
  const troubles = new ChannelTroubles();
  const secret = await linkSecret(config.dataFolder);
  const canaries = openCanaries({
    ...{ pool, paths: config.canaries, messenger: seams.messenger },
    ...{ secret, from: addressOf(config.mail.from) },
  });
  const gatewayBook = postgresGatewayBook(pool);
  const outbox = postgresOutbox(pool);
  let nudge = (): void => {};
  // A name of its own for every process: a lease is given back by whoever has it, and by nobody else.
  const reader = `reader-${randomUUID()}`;

  const parts: PumpParts & PerformParts = {
    time,
    log,
    policy: deskPolicy(() => policies.policy),
    cases: caseFile(store),
    sets: certificateSets(store, affected),
    book: bulk,
    directory: postgresDirectory(pool),
    outbox,
    ledger: seams.reading?.(ledger) ?? ledger,
    readings,
    refutations: readings,
    room,
    finder,
    weakKeys,
    fetcher: seams.fetcher ?? reportedFetcher(),
    ...readParts({ config, outbox, gatewayBook, time, secret }),
    unlockEarlier: (caseId, message) => unlockEarlier({ ...parts, phrasesIn: passphrasesIn }, caseId, message),
    nudge: () => nudge(),
    messenger: seams.messenger,
    pager: seams.pager,
    secondPager: seams.secondPager ?? null,
    followLetters: (caseId, matterId, step, now) => watch.follow(caseId, matterId, step, now),
    async alarmPeople(caseId, component, because, now) {
      const page = { caseId, step: `alarm-${component}`, team: 'pki-team', because, dueAt: null } as const;
      if (!(await seams.pager.page(page, now))) await seams.secondPager?.page(page, now);
    },
    isControl: (message) => watch.came(message, time.now()),
    noteOurs: async (message, where) =>
      (await canaries.came(message, where, time.now())) || ((await seams.answersPage?.(parts, message)) ?? false),
    writeLetter,
    async inventoryReach() {
      const { rows, issuedCount, upTo } = await inventory.watermark();
      return { indexed: rows, issued: issuedCount, untilAt: upTo };
    },
    sender: { caOwner: config.ca.owner, replyAddress: addressOf(config.mail.from), phone: null },
    replyTo: (caseId, now) =>
      config.mail.signedReplies ? replyAddress(caseId, addressOf(config.mail.from), [secret], now) : null,
    mailDomain: addressOf(config.mail.from).split('@')[1] ?? 'localhost',
    links: linksOf(config, signedLinks(secret, time)),
    blocked,
    renewal: {
      async advise(caseId, matter, now) {
        // Inside the internal limit: a window that outlives the revocation would tell clients to wait for an outage.
        const cutOff = parts.policy.cutOffAt(matter);
        const endBy = hasCome(cutOff, now) ? now.add({ minutes: 5 }) : cutOff;
        const listId = matter.keys.length > 0 ? null : matter.set.setId;
        if (listId !== null) await prepareList(parts, renewalStore, listId);
        const window = await renewal.advise({
          id: matter.matterId,
          caseId,
          keys: matter.keys,
          listId,
          decidedAt: now,
          endBy,
          // Renewals of a long limit are spread, so that they do not stampede; 24 hours leave no room for that.
          pace: (matter.rule.limitSeconds ?? 0) > 86_400 ? 'spread' : 'at-once',
          explanationUrl:
            config.http.publicUrl === null ? null : `${config.http.publicUrl.replace(/\/$/, '')}/renewal/{certID}`,
        });
        await tellHooks({ parts, hooks }, matter, window, cutOff, now);
        return window.end;
      },
    },
    revoker: revoker({ connector: seams.connector, issuers: seams.issuers, bytesOf: finder.bytesOf }),
    looker: looker({
      probe: httpProbe({ time, numbers, ...(seams.fetch === undefined ? {} : { fetch: seams.fetch }) }),
      connector: seams.connector,
      book: bulk,
      issuers: seams.issuers,
      records: {
        async keep(observations, now) {
          await readings.keepProbes(
            observations.map(({ fingerprint, observation: o }) => ({
              fingerprint,
              at: now,
              crl: o.crl,
              ocsp: o.ocspNamed ? o.ocsp : 'not-named',
              reason: o.crlReason ?? o.ocspReason,
              record: JSON.parse(JSON.stringify({ ...o, evidence: observations.length > 1_000 ? [] : o.evidence })),
            })),
          );
          const revoked = observations.filter(({ observation }) => observation.published);
          await inventory.markStatus(
            revoked.map(({ fingerprint, observation }) => ({
              fingerprint,
              revoked: { at: observation.revokedAt ?? now, reason: reasonOf(observation.crlReason) },
            })),
          );
        },
      },
    }),
  };

  const watch = new Watch({
    ledger: seams.nightWatched === true ? null : ledger,
    heartbeats: store.heartbeats,
    pager: seams.pager,
    secondPager: seams.secondPager ?? null,
    messenger: seams.messenger,
    log,
    mailDomain: parts.mailDomain,
    controlAddress: config.mail.controlAddress,
    async resend(caseId, matterId, step) {
      const current = await loadCase(parts.cases, caseId);
      const matter = current === null ? undefined : matterOf(current, matterId);
      if (current === null || matter === undefined) return;
      const ground = { case: current, append: async () => current, now: time.now() };
      await contactSubscribers(parts, ground, matter, step, true).catch((error: unknown) => {
        if (!(error instanceof Fault)) throw error;
        log.warn({ caseId, code: error.code }, error.message);
      });
    },
  });

  const wake = wakeUps({
    cases: store.cases,
    heartbeats: store.heartbeats,
    advance: (caseId) => advanceCase(parts, caseId as CaseId),
    log,
    settings: { concurrency: 4 },
  });
  nudge = () => wake.nudge();

  const channelContext: ChannelContext = {
    receive,
    ledger,
    time,
    refused: (refusal) => {
      troubles.refused(refusal);
      log.warn({ ...refusal, at: refusal.at.toString() }, 'A message was turned away.');
    },
    trouble: (trouble) => {
      troubles.trouble(trouble);
      log.error({ source: trouble.source, code: trouble.code }, trouble.detail);
    },
  };

  return {
    ...{
      config,
      time,
      log,
      pool,
      store,
      readings,
      ledger,
      inventory,
      bulk,
      renewal,
      hooks,
      parts,
      receive,
      channelContext,
      wake,
      identities,
      troubles,
      canaries,
      contacts: postgresContactLog(pool),
      blocked,
      lists,
      primes,
      policies,
      listening: [],
    },
    readDue: () => pumpIntake(parts, { reader, lanes: lanesMax }),
    lookAround: () => watch.look(time.now()),
    async runDue() {
      await policies.follow();
      for (;;) {
        const read = await pumpIntake(parts, { reader: 'replay', lanes: 1 }).catch((error: unknown) => {
          // Cases go on while reading is broken: their deadlines run.
          if (!(error instanceof Fault) || error.code.startsWith('database_')) throw error;
          log.error({ code: error.code }, error.message);
          return 0;
        });
        const advanced = await wake.runDue(time.now());
        if (read === 0 && advanced === 0) return await watch.look(time.now());
      }
    },
    noteGateway: (line) => noteGatewayLine({ ...parts, gatewayBook }, line),
    noteReplaced: (seen) => noteReplaced({ parts, store, pool, time }, seen),
    isBlocked: (spkiSha256) => blocked.isBlocked(spkiSha256),
    async lookAtNow(fingerprints, reason) {
      const facts = await bulk.byFingerprints(fingerprints);
      const unset = {
        state: 'identified',
        notBefore: null,
        holdId: null,
        acceptedAt: null,
        publishedAt: null,
        problem: null,
      } as const;
      const rows = facts.map(({ fingerprint, serial, issuerHash, subscriber }) => ({
        fingerprint,
        serial,
        issuerHash,
        subscriber,
        ...unset,
      }));
      await parts.looker.look(rows, reason, time.now());
    },
    async nextDueAt() {
      const [wakeAt, lookAt] = [await store.cases.nextWakeAt(), watch.nextAt];
      return wakeAt === null || lookAt === null ? (wakeAt ?? lookAt) : earliest(wakeAt, lookAt);
    },
    async close() {
      primes.close();
      await numbers.saved().catch(() => undefined);
      await room.close();
      await seams.messenger.close();
      await seams.connector.close();
    },
  };
}

async function prepareList(parts: PumpParts & PerformParts, renewal: RenewalStore, listId: string): Promise<void> {
  for (let after: string | null = null; ; ) {
    const rows = await parts.sets.page(listId, after, 5_000);
    if (rows.length === 0) return;
    await renewal.prepare(
      listId,
      rows.map((r) => r.fingerprint),
    );
    after = rows.at(-1)?.fingerprint ?? null;
  }
}

function configuredBook(config: Config) {
  const { silenceHours, silenceSeconds, publishMarginHours, overlay: written } = config.policy;
  const silence = silenceSeconds ?? (silenceHours === undefined ? undefined : silenceHours * 3600);
  const document = `${config.ca.owner} CPS`;
  const overlay = {
    ...(silence === undefined ? {} : { silenceSeconds: Math.round(silence) }),
    ...(publishMarginHours === undefined ? {} : { publishMarginSeconds: Math.round(publishMarginHours * 3600) }),
    ...written,
  };
  const chosen = policyOf({ ...overlay, document, version: 'configured' });
  if (!chosen.ok) {
    const [first] = chosen.problems;
    throw new Fault('policy_refused', `The policy in the configuration is refused: ${first?.path}: ${first?.message}`);
  }
  return { document, configured: chosen.policy, overlay };
}

/** Boulder's windows, asked for as often as the operator wants. */
export function windowPolicyOf({ renewalInfo }: Pick<Config, 'renewalInfo'>): WindowPolicy {
  const { askAgainMinutes, askAgainUrgentMinutes } = renewalInfo;
  const minutes = (count: number) => Temporal.Duration.from({ seconds: Math.round(count * 60) });
  const retryAfter = { normal: minutes(askAgainMinutes), urgent: minutes(askAgainUrgentMinutes) };
  return { ...defaultWindowPolicy, retryAfter: { ...defaultWindowPolicy.retryAfter, ...retryAfter } };
}

function reasonOf(
  name: string | null,
): 'keyCompromise' | 'affiliationChanged' | 'superseded' | 'cessationOfOperation' | 'privilegeWithdrawn' | null {
  const known = [
    'keyCompromise',
    'affiliationChanged',
    'superseded',
    'cessationOfOperation',
    'privilegeWithdrawn',
  ] as const;
  return known.find((k) => k === name) ?? null;
}

function addressOf(from: string): string {
  return (/<([^<>]+)>/.exec(from)?.[1] ?? from).trim().toLowerCase();
}

/** What letters link to; nothing where the desk does not know how people outside reach it. */
function linksOf(config: Config, links: Links): PerformParts['links'] {
  const base = config.http.publicUrl?.replace(/\/+$/, '') ?? null;
  if (base === null) return { status: () => null, action: () => null, proof: null, guide: null };
  return {
    status: (caseId, reportId) => `${base}/status/${links.token({ kind: 'r', caseId, of: reportId })}`,
    action: (caseId, subscriber) => `${base}/subscriber/${links.token({ kind: 's', caseId, of: subscriber })}`,
    proof: `${base}/report`,
    guide: `${base}/guides/acme`,
  };
}
