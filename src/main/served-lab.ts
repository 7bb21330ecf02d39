/**
 * The lab CA beside a served desk: in this process, but reached over HTTP like any CA. What it issues is in the inventory
 * at once, what its ACME server is asked to revoke is a receipt of the desk, and no key that the desk has blocked gets a
 * certificate. So a laptop has a whole CA to try the desk on.
 */
import { randomBytes } from 'node:crypto';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Hono } from 'hono';
import type { Pool } from 'pg';
import type { Log } from '../app/ports.ts';
import { Fault } from '../foundation/fault.ts';
import { hasCome, type Instant, seconds, type Time } from '../foundation/time/time.ts';
import { type LabCa, labCaApp, listen, networkWorld, openLabCa } from '../lab-ca/index.ts';
import { migrations as labCaMigrations, PostgresStorage } from '../lab-ca/postgres.ts';
import { migrate } from '../platform/store/migrate.ts';
import { postgresBlockedKeys } from '../stages/evidence/index.ts';
import { recordOf } from '../stages/inventory/index.ts';
import { decodeCertId, directoryEntry, renewalInfoPath, renewalInfoRoutes } from '../stages/renewal-info/index.ts';
import { receiveAcmeRevocation } from './acme-door.ts';
import { automationPolicy, policiesOf } from './automation-policies.ts';
import type { Config } from './config.ts';
import { issuersOf } from './scenario/run.ts';
import { type Desk, migrateAll } from './wiring.ts';

export interface ServedLab {
  readonly url: string;
  readonly tokenFile: string;
  readonly acmeDirectories: readonly string[];
  readonly issuers: (hash: string) => Uint8Array | null;
  /** Hands over what the desk has missed; until then ACME clients are asked to come again. */
  connectTo(desk: Desk): Promise<void>;
  /** Keeps the inventory's watermark moving until `signal` aborts. */
  run(signal: AbortSignal): Promise<void>;
  close(): Promise<void>;
}

type Batch = Parameters<PostgresStorage['addCertificates']>[0];
type AcmeIssued = {
  readonly der: Uint8Array;
  readonly account: string;
  readonly contact: readonly string[];
  readonly replaces: string | null;
};

const source = 'lab-ca';
/** A "no match" may be said of reports up to the last of these (FM12): well inside the time a report takes to be read. */
const watermarkEvery = seconds(5);
const catchUpPage = 2_000;

export async function openLab(config: Config, time: Time, log: Log, pool: Pool): Promise<ServedLab> {
  await migrateAll(pool, time.now());
  await migrate(pool, [{ room: 'lab-ca', migrations: labCaMigrations }], time.now());
  const folder = join(config.dataFolder, 'lab-ca');
  const tokenFile = await secretFile(folder, 'api-token');
  const passphrase = await readFile(await secretFile(folder, 'key-passphrase'), 'utf8');
  const feed = new InventoryFeed(pool, time);
  let app: ReturnType<typeof labCaApp> | null = null;
  let renewalInfo: Hono | null = null;
  const answer = async (request: Request) => {
    const isPoll = new URL(request.url).pathname.startsWith(`${renewalInfoPath}/`);
    const part = isPoll ? renewalInfo : app;
    return part?.fetch(request) ?? new Response(null, { status: 503, headers: { 'retry-after': '2' } });
  };
  const http = await listenOn(config.labCa.port, 'labCa.port', answer);
  const closing = [http];
  const url = `http://127.0.0.1:${http.port}`;
  const { acme } = config.labCa;
  const addresses = [`${url}/acme`];
  if (acme.https !== null) {
    const tls = {
      key: await readFile(acme.https.keyFile, 'utf8'),
      cert: await readFile(acme.https.certificateFile, 'utf8'),
    };
    const https = await listenOn(acme.https.port, 'labCa.acme.https.port', answer, tls);
    closing.push(https);
    addresses.unshift(`https://127.0.0.1:${https.port}/acme`);
  }
  const ca = await openLabCa({
    storage: feed.storage,
    time,
    baseUrl: url,
    keyPassphrase: passphrase,
    token: await readFile(tokenFile, 'utf8'),
    blockedKeys: { url: localAddress(config) },
    orderPolicy: automationPolicy(
      policiesOf(config.labCa.automation),
      () => deskNow().inventory,
      () => time.now(),
    ),
    noteEnrolled: (request) => postgresBlockedKeys(pool).noteEnrolled([request], time.now()),
  });
  await ca.found();

  const deskNow = (): Desk => {
    if (feed.desk === null) throw new Fault('desk_starting', 'The desk is still starting; try again.');
    return feed.desk;
  };
  // One state, one address: accounts are bound to the URL they were made under.
  const [acmeUrl] = addresses as [string];
  const withAcme = labCaApp(ca, {
    acme: {
      url: acmeUrl,
      world:
        acme.validation === 'none'
          ? null
          : networkWorld({
              httpPort: acme.httpPort,
              tlsPort: acme.tlsPort,
              ...(acme.dnsServers === null ? {} : { dnsServers: acme.dnsServers }),
            }),
      caaIdentities: acme.caaIdentities,
      renewalInfoUrl: directoryEntry(renewalAddress(config, acmeUrl)).renewalInfo,
      isExempt: (certificateId, now) => mustBeServed(deskNow(), certificateId, now),
      onIssued: (issued) => issuedByAcme(deskNow(), issued),
      async onRevocation({ certificate, by, reason, contact }) {
        await receiveAcmeRevocation(deskNow(), { certificate, by, reason, contact: addressesOf(contact)[0] ?? null });
        deskNow().wake.nudge();
      },
    },
  });
  return {
    url,
    tokenFile,
    acmeDirectories: [`${acmeUrl}/directory`],
    issuers: issuersOf(ca),
    async connectTo(desk) {
      await feed.connect(desk, ca);
      renewalInfo = renewalInfoRoutes(desk.renewal, time);
      app = withAcme;
    },
    async run(signal) {
      while (!signal.aborted) {
        await feed.mark().catch((error: unknown) => {
          log.warn({ error: String(error) }, 'The watermark of the lab CA stands still; it is written again soon.');
        });
        await time.waitUntil(time.now().add(watermarkEvery), signal);
      }
    },
    close: async () => {
      for (const one of closing) await one.close();
    },
  };
}

/** Everything the CA stores goes to the inventory before the order is answered, and the watermark follows. */
class InventoryFeed {
  readonly storage: PostgresStorage;
  readonly #time: Time;
  desk: Desk | null = null;
  #ca: LabCa | null = null;
  /** Stored by the CA and not yet in the inventory. */
  #underWay = 0;
  /** Something was stored that the inventory did not take: the watermark waits until it has been handed in. */
  #isBehind = false;

  constructor(pool: Pool, time: Time) {
    this.#time = time;
    const handIn = (batch: Batch) => this.#handIn(batch);
    const begin = (count: number) => {
      this.#underWay += count;
    };
    this.storage = new (class extends PostgresStorage {
      override async addCertificates(batch: Batch): Promise<void> {
        begin(1);
        try {
          await super.addCertificates(batch);
          await handIn(batch);
        } finally {
          begin(-1);
        }
      }
    })(pool);
  }

  async connect(desk: Desk, ca: LabCa): Promise<void> {
    this.desk = desk;
    this.#ca = ca;
    const before = await desk.inventory.progress(source);
    if (before?.issuedCount !== ca.revocations.size) await this.#catchUp();
    await this.mark();
  }

  /** Records how many there are and that everything issued by now has been handed in. */
  async mark(): Promise<void> {
    const upTo = this.#time.now();
    if (this.desk === null || this.#ca === null || this.#underWay > 0) return;
    if (this.#isBehind) await this.#catchUp();
    const issuedCount = this.#ca.revocations.size;
    await this.desk.inventory.record({ source, kind: 'ca', position: null, issuedCount, upTo });
  }

  async #handIn(batch: Batch): Promise<void> {
    const { desk } = this;
    if (desk === null) {
      this.#isBehind = true;
      return;
    }
    try {
      await desk.inventory.add(batch.map((c) => recordOf(c.der, { subscriber: c.subscriber })));
    } catch (error) {
      this.#isBehind = true;
      throw error;
    }
    const mails = batch.flatMap((c) => (c.subscriber?.includes('@') === true ? [c.subscriber.toLowerCase()] : []));
    await enlist(desk, new Map(mails.map((mail) => [mail, [mail]])));
    await desk.renewal.learn();
  }

  /** Everything again: adding what is known changes nothing. After a crash between the two, and after an outage. */
  async #catchUp(): Promise<void> {
    this.#isBehind = false;
    let batch: Batch[number][] = [];
    const add = async () => {
      await this.#handIn(batch);
      batch = [];
    };
    for await (const { revocation: _, ...entry } of this.storage.entries()) {
      const der = await this.storage.certificate(entry.issuer, entry.serial);
      if (der !== null) batch.push({ ...entry, der });
      if (batch.length >= catchUpPage) await add();
    }
    if (batch.length > 0) await add();
  }
}

/** The account that ordered it, where its letters go, and which certificate it replaces (RFC 9773 section 5). */
async function issuedByAcme(desk: Desk, issued: AcmeIssued): Promise<void> {
  const record = recordOf(issued.der, { account: issued.account });
  await desk.inventory.add([record]);
  const { matches } = await desk.inventory.find({ by: 'fingerprint', value: record.fingerprint });
  const subscriber = matches[0]?.certificate.subscriber ?? null;
  if (subscriber !== null) await enlist(desk, new Map([[subscriber, addressesOf(issued.contact)]]));
  await desk.renewal.learn();
  if (issued.replaces !== null) await noteReplaces(desk, issued.replaces, record);
}

async function noteReplaces(
  desk: Desk,
  certificateId: string,
  fresh: { readonly fingerprint: string; readonly spkiHash: string },
): Promise<void> {
  const id = decodeCertId(certificateId);
  const { matches } = id === null ? { matches: [] } : await desk.inventory.find({ by: 'cert-id', ...id });
  const old = matches[0]?.certificate;
  // The same key again replaces nothing when the key is what is wrong.
  if (old === undefined || (old.spkiHash === fresh.spkiHash && (await desk.isBlocked(fresh.spkiHash)))) return;
  const replacement = fresh.fingerprint as typeof old.fingerprint;
  const told = [{ fingerprint: old.fingerprint, replacement, by: 'replaces', seenAt: desk.time.now() }] as const;
  await desk.renewal.replaced(told);
  await desk.noteReplaced(told);
}

async function enlist(desk: Desk, addresses: ReadonlyMap<string, readonly string[]>): Promise<void> {
  const known = [...addresses].filter(([, mails]) => mails.length > 0);
  if (known.length === 0) return;
  await desk.parts.directory.put(
    known.map(([subscriber, mails]) => ({
      ...{ subscriber, name: mails[0] ?? subscriber, addresses: mails, phone: null, language: 'en' },
    })),
  );
}

/** A client that was told to come must not be turned away by a rate limit. */
function mustBeServed(desk: Desk, certificateId: string, now: Instant): boolean {
  const told = desk.renewal.explain(certificateId);
  if (told === null) return false;
  return told.advice !== null || (hasCome(told.window.start, now) && !hasCome(told.window.end, now));
}

function addressesOf(contact: readonly string[]): string[] {
  return contact.filter((one) => one.startsWith('mailto:')).map((one) => one.slice('mailto:'.length).toLowerCase());
}

/**
 * Where ACME clients ask for renewal information. Some take it only over TLS (lego 5), so it is asked for at the ACME server
 * itself where that has TLS and the desk's public address has not.
 */
function renewalAddress(config: Config, acmeUrl: string): string {
  const own = config.http.publicUrl ?? localAddress(config);
  return own.startsWith('https:') || !acmeUrl.startsWith('https:') ? own : new URL(acmeUrl).origin;
}

/** Where this machine reaches the desk's own web server. */
export function localAddress({ http }: Config): string {
  const everywhere = http.host === '0.0.0.0' || http.host === '::';
  return `http://${everywhere ? '127.0.0.1' : http.host}:${http.port}`;
}

async function listenOn(
  port: number,
  setting: string,
  answer: (request: Request) => Promise<Response>,
  tls?: { readonly key: string; readonly cert: string },
) {
  return listen(answer, { port, ...(tls === undefined ? {} : { tls }) }).catch((error: NodeJS.ErrnoException) => {
    if (error.code !== 'EADDRINUSE') throw error;
    throw new Fault('port_in_use', `Port ${port} of the lab CA is in use. Set ${setting} in the configuration.`, {
      cause: error,
    });
  });
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
