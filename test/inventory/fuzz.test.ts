/** Hostile files: whatever stands in them, an import ends with a report, and the good certificate behind them is taken. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { writePem } from '../../src/foundation/pki/pem.ts';
import { at } from '../../src/foundation/time/time.ts';
import { VirtualTime } from '../../src/foundation/time/virtual-time.ts';
import { findAny, importFrom, memoryInventory, readFiles, recordOf } from '../../src/stages/inventory/index.ts';
import { sampleCertificate } from '../../src/stages/inventory/sample.ts';

const time = new VirtualTime(at('2026-07-01T12:00:00Z'));
const good = sampleCertificate({ serial: '4a10c3' });

const damage = (bytes: Uint8Array) =>
  fc.array(fc.tuple(fc.nat(bytes.length - 1), fc.nat(255)), { minLength: 1, maxLength: 6 }).chain((hits) =>
    fc.nat(bytes.length).map((length) => {
      const copy = Uint8Array.from(bytes);
      for (const [where, what] of hits) copy[where] = what;
      return length % 3 === 0 ? copy.subarray(0, length) : copy;
    }),
  );
const csv = Buffer.from(`serial,sha256,certificate,tags\n4a10c3,,"${Buffer.from(good).toString('base64')}",a b\n,,"x`);
const anything = fc.oneof(
  damage(good),
  damage(Buffer.from(writePem('CERTIFICATE', good))),
  damage(csv),
  fc.uint8Array({ maxLength: 300 }),
);

it('an import survives any file, counts what it met, and goes on to the next', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'rescind-fuzz-'));
  try {
    await fc.assert(
      fc.asyncProperty(fc.array(anything, { minLength: 1, maxLength: 4 }), async (files) => {
        const inventory = memoryInventory(time);
        const paths = await Promise.all(
          [...files, good].map(async (bytes, n) => {
            const path = join(folder, `${n}`);
            await writeFile(path, bytes);
            return path;
          }),
        );
        const report = await importFrom(inventory, readFiles(paths), { time });
        expect(report.read).toBeGreaterThanOrEqual(report.rejectedCount + 1);
        const { matches } = await inventory.find({ by: 'fingerprint', value: recordOf(good).fingerprint });
        expect(matches).toHaveLength(1);
      }),
      { numRuns: 300 },
    );
  } finally {
    await rm(folder, { recursive: true });
  }
});

it('any text is a query with an answer', async () => {
  const inventory = memoryInventory(time);
  await inventory.add([recordOf(good)]);
  await fc.assert(
    fc.asyncProperty(
      fc.oneof(fc.string({ maxLength: 100 }), fc.webUrl(), fc.domain(), fc.string({ unit: 'binary' })),
      async (text) => {
        const answer = await findAny(inventory, text);
        expect(answer.watermark.rows).toBe(1);
      },
    ),
    { numRuns: 1000 },
  );
});
