/**
 * A real client's view: certbot's own library asks, decides, and the decision changes with an advice. Needs a Python with
 * it: `python3 -m venv V && V/bin/pip install acme`, then `ACME_PYTHON=V/bin/python`.
 */
import { execFile } from 'node:child_process';
import { generateKeyPairSync } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { describe, expect, it } from 'vitest';
import { writePem } from '../../src/foundation/pki/pem.ts';
import { SystemTime } from '../../src/foundation/time/system-time.ts';
import { at, isBefore } from '../../src/foundation/time/time.ts';
import { memoryInventory, recordOf } from '../../src/stages/inventory/index.ts';
import { sampleCertificate } from '../../src/stages/inventory/sample.ts';
import {
  directoryEntry,
  memoryRenewalStore,
  RenewalInfo,
  serveRenewalInfo,
} from '../../src/stages/renewal-info/index.ts';
import { anAdvice } from './renewal-store.ts';

const python = process.env.ACME_PYTHON;
const script = fileURLToPath(new URL('./certbot.py', import.meta.url));

describe.skipIf(python === undefined)('certbot’s acme library (ACME_PYTHON names no Python that has it)', () => {
  it('renews an ordinary certificate late and an advised one at once, and keeps to Retry-After', async () => {
    const time = new SystemTime();
    const folder = await mkdtemp(join(tmpdir(), 'rescind-certbot-'));
    const inventory = memoryInventory(time);
    const spki = generateKeyPairSync('ec', { namedCurve: 'P-256' }).publicKey.export({ format: 'der', type: 'spki' });
    const now = time.now();
    const der = sampleCertificate({
      serial: '87654321',
      spki,
      notBefore: now.subtract({ hours: 24 }),
      notAfter: now.add({ hours: 24 * 89 }),
    });
    await inventory.add([recordOf(der)]);
    await writeFile(join(folder, 'cert.pem'), writePem('CERTIFICATE', der));
    const renewalInfo = new RenewalInfo({ store: memoryRenewalStore(), source: inventory, time });
    const server = await serveRenewalInfo({ renewalInfo, time, host: '127.0.0.1', port: 0 });
    const directory = createServer((_, response) => {
      response.setHeader('content-type', 'application/json');
      response.end(JSON.stringify({ ...directoryEntry(server.url), newNonce: 'http://localhost/', meta: {} }));
    });
    await new Promise<void>((resolve) => directory.listen(0, '127.0.0.1', resolve));
    const ask = async () => {
      const url = `http://127.0.0.1:${(directory.address() as AddressInfo).port}/`;
      const { stdout } = await promisify(execFile)(python!, [script, url, join(folder, 'cert.pem')]);
      const said = JSON.parse(stdout) as { now: string; renewAt: string; retryAt: string };
      return { now: at(said.now), renewAt: at(said.renewAt), retryAt: at(said.retryAt) };
    };
    try {
      const before = await ask();
      expect(before.now.until(before.renewAt).total('hours')).toBeGreaterThan(24 * 50);
      const wait = before.now.until(before.retryAt).total('hours');
      expect([wait > 4.7, wait < 6.1]).toEqual([true, true]);
      const spkiHash = recordOf(der).spkiHash;
      // Ends so soon that a pick inside the future part of the window would be a coincidence of one in 8,640.
      await renewalInfo.advise(anAdvice({ keys: [spkiHash], decidedAt: now, endBy: now.add({ minutes: 5 }) }));
      const after = await ask();
      expect(isBefore(after.renewAt, after.now)).toBe(true);
      expect(after.now.until(after.retryAt).total('hours')).toBeLessThan(1.1);
    } finally {
      await server.stop();
      directory.close();
      await rm(folder, { recursive: true });
    }
  });
});
