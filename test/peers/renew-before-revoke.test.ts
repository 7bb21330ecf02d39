/**
 * What the whole house is for, with a client that people use: certbot obtains a certificate from the served lab CA, its
 * key is mailed to the desk, ARI says "now", certbot renews with a new key, and the old certificate is revoked after that.
 */
import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { composeMessage } from '../../src/foundation/mail/compose.ts';
import { readPem } from '../../src/foundation/pki/pem.ts';
import { parseCertificate } from '../../src/foundation/pki/x509.ts';
import { certificateId } from '../../src/lab-ca/index.ts';
import { SmtpClient } from '../intake/smtp-client.ts';
import { findPeer, freePort, newFolder, openssl } from './peers.ts';

const certbot = findPeer('certbot');
const root = fileURLToPath(new URL('../..', import.meta.url));
const name = 'shop.renew.example';

describe.skipIf(certbot === null)('a served desk and certbot', () => {
  const folder = newFolder('renew');
  let served: ChildProcess;
  let said = '';
  let [web, smtp, lab, http01] = [0, 0, 0, 0];

  beforeAll(async () => {
    [web, smtp, lab, http01] = [await freePort(), await freePort(), await freePort(), await freePort()];
    const config = {
      dataFolder: join(folder, 'data'),
      http: { port: web, publicUrl: `http://127.0.0.1:${web}` },
      smtp: { port: smtp },
      // The names exist nowhere: this lab gives to whoever asks.
      labCa: { port: lab, acme: { validation: 'none' } },
      policy: { silenceSeconds: 25 },
    };
    const file = join(folder, 'config.json');
    writeFileSync(file, JSON.stringify(config));
    served = spawn(process.execPath, ['src/main/rescind.ts', 'serve', '--config', file], {
      cwd: root,
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    served.stderr!.on('data', (part: Buffer) => {
      said += part.toString('utf8');
    });
    await until('the desk is ready', async () => said.includes('Ready.'));
  }, 180_000);

  afterAll(async () => {
    if (served === undefined) return;
    const ended = new Promise((resolve) => served.once('exit', resolve));
    served.kill('SIGINT');
    await ended;
  });

  test('the client is told, renews with a new key, and then the old certificate is revoked', async () => {
    await bot('certonly', '--standalone', '--http-01-port', String(http01), '-m', 'ops@renew.example', '-d', name);
    const old = live();
    const key = readFileSync(join(folder, 'c', 'live', name, 'privkey.pem'), 'utf8');
    // Nobody has told it anything: an ordinary `renew` leaves the fresh certificate alone.
    expect(await bot('renew')).toContain('not due for renewal yet');
    const everyday = await askAri(old.der);
    expect(Date.parse(everyday.suggestedWindow.start)).toBeGreaterThan(Date.parse(everyday.now));

    await mail(`The private key of ${name} is in a public repository. It is enclosed.`, key);
    await until('ARI says now', async () => {
      const told = await askAri(old.der);
      return Date.parse(told.suggestedWindow.start) <= Date.parse(told.now) && told.explanationURL !== undefined;
    });
    const told = await askAri(old.der);
    const page = await fetch(told.explanationURL!);
    expect([page.status, (await page.text()).includes(old.serial)]).toEqual([200, true]);

    retryAfterHasPassed();
    await bot('renew');
    const fresh = live();
    expect(fresh.serial).not.toBe(old.serial);
    expect(Buffer.from(fresh.spki).equals(old.spki)).toBe(false);

    await until('the old one is seen as revoked', async () => (await eventsOf()).includes('RevocationPublished'));
    const events = await eventsOf();
    const order = [
      'ReportReceived',
      'EvidenceVerified',
      'KeyBlocked',
      'RenewalAdvised',
      'ReplacementSeen',
      'RevocationAuthorized',
      'RevocationAccepted',
      'RevocationPublished',
    ];
    expect(order.map((type) => events.indexOf(type))).not.toContain(-1);
    expect(order.map((type) => events.indexOf(type))).toEqual(
      [...order.map((type) => events.indexOf(type))].sort((a, b) => a - b),
    );
    expect(await statusOf(old.serial)).toMatchObject({ status: 'revoked', reason: 1 });
    expect(await statusOf(fresh.serial)).toMatchObject({ status: 'good' });
    // One that was told "now" and has renewed is told the everyday window again.
    expect(Date.parse((await askAri(fresh.der)).suggestedWindow.start)).toBeGreaterThan(Date.now());
    // The key stays blocked: whoever orders with it again is refused.
    const again = await bot('certonly', '--csr', requestWith(key), '--standalone').catch((error) =>
      String(error.stderr),
    );
    expect(again).toMatch(/blocked/);
  }, 240_000);

  async function bot(...args: string[]): Promise<string> {
    const folders = [
      '--config-dir',
      join(folder, 'c'),
      '--work-dir',
      join(folder, 'w'),
      '--logs-dir',
      join(folder, 'l'),
    ];
    const server = ['--server', `http://127.0.0.1:${lab}/acme/directory`, '--non-interactive', '--agree-tos'];
    const { stdout, stderr } = await promisify(execFile)(certbot!, [...args, ...folders, ...server]);
    return stdout + stderr;
  }

  /** certbot keeps the server's Retry-After (hours) beside the certificate; nobody waits for that here. */
  function retryAfterHasPassed(): void {
    const file = join(folder, 'c', 'renewal', `${name}.conf`);
    const kept = readFileSync(file, 'utf8').split('\n');
    const others = kept.filter((line) => !line.startsWith('ari_retry_after'));
    expect(others.length).toBeLessThan(kept.length);
    writeFileSync(file, others.join('\n'));
  }

  function requestWith(key: string): string {
    writeFileSync(join(folder, 'leaked.key'), key);
    openssl(
      folder,
      'req',
      '-new',
      '-key',
      'leaked.key',
      '-subj',
      `/CN=${name}`,
      '-addext',
      `subjectAltName=DNS:${name}`,
      '-out',
      'again.csr',
    );
    return join(folder, 'again.csr');
  }

  function live() {
    return parseCertificate(readPem(readFileSync(join(folder, 'c', 'live', name, 'cert.pem'), 'utf8'))[0]!.bytes);
  }

  async function askAri(der: Uint8Array) {
    const directory = (await (await fetch(`http://127.0.0.1:${lab}/acme/directory`)).json()) as { renewalInfo: string };
    const response = await fetch(`${directory.renewalInfo}/${certificateId(der)}`);
    const answer = (await response.json()) as { suggestedWindow: { start: string }; explanationURL?: string };
    return { ...answer, now: new Date(response.headers.get('date') ?? '').toISOString() };
  }

  async function mail(text: string, key: string): Promise<void> {
    const bytes = composeMessage({
      from: { name: 'Ann', address: 'ann@keywatch.example' },
      to: [{ name: '', address: 'problem-reporting@ca.example' }],
      subject: `Private key of ${name} leaked`,
      text,
      date: Temporal.Now.instant(),
      messageId: `leak-${web}@keywatch.example`,
      headers: [],
      attachments: [{ fileName: 'leaked.key', mediaType: 'application/x-pem-file', bytes: Buffer.from(key) }],
    });
    const client = await SmtpClient.open(smtp);
    expect(await client.send(bytes, 'ann@keywatch.example', ['problem-reporting@ca.example'])).toMatch(/^250/);
    client.close();
  }

  async function eventsOf(): Promise<string[]> {
    const response = await fetch(`http://127.0.0.1:${web}/api/v1/log?limit=500`);
    const page = (await response.json()) as { rows?: { type: string; seq: number }[] };
    return (page.rows ?? []).sort((a, b) => a.seq - b.seq).map((row) => row.type);
  }

  async function statusOf(serial: string): Promise<unknown> {
    const token = readFileSync(/API token in ([^)]+)\)/.exec(said)?.[1] ?? '', 'utf8');
    const headers = { authorization: `Bearer ${token}` };
    return (await fetch(`http://127.0.0.1:${lab}/api/certificates/${serial}`, { headers })).json();
  }

  async function until(what: string, holds: () => Promise<boolean>): Promise<void> {
    for (let i = 0; i < 150; i++) {
      if (await holds().catch(() => false)) return;
      await new Promise((resolve) => setTimeout(resolve, 500));
    }
    throw new Error(`It did not happen: ${what}\n${said.slice(-4000)}`);
  }
});
