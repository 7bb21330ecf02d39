/** The lab CA's ACME server as a real client sees it: certbot, over TLS, with real http-01 validation. */
import { execFile } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { readPem } from '../../src/foundation/pki/pem.ts';
import { parseCertificate } from '../../src/foundation/pki/x509.ts';
import { SystemTime } from '../../src/foundation/time/system-time.ts';
import {
  type AcmeRevocation,
  labCaApp,
  listen,
  MemoryStorage,
  networkWorld,
  openLabCa,
} from '../../src/lab-ca/index.ts';
import { findPeer, freePort, newFolder, type Running, serverCertificate, start } from './peers.ts';

const certbot = findPeer('certbot');
const dns = findPeer('pebble-challtestsrv');

describe.skipIf(certbot === null || dns === null)('certbot at the lab CA', () => {
  const folder = newFolder('certbot');
  let running: Running;
  let plain: { port: number; close(): Promise<void> };
  let secure: { port: number; close(): Promise<void> };
  let ca: Awaited<ReturnType<typeof openLabCa>>;
  let httpPort: number;
  const revocations: AcmeRevocation[] = [];
  const blocked = new Set<string>();

  beforeAll(async () => {
    serverCertificate(folder);
    const [dnsPort, management] = [await freePort(), await freePort()];
    httpPort = await freePort();
    running = await start(
      dns!,
      [
        '-defaultIPv4',
        '127.0.0.1',
        '-defaultIPv6',
        '',
        '-dnsserver',
        `127.0.0.1:${dnsPort}`,
        '-management',
        `127.0.0.1:${management}`,
        '-http01',
        '',
        '-https01',
        '',
        '-tlsalpn01',
        '',
        '-doh',
        '',
      ],
      { folder: newFolder('dns'), ready: async () => (await fetch(`http://127.0.0.1:${management}/`)).status > 0 },
    );
    let handler: (request: Request) => Response | Promise<Response> = () => new Response(null, { status: 503 });
    plain = await listen((request) => handler(request), { port: 0 });
    const tls = {
      key: readFileSync(join(folder, 'tls.key'), 'utf8'),
      cert: readFileSync(join(folder, 'tls.pem'), 'utf8'),
    };
    secure = await listen((request) => handler(request), { port: 0, tls });
    ca = await openLabCa({
      storage: new MemoryStorage(),
      time: new SystemTime(),
      baseUrl: `http://127.0.0.1:${plain.port}`,
      keyPassphrase: 'test',
      token: 't',
      blockedKeys: {
        url: 'http://desk.test',
        fetch: async (url) => Response.json({ blocked: blocked.has(String(url).slice(-64)) }),
      },
    });
    handler = labCaApp(ca, {
      acme: {
        url: `https://127.0.0.1:${secure.port}/acme`,
        world: networkWorld({ dnsServers: [`127.0.0.1:${dnsPort}`], httpPort }),
        caaIdentities: ['ca.example'],
        onRevocation: (revocation) => void revocations.push(revocation),
      },
    }).fetch;
  });
  afterAll(async () => {
    await running?.stop();
    await plain?.close();
    await secure?.close();
  });

  const bot = async (...args: string[]) => {
    const common = [
      '--config-dir',
      join(folder, 'c'),
      '--work-dir',
      join(folder, 'w'),
      '--logs-dir',
      join(folder, 'l'),
    ];
    const server = ['--server', `https://127.0.0.1:${secure.port}/acme/directory`, '--non-interactive'];
    const env = { ...process.env, REQUESTS_CA_BUNDLE: join(folder, 'tls.pem') };
    try {
      const { stdout, stderr } = await promisify(execFile)(certbot!, [...args, ...common, ...server], { env });
      return { ok: true, out: stdout + stderr };
    } catch (error) {
      const failed = error as { stdout: string; stderr: string };
      return { ok: false, out: failed.stdout + failed.stderr };
    }
  };
  const certonly = (...more: string[]) =>
    bot(
      'certonly',
      '--standalone',
      '--http-01-port',
      String(httpPort),
      '--agree-tos',
      '-m',
      'ops@shop.example',
      '-d',
      'shop.example',
      '-d',
      'www.shop.example',
      ...more,
    );
  const live = () => {
    const pem = readFileSync(join(folder, 'c', 'live', 'shop.example', 'cert.pem'), 'utf8');
    return parseCertificate(readPem(pem)[0]!.bytes);
  };

  test('obtains, renews with a new key, and revokes by the key of the certificate', async () => {
    const first = await certonly();
    expect(first.ok, first.out).toBe(true);
    const before = live();
    expect(before.names).toEqual(['shop.example', 'www.shop.example']);
    const second = await certonly('--force-renewal');
    expect(second.ok, second.out).toBe(true);
    expect(live().serial).not.toBe(before.serial);
    expect(Buffer.from(live().spki).equals(before.spki)).toBe(false);
    const current = live();
    const revoked = await bot(
      'revoke',
      '--cert-path',
      join(folder, 'c', 'live', 'shop.example', 'cert.pem'),
      '--key-path',
      join(folder, 'c', 'live', 'shop.example', 'privkey.pem'),
      '--reason',
      'superseded',
      '--no-delete-after-revoke',
    );
    expect(revoked.ok, revoked.out).toBe(true);
    expect((await ca.revocations.look(current.serial))?.revocation?.reason).toBe(1);
    expect(revocations).toMatchObject([{ by: 'certificate-key' }]);
  });

  test('is refused a certificate for a blocked key, and gets one with a new key', async () => {
    const { keyHashes } = await import('../../src/foundation/pki/spki.ts');
    blocked.add(keyHashes(live().spki).canonical);
    const reused = await certonly('--force-renewal', '--reuse-key');
    writeFileSync(join(folder, 'last.txt'), reused.out);
    expect(reused.ok).toBe(false);
    expect(reused.out).toMatch(/badPublicKey|blocked/);
    const fresh = await certonly('--force-renewal', '--new-key');
    expect(fresh.ok, fresh.out).toBe(true);
  });
});
