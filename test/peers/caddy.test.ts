/**
 * Caddy at a served desk, left alone: it obtains by http-01 or tls-alpn-01 as it likes, asks ARI each minute as the desk
 * tells it to, renews with a new key, serves that, and only then the old certificate is revoked. Nobody touches anything.
 */
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { connect } from 'node:tls';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Certificate, parseCertificate } from '../../src/foundation/pki/x509.ts';
import { findPeer, newFolder, type Running, start } from './peers.ts';
import { dnsServer, RenewDesk, wholeStory } from './renew-desk.ts';

const caddy = findPeer('caddy');
const byAlpn = 'alpn.renew.example';
const byHttp = 'http.renew.example';

describe.skipIf(caddy === null || dnsServer === null)('Caddy at a served desk', { timeout: 300_000 }, () => {
  let desk: RenewDesk;
  let running: Running;
  let storage = '';

  beforeAll(async () => {
    // Long enough for a client that asks each minute to come before the cut-off.
    desk = await RenewDesk.open(150);
    const folder = newFolder('caddy');
    storage = join(folder, 'storage');
    const issuer = (off: string) =>
      `tls {\n issuer acme {\n  dir ${desk.directory}\n  trusted_roots ${desk.serverPem}\n  email ops@renew.example\n  ${off}\n }\n}`;
    writeFileSync(
      join(folder, 'Caddyfile'),
      [
        `{\n admin off\n http_port ${desk.ports.http01}\n https_port ${desk.ports.tls}`,
        ` storage file_system ${storage}\n renew_interval 5s\n ocsp_stapling off\n}`,
        `${byAlpn} {\n ${issuer('disable_http_challenge')}\n respond ok\n}`,
        `${byHttp} {\n ${issuer('disable_tlsalpn_challenge')}\n respond ok\n}\n`,
      ].join('\n'),
    );
    running = await start(caddy!, ['run', '--config', 'Caddyfile', '--adapter', 'caddyfile'], {
      folder,
      env: { HOME: folder, XDG_DATA_HOME: folder, XDG_CONFIG_HOME: folder },
      ready: async () => (await served(byAlpn)) !== null && (await served(byHttp)) !== null,
    });
  }, 240_000);
  afterAll(async () => {
    await running?.stop();
    await desk?.close();
  });

  /** The certificate that is presented under this name. */
  function served(name: string): Promise<Certificate | null> {
    return new Promise((resolve) => {
      const socket = connect({ host: '127.0.0.1', port: desk.ports.tls, servername: name, rejectUnauthorized: false });
      const end = (found: Certificate | null) => {
        socket.destroy();
        resolve(found);
      };
      socket.once('secureConnect', () => end(parseCertificate(new Uint8Array(socket.getPeerCertificate().raw))));
      socket.once('error', () => end(null));
    });
  }

  const keyOf = (name: string) => {
    const [issuer] = readdirSync(join(storage, 'certificates'));
    return readFileSync(join(storage, 'certificates', issuer!, name, `${name}.key`), 'utf8');
  };

  test('obtains by tls-alpn-01 and by http-01, and replaces what leaked within two minutes, unattended', async () => {
    const [old, other] = [(await served(byAlpn))!, (await served(byHttp))!];
    expect([old.names, other.names]).toEqual([[byAlpn], [byHttp]]);
    const reportedAt = process.hrtime.bigint();
    expect(await desk.reportKey(byAlpn, keyOf(byAlpn))).toMatch(/^250/);
    await desk.until('the new certificate is served', async () => (await served(byAlpn))?.serial !== old.serial);
    const took = Number(process.hrtime.bigint() - reportedAt) / 1e9;
    console.info(`from the report to the replacement that is served: ${took.toFixed(1)} s`);
    const fresh = (await served(byAlpn))!;
    expect(Buffer.from(fresh.spki).equals(Buffer.from(old.spki))).toBe(false);

    await desk.until('the old one is seen as revoked', async () =>
      (await desk.events()).includes('RevocationPublished'),
    );
    const events = await desk.events();
    const places = wholeStory.map((type) => events.indexOf(type));
    expect(places).not.toContain(-1);
    expect(places).toEqual([...places].sort((a, b) => a - b));
    expect((await desk.seen(old)).crl).toMatch(/certificate revoked/);
    expect((await desk.seen(fresh)).crl).toMatch(/: OK/);
    // The neighbour, whose key is its own, was left alone.
    expect((await served(byHttp))!.serial).toBe(other.serial);
  });
});
