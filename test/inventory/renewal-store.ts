/** What every renewal store promises; each adapter runs the same sentences. */
import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { Fingerprint, SpkiHash } from '../../src/foundation/brand.ts';
import { at } from '../../src/foundation/time/time.ts';
import type { Advice, RenewalStore } from '../../src/stages/renewal-info/index.ts';

export const digest = () => randomBytes(32).toString('hex') as Fingerprint & SpkiHash;

export function anAdvice(over: Partial<Advice> = {}): Advice {
  return {
    id: 'MATTER-1',
    caseId: 'CASE-1',
    keys: [digest()],
    listId: null,
    decidedAt: at('2026-07-01T12:00:00Z'),
    endBy: at('2026-07-01T18:00:00Z'),
    pace: 'at-once',
    explanationUrl: 'https://ca.example/incidents/1',
    ...over,
  };
}

export function renewalStoreContract(adapter: {
  readonly name: string;
  open(): Promise<RenewalStore>;
  start?(): Promise<void>;
  stop?(): Promise<void>;
}): void {
  describe(`the renewal store (${adapter.name})`, () => {
    let store: RenewalStore;
    beforeAll(async () => adapter.start?.());
    afterAll(async () => adapter.stop?.());
    beforeEach(async () => {
      store = await adapter.open();
    });

    it('shows an advice to whoever follows, once, and the same when it is raised again', async () => {
      const advice = anAdvice();
      await store.raise(advice);
      const first = await store.changes(0);
      expect(first).toMatchObject({ raised: [advice], withdrawn: [], replaced: [], more: false });
      await store.raise({ ...advice, endBy: at('2026-07-02T18:00:00Z') });
      expect((await store.changes(first.version)).raised).toEqual([]);
      expect((await store.changes(0)).raised).toEqual([advice]);
    });

    it('shows a withdrawal, and to a newcomer nothing of what is over', async () => {
      await store.raise(anAdvice());
      await store.raise(anAdvice({ id: 'MATTER-2', explanationUrl: null }));
      const { version } = await store.changes(0);
      await store.withdraw('MATTER-1', at('2026-07-01T13:00:00Z'));
      expect(await store.changes(version)).toMatchObject({ raised: [], withdrawn: ['MATTER-1'] });
      expect((await store.changes(0)).raised.map((advice) => advice.id)).toEqual(['MATTER-2']);
      await store.withdraw('MATTER-9', at('2026-07-01T13:00:00Z'));
    });

    it('keeps a list in order, page by page, however often a certificate is put on it', async () => {
      const all = Array.from({ length: 25 }, digest);
      await store.prepare('SET-1', all.slice(0, 20));
      await store.prepare('SET-1', all.slice(10));
      await store.prepare('SET-2', [digest()]);
      const seen: Fingerprint[] = [];
      for (let after: Fingerprint | null = null; ; after = seen.at(-1)!) {
        const page = await store.listed('SET-1', after, 10);
        seen.push(...page);
        if (page.length < 10) break;
      }
      expect(seen).toEqual([...all].sort());
    });

    it('keeps the first replacement of a certificate, and shows it to whoever follows', async () => {
      const [old, first, second] = [digest(), digest(), digest()];
      const seenAt = at('2026-07-01T14:00:00Z');
      expect(await store.replaced([{ fingerprint: old, replacement: first, by: 'replaces', seenAt }])).toBe(1);
      expect(await store.replaced([{ fingerprint: old, replacement: second, by: 'served', seenAt }])).toBe(0);
      expect(await store.replacementOf(old)).toEqual({ fingerprint: old, replacement: first, by: 'replaces', seenAt });
      expect(await store.replacementOf(first)).toBeNull();
      expect((await store.changes(0)).replaced).toEqual([old]);
    });

    it('adds up polls per certificate and advice, and keeps the first and the last instant', async () => {
      const [one, two] = [digest(), digest()];
      const told = (fingerprint: Fingerprint, adviceId: string | null, polls: number, first: string, last: string) => ({
        fingerprint,
        adviceId,
        polls,
        firstAt: at(`2026-07-01T${first}Z`),
        lastAt: at(`2026-07-01T${last}Z`),
      });
      await store.told([told(one, 'M', 2, '12:00:05', '12:30:00'), told(two, null, 1, '12:10:00', '12:10:00')]);
      await store.told([told(one, 'M', 3, '12:00:00', '12:20:00'), told(one, null, 1, '11:00:00', '11:00:00')]);
      expect(await store.toldOf(one)).toEqual([
        told(one, null, 1, '11:00:00', '11:00:00'),
        told(one, 'M', 5, '12:00:00', '12:30:00'),
      ]);
      expect(await store.toldUnder('M')).toEqual({
        certificates: 1,
        polls: 5,
        firstAt: at('2026-07-01T12:00:00Z'),
        lastAt: at('2026-07-01T12:30:00Z'),
      });
      expect(await store.toldUnder('none')).toEqual({ certificates: 0, polls: 0, firstAt: null, lastAt: null });
      expect(await store.pollingSince(at('2026-07-01T12:10:00Z'))).toBe(2);
      expect(await store.pollingSince(at('2026-07-01T12:10:01Z'))).toBe(1);
    });
  });
}
