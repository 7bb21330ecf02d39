/** `rescind serve`: the desk on the real clock, in one process, until it is told to stop. */
import { randomBytes } from 'node:crypto';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Log } from '../app/ports.ts';
import { Fault } from '../foundation/fault.ts';
import { seconds, type Time } from '../foundation/time/time.ts';
import { type LabCa, labCaApp, listen, openLabCa } from '../lab-ca/index.ts';
import { migrations as labCaMigrations, PostgresStorage } from '../lab-ca/postgres.ts';
import { deadMansSwitch } from '../platform/jobs/watchdog.ts';
import { connect, type Database } from '../platform/store/connect.ts';
import { migrate } from '../platform/store/migrate.ts';
import type { Listening } from '../stages/intake/channel.ts';
import { type ChannelKindName, openChannel } from '../stages/intake/channels/index.ts';
import { recordOf } from '../stages/inventory/index.ts';
import type { Messenger } from '../stages/outreach/messenger.ts';
import { smtpMessenger } from '../stages/outreach/messengers/index.ts';
import type { RevocationConnector } from '../stages/revocation/connector.ts';
import { connectorDefinitions } from '../stages/revocation/connectors/index.ts';
import { doorPath } from './channels.ts';
import type { Config } from './config.ts';
import { ensureConsole } from './console-build.ts';
import { folderMessenger } from './letters-folder.ts';
import { nightWatch } from './night-watch.ts';
import { dutyOf, openPaging, type Paging } from './paging.ts';
import { linkSecret } from './port/links.ts';
import { issuersOf } from './scenario/run.ts';
import { postgresPages } from './watch-store.ts';
import { serveWeb } from './web.ts';
import { type Desk, migrateAll, openDesk } from './wiring.ts';

const pumpEvery = seconds(1);
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
    await mkdir(config.dataFolder, { recursive: true });
    const database = await connect({
      dataFolder: config.dataFolder,
      log,
      ...(config.databaseUrl === null ? {} : { databaseUrl: config.databaseUrl }),
    });
    closing.push(() => database.stop());
    const lab = config.ca.connector === 'lab' && config.labCa.enabled ? await openLab(config, time, database) : null;
    if (lab !== null) closing.push(() => lab.close());
    const messenger = messengerOf(config);
    const paging = openPaging({
      duty: await dutyOf(config, messenger, time),
      pages: postgresPages(database.pool),
      log,
      secret: await linkSecret(config.dataFolder),
      origin: config.http.publicUrl,
    });
    const desk = await openDesk({
      config,
      time,
      log,
      pool: database.pool,
      connector: await openConnector(config, time, lab),
      issuers: (hash) => lab?.issuers(hash) ?? null,
      messenger,
      pager: paging,
    });
    closing.push(() => desk.close());
    lab?.connectTo(desk);
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
    for (const { kind, address } of desk.listening) say(`Listening: ${kind} ${address}`);
    say('Ready. Ctrl-C stops the desk; nothing is lost.');
    await Promise.all(has('worker') ? [work(desk, config, signal), watch(desk, paging, signal)] : [until(signal)]);
  } finally {
    for (const close of closing.reverse())
      await close().catch((error: unknown) => log.warn({ error: String(error) }, 'Something did not close cleanly.'));
  }
}

/** Reads, plans and performs, for ever. Losing the database stops nothing but progress. */
async function work(desk: Desk, config: Config, signal: AbortSignal): Promise<void> {
  const ping = config.watchdog.pingUrl === null ? null : deadMansSwitch(config.watchdog.pingUrl, desk.log);
  const sweeping = desk.wake.start(desk.time, signal);
  const stopListening = await desk.ledger.onRecorded(() => desk.wake.nudge());
  while (!signal.aborted) {
    try {
      await desk.runDue();
      ping?.();
      await desk.time.waitUntil(desk.time.now().add(pumpEvery), signal);
    } catch (error) {
      const code = error instanceof Fault ? error.code : 'bug';
      desk.log.error(
        { code, error: error instanceof Error ? error.message : 'unknown' },
        'Work stopped for a moment and goes on.',
      );
      await desk.time.waitUntil(desk.time.now().add(outagePause), signal);
    }
  }
  await stopListening();
  await sweeping;
}

/** Pages that are owed and causes that nobody has seen yet; by itself, so that slow reading never silences it. */
async function watch(desk: Desk, paging: Paging, signal: AbortSignal): Promise<void> {
  const watching = nightWatch({
    desk,
    troubles: desk.troubles,
    alarm: paging.alarm,
    more: async (now) => {
      await paging.round(desk.parts, now);
      return [];
    },
  });
  await watching.start(signal);
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

interface Lab {
  readonly url: string;
  readonly tokenFile: string;
  readonly issuers: (hash: string) => Uint8Array | null;
  connectTo(desk: Desk): void;
  close(): Promise<void>;
}

/** The lab CA, in this process but reached over HTTP like any CA; what it issues is in the inventory at once. */
async function openLab(config: Config, time: Time, database: Database): Promise<Lab> {
  await migrateAll(database.pool, time.now());
  await migrate(database.pool, [{ room: 'lab-ca', migrations: labCaMigrations }], time.now());
  const folder = join(config.dataFolder, 'lab-ca');
  const tokenFile = await secretFile(folder, 'api-token');
  const passphrase = await readFile(await secretFile(folder, 'key-passphrase'), 'utf8');
  let desk: Desk | null = null;
  const storage = new (class extends PostgresStorage {
    override async addCertificates(batch: Parameters<PostgresStorage['addCertificates']>[0]): Promise<void> {
      await super.addCertificates(batch);
      if (desk === null) return;
      await desk.inventory.add(batch.map((c) => recordOf(c.der, { subscriber: c.subscriber })));
      const mails = batch.flatMap((c) => (c.subscriber?.includes('@') === true ? [c.subscriber.toLowerCase()] : []));
      await desk.parts.directory.put(
        [...new Set(mails)].map((mail) => ({
          subscriber: mail,
          name: mail,
          addresses: [mail],
          phone: null,
          language: 'en',
        })),
      );
      await desk.renewal.learn();
    }
  })(database.pool);
  let ca: LabCa | null = null;
  let app: ReturnType<typeof labCaApp> | null = null;
  const http = await listen(async (request) => app?.fetch(request) ?? new Response(null, { status: 503 }), {
    port: config.labCa.port,
  }).catch((error: NodeJS.ErrnoException) => {
    throw error.code === 'EADDRINUSE'
      ? new Fault(
          'port_in_use',
          `Port ${config.labCa.port} of the lab CA is in use. Set labCa.port in the configuration.`,
          { cause: error },
        )
      : error;
  });
  const url = `http://127.0.0.1:${http.port}`;
  ca = await openLabCa({
    storage,
    time,
    baseUrl: url,
    keyPassphrase: passphrase,
    token: await readFile(tokenFile, 'utf8'),
  });
  await ca.found();
  app = labCaApp(ca);
  const issuers = issuersOf(ca);
  return {
    url,
    tokenFile,
    issuers,
    connectTo: (opened) => {
      desk = opened;
    },
    close: () => http.close(),
  };
}

async function secretFile(folder: string, name: string): Promise<string> {
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const file = join(folder, name);
  // Made once: an existing secret stays.
  await writeFile(file, randomBytes(24).toString('base64url'), { mode: 0o600, flag: 'wx' }).catch(
    (error: NodeJS.ErrnoException) => {
      if (error.code !== 'EEXIST') throw error;
    },
  );
  return file;
}

async function openConnector(config: Config, time: Time, lab: Lab | null): Promise<RevocationConnector> {
  const definition = connectorDefinitions.find((d) => d.name === config.ca.connector);
  if (definition === undefined) {
    throw new Fault(
      'connector_unknown',
      `There is no connector "${config.ca.connector}". Known: ${connectorDefinitions.map((d) => d.name).join(', ')}.`,
    );
  }
  const settings = lab === null ? config.ca.settings : { url: lab.url, token: { file: lab.tokenFile } };
  const parsed = definition.settings.safeParse(settings);
  if (!parsed.success) {
    const [issue] = parsed.error.issues;
    throw new Fault(
      'config_invalid',
      `ca.settings${issue === undefined ? '' : `.${issue.path.join('.')}: ${issue.message}`}`,
    );
  }
  return definition.open(parsed.data, { time });
}

function messengerOf(config: Config): Messenger {
  const address = (/<([^<>]+)>/.exec(config.mail.from)?.[1] ?? config.mail.from).trim();
  const domain = address.split('@')[1] ?? 'localhost';
  const { relay } = config.mail;
  if (relay === null) return folderMessenger(join(config.dataFolder, 'letters'), domain);
  return smtpMessenger({
    host: relay.host,
    port: relay.port,
    secure: relay.secure,
    requireTls: false,
    user: null,
    password: null,
    from: { name: config.ca.owner, address },
    bounceAddress: address,
    messageIdDomain: domain,
    dkim: null,
    connectionsMax: 4,
  });
}
