/** What every store promises (see the ports), as tests. Each adapter runs all of it. */
import { hash } from 'node:crypto';
import { Readable } from 'node:stream';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Fingerprint, Serial } from '../../foundation/brand.ts';
import { canonicalJson, type Json } from '../../foundation/log/canonical.ts';
import { verifyFile } from '../../foundation/log/file.ts';
import { leafHash, treeRoot } from '../../foundation/log/merkle.ts';
import { at, hours, type Instant, minutes, seconds } from '../../foundation/time/time.ts';
import { type AppendOptions, eventBody, type NewEvent } from './case-store.ts';
import { certificateStates, mayFollow, type NewMember } from './certificate-sets.ts';
import type { NewDuty } from './duties.ts';
import type { Store } from './store.ts';

export interface OpenStore {
  readonly store: Store;
  close(): Promise<void>;
}

const start = at('2024-08-30T17:49:00Z');
const later = (duration: Temporal.Duration): Instant => start.add(duration);
const asleep: AppendOptions = { wakeAt: null };

function anEvent(type = 'ReportReceived', data: Json = {}): NewEvent {
  return { at: start, type, by: 'desk', data };
}

function aDuty(key: string, dueAt: Instant = start, more: Partial<NewDuty> = {}): NewDuty {
  return { idempotencyKey: key, caseId: 'case-1', kind: 'letter', dueAt, payload: { to: 'subscriber' }, ...more };
}

function aMember(n: number, more: Partial<NewMember> = {}): NewMember {
  const fingerprint = hash('sha256', `certificate ${n}`, 'hex') as Fingerprint;
  const serial = (n + 1).toString(16) as Serial;
  return {
    fingerprint,
    serial,
    issuerHash: hash('sha256', 'issuer', 'hex'),
    subscriber: `subscriber-${n % 3}`,
    ...more,
  };
}

const members = (n: number) => Array.from({ length: n }, (_, i) => aMember(i));
const set = { setId: 'set-1', caseId: 'case-1' };

export function storeContract(name: string, open: () => Promise<OpenStore>): void {
  describe(`the store contract: ${name}`, () => {
    let opened: OpenStore;
    let store: Store;
    beforeEach(async () => {
      opened = await open();
      store = opened.store;
    });
    afterEach(() => opened.close());

    describe('appending', () => {
      it('gives back what was appended, in order, with its place in the case and in the log', async () => {
        await store.cases.append('case-1', 0, [anEvent('ReportReceived', { n: 1 }), anEvent('CaseRouted')], asleep);
        await store.cases.append('case-2', 0, [anEvent()], asleep);
        await store.cases.append('case-1', 2, [anEvent('KeyBlocked')], asleep);
        const loaded = await store.cases.load('case-1');
        expect(loaded.map((e) => [e.seq, e.globalSeq, e.type])).toEqual([
          [1, 1, 'ReportReceived'],
          [2, 2, 'CaseRouted'],
          [3, 4, 'KeyBlocked'],
        ]);
        expect(loaded[0]).toMatchObject({ caseId: 'case-1', by: 'desk', data: { n: 1 } });
        expect(loaded[0]?.at.equals(start)).toBe(true);
        expect(await store.cases.load('case-9')).toEqual([]);
      });

      it('resolves to exactly what load gives', async () => {
        const stored = await store.cases.append(
          'case-1',
          0,
          [anEvent('ReportReceived', { deep: [1, { b: 2, a: null }] })],
          asleep,
        );
        expect(canonicalJson(stored.map(eventBody))).toBe(
          canonicalJson((await store.cases.load('case-1')).map(eventBody)),
        );
      });

      it('keeps what hostile mail contains: NUL, lone surrogates, odd numbers, odd keys', async () => {
        const data = { subject: 'a\u0000b\ud800c', '': -0, __proto: 1e300, 'ключ\u2028': ['\\', '"'] };
        await store.cases.append('case-1', 0, [anEvent('ReportReceived', data)], {
          wakeAt: null,
          summary: { dueAt: null, data },
        });
        const [event] = await store.cases.load('case-1');
        expect(event?.data).toEqual({ ...data, '': 0 });
        expect((await store.cases.summary('case-1'))?.data).toEqual({ ...data, '': 0 });
        expect(await store.log.verify()).toMatchObject({ ok: true });
      });

      it('refuses when somebody else was faster, and then nothing happened', async () => {
        await store.cases.append('case-1', 0, [anEvent()], { wakeAt: later(hours(1)) });
        const late = store.cases.append('case-1', 0, [anEvent('CaseRouted')], {
          wakeAt: start,
          duties: [aDuty('letter-1')],
          open: false,
        });
        await expect(late).rejects.toMatchObject({ code: 'case_changed', outcome: 'did_not_happen' });
        await expect(store.cases.append('case-1', 2, [anEvent()], asleep)).rejects.toMatchObject({
          code: 'case_changed',
        });
        expect(await store.cases.load('case-1')).toHaveLength(1);
        expect((await store.cases.nextWakeAt())?.equals(later(hours(1)))).toBe(true);
        expect(await store.duties.nextDueAt()).toBeNull();
        expect((await store.log.head()).size).toBe(1);
      });

      it('lets exactly one of many win who saw the same case', async () => {
        const tries = Array.from({ length: 20 }, (_, n) =>
          store.cases.append('case-1', 0, [anEvent('CaseRouted', { n })], asleep),
        );
        const results = await Promise.allSettled(tries);
        expect(results.filter((r) => r.status === 'fulfilled')).toHaveLength(1);
        expect(await store.cases.load('case-1')).toHaveLength(1);
      });

      it('takes many cases at once without a gap, and in an order that verifies', async () => {
        const appends = Array.from({ length: 150 }, (_, n) =>
          store.cases.append(`case-${n}`, 0, [anEvent(), anEvent('CaseRouted')], asleep),
        );
        await Promise.all(appends);
        const all = await store.cases.eventsSince(0, 1000);
        expect(all.map((e) => e.globalSeq)).toEqual(Array.from({ length: 300 }, (_, i) => i + 1));
        expect(await store.log.verify()).toMatchObject({ ok: true, size: 300 });
      });

      it('wakes, summarises and makes duties in the same step', async () => {
        await store.cases.append('case-1', 0, [anEvent()], {
          wakeAt: later(hours(2)),
          summary: { dueAt: later(hours(24)), data: { stage: 'received' } },
          duties: [aDuty('ack-1', later(minutes(5)))],
        });
        expect((await store.cases.nextWakeAt())?.toString()).toBe('2024-08-30T19:49:00Z');
        expect(await store.cases.summary('case-1')).toMatchObject({
          open: true,
          data: { stage: 'received' },
          globalSeq: 1,
        });
        expect(await store.duties.ofCase('case-1')).toMatchObject([
          { idempotencyKey: 'ack-1', state: 'waiting', attempts: 0 },
        ]);
      });

      it('fails only the one whose data no store can keep', async () => {
        const good = store.cases.append('case-1', 0, [anEvent()], asleep);
        const bad = store.cases.append('case-2', 0, [anEvent('ReportReceived', Number.NaN)], asleep);
        await expect(bad).rejects.toThrow('NaN');
        await good;
        await expect(store.cases.append('case-2', 0, [], asleep)).rejects.toThrow('without a trace');
        expect((await store.log.head()).size).toBe(1);
      });

      it('is seen by a reader of the whole log, page by page', async () => {
        for (let n = 0; n < 5; n++)
          await store.cases.append(`case-${n}`, 0, [anEvent('ReportReceived', { n })], asleep);
        const first = await store.cases.eventsSince(0, 2);
        const rest = await store.cases.eventsSince(first.at(-1)!.globalSeq, 10);
        expect([...first, ...rest].map((e) => (e.data as { n: number }).n)).toEqual([0, 1, 2, 3, 4]);
        expect(await store.cases.eventsSince(5, 10)).toEqual([]);
      });

      it('loads many cases in one go', async () => {
        await store.cases.append('case-1', 0, [anEvent(), anEvent()], asleep);
        await store.cases.append('case-2', 0, [anEvent()], asleep);
        const loaded = await store.cases.loadMany(['case-2', 'case-1', 'case-9']);
        expect([...loaded].map(([id, events]) => [id, events.length]).sort()).toEqual([
          ['case-1', 2],
          ['case-2', 1],
        ]);
      });
    });

    describe('waking', () => {
      const leaseUntil = later(minutes(1));
      it('hands out what is due, longest due first, and each case once', async () => {
        await store.cases.append('soon', 0, [anEvent()], { wakeAt: start });
        await store.cases.append('sooner', 0, [anEvent()], { wakeAt: start.subtract(hours(1)) });
        await store.cases.append('not-yet', 0, [anEvent()], { wakeAt: later(seconds(1)) });
        await store.cases.append('never', 0, [anEvent()], asleep);
        await store.cases.append('closed', 0, [anEvent('CaseClosed')], { wakeAt: start, open: false });
        const claims = await store.cases.claimDue(start, 10, leaseUntil);
        expect(claims.map((c) => c.caseId)).toEqual(['sooner', 'soon']);
        expect(claims[0]).toMatchObject({ seq: 1 });
        expect(await store.cases.claimDue(start, 10, leaseUntil)).toEqual([]);
      });

      it('on the very microsecond', async () => {
        await store.cases.append('case-1', 0, [anEvent()], { wakeAt: at('2024-08-30T17:49:00.000001Z') });
        expect(await store.cases.claimDue(start, 1, leaseUntil)).toEqual([]);
        expect(await store.cases.claimDue(at('2024-08-30T17:49:00.000001Z'), 1, leaseUntil)).toHaveLength(1);
      });

      it('hands out a case again when its worker died', async () => {
        await store.cases.append('case-1', 0, [anEvent()], { wakeAt: start });
        const [lost] = await store.cases.claimDue(start, 1, leaseUntil);
        expect((await store.cases.nextWakeAt())?.equals(leaseUntil)).toBe(true);
        expect(await store.cases.claimDue(later(seconds(59)), 1, later(minutes(9)))).toEqual([]);
        const [again] = await store.cases.claimDue(leaseUntil, 1, later(minutes(9)));
        expect(again?.caseId).toBe('case-1');
        expect(await store.cases.settle(lost!, { seq: 1, wakeAt: null })).toBe(false);
        expect((await store.cases.nextWakeAt())?.equals(later(minutes(9)))).toBe(true);
      });

      it('sets the next wake-up when a claim is settled', async () => {
        await store.cases.append('case-1', 0, [anEvent()], { wakeAt: start });
        const [claim] = await store.cases.claimDue(start, 1, leaseUntil);
        expect(await store.cases.settle(claim!, { seq: 1, wakeAt: later(hours(3)) })).toBe(true);
        expect((await store.cases.nextWakeAt())?.equals(later(hours(3)))).toBe(true);
      });

      it('never lets a settled claim undo the wake-up of an append it has not seen', async () => {
        await store.cases.append('case-1', 0, [anEvent()], { wakeAt: start });
        const [claim] = await store.cases.claimDue(start, 1, leaseUntil);
        await store.cases.append('case-1', 1, [anEvent('KeyBlocked')], { wakeAt: later(seconds(5)) });
        await store.cases.settle(claim!, { seq: 1, wakeAt: later(hours(9)) });
        expect((await store.cases.nextWakeAt())?.equals(later(seconds(5)))).toBe(true);
      });

      it('keeps a postponed claim from everybody until its time, whatever was appended meanwhile', async () => {
        await store.cases.append('case-1', 0, [anEvent()], { wakeAt: start });
        const [claim] = await store.cases.claimDue(start, 1, leaseUntil);
        await store.cases.append('case-1', 1, [anEvent('RevocationAttempted')], { wakeAt: start });
        expect(await store.cases.postpone(claim!, later(minutes(5)))).toBe(true);
        expect(await store.cases.claimDue(later(minutes(4)), 1, later(hours(1)))).toEqual([]);
        expect(await store.cases.claimDue(later(minutes(5)), 1, later(hours(1)))).toHaveLength(1);
        expect(await store.cases.postpone(claim!, later(minutes(9)))).toBe(false);
      });

      it('gives the sweep any open case that nobody holds', async () => {
        await store.cases.append('held', 0, [anEvent()], { wakeAt: start });
        await store.cases.append('free', 0, [anEvent()], { wakeAt: later(hours(9)) });
        await store.cases.append('closed', 0, [anEvent()], { wakeAt: start, open: false });
        await store.cases.claimDue(start, 1, leaseUntil);
        const claims = await store.cases.claim(['held', 'free', 'closed', 'unknown', 'free'], start, leaseUntil);
        expect(claims.map((c) => c.caseId)).toEqual(['free']);
      });

      it('lists every open case in pages', async () => {
        for (let n = 0; n < 7; n++)
          await store.cases.append(`case-${n}`, 0, [anEvent()], { wakeAt: null, open: n !== 3 });
        const pages = await Array.fromAsync(store.cases.openCases(3));
        expect(pages.map((page) => page.map((c) => c.caseId))).toEqual([
          ['case-0', 'case-1', 'case-2'],
          ['case-4', 'case-5', 'case-6'],
        ]);
        expect(pages[0]?.[0]).toEqual({ caseId: 'case-0', seq: 1, wakeAt: null });
      });

      it('divides work between many claimers without overlap', async () => {
        for (let n = 0; n < 40; n++) await store.cases.append(`case-${n}`, 0, [anEvent()], { wakeAt: start });
        const shares = await Promise.all(Array.from({ length: 8 }, () => store.cases.claimDue(start, 5, leaseUntil)));
        const ids = shares.flat().map((c) => c.caseId);
        expect(new Set(ids).size).toBe(ids.length);
        const rest = await store.cases.claimDue(start, 100, leaseUntil);
        expect(ids.length + rest.length).toBe(40);
      });
    });

    describe('summaries', () => {
      it('are sorted by deadline, pages join up, and those without a deadline come last', async () => {
        const due = [later(hours(5)), null, later(hours(1)), later(hours(5)), null];
        for (const [n, dueAt] of due.entries()) {
          await store.cases.append(`case-${n}`, 0, [anEvent()], { wakeAt: null, summary: { dueAt, data: { n } } });
        }
        const seen: string[] = [];
        for (let page = await store.cases.summaries({ limit: 2 }); page.length > 0; ) {
          seen.push(...page.map((s) => s.caseId));
          page = await store.cases.summaries({ limit: 2, after: page.at(-1)! });
        }
        expect(seen).toEqual(['case-2', 'case-0', 'case-3', 'case-1', 'case-4']);
      });

      it('leave the open list when the case closes, also without a new summary', async () => {
        await store.cases.append('case-1', 0, [anEvent()], { wakeAt: null, summary: { dueAt: start, data: {} } });
        await store.cases.append('case-1', 1, [anEvent('CaseClosed')], { wakeAt: null, open: false });
        expect(await store.cases.summaries({ open: true, limit: 9 })).toEqual([]);
        expect(await store.cases.summaries({ open: false, limit: 9 })).toHaveLength(1);
        expect(await store.cases.summary('case-9')).toBeNull();
      });
    });

    describe('duties', () => {
      const leaseUntil = later(minutes(1));
      it('exist once per idempotency key', async () => {
        expect(await store.duties.add([aDuty('a'), aDuty('b')])).toBe(2);
        expect(await store.duties.add([aDuty('b', later(hours(1))), aDuty('c')])).toBe(1);
        await store.cases.append('case-1', 0, [anEvent()], { wakeAt: null, duties: [aDuty('c'), aDuty('d')] });
        const duties = await store.duties.ofCase('case-1');
        expect(duties.map((d) => d.idempotencyKey)).toEqual(['a', 'b', 'c', 'd']);
        expect(duties[1]?.dueAt.equals(start)).toBe(true);
      });

      it('are claimed when due, by kind, and count the attempt before it is made', async () => {
        await store.duties.add([
          aDuty('later', later(seconds(1))),
          aDuty('probe', start, { kind: 'probe' }),
          aDuty('letter'),
        ]);
        const probes = await store.duties.claimDue(start, 9, leaseUntil, ['probe']);
        expect(probes).toMatchObject([{ idempotencyKey: 'probe', attempts: 1, payload: { to: 'subscriber' } }]);
        expect((await store.duties.claimDue(start, 9, leaseUntil)).map((d) => d.idempotencyKey)).toEqual(['letter']);
        expect((await store.duties.nextDueAt())?.equals(later(seconds(1)))).toBe(true);
      });

      it('end once: done, failed or tried again', async () => {
        await store.duties.add([aDuty('a'), aDuty('b'), aDuty('c')]);
        const [a, b, c] = await store.duties.claimDue(start, 9, leaseUntil);
        expect(await store.duties.complete(a!, start, { sent: true })).toBe(true);
        expect(await store.duties.complete(a!, start, { sent: false })).toBe(false);
        expect(await store.duties.fail(b!, start, 'address unknown')).toBe(true);
        expect(await store.duties.retry(c!, later(minutes(2)), 'busy')).toBe(true);
        expect(await store.duties.ofCase('case-1')).toMatchObject([
          { state: 'done', outcome: { sent: true } },
          { state: 'failed', outcome: 'address unknown' },
          { state: 'waiting', attempts: 1, outcome: 'busy', endedAt: null },
        ]);
        expect(await store.duties.claimDue(later(seconds(90)), 9, later(minutes(9)))).toEqual([]);
        expect(await store.duties.claimDue(later(minutes(2)), 9, later(minutes(9)))).toMatchObject([{ attempts: 2 }]);
      });

      it('go to somebody else when the worker died, who can see that it was tried', async () => {
        await store.duties.add([aDuty('a')]);
        const [lost] = await store.duties.claimDue(start, 1, leaseUntil);
        expect(await store.duties.claimDue(later(seconds(59)), 1, leaseUntil)).toEqual([]);
        const [again] = await store.duties.claimDue(leaseUntil, 1, later(hours(1)));
        expect(again?.attempts).toBe(2);
        expect(await store.duties.complete(lost!, start, null)).toBe(false);
        expect(await store.duties.complete(again!, start, null)).toBe(true);
      });

      it('are cancelled unless somebody is at it', async () => {
        await store.duties.add([
          aDuty('a'),
          aDuty('b', start, { kind: 'probe' }),
          aDuty('c'),
          aDuty('other', start, { caseId: 'case-2' }),
        ]);
        await store.duties.claimDue(start, 1, leaseUntil);
        expect(await store.duties.cancel('case-1', start, ['letter'])).toBe(1);
        expect((await store.duties.ofCase('case-1')).map((d) => d.state)).toEqual(['waiting', 'waiting', 'cancelled']);
        expect(await store.duties.cancel('case-1', leaseUntil)).toBe(2);
        expect((await store.duties.ofCase('case-2')).map((d) => d.state)).toEqual(['waiting']);
      });
    });

    describe('certificate sets', () => {
      it('hold each certificate once and have a digest that depends on nothing else', async () => {
        expect(await store.certificates.add(set, members(30))).toBe(30);
        expect(await store.certificates.add(set, members(32))).toBe(2);
        await store.certificates.add({ setId: 'set-2', caseId: 'case-2' }, members(32).reverse());
        const digest = await store.certificates.digest('set-1');
        expect(digest.count).toBe(32);
        expect(await store.certificates.digest('set-2')).toEqual(digest);
        expect(await store.certificates.digest('none')).toEqual({ count: 0, digest: hash('sha256', '', 'hex') });
      });

      it('give a member back as it was added', async () => {
        const serial = '80f' as Serial;
        await store.certificates.add(set, [
          aMember(1, { serial, priority: 5, reason: 'keyCompromise', notBefore: later(hours(1)), subscriber: null }),
        ]);
        expect(await store.certificates.find('set-1', aMember(1).fingerprint)).toEqual({
          ...set,
          ...aMember(1),
          serial,
          priority: 5,
          reason: 'keyCompromise',
          notBefore: later(hours(1)),
          subscriber: null,
          state: 'identified',
          holdId: null,
          attemptedAt: null,
          acceptedAt: null,
          publishedAt: null,
          outcome: null,
        });
        expect(await store.certificates.find('set-1', aMember(2).fingerprint)).toBeNull();
        expect(await store.certificates.setsWith(aMember(1).fingerprint)).toHaveLength(1);
      });

      it('say what to revoke next: by priority, not before its time, nothing that is held', async () => {
        await store.certificates.add(set, [
          aMember(1, { priority: 9 }),
          aMember(2, { priority: 1 }),
          aMember(3, { priority: 0, notBefore: later(hours(1)) }),
          aMember(4, { priority: 0 }),
        ]);
        await store.certificates.change({
          setId: 'set-1',
          which: { fingerprints: [aMember(4).fingerprint] },
          to: 'held',
          holdId: 'order-1',
          now: start,
        });
        const next = (now: Instant, limit: number) =>
          store.certificates.nextRevocable('set-1', now, limit).then((found) => found.map((m) => m.fingerprint));
        expect(await next(start, 9)).toEqual([aMember(2), aMember(1)].map((m) => m.fingerprint));
        expect(await next(later(hours(1)), 2)).toEqual([aMember(3), aMember(2)].map((m) => m.fingerprint));
      });

      it('move in bulk, by fingerprint, subscriber, hold or as a whole, and count what moved', async () => {
        await store.certificates.add(set, members(9));
        const change = store.certificates.change;
        expect(
          await change({
            setId: 'set-1',
            which: { subscriber: 'subscriber-1' },
            to: 'held',
            holdId: 'order-1',
            now: start,
          }),
        ).toBe(3);
        expect(await change({ setId: 'set-1', which: 'all', from: ['identified'], to: 'attempted', now: start })).toBe(
          6,
        );
        const some = members(9)
          .slice(0, 4)
          .map((m) => m.fingerprint);
        expect(
          await change({
            setId: 'set-1',
            which: { fingerprints: some },
            from: ['attempted'],
            to: 'accepted',
            now: later(seconds(1)),
            outcome: 'done',
          }),
        ).toBe(3);
        expect(
          await change({ setId: 'set-1', which: { holdId: 'order-1' }, to: 'identified', now: later(hours(1)) }),
        ).toBe(3);
        expect(await store.certificates.counts('set-1')).toEqual({
          identified: 3,
          held: 0,
          attempted: 3,
          accepted: 3,
          published: 0,
          failed: 0,
        });
        const accepted = await store.certificates.find('set-1', some[0]!);
        expect(accepted).toMatchObject({ state: 'accepted', outcome: 'done', holdId: null });
        expect(accepted?.attemptedAt?.equals(start)).toBe(true);
        expect(accepted?.acceptedAt?.equals(later(seconds(1)))).toBe(true);
        const released = await store.certificates.find('set-1', aMember(1).fingerprint);
        expect(released).toMatchObject({ state: 'identified', holdId: null });
      });

      it('never take back a publication, and follow only paths that exist', async () => {
        for (const from of certificateStates) {
          for (const to of certificateStates) {
            const allowed = mayFollow[to].includes(from);
            const setId = `${from}-${to}`;
            await store.certificates.add({ setId, caseId: 'case-1' }, [aMember(1)]);
            if (from !== 'identified')
              await store.certificates.change({
                setId,
                which: 'all',
                from: ['identified'],
                to: from,
                now: start,
                holdId: 'h',
              });
            expect((await store.certificates.counts(setId))[from]).toBe(1);
            const moved = await store.certificates.change({ setId, which: 'all', to, now: start, holdId: 'h' });
            expect([setId, moved]).toEqual([setId, allowed ? 1 : 0]);
          }
        }
        const back = { setId: 'x', which: 'all', from: ['published'], to: 'attempted', now: start } as const;
        await expect(store.certificates.change(back)).rejects.toThrow('no certificate goes from published');
        await expect(store.certificates.change({ ...back, from: ['identified'], to: 'held' })).rejects.toThrow(
          'say which',
        );
      });

      it('say in which sets certificates are already, and whose they are', async () => {
        await store.certificates.add(set, [...members(5), aMember(9, { subscriber: null })]);
        await store.certificates.add({ setId: 'set-2', caseId: 'case-2' }, [aMember(1)]);
        const places = await store.certificates.places([aMember(1), aMember(2), aMember(77)].map((m) => m.fingerprint));
        expect(places.map((p) => [p.fingerprint, p.setId, p.caseId]).sort()).toEqual(
          [
            [aMember(1).fingerprint, 'set-1', 'case-1'],
            [aMember(1).fingerprint, 'set-2', 'case-2'],
            [aMember(2).fingerprint, 'set-1', 'case-1'],
          ].sort(),
        );
        const theirs = (...n: number[]) => n.map((i) => aMember(i).fingerprint).sort();
        expect([...(await store.certificates.bySubscriber('set-1'))]).toEqual([
          ['subscriber-0', theirs(0, 3)],
          ['subscriber-1', theirs(1, 4)],
          ['subscriber-2', theirs(2)],
        ]);
      });

      it('can be paged through, all or by state', async () => {
        await store.certificates.add(set, members(10));
        const failing = members(10)
          .slice(0, 4)
          .map((m) => m.fingerprint);
        await store.certificates.change({
          setId: 'set-1',
          which: { fingerprints: failing },
          to: 'failed',
          now: start,
          outcome: 'refused',
        });
        const seen: Fingerprint[] = [];
        for (let page = await store.certificates.page('set-1', { limit: 3 }); page.length > 0; ) {
          seen.push(...page.map((m) => m.fingerprint));
          page = await store.certificates.page('set-1', { limit: 3, after: page.at(-1)!.fingerprint });
        }
        expect(seen).toEqual(
          members(10)
            .map((m) => m.fingerprint)
            .sort(),
        );
        expect(await store.certificates.page('set-1', { limit: 99, states: ['failed'] })).toHaveLength(4);
      });

      it('can be given other priorities and reasons without being moved', async () => {
        await store.certificates.add(set, members(3));
        const what = { priority: -1, reason: 'superseded', notBefore: later(hours(1)) };
        expect(await store.certificates.amend('set-1', [aMember(1).fingerprint], what)).toBe(1);
        expect(await store.certificates.find('set-1', aMember(1).fingerprint)).toMatchObject({
          priority: -1,
          reason: 'superseded',
          state: 'identified',
        });
        expect(await store.certificates.nextRevocable('set-1', start, 9)).toHaveLength(2);
        await store.certificates.amend('set-1', [aMember(1).fingerprint], { notBefore: null });
        expect((await store.certificates.nextRevocable('set-1', start, 9))[0]?.fingerprint).toBe(
          aMember(1).fingerprint,
        );
      });

      it('of the largest size we know of are added, moved and counted as a whole', async () => {
        const many = members(83_267);
        expect(await store.certificates.add(set, many)).toBe(83_267);
        const held = many.slice(0, 70).map((m) => m.fingerprint);
        await store.certificates.change({
          setId: 'set-1',
          which: { fingerprints: held },
          to: 'held',
          holdId: 'court',
          now: start,
        });
        const free = many.slice(70).map((m) => m.fingerprint);
        expect(
          await store.certificates.change({
            setId: 'set-1',
            which: { fingerprints: free },
            to: 'accepted',
            now: start,
          }),
        ).toBe(83_197);
        expect(await store.certificates.counts('set-1')).toMatchObject({ accepted: 83_197, held: 70, identified: 0 });
      });
    });

    describe('the log', () => {
      it('is empty at first', async () => {
        expect(await store.log.head()).toMatchObject({ size: 0 });
        expect(await store.log.verify()).toMatchObject({ ok: true, size: 0, leaf: null });
      });

      it('has the tree of RFC 6962 over the canonical events, at every size', async () => {
        const stored = [];
        for (let n = 0; n < 7; n++)
          stored.push(...(await store.cases.append(`case-${n}`, 0, [anEvent('ReportReceived', { n })], asleep)));
        const leaves = stored.map((e) => leafHash(Buffer.from(canonicalJson(eventBody(e)))));
        for (let size = 0; size <= 7; size++) {
          expect((await store.log.treeHead(size)).root.toString('hex')).toBe(
            treeRoot(leaves.slice(0, size)).toString('hex'),
          );
        }
        await expect(store.log.treeHead(8)).rejects.toThrow(RangeError);
      });

      it('verifies, also against checkpoints kept from before', async () => {
        const kept = [];
        for (let n = 0; n < 5; n++) {
          await store.cases.append('case-1', n, [anEvent('ReporterAcknowledged', { n })], asleep);
          const { size, root } = await store.log.head();
          kept.push({ size, root });
        }
        expect(await store.log.verify(kept)).toMatchObject({ ok: true, size: 5 });
        const forged = { size: 3, root: kept[3]!.root };
        expect(await store.log.verify([kept[1]!, forged])).toMatchObject({ ok: false, leaf: 3 });
      });

      it('is exported to a file that verifies', async () => {
        for (let n = 0; n < 4; n++)
          await store.cases.append('case-1', n, [anEvent('SubscriberContacted', { n })], asleep);
        const lines = await Array.fromAsync(store.log.exportLines());
        const { root } = await store.log.head();
        expect(await verifyFile(Readable.from(lines.map((l) => Buffer.from(l))))).toEqual({
          ok: true,
          size: 4,
          root: root.toString('hex'),
          leaf: null,
          problem: null,
        });
      });

      it('is read in part', async () => {
        for (let n = 0; n < 4; n++) await store.cases.append('case-1', n, [anEvent()], asleep);
        expect((await Array.fromAsync(store.log.entries(2, 3))).map((e) => e.globalSeq)).toEqual([2, 3]);
      });
    });

    it('keeps the last heartbeat of each loop', async () => {
      await store.heartbeats.beat({ name: 'sweep', at: start, detail: '3 cases' });
      await store.heartbeats.beat({ name: 'sweep', at: later(minutes(1)), detail: '4 cases' });
      await store.heartbeats.beat({ name: 'duties', at: start, detail: '' });
      const beats = await store.heartbeats.all();
      expect(beats.map((b) => [b.name, b.at.toString(), b.detail])).toEqual([
        ['duties', '2024-08-30T17:49:00Z', ''],
        ['sweep', '2024-08-30T17:50:00Z', '4 cases'],
      ]);
    });
  });
}
