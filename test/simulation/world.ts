/**
 * One seed, one story: a CA with a few certificates, mail from strangers over some hours, a world with a bad day, and
 * a desk that dies again and again between any two statements. Database, reading room, lab CA, CRL and OCSP are real;
 * time is virtual. What must hold whatever happens stands in `checkers.ts`.
 */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Fault } from '../../src/foundation/fault.ts';
import { composeMessage } from '../../src/foundation/mail/compose.ts';
import { at, earliest, hasCome, hours, type Instant, isBefore, minutes } from '../../src/foundation/time/time.ts';
import { VirtualTime } from '../../src/foundation/time/virtual-time.ts';
import { type LabCa, labCaApp, listen, MemoryStorage, openLabCa } from '../../src/lab-ca/index.ts';
import { defaultConfig } from '../../src/main/config.ts';
import { openLog } from '../../src/main/log.ts';
import { issuersOf } from '../../src/main/scenario/run.ts';
import { readScenario } from '../../src/main/scenario/schema.ts';
import { World } from '../../src/main/scenario/world.ts';
import { type Desk, openDesk } from '../../src/main/wiring.ts';
import { testDatabase } from '../../src/platform/store/testing.ts';
import { recordOf } from '../../src/stages/inventory/index.ts';
import type { RevocationConnector } from '../../src/stages/revocation/connector.ts';
import { labConnector } from '../../src/stages/revocation/connectors/lab.ts';
import { type Chance, chance } from './chance.ts';
import { badConnector, badNetwork, badPost, type Delivered, type Weather } from './faults.ts';
import { type MortalPool, mortalPool } from './mortal-pool.ts';

export type MailKind = 'key' | 'forged' | 'claim' | 'ordinary';

export interface SentMail {
  readonly kind: MailKind;
  /** The certificate that the mail is about; null for ordinary mail. */
  readonly about: string | null;
  readonly from: string;
  readonly sentAt: Instant;
  /** When the desk said "taken"; null while it has not. */
  acceptedAt: Instant | null;
  receiptId: string | null;
}

export interface Story {
  readonly desk: Desk;
  readonly world: World;
  readonly ca: LabCa;
  /** The CA as it is, without the bad day. */
  readonly connector: RevocationConnector;
  readonly mails: readonly SentMail[];
  readonly delivered: readonly Delivered[];
  readonly deaths: number;
}

const begin = at('2026-03-06T16:00:00Z');
/** The bad day ends here: five hours before the cut-off of the earliest report could pass its limit. */
const calmAfter = hours(9);
const certificates = ['alpha', 'beta', 'gamma', 'delta'] as const;
/** Two certificates share a key: a proof for one reaches the other. */
const keyOf = { alpha: 'k1', beta: 'k1', gamma: 'k2', delta: 'k3' } as const;
const restAfter = hours(30);

export interface Variation {
  /** Stands between desk and CA, to show that the checkers find out. */
  readonly between?: (connector: RevocationConnector) => RevocationConnector;
  /** The story moves on by at least this much at a time; a minute when left out. */
  readonly pace?: Temporal.Duration;
}

export async function simulate(
  seed: number,
  check: (story: Story) => Promise<void>,
  { between = (connector) => connector, pace = minutes(1) }: Variation = {},
): Promise<void> {
  const luck = chance(seed);
  const closing: (() => Promise<unknown>)[] = [];
  try {
    const stage = await setUp(luck, closing, between);
    await run(stage, luck, pace);
    const { deaths } = stage.life;
    await stage.life.beginAgain();
    await check({ ...stage, desk: stage.life.desk, deaths });
  } finally {
    for (const close of closing.reverse()) await close().catch(() => undefined);
  }
}

interface Stage extends Omit<Story, 'desk' | 'deaths'> {
  readonly time: VirtualTime;
  readonly mails: SentMail[];
  readonly bytes: ReadonlyMap<SentMail, Uint8Array>;
  readonly life: Life;
}

async function setUp(
  luck: Chance,
  closing: (() => Promise<unknown>)[],
  between: (connector: RevocationConnector) => RevocationConnector,
): Promise<Stage> {
  const folder = await mkdtemp(join(tmpdir(), 'rescind-simulation-'));
  closing.push(() => rm(folder, { recursive: true, force: true }));
  const database = await testDatabase();
  closing.push(() => database.drop());
  const time = new VirtualTime(begin);
  let app: { fetch(request: Request): Response | Promise<Response> } | null = null;
  const http = await listen(
    async (request) => (app === null ? new Response(null, { status: 503 }) : app.fetch(request)),
    { port: 0 },
  );
  closing.push(() => http.close());
  const url = `http://127.0.0.1:${http.port}`;
  const token = { file: join(folder, 'ca-token') };
  await writeFile(token.file, 'simulation', { mode: 0o600 });
  const ca = await openLabCa({
    ...{ storage: new MemoryStorage(), time, baseUrl: url, keyPassphrase: 'simulation', token: 'simulation' },
  });
  app = labCaApp(ca);
  const world = await World.build(scenario(), ca);
  const connector = await labConnector.open({ url, token }, { time });
  const weather: Weather = { time, chance: luck, calmAt: begin.add(calmAfter), share: luck.next() * 0.5 };
  const { messenger, delivered } = badPost(weather);
  const config = { ...defaultConfig(), dataFolder: folder };
  const life = new Life(luck, database.pool, (pool) =>
    openDesk({
      ...{ config, time, log: openLog('silent'), pool, issuers: issuersOf(ca), messenger },
      connector: between(badConnector(connector, weather)),
      fetch: badNetwork(weather),
      pager: { page: async () => luck.happens(0.8) },
      roomSize: 1,
    }),
  );
  closing.push(() => life.end());
  await life.begin();
  await life.desk.inventory.add([...world.certificates.values()].map((c) => recordOf(c.der, c)));
  await life.desk.parts.directory.put(
    [...new Set([...world.certificates.values()].map((c) => c.subscriber))].map((subscriber) => ({
      ...{ subscriber, name: subscriber, addresses: [`${subscriber}@subscriber.example`], phone: null, language: 'en' },
    })),
  );
  const bytes = new Map<SentMail, Uint8Array>();
  const mails = Array.from({ length: luck.between(4, 9) }, (_, n) => {
    const mail = aMail(luck, n);
    bytes.set(mail, written(mail, world, n));
    return mail;
  }).sort((a, b) => Temporal.Instant.compare(a.sentAt, b.sentAt));
  return { time, ca, world, connector, mails, bytes, delivered, life };
}

function scenario() {
  const leaf = (ref: (typeof certificates)[number], serial: string) => ({
    ...{ ref, build: 'leaf', names: [`${ref}.customer.example`], serial, subscriber: `sub-${keyOf[ref]}` },
    ...{ key: keyOf[ref], profile: 'dv', issuedAt: '2026-01-10T00:00:00Z', notAfter: '2026-07-10T00:00:00Z' },
  });
  const read = readScenario({
    ...{ schema: 'revocation-desk/scenario@2', id: 'simulation', title: 'simulation', events: [], expected: {} },
    fixtures: [
      ...['k1', 'k2', 'k3'].map((ref) => ({ ref, build: 'key', type: ref === 'k2' ? 'p256' : 'rsa-2048' })),
      ...certificates.map((ref, n) => leaf(ref, `4a10c3e${n}`)),
      ...certificates.map((ref) => ({
        ...{ ref: `file-${ref}`, build: 'private-key', key: keyOf[ref], encoding: 'pkcs8-pem' },
      })),
      { ref: 'forged-delta', build: 'forged-key', claims: 'delta', variant: 'd-foreign', encoding: 'pkcs1-pem' },
    ],
  });
  if (!read.ok) throw new Error(read.problem);
  return read.scenario;
}

function aMail(luck: Chance, n: number): SentMail {
  const kind = luck.pick<MailKind>(['key', 'key', 'key', 'forged', 'claim', 'ordinary']);
  // Nobody ever holds delta's key: whatever is said about it, nothing may happen to it.
  const about = kind === 'key' ? luck.pick(['alpha', 'beta', 'gamma']) : kind === 'ordinary' ? null : 'delta';
  const sentAt = begin.add(minutes(luck.between(1, 180)));
  return { kind, about, from: `sender-${n}@reporter.example`, sentAt, acceptedAt: null, receiptId: null };
}

function written(mail: SentMail, world: World, n: number): Uint8Array {
  const certificate = mail.about === null ? null : world.certificates.get(mail.about);
  const file = mail.kind === 'key' ? `file-${mail.about}` : mail.kind === 'forged' ? 'forged-delta' : null;
  const key = file === null ? '' : Buffer.from(world.bytesOf(file)).toString('latin1');
  const text =
    certificate === null || certificate === undefined
      ? 'Hello,\n\nplease send us the invoice for our last order once more. Our accountant needs it.\n\nThank you\n'
      : `Hello,\n\nthe private key of your certificate for ${certificate.names[0]} (serial ${certificate.serial}) is public. Please revoke it.\n\n${key}\n`;
  return composeMessage({
    ...{ from: { name: '', address: mail.from }, to: [{ name: '', address: 'support@ca.example' }] },
    ...{ subject: mail.kind === 'ordinary' ? `Invoice ${n}` : 'Private key is public', text, date: mail.sentAt },
    ...{ messageId: `<${n}.simulation@reporter.example>`, headers: [], attachments: [] },
  });
}

/** The desk's lives: the same database, another process each time. */
class Life {
  readonly #luck: Chance;
  readonly #pool: MortalPool['pool'];
  readonly #open: (pool: MortalPool['pool']) => Promise<Desk>;
  #mortal: MortalPool | null = null;
  #desk: Desk | null = null;
  deaths = 0;

  constructor(luck: Chance, pool: MortalPool['pool'], open: (pool: MortalPool['pool']) => Promise<Desk>) {
    this.#luck = luck;
    this.#pool = pool;
    this.#open = open;
  }

  get desk(): Desk {
    if (this.#desk === null) throw new Error('no desk is open');
    return this.#desk;
  }

  get dead(): boolean {
    return this.#mortal?.dead === true;
  }

  async begin(): Promise<void> {
    this.#mortal = mortalPool(this.#pool);
    this.#desk = await this.#open(this.#mortal.pool);
  }

  /** From now on this life may end at any statement. */
  threaten(statementsMost: number): void {
    this.#mortal?.dieAt(this.#luck.between(1, statementsMost), this.#luck.happens(0.5));
  }

  async beginAgain(): Promise<void> {
    this.deaths += 1;
    await this.end();
    await this.begin();
  }

  /** Closing lets go of the reading room's children; the CA and the post of the story go on. */
  async end(): Promise<void> {
    await this.#desk?.close().catch(() => undefined);
    this.#desk = null;
  }
}

const deathsMost = 12;
const stepsMax = 3_000;

async function run(stage: Stage, luck: Chance, pace: Temporal.Duration): Promise<void> {
  const { time, mails, life } = stage;
  const until = begin.add(restAfter);
  for (let step = 0; step < stepsMax; step++) {
    if (life.deaths < deathsMost && luck.happens(0.5)) life.threaten(150);
    await surviving(life, async () => {
      for (const mail of mails)
        if (mail.acceptedAt === null && hasCome(mail.sentAt, time.now())) await deliver(stage, mail);
      await life.desk.runDue();
    });
    const waiting: Instant[] = mails
      .filter((m) => m.acceptedAt === null)
      .map((m) => later(m.sentAt, time.now().add(pace)));
    const died = life.deaths;
    const due = await surviving(life, () => life.desk.nextDueAt());
    if (due !== null) waiting.push(later(due, time.now().add(pace)));
    else if (life.deaths > died) waiting.push(time.now().add(pace));
    const [soonest = until, ...others] = waiting;
    const next = earliest(soonest, ...others);
    if (!isBefore(next, until)) return;
    time.advanceTo(next);
  }
  throw new Error('the story does not come to rest');
}

/** Not earlier than `soon`: what failed is tried again later, not at once. */
function later(wanted: Instant, soon: Instant): Instant {
  return isBefore(wanted, soon) ? soon : wanted;
}

async function surviving<T>(life: Life, work: () => Promise<T>): Promise<T | null> {
  try {
    const done = await work();
    if (!life.dead) return done;
  } catch (error) {
    if (!life.dead || !(error instanceof Fault || (error as { code?: string }).code === 'ECONNRESET')) throw error;
  }
  await life.beginAgain();
  return null;
}

/** As a sender does: what was not taken is sent again, with the same bytes. */
async function deliver({ life, time, bytes }: Stage, mail: SentMail): Promise<void> {
  const taken = await life.desk.receive(bytes.get(mail) as Uint8Array, {
    ...{ channel: 'smtp', source: 'mx', sourceKey: null, sightedAs: null, folder: null, mailbox: 'support@ca.example' },
    ...{ envelopeFrom: mail.from, envelopeTo: ['support@ca.example'], markSource: 'own-acceptance', detail: 'SMTP' },
  });
  mail.acceptedAt = time.now();
  mail.receiptId = taken.receiptId;
}
