import { hash } from 'node:crypto';
import { Readable } from 'node:stream';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { canonicalJson, type Json } from './canonical.ts';
import { emptyLog, extend, headOf, type LogEntry, type LogState, verifyLog } from './chain.ts';
import { logLines, verifyFile } from './file.ts';
import {
  consistencyProof,
  emptyFrontier,
  emptyRoot,
  grow,
  inclusionProof,
  leafHash,
  rootOf,
  treeRoot,
  verifyConsistency,
  verifyInclusion,
} from './merkle.ts';

/** RFC 6962 section 2.1 read aloud, as a second opinion on the incremental tree. */
function rootByDefinition(data: readonly Buffer[]): Buffer {
  if (data.length === 0) return hash('sha256', '', 'buffer');
  if (data.length === 1) return hash('sha256', Buffer.concat([Buffer.of(0), data[0]!]), 'buffer');
  let k = 1;
  while (k * 2 < data.length) k *= 2;
  return hash(
    'sha256',
    Buffer.concat([Buffer.of(1), rootByDefinition(data.slice(0, k)), rootByDefinition(data.slice(k))]),
    'buffer',
  );
}

const some = (n: number) => Array.from({ length: n }, (_, i) => Buffer.from(`entry ${i}`));

function aLog(events: readonly Json[]): { entries: LogEntry[]; state: LogState } {
  let state = emptyLog;
  const entries = events.map((event, i) => {
    state = extend(state, Buffer.from(canonicalJson(event)));
    return { globalSeq: i + 1, event, chain: state.chain };
  });
  return { entries, state };
}

async function* stream<T>(items: readonly T[]): AsyncGenerator<T> {
  yield* items;
}

describe('canonical JSON', () => {
  it('gives the bytes of RFC 8785 section 3.2.3', () => {
    const value = {
      // biome-ignore lint/correctness/noPrecisionLoss: the RFC's own example.
      numbers: [333333333.33333329, 1e30, 4.5, 2e-3, 0.000000000000000000000000001],
      string: '\u20ac$\u000f\nA\'B"\\\\"/',
      literals: [null, true, false],
    };
    expect(canonicalJson(value)).toBe(
      '{"literals":[null,true,false],"numbers":[333333333.3333333,1e+30,4.5,0.002,1e-27],"string":"€$\\u000f\\nA\'B\\"\\\\\\\\\\"/"}',
    );
  });

  it('does not depend on the order of members and survives a round trip', () => {
    fc.assert(
      fc.property(fc.jsonValue({ maxDepth: 5 }), (value) => {
        const text = canonicalJson(value as Json);
        expect(canonicalJson(JSON.parse(text))).toBe(text);
      }),
    );
  });

  it('refuses what JSON cannot carry', () => {
    expect(() => canonicalJson(Number.NaN)).toThrow();
    expect(() => canonicalJson(new Map() as unknown as Json)).toThrow();
    expect(() => canonicalJson([undefined] as unknown as Json)).toThrow();
  });
});

describe('the tree', () => {
  it('is the tree of RFC 6962 at every size', () => {
    let frontier = emptyFrontier;
    expect(rootOf(frontier).equals(emptyRoot)).toBe(true);
    const data = some(130);
    for (let n = 1; n <= data.length; n++) {
      frontier = grow(frontier, leafHash(data[n - 1]!));
      expect(rootOf(frontier).toString('hex')).toBe(rootByDefinition(data.slice(0, n)).toString('hex'));
    }
  });

  it('proves inclusion of every leaf, and of no other', () => {
    for (const n of [1, 2, 3, 7, 8, 13, 33]) {
      const leaves = some(n).map(leafHash);
      const root = treeRoot(leaves);
      for (let i = 0; i < n; i++) {
        const proof = inclusionProof(leaves, i);
        expect(verifyInclusion(leaves[i]!, i, n, proof, root)).toBe(true);
        expect(verifyInclusion(leafHash(Buffer.from('forged')), i, n, proof, root)).toBe(false);
        if (n > 1) expect(verifyInclusion(leaves[i]!, (i + 1) % n, n, proof, root)).toBe(false);
      }
    }
  });

  it('proves that it only grew, and cannot prove it when it did not', () => {
    const leaves = some(21).map(leafHash);
    const newer = { size: 21, root: treeRoot(leaves) };
    for (let m = 1; m <= 21; m++) {
      const proof = consistencyProof(leaves, m);
      const older = { size: m, root: treeRoot(leaves.slice(0, m)) };
      expect(verifyConsistency(older, newer, proof)).toBe(true);
      const rewritten = [leafHash(Buffer.from('rewritten')), ...leaves.slice(1, m)];
      expect(verifyConsistency({ size: m, root: treeRoot(rewritten) }, newer, proof)).toBe(false);
    }
  });
});

describe('the log', () => {
  const events: Json[] = Array.from({ length: 12 }, (_, i) => ({ type: 'ReportReceived', n: i }));

  it('is found good when nothing was touched', async () => {
    const { entries, state } = aLog(events);
    const head = headOf(state);
    expect(await verifyLog(stream(entries), head)).toEqual({
      ok: true,
      size: 12,
      root: head.root.toString('hex'),
      leaf: null,
      problem: null,
    });
  });

  it('names the first entry that was changed, removed or exchanged', async () => {
    const { entries, state } = aLog(events);
    const head = headOf(state);
    const changed = entries.with(6, { ...entries[6]!, event: { type: 'ReportReceived', n: 60 } });
    const removed = entries.toSpliced(3, 1);
    const exchanged = entries.with(4, { ...entries[5]!, globalSeq: 5 });
    expect(await verifyLog(stream(changed), head)).toMatchObject({ ok: false, leaf: 7 });
    expect(await verifyLog(stream(removed), head)).toMatchObject({ ok: false, leaf: 4 });
    expect(await verifyLog(stream(exchanged), head)).toMatchObject({ ok: false, leaf: 5 });
    expect(await verifyLog(stream(entries.slice(0, 9)), head)).toMatchObject({ ok: false, leaf: 10 });
  });

  it('rewritten as a whole it is still caught by a checkpoint that somebody kept', async () => {
    const kept = [4, 8].map((size) => ({ size, root: headOf(aLog(events.slice(0, size)).state).root }));
    const forged = aLog(events.with(5, { type: 'ReportReceived', n: 50 }));
    expect(await verifyLog(stream(forged.entries), headOf(forged.state))).toMatchObject({ ok: true });
    expect(await verifyLog(stream(forged.entries), headOf(forged.state), kept)).toMatchObject({ ok: false, leaf: 5 });
    const cut = aLog(events.slice(0, 6));
    expect(await verifyLog(stream(cut.entries), headOf(cut.state), kept)).toMatchObject({ ok: false, leaf: 7 });
  });

  it('is exported to a file that verifies, and not after a change', async () => {
    const { entries, state } = aLog(events);
    const lines = await Array.fromAsync(logLines(headOf(state), stream(entries)));
    const file = (text: string) => verifyFile(Readable.from([Buffer.from(text)]));
    expect(await file(lines.join(''))).toMatchObject({ ok: true, size: 12, leaf: null });
    expect(await file(lines.join('').replace('"n":7', '"n":9'))).toMatchObject({ ok: false, leaf: 8 });
    expect(await file(lines.toSpliced(5, 1).join(''))).toMatchObject({ ok: false, leaf: 5 });
    expect(await file(lines.join('').slice(0, -1))).toMatchObject({ ok: false, problem: 'the last line is cut off' });
    expect(await file('{}\n')).toMatchObject({ ok: false, problem: 'the file is not an exported event log' });
    expect(await file('')).toMatchObject({ ok: false });
  });
});
