/**
 * What exists before the first event, and what is made on demand: keys, certificates of the lab CA, lists, archives,
 * files on a simulated web. Refs of the file are looked up here and nowhere else.
 */
import { createSign } from 'node:crypto';
import type { Fingerprint, Serial } from '../../foundation/brand.ts';
import { pack } from '../../foundation/containers/index.ts';
import { writeCsr } from '../../foundation/pki/csr.ts';
import { writePem } from '../../foundation/pki/pem.ts';
import { keyHashes } from '../../foundation/pki/spki.ts';
import { serialDecimal } from '../../foundation/pki/x509.ts';
import { at } from '../../foundation/time/time.ts';
import type { Issued, IssueOrder, LabCa } from '../../lab-ca/index.ts';
import { acceptedWording, statementText, writeStatement } from '../../stages/evidence/prove/statement-form.ts';
import {
  closePrimesKey,
  encryptedKeyFile,
  forgedKeyFile,
  freshKey,
  privateKeyFile,
  type ScenarioKey,
  sharedPrimeKeys,
  spkiIn,
} from './keys.ts';
import type { Fixture, FixtureOf, Scenario } from './schema.ts';

/** Above this a population runs scaled, all of the file by the same factor (SCHEMA.md). */
export const populationMax = 100_000;

export interface WorldCertificate {
  readonly ref: string;
  readonly fingerprint: Fingerprint;
  readonly serial: Serial;
  readonly names: readonly string[];
  readonly subscriber: string;
  readonly der: Uint8Array;
  readonly key: string;
}

export interface Population {
  readonly ref: string;
  readonly members: readonly WorldCertificate[];
  /** Tag to the first and the last member number, from 1. */
  readonly tags: ReadonlyMap<string, { readonly from: number; readonly to: number }>;
}

export interface ServedFile {
  readonly url: string;
  readonly from: string;
  readonly until: string | null;
  readonly ref: string;
}

export class UnknownRef extends Error {
  constructor(ref: string) {
    super(`unknown ref "${ref}"`);
  }
}

export class World {
  readonly scenario: Scenario;
  readonly certificates = new Map<string, WorldCertificate>();
  readonly populations = new Map<string, Population>();
  readonly served: ServedFile[] = [];
  /** SPKI hashes (canonical) the desk's lists know before the start, by class. */
  readonly blocklisted: { readonly list: string; readonly spki: Uint8Array }[] = [];
  /** Certificates whose enrolment request is this very CSR. */
  readonly enrolments: Uint8Array[] = [];
  scaled: { readonly from: number; readonly to: number } | null = null;
  readonly #fixtures = new Map<string, Fixture>();
  readonly #keys = new Map<string, ScenarioKey>();
  readonly #files = new Map<string, readonly Uint8Array[]>();
  readonly #byFingerprint = new Map<Fingerprint, WorldCertificate>();

  private constructor(scenario: Scenario) {
    this.scenario = scenario;
    for (const fixture of scenario.fixtures) this.#fixtures.set(fixture.ref, fixture);
  }

  /** Issues what the file says exists. `progress` is told how many certificates a population has so far. */
  static async build(scenario: Scenario, ca: LabCa): Promise<World> {
    const world = new World(scenario);
    world.#scale();
    const orders: { readonly ref: string; readonly key: string; readonly order: IssueOrder }[] = [];
    for (const fixture of scenario.fixtures) {
      if (fixture.build === 'weak-key') orders.push(...world.#weakKey(fixture));
    }
    for (const fixture of scenario.fixtures) {
      if (fixture.build === 'leaf' || fixture.build === 'precertificate') orders.push(world.#leaf(fixture));
    }
    const issued = await ca.issueMany(orders.map((o) => o.order));
    issued.forEach((certificate, i) => {
      const { ref, key, order } = orders[i]!;
      world.#keep(world.#certificate(ref, key, order, certificate));
    });
    for (const fixture of scenario.fixtures) if (fixture.build === 'population') await world.#population(fixture, ca);
    for (const fixture of scenario.fixtures) {
      if ('servedAt' in fixture && fixture.servedAt !== undefined)
        world.served.push({ ...fixture.servedAt, ref: fixture.ref });
      if (fixture.build === 'csr' && fixture.enrolled === true) world.enrolments.push(world.bytesOf(fixture.ref));
    }
    return world;
  }

  key(name: string): ScenarioKey {
    const known = this.#keys.get(name);
    if (known !== undefined) return known;
    const fixture = this.#fixtures.get(name);
    const fresh = freshKey(fixture?.build === 'key' ? fixture.type : 'p256');
    this.#keys.set(name, fresh);
    return fresh;
  }

  fixture(ref: string): Fixture | undefined {
    return this.#fixtures.get(ref);
  }

  get keyNames(): readonly string[] {
    return [...this.#keys.keys()];
  }

  /** Whether this names a certificate, a population or a part of one. */
  has(ref: string): boolean {
    try {
      return this.select(ref).length > 0;
    } catch {
      return false;
    }
  }

  /** One certificate, a population, a tagged part, or one member, written as in the file. */
  select(ref: string): readonly WorldCertificate[] {
    const single = this.certificates.get(ref);
    if (single !== undefined) return [single];
    const [whole, tag] = ref.split('#', 2);
    const population = this.populations.get(whole ?? '');
    if (population !== undefined && tag === undefined) return population.members;
    if (population !== undefined && tag !== undefined) {
      const range = population.tags.get(tag);
      if (range === undefined) throw new UnknownRef(ref);
      return population.members.slice(range.from - 1, range.to);
    }
    const member = /^(.+)\/(\d+)$/.exec(ref);
    const found = member === null ? undefined : this.populations.get(member[1]!)?.members[Number(member[2]) - 1];
    if (found === undefined) throw new UnknownRef(ref);
    return [found];
  }

  byFingerprint(fingerprint: Fingerprint): WorldCertificate | undefined {
    return this.#byFingerprint.get(fingerprint);
  }

  /** All bytes of a ref, one file after the other. */
  bytesOf(ref: string): Uint8Array {
    return Buffer.concat(this.filesOf(ref));
  }

  /** A ref as files: a population's private keys are one file each. */
  filesOf(ref: string): readonly Uint8Array[] {
    const known = this.#files.get(ref);
    if (known !== undefined) return known;
    const files = this.#makeFiles(ref);
    this.#files.set(ref, files);
    return files;
  }

  /** Replaces the closed list of placeholders (SCHEMA.md); an unknown one is an error. */
  fill(text: string, extra: Readonly<Record<string, string>> = {}): string {
    return text.replace(/\{\{([^{}]+)\}\}/g, (_, inner: string) => {
      const own = extra[inner];
      if (own !== undefined) return own;
      return this.#placeholder(inner);
    });
  }

  /** A ref under which the private key of this certificate is a file. */
  keyFileOf(certificate: WorldCertificate): string {
    const ref = `${certificate.ref}~private`;
    if (!this.#files.has(ref)) this.#files.set(ref, [privateKeyFile(this.key(certificate.key), 'pkcs8-pem')]);
    return ref;
  }

  count(ref: string): number {
    const fixture = this.#fixtures.get(ref);
    if (fixture?.build === 'serial-list') return this.#listed(fixture).length;
    if (fixture?.build === 'request-stream' || fixture?.build === 'report-stream') return fixture.count;
    return this.select(ref).length;
  }

  #placeholder(inner: string): string {
    const url = /^url:(.+)$/.exec(inner);
    if (url !== null) {
      const served = this.served.find((s) => s.ref === url[1]);
      if (served === undefined) throw new UnknownRef(inner);
      return served.url;
    }
    const count = /^count:(.+)$/.exec(inner);
    if (count !== null) return String(this.count(count[1]!));
    const field = /^(.+)\.(serial|serialDec|sha256|name|names|spkiSha256|pem)$/.exec(inner);
    if (field === null) throw new UnknownRef(`{{${inner}}}`);
    const [certificate] = this.select(field[1]!);
    if (certificate === undefined) throw new UnknownRef(inner);
    switch (field[2]) {
      case 'serial':
        return certificate.serial;
      case 'serialDec':
        return serialDecimal(certificate.serial);
      case 'sha256':
        return certificate.fingerprint;
      case 'name':
        return certificate.names[0] ?? '';
      case 'names':
        return certificate.names.join(', ');
      case 'spkiSha256':
        return keyHashes(this.key(certificate.key).spki).exact;
      default:
        return writePem('CERTIFICATE', certificate.der);
    }
  }

  #scale(): void {
    const populations = this.scenario.fixtures.filter((f) => f.build === 'population');
    const total = populations.reduce((sum, f) => sum + f.count, 0);
    if (total > populationMax)
      this.scaled = {
        from: total,
        to: populations.reduce((sum, f) => sum + Math.ceil((f.count * populationMax) / total), 0),
      };
  }

  #scaledCount(count: number): number {
    return this.scaled === null ? count : Math.ceil((count * populationMax) / this.scaled.from);
  }

  #weakKey(fixture: FixtureOf<'weak-key'>): { ref: string; key: string; order: IssueOrder }[] {
    if (fixture.how === 'blocklisted') {
      const key = freshKey(fixture.type ?? 'rsa-2048');
      this.#keys.set(fixture.ref, key);
      this.blocklisted.push({ list: fixture.class, spki: key.spki });
      return [];
    }
    if (fixture.class === 'fermat') {
      this.#keys.set(fixture.ref, closePrimesKey());
      return [];
    }
    const [own, other] = sharedPrimeKeys();
    this.#keys.set(fixture.ref, own);
    const otherKey = `${fixture.ref}~other`;
    this.#keys.set(otherKey, other);
    const first = this.scenario.fixtures.find((f) => f.build === 'leaf' && f.key === fixture.ref) as
      | FixtureOf<'leaf'>
      | undefined;
    const order: IssueOrder = {
      spki: other.spki,
      names: [`${otherKey.toLowerCase().replaceAll(/[^a-z0-9]/g, '-')}.example`],
      notBefore: at(first?.issuedAt ?? '2024-01-01T00:00:00Z'),
      notAfter: at(first?.notAfter ?? '2024-12-01T00:00:00Z'),
      subscriber: `${otherKey}-holder`,
    };
    return [{ ref: otherKey, key: otherKey, order }];
  }

  #leaf(fixture: FixtureOf<'leaf'> | FixtureOf<'precertificate'>): { ref: string; key: string; order: IssueOrder } {
    const order: IssueOrder = {
      spki: spkiIn(this.key(fixture.key), fixture.spki),
      names: fixture.names,
      serial: fixture.serial.toLowerCase().replace(/^0+(?=.)/, '') as Serial,
      notBefore: at(fixture.issuedAt),
      notAfter: at(fixture.notAfter),
      profile: fixture.profile,
      crl: fixture.crl,
      ocsp: fixture.ocsp,
      precertificate: fixture.build === 'precertificate',
      subscriber: fixture.subscriber,
    };
    return { ref: fixture.ref, key: fixture.key, order };
  }

  async #population(fixture: FixtureOf<'population'>, ca: LabCa): Promise<void> {
    const count = this.#scaledCount(fixture.count);
    const tags = new Map<string, { from: number; to: number }>();
    let next = 1;
    for (const [tag, wanted] of Object.entries(fixture.tags)) {
      const size = this.#scaledCount(wanted);
      tags.set(tag, { from: next, to: Math.min(count, next + size - 1) });
      next += size;
    }
    const subscribers = fixture.subscriber === undefined ? (fixture.subscriberCount ?? fixture.count) : 1;
    const keys = new Map<string, string>();
    const orders: IssueOrder[] = [];
    for (let n = 1; n <= count; n++) {
      const key = this.#memberKey(fixture, n);
      keys.set(String(n), key);
      orders.push({
        spki: this.key(key).spki,
        names: [`n${n}.${fixture.ref.toLowerCase()}.example`],
        notBefore: at(fixture.issuedAt),
        notAfter: at(fixture.notAfter),
        profile: fixture.profile,
        // As large CAs issue today (TLS BR 7.1.2.7.7: OCSP is optional): status by CRL alone.
        ocsp: false,
        subscriber: fixture.subscriber ?? `${fixture.ref}-s${1 + ((n - 1) % subscribers)}`,
      });
    }
    const issued = await ca.issueMany(orders);
    const members = issued.map((certificate, i) =>
      this.#certificate(`${fixture.ref}/${i + 1}`, keys.get(String(i + 1))!, orders[i]!, certificate),
    );
    for (const member of members) this.#byFingerprint.set(member.fingerprint, member);
    this.populations.set(fixture.ref, { ref: fixture.ref, members, tags });
  }

  #memberKey(fixture: FixtureOf<'population'>, n: number): string {
    if (fixture.distinctKeys !== undefined) return `${fixture.ref}~k${1 + ((n - 1) % fixture.distinctKeys)}`;
    return fixture.key === 'p256' ? `${fixture.ref}~k${n}` : fixture.key;
  }

  #certificate(ref: string, key: string, order: IssueOrder, issued: Issued): WorldCertificate {
    return {
      ref,
      key,
      fingerprint: issued.fingerprint,
      serial: issued.serial,
      names: order.names,
      subscriber: order.subscriber ?? '',
      der: issued.der,
    };
  }

  #keep(certificate: WorldCertificate): void {
    this.certificates.set(certificate.ref, certificate);
    this.#byFingerprint.set(certificate.fingerprint, certificate);
  }

  #makeFiles(ref: string): readonly Uint8Array[] {
    const fixture = this.#fixtures.get(ref);
    if (fixture === undefined) throw new UnknownRef(ref);
    switch (fixture.build) {
      case 'private-key':
        return this.#privateKeys(fixture);
      case 'encrypted-key':
        return [encryptedKeyFile(this.key(fixture.key), fixture.passphrase)];
      case 'forged-key':
        return [forgedKeyFile(this.key(fixture.claims), fixture.variant, fixture.encoding)];
      case 'csr':
        return [this.#csr(fixture)];
      case 'statement':
        return [this.#statement(fixture)];
      case 'serial-list':
        return [Buffer.from(this.#list(fixture))];
      case 'archive':
        return [this.#archive(fixture)];
      case 'leaf':
      case 'precertificate':
      case 'population':
        return this.select(ref).map((c) => Buffer.from(writePem('CERTIFICATE', c.der)));
      default:
        throw new UnknownRef(ref);
    }
  }

  #privateKeys(fixture: FixtureOf<'private-key'>): readonly Uint8Array[] {
    if (fixture.count !== undefined)
      return Array.from({ length: fixture.count }, () => privateKeyFile(freshKey('p256'), fixture.encoding));
    const population = this.populations.get(fixture.key);
    if (population === undefined) return [privateKeyFile(this.key(fixture.key), fixture.encoding)];
    const names = [...new Set(population.members.map((m) => m.key))];
    return names.map((name) => privateKeyFile(this.key(name), fixture.encoding));
  }

  #csr(fixture: FixtureOf<'csr'>): Uint8Array {
    const key = this.key(fixture.key);
    const wording = fixture.statement === 'accepted' ? acceptedWording : fixture.statement;
    const csr = writeCsr({
      subject: [{ type: '2.5.4.3', value: wording ?? fixture.names[0] ?? '' }],
      names: wording === undefined ? fixture.names : [],
      spki: key.spki,
      signWith: (fixture.signedBy === undefined ? key : this.key(fixture.signedBy)).private,
    });
    return Buffer.from(writePem('CERTIFICATE REQUEST', csr));
  }

  #statement(fixture: FixtureOf<'statement'>): Uint8Array {
    const key = this.key(fixture.key);
    const text = statementText(fixture.text === 'accepted' ? acceptedWording : fixture.text);
    const signer = fixture.signedBy === undefined ? key : this.key(fixture.signedBy);
    const signature = createSign('sha256').update(text, 'utf8').sign(signer.private).toString('base64');
    return Buffer.from(
      writeStatement({
        text,
        spkiSha256: keyHashes(key.spki).canonical,
        publicKey: Buffer.from(key.spki).toString('base64'),
        signature,
      }),
    );
  }

  #listed(fixture: FixtureOf<'serial-list'>): readonly WorldCertificate[] {
    const all = (Array.isArray(fixture.of) ? fixture.of : [fixture.of]).flatMap((ref) => this.select(ref));
    return fixture.take === undefined ? all : all.slice(0, fixture.take);
  }

  #list(fixture: FixtureOf<'serial-list'>): string {
    const listed = this.#listed(fixture);
    switch (fixture.format) {
      case 'csv':
        return `serial,sha256,name\n${listed.map((c) => `${c.serial},${c.fingerprint},${c.names[0] ?? ''}`).join('\n')}\n`;
      case 'txt':
        return `${listed.map((c) => c.serial).join('\n')}\n`;
      case 'hostnames':
        return `${listed.map((c) => c.names[0] ?? '').join('\n')}\n`;
    }
  }

  #archive(fixture: FixtureOf<'archive'>): Uint8Array {
    const members = fixture.contains.flatMap((ref) => {
      const files = this.filesOf(ref);
      return files.map((bytes, i) => ({
        path: `${ref}${files.length > 1 ? `-${i + 1}` : ''}${this.#ending(ref)}`,
        bytes,
      }));
    });
    return pack(fixture.format, [
      ...members,
      ...fixture.files.map((f) => ({ path: f.name, bytes: Buffer.from(this.fill(f.text)) })),
    ]);
  }

  #ending(ref: string): string {
    const fixture = this.#fixtures.get(ref);
    if (fixture?.build === 'archive') return `.${fixture.format}`;
    if (fixture?.build === 'serial-list') return '.txt';
    return fixture !== undefined && 'encoding' in fixture && fixture.encoding === 'der' ? '.der' : '.pem';
  }
}
