/** acme.sh at a served desk: dns-01 through a hook of its own, told by ARI, a new key, then the old certificate revoked. */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { findPeer } from './peers.ts';
import { certificateIn, client, dnsServer, RenewDesk, wholeStory } from './renew-desk.ts';

const acmeSh = findPeer('acme.sh');
const name = 'sh.renew.example';

describe.skipIf(acmeSh === null || dnsServer === null)('acme.sh at a served desk', { timeout: 240_000 }, () => {
  let desk: RenewDesk;
  let home = '';

  beforeAll(async () => {
    desk = await RenewDesk.open(40);
    home = join(desk.folder, 'acme.sh');
    mkdirSync(join(home, 'dnsapi'), { recursive: true });
    const hook = desk.dnsHook();
    const functions = [
      `dns_rescind_add() { "${hook}" present "$1" "$2"; }`,
      `dns_rescind_rm() { "${hook}" cleanup "$1" "$2"; }`,
    ];
    writeFileSync(join(home, 'dnsapi', 'dns_rescind.sh'), `#!/usr/bin/env sh\n${functions.join('\n')}\n`, {
      mode: 0o755,
    });
  }, 300_000);
  afterAll(() => desk?.close());

  const sh = (...args: string[]) =>
    client(acmeSh!, ['--home', home, '--server', desk.directory, '--ca-bundle', desk.serverPem, ...args], {
      cwd: desk.folder,
      env: { HOME: desk.folder },
    });
  const file = (end: string) => join(home, `${name}_ecc`, `${name}.${end}`);

  test('obtains by dns-01, and renews with a new key when ARI says so', async () => {
    const registered = await sh('--register-account', '-m', 'ops@renew.example');
    expect(registered.ok, registered.said).toBe(true);
    const issued = await sh(
      ...['--issue', '-d', name, '-d', `*.${name}`, '--dns', 'dns_rescind', '--dnssleep', '0'],
      ...['--keylength', 'ec-256', '--always-force-new-domain-key'],
    );
    expect(issued.ok, issued.said).toBe(true);
    const old = certificateIn(file('cer'));
    expect(old.names).toEqual([name, `*.${name}`]);
    const key = readFileSync(file('key'), 'utf8');
    // Nobody has told it anything: its cron job leaves the fresh certificate alone.
    expect((await sh('--cron')).said).toMatch(/Skip/i);

    expect(await desk.reportKey(name, key)).toMatch(/^250/);
    await desk.until('ARI says now', () => desk.isToldToRenew(old.der));
    const renewed = await sh('--cron');
    expect(renewed.said).toMatch(/ARI suggestedWindow has started/);
    const fresh = certificateIn(file('cer'));
    expect(fresh.serial).not.toBe(old.serial);
    expect(Buffer.from(fresh.spki).equals(Buffer.from(old.spki))).toBe(false);

    await desk.until('the old one is seen as revoked', async () =>
      (await desk.events()).includes('RevocationPublished'),
    );
    const events = await desk.events();
    const places = wholeStory.map((type) => events.indexOf(type));
    expect(places).not.toContain(-1);
    expect(places).toEqual([...places].sort((a, b) => a - b));
    expect(await desk.seen(old)).toEqual({
      crl: expect.stringContaining('certificate revoked'),
      ocsp: expect.stringMatching(/Response verify OK[\s\S]*revoked[\s\S]*keyCompromise/),
    });
    expect((await desk.seen(fresh)).crl).toMatch(/: OK/);
    // The new one is told the everyday window again, so the next cron job leaves it alone.
    expect((await sh('--cron')).said).toMatch(/Skip/i);
  });

  test('without a new key it is refused, and goes on with the next cron job once it takes one', async () => {
    const kept = 'kept.renew.example';
    const one = (...more: string[]) =>
      sh('--issue', '-d', kept, '--dns', 'dns_rescind', '--dnssleep', '0', '--keylength', 'ec-256', ...more);
    expect((await one()).ok).toBe(true);
    const keyFile = join(home, `${kept}_ecc`, `${kept}.key`);
    const certificate = () => certificateIn(join(home, `${kept}_ecc`, `${kept}.cer`));
    const old = certificate();
    await desk.reportKey(kept, readFileSync(keyFile, 'utf8'));
    await desk.until('ARI says now', () => desk.isToldToRenew(old.der));
    const refused = await sh('--renew', '-d', kept, '--ecc');
    expect(refused.said).toMatch(/badPublicKey|blocked/);
    expect(certificate().serial).toBe(old.serial);
    const again = await one('--force', '--always-force-new-domain-key');
    expect(again.ok, again.said).toBe(true);
    expect(certificate().serial).not.toBe(old.serial);
  });
});
