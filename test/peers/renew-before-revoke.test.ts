/**
 * What the whole house is for, with clients that people use: certbot and lego obtain certificates from the served lab CA,
 * their keys are mailed to the desk, ARI says "now", both renew with a new key, and the old certificates are revoked after
 * that. CRL and OCSP agree, and the case tells the story.
 */
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Certificate } from '../../src/foundation/pki/x509.ts';
import { findPeer, openssl } from './peers.ts';
import { certificateIn, client, dnsServer, RenewDesk, wholeStory } from './renew-desk.ts';

const certbot = findPeer('certbot');
const lego = findPeer('lego');

interface Client {
  readonly name: string;
  obtain(): Promise<{ ok: boolean; said: string }>;
  /** What its timer runs. */
  renew(): Promise<{ ok: boolean; said: string }>;
  /** What it says when there is nothing to do. */
  readonly idle: RegExp;
  certificate(): Certificate;
  key(): string;
}

function certbotAt(desk: RenewDesk): Client {
  const name = 'certbot.renew.example';
  const at = (part: string) => join(desk.folder, 'certbot', part);
  const bot = (...args: string[]) =>
    client(
      certbot!,
      [
        ...args,
        ...['--config-dir', at('c'), '--work-dir', at('w'), '--logs-dir', at('l')],
        ...['--server', desk.directory, '--non-interactive', '--agree-tos'],
      ],
      { cwd: desk.folder, env: { REQUESTS_CA_BUNDLE: desk.serverPem } },
    );
  return {
    name,
    obtain: () =>
      bot('certonly', '--standalone', '--http-01-port', `${desk.ports.http01}`, '-m', 'ops@renew.example', '-d', name),
    renew: () => bot('renew', '--no-random-sleep-on-renew'),
    idle: /not due for renewal yet/,
    certificate: () => certificateIn(at(`c/live/${name}/cert.pem`)),
    key: () => readFileSync(at(`c/live/${name}/privkey.pem`), 'utf8'),
  };
}

function legoAt(desk: RenewDesk, name: string, how: readonly string[]): Client {
  const path = join(desk.folder, 'lego');
  const run = (...more: string[]) =>
    client(
      lego!,
      [
        ...['run', '--server', desk.directory, '--accept-tos', '--email', 'ops@lego.example', '--path', path],
        ...['--domains', name, '--no-random-sleep', ...how, ...more],
      ],
      { cwd: desk.folder, env: { LEGO_CA_CERTIFICATES: desk.serverPem, EXEC_PATH: desk.dnsHook() } },
    );
  const file = (end: string) => {
    const found = [join(path, 'certificates', `${name}.${end}`), join(path, 'certificates', name, `${name}.${end}`)];
    return found.find((one) => existsSync(one)) ?? found[0]!;
  };
  return {
    name,
    obtain: () => run(),
    renew: () => run(),
    idle: /no renewal|not renew|Skip renewal|renewal is not needed/i,
    certificate: () => certificateIn(file('crt')),
    key: () => readFileSync(file('key'), 'utf8'),
  };
}

describe.skipIf(dnsServer === null || (certbot === null && lego === null))('a served desk and its clients', () => {
  let desk: RenewDesk;
  let clients: readonly Client[] = [];

  beforeAll(async () => {
    desk = await RenewDesk.open(150);
    clients = [
      ...(certbot === null ? [] : [certbotAt(desk)]),
      ...(lego === null
        ? []
        : [legoAt(desk, 'lego.renew.example', ['--http', '--http.address', `127.0.0.1:${desk.ports.http01}`])]),
    ];
  }, 300_000);
  afterAll(() => desk?.close());

  test('both are told, renew with a new key, and then the old certificates are revoked', async () => {
    const olds = new Map<Client, Certificate>();
    for (const one of clients) {
      const obtained = await one.obtain();
      expect(obtained.ok, obtained.said).toBe(true);
      olds.set(one, one.certificate());
      // Nobody has told it anything: an ordinary renewal leaves the fresh certificate alone.
      expect((await one.renew()).said).toMatch(one.idle);
      expect(one.certificate().serial).toBe(olds.get(one)!.serial);
      const everyday = await desk.askAri(olds.get(one)!.der);
      expect(everyday.start).toBeGreaterThan(everyday.now);
    }
    const keys = clients.map((one) => one.key());
    for (const one of clients) expect(await desk.reportKey(one.name, one.key())).toMatch(/^250/);
    for (const one of clients) {
      const old = olds.get(one)!;
      await desk.until('ARI says now', () => desk.isToldToRenew(old.der));
      const page = await fetch((await desk.askAri(old.der)).explanationUrl!);
      expect([page.status, (await page.text()).includes(old.serial)]).toEqual([200, true]);
      // certbot keeps to the server's Retry-After, a minute here.
      let said = '';
      await desk
        .until(`${one.name} renews`, async () => {
          ({ said } = await one.renew());
          return one.certificate().serial !== old.serial;
        })
        .catch((error: Error) => expect.fail(`${error.message}\n${said}`));
      expect(Buffer.from(one.certificate().spki).equals(Buffer.from(old.spki))).toBe(false);
    }
    for (const one of clients) {
      const old = olds.get(one)!;
      await desk.until('openssl sees the old one revoked', async () => (await desk.seen(old)).ocsp.includes('revoked'));
      const seen = await desk.seen(old);
      expect(seen.crl).toMatch(/certificate revoked/);
      expect(seen.ocsp).toMatch(/Response verify OK[\s\S]*revoked[\s\S]*keyCompromise/);
      expect(await desk.seen(one.certificate())).toEqual({
        crl: expect.stringMatching(/: OK/),
        ocsp: expect.stringMatching(/: good/),
      });
      // One that was told "now" and has renewed is told the everyday window again.
      const told = await desk.askAri(one.certificate().der);
      expect(told.start).toBeGreaterThan(told.now);
    }
    await desk.until('every case has seen its revocation', async () => {
      const events = await desk.events();
      return events.filter((type) => type === 'RevocationPublished').length >= clients.length;
    });
    for (const caseId of await desk.caseIds()) {
      const events = await desk.events(caseId);
      console.info(await desk.story(caseId));
      const places = wholeStory.map((type) => events.indexOf(type));
      expect(places, `${caseId}: ${events.join(' ')}`).not.toContain(-1);
      expect(places).toEqual([...places].sort((a, b) => a - b));
    }
    // The keys stay blocked: whoever orders with one again is refused.
    if (certbot !== null) {
      writeFileSync(join(desk.folder, 'leaked.key'), keys[0]!);
      const subject = ['-subj', `/CN=${clients[0]!.name}`, '-addext', `subjectAltName=DNS:${clients[0]!.name}`];
      openssl(desk.folder, 'req', '-new', '-key', 'leaked.key', ...subject, '-out', 'again.csr');
      const again = await certonlyWith(desk, join(desk.folder, 'again.csr'));
      expect(again.said).toMatch(/blocked/);
    }
  }, 300_000);

  test.skipIf(lego === null)(
    'lego obtains by tls-alpn-01, and by dns-01 through its exec hook',
    async () => {
      const alpn = legoAt(desk, 'alpn.lego.example', ['--tls', '--tls.address', `127.0.0.1:${desk.ports.tls}`]);
      const first = await alpn.obtain();
      expect(first.ok, first.said).toBe(true);
      expect(alpn.certificate().names).toEqual(['alpn.lego.example']);
      const dns = legoAt(desk, '*.dns.lego.example', [
        ...['--dns', 'exec', '--dns.propagation.disable-ans', '--dns.propagation.disable-rns'],
        ...['--dns.resolvers', `127.0.0.1:${desk.ports.dns}`],
      ]);
      const second = await dns.obtain();
      expect(second.ok, second.said).toBe(true);
    },
    120_000,
  );
});

async function certonlyWith(desk: RenewDesk, csr: string) {
  const at = (part: string) => join(desk.folder, 'certbot', part);
  return client(
    certbot!,
    [
      ...['certonly', '--csr', csr, '--standalone', '--http-01-port', `${desk.ports.http01}`],
      ...['--config-dir', at('c'), '--work-dir', at('w'), '--logs-dir', at('l')],
      ...['--server', desk.directory, '--non-interactive', '--agree-tos'],
    ],
    { cwd: desk.folder, env: { REQUESTS_CA_BUNDLE: desk.serverPem } },
  );
}
