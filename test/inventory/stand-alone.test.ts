import { describe, expect, it } from 'vitest';
import { at } from '../../src/foundation/time/time.ts';
import { VirtualTime } from '../../src/foundation/time/virtual-time.ts';
import { memoryInventory, recordOf } from '../../src/stages/inventory/index.ts';
import { sampleCertificate } from '../../src/stages/inventory/sample.ts';
import {
  encodeCertId,
  memoryRenewalStore,
  RenewalInfo,
  serveRenewalInfo,
} from '../../src/stages/renewal-info/index.ts';

describe('ARI as a service of its own', () => {
  it('answers real HTTP from an inventory, says when it is ready, and keeps the counts when it stops', async () => {
    const time = new VirtualTime(at('2026-07-01T12:00:00Z'));
    const inventory = memoryInventory(time);
    const record = recordOf(sampleCertificate({ serial: '87654321' }));
    await inventory.add([record]);
    const store = memoryRenewalStore();
    const renewalInfo = new RenewalInfo({ store, source: inventory, time });
    const server = await serveRenewalInfo({ renewalInfo, time, host: '127.0.0.1', port: 0 });
    const ready = await fetch(`${server.url}/readyz`);
    expect([ready.status, await ready.json()]).toEqual([200, { ok: true, certificates: 1 }]);
    const certId = encodeCertId({ authorityKeyId: record.authorityKeyId!, serial: record.serial });
    expect(certId).toBe('aYhba4dGQEHhs3uEe6CuLN4ByNQ.AIdlQyE');
    const answer = await fetch(`${server.url}/renewal-info/${certId}?whatever=1`);
    expect(answer.headers.get('retry-after')).toMatch(/^\d+$/);
    expect(await answer.json()).toEqual({
      suggestedWindow: { start: '2026-07-30T02:24:00Z', end: '2026-07-31T21:36:00Z' },
    });
    expect((await fetch(`${server.url}/renewal-info/${certId}=`)).status).toBe(400);
    const head = await fetch(`${server.url}/renewal-info/${certId}`, { method: 'HEAD' });
    expect([head.status, await head.text()]).toEqual([200, '']);
    await server.stop();
    expect(await store.toldOf(record.fingerprint)).toMatchObject([{ polls: 2 }]);
    await expect(fetch(`${server.url}/readyz`)).rejects.toThrow();
  });
});
