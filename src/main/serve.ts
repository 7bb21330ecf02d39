/** `rescind serve`: the desk on the real clock, in one process, until it is told to stop. */
import { mkdir } from 'node:fs/promises';
import type { Log, Pager } from '../app/ports.ts';
import { Fault } from '../foundation/fault.ts';
import { seconds, type Time } from '../foundation/time/time.ts';
import { deadMansSwitch } from '../platform/jobs/watchdog.ts';
import { connect } from '../platform/store/connect.ts';
import type { Listening } from '../stages/intake/channel.ts';
import { type ChannelKindName, openChannel } from '../stages/intake/channels/index.ts';
import type { Messenger } from '../stages/outreach/messenger.ts';
import { postgresContactLog } from '../stages/outreach/on-call/contact-log-postgres.ts';
import { watchAutomation } from './automation-changes.ts';
import { policiesOf } from './automation-policies.ts';
import { openCa, openConnector } from './ca-setup.ts';
import { doorPath } from './channels.ts';
import type { Config } from './config.ts';
import { ensureConsole } from './console-build.ts';
import { type Duty, dutyOf } from './duty.ts';
import { keepHouse } from './housekeeping-jobs.ts';
import { firstOf, issuersFrom } from './issuers.ts';
import { mailDomainOf, openMail } from './mail-relay.ts';
import { nightWatch } from './night-watch.ts';
import { noConnector } from './no-connector.ts';
import { answersPage } from './page-answers.ts';
import { openPaging, type Paging } from './paging.ts';
import { preparation } from './peace-time.ts';
import { houseLog } from './port/house-log.ts';
import { linkSecret } from './port/links.ts';
import { deliverRenewNow } from './renew-now-hooks.ts';
import { sweepAdvices } from './replacements.ts';
import { openLab } from './served-lab.ts';
import { watchServed } from './served-names.ts';
import { postgresPages } from './watch-store.ts';
import { serveWeb } from './web.ts';
import { postgresWebhooks } from './webhook-store.ts';
import { type WebhookSender, webhookSender } from './webhooks.ts';
import { type Desk, openDesk } from './wiring.ts';

/** A message is announced when it comes; this is for announcements that get lost. */
const readEvery = seconds(1);
const lookEvery = seconds(1);
/** Reading-room children of a worker. */
const roomSize = 2;
/** While the database is away the desk looks again this often; nothing is lost, senders keep what was not accepted. */
const outagePause = seconds(2);

export const roles = ['intake', 'worker', 'web', 'status'] as const;
export type Role = (typeof roles)[number];

export interface ServeOptions {
  readonly config: Config;
  readonly time: Time;
  readonly log: Log;
  readonly roles: readonly Role[];
  readonly signal: AbortSignal;
  readonly say: (line: string) => void;
}

export async function serve(options: ServeOptions): Promise<void> {
  const { config, time, log, signal, say } = options;
  const closing: (() => Promise<unknown>)[] = [];
  const has = (role: Role): boolean => options.roles.includes(role);
  try {
    // What faces the internet and only takes mail holds no credentials of the CA and asks it nothing.
    const asksCa = has('worker') || has('web') || has('status');
    const { certificates: issuers } = asksCa ? await openCa(config) : { certificates: [] };
    await mkdir(config.dataFolder, { recursive: true });
    const database = await connect({
      dataFolder: config.dataFolder,
      log,
      ...(config.databaseUrl === null ? {} : { databaseUrl: config.databaseUrl }),
    });
    closing.push(() => database.stop());
    const lab =
      asksCa && config.ca.connector === 'lab' && config.labCa.enabled
        ? await openLab(config, time, log, database.pool)
        : null;
    if (lab !== null) closing.push(() => lab.close());
    const messenger = await openMail(config);
    closing.push(() => messenger.close());
    const contacts = postgresContactLog(database.pool);
    const duty = await dutyOf(config, messenger, time);
    const paging = openPaging({
      duty,
      pages: postgresPages(database.pool),
      contacts,
      mailDomain: mailDomainOf(config.mail.from),
      log,
      secret: await linkSecret(config.dataFolder),
      origin: config.http.publicUrl,
    });
    const desk = await openDesk({
      config,
      time,
      log,
      pool: database.pool,
      connector: asksCa ? await openConnector(config, time, lab) : noConnector(),
      // Elsewhere a child is started when something has to be read after all.
      roomSize: has('worker') ? roomSize : 0,
      issuers: firstOf(...(lab === null ? [] : [lab.issuers]), issuersFrom(issuers)),
      messenger,
      pager: paging,
      answersPage: (parts, message) => answersPage(parts, { contacts, paging }, message),
      nightWatched: true,
      ...(config.pager.mailTo.length === 0 ? {} : { secondPager: mailPager(messenger, config.pager.mailTo) }),
    });
    closing.push(() => desk.close());
    await lab?.connectTo(desk);
    await desk.renewal.load();
    if (has('intake')) closing.push(...(await openChannels(desk, config)));
    if (has('web')) {
      await ensureConsole(say);
      const web = await serveWeb(desk, { host: config.http.host, port: config.http.port, virtualTime: false });
      closing.push(() => web.close());
      say(`Console and API: ${web.url}`);
      if (web.firstLink !== null) say(`First sign-in, works once: ${web.firstLink}`);
    }
    if (lab !== null) say(`Lab CA: ${lab.url} (API token in ${lab.tokenFile})`);
    for (const url of lab?.acmeDirectories ?? []) say(`ACME directory: ${url}`);
    for (const { kind, address } of desk.listening) say(`Listening: ${kind} ${address}`);
    say('Ready. Ctrl-C stops the desk; nothing is lost.');
    await Promise.all([
      has('worker') ? work(desk, config, signal) : until(signal),
      has('worker') ? watch(desk, paging, duty, signal) : null,
      // Counts polls wherever clients are answered, and follows what other nodes decide.
      has('worker') || has('web') ? desk.renewal.run(signal) : null,
      has('worker') ? sweepAdvices(desk, signal) : null,
      has('worker') ? (await pushChanges(desk)).run(signal) : null,
      has('worker') ? deliverRenewNow(desk, signal) : null,
      has('worker') ? sayAutomation(desk, signal) : null,
      has('worker') && config.renewalInfo.lookAtServed ? watchServed(desk, signal) : null,
      lab?.run(signal),
      has('worker') ? keepHouse({ desk, connection: database.connection }, signal) : null,
    ]);
  } finally {
    for (const close of closing.reverse())
      await close().catch((error: unknown) => log.warn({ error: String(error) }, 'Something did not close cleanly.'));
  }
}

/**
 * Reads, plans and performs, for ever. Reading goes on while letters are written and CAs are asked: a flood of cases must
 * not keep the next report waiting, nor a flood of mail a revocation. Losing the database stops nothing but progress.
 */
async function work(desk: Desk, config: Config, signal: AbortSignal): Promise<void> {
  const ping = config.watchdog.pingUrl === null ? null : deadMansSwitch(config.watchdog.pingUrl, desk.log);
  const sweeping = desk.wake.start(desk.time, signal);
  const arrived = bell();
  const stopListening = await desk.ledger.onRecorded(() => arrived.ring());
  await Promise.all([
    goingOn(desk, signal, async () => {
      const rung = arrived.next();
      await desk.readDue();
      await desk.time.waitUntil(desk.time.now().add(readEvery), AbortSignal.any([signal, rung]));
    }),
    goingOn(desk, signal, async () => {
      await desk.lookAround();
      ping?.();
      await desk.time.waitUntil(desk.time.now().add(lookEvery), signal);
    }),
  ]);
  await stopListening();
  await sweeping;
}

/** Aborted by the next ring: what rings while somebody is busy is heard as soon as they listen. */
function bell(): { ring(): void; next(): AbortSignal } {
  let current = new AbortController();
  return {
    ring: () => current.abort(),
    next: () => {
      current = new AbortController();
      return current.signal;
    },
  };
}

async function goingOn(desk: Desk, signal: AbortSignal, round: () => Promise<void>): Promise<void> {
  while (!signal.aborted) {
    try {
      await round();
    } catch (error) {
      const code = error instanceof Fault ? error.code : 'bug';
      desk.log.error(
        { code, error: error instanceof Error ? error.message : 'unknown' },
        'Work stopped for a moment and goes on.',
      );
      await desk.time.waitUntil(desk.time.now().add(outagePause), signal);
    }
  }
}

/** Pages that are owed and causes that nobody has seen yet; by itself, so that slow reading never silences it. */
async function watch(desk: Desk, paging: Paging, duty: Duty | null, signal: AbortSignal): Promise<void> {
  const preparing = preparation(desk, { duty, paging });
  const watching = nightWatch({
    desk,
    troubles: desk.troubles,
    alarm: paging.alarm,
    more: async (now) => {
      await paging.round(desk.parts, now);
      return [...(await desk.canaries.round(now)), ...(await preparing(now))];
    },
  });
  await watching.start(signal);
}

async function pushChanges(desk: Desk): Promise<WebhookSender> {
  return webhookSender({
    webhooks: postgresWebhooks(desk.pool),
    store: desk.store,
    time: desk.time,
    secret: await linkSecret(desk.config.dataFolder),
    onFault: (error) => desk.log.warn({ error: String(error) }, 'Webhooks could not be sent; they go on.'),
  });
}

function sayAutomation(desk: Desk, signal: AbortSignal): Promise<void> {
  const { pool, time, config, store, log } = desk;
  const policies = policiesOf(config.labCa.automation);
  const onFault = (error: unknown) => log.warn({ error: String(error) }, 'Automation policies were not compared.');
  return watchAutomation({ pool, time, policies, record: houseLog(store, time), onFault }, signal);
}

async function until(signal: AbortSignal): Promise<void> {
  if (signal.aborted) return;
  await new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve()));
}

async function openChannels(desk: Desk, config: Config): Promise<(() => Promise<unknown>)[]> {
  const wanted: { kind: ChannelKindName; source: string; settings: unknown }[] = [
    {
      kind: 'smtp',
      source: 'smtp',
      settings: {
        host: config.smtp.host,
        port: config.smtp.port,
        bytesMax: config.smtp.bytesMax,
        name: config.intake.trustedHosts[0] ?? 'mx.ca.example',
      },
    },
  ];
  if (config.smtp.lmtpPort !== null)
    wanted.push({
      kind: 'smtp',
      source: 'lmtp',
      settings: { protocol: 'lmtp', host: config.smtp.host, port: config.smtp.lmtpPort },
    });
  for (const folder of config.intake.folders)
    wanted.push({ kind: 'mbox', source: folder, settings: { paths: [folder] } });
  wanted.push(...config.channels);
  const open: Listening[] = [];
  for (const { kind, source, settings } of wanted) {
    const opened = openChannel(kind, source, settings);
    if (!opened.ok)
      throw new Fault('config_invalid', `Channel ${source}: ${opened.problems.map((p) => p.message).join('; ')}`);
    const listening = await opened.channel.listen(desk.channelContext).catch((error: NodeJS.ErrnoException) => {
      if (error.code !== 'EADDRINUSE') throw error;
      throw new Fault(
        'port_in_use',
        `The port of ${source} is in use. Stop what listens there, or set another in the configuration.`,
        { cause: error },
      );
    });
    open.push(listening);
    for (const address of listening.addresses) desk.listening.push({ kind, address });
    const { accept } = listening;
    if (accept !== undefined) desk.listening.push({ kind, address: doorPath(source), accept });
  }
  return open.map((listening) => () => listening.close());
}

/** The other way to the people on call: mail to each of them. */
function mailPager(messenger: Messenger, people: readonly string[]): Pager {
  return {
    async page({ caseId, step, team, because, dueAt }) {
      const outcomes = await messenger.send(
        people.map((to) => ({
          letterId: `${caseId}/page/${step}/${to}`,
          to,
          subject: `${team}: ${because}`,
          text: `${because}\nCase ${caseId}${dueAt === null ? '' : `\nDue ${dueAt.toString()}`}`,
          html: null,
          language: 'en',
          automatic: 'auto-generated',
          inReplyTo: null,
          references: [],
        })),
      );
      return outcomes.some((o) => o.outcome === 'accepted');
    },
  };
}
