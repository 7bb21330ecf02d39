import { generateKeyPairSync } from 'node:crypto';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeEach, describe, expect, it } from 'vitest';
import { signCheckpoint, verifierKey } from '../assurance/audit-log/index.ts';
import { at } from '../foundation/time/time.ts';
import { memoryStore } from '../platform/store/memory.ts';
import type { Store } from '../platform/store/store.ts';
import { auditCommand } from './audit.ts';

const folder = mkdtempSync(join(tmpdir(), 'rescind-audit-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
const file = join(folder, 'events.ndjson');
const signer = { name: 'desk.ca.example', key: generateKeyPairSync('ed25519').privateKey };

let store: Store;
beforeEach(async () => {
  store = memoryStore();
  for (let n = 0; n < 9; n++) {
    const event = { at: at('2024-08-30T17:49:00Z'), type: 'SubscriberContacted', by: 'desk', data: { n } };
    await store.cases.append('case-1', n, [event], { wakeAt: null });
  }
});

async function audit(...args: string[]): Promise<{ out: string[]; err: string[]; code: number }> {
  const seen = { out: [] as string[], err: [] as string[], code: 0 };
  const command = auditCommand({
    open: async () => ({ log: store.log, close: async () => {} }),
    out: (line) => seen.out.push(line),
    err: (line) => seen.err.push(line),
    exit: (code) => {
      seen.code = code;
    },
  });
  await command.parseAsync(args, { from: 'user' });
  return seen;
}

describe('rescind audit', () => {
  it('exports what verifies, on this desk and away from it', async () => {
    const exported = await audit('export', file, '--json');
    const own = await audit('verify', '--json');
    const away = await audit('verify', file, '--json');
    const { root } = JSON.parse(exported.out[0]!);
    expect(JSON.parse(exported.out[0]!)).toEqual({ size: 9, root });
    expect(own).toEqual({
      out: [JSON.stringify({ ok: true, size: 9, root, leaf: null, problem: null })],
      err: [],
      code: 0,
    });
    expect(away.out).toEqual(own.out);
    expect(readdirSync(folder)).toEqual(['events.ndjson']);
  });

  it('says at which event a changed file was changed, and exits 1', async () => {
    await audit('export', file);
    writeFileSync(file, readFileSync(file, 'utf8').replace('"n":4', '"n":5'));
    const { out, code } = await audit('verify', file, '--json');
    expect(JSON.parse(out[0]!)).toMatchObject({ ok: false, leaf: 5 });
    expect(code).toBe(1);
  });

  it('finds a log rewritten as a whole by a signed checkpoint that somebody kept', async () => {
    const head = await store.log.treeHead(6);
    const kept = join(folder, 'kept.txt');
    writeFileSync(kept, signCheckpoint({ origin: 'desk.ca.example/events', ...head }, signer));
    const asked = ['verify', '--json', '--checkpoint', kept, '--signed-by', verifierKey(signer)];
    expect((await audit(...asked)).code).toBe(0);
    store = memoryStore();
    for (let n = 0; n < 9; n++) {
      const event = { at: at('2024-08-30T17:49:00Z'), type: 'SubscriberContacted', by: 'desk', data: { n: n + 1 } };
      await store.cases.append('case-1', n, [event], { wakeAt: null });
    }
    expect((await audit('verify', '--json')).code).toBe(0);
    const { out, code } = await audit(...asked);
    expect(JSON.parse(out[0]!)).toMatchObject({ ok: false, leaf: 1 });
    expect(code).toBe(1);
    rmSync(kept);
  });

  it('exits 2 with one line for what cannot be opened', async () => {
    for (const args of [
      ['verify', join(folder, 'none')],
      ['export', join(folder, 'no', 'such', 'file')],
      ['verify', '--checkpoint', file],
    ]) {
      const { out, err, code } = await audit(...args);
      expect({ out, lines: err.length, code }).toEqual({ out: [], lines: 1, code: 2 });
    }
  });
});
