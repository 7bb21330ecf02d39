import { type ChildProcess, spawn } from 'node:child_process';
import { generateKeyPairSync } from 'node:crypto';
import { mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { writeCsr } from '../../src/foundation/pki/csr.ts';
import { writePem } from '../../src/foundation/pki/pem.ts';
import { openChromium } from '../web/chromium.ts';
import { noBrowser } from './open-desk.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));
const name = 'shop.walk.example';

describe.skipIf(noBrowser)('a served desk on the real clock', () => {
  let served: ChildProcess | null = null;
  let http = 0;
  let issuer = '';
  let token = '';

  beforeAll(async () => {
    const folder = mkdtempSync(join(tmpdir(), 'rescind-serve-'));
    const [web, smtp, lab] = [await freePort(), await freePort(), await freePort()];
    http = web;
    issuer = `http://127.0.0.1:${lab}`;
    const config = {
      dataFolder: join(folder, 'data'),
      http: { port: web },
      smtp: { port: smtp },
      labCa: { port: lab },
      // A ladder of seconds, so that nobody has to wait for six hours.
      policy: { silenceSeconds: 2 },
    };
    const file = join(folder, 'config.json');
    writeFileSync(file, JSON.stringify(config));
    served = spawn(process.execPath, ['src/main/rescind.ts', 'serve', '--config', file], {
      cwd: root,
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    const said = await until(served.stderr!, 'Ready.');
    token = readFileSync(/API token in ([^)]+)\)/.exec(said)?.[1] ?? '', 'utf8');
  }, 300_000);

  afterAll(async () => {
    if (served === null) return;
    const ended = new Promise((resolve) => served?.once('exit', resolve));
    served.kill('SIGINT');
    await ended;
  });

  test('takes a report whose key never left the browser, revokes, and tells the reporter when everybody can see it', async () => {
    const key = await issueCertificate();
    const browser = await openChromium();
    try {
      const reporter = await browser.newPage({ baseURL: `http://localhost:${http}` });
      const sent: string[] = [];
      reporter.on('request', (request) => sent.push(request.postData() ?? ''));
      await reporter.goto('/report');
      await reporter.getByLabel('What is wrong?').fill(`The private key of ${name} is in a public repository.`);
      await reporter.getByLabel('Your address').fill('ann@keywatch.example');
      await reporter
        .getByLabel(/prove it without sending/)
        .setInputFiles({ name: 'leaked.pem', mimeType: 'text/plain', buffer: Buffer.from(key) });
      await reporter.getByText('Signed with leaked.pem').waitFor();
      await reporter.getByRole('button', { name: 'Send the report' }).click();
      await reporter.getByText(/^Receipt /).waitFor();
      expect(sent.join('')).not.toContain('PRIVATE KEY');

      const desk = await browser.newPage({ baseURL: `http://localhost:${http}` });
      await desk.goto('/');
      const ended = desk.getByRole('region', { name: 'Ended lately' });
      await ended.getByRole('link', { name }).waitFor({ timeout: 90_000 });
      await ended.getByText('seen as revoked').waitFor();
      await ended.getByRole('link', { name }).click();
      await desk.getByText('statement proven').first().waitFor();

      await reporter.reload();
      await reporter.getByText('Revoked: everybody can see it').waitFor();
    } finally {
      await browser.close();
    }
  }, 300_000);

  /** A certificate of the lab CA, in the inventory at once; answers its private key in PEM. */
  async function issueCertificate(): Promise<string> {
    const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
    const csr = writePem(
      'CERTIFICATE REQUEST',
      writeCsr({
        subject: [],
        names: [name],
        spki: publicKey.export({ format: 'der', type: 'spki' }),
        signWith: privateKey,
      }),
    );
    const response = await fetch(`${issuer}/api/issue`, {
      method: 'POST',
      headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
      body: JSON.stringify({ csr, names: [name], subscriber: 'admin@walk.example' }),
    });
    expect(response.status, await response.clone().text()).toBe(201);
    return privateKey.export({ format: 'pem', type: 'pkcs8' }) as string;
  }
});

function until(stderr: NodeJS.ReadableStream, word: string): Promise<string> {
  return new Promise((resolve, reject) => {
    let text = '';
    stderr.on('data', (part: Buffer) => {
      text += part.toString();
      if (text.includes(word)) resolve(text);
    });
    stderr.on('end', () => reject(new Error(`The desk ended early:\n${text.slice(-2000)}`)));
  });
}

function freePort(): Promise<number> {
  return new Promise((resolve) => {
    const server = createServer().listen(0, '127.0.0.1', () => {
      const { port } = server.address() as { port: number };
      server.close(() => resolve(port));
    });
  });
}
