/**
 * Pebble, Let's Encrypt's ACME test server, as a peer: started from PATH (or `PEBBLE`), one certificate obtained by ACME,
 * its ARI endpoint then asked as often as it answers. Null where Pebble is not installed:
 * `go install github.com/letsencrypt/pebble/v2/cmd/pebble@latest`.
 */
import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { generateKeyPairSync, sign } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { request } from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import { der } from '../src/foundation/pki/der.ts';
import { oid } from '../src/foundation/pki/oids.ts';
import { readPem, writePem } from '../src/foundation/pki/pem.ts';
import { parseCertificate } from '../src/foundation/pki/x509.ts';
import { encodeCertId } from '../src/stages/renewal-info/index.ts';

export interface Pebble {
  readonly version: string;
  readonly host: string;
  readonly port: number;
  /** Paths of renewal information that Pebble answers with 200. */
  readonly renewalInfoPaths: readonly string[];
  stop(): Promise<void>;
}

const port = 14_917;

export async function startPebble(): Promise<Pebble | null> {
  const command = process.env.PEBBLE ?? 'pebble';
  const version = await promisify(execFile)(command, ['-version'])
    .then(({ stdout, stderr }) => `${stdout}${stderr}`.trim().split('\n')[0]!)
    .catch(() => null);
  if (version === null) return null;
  const folder = await mkdtemp(join(tmpdir(), 'rescind-pebble-'));
  const config = join(folder, 'pebble.json');
  const server = serverCertificate();
  await writeFile(join(folder, 'cert.pem'), server.certificate);
  await writeFile(join(folder, 'key.pem'), server.key, { mode: 0o600 });
  await writeFile(
    config,
    JSON.stringify({
      pebble: {
        listenAddress: `127.0.0.1:${port}`,
        managementListenAddress: `127.0.0.1:${port + 1}`,
        certificate: join(folder, 'cert.pem'),
        privateKey: join(folder, 'key.pem'),
        httpPort: port + 2,
        tlsPort: port + 3,
        ocspResponderURL: '',
        externalAccountBindingRequired: false,
        keyAlgorithm: 'ecdsa',
        profiles: { default: { description: 'default', validityPeriod: 7_776_000 } },
      },
    }),
  );
  const child = spawn(command, ['-config', config], {
    stdio: 'ignore',
    env: { ...process.env, PEBBLE_VA_ALWAYS_VALID: '1', PEBBLE_VA_NOSLEEP: '1', PEBBLE_WFE_NONCEREJECT: '0' },
  });
  const stop = async () => {
    await ended(child);
    await rm(folder, { recursive: true, force: true });
  };
  try {
    await untilUp(child);
    const { renewalInfo, certificate } = await obtain(`pebble-bench.example`);
    const { aki, serial } = parseCertificate(certificate);
    const path = `${new URL(renewalInfo).pathname}/${encodeCertId({ authorityKeyId: aki!, serial })}`;
    return { version, host: '127.0.0.1', port, renewalInfoPaths: [path], stop };
  } catch (cause) {
    await stop();
    throw cause;
  }
}

async function untilUp(child: ChildProcess): Promise<void> {
  for (let tries = 0; ; tries++) {
    try {
      await call('GET', '/dir');
      return;
    } catch (cause) {
      if (tries > 100 || child.exitCode !== null) throw cause;
      await sleep(50);
    }
  }
}

async function ended(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null) return;
  const exit = new Promise((resolve) => child.once('exit', resolve));
  child.kill('SIGKILL');
  await exit;
}

/* ---- just enough of RFC 8555 to get one certificate ---- */

interface Answer {
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly text: string;
}

interface Order {
  readonly status: string;
  readonly authorizations: readonly string[];
  readonly finalize: string;
  readonly certificate?: string;
}

async function obtain(name: string): Promise<{ renewalInfo: string; certificate: Uint8Array }> {
  const directory = JSON.parse((await call('GET', '/dir')).text) as Record<string, string>;
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const { kty, crv, x, y } = publicKey.export({ format: 'jwk' });
  let nonce = String((await call('HEAD', path(directory.newNonce!))).headers['replay-nonce']);
  let account: string | null = null;
  const post = async (url: string, payload: unknown) => {
    const key = account === null ? { jwk: { kty, crv, x, y } } : { kid: account };
    const protectedPart = base64url({ alg: 'ES256', nonce, url, ...key });
    const body = payload === null ? '' : base64url(payload);
    const signature = sign('sha256', Buffer.from(`${protectedPart}.${body}`), {
      key: privateKey,
      dsaEncoding: 'ieee-p1363',
    }).toString('base64url');
    const answer = await call(
      'POST',
      path(url),
      JSON.stringify({ protected: protectedPart, payload: body, signature }),
    );
    nonce = String(answer.headers['replay-nonce']);
    return answer;
  };
  const read = async <T>(url: string, payload: unknown = null) => JSON.parse((await post(url, payload)).text) as T;

  account = String((await post(directory.newAccount!, { termsOfServiceAgreed: true })).headers.location);
  const placed = await post(directory.newOrder!, { identifiers: [{ type: 'dns', value: name }] });
  const orderUrl = String(placed.headers.location);
  let order = JSON.parse(placed.text) as Order;
  for (const url of order.authorizations) {
    const { challenges } = await read<{ challenges: { type: string; url: string }[] }>(url);
    await post(challenges.find((challenge) => challenge.type === 'http-01')!.url, {});
  }
  const reach = async (status: string) => {
    for (let tries = 0; order.status !== status; tries++) {
      if (tries > 200 || order.status === 'invalid') throw new Error(`Pebble's order stays ${order.status}`);
      await sleep(25);
      order = await read<Order>(orderUrl);
    }
  };
  await reach('ready');
  await post(order.finalize, { csr: Buffer.from(requestFor(name)).toString('base64url') });
  await reach('valid');
  const chain = (await post(order.certificate!, null)).text;
  return { renewalInfo: directory.renewalInfo!, certificate: readPem(chain, 'CERTIFICATE')[0]!.bytes };
}

function requestFor(name: string): Uint8Array {
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const names = der.sequence(der.implicit(2, Buffer.from(name)));
  const extensions = der.sequence(der.sequence(der.oid(oid.subjectAltName), der.octets(names)));
  const info = der.sequence(
    der.integer(0),
    der.sequence(),
    publicKey.export({ format: 'der', type: 'spki' }),
    der.explicit(0, der.sequence(der.oid(oid.extensionRequest), der.set(extensions))),
  );
  return der.sequence(info, der.sequence(der.oid(oid.ecdsaWithSha256)), der.bits(sign('sha256', info, privateKey)));
}

function call(method: string, at: string, body?: string): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const asked = request(
      {
        host: '127.0.0.1',
        port,
        path: at,
        method,
        // Pebble's own certificate was made a moment ago for this run and nobody trusts it.
        rejectUnauthorized: false,
        headers: {
          'user-agent': 'rescind-bench',
          ...(body === undefined ? {} : { 'content-type': 'application/jose+json' }),
        },
        timeout: 10_000,
      },
      (response) => {
        const parts: Buffer[] = [];
        response.on('data', (part: Buffer) => parts.push(part));
        response.on('end', () => {
          const text = Buffer.concat(parts).toString('utf8');
          if ((response.statusCode ?? 500) < 300) resolve({ headers: response.headers, text });
          else reject(new Error(`Pebble answered ${response.statusCode} to ${method} ${at}: ${text.slice(0, 200)}`));
        });
      },
    );
    asked.on('error', reject);
    asked.end(body);
  });
}

function serverCertificate(): { certificate: string; key: string } {
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const name = der.sequence(der.set(der.sequence(der.oid(oid.commonName), der.utf8('pebble bench'))));
  const algorithm = der.sequence(der.oid(oid.ecdsaWithSha256));
  const tbs = der.sequence(
    der.explicit(0, der.integer(2)),
    der.integer(1),
    algorithm,
    name,
    der.sequence(
      der.time(Temporal.Instant.from('2026-01-01T00:00:00Z')),
      der.time(Temporal.Instant.from('2049-01-01T00:00:00Z')),
    ),
    name,
    publicKey.export({ format: 'der', type: 'spki' }),
  );
  const certificate = der.sequence(tbs, algorithm, der.bits(sign('sha256', tbs, privateKey)));
  return {
    certificate: writePem('CERTIFICATE', certificate),
    key: String(privateKey.export({ format: 'pem', type: 'pkcs8' })),
  };
}

function path(url: string): string {
  return new URL(url).pathname;
}

function base64url(value: unknown): string {
  return Buffer.from(JSON.stringify(value)).toString('base64url');
}
