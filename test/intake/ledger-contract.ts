/** What every ledger promises; run over the one in memory and the one in PostgreSQL. */
import { createHash } from 'node:crypto';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { ReceiptId } from '../../src/foundation/brand.ts';
import { at, minutes } from '../../src/foundation/time/time.ts';
import type { Ledger } from '../../src/stages/intake/ledger.ts';
import type { Arrival, NewReceipt, ReceiptFacts } from '../../src/stages/intake/receipt.ts';

export interface LedgerSubject {
  readonly name: string;
  readonly start?: () => Promise<void>;
  readonly stop?: () => Promise<void>;
  readonly open: () => Promise<Ledger>;
}

const noon = at('2024-08-31T12:00:00.123Z');

export function anArrival(change: Partial<Arrival> = {}): Arrival {
  return {
    channel: 'smtp',
    source: 'mx',
    sourceKey: null,
    sightedAs: null,
    folder: null,
    mailbox: 'problem-reporting@ca.example',
    envelopeFrom: 'a@reporter.example',
    envelopeTo: ['problem-reporting@ca.example'],
    acceptedAt: noon,
    marks: [{ source: 'own-acceptance', at: noon, trusted: true, detail: 'SMTP' }],
    ...change,
  };
}

export function aReceipt(content: string, change: Partial<Arrival> = {}): NewReceipt {
  const sha256 = createHash('sha256').update(content).digest('hex');
  return {
    arrival: anArrival(change),
    sealed: {
      sealed: Buffer.from(`sealed ${sha256}`),
      sha256,
      size: content.length,
      keyId: '2024-08-31',
      mayHoldKey: false,
    },
  };
}

export function someFacts(content: string, change: Partial<ReceiptFacts> = {}): ReceiptFacts {
  return {
    messageId: `<${content}@reporter.example>`,
    messageIdSynthetic: false,
    contentHash: createHash('sha256').update(content).digest('hex'),
    threadKeys: [`<${content}@reporter.example>`],
    automatic: 'no',
    ...change,
  };
}

export function ledgerContract(subject: LedgerSubject): void {
  describe(`the ledger in ${subject.name}`, () => {
    let ledger: Ledger;
    beforeAll(async () => subject.start?.());
    afterAll(async () => subject.stop?.());
    beforeEach(async () => {
      ledger = await subject.open();
    });

    const claimOne = async (now = noon, reader = 'reader-1') =>
      (await ledger.claim({ reader, now, lease: minutes(5), limit: 1 }))[0];
    const read = async (id: ReceiptId, facts: ReceiptFacts, reader = 'reader-1') => {
      await ledger.markRead(id, reader, { facts, marks: [], problem: null, at: noon });
      return ledger.related(facts, id);
    };

    it('gives back what it recorded, to the millisecond and the mark', async () => {
      const recorded = await ledger.record(aReceipt('one', { folder: 'Junk', envelopeFrom: '' }));
      expect(recorded).toMatchObject({ fresh: true, keyReused: false });
      const receipt = await ledger.get(recorded.id);
      expect(receipt).toMatchObject({
        state: 'new',
        folder: 'Junk',
        envelopeFrom: '',
        deliveries: 1,
        sealedKept: true,
      });
      expect(receipt!.acceptedAt.toString()).toBe('2024-08-31T12:00:00.123Z');
      expect(receipt!.marks.map((mark) => ({ ...mark, at: mark.at.toString() }))).toEqual([
        { source: 'own-acceptance', at: '2024-08-31T12:00:00.123Z', trusted: true, detail: 'SMTP' },
      ]);
      expect(Buffer.from((await ledger.sealed(recorded.id))!)).toEqual(aReceipt('one').sealed.sealed);
    });

    it('knows a second delivery of the same, and keeps the first instant', async () => {
      const first = await ledger.record(aReceipt('one', { sourceKey: 'k' }));
      const again = await ledger.record(aReceipt('one', { sourceKey: 'k', acceptedAt: noon.add(minutes(9)) }));
      expect(again).toMatchObject({ id: first.id, fresh: false });
      expect(again.acceptedAt.toString()).toBe(noon.toString());
      expect((await ledger.get(first.id))!.deliveries).toBe(2);
      expect((await ledger.stats()).counts.new).toBe(1);
    });

    it('keeps two contents apart that come under one key', async () => {
      const first = await ledger.record(aReceipt('one', { sourceKey: 'k' }));
      const other = await ledger.record(aReceipt('two', { sourceKey: 'k' }));
      expect(other.id).not.toBe(first.id);
      expect(other).toMatchObject({ fresh: true, keyReused: true });
    });

    it('keeps one content at two sources as two receipts', async () => {
      const first = await ledger.record(aReceipt('one', { sourceKey: 'k' }));
      const other = await ledger.record(aReceipt('one', { sourceKey: 'k', source: 'imap' }));
      expect(other.id).not.toBe(first.id);
    });

    it('takes a mail that somebody moved for what it is: one receipt, seen in two folders', async () => {
      const change = { source: 'imap', sourceKey: 'k' };
      const first = await ledger.record(aReceipt('one', { ...change, folder: 'Junk', sightedAs: '7/1' }));
      const moved = await ledger.record(aReceipt('one', { ...change, folder: 'INBOX', sightedAs: '9/4' }));
      expect(moved.id).toBe(first.id);
      expect(await ledger.unrecorded('imap', 'Junk', ['7/1'])).toEqual([]);
      expect(await ledger.unrecorded('imap', 'INBOX', ['9/4', '7/1'])).toEqual(['7/1']);
    });

    it('records the same arrival once when it is delivered many times at the same moment', async () => {
      const results = await Promise.all(
        Array.from({ length: 20 }, () => ledger.record(aReceipt('one', { sourceKey: 'k' }))),
      );
      expect(new Set(results.map((result) => result.id)).size).toBe(1);
      expect(results.filter((result) => result.fresh)).toHaveLength(1);
    });

    it('takes many at one moment, the same message among them, and tells each what became of it', async () => {
      const many = await Promise.all(
        Array.from({ length: 40 }, (_, n) => ledger.record(aReceipt(n % 4 === 0 ? 'same' : `mail ${n}`))),
      );
      expect(new Set(many.map((one) => one.id)).size).toBe(31);
      expect(many.filter((one) => one.fresh)).toHaveLength(31);
      const same = many.filter((_, n) => n % 4 === 0);
      expect(new Set(same.map((one) => one.id)).size).toBe(1);
      expect((await ledger.get(same[0]!.id))!.deliveries).toBe(10);
      for (const [n, one] of many.entries()) {
        const content = n % 4 === 0 ? 'same' : `mail ${n}`;
        expect((await ledger.get(one.id))!.sha256).toBe(aReceipt(content).sealed.sha256);
        expect(Buffer.from((await ledger.sealed(one.id))!)).toEqual(Buffer.from(aReceipt(content).sealed.sealed));
      }
    });

    it('tells apart other bytes under the same key that come at the same moment', async () => {
      const [one, other] = await Promise.all(
        ['one', 'other'].map((content) => ledger.record(aReceipt(content, { source: 'api', sourceKey: 'k-1' }))),
      );
      expect(one!.id).not.toBe(other!.id);
      expect([one!.keyReused, other!.keyReused]).toEqual([false, true]);
    });

    it('notes many readings at one moment, and refuses only the one whose claim was lost', async () => {
      for (let n = 0; n < 10; n++) await ledger.record(aReceipt(`mail ${n}`));
      const claims = await ledger.claim({ reader: 'a', now: noon, lease: minutes(5), limit: 10 });
      const outcomes = await Promise.allSettled(
        claims.map(({ receipt: { id } }, n) =>
          ledger.markRead(id, n === 3 ? 'b' : 'a', { facts: someFacts(`${n}`), marks: [], problem: null, at: noon }),
        ),
      );
      expect(outcomes.map((one) => one.status)).toEqual(claims.map((_, n) => (n === 3 ? 'rejected' : 'fulfilled')));
      const related = await Promise.all(claims.map((_, n) => ledger.related(someFacts(`${n}`), null)));
      expect(related.map((one) => one.sameContent)).toEqual(
        claims.map(({ receipt: { id } }, n) => (n === 3 ? [] : [id])),
      );
    });

    it('hands out the oldest first, and each to one reader only', async () => {
      const late = await ledger.record(aReceipt('late', { acceptedAt: noon.add(minutes(1)) }));
      const early = await ledger.record(aReceipt('early'));
      const [first, second] = await Promise.all([
        ledger.claim({ reader: 'a', now: noon.add(minutes(2)), lease: minutes(5), limit: 1 }),
        ledger.claim({ reader: 'b', now: noon.add(minutes(2)), lease: minutes(5), limit: 1 }),
      ]);
      expect([...first, ...second].map((claim) => claim.receipt.id).toSorted()).toEqual([early.id, late.id].toSorted());
      expect(await claimOne(noon.add(minutes(3)))).toBeUndefined();
    });

    it('gives a receipt to another reader when the first one died, and then only to that one', async () => {
      const { id } = await ledger.record(aReceipt('one'));
      await claimOne(noon, 'dead');
      expect(await claimOne(noon.add(minutes(4)), 'next')).toBeUndefined();
      const taken = await claimOne(noon.add(minutes(5)), 'next');
      expect(taken!.receipt).toMatchObject({ id, attempts: 2, state: 'reading' });
      await expect(read(id, someFacts('one'), 'dead')).rejects.toMatchObject({ code: 'claim_lost' });
      await read(id, someFacts('one'), 'next');
      expect((await ledger.get(id))!.state).toBe('read');
    });

    it('leaves a receipt with a reader that is still at it, and not with one that has lost it', async () => {
      const { id } = await ledger.record(aReceipt('one'));
      await claimOne(noon, 'slow');
      await ledger.renew({ reader: 'slow', ids: [id], until: noon.add(minutes(9)) });
      expect(await claimOne(noon.add(minutes(6)), 'next')).toBeUndefined();
      expect(await claimOne(noon.add(minutes(9)), 'next')).toBeDefined();
      await ledger.renew({ reader: 'slow', ids: [id], until: noon.add(minutes(60)) });
      await expect(read(id, someFacts('one'), 'slow')).rejects.toMatchObject({ code: 'claim_lost' });
      expect(await claimOne(noon.add(minutes(20)), 'third')).toBeDefined();
    });

    it('keeps what was read: facts, further marks, the problem', async () => {
      const { id } = await ledger.record(aReceipt('one'));
      await claimOne();
      await ledger.markRead(id, 'reader-1', {
        facts: someFacts('one'),
        marks: [{ source: 'trusted-received', at: at('2024-08-26T00:00:00Z'), trusted: true, detail: 'mx' }],
        problem: 'encrypted',
        at: noon,
      });
      const receipt = await ledger.get(id);
      expect(receipt).toMatchObject({ state: 'read', problem: 'encrypted', facts: someFacts('one') });
      expect(receipt!.marks).toHaveLength(2);
    });

    it('tries again after a failure, and makes the last failure visible', async () => {
      const { id } = await ledger.record(aReceipt('one'));
      await claimOne();
      await ledger.markFailed(id, 'reader-1', { problem: 'unreadable', at: noon, retryAt: noon.add(minutes(1)) });
      expect(await claimOne(noon)).toBeUndefined();
      expect((await claimOne(noon.add(minutes(1))))!.receipt.attempts).toBe(2);
      await ledger.markFailed(id, 'reader-1', { problem: 'unreadable', at: noon, retryAt: null });
      expect(await claimOne(noon.add(minutes(60)))).toBeUndefined();
      expect((await ledger.list({ state: 'failed', limit: 10 })).map((receipt) => receipt.id)).toEqual([id]);
      expect(await ledger.sealed(id)).not.toBeNull();
    });

    it('finds what one sender sent since an instant, earliest first', async () => {
      const sent = async (text: string, envelopeFrom: string | null, minute: number): Promise<ReceiptId> => {
        const fresh = aReceipt(text);
        const arrival = { ...fresh.arrival, envelopeFrom, acceptedAt: noon.add(minutes(minute)) };
        return (await ledger.record({ ...fresh, arrival })).id;
      };
      await sent('before', 'ann@reporter.example', -1);
      const second = await sent('second', 'Ann@Reporter.example', 2);
      const without = await sent('no envelope', null, 1);
      await sent('other', 'bob@reporter.example', 1);
      const query = { sender: 'ann@reporter.example', messageId: null, since: noon, limit: 9 };
      expect((await ledger.sentBy(query)).map((receipt) => receipt.id)).toEqual([without, second]);
      expect(await ledger.sentBy({ ...query, limit: 1 })).toHaveLength(1);
    });

    it('joins equal contents as further receipts and keeps a reused Message-ID apart', async () => {
      const ids: ReceiptId[] = [];
      for (const n of [1, 2, 3]) ids.push((await ledger.record(aReceipt(`raw ${n}`))).id);
      const claims = await ledger.claim({ reader: 'reader-1', now: noon, lease: minutes(5), limit: 9 });
      expect(claims).toHaveLength(3);
      const [first, second, third] = ids as [ReceiptId, ReceiptId, ReceiptId];
      expect((await read(first, someFacts('mail'))).sameContent).toEqual([]);
      expect((await read(second, someFacts('mail'))).sameContent).toEqual([first]);
      const reused = await read(third, someFacts('other', { messageId: someFacts('mail').messageId }));
      expect(reused.sameContent).toEqual([]);
      expect(reused.reusedMessageId.toSorted()).toEqual([first, second].toSorted());
    });

    it('finds the thread, and takes no made-up id for a reused one', async () => {
      const { id } = await ledger.record(aReceipt('one'));
      await claimOne();
      await read(id, someFacts('one', { messageIdSynthetic: true }));
      const answer = someFacts('two', { threadKeys: ['<two@x>', '<one@reporter.example>'] });
      expect(await ledger.related(answer, null)).toEqual({ sameContent: [], reusedMessageId: [], sameThread: [id] });
      const same = someFacts('three', { messageId: '<one@reporter.example>' });
      expect((await ledger.related(same, null)).reusedMessageId).toEqual([]);
    });

    it('forgets sealed bytes for good and keeps everything that proves the receipt', async () => {
      const { id } = await ledger.record(aReceipt('one'));
      expect(await ledger.keyIdsInUse()).toEqual(['2024-08-31']);
      expect(await ledger.forgetSealed(id, noon)).toBe(true);
      expect(await ledger.forgetSealed(id, noon)).toBe(false);
      expect(await ledger.sealed(id)).toBeNull();
      expect(await ledger.get(id)).toMatchObject({ sealedKept: false, sha256: aReceipt('one').sealed.sha256 });
      expect(await ledger.keyIdsInUse()).toEqual([]);
    });

    it('adds marks and never takes one away', async () => {
      const { id } = await ledger.record(aReceipt('one'));
      await ledger.addMarks(id, [
        { source: 'gateway-log', at: at('2024-08-30T00:00:00Z'), trusted: true, detail: 'held' },
      ]);
      expect((await ledger.get(id))!.marks.map((mark) => mark.source)).toEqual(['own-acceptance', 'gateway-log']);
    });

    it('names what a source holds and the ledger does not', async () => {
      await ledger.record(aReceipt('one', { source: 'imap', folder: 'INBOX', sourceKey: '7/1' }));
      expect(await ledger.unrecorded('imap', 'INBOX', ['7/1', '7/2', '8/1'])).toEqual(['7/2', '8/1']);
      expect(await ledger.unrecorded('imap', 'Junk', ['7/1'])).toEqual(['7/1']);
      await ledger.reportSeen({ source: 'imap', folder: 'INBOX', epoch: '7', seen: 2, at: noon });
      expect(await ledger.differences()).toMatchObject([{ source: 'imap', folder: 'INBOX', seen: 2, recorded: 1 }]);
      await ledger.record(aReceipt('two', { source: 'imap', folder: 'INBOX', sourceKey: '7/2' }));
      expect(await ledger.differences()).toEqual([]);
      // People delete and move mail; fewer than recorded is no loss.
      await ledger.reportSeen({ source: 'imap', folder: 'INBOX', epoch: '7', seen: 1, at: noon });
      expect(await ledger.differences()).toEqual([]);
    });

    it('remembers where reading of a folder goes on', async () => {
      expect(await ledger.cursor('imap', 'INBOX')).toBeNull();
      await ledger.moveCursor('imap', 'INBOX', { epoch: '7', next: 3, modseq: 2n ** 63n - 1n }, noon);
      await ledger.moveCursor('imap', 'INBOX', { epoch: '8', next: 1, modseq: null }, noon);
      await ledger.moveCursor('imap', 'Junk', { epoch: '1', next: 9, modseq: 2n ** 63n - 1n }, noon);
      expect(await ledger.cursor('imap', 'INBOX')).toEqual({ epoch: '8', next: 1, modseq: null });
      expect(await ledger.cursor('imap', 'Junk')).toEqual({ epoch: '1', next: 9, modseq: 2n ** 63n - 1n });
    });

    it('tells how far behind it is', async () => {
      expect(await ledger.stats()).toEqual({
        counts: { new: 0, reading: 0, read: 0, failed: 0 },
        oldestUnreadAt: null,
      });
      await ledger.record(aReceipt('one'));
      await ledger.record(aReceipt('two', { acceptedAt: noon.subtract(minutes(3)) }));
      const stats = await ledger.stats();
      expect(stats.counts.new).toBe(2);
      expect(stats.oldestUnreadAt!.toString()).toBe(noon.subtract(minutes(3)).toString());
    });

    it('calls when something was recorded', async () => {
      let stop: () => Promise<void> = async () => undefined;
      const called = new Promise<void>((resolve) => {
        void ledger.onRecorded(resolve).then(async (unsubscribe) => {
          stop = unsubscribe;
          await ledger.record(aReceipt('one'));
        });
      });
      await called;
      await stop();
    });

    it('takes text that a database does not like', async () => {
      const { id } = await ledger.record(
        aReceipt('one', {
          envelopeFrom: 'a\0b@x',
          mailbox: '\ud800',
          marks: [{ source: 'own-acceptance', at: noon, trusted: true, detail: 'a\0b' }],
        }),
      );
      expect(await ledger.get(id)).not.toBeNull();
    });
  });
}
